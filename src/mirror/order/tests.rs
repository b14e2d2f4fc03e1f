use serde_json::json;

use super::*;
use crate::oci::MediaType;

const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

fn digest(name: &str) -> Digest {
    Digest::sha256(name.as_bytes())
}

fn entry(media_type: &str, digest: &Digest) -> serde_json::Value {
    json!({ "mediaType": media_type, "digest": digest.as_str(), "size": 7 })
}

fn image(config: &str, layers: &[&str]) -> Manifest {
    let layers = layers
        .iter()
        .map(|layer| entry("application/vnd.oci.image.layer.v1.tar", &digest(layer)));
    parse(
        IMAGE,
        &json!({
            "schemaVersion": 2,
            "config": entry("application/vnd.oci.image.config.v1+json", &digest(config)),
            "layers": layers.collect::<Vec<_>>(),
        }),
    )
}

fn index(below: &[&Manifest]) -> Manifest {
    let below = below
        .iter()
        .map(|manifest| entry(manifest.media_type().as_str(), manifest.digest()));
    let below: Vec<_> = below.collect();
    parse(INDEX, &json!({ "schemaVersion": 2, "manifests": below }))
}

fn parse(media_type: &str, text: &serde_json::Value) -> Manifest {
    Manifest::parse(text.to_string().into(), &MediaType::new(media_type)).unwrap()
}

fn blobs(names: &[&str]) -> Vec<Descriptor> {
    let image = image(names[0], &names[1..]);
    walk::blobs(&image).cloned().collect()
}

fn names(manifests: &[Manifest]) -> Vec<&Digest> {
    manifests.iter().map(Manifest::digest).collect()
}

fn blob(name: &str) -> Arrived {
    Arrived::Blob(digest(name))
}

#[test]
fn a_manifest_waits_for_the_last_of_its_children_and_for_nothing_else() {
    let (one, two) = (image("a", &["x", "y"]), image("b", &["y", "y"]));
    let both = index(&[&one, &two]);
    let all = [&one, &two, &both];
    // The destination has `b`.
    let mut order = Order::new(all.into_iter(), &blobs(&["a", "x", "y"]));
    assert!(order.ready().is_empty());
    assert!(order.after(&blob("x")).is_empty());
    assert_eq!(names(&order.after(&blob("y"))), [two.digest()]);
    assert!(order.after(&named(&two)).is_empty());
    assert_eq!(names(&order.after(&blob("a"))), [one.digest()]);
    assert_eq!(names(&order.after(&named(&one))), [both.digest()]);
    assert!(order.after(&named(&both)).is_empty());
}

#[test]
fn what_the_destination_has_is_not_waited_for() {
    let (one, two) = (image("a", &["x"]), image("b", &["y"]));
    let both = index(&[&one, &two]);
    let mut order = Order::new([&one, &both].into_iter(), &[]);
    assert_eq!(names(&order.ready()), [one.digest()]);
    assert!(order.ready().is_empty(), "each is told once");
    assert_eq!(names(&order.after(&named(&one))), [both.digest()]);
}

/// An image that another one lists as a layer: its bytes have to arrive in both ways.
#[test]
fn a_blob_with_the_bytes_of_a_manifest_is_not_that_manifest() {
    let inner = image("a", &["x"]);
    let text = entry("application/vnd.oci.image.layer.v1.tar", inner.digest());
    let outer = parse(
        IMAGE,
        &json!({
            "schemaVersion": 2,
            "config": entry("application/vnd.oci.image.config.v1+json", &digest("c")),
            "layers": [text],
        }),
    );
    let both = index(&[&inner, &outer]);
    let bytes = walk::blobs(&outer).last().unwrap().clone();
    let mut absent = blobs(&["a", "x", "c"]);
    absent.push(bytes);
    let mut order = Order::new([&inner, &outer, &both].into_iter(), &absent);
    order.after(&blob("c"));
    let as_blob = Arrived::Blob(inner.digest().clone());
    assert_eq!(names(&order.after(&as_blob)), [outer.digest()]);
    assert!(order.after(&named(&outer)).is_empty());
    order.after(&blob("a"));
    assert_eq!(names(&order.after(&blob("x"))), [inner.digest()]);
    assert_eq!(names(&order.after(&named(&inner))), [both.digest()]);
}

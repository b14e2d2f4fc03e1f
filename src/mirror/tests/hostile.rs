//! Images that mean harm. Which test holds which class is in `src/manual/hostile.rs`.

use serde_json::json;

use super::images::{LAYER, child, entry, image, index, layer, manifest, plain_child, single};
use super::{World, chain, stranger};
use crate::content::ErrorKind;
use crate::mirror::memory::Event;
use crate::mirror::{Cause, Side, Step};
use crate::oci::{Digest, MediaType};

#[tokio::test(start_paused = true)]
async fn an_index_that_seems_to_list_itself_is_found_to_lie_about_a_digest() {
    let world = World::new();
    let name = stranger();
    let listed = entry(MediaType::OCI_INDEX, &name, 400);
    let root = index(&world.hub, &[listed]);
    world.hub.pretend(&name, &root);
    world.hub.set_tag("1", root.digest());
    let error = world.mirror().await.unwrap_err();
    let text = chain(&error);
    assert!(text.contains("could not read the manifest"), "{text}");
    assert!(
        text.contains(&format!("another digest than {name}")),
        "{text}"
    );
    // The root, and the lie twice.
    assert_eq!((world.hub.pulls(), world.ecr.writes()), (3, 0));
}

#[tokio::test(start_paused = true)]
async fn a_graph_with_millions_of_ways_down_is_read_once_per_manifest() {
    const WIDTH: usize = 40;
    let world = World::new();
    let mut level: Vec<_> = (0..WIDTH as u64)
        .map(|seed| image(&world.hub, "linux/amd64", &[layer(&world.hub, seed, 9)]))
        .collect();
    for _height in 0..3 {
        let entries: Vec<_> = level.iter().map(plain_child).collect();
        level = (0..WIDTH)
            .map(|number| {
                let body = json!({
                    "schemaVersion": 2, "mediaType": MediaType::OCI_INDEX, "manifests": entries,
                    "annotations": { "number": number.to_string() },
                });
                manifest(&world.hub, MediaType::OCI_INDEX, &body)
            })
            .collect();
    }
    let entries: Vec<_> = level.iter().map(plain_child).collect();
    let root = index(&world.hub, &entries);
    world.hub.set_tag("1", root.digest());
    world.mirror().await.unwrap();
    assert_eq!(world.hub.pulls(), 4 * WIDTH + 1);
    assert!(world.ecr.has_all(root.digest()));
}

#[tokio::test(start_paused = true)]
async fn more_than_32_mebibytes_of_manifests_are_refused_before_any_write() {
    let world = World::new();
    let padding = " ".repeat(4 << 20);
    let entries: Vec<_> = (0..9)
        .map(|number| {
            let body = json!({
                "schemaVersion": 2, "mediaType": MediaType::OCI_MANIFEST, "layers": [],
                "annotations": { "number": number.to_string(), "padding": padding },
            });
            plain_child(&manifest(&world.hub, MediaType::OCI_MANIFEST, &body))
        })
        .collect();
    let root = index(&world.hub, &entries);
    world.hub.set_tag("1", root.digest());
    let error = world.mirror().await.unwrap_err();
    assert!(matches!(error.cause, Cause::TooComplex));
    assert!(chain(&error).contains("nested too deeply or has too many entries"));
    assert_eq!(world.ecr.writes(), 0);
}

#[tokio::test(start_paused = true)]
async fn addresses_in_a_manifest_are_never_asked() {
    let world = World::new();
    let urls = json!([
        "https://169.254.169.254/latest/meta-data/",
        "https://evil.example/x"
    ]);
    let mut here = layer(&world.hub, 1, 100);
    here["urls"] = urls.clone();
    let mut elsewhere = entry(
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        &stranger(),
        100,
    );
    elsewhere["urls"] = urls;
    let root = image(&world.hub, "linux/amd64", &[here, elsewhere]);
    world.hub.set_tag("1", root.digest());
    world.mirror().await.unwrap();
    // Nobody in this program knows the field: what is copied comes from the source, or not at all.
    let opened = |event: &Event| matches!(event, Event::OpenBlob(..));
    assert_eq!(world.hub.count(opened), 2);
    let stored = world.ecr.stored(root.digest()).unwrap();
    assert_eq!(stored.bytes(), root.bytes(), "but it arrives as it was");
}

#[tokio::test(start_paused = true)]
async fn a_layer_of_nine_exabytes_that_ends_early_is_refused_as_what_it_is() {
    let world = World::new();
    let absurd = |seed| {
        let mut layer = layer(&world.hub, seed, 50);
        layer["size"] = json!(i64::MAX);
        layer
    };
    let root = image(
        &world.hub,
        "linux/amd64",
        &[absurd(1), absurd(2), absurd(3)],
    );
    world.hub.set_tag("1", root.digest());
    let error = world.mirror().await.unwrap_err();
    assert_eq!((error.side, error.step), (Side::Source, Step::ReadBlob));
    let text = chain(&error);
    assert!(
        text.contains("ended after 50 of 9223372036854775807 bytes"),
        "{text}"
    );
    assert!(world.ecr.tags().is_empty());
}

#[tokio::test(start_paused = true)]
async fn sizes_whose_sum_has_no_number_end_at_the_largest_one() {
    let world = World::new();
    let absurd = |seed| {
        let mut layer = layer(&world.hub, seed, 50);
        layer["size"] = json!(i64::MAX);
        let digest: Digest = layer["digest"].as_str().unwrap().parse().unwrap();
        world.ecr.add_blob(world.hub.blob(&digest).unwrap());
        layer
    };
    let root = image(
        &world.hub,
        "linux/amd64",
        &[absurd(1), absurd(2), absurd(3)],
    );
    world.hub.set_tag("1", root.digest());
    let outcome = world.mirror().await.unwrap();
    assert_eq!(outcome.size_bytes, u64::MAX);
    assert_eq!(outcome.reused_bytes, u64::MAX - outcome.moved_bytes);
}

#[tokio::test(start_paused = true)]
async fn two_sizes_for_one_layer_end_as_a_lie_and_not_as_an_image() {
    for sizes in [[100, 99], [100, 101], [99, 101]] {
        let world = World::new();
        let entries = sizes.map(|size| {
            let mut layer = layer(&world.hub, 1, 100);
            layer["size"] = json!(size);
            layer
        });
        let [one, two] = entries.map(|layer| image(&world.hub, "linux/amd64", &[layer]));
        let root = index(
            &world.hub,
            &[child(&one, "linux/amd64"), child(&two, "linux/arm64")],
        );
        world.hub.set_tag("1", root.digest());
        let done = world.mirror().await;
        // Whichever entry is believed, only the right bytes are ever stored.
        let blob = one.children()[1].descriptor().digest.clone();
        match done {
            Ok(_) => assert_eq!(world.ecr.blob(&blob).unwrap().len(), 100),
            Err(error) => {
                assert_eq!(error.side, Side::Source, "{}", chain(&error));
                assert!(world.ecr.blob(&blob).is_none() && world.ecr.tags().is_empty());
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_calls_a_manifest_a_layer_does_not_bring_what_it_lists() {
    let world = World::new();
    let hidden = single(&world.hub);
    let bytes = hidden.bytes().clone();
    world.hub.add_blob(bytes.clone());
    let disguised = entry(LAYER, hidden.digest(), bytes.len());
    let root = image(&world.hub, "linux/amd64", &[disguised]);
    world.hub.set_tag("1", root.digest());
    world.mirror().await.unwrap();
    assert!(world.ecr.stored(hidden.digest()).is_none());
    assert_eq!(world.ecr.blob(hidden.digest()).unwrap(), bytes);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_answers_for_what_it_was_not_asked_is_told_apart_by_bytes() {
    let world = World::new();
    let right = single(&world.hub);
    let wrong = image(&world.hub, "linux/amd64", &[layer(&world.hub, 2, 10)]);
    let root = index(&world.hub, &[child(&right, "linux/amd64")]);
    world.hub.set_tag("1", root.digest());
    world.hub.pretend(right.digest(), &wrong);
    let error = world.mirror().await.unwrap_err();
    let expected = right.digest().clone();
    assert_eq!(error.store(), Some(&ErrorKind::WrongDigest { expected }));
    assert_eq!(world.ecr.writes(), 0);
}

//! What an image consists of, read for its own sake: within bounds, and nothing is believed.

use std::sync::Arc;

use serde_json::{Value, json};

use super::images::{
    CONFIG, blob, child, entry, image, index, layer, listed, manifest, plain_child, usual,
};
use super::{World, stranger};
use crate::content::{ErrorKind, Source};
use crate::mirror::memory::{Event, Fault, Memory, On, What};
use crate::mirror::{Cause, Error, Inventory, Step};
use crate::oci::{Digest, Manifest, MediaType};

async fn inventory(world: &World, root: &Manifest) -> Result<Inventory, Error> {
    let source: Arc<dyn Source> = Arc::clone(&world.hub) as Arc<dyn Source>;
    let read = world.engine.inventory(&world.cx, &source, root.digest());
    read.await
}

/// An image with this configuration, and one layer of 70 bytes.
fn configured(store: &Memory, config: Value) -> Manifest {
    let body = json!({
        "schemaVersion": 2, "mediaType": MediaType::OCI_MANIFEST,
        "config": config, "layers": [layer(store, 1, 70)],
    });
    manifest(store, MediaType::OCI_MANIFEST, &body)
}

fn written(store: &Memory, config: &str) -> Value {
    blob(store, CONFIG, config.as_bytes())
}

fn blobs_read(world: &World) -> usize {
    let is_read = |event: &Event| matches!(event, Event::OpenBlob(..));
    world.hub.count(is_read)
}

fn size(config: &Value) -> u64 {
    config["size"].as_u64().unwrap()
}

#[tokio::test(start_paused = true)]
async fn it_counts_as_a_copy_does_and_each_platform_for_itself() {
    let world = World::new();
    let root = usual(&world.hub);
    let found = inventory(&world, &root).await.unwrap();
    let entries = listed(&root);
    for (platform, entry) in [
        ("linux/amd64", &entries[0]),
        ("linux/arm64/v8", &entries[1]),
    ] {
        let image = &found.images[platform];
        assert_eq!(image.digest, entry.digest);
        let parts = listed(&world.hub.stored(&entry.digest).unwrap());
        let sizes = parts.iter().map(|part| part.size);
        assert_eq!(image.size_bytes, sizes.sum::<u64>(), "{platform}");
        assert!(image.labels.is_empty());
    }
    assert_eq!(found.images.len(), 2, "attestations are for no platform");
    assert_eq!(world.hub.pulls(), 5);
    let copied = world.mirror().await.unwrap();
    assert_eq!(found.size_bytes, copied.size_bytes);
    assert_eq!(world.hub.pulls(), 5, "a copy has what was read");
}

#[tokio::test(start_paused = true)]
async fn labels_stand_in_configurations_which_also_say_what_a_single_image_runs_on() {
    let world = World::new();
    let text = r#"{ "os": "linux", "architecture": "arm", "variant": "v7",
        "config": { "Labels": { "version": "1.2" } } }"#;
    let config = written(&world.hub, text);
    let single = configured(&world.hub, config.clone());
    let found = inventory(&world, &single).await.unwrap();
    let image = &found.images["linux/arm/v7"];
    assert_eq!(image.digest, *single.digest());
    assert_eq!(
        image.labels,
        [("version".to_owned(), "1.2".to_owned())].into()
    );
    assert_eq!(found.size_bytes, 70 + size(&config));
    assert_eq!(image.size_bytes, found.size_bytes);

    // The index decides what an image is called, and one image may have two names.
    let root = index(
        &world.hub,
        &[child(&single, "linux/arm"), child(&single, "linux/arm/v7")],
    );
    let found = inventory(&world, &root).await.unwrap();
    let names: Vec<&String> = found.images.keys().collect();
    assert_eq!(names, ["linux/arm", "linux/arm/v7"]);
    assert_eq!(found.images["linux/arm"].labels["version"], "1.2");
    assert_eq!(found.size_bytes, 70 + size(&config));
}

#[tokio::test(start_paused = true)]
async fn what_is_no_image_has_a_size_and_no_platform() {
    let world = World::new();
    let text = br#"{ "os": "linux", "architecture": "amd64" }"#;
    let chart = blob(&world.hub, "application/vnd.cncf.helm.config.v1+json", text);
    let root = configured(&world.hub, chart.clone());
    let found = inventory(&world, &root).await.unwrap();
    assert!(found.images.is_empty());
    assert_eq!(found.size_bytes, 70 + size(&chart));
    assert_eq!(blobs_read(&world), 0);
}

#[tokio::test(start_paused = true)]
async fn labels_that_are_not_written_as_labels_are_none() {
    let world = World::new();
    let deep = "[".repeat(100_000);
    let rows = [
        r#"{ "os": "linux", "architecture": "amd64", "config": { "Labels": ["a"] } }"#,
        r#"{ "os": "linux", "architecture": "amd64", "config": { "Labels": { "a": 1 } } }"#,
        r#"{ "os": "linux", "architecture": "amd64", "config": { "Labels": null } }"#,
        r#"{ "os": "linux", "architecture": "amd64", "config": 7 }"#,
        r"not JSON",
        &deep,
    ];
    for text in rows {
        let config = written(&world.hub, text);
        let image = configured(&world.hub, config);
        let root = index(&world.hub, &[child(&image, "linux/amd64")]);
        let found = inventory(&world, &root).await.unwrap();
        assert!(found.images["linux/amd64"].labels.is_empty(), "{text:.80}");
    }
}

fn is_too_large(error: &Error) -> bool {
    let is_large = matches!(&error.cause, Cause::Store(store)
        if matches!(store.kind(), ErrorKind::TooLarge { .. }));
    is_large && error.step == Step::ReadBlob
}

#[tokio::test(start_paused = true)]
async fn configurations_and_labels_without_end_are_refused() {
    const MIB: usize = 1 << 20;
    let world = World::new();
    // Announced as too large, one by one or together: not even asked for.
    let alone = configured(&world.hub, entry(CONFIG, &stranger(), 4 * MIB + 1));
    let many: Vec<Value> = (0..9_u8)
        .map(|number| {
            let name = Digest::sha256(&[number]);
            let image = configured(&world.hub, entry(CONFIG, &name, 4 * MIB));
            child(&image, &format!("linux/cpu{number}"))
        })
        .collect();
    let together = index(&world.hub, &many);
    for root in [alone, together] {
        let error = inventory(&world, &root).await.unwrap_err();
        assert!(is_too_large(&error), "{error:?}");
    }
    assert_eq!(blobs_read(&world), 0);
    // Small enough, and nothing but labels.
    let long = "x".repeat(MIB);
    let text = json!({
        "os": "linux", "architecture": "amd64", "config": { "Labels": { "long": long } },
    });
    let config = written(&world.hub, &text.to_string());
    let root = configured(&world.hub, config);
    let error = inventory(&world, &root).await.unwrap_err();
    assert!(is_too_large(&error), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn an_inventory_has_the_bounds_of_a_copy() {
    let world = World::new();
    let mut root = image(&world.hub, "linux/amd64", &[]);
    for _level in 0..5 {
        root = index(&world.hub, &[plain_child(&root)]);
    }
    let error = inventory(&world, &root).await.unwrap_err();
    assert!(matches!(error.cause, Cause::TooComplex), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_configuration_of_other_bytes_is_not_read() {
    let world = World::new();
    let config = written(&world.hub, r#"{ "os": "linux", "architecture": "amd64" }"#);
    let root = configured(&world.hub, config.clone());
    let name = config["digest"].as_str().unwrap();
    let wrong = Fault::once(On::OpenBlob, What::WrongByte).of(name);
    world.hub.fail(wrong.times(9));
    let error = inventory(&world, &root).await.unwrap_err();
    assert_eq!((error.step, error.subject.as_str()), (Step::ReadBlob, name));
    let expected: Digest = name.parse().unwrap();
    assert!(matches!(&error.cause, Cause::Store(store)
        if *store.kind() == ErrorKind::WrongDigest { expected }));
}

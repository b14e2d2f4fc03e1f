//! What is copied, in which order, and what is left alone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use serde_json::json;

use super::images::{
    blob, child, entry, first_layer, image, index, layer, listed, manifest, plain_child, single,
    usual,
};
use super::{World, chain, job, job_with, one_tag};
use crate::content::ErrorKind;
use crate::mirror::memory::{Event, Fault, On, What};
use crate::mirror::{Cause, Side, Step};
use crate::oci::{Digest, Manifest, MediaType, Version};

#[tokio::test(start_paused = true)]
async fn everything_below_the_root_arrives_byte_for_byte() {
    let world = World::new();
    let root = usual(&world.hub);
    let outcome = world.mirror().await.unwrap();
    assert_eq!(world.ecr.tag("1").as_ref(), Some(root.digest()));
    assert!(world.ecr.has_all(root.digest()));
    let stored = world.ecr.stored(root.digest()).unwrap();
    assert_eq!(stored.bytes(), root.bytes());
    assert_eq!(outcome.root, root.descriptor());
    assert_eq!(&outcome.source_digest, root.digest());
    assert_eq!(outcome.tags, one_tag());
}

#[tokio::test(start_paused = true)]
async fn the_outcome_counts_every_distinct_blob_once() {
    let world = World::new();
    let root = usual(&world.hub);
    let outcome = world.mirror().await.unwrap();
    let distinct: HashMap<Digest, u64> = listed(&root)
        .iter()
        .flat_map(|entry| listed(&world.hub.stored(&entry.digest).unwrap()))
        .map(|blob| (blob.digest, blob.size))
        .collect();
    assert_eq!(distinct.len(), 8, "five layers, three configurations");
    assert_eq!(outcome.size_bytes, distinct.values().sum::<u64>());
    assert_eq!(outcome.moved_bytes, outcome.size_bytes);
    assert_eq!((outcome.reused_bytes, outcome.pulls), (0, 5));
    let names: Vec<_> = outcome.images.into_iter().collect();
    let entries = listed(&root);
    let expected = [
        ("linux/amd64".to_owned(), entries[0].digest.clone()),
        ("linux/arm64/v8".to_owned(), entries[1].digest.clone()),
    ];
    assert_eq!(names, expected);
}

#[tokio::test(start_paused = true)]
async fn a_second_copy_writes_nothing_and_pulls_nothing() {
    let world = World::new();
    usual(&world.hub);
    let first = world.mirror().await.unwrap();
    for log in [&world.hub, &world.ecr] {
        log.forget_log();
    }
    let fresh = World {
        hub: world.hub,
        ecr: world.ecr,
        ..World::new()
    };
    let second = fresh.mirror().await.unwrap();
    assert_eq!((fresh.ecr.writes(), fresh.hub.pulls()), (0, 0));
    assert_eq!(fresh.hub.log().len(), 1, "only the tag is resolved");
    assert_eq!((second.moved_bytes, second.pulls), (0, 0));
    assert_eq!(second.reused_bytes, first.size_bytes);
    assert_eq!(second.size_bytes, first.size_bytes);
    assert_eq!(second.images, first.images);
    assert_eq!(second.root, first.root);
}

#[tokio::test(start_paused = true)]
async fn a_second_copy_by_the_same_engine_asks_each_side_once_per_tag() {
    let world = World::new();
    usual(&world.hub);
    world.mirror().await.unwrap();
    world.hub.forget_log();
    world.ecr.forget_log();
    world.mirror().await.unwrap();
    assert_eq!((world.hub.log().len(), world.ecr.log().len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn another_tag_on_a_present_root_costs_no_pull() {
    let world = World::new();
    let root = usual(&world.hub);
    world.mirror().await.unwrap();
    let fresh = World {
        hub: world.hub,
        ecr: world.ecr,
        ..World::new()
    };
    fresh.hub.forget_log();
    fresh.ecr.forget_log();
    let outcome = fresh.run(&job_with(&["1", "latest"])).await.unwrap();
    assert_eq!((outcome.pulls, fresh.hub.pulls()), (0, 0));
    assert_eq!(fresh.ecr.writes(), 1);
    assert_eq!(fresh.ecr.tag("latest").as_ref(), Some(root.digest()));
    assert_eq!(outcome.tags.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn only_what_the_destination_lacks_is_read_and_written() {
    let world = World::new();
    let root = usual(&world.hub);
    let entries = listed(&root);
    for entry in &entries[..1] {
        let present = world.hub.stored(&entry.digest).unwrap();
        world.ecr.add_manifest(&present);
        for part in present.children() {
            let bytes = world.hub.blob(&part.descriptor().digest).unwrap();
            world.ecr.add_blob(bytes);
        }
    }
    let outcome = world.mirror().await.unwrap();
    assert_eq!(outcome.pulls, 4);
    let reused = outcome.reused_bytes;
    assert!(reused >= 1_300, "the shared layer and its own");
    assert_eq!(outcome.moved_bytes + reused, outcome.size_bytes);
    let rewritten = |event: &Event| matches!(event, Event::PutManifest(digest, _) if *digest == entries[0].digest);
    assert_eq!(world.ecr.count(rewritten), 0);
}

#[tokio::test(start_paused = true)]
async fn the_first_tag_stores_the_root_and_comes_last() {
    let world = World::new();
    let root = usual(&world.hub);
    world.run(&job_with(&["1", "2"])).await.unwrap();
    let puts: Vec<_> = world
        .ecr
        .log()
        .into_iter()
        .filter_map(|event| match event {
            Event::PutManifest(digest, tag) => Some((digest, tag.map(|tag| tag.to_string()))),
            _ => None,
        })
        .collect();
    assert_eq!(puts.len(), 6, "four children, then one put per tag");
    assert!(puts[..4].iter().all(|(_, tag)| tag.is_none()));
    let tagged: Vec<_> = puts[4..].to_vec();
    let put = |tag: &str| (root.digest().clone(), Some(tag.to_owned()));
    assert_eq!(tagged, [put("1"), put("2")]);
}

#[tokio::test(start_paused = true)]
async fn blobs_are_looked_for_in_one_call() {
    let world = World::new();
    usual(&world.hub);
    world.mirror().await.unwrap();
    let checks = world
        .ecr
        .count(|event| matches!(event, Event::CheckBlobs(_)));
    assert_eq!(checks, 1);
}

#[tokio::test(start_paused = true)]
async fn nested_indexes_shared_children_and_artifacts_arrive() {
    let world = World::new();
    let hub = &world.hub;
    let shared = image(hub, "linux/amd64", &[layer(hub, 1, 50)]);
    let artifact = manifest(
        hub,
        MediaType::OCI_MANIFEST,
        &json!({
            "schemaVersion": 2, "mediaType": MediaType::OCI_MANIFEST,
            "artifactType": "application/vnd.example",
            "config": blob(hub, "application/vnd.oci.empty.v1+json", b"{}"),
            "layers": [
                blob(hub, "application/vnd.example.strange", b"strange"),
                blob(hub, "application/vnd.oci.image.layer.v1.tar+zstd", b"zstd"),
            ],
            "subject": plain_child(&shared),
        }),
    );
    let inner = index(hub, &[child(&shared, "linux/amd64")]);
    let middle = index(hub, &[plain_child(&inner), plain_child(&shared)]);
    let loose = blob(hub, "application/vnd.example.loose", b"a blob in an index");
    let entries = [
        plain_child(&shared),
        plain_child(&middle),
        plain_child(&artifact),
        loose,
    ];
    let root = index(hub, &entries);
    hub.set_tag("1", root.digest());
    let outcome = world.mirror().await.unwrap();
    assert!(world.ecr.has_all(root.digest()));
    assert_eq!(outcome.pulls, 5, "the shared one once");
    assert_eq!(outcome.images["linux/amd64"], *shared.digest());
}

#[tokio::test(start_paused = true)]
async fn the_empty_config_is_not_downloaded() {
    let world = World::new();
    let hub = &world.hub;
    let config = blob(hub, "application/vnd.oci.empty.v1+json", b"{}");
    let body = json!({ "schemaVersion": 2, "config": config, "layers": [] });
    let root = manifest(hub, MediaType::OCI_MANIFEST, &body);
    hub.set_tag("1", root.digest());
    world.mirror().await.unwrap();
    assert_eq!(hub.count(|event| matches!(event, Event::OpenBlob(..))), 0);
    let empty = Digest::sha256(b"{}");
    assert_eq!(world.ecr.blob(&empty).unwrap(), &b"{}"[..]);
}

#[tokio::test(start_paused = true)]
async fn layers_that_must_not_be_distributed_stay_where_they_are() {
    let world = World::new();
    let foreign = entry(
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        &Digest::sha256(b"windows"),
        4_000_000,
    );
    let root = image(
        &world.hub,
        "windows/amd64",
        &[foreign, layer(&world.hub, 1, 9)],
    );
    world.hub.set_tag("1", root.digest());
    let outcome = world.mirror().await.unwrap();
    assert!(outcome.size_bytes < 1_000);
    assert!(world.ecr.has_all(root.digest()));
}

#[tokio::test(start_paused = true)]
async fn an_empty_blob_is_copied_where_it_is_taken() {
    let world = World::new();
    let root = image(&world.hub, "linux/amd64", &[layer(&world.hub, 1, 0)]);
    world.hub.set_tag("1", root.digest());
    world.mirror().await.unwrap();
    assert!(world.ecr.has_all(root.digest()));
}

#[tokio::test(start_paused = true)]
async fn an_empty_blob_is_named_where_it_is_refused() {
    let world = World::new();
    world.ecr.refuse_empty_blobs();
    let root = image(&world.hub, "linux/amd64", &[layer(&world.hub, 1, 0)]);
    world.hub.set_tag("1", root.digest());
    let error = world.mirror().await.unwrap_err();
    assert_eq!(
        (error.side, error.step),
        (Side::Destination, Step::WriteBlob)
    );
    assert_eq!(error.subject, Digest::sha256(b"").to_string());
    assert!(chain(&error).contains("does not take empty blobs"));
    assert!(world.ecr.tags().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_digest_is_copied_although_the_tag_moved() {
    let world = World::new();
    let root = usual(&world.hub);
    world.hub.set_tag("1", &super::stranger());
    let mut pinned = job();
    pinned.version = Version::Digest(root.digest().clone());
    let outcome = world.run(&pinned).await.unwrap();
    assert_eq!(outcome.root.digest, *root.digest());
}

fn tower(world: &World, levels: usize) -> Manifest {
    let mut root = image(&world.hub, "linux/amd64", &[]);
    for _level in 0..levels {
        root = index(&world.hub, &[plain_child(&root)]);
    }
    world.hub.set_tag("1", root.digest());
    root
}

#[tokio::test(start_paused = true)]
async fn four_levels_below_the_root_are_copied() {
    let world = World::new();
    let root = tower(&world, 4);
    world.mirror().await.unwrap();
    assert!(world.ecr.has_all(root.digest()));
}

#[tokio::test(start_paused = true)]
async fn five_levels_below_the_root_are_refused_before_any_write() {
    let world = World::new();
    tower(&world, 5);
    let error = world.mirror().await.unwrap_err();
    assert!(matches!(error.cause, Cause::TooComplex));
    assert_eq!(world.ecr.writes(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_long_way_to_a_manifest_that_is_also_near_counts() {
    let world = World::new();
    let tall = tower(&world, 5);
    let mut entries = vec![plain_child(&tall)];
    let mut below = tall;
    while let Some(next) = listed(&below)
        .first()
        .filter(|next| next.media_type.is_index())
    {
        below = world.hub.stored(&next.digest).unwrap();
        entries.push(plain_child(&below));
    }
    let root = index(&world.hub, &entries);
    world.hub.set_tag("1", root.digest());
    let error = world.mirror().await.unwrap_err();
    assert!(matches!(error.cause, Cause::TooComplex));
}

#[tokio::test(start_paused = true)]
async fn an_index_with_too_many_entries_is_refused() {
    let world = World::new();
    let only = image(&world.hub, "linux/amd64", &[]);
    let root = index(&world.hub, &vec![plain_child(&only); 10_001]);
    world.hub.set_tag("1", root.digest());
    let error = world.mirror().await.unwrap_err();
    assert!(matches!(error.cause, Cause::TooComplex));
    assert_eq!(error.side, Side::Source);
}

#[tokio::test(start_paused = true)]
async fn schema_1_inside_an_index_is_refused_by_name() {
    let world = World::new();
    let schema1 = "application/vnd.docker.distribution.manifest.v1+prettyjws";
    let root = index(&world.hub, &[entry(schema1, &super::stranger(), 10)]);
    world.hub.set_tag("1", root.digest());
    let error = world.mirror().await.unwrap_err();
    assert!(chain(&error).contains("schema 1"), "{}", chain(&error));
}

#[tokio::test(start_paused = true)]
async fn an_entry_with_the_wrong_size_is_refused() {
    let world = World::new();
    let only = image(&world.hub, "linux/amd64", &[]);
    let lie = entry(MediaType::OCI_MANIFEST, only.digest(), 7);
    let root = index(&world.hub, &[lie]);
    world.hub.set_tag("1", root.digest());
    let error = world.mirror().await.unwrap_err();
    let Cause::Store(cause) = &error.cause else {
        unreachable!("{error:?}")
    };
    assert_eq!(*cause.kind(), ErrorKind::WrongSize { expected: 7 });
    assert_eq!(error.subject, only.digest().to_string());
}

#[tokio::test(start_paused = true)]
async fn a_missing_source_tag_is_a_source_error() {
    let world = World::new();
    let error = world.mirror().await.unwrap_err();
    assert_eq!((error.side, error.step), (Side::Source, Step::Resolve));
    assert_eq!(error.to_string(), "could not resolve `1` at the source");
    assert!(error.partial.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_missing_layer_is_a_source_error_that_names_it() {
    let world = World::new();
    let root = single(&world.hub);
    let gone = first_layer(&root);
    world.hub.remove(&gone);
    let error = world.mirror().await.unwrap_err();
    assert_eq!((error.side, error.step), (Side::Source, Step::ReadBlob));
    assert_eq!(error.subject, gone.to_string());
    assert!(world.ecr.tags().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_present_root_with_missing_children_is_completed() {
    let world = World::new();
    let root = usual(&world.hub);
    world.ecr.add_manifest(&root);
    world.mirror().await.unwrap();
    assert!(world.ecr.has_all(root.digest()));
}

#[tokio::test(start_paused = true)]
async fn lost_content_is_copied_again_once() {
    for lost in [What::LoseBlobs, What::LoseEverything] {
        for put in 0..5 {
            let world = World::new();
            let root = usual(&world.hub);
            world
                .ecr
                .fail(Fault::once(On::PutManifest, lost.clone()).skip(put));
            world.mirror().await.unwrap();
            assert!(world.ecr.has_all(root.digest()), "{lost:?} at put {put}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn content_that_is_lost_twice_is_an_error() {
    let world = World::new();
    usual(&world.hub);
    world.ecr.fail(
        Fault::once(On::PutManifest, What::LoseBlobs)
            .times(2)
            .of("Tag("),
    );
    let error = world.mirror().await.unwrap_err();
    assert!(error.is_child_missing());
    assert!(world.ecr.tags().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_copy_writes_one_info_line_with_its_numbers() {
    let world = World::new();
    let root = usual(&world.hub);
    let lines = Lines::default();
    let listening = tracing::subscriber::set_default(lines.clone());
    world.mirror().await.unwrap();
    drop(listening);
    let lines = lines.0.lock().unwrap();
    assert_eq!(lines.len(), 1, "{lines:?}");
    for part in [
        "source=docker.io/library/app (1)",
        "destination=public.ecr.aws/a1b2c3/app",
        &format!("digest={}", root.digest()),
        "moved_bytes=1",
        "reused_bytes=0",
        "pulls=5",
        "elapsed_ms=0",
    ] {
        assert!(lines[0].contains(part), "{part} is not in {}", lines[0]);
    }
}

/// Collects events of level `info` and above.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl tracing::Subscriber for Lines {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        *metadata.level() <= tracing::Level::INFO && metadata.is_event()
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        let mut line = String::new();
        event.record(
            &mut |field: &tracing::field::Field, value: &dyn std::fmt::Debug| {
                line.push_str(&format!("{field}={value:?} "));
            },
        );
        self.0.lock().unwrap().push(line);
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

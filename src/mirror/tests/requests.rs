//! How many requests a copy takes, and what they depend on.

use std::sync::Arc;

use super::images::{child, image, index, layer, usual};
use super::{World, job, tags};
use crate::content::Probing;
use crate::mirror::memory::{Event, Fault, Memory, On, What};
use crate::mirror::{Contents, ExistingTag, MirrorJob};
use crate::oci::Manifest;

/// A source whose pulls nobody counts, and a destination as most registries are.
fn between_usual_registries() -> World {
    let world = World {
        hub: Memory::new("quay.io", "team/app"),
        ecr: Memory::new("registry.example", "mirror/app"),
        ..World::new()
    };
    world.ecr.be_usual(&[]);
    world
}

/// Tag `1`, whatever it shows.
fn overwriting() -> MirrorJob {
    MirrorJob {
        tags: tags(&["1"], &ExistingTag::Overwrite),
        contents: Contents::OfCopies,
        ..job()
    }
}

/// An index of two platforms: five blobs, three manifests.
fn two_platforms(store: &Memory) -> Manifest {
    let shared = layer(store, 1, 90);
    let amd = image(store, "linux/amd64", &[shared.clone(), layer(store, 2, 50)]);
    let arm = image(store, "linux/arm64", &[shared, layer(store, 3, 50)]);
    let root = index(
        store,
        &[child(&amd, "linux/amd64"), child(&arm, "linux/arm64")],
    );
    store.set_tag("1", root.digest());
    root
}

const BLOBS: usize = 5;
const CHILDREN: usize = 2;

fn is_mount(event: &Event) -> bool {
    matches!(event, Event::MountBlob(..))
}

fn is_commit(event: &Event) -> bool {
    matches!(event, Event::CommitBlob(_))
}

fn is_question(event: &Event) -> bool {
    matches!(
        event,
        Event::Resolve(_) | Event::ReadManifest(_) | Event::CheckBlobs(_)
    )
}

#[tokio::test(start_paused = true)]
async fn an_empty_destination_is_asked_for_its_tag_and_nothing_else() {
    let world = between_usual_registries();
    let root = two_platforms(&world.hub);
    let outcome = world.run(&overwriting()).await.unwrap();
    assert!(world.ecr.has_all(root.digest()));
    // The tag and every manifest, then every blob.
    assert_eq!(world.hub.log().len(), 1 + (1 + CHILDREN) + BLOBS);
    // The tag, two requests for every blob, every child, and the tag again, which stores the root.
    assert_eq!(world.ecr.log().len(), 1 + 2 * BLOBS + CHILDREN + 1);
    assert_eq!(outcome.moved_bytes, outcome.size_bytes);
}

#[tokio::test(start_paused = true)]
async fn blobs_that_are_there_are_found_when_they_are_about_to_be_sent() {
    let world = between_usual_registries();
    let root = two_platforms(&world.hub);
    let blobs = world.hub.blobs();
    for bytes in &blobs[1..] {
        world.ecr.add_blob(bytes.clone());
    }
    let outcome = world.run(&overwriting()).await.unwrap();
    assert!(world.ecr.has_all(root.digest()));
    assert_eq!(world.ecr.count(is_mount), BLOBS);
    assert_eq!(world.ecr.count(is_commit), 1);
    assert_eq!(outcome.moved_bytes, blobs[0].len() as u64);
    assert_eq!(
        outcome.moved_bytes + outcome.reused_bytes,
        outcome.size_bytes
    );
}

#[tokio::test(start_paused = true)]
async fn a_destination_that_shows_another_image_is_asked_for_every_digest() {
    let world = between_usual_registries();
    let root = two_platforms(&world.hub);
    world.ecr.set_tag("1", &super::stranger());
    for bytes in &world.hub.blobs()[1..] {
        world.ecr.add_blob(bytes.clone());
    }
    world.run(&overwriting()).await.unwrap();
    assert!(world.ecr.has_all(root.digest()));
    // The tag, the root, its children and the blobs.
    assert_eq!(world.ecr.count(is_question), 1 + 1 + CHILDREN + 1);
    assert_eq!(
        (world.ecr.count(is_mount), world.ecr.count(is_commit)),
        (0, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn where_pulls_count_a_new_tag_on_an_old_root_costs_none() {
    let world = World::new();
    world.ecr.be_usual(&[]);
    let root = usual(&world.hub);
    world.run(&overwriting()).await.unwrap();
    let fresh = World {
        hub: world.hub,
        ecr: world.ecr,
        ..World::new()
    };
    fresh.hub.forget_log();
    fresh.ecr.forget_log();
    let latest = MirrorJob {
        tags: tags(&["latest"], &ExistingTag::Overwrite),
        ..overwriting()
    };
    let outcome = fresh.run(&latest).await.unwrap();
    assert_eq!((outcome.pulls, fresh.hub.log().len()), (0, 1));
    assert_eq!(fresh.ecr.writes(), 1);
    assert_eq!(fresh.ecr.tag("latest").as_ref(), Some(root.digest()));
}

#[tokio::test(start_paused = true)]
async fn a_repository_that_was_made_for_the_copy_is_not_asked_what_it_has() {
    let world = World::new();
    world.ecr.ask_at(Probing::Needless);
    let root = two_platforms(&world.hub);
    world.run(&overwriting()).await.unwrap();
    assert!(world.ecr.has_all(root.digest()));
    // The tag before, and the tag after, because the answer did not state what it shows.
    assert_eq!(world.ecr.count(is_question), 2);
    assert_eq!(world.ecr.log().len(), 2 + 2 * BLOBS + CHILDREN + 1);
}

#[tokio::test(start_paused = true)]
async fn a_blob_that_another_repository_of_the_registry_has_is_mounted() {
    let world = between_usual_registries();
    let root = two_platforms(&world.hub);
    world.start(&overwriting()).await.unwrap();
    world.hub.forget_log();
    let second = Memory::new("registry.example", "mirror/second");
    second.be_usual(&[&world.ecr]);
    let engine = world.engine.clone();
    let source = Arc::clone(&world.hub) as Arc<dyn crate::content::Source>;
    let to = Arc::new(crate::mirror::memory::Target(Arc::clone(&second)));
    engine
        .mirror(&world.cx, &overwriting(), source, to)
        .await
        .unwrap();
    assert!(second.has_all(root.digest()));
    assert_eq!(world.hub.log().len(), 1, "only the tag is resolved");
    assert_eq!(
        (second.count(is_mount), second.count(is_commit)),
        (BLOBS, 0)
    );
    let from = |event: &Event| matches!(event, Event::MountBlob(_, path) if path == "mirror/app");
    assert_eq!(second.count(from), BLOBS);
}

#[tokio::test(start_paused = true)]
async fn an_unchanged_image_costs_one_request_on_each_side() {
    let world = between_usual_registries();
    let root = two_platforms(&world.hub);
    world.run(&overwriting()).await.unwrap();
    let fresh = World {
        hub: world.hub,
        ecr: world.ecr,
        ..World::new()
    };
    fresh.hub.forget_log();
    fresh.ecr.forget_log();
    let outcome = fresh.run(&overwriting()).await.unwrap();
    assert_eq!((fresh.hub.log().len(), fresh.ecr.log().len()), (1, 1));
    assert_eq!(outcome.root, root.descriptor());
    assert_eq!((outcome.moved_bytes, outcome.pulls), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_tag_that_must_not_be_moved_is_looked_at_again_before_it_is_set() {
    let world = between_usual_registries();
    two_platforms(&world.hub);
    let keeping = MirrorJob {
        contents: Contents::OfCopies,
        ..job()
    };
    world.run(&keeping).await.unwrap();
    assert_eq!(world.ecr.count(is_question), 2);
}

#[tokio::test(start_paused = true)]
async fn what_was_not_asked_for_and_is_missing_is_asked_for_and_repaired() {
    let world = between_usual_registries();
    let root = two_platforms(&world.hub);
    world
        .ecr
        .fail(Fault::once(On::PutManifest, What::LoseEverything));
    world.run(&overwriting()).await.unwrap();
    assert!(world.ecr.has_all(root.digest()));
    assert_eq!(world.ecr.count(is_commit), 2 * BLOBS);
}

//! What tags show already is made whole again, and nothing else is touched.

use std::sync::Arc;

use super::images::{child, first_layer, image, index, layer, listed, usual};
use super::{World, job};
use crate::content::{Destination, ErrorKind, Source};
use crate::mirror::memory::{Event, Memory, Target};
use crate::mirror::{Error, MirrorJob, Platforms, Restored, Side, Step};
use crate::oci::{Digest, Manifest};

/// What [`usual`] has: an index of four, each with a configuration, and five layers. The two
/// attestations have the same configuration.
const WHOLE: Restored = Restored {
    manifests: 5,
    blobs: 8,
    missing_manifests: 0,
    moved_blobs: 0,
    moved_bytes: 0,
};

async fn restore(world: &World, root: &Digest) -> Result<Restored, Error> {
    world.hub.forget_log();
    world.ecr.forget_log();
    let source: Arc<dyn Source> = Arc::clone(&world.hub) as Arc<dyn Source>;
    let destination: Arc<dyn Destination> = Arc::new(Target(Arc::clone(&world.ecr)));
    let engine = &world.engine;
    let restored = engine.restore(&world.cx, root, source, destination).await;
    world.is_at_rest();
    restored
}

async fn mirrored() -> (World, Manifest) {
    let world = World::new();
    let root = usual(&world.hub);
    world.mirror().await.unwrap();
    (world, root)
}

fn requests(store: &Memory) -> usize {
    store.log().len()
}

/// An image that an index lists.
fn image_of(world: &World, index: &Manifest, position: usize) -> Manifest {
    let digest = &listed(index)[position].digest;
    world.hub.stored(digest).unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_image_that_is_whole_is_read_once_and_nothing_is_written() {
    let (world, root) = mirrored().await;
    assert_eq!(restore(&world, root.digest()).await.unwrap(), WHOLE);
    assert_eq!(requests(&world.hub), 0, "the source is not asked");
    assert_eq!(world.ecr.writes(), 0);
    // Each manifest, and all blobs in one question.
    assert_eq!(requests(&world.ecr), 5 + 1, "{:?}", world.ecr.log());
}

#[tokio::test(start_paused = true)]
async fn a_layer_that_was_lost_below_a_tag_comes_back() {
    let (world, root) = mirrored().await;
    let lost = first_layer(&image_of(&world, &root, 0));
    world.ecr.remove(&lost);
    // A copy sees that the tag shows the image, and is content.
    world.mirror().await.unwrap();
    assert_eq!(world.ecr.blob(&lost), None);
    let restored = restore(&world, root.digest()).await.unwrap();
    let expected = Restored {
        moved_blobs: 1,
        moved_bytes: 1_000,
        ..WHOLE
    };
    assert_eq!(restored, expected);
    assert!(world.ecr.has_all(root.digest()));
    assert_eq!(world.hub.pulls(), 0);
    assert_eq!(restore(&world, root.digest()).await.unwrap(), WHOLE);
}

#[tokio::test(start_paused = true)]
async fn a_manifest_that_was_lost_comes_back_with_everything_below_it_and_no_tag_moves() {
    let (world, root) = mirrored().await;
    let lost = image_of(&world, &root, 1);
    for child in lost.children() {
        world.ecr.remove(&child.descriptor().digest);
    }
    world.ecr.remove(lost.digest());
    let tags = world.ecr.tags();
    let restored = restore(&world, root.digest()).await.unwrap();
    assert_eq!((restored.missing_manifests, restored.moved_blobs), (1, 3));
    assert!(world.ecr.has_all(root.digest()));
    assert_eq!(world.ecr.tags(), tags);
    let is_tagged = |event: &Event| format!("{event:?}").contains("Tag(");
    assert_eq!(world.ecr.count(is_tagged), 0, "{:?}", world.ecr.log());
}

#[tokio::test(start_paused = true)]
async fn a_choice_of_platforms_is_completed_although_the_source_does_not_have_it() {
    let world = World::new();
    let platforms = ["linux/amd64", "linux/arm64", "linux/386"];
    let images = [(1, platforms[0]), (2, platforms[1]), (3, platforms[2])].map(|(seed, on)| {
        let layers = [layer(&world.hub, seed, 100)];
        image(&world.hub, on, &layers)
    });
    let entries = images.iter().zip(platforms);
    let entries: Vec<_> = entries.map(|(image, on)| child(image, on)).collect();
    let whole = index(&world.hub, &entries);
    world.hub.set_tag("1", whole.digest());
    let two = platforms[..2].iter().map(|it| it.parse().unwrap());
    let chosen = MirrorJob {
        platforms: Platforms::Only(two.collect()),
        ..job()
    };
    let root = world.run(&chosen).await.unwrap().root.digest;
    assert!(world.hub.stored(&root).is_none());
    world.ecr.remove(&first_layer(&images[1]));
    let restored = restore(&world, &root).await.unwrap();
    assert_eq!((restored.manifests, restored.moved_blobs), (3, 1));
    assert!(world.ecr.has_all(&root));
}

#[tokio::test(start_paused = true)]
async fn what_the_source_has_no_more_is_an_error_only_if_it_is_missing() {
    let (world, root) = mirrored().await;
    let lost = first_layer(&image_of(&world, &root, 0));
    for child in listed(&root) {
        world.hub.remove(&child.digest);
    }
    world.hub.remove(root.digest());
    world.hub.remove(&lost);
    assert_eq!(restore(&world, root.digest()).await.unwrap(), WHOLE);
    world.ecr.remove(&lost);
    let error = restore(&world, root.digest()).await.unwrap_err();
    assert_eq!((error.side, error.step), (Side::Source, Step::ReadBlob));
    assert_eq!(error.store(), Some(&ErrorKind::NotFound));
    assert_eq!(error.subject, lost.to_string());
}

#[tokio::test(start_paused = true)]
async fn an_image_that_is_gone_is_not_put_back() {
    let (world, root) = mirrored().await;
    world.ecr.remove(root.digest());
    let error = restore(&world, root.digest()).await.unwrap_err();
    let place = (error.side, error.step);
    assert_eq!(place, (Side::Destination, Step::ReadManifest));
    assert_eq!(error.store(), Some(&ErrorKind::NotFound));
    assert_eq!((requests(&world.hub), world.ecr.writes()), (0, 0));
}

//! Choosing platforms, through the engine.

use serde_json::json;

use super::images::{blob, image, layer, listed, manifest, single, usual};
use super::{World, job};
use crate::mirror::{Cause, Error, MirrorJob, Outcome, Platforms, Step};
use crate::oci::MediaType;

fn choosing(platforms: &[&str]) -> MirrorJob {
    let platforms = platforms.iter().map(|text| text.parse().unwrap());
    MirrorJob {
        platforms: Platforms::Only(platforms.collect()),
        ..job()
    }
}

async fn choose(world: &World, platforms: &[&str]) -> Result<Outcome, Error> {
    world.run(&choosing(platforms)).await
}

#[tokio::test(start_paused = true)]
async fn one_platform_becomes_the_image_itself() {
    let world = World::new();
    let root = usual(&world.hub);
    let amd = &listed(&root)[0];
    let outcome = choose(&world, &["linux/amd64"]).await.unwrap();
    assert_eq!(outcome.root.digest, amd.digest);
    assert_eq!(&outcome.source_digest, root.digest());
    assert_eq!(world.ecr.tag("1").as_ref(), Some(&amd.digest));
    assert_eq!(outcome.images["linux/amd64"], amd.digest);
    assert_eq!((outcome.images.len(), outcome.pulls), (1, 2));
    assert_eq!(world.ecr.stored(root.digest()).map(drop), None);
}

#[tokio::test(start_paused = true)]
async fn several_platforms_become_an_index_with_their_attestations() {
    let world = World::new();
    let root = usual(&world.hub);
    let other = image(&world.hub, "linux/s390x", &[layer(&world.hub, 9, 10)]);
    let mut body: serde_json::Value = serde_json::from_slice(root.bytes()).unwrap();
    let entries = body["manifests"].as_array_mut().unwrap();
    entries.push(super::images::child(&other, "linux/s390x"));
    let root = manifest(&world.hub, MediaType::OCI_INDEX, &body);
    world.hub.set_tag("1", root.digest());
    let chosen = ["linux/amd64", "linux/s390x"];
    let outcome = choose(&world, &chosen).await.unwrap();
    let stored = world.ecr.stored(&outcome.root.digest).unwrap();
    let all = listed(&root);
    let kept = [all[0].clone(), all[2].clone(), all[4].clone()];
    assert_eq!(listed(&stored), kept);
    assert_eq!(outcome.images.len(), 2);
    assert!(world.ecr.has_all(stored.digest()));
    let again = choose(&world, &chosen).await.unwrap();
    assert_eq!(again.root, outcome.root);
    assert_eq!((again.moved_bytes, again.pulls), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_choice_of_everything_keeps_the_digest() {
    let world = World::new();
    let root = usual(&world.hub);
    let outcome = choose(&world, &["linux/amd64", "linux/arm64"])
        .await
        .unwrap();
    assert_eq!(outcome.root.digest, *root.digest());
}

#[tokio::test(start_paused = true)]
async fn a_missing_platform_lists_those_that_are_there() {
    let world = World::new();
    usual(&world.hub);
    let error = choose(&world, &["linux/amd64", "linux/riscv64"])
        .await
        .unwrap_err();
    assert_eq!(error.step, Step::SelectPlatforms);
    let Cause::NoSuchPlatform { wanted, available } = error.cause else {
        unreachable!("{error:?}")
    };
    assert_eq!(wanted.to_string(), "linux/riscv64");
    let available: Vec<_> = available.iter().map(ToString::to_string).collect();
    assert_eq!(available, ["linux/amd64", "linux/arm64/v8"]);
    assert_eq!(world.ecr.writes(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_platform_of_a_single_image_can_be_named() {
    let world = World::new();
    let root = single(&world.hub);
    let outcome = choose(&world, &["linux/amd64"]).await.unwrap();
    assert_eq!(outcome.root.digest, *root.digest());
    assert_eq!(outcome.images["linux/amd64"], *root.digest());
}

#[tokio::test(start_paused = true)]
async fn another_platform_than_that_of_a_single_image_is_refused() {
    let world = World::new();
    single(&world.hub);
    let error = choose(&world, &["linux/arm64"]).await.unwrap_err();
    let Cause::NoSuchPlatform { available, .. } = error.cause else {
        unreachable!("{error:?}")
    };
    assert_eq!(available, ["linux/amd64".parse().unwrap()]);
}

#[tokio::test(start_paused = true)]
async fn several_platforms_of_a_single_image_are_refused() {
    let world = World::new();
    single(&world.hub);
    let error = choose(&world, &["linux/amd64", "linux/arm64"])
        .await
        .unwrap_err();
    assert!(matches!(error.cause, Cause::NotAnIndex(_)));
}

#[tokio::test(start_paused = true)]
async fn an_artifact_has_no_platform() {
    let world = World::new();
    let config = blob(&world.hub, "application/vnd.oci.empty.v1+json", b"{}");
    let body = json!({ "schemaVersion": 2, "config": config, "layers": [] });
    let root = manifest(&world.hub, MediaType::OCI_MANIFEST, &body);
    world.hub.set_tag("1", root.digest());
    let error = choose(&world, &["linux/amd64"]).await.unwrap_err();
    assert!(matches!(error.cause, Cause::NotAnIndex(_)));
}

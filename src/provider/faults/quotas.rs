//! How often the destination may be asked, in real time: the stand-in refuses what is above the
//! quotas of ECR Public. Virtual time, and several images and accounts, are in `pace::simulation`.
//!
//! `cargo test --lib faults::quotas -- --nocapture` prints how much of the quotas was used.

use ecr_public_sandbox::{Entry, Face, ImageSpec, image};
use http::StatusCode;

use super::world::World;
use crate::task::monotonic;

/// Amazon ECR Public User Guide, *Service quotas*: of each kind of request, per account.
const PER_SECOND: f64 = 10.0;

/// Copies with the quotas on, prints what that took, and asserts that nothing was refused.
async fn is_never_refused(name: &str, image: ImageSpec) {
    let world = World::of(image).await;
    let copy = world.copy_to("app").await;
    world.sandbox.set_quotas(true);
    let started = monotonic();
    copy.run().await.unwrap();
    let seconds = started.elapsed().as_secs_f64();
    world.sandbox.set_quotas(false);

    let sent = |method: &str, part: &str| {
        let sent = |entry: &Entry| entry.is(Face::Registry, method, part);
        u32::try_from(world.count(sent)).unwrap()
    };
    let (opened, closed) = (sent("POST", "/uploads/"), sent("PUT", "/uploads/"));
    let manifests = sent("PUT", "/manifests/");
    let bound = f64::from(opened.max(closed).max(manifests)) / PER_SECOND;
    println!(
        "{name}: {closed} blobs, {manifests} manifests: bound {bound:.1} s, took {seconds:.1} s, \
         share {:.2}",
        bound / seconds
    );
    let refused = StatusCode::TOO_MANY_REQUESTS.as_u16();
    assert_eq!(world.count(|entry| entry.status == Some(refused)), 0);
    // More than what may come at once, or the quotas were never in the way.
    assert!(bound > 2.0, "{closed} blobs and {manifests} manifests");
    copy.has_arrived(name).await;
}

#[tokio::test]
async fn an_image_of_many_layers_is_copied_within_the_quotas() {
    let layers = (0..80).map(|layer| 2_000 + layer);
    is_never_refused("80 layers", image("app").layers(layers).index()).await;
}

#[tokio::test]
async fn an_index_of_many_images_is_copied_within_the_quotas() {
    let platforms: Vec<String> = (0..24)
        .map(|number| format!("linux/arm/v{number}"))
        .collect();
    let image = image("app").platforms(platforms.iter().map(String::as_str));
    is_never_refused("24 images", image.layers([2_000])).await;
}

//! What is said to be there and is not, what is there and not seen yet, and what disappears.

use ecr_public_sandbox::{Digest, Effect, Entry, Face, Fault};

use super::world::{AT_HUB, TAG, World, answer, chain, kind, refusal};
use crate::content::ErrorKind;
use crate::mirror::{Side, Step};

fn puts(entry: &Entry) -> bool {
    entry.is(Face::Registry, "PUT", "/blobs/uploads/") && entry.status == Some(201)
}

/// An answer of the API that claims to have all of these layers.
fn claims(layers: impl IntoIterator<Item = Digest>) -> Effect {
    let layers = layers.into_iter().map(|digest| {
        serde_json::json!({
            "layerDigest": digest.to_string(),
            "layerSize": 1,
            "layerAvailability": "AVAILABLE",
        })
    });
    let body = serde_json::json!({ "layers": layers.collect::<Vec<_>>(), "failures": [] });
    answer(200, &[("content-type", "application/x-amz-json-1.1")], body)
}

#[tokio::test]
async fn layers_that_the_destination_wrongly_claims_to_have_are_sent_after_all() {
    let world = World::new().await;
    for number in 0..3 {
        let copy = world.copy_to(&format!("app-{number}")).await;
        // All of them, one image's, or one.
        let claimed: Vec<Digest> = match number {
            0 => world.blobs().into_iter().collect(),
            1 => world.blobs_of(&world.images()[0]),
            _ => world.blobs().into_iter().take(1).collect(),
        };
        let fault = Fault::on(Face::Api, claims(claimed)).operation("BatchCheckLayerAvailability");
        let fault = world.sandbox.faults().add(fault);
        copy.run().await.unwrap();
        assert_eq!(fault.hits(), 1);
        let expected = world.blobs().len();
        assert_eq!(world.count(puts), expected, "each is sent once");
        copy.has_arrived("a stale check of layers").await;
    }
}

#[tokio::test]
async fn an_image_that_the_destination_wrongly_claims_to_have_is_copied_after_all() {
    let world = World::new().await;
    let image = world.images().remove(0);
    let (media_type, bytes) = world.sandbox.hub().manifest(AT_HUB, &image).unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let copy = world.copy_to("app").await;
    let stale = answer(200, &[("content-type", &media_type)], text);
    // It is looked for, and then read.
    let fault = Fault::on(Face::Registry, stale).path(image.hex()).times(2);
    let fault = world.sandbox.faults().add(fault);
    copy.run().await.unwrap();
    assert_eq!(fault.hits(), 2);
    copy.has_arrived("a stale look at an image").await;
}

#[tokio::test]
async fn what_the_destination_keeps_claiming_to_have_is_an_error_and_no_tag() {
    let world = World::new().await;
    let copy = world.copy_to("app").await;
    let fault =
        Fault::on(Face::Api, claims(world.blobs())).operation("BatchCheckLayerAvailability");
    let fault = world.sandbox.faults().add(fault.always());
    let error = copy.run().await.unwrap_err();
    let text = chain(&error);
    assert_eq!(kind(&error), Some(&ErrorKind::ChildMissing), "{text}");
    assert_eq!(
        (error.side, error.step),
        (Side::Destination, Step::WriteManifest),
        "{text}"
    );
    assert_eq!(fault.hits(), 2, "asked again once, not for ever");
    copy.shows_nothing("a check that is always stale").await;
}

#[tokio::test]
async fn a_layer_that_disappears_before_its_manifest_is_sent_again() {
    let world = World::new().await;
    let copy = world.copy_to("app").await;
    let hold = Fault::on(Face::Registry, Effect::Hold)
        .method("PUT")
        .path("/manifests/sha256:");
    let hold = world.sandbox.faults().add(hold);
    let lose = async {
        hold.reached().await;
        for layer in copy.layers() {
            copy.lose(&layer);
        }
        hold.release();
    };
    let (copied, ()) = tokio::join!(copy.run(), lose);
    copied.unwrap();
    copy.has_arrived("layers that disappeared").await;
}

#[tokio::test]
async fn a_layer_that_somebody_else_sends_at_the_same_time_is_a_success() {
    let world = World::new().await;
    let (ours, theirs) = (world.copy_to("app").await, world.copy_to("app").await);
    let hold = Fault::on(Face::Registry, Effect::Hold)
        .method("PUT")
        .path("/blobs/uploads/");
    let hold = world.sandbox.faults().add(hold);
    let overtake = async {
        hold.reached().await;
        let copied = theirs.run().await;
        hold.release();
        copied
    };
    let (first, second) = tokio::join!(ours.run(), overtake);
    second.unwrap();
    first.unwrap();
    ours.has_arrived("two at once").await;
}

#[tokio::test]
async fn a_layer_whose_answer_is_lost_is_not_sent_again() {
    let world = World::new().await;
    let copy = world.copy_to("app").await;
    let fault = Fault::on(Face::Registry, Effect::LoseAnswer)
        .method("PUT")
        .path("/blobs/uploads/");
    let lost = world.sandbox.faults().add(fault);
    copy.run().await.unwrap();
    assert_eq!(lost.hits(), 1);
    let is_sent = |entry: &Entry| entry.is(Face::Registry, "PUT", "/blobs/uploads/");
    assert_eq!(world.count(is_sent), world.blobs().len());
    copy.has_arrived("a layer whose answer was lost").await;
}

/// Right after its creation, a repository may not be known everywhere.
#[tokio::test]
async fn a_repository_that_is_not_known_yet_is_waited_for() {
    let unknown = || refusal(404, "NAME_UNKNOWN", "The repository does not exist");
    let rows = [
        Fault::on(Face::Registry, unknown())
            .method("POST")
            .path("/blobs/uploads/"),
        Fault::on(Face::Registry, unknown())
            .method("PUT")
            .path("/manifests/sha256:"),
        Fault::on(Face::Registry, unknown())
            .method("PUT")
            .path("/manifests/1"),
    ];
    let world = World::new().await;
    for (number, fault) in rows.into_iter().enumerate() {
        let situation = format!("{fault:?}");
        let copy = world.copy_to(&format!("app-{number}")).await;
        let fault = world.sandbox.faults().add(fault);
        let new = copy.destination().created_now();
        copy.run_to(new).await.unwrap();
        assert_eq!(fault.hits(), 1, "{situation}");
        copy.has_arrived(&situation).await;
    }
}

#[tokio::test]
async fn a_repository_that_was_there_and_is_gone_ends_the_copy() {
    for (method, path) in [
        ("POST", "/blobs/uploads/"),
        ("PUT", "/blobs/uploads/"),
        ("PUT", "/manifests/sha256:"),
        ("PUT", "/manifests/1"),
    ] {
        let world = World::new().await;
        let copy = world.copy_to("app").await;
        let unknown = refusal(404, "NAME_UNKNOWN", "The repository does not exist");
        let fault = Fault::on(Face::Registry, unknown).method(method).path(path);
        world.sandbox.faults().add(fault.always());
        let error = copy.run().await.unwrap_err();
        let text = chain(&error);
        assert_eq!(kind(&error), Some(&ErrorKind::RepositoryNotFound), "{text}");
        copy.shows_nothing(path).await;
    }
}

/// Reads may lag behind writes.
#[tokio::test]
async fn a_tag_that_is_not_seen_at_once_is_looked_at_again() {
    let world = World::new().await;
    let copy = world.copy_to("app").await;
    let unseen = Fault::on(Face::Registry, Effect::status(404))
        .method("HEAD")
        .path("/manifests/1")
        .after(3);
    let unseen = world.sandbox.faults().add(unseen.times(2));
    let outcome = copy.run().await.unwrap();
    assert_eq!((unseen.hits(), outcome.tags.len()), (2, 1));
    copy.has_arrived("a tag that is seen late").await;
}

#[tokio::test]
async fn an_image_that_the_source_lists_and_does_not_have_ends_the_copy_before_any_write() {
    let world = World::new().await;
    let image = world.images().pop().unwrap();
    let copy = world.copy_to("app").await;
    let missing = refusal(404, "MANIFEST_UNKNOWN", "manifest unknown");
    let fault = Fault::on(Face::Hub, missing)
        .method("GET")
        .path(image.hex());
    world.sandbox.faults().add(fault.always());
    let error = copy.run().await.unwrap_err();
    assert_eq!((error.side, error.step), (Side::Source, Step::ReadManifest));
    assert_eq!(kind(&error), Some(&ErrorKind::NotFound));
    assert_eq!(error.subject, image.to_string());
    assert_eq!((copy.layers(), copy.manifests()), (vec![], vec![]));
    copy.shows_nothing("a missing image").await;
}

#[tokio::test]
async fn a_layer_that_the_source_lists_and_does_not_have_ends_the_copy_and_is_named() {
    let world = World::new().await;
    let image = world.images().remove(0);
    let layer = world.blobs_of(&image).pop().unwrap();
    world.sandbox.hub().remove_blob(AT_HUB, &layer);
    let copy = world.copy_to("app").await;
    let error = copy.run().await.unwrap_err();
    assert_eq!((error.side, error.step), (Side::Source, Step::ReadBlob));
    assert_eq!(error.subject, layer.to_string());
    assert_eq!(copy.open_uploads(), 0);
    copy.shows_nothing("a missing layer").await;
}

#[tokio::test]
async fn a_tag_that_the_source_moves_meanwhile_does_not_mix_two_images() {
    let world = World::new().await;
    let before = world.root();
    let copy = world.copy_to("app").await;
    let hold = Fault::on(Face::Hub, Effect::Hold)
        .method("GET")
        .path(before.hex());
    let hold = world.sandbox.faults().add(hold);
    let elsewhere = world.images().remove(0);
    let mover = async {
        hold.reached().await;
        world.sandbox.hub().move_tag(AT_HUB, TAG, &elsewhere);
        hold.release();
    };
    let (copied, ()) = tokio::join!(copy.run(), mover);
    assert_eq!(copied.unwrap().root.digest.to_string(), before.to_string());
    world.sandbox.hub().move_tag(AT_HUB, TAG, &before);
    copy.has_arrived("a tag that moved").await;
}

//! What the destination does not take, and never will however often it is asked.

use ecr_public_sandbox::Face;
use ecr_public_sandbox::store::Limits;

use super::stages::{STAGES, Stage};
use super::world::{World, chain, headline, kind, refusal};
use crate::content::ErrorKind;
use crate::mirror::{Error, Side};

/// Refuses every write of one kind, and returns the error and how often it was asked for.
async fn refused(stage: &Stage, status: u16, code: &str, message: &str) -> (Error, u32) {
    let world = World::new().await;
    let copy = world.copy_to("app").await;
    let refused = stage.fault(refusal(status, code, message)).always();
    let fault = world.sandbox.faults().add(refused);
    let error = copy.run().await.expect_err(stage.name);
    assert_eq!(error.side, Side::Destination, "{}", stage.name);
    let text = chain(&error);
    assert!(text.contains(message), "its words are lost: {text}");
    copy.shows_nothing(stage.name).await;
    (error, fault.hits())
}

fn stage(name: &str) -> &'static Stage {
    STAGES.iter().find(|stage| stage.name == name).unwrap()
}

/// Nothing but the next month brings it back.
#[tokio::test]
async fn a_monthly_volume_that_is_used_up_is_no_reason_to_try_again() {
    for name in ["opening an upload", "sending a layer", "setting the tag"] {
        let (error, asked) =
            refused(stage(name), 429, "TOOMANYREQUESTS", "Data limit exceeded").await;
        assert_eq!(
            headline(&error),
            "Data limit of ECR Public reached",
            "{name}"
        );
        // Layers that are under way at the same time are refused as well, each once.
        let at_once = if name == "setting the tag" { 1 } else { 16 };
        assert!(asked <= at_once, "{name}: asked {asked} times");
    }
}

#[tokio::test]
async fn a_manifest_that_is_not_acceptable_is_not_sent_again() {
    for (status, code, message) in [
        (
            405,
            "UNSUPPORTED",
            "Invalid parameter at 'ImageManifest' failed to satisfy constraint",
        ),
        (400, "MANIFEST_INVALID", "manifest invalid"),
        (
            400,
            "DIGEST_INVALID",
            "ImageDigestDoesNotMatchException: not these bytes",
        ),
    ] {
        for name in ["storing an image", "setting the tag"] {
            let (error, asked) = refused(stage(name), status, code, message).await;
            assert_eq!(kind(&error), Some(&ErrorKind::Refused), "{name} {code}");
            // Two images are stored at the same time.
            assert!(asked <= 2, "{name}: asked {asked} times");
        }
    }
}

#[tokio::test]
async fn a_manifest_that_is_too_large_is_not_sent_again() {
    let (error, asked) = refused(
        stage("setting the tag"),
        413,
        "SIZE_INVALID",
        "manifest too large",
    )
    .await;
    assert!(matches!(kind(&error), Some(ErrorKind::TooLarge { .. })));
    assert_eq!(asked, 1);
}

#[tokio::test]
async fn a_tag_that_must_not_move_is_left_alone() {
    for message in [
        "The image tag '1' already exists in the 'app' repository and cannot be overwritten because \
         the tag is immutable.",
        "ImageTagAlreadyExistsException: the tag is taken",
    ] {
        let (error, asked) = refused(stage("setting the tag"), 400, "TAG_INVALID", message).await;
        assert_eq!(kind(&error), Some(&ErrorKind::TagImmutable));
        assert_eq!(asked, 1);
    }
}

#[tokio::test]
async fn a_quota_that_is_full_is_named() {
    let world = World::new().await;
    let copy = world.copy_to("app").await;
    world.sandbox.store().set_limits(Limits {
        images_per_repository: 1,
        ..Limits::default()
    });
    let error = copy.run().await.unwrap_err();
    let text = chain(&error);
    assert_eq!(kind(&error), Some(&ErrorKind::Denied), "{text}");
    assert!(
        text.to_lowercase().contains("images per repository"),
        "{text}"
    );
    let is_put = |entry: &ecr_public_sandbox::Entry| {
        entry.is(Face::Registry, "PUT", "/manifests/") && entry.status == Some(403)
    };
    assert_eq!(world.count(is_put), 1, "a full quota is asked once");
    copy.shows_nothing("a full quota").await;
}

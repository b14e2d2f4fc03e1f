//! What does not pass ends the copy with an error, at whatever stage it happens, and nobody who
//! reads tags can see that anything was tried.

use ecr_public_sandbox::{Effect, Face};
use futures_util::{StreamExt as _, stream};

use super::stages::{STAGES, Stage};
use super::world::{World, answer, chain, headline, refusal};
use crate::blame::Blame;
use crate::mirror::{Error, Side};

const AT_ONCE: usize = 6;

/// Makes this happen at each stage for which there is an effect, for ever, and asserts that the
/// copy ends with an error of that side which `judge` finds right.
#[expect(clippy::future_not_send, reason = "each test waits for it itself")]
async fn all_fail(
    effect: impl Fn(&Stage) -> Option<Effect> + Send,
    judge: impl Fn(&Stage, &Error) + Send + Sync,
) {
    let stages = STAGES.iter();
    let rows = stages.filter_map(|stage| Some((stage, effect(stage)?)));
    let judge = &judge;
    stream::iter(rows)
        .map(|(stage, effect)| async move {
            let world = World::new().await;
            let copy = world.copy_to("app").await;
            let fault = world.sandbox.faults().add(stage.fault(effect).always());
            let copied = copy.run().await;
            assert!(fault.hits() > 0, "{} did not happen", stage.name);
            let error = copied.expect_err(stage.name);
            let side = match stage.is_at_destination() {
                true => Side::Destination,
                false => Side::Source,
            };
            assert_eq!(error.side, side, "{}: {}", stage.name, chain(&error));
            judge(stage, &error);
            match stage.name {
                // The commit point is behind us: the tag shows what it shall, and the error says
                // so.
                "verifying the tag" => {
                    assert_eq!(error.partial.expect(stage.name).tags.len(), 1);
                    copy.has_arrived(stage.name).await;
                }
                _ => {
                    assert!(error.partial.is_none(), "{}", stage.name);
                    copy.shows_nothing(stage.name).await;
                }
            }
            assert_eq!(world.sandbox.journal().violations(), [""; 0]);
            world.sandbox.stop().await;
        })
        .buffer_unordered(AT_ONCE)
        .collect::<()>()
        .await;
}

#[tokio::test]
async fn access_that_is_denied() {
    let denied = |stage: &Stage| match stage.face {
        Face::Api => Some(refusal(400, "AccessDeniedException", "not authorized")),
        _ => Some(refusal(403, "DENIED", "requested access is denied")),
    };
    all_fail(denied, |stage, error| {
        let expected = match stage.name {
            // Whatever an object storage says, it is not about who we are.
            "reading a layer" => Blame::Network,
            _ => Blame::Access,
        };
        assert_eq!(error.blame(), expected, "{}: {}", stage.name, chain(error));
    })
    .await;
}

#[tokio::test]
async fn a_token_that_is_never_good_enough() {
    let expired = |stage: &Stage| stage.is_registry().then_some(Effect::ExpireToken);
    all_fail(expired, |stage, error| {
        // The bytes are on their way when the token is looked at, so it is the upload that is opened
        // anew. And the answer to a HEAD has no body that could say what is wrong.
        let is_told = stage.name != "sending a layer" && !stage.is_mute();
        let expected = if is_told {
            Blame::Access
        } else {
            Blame::Remote
        };
        assert_eq!(error.blame(), expected, "{}: {}", stage.name, chain(error));
        let expected = match stage.face {
            Face::Hub => "Source registry denied access",
            _ => "ECR Public did not accept its own login",
        };
        assert_eq!(headline(error), expected, "{}", stage.name);
    })
    .await;
}

#[tokio::test]
async fn a_redirect_that_must_not_be_followed() {
    for target in [
        "http://169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
    ] {
        let away = |stage: &Stage| {
            let away = answer(307, &[("location", target)], "");
            (stage.face != Face::Api).then_some(away)
        };
        all_fail(away, |stage, error| {
            assert_eq!(
                error.blame(),
                Blame::Remote,
                "{}: {}",
                stage.name,
                chain(error)
            );
        })
        .await;
    }
}

#[tokio::test]
async fn a_redirect_to_nowhere() {
    let away = |stage: &Stage| (stage.face != Face::Api).then_some(Effect::status(302));
    all_fail(away, |stage, error| {
        assert_eq!(
            error.blame(),
            Blame::Remote,
            "{}: {}",
            stage.name,
            chain(error)
        );
    })
    .await;
}

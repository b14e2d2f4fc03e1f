//! What goes wrong once is not noticed, at whatever stage it happens.

use ecr_public_sandbox::{Effect, Face};
use futures_util::{StreamExt as _, stream};

use super::stages::{STAGES, Stage};
use super::world::{World, answer, chain, refusal};

/// Stages that are tried at the same time, each in a world of its own.
const AT_ONCE: usize = 6;

/// Makes each of these happen once at its stage, and asserts that the image arrives nevertheless.
#[expect(clippy::future_not_send, reason = "each test waits for it itself")]
async fn all_pass(faults: impl Fn(&Stage) -> Vec<(&'static str, Effect)> + Send) {
    let stages = STAGES.iter().map(|stage| (stage, faults(stage)));
    stream::iter(stages)
        .map(|(stage, faults)| pass(stage, faults))
        .buffer_unordered(AT_ONCE)
        .collect::<()>()
        .await;
}

async fn pass(stage: &Stage, faults: Vec<(&'static str, Effect)>) {
    if faults.is_empty() {
        return;
    }
    let world = World::new().await;
    for (number, (name, effect)) in faults.into_iter().enumerate() {
        let situation = format!("{name} while {}", stage.name);
        let copy = world.copy_to(&format!("app-{number}")).await;
        let fault = world.sandbox.faults().add(stage.fault(effect));
        let copied = copy.run().await;
        if let Err(error) = &copied {
            panic!("{situation}: {}", chain(error));
        }
        assert_eq!(fault.hits(), 1, "{situation} did not happen");
        copy.has_arrived(&situation).await;
        fault.remove();
    }
    assert_eq!(world.sandbox.journal().violations(), [""; 0]);
    world.sandbox.stop().await;
}

#[tokio::test]
async fn a_status_that_says_not_now() {
    all_pass(|stage| {
        let mut faults = vec![
            ("500", Effect::status(500)),
            ("502", Effect::status(502)),
            ("503", Effect::status(503)),
            ("504", Effect::status(504)),
        ];
        // Of these the API of AWS knows nothing, and so nothing does its SDK.
        if stage.face != Face::Api {
            faults.push(("408", Effect::status(408)));
            faults.push(("499", Effect::status(499)));
        }
        faults
    })
    .await;
}

#[tokio::test]
async fn a_request_to_slow_down() {
    all_pass(|stage| {
        if stage.face == Face::Api {
            return vec![("throttling", Effect::throttled())];
        }
        let body = "Rate exceeded";
        vec![
            ("429", answer(429, &[], body)),
            (
                "429 for a second",
                answer(429, &[("retry-after", "1")], body),
            ),
        ]
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_ends_before_an_answer() {
    all_pass(|_| vec![("no answer", Effect::CutRequest { after_bytes: 0 })]).await;
}

#[tokio::test]
async fn an_answer_that_is_lost_after_everything_was_done() {
    all_pass(|_| vec![("a lost answer", Effect::LoseAnswer)]).await;
}

#[tokio::test]
async fn an_answer_that_is_cut() {
    all_pass(|stage| {
        let cut = ("a cut", Effect::CutResponse { after_bytes: 20 });
        let is_with_body = stage.is_read() || stage.face == Face::Api;
        is_with_body.then_some(cut).into_iter().collect()
    })
    .await;
}

#[tokio::test]
async fn a_request_that_is_cut() {
    all_pass(|stage| {
        let cut = ("a cut request", Effect::CutRequest { after_bytes: 100 });
        let is_with_body = stage.is_write() && stage.name != "opening an upload";
        is_with_body.then_some(cut).into_iter().collect()
    })
    .await;
}

#[tokio::test]
async fn a_credential_that_has_just_expired() {
    all_pass(|stage| {
        let expired = ("an expired credential", Effect::ExpireToken);
        let is_asked = stage.is_registry() || stage.is_at_destination();
        let can_expire = is_asked && !stage.is_with_new_token();
        can_expire.then_some(expired).into_iter().collect()
    })
    .await;
}

#[tokio::test]
async fn a_token_of_the_destination_that_is_called_invalid_without_a_challenge() {
    all_pass(|stage| {
        let is_with_token = stage.face == Face::Registry && stage.is_registry();
        let can_expire = is_with_token && !stage.is_with_new_token();
        let invalid = refusal(400, "DENIED", "Your Authorization Token is invalid.");
        let faults = can_expire.then_some(("400 DENIED", invalid));
        faults.into_iter().collect()
    })
    .await;
}

#[tokio::test]
async fn an_upload_that_the_destination_does_not_know_any_more() {
    all_pass(|stage| {
        if stage.name != "sending a layer" {
            return Vec::new();
        }
        let rows = [
            (
                404,
                "BLOB_UPLOAD_UNKNOWN",
                "blob upload unknown to registry",
            ),
            (404, "UNKNOWN", "UploadNotFoundException: no such upload"),
            (416, "BLOB_UPLOAD_INVALID", "Part does not follow the last"),
            (400, "DIGEST_INVALID", "provided digest did not match"),
            (
                400,
                "BLOB_UPLOAD_INVALID",
                "None of the provided layer digests match the ones uploaded",
            ),
        ];
        let faults = rows.map(|(status, code, text)| (code, refusal(status, code, text)));
        faults.into_iter().collect()
    })
    .await;
}

#[tokio::test]
async fn a_signed_address_that_has_expired() {
    all_pass(|stage| {
        if stage.face != Face::HubCdn {
            return Vec::new();
        }
        vec![
            ("400", Effect::status(400)),
            ("403", Effect::status(403)),
            ("404", Effect::status(404)),
            ("410", Effect::status(410)),
        ]
    })
    .await;
}

//! What the requests of a copy leave in its activity.

use std::time::Duration;

use super::*;
use crate::content::{Destination as _, Source as _};
use crate::net::memory::Chunk;
use crate::registry::Pace;
use crate::task::{Activity, Rate};

fn watched() -> (Context, Activity) {
    let activity = Activity::default();
    (Context::new().noted_in(&activity), activity)
}

fn counted(activity: &Activity) -> (u64, u64) {
    (activity.requests(), activity.retries())
}

/// What is waited for after so many seconds of a call that does not end.
async fn waits<T>(
    activity: &Activity,
    after: Duration,
    call: impl Future<Output = T>,
) -> Vec<String> {
    let ended = tokio::time::timeout(after, async {
        call.await;
    });
    let mut ended = std::pin::pin!(ended);
    let look = async {
        let just_before = after.checked_sub(Duration::from_millis(1)).unwrap();
        Context::new().pause(just_before).await.unwrap();
        let waits = activity.waits().into_iter();
        waits.map(|(what, _)| what).collect()
    };
    tokio::select! {
        biased;
        _ = &mut ended => panic!("it ended"),
        waits = look => waits,
    }
}

#[tokio::test(start_paused = true)]
async fn redirects_tokens_and_tries_are_requests_and_tries_after_the_first_are_retries() {
    let mut failures = 2;
    let (registry, memory) = open(move |seen| match seen.url.host_str() {
        Some("auth.example") => Reply::status(200).body(r#"{"token":"t"}"#),
        Some("cdn.example") if failures > 0 => {
            failures -= 1;
            Reply::status(503)
        }
        Some("cdn.example") => Reply::status(200).body("abc"),
        _ if seen.header("authorization").is_none() => Reply::status(401).header(
            "www-authenticate",
            r#"Bearer realm="https://auth.example/token",service="s""#,
        ),
        _ => Reply::status(307).header("location", "https://cdn.example/abc"),
    });
    let (cx, activity) = watched();
    let bytes = registry.open_blob(&cx, &blob(b"abc"), 0).await.unwrap();
    assert_eq!(collect(bytes).await.0, b"abc");
    assert_eq!(counted(&activity), (memory.lines().len() as u64, 2));
    assert_eq!(activity.waits(), []);
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_is_given_up_counts_its_last_request() {
    let (registry, memory) = open(|seen| match seen.method.as_str() {
        "POST" => Reply::status(202).header("location", "/u/1"),
        _ => Reply::status(204),
    });
    let (cx, activity) = watched();
    let upload = registry
        .begin_upload(&cx, &blob(b"abc"), None)
        .await
        .unwrap();
    upload.cancel().await;
    assert_eq!(memory.lines().len(), 2);
    assert_eq!(counted(&activity), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn the_host_that_does_not_answer_is_named() {
    let (registry, _) = open(|_| Reply::Hang);
    let (cx, activity) = watched();
    let blob = blob(b"abc");
    let digest = &blob.digest;
    let asked = registry.open_blob(&cx, &blob, 0);
    assert_eq!(
        waits(&activity, Duration::from_secs(20), asked).await,
        [format!(
            "an answer of `registry.example`, reading a blob of `team/app` at `registry.example` \
             ({digest})"
        )]
    );
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_the_registry_asked_for_is_named_with_its_reason() {
    let (registry, _) = open(|_| Reply::status(429).header("retry-after", "60"));
    let (cx, activity) = watched();
    let version = tag("1");
    let asked = registry.resolve_manifest(&cx, &version);
    let told = waits(&activity, Duration::from_secs(20), asked).await;
    let [told] = &*told else { panic!("{told:?}") };
    let expected = "the end of a pause of 60.0 seconds that the other side asked for: looking up \
                    a manifest of `team/app` at `registry.example`: the answer was 429";
    assert!(told.starts_with(expected), "{told}");
}

#[tokio::test(start_paused = true)]
async fn an_upload_waits_for_the_registry_once_it_has_its_bytes() {
    let pending: ByteStream = Box::pin(stream::pending());
    let sent = chunks(&["abc"]);
    for (bytes, is_here) in [(pending, false), (sent, true)] {
        let (registry, _) = open(|seen| match seen.method.as_str() {
            "POST" => Reply::status(202).header("location", "/u/1"),
            _ => Reply::Hang,
        });
        let (cx, activity) = watched();
        let upload = registry
            .begin_upload(&cx, &blob(b"abc"), None)
            .await
            .unwrap();
        let told = waits(
            &activity,
            Duration::from_secs(20),
            upload.commit(&cx, bytes),
        )
        .await;
        let digest = blob(b"abc").digest;
        let here = "an answer, sending a blob to `team/app` at `registry.example`";
        let expected = is_here.then(|| format!("{here} ({digest})"));
        assert_eq!(told, expected.into_iter().collect::<Vec<_>>());
    }
}

#[tokio::test(start_paused = true)]
async fn a_host_that_wants_to_be_asked_less_is_named() {
    let mut refusals = 1;
    let (registry, _) = open(move |_| {
        if refusals == 0 {
            return Reply::Hang;
        }
        refusals -= 1;
        Reply::status(429).header("retry-after", "1")
    });
    let (cx, activity) = watched();
    let blobs = [blob(b"1"), blob(b"2")];
    // From now on one request at a time.
    let refused = waits(
        &activity,
        Duration::from_secs(1),
        registry.has_blob(&cx, &blobs[0]),
    )
    .await;
    assert_eq!(refused.len(), 1, "{refused:?}");
    let asked = registry.present_blobs(&cx, &blobs);
    let told = waits(&activity, Duration::from_secs(20), asked).await;
    let mut whom: Vec<_> = told
        .iter()
        .map(|told| told.split(',').next().unwrap())
        .collect();
    whom.sort_unstable();
    assert_eq!(
        whom,
        [
            "an answer of `registry.example`",
            "leave to ask `registry.example`"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_token_service_that_does_not_answer_is_named() {
    let (registry, _) = open(|seen| match seen.url.host_str() {
        Some("auth.example") => Reply::Hang,
        _ => Reply::status(401)
            .header(
                "www-authenticate",
                r#"Bearer realm="https://auth.example/token",service="s""#,
            )
            .chunk(Chunk::Bytes(Bytes::new())),
    });
    let (cx, activity) = watched();
    let version = tag("1");
    let asked = registry.resolve_manifest(&cx, &version);
    let told = waits(&activity, Duration::from_secs(20), asked).await;
    assert_eq!(told, ["a token from `auth.example`"]);
}

#[tokio::test(start_paused = true)]
async fn the_quotas_of_an_account_are_named_while_they_are_waited_for() {
    let (registry, _) = open(|_| Reply::status(202).header("location", "/v2/team/app/uploads/1"));
    let hourly = Rate {
        per_second: 1.0 / 3600.0,
        burst: 1,
    };
    let registry = registry.paced(Pace::new(hourly));
    let (cx, activity) = watched();
    let first = registry.upload_ticket(&cx).await.unwrap();
    first.unwrap().spend().accepted();
    let next = registry.upload_ticket(&cx);
    let waits = waits(&activity, Duration::from_secs(60), next).await;
    assert_eq!(waits, ["a turn within the quotas of the account"]);
}

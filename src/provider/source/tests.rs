use std::sync::Mutex;
use std::time::Duration;

use super::*;
use crate::net::memory::{Memory, Reply};
use crate::provider::pulls::{OnExhausted, PullSettings};
use crate::registry::{Client, Credential, Endpoint};
use crate::task::monotonic;

const MANIFEST: &str =
    r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#;
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// Docker Hub, of which so many pulls are left, one more after each look from the second on.
fn hub(left: u64) -> Memory {
    let left = Mutex::new((left, 0));
    Memory::new(move |seen| {
        let mut state = left.lock().unwrap();
        let is_read = seen.method == http::Method::GET;
        if is_read && state.0 == 0 {
            return budgeted(Reply::status(429), 0)
                .body(r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"pull rate limit"}]}"#);
        }
        if is_read {
            state.0 -= 1;
        } else {
            state.1 += 1;
            state.0 += u64::from(state.1 > 2);
        }
        let reply = budgeted(Reply::status(200), state.0)
            .header("content-type", INDEX)
            .header("content-length", MANIFEST.len().to_string())
            .header("docker-content-digest", digest().as_str());
        if is_read { reply.body(MANIFEST) } else { reply }
    })
}

fn budgeted(reply: Reply, left: u64) -> Reply {
    reply
        .header("ratelimit-limit", "100;w=21600")
        .header("ratelimit-remaining", format!("{left};w=21600"))
}

fn digest() -> Digest {
    Digest::sha256(MANIFEST.as_bytes())
}

fn source(hub: &Memory, on_exhausted: OnExhausted) -> RunSource {
    let client = Client::over(Arc::new(hub.clone()));
    let repository = Repository::new("docker.io", "library/app").unwrap();
    let endpoint = Endpoint::new("docker.io");
    let registry = client.repository(&endpoint, repository, Arc::new(Credential::Anonymous));
    let pulls = Pulls::new(PullSettings {
        reserve: 0,
        on_exhausted,
    });
    RunSource::new(registry, &Resolved::default(), &Arc::new(pulls))
}

fn reads(hub: &Memory) -> usize {
    let log = hub.log().into_iter();
    log.filter(|seen| seen.method == http::Method::GET).count()
}

async fn look(source: &RunSource) {
    let version = Version::Tag("1".parse().unwrap());
    source.resolve(&Context::new(), &version).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn none_left_is_an_error_without_a_read() {
    let hub = hub(0);
    let source = source(&hub, OnExhausted::Fail);
    look(&source).await;
    let error = source
        .manifest(&Context::new(), &digest())
        .await
        .unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::PullLimit(_)), "{error:?}");
    assert_eq!(reads(&hub), 0);
}

#[tokio::test(start_paused = true)]
async fn who_waits_reads_as_soon_as_one_comes_back() {
    let hub = hub(0);
    let source = source(&hub, OnExhausted::Wait);
    look(&source).await;
    let started = monotonic();
    source.manifest(&Context::new(), &digest()).await.unwrap();
    assert_eq!(started.elapsed(), Duration::from_secs(60));
    assert_eq!(reads(&hub), 1);
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_with_the_operation() {
    let hub = hub(0);
    let source = source(&hub, OnExhausted::Wait);
    look(&source).await;
    let soon = Context::new().within(Duration::from_secs(30));
    let error = source.manifest(&soon, &digest()).await.unwrap_err();
    assert!(error.is_stop(), "{error:?}");
    assert_eq!(reads(&hub), 0);
}

/// The registry says nothing before the first read, and then that there are none.
#[tokio::test(start_paused = true)]
async fn a_refusal_is_waited_out_as_well() {
    let hub = hub(0);
    let source = source(&hub, OnExhausted::Wait);
    source.manifest(&Context::new(), &digest()).await.unwrap();
    assert_eq!(reads(&hub), 2);
}

#[tokio::test(start_paused = true)]
async fn many_at_once_do_not_spend_more_than_there_are() {
    let hub = hub(3);
    let source = source(&hub, OnExhausted::Fail);
    look(&source).await;
    let (cx, digest) = (Context::new(), digest());
    let read = async |_| source.manifest(&cx, &digest).await.is_ok();
    let read = futures_util::future::join_all((0..8).map(read)).await;
    let refused = hub
        .log()
        .into_iter()
        .filter(|seen| seen.method == http::Method::GET);
    assert_eq!(
        read.iter().filter(|is_read| **is_read).count(),
        refused.count()
    );
}

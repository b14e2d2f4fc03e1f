//! Requests that an account pays for keep to its quotas, and nothing else waits for them.

use std::sync::Mutex;
use std::time::Duration;

use futures_util::future::{join, join_all};

use super::*;
use crate::content::{Destination, Source};
use crate::registry::Pace;
use crate::task::{Rate, Stopped, monotonic};

const TEN: Rate = Rate {
    per_second: 10.0,
    burst: 5,
};

fn paced(client: &Client, path: &str, pace: &Arc<Pace>) -> Registry {
    let endpoint = Endpoint::new("registry.example");
    let repository = Repository::new("registry.example", path).unwrap();
    let registry = client.repository(&endpoint, repository, Login::anonymous());
    registry.paced(Arc::clone(pace))
}

/// Takes everything.
fn taken(seen: &Seen) -> Reply {
    match seen.method.as_str() {
        "POST" => Reply::status(202).header("location", format!("{}1", seen.url)),
        "PUT" => Reply::status(201),
        "GET" => manifest_reply().body(MANIFEST),
        "DELETE" => Reply::status(204),
        _ => unexpected(seen),
    }
}

/// Refuses the first `times` requests with this method.
fn refusing(method: &'static str, times: usize, refusal: fn() -> Reply) -> Memory {
    let mut left = times;
    Memory::new(move |seen| {
        if seen.method == method && left > 0 {
            left -= 1;
            return refusal();
        }
        taken(seen)
    })
}

async fn upload(registry: &Registry, bytes: &[u8]) {
    let cx = Context::new();
    let ticket = Destination::upload_ticket(registry, &cx).await.unwrap();
    let upload = registry.begin_upload(&cx, &blob(bytes), ticket).await;
    let bytes = Bytes::copy_from_slice(bytes);
    let bytes = Box::pin(stream::iter([Ok(bytes)]));
    upload.unwrap().commit(&cx, bytes).await.unwrap();
}

async fn uploads(registry: &Registry, count: u8) -> Duration {
    let started = monotonic();
    join_all((0..count).map(async |number| upload(registry, &[number]).await)).await;
    started.elapsed()
}

async fn put(registry: &Registry) {
    let media_type = MediaType::new(MediaType::OCI_MANIFEST);
    let manifest = crate::oci::Manifest::parse(MANIFEST.into(), &media_type).unwrap();
    let cx = Context::new();
    registry.put_manifest(&cx, &manifest, None).await.unwrap();
}

async fn puts(registry: &Registry, count: usize) -> Duration {
    let started = monotonic();
    join_all((0..count).map(async |_| put(registry).await)).await;
    started.elapsed()
}

fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

#[tokio::test(start_paused = true)]
async fn repositories_of_one_account_share_its_quotas() {
    let client = client(&Memory::new(taken));
    let pace = Pace::new(TEN);
    let (one, other) = (paced(&client, "a/1", &pace), paced(&client, "a/2", &pace));
    join(uploads(&one, 10), uploads(&other, 15)).await;
    let (one, other) = join(puts(&one, 10), puts(&other, 15)).await;
    assert_eq!(one.max(other), millis(2000), "25, of which five at once");
}

#[tokio::test(start_paused = true)]
async fn accounts_do_not_wait_for_each_other_at_the_same_host() {
    let memory = Memory::new(|seen| match seen.url.path().starts_with("/v2/a/") {
        true if seen.method == "PUT" => Reply::status(429).header("retry-after", "60"),
        _ => taken(seen),
    });
    let client = client(&memory);
    let busy = paced(&client, "a/app", &Pace::new(TEN));
    let free = paced(&client, "b/app", &Pace::new(TEN));
    let cx = Context::new().within(Duration::from_secs(100));
    let media_type = MediaType::new(MediaType::OCI_MANIFEST);
    let manifest = crate::oci::Manifest::parse(MANIFEST.into(), &media_type).unwrap();
    let refused = async { busy.put_manifest(&cx, &manifest, None).await };
    let (refused, elapsed) = join(refused, puts(&free, 25)).await;
    assert!(matches!(kind(refused), ErrorKind::Throttled { .. }));
    assert_eq!(elapsed, millis(2000));
}

#[tokio::test(start_paused = true)]
async fn each_kind_of_request_has_a_quota_of_its_own() {
    let client = client(&Memory::new(taken));
    let registry = paced(&client, "a/app", &Pace::new(TEN));
    let reads = async {
        let started = monotonic();
        let (cx, digest) = (Context::new(), manifest_digest());
        let read = async |_| Source::manifest(&registry, &cx, &digest).await.unwrap();
        join_all((0..25).map(read)).await;
        started.elapsed()
    };
    let (blobs, (manifests, reads)) =
        join(uploads(&registry, 25), join(puts(&registry, 25), reads)).await;
    assert_eq!([blobs, manifests, reads], [millis(2000); 3]);
}

#[tokio::test(start_paused = true)]
async fn every_try_that_is_sent_counts() {
    let memory = refusing("PUT", 10, || Reply::status(503).header("retry-after", "1"));
    let registry = paced(&client(&memory), "a/app", &Pace::new(TEN));
    let elapsed = puts(&registry, 10).await;
    // Five at once and five in half a second; then, a second after the first, all again.
    assert_eq!(memory.log().len(), 20);
    assert!(elapsed >= millis(1500), "{elapsed:?}");
}

#[tokio::test(start_paused = true)]
async fn when_one_is_asked_to_wait_all_of_the_account_wait() {
    let times = Arc::new(Mutex::new(Vec::new()));
    let started = monotonic();
    let noted = Arc::clone(&times);
    let memory = Memory::new(move |seen| {
        if seen.method != "POST" {
            return taken(seen);
        }
        let mut times = noted.lock().unwrap();
        times.push(started.elapsed().as_secs());
        match times.len() {
            1 => Reply::status(429).header("retry-after", "30"),
            _ => taken(seen),
        }
    });
    let client = client(&memory);
    let pace = Pace::new(Rate { burst: 1, ..TEN });
    let (one, other) = (paced(&client, "a/1", &pace), paced(&client, "a/2", &pace));
    join(uploads(&one, 1), uploads(&other, 4)).await;
    assert_eq!(*times.lock().unwrap(), [0, 30, 30, 30, 30, 30]);
}

#[tokio::test(start_paused = true)]
async fn a_host_whose_account_asks_too_often_gets_as_much_at_once_as_before() {
    let memory = refusing("PUT", 1, || Reply::status(429).header("retry-after", "1"));
    let client = client(&memory);
    let url = "https://registry.example/".parse().unwrap();
    let registry = paced(&client, "a/app", &Pace::new(TEN));
    puts(&registry, 5).await;
    let enter = || Arc::clone(&registry.limiter(&url)).enter();
    let slots = join_all((0..64).map(|_| enter()));
    assert_eq!(slots.await.len(), 64);
}

#[tokio::test(start_paused = true)]
async fn waiting_for_the_quota_is_not_waiting_for_an_answer() {
    let hourly = Rate {
        per_second: 1.0 / 3600.0,
        burst: 1,
    };
    let registry = paced(&client(&Memory::new(taken)), "a/app", &Pace::new(hourly));
    let hours = Duration::from_secs(2 * 3600);
    assert_eq!(puts(&registry, 3).await, hours);
    assert_eq!(uploads(&registry, 3).await, hours);
}

#[tokio::test(start_paused = true)]
async fn an_upload_with_a_ticket_does_not_stand_in_line_again() {
    let registry = paced(&client(&Memory::new(taken)), "a/app", &Pace::new(TEN));
    let cx = Context::new();
    let ticket = Destination::upload_ticket(&registry, &cx).await.unwrap();
    assert!(ticket.is_some());
    let line = uploads(&registry, 10);
    let ahead = async {
        tokio::task::yield_now().await;
        let started = monotonic();
        let upload = registry.begin_upload(&cx, &blob(b"x"), ticket).await;
        upload.unwrap().cancel().await;
        started.elapsed()
    };
    assert_eq!(join(line, ahead).await.1, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn whoever_is_stopped_in_line_leaves_it_at_once() {
    let registry = paced(&client(&Memory::new(taken)), "a/app", &Pace::new(TEN));
    puts(&registry, 5).await;
    uploads(&registry, 5).await;
    let cx = Context::new();
    cx.cancel();
    let ticket = Destination::upload_ticket(&registry, &cx).await;
    assert_eq!(kind(ticket), ErrorKind::Stopped(Stopped::Cancelled));
    assert_eq!(puts(&registry, 1).await, millis(100), "no gap is left");
}

#[tokio::test(start_paused = true)]
async fn a_registry_without_a_pace_is_not_waited_for() {
    let registry = registry(&Memory::new(taken), Login::anonymous());
    let cx = Context::new();
    let ticket = Destination::upload_ticket(&registry, &cx).await.unwrap();
    assert!(ticket.is_none());
    assert_eq!(uploads(&registry, 50).await, Duration::ZERO);
}

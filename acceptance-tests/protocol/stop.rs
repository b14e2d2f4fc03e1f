//! Stopping: Ctrl-C, `StopProvider`, and a host that hangs up.

use ecr_public_sandbox::{Effect, Face, Fault, FaultHandle, Sandbox, Seed};
use rustix::process::Signal;
use serde_json::{Value as Json, json};

use super::support::session::{configured, error, unconfigured};

async fn sandbox() -> Sandbox {
    Sandbox::start(Seed::demo()).await.unwrap()
}

fn image() -> Json {
    json!({"source": "alpine:3.22", "account_id": "222222222222"})
}

/// Holds every read of a layer at Docker Hub.
fn stuck(sandbox: &Sandbox) -> FaultHandle {
    let fault = Fault::on(Face::Hub, Effect::Hold).path("/blobs/").always();
    sandbox.faults().add(fault)
}

#[tokio::test]
async fn an_interrupt_is_the_hosts_to_interpret() {
    let (mut plugin, mut session) = unconfigured().await;
    for seen in 1..=3 {
        plugin.signal(Signal::INT);
        let is_it = |line: &Json| line["@message"] == "interrupted" && line["interrupts"] == seen;
        plugin.stderr.logged_where(is_it).await;
    }
    session.plan(&image(), None).await;
}

#[tokio::test]
async fn an_interrupted_copy_ends_when_the_host_says_so_and_leaves_nothing() {
    let sandbox = sandbox().await;
    let (mut plugin, mut session) = configured(&sandbox).await;
    let stuck = stuck(&sandbox);
    let mut host = session.clone();
    let image = image();
    let (applied, ()) = tokio::join!(session.create(&image), async {
        stuck.reached().await;
        plugin.signal_group(Signal::INT);
        plugin.stderr.logged("interrupted").await;
        host.stop().await;
    });
    assert!(error(&applied.diagnostics).contains("cancelled"));
    assert_eq!(applied.state, Json::Null);
    let account = "222222222222".parse().unwrap();
    let tags = sandbox.store().tags(&account, "alpine").unwrap_or_default();
    assert!(tags.is_empty(), "{tags:?}");
}

#[tokio::test]
async fn a_copy_that_is_stopped_after_its_first_tag_keeps_that_tag_in_state() {
    let sandbox = sandbox().await;
    let (_plugin, mut session) = configured(&sandbox).await;
    let second = Fault::on(Face::Registry, Effect::Hold)
        .method("PUT")
        .path("/manifests/second");
    let second = sandbox.faults().add(second);
    let mut image = image();
    image["image_tags"] = json!(["first", "second"]);
    let mut host = session.clone();
    let (applied, ()) = tokio::join!(session.create(&image), async {
        second.reached().await;
        host.stop().await;
    });
    assert!(error(&applied.diagnostics).contains("cancelled"));
    assert_eq!(applied.state["image_tags"], json!(["first"]));
    assert_eq!(applied.identity["tag"], "first");
}

#[tokio::test]
async fn stop_answers_while_everything_still_runs_and_touches_nothing_that_begins_later() {
    let sandbox = sandbox().await;
    let (_plugin, mut session) = configured(&sandbox).await;
    let stuck = stuck(&sandbox);
    let mut copies: Vec<_> = (0..3).map(|_| session.clone()).collect();
    let mut host = session.clone();
    let images: Vec<_> = ["alpine:3.22", "nginx:1.27", "busybox:1.36"]
        .map(|source| json!({"source": source, "account_id": "222222222222"}))
        .into();
    let running = copies
        .iter_mut()
        .zip(&images)
        .map(|(session, image)| session.create(image));
    let running = futures_util::future::join_all(running);
    let (stopped, ()) = tokio::join!(running, async {
        stuck.reached().await;
        // Had it waited for the copies, this would never return: nothing releases them.
        host.stop().await;
    });
    assert!(stopped.iter().any(|each| !each.diagnostics.is_empty()));

    stuck.remove();
    let applied = session.create(&image()).await;
    assert_eq!(applied.diagnostics, []);
}

#[tokio::test]
async fn a_host_that_hangs_up_ends_what_it_had_asked_for() {
    let sandbox = sandbox().await;
    let (mut plugin, session) = configured(&sandbox).await;
    let stuck = stuck(&sandbox);
    let mut gone = session.clone();
    drop(session);
    let image = image();
    tokio::select! {
        _ = gone.create(&image) => panic!("nothing releases the copy"),
        () = stuck.reached() => {}
    }
    drop(gone);
    let is_it = |line: &Json| {
        line["@message"] == "call answered" && line["tf_rpc"] == "ApplyResourceChange"
    };
    let line = plugin.stderr.logged_where(is_it).await;
    assert_eq!(line["diagnostic_error_count"], 1);
}

//! The end of the process.

use ecr_public_sandbox::{Effect, Face, Fault, Sandbox, Seed};
use rustix::process::Signal;
use serde_json::json;

use super::support::host::Launch;
use super::support::session::{configured, error, unconfigured};

#[tokio::test]
async fn shutdown_ends_an_idle_process_and_removes_its_socket() {
    let (plugin, session) = unconfigured().await;
    assert_eq!(plugin.sockets().len(), 1);
    session.shut_down().await;
    plugin.ended().await.orderly();
}

#[tokio::test]
async fn shutdown_ends_the_process_although_a_copy_is_going_on() {
    let sandbox = Sandbox::start(Seed::demo()).await.unwrap();
    let (plugin, mut session) = configured(&sandbox).await;
    let stuck = sandbox
        .faults()
        .add(Fault::on(Face::Hub, Effect::Hold).path("/blobs/").always());
    let image = json!({"source": "alpine:3.22", "account_id": "222222222222"});
    let ending = session.clone();
    let (applied, ()) = tokio::join!(session.create(&image), async {
        stuck.reached().await;
        ending.shut_down().await;
    });
    assert!(error(&applied.diagnostics).contains("cancelled"));
    assert!(applied.state.is_null());
    drop(session);

    plugin.ended().await.orderly();
}

#[tokio::test]
async fn a_termination_stops_what_runs_and_ends_the_process() {
    let sandbox = Sandbox::start(Seed::demo()).await.unwrap();
    let (plugin, mut session) = configured(&sandbox).await;
    let stuck = sandbox
        .faults()
        .add(Fault::on(Face::Hub, Effect::Hold).path("/blobs/").always());
    let image = json!({"source": "alpine:3.22", "account_id": "222222222222"});
    let (applied, ()) = tokio::join!(session.create(&image), async {
        stuck.reached().await;
        plugin.signal(Signal::TERM);
    });
    assert!(error(&applied.diagnostics).contains("cancelled"));

    // Nobody calls Shutdown.
    plugin.ended().await.orderly();
}

#[tokio::test]
async fn a_host_that_never_connects_is_ended_by_a_termination() {
    for signal in [Signal::TERM, Signal::HUP] {
        let mut plugin = Launch::by_host().start();
        plugin.handshake().await;
        plugin.signal(signal);
        plugin.ended().await.orderly();
    }
}

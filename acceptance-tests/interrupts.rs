//! Copies that are interrupted, and what the next apply makes of it.

use std::collections::VecDeque;

use ecr_public_sandbox::{Effect, Entry, Face, Fault, image};

use crate::faults::{arrived, copy_of, largest_layer};
use crate::support::messages;
use crate::support::scenario::{FIRST, IT, Scenario};
use crate::support::terraform::Running;

/// How much of the large layer comes before it stalls.
const BEFORE: u64 = 1 << 20;

/// An apply that waits in the middle of a layer, with everything before it done.
struct Stalled {
    scenario: Scenario,
    running: Running,
}

#[tokio::test]
async fn one_interrupt_in_the_middle_of_a_layer() {
    let Stalled { scenario, running } = Stalled::start().await;
    running.interrupt();
    let run = running.finish().await;
    messages::failed_with("interrupted_once", run);
    let open = scenario
        .sandbox
        .store()
        .open_uploads(&FIRST.parse().unwrap(), "acme/big");
    assert_eq!(open.unwrap(), 0, "the upload was given up");
    goes_on(scenario).await;
}

#[tokio::test]
async fn two_interrupts_in_the_middle_of_a_layer() {
    let Stalled { scenario, running } = Stalled::start().await;
    // The provider is about to give the upload up, and gets no answer.
    let held = Fault::on(Face::Registry, Effect::Hold).method("DELETE");
    scenario.sandbox.faults().add(held);
    running.interrupt();
    let gives_up = |entry: &Entry| entry.is(Face::Registry, "DELETE", "/blobs/uploads/");
    let journal = scenario.sandbox.journal();
    journal.wait_for(gives_up).await.unwrap();
    running.interrupt();
    let run = running.finish().await;
    assert_ne!(run.code, Some(0), "{}", run.text);
    goes_on(scenario).await;
}

#[tokio::test]
async fn killed_in_the_middle_of_a_layer() {
    let Stalled { scenario, running } = Stalled::start().await;
    running.kill();
    let run = running.finish().await;
    assert_eq!(run.code, None, "{}", run.text);
    goes_on(scenario).await;
}

impl Stalled {
    async fn start() -> Self {
        let scenario = Scenario::with(&copy_of("acme/big:1.0", "")).await;
        let big = image("big").layers([100_000, 4 * BEFORE]);
        scenario
            .sandbox
            .hub()
            .push("acme/big", "1.0", &big)
            .unwrap();
        let layer = largest_layer(&scenario, "acme/big", "1.0");
        let stall = Effect::Stall {
            after_bytes: BEFORE,
        };
        let fault = Fault::on(Face::HubCdn, stall).path(layer.hex());
        scenario.sandbox.faults().add(fault);
        let running = scenario
            .terraform
            .start(&["apply", "-input=false", "-auto-approve"]);
        let journal = scenario.sandbox.journal();
        let is_on_its_way = |entry: &Entry| is_upload(entry) && entry.bytes_in > BEFORE / 2;
        journal.wait_for(is_on_its_way).await.unwrap();
        // The config and the small layer.
        let others = |entries: &VecDeque<Entry>| {
            let done = entries
                .iter()
                .filter(|entry| is_upload(entry) && entry.status == Some(201));
            (done.count() == 2).then_some(())
        };
        journal.wait_until(others).await.unwrap();
        Self { scenario, running }
    }
}

/// Asserts that nobody can see that anything was tried, and that the next apply copies the rest.
async fn goes_on(scenario: Scenario) {
    scenario.sandbox.faults().clear();
    assert!(scenario.tags(FIRST, "acme/big").is_empty());
    assert!(scenario.terraform.attributes(IT).await.is_null());
    scenario.sandbox.journal().clear();
    scenario.terraform.apply(&[]).await.succeeded();
    let layer = largest_layer(&scenario, "acme/big", "1.0");
    let reads = scenario
        .sandbox
        .journal()
        .select(|entry| entry.face == Face::HubCdn);
    assert_eq!(
        reads.len(),
        1,
        "what was complete is not read again: {reads:?}"
    );
    assert!(reads[0].path.contains(layer.hex()));
    arrived(scenario).await;
}

fn is_upload(entry: &Entry) -> bool {
    entry.is(Face::Registry, "PUT", "/blobs/uploads/")
}

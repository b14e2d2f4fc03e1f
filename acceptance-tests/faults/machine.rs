//! Little room on the machine that Terraform runs on.

use ecr_public_sandbox::{Compression, image};

use crate::support::scenario::Scenario;

use super::{arrived, copy_of};

const MIB: u64 = 1 << 20;

/// Whatever the layer weighs, it passes through.
#[tokio::test]
async fn less_memory_than_a_layer_has_bytes() {
    arrives_with("ulimit -d 131072", 256 * MIB).await;
}

/// Nothing is written down on the way.
#[tokio::test]
async fn a_disk_on_which_nothing_can_be_written() {
    arrives_with("ulimit -f 0", 8 * MIB).await;
}

/// Copies a layer of this size with a provider that is started like this.
async fn arrives_with(limit: &str, layer: u64) {
    let scenario = Scenario::with(&copy_of("acme/heavy:1.0", "")).await;
    let heavy = image("heavy")
        .layers([layer])
        .compression(Compression::None);
    let hub = scenario.sandbox.hub().clone();
    let push = move || hub.push("acme/heavy", "1.0", &heavy).map(drop);
    tokio::task::spawn_blocking(push).await.unwrap().unwrap();
    let note = scenario.terraform.folder().join("started");
    let first = format!("set -e\ntouch '{}'\n{limit}", note.display());
    scenario.terraform.wrap_provider(&first);
    scenario.terraform.init().await;
    scenario.terraform.apply(&[]).await.succeeded();
    assert!(note.exists(), "the limit was in force");
    arrived(scenario).await;
}

//! Operations that take longer than they may.

use ecr_public_sandbox::{Effect, Face, Fault};
use serde_json::Value;

use crate::support::messages;
use crate::support::scenario::{FIRST, IT, Scenario, it};

fn alpine(timeouts: &str) -> String {
    it(&format!(
        "source = \"alpine:3.22\"\naccount_id = \"222222222222\"\n\
         timeouts = {{ {timeouts} }}\n"
    ))
}

#[tokio::test]
async fn a_create_that_takes_too_long_leaves_no_state_and_the_next_one_completes() {
    let scenario = Scenario::with(&alpine("create = \"6s\"")).await;
    let held = Fault::on(Face::HubCdn, Effect::Hold).method("GET").always();
    let held = scenario.sandbox.faults().add(held);
    messages::failed_with("create_timed_out", scenario.terraform.apply(&[]).await);
    assert_eq!(scenario.terraform.attributes(IT).await, Value::Null);
    assert_eq!(scenario.tags(FIRST, "alpine"), [].into());
    let store = scenario.sandbox.store();
    let account = FIRST.parse().unwrap();
    assert_eq!(store.open_uploads(&account, "alpine").unwrap(), 0);

    held.remove();
    scenario.configure(&alpine("create = \"10m\""));
    scenario.terraform.apply(&[]).await.succeeded();
    let digest = scenario.at_hub("alpine", "3.22");
    assert_eq!(scenario.tags(FIRST, "alpine")["3.22"], digest);
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn an_update_that_takes_too_long_keeps_the_state_and_what_the_tag_shows() {
    let scenario = Scenario::with(&alpine("update = \"6s\"")).await;
    scenario.terraform.apply(&[]).await.succeeded();
    let before = scenario.terraform.attributes(IT).await;
    let held = Fault::on(Face::HubCdn, Effect::Hold).method("GET").always();
    let held = scenario.sandbox.faults().add(held);
    let other = alpine("update = \"6s\"").replace("3.22", "3.21");
    scenario.configure(&other);
    let run = scenario.terraform.apply(&[]).await.failed();
    run.says("Error: Operation timed out")
        .says("`timeouts.update`");
    assert_eq!(scenario.terraform.attributes(IT).await, before);
    let digest = scenario.at_hub("alpine", "3.22");
    assert_eq!(scenario.tags(FIRST, "alpine")["3.22"], digest);

    held.remove();
    scenario.configure(&other.replace("6s", "10m"));
    scenario.terraform.apply(&[]).await.succeeded();
    let digest = scenario.at_hub("alpine", "3.21");
    assert_eq!(scenario.tags(FIRST, "alpine")["3.21"], digest);
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_refresh_that_takes_too_long_keeps_the_state() {
    let scenario = Scenario::with(&alpine("read = \"2s\"")).await;
    scenario.terraform.apply(&[]).await.succeeded();
    let before = scenario.terraform.read("terraform.tfstate");
    let held = Fault::on(Face::Api, Effect::Hold).operation("DescribeImages");
    let held = scenario.sandbox.faults().add(held.always());
    messages::failed_with("read_timed_out", scenario.terraform.plan().await);
    assert_eq!(scenario.terraform.read("terraform.tfstate"), before);
    held.remove();
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

//! Two Terraform runs at the same time, in two folders that know nothing of each other. Whatever
//! order their requests arrive in, a tag shows a whole image or does not exist, and the next apply
//! of either brings what its configuration says.

use std::sync::Arc;

use ecr_public_sandbox::{Digest, Effect, Face, Fault, FaultHandle};

use crate::support::scenario::{FIRST, Scenario, it};
use crate::support::terraform::{Running, Terraform};

const ALPINE: &str = "source = \"alpine:3.22\"\naccount_id = \"222222222222\"\n";
const LATEST: &str = "source = \"alpine:latest\"\naccount_id = \"222222222222\"\n";

/// Two folders with these resources, of which the first is not applied either.
async fn two(first: &str, second: &str) -> (Scenario, Arc<Terraform>) {
    let mut scenario = Scenario::with(&it(first)).await;
    let other = scenario.beside(&it(second)).await;
    (scenario, other)
}

fn with_tag(tag: &str) -> String {
    format!("{ALPINE}image_tags = [\"{tag}\"]\n")
}

fn applying(terraform: &Terraform) -> Running {
    terraform.start(&["apply", "-input=false", "-auto-approve"])
}

fn destroying(terraform: &Terraform) -> Running {
    terraform.start(&["destroy", "-input=false", "-auto-approve"])
}

/// Holds the next request that sets a tag.
fn hold_tag(scenario: &Scenario, tag: &str) -> FaultHandle {
    let put = Fault::on(Face::Registry, Effect::Hold).method("PUT");
    let put = put.path(&format!("/manifests/{tag}"));
    scenario.sandbox.faults().add(put)
}

/// Holds a request that removes images, after this many of them.
fn hold_removal(scenario: &Scenario, after: u32) -> FaultHandle {
    let removal = Fault::on(Face::Api, Effect::Hold).operation("BatchDeleteImage");
    scenario.sandbox.faults().add(removal.after(after))
}

fn moves(scenario: &Scenario) {
    let digest: Digest = scenario.at_hub("alpine", "3.21").parse().unwrap();
    let hub = scenario.sandbox.hub();
    hub.move_tag("library/alpine", "latest", &digest);
}

#[tokio::test]
async fn both_find_no_repository_and_one_creates_it() {
    let (scenario, other) = two(ALPINE, ALPINE).await;
    let create = || Fault::on(Face::Api, Effect::Hold).operation("CreateRepository");
    let faults = scenario.sandbox.faults();
    let (first, second) = (faults.add(create()), faults.add(create()));
    let ours = applying(&scenario.terraform);
    first.reached().await;
    let theirs = applying(&other);
    second.reached().await;
    second.release();
    theirs.finish().await.succeeded();
    first.release();
    ours.finish().await.succeeded();
    scenario.stands("alpine", "3.22");
    scenario.terraform.converged().await;
    other.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn both_bring_the_image_and_set_the_tag() {
    let (scenario, other) = two(ALPINE, ALPINE).await;
    let held = hold_tag(&scenario, "3.22");
    let ours = applying(&scenario.terraform);
    held.reached().await;
    other.apply(&[]).await.succeeded();
    held.release();
    ours.finish().await.succeeded();
    scenario.stands("alpine", "3.22");
    scenario.terraform.converged().await;
    other.converged().await;

    // What one of them takes away, the other brings back.
    scenario.terraform.destroy().await.succeeded();
    assert_eq!(scenario.manifests(FIRST, "alpine"), [].into());
    other.apply(&[]).await.succeeded();
    scenario.stands("alpine", "3.22");
    other.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_destroy_takes_away_what_an_apply_has_built_upon() {
    let (scenario, other) = two(&with_tag("one"), &with_tag("two")).await;
    scenario.terraform.apply(&[]).await.succeeded();
    let held = hold_tag(&scenario, "two");
    let theirs = applying(&other);
    held.reached().await;
    scenario.terraform.destroy().await.succeeded();
    assert_eq!(scenario.manifests(FIRST, "alpine"), [].into());
    held.release();
    theirs.finish().await.succeeded();
    scenario.stands("alpine", "two");
    other.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_destroy_leaves_what_an_apply_has_built_upon_meanwhile() {
    let (scenario, other) = two(&with_tag("one"), &with_tag("two")).await;
    scenario.terraform.apply(&[]).await.succeeded();
    // The tag is gone, and with it the image; what was below it waits.
    let held = hold_removal(&scenario, 1);
    let ours = destroying(&scenario.terraform);
    held.reached().await;
    assert_eq!(scenario.tags(FIRST, "alpine"), [].into());
    other.apply(&[]).await.succeeded();
    held.release();
    ours.finish().await.succeeded();
    scenario.stands("alpine", "two");
    other.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_tag_that_a_destroy_removes_right_after_it_was_found_is_missed_by_the_next_plan() {
    let (scenario, other) = two(ALPINE, ALPINE).await;
    scenario.terraform.apply(&[]).await.succeeded();
    let held = hold_removal(&scenario, 0);
    let ours = destroying(&scenario.terraform);
    held.reached().await;
    other.apply(&[]).await.succeeded();
    held.release();
    ours.finish().await.succeeded();
    assert_eq!(scenario.manifests(FIRST, "alpine"), [].into());
    let run = other.apply(&[]).await.succeeded();
    run.says("1 added, 0 changed, 0 destroyed");
    scenario.stands("alpine", "3.22");
    other.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_tag_that_a_destroy_removes_while_its_image_is_looked_at_is_set_again() {
    for more in ["", "overwrite = true\n"] {
        let (scenario, other) = two(ALPINE, &format!("{ALPINE}{more}")).await;
        scenario.terraform.apply(&[]).await.succeeded();
        let read = Fault::on(Face::Registry, Effect::Hold).method("GET");
        let held = scenario
            .sandbox
            .faults()
            .add(read.path("/manifests/sha256:"));
        let theirs = applying(&other);
        held.reached().await;
        scenario.terraform.destroy().await.succeeded();
        assert_eq!(scenario.manifests(FIRST, "alpine"), [].into());
        held.release();
        theirs.finish().await.succeeded();
        scenario.stands("alpine", "3.22");
        other.converged().await;
        scenario.was_clean().await;
    }
}

#[tokio::test]
async fn a_tag_that_an_apply_moves_during_a_destroy_stays() {
    let (scenario, other) = two(LATEST, LATEST).await;
    scenario.terraform.apply(&[]).await.succeeded();
    other.apply(&[]).await.succeeded();
    moves(&scenario);
    let held = hold_removal(&scenario, 0);
    let ours = destroying(&scenario.terraform);
    held.reached().await;
    other.apply(&[]).await.succeeded();
    held.release();
    ours.finish().await.succeeded();
    // The image of before has no tag any more, and went with the destroy.
    scenario.stands_as("alpine", "latest", "3.21");
    other.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_tag_that_a_destroy_removes_before_an_apply_moves_it_is_set() {
    let (scenario, other) = two(LATEST, LATEST).await;
    scenario.terraform.apply(&[]).await.succeeded();
    other.apply(&[]).await.succeeded();
    moves(&scenario);
    let held = hold_tag(&scenario, "latest");
    let theirs = applying(&other);
    held.reached().await;
    scenario.terraform.destroy().await.succeeded();
    assert_eq!(scenario.tags(FIRST, "alpine"), [].into());
    held.release();
    theirs.finish().await.succeeded();
    scenario.stands_as("alpine", "latest", "3.21");
    other.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_repository_that_a_destroy_deletes_under_an_apply_is_an_error_that_the_next_one_mends() {
    let first = format!("{}delete_repository = true\n", with_tag("one"));
    let (scenario, other) = two(&first, &with_tag("two")).await;
    scenario.terraform.apply(&[]).await.succeeded();
    let held = hold_tag(&scenario, "two");
    let theirs = applying(&other);
    held.reached().await;
    scenario.terraform.destroy().await.succeeded();
    let store = scenario.sandbox.store();
    let account = FIRST.parse().unwrap();
    assert!(store.repository(&account, "alpine").is_err());
    held.release();
    let run = theirs.finish().await.failed();
    run.says("Error: Repository not found in ECR Public")
        .says("No tag was changed.");
    other.apply(&[]).await.succeeded();
    scenario.stands("alpine", "two");
    other.converged().await;
    scenario.was_clean().await;
}

//! Two instances of one configuration that have the same tag.

use crate::support::scenario::{FIRST, Scenario, named};

const LIVE: &str = "account_id = \"222222222222\"\nimage_tags = [\"live\"]\noverwrite = true\n";

/// An instance that wants the tag for a version of `alpine`.
fn wants(name: &str, version: &str) -> String {
    named(name, &format!("source = \"alpine:{version}\"\n{LIVE}"))
}

#[tokio::test]
async fn for_different_images_it_is_an_error_of_the_plan_although_one_has_it_already() {
    let first = wants("first", "3.21");
    let scenario = Scenario::with(&first).await;
    scenario.terraform.apply(&[]).await.succeeded();
    scenario.sandbox.journal().clear();
    scenario.configure(&(first.clone() + &wants("second", "3.22")));
    let run = scenario.terraform.plan().await.failed();
    run.says("Error: Two instances have one tag")
        .says("The tag `live` of `alpine` in account 222222222222")
        .says("`docker.io/library/alpine:3.21`")
        .says("`docker.io/library/alpine:3.22`");
    assert_eq!(scenario.writes(), [""; 0]);
    // The tag changes hands, which is no quarrel.
    let gives = first.replace("live", "3.21");
    scenario.configure(&(gives + &wants("second", "3.22")));
    scenario.terraform.apply(&[]).await.succeeded();
    let tags = scenario.tags(FIRST, "alpine");
    assert_eq!(tags["live"], scenario.at_hub("alpine", "3.22"));
    assert_eq!(tags["3.21"], scenario.at_hub("alpine", "3.21"));
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn for_different_images_it_is_an_error_of_the_apply_when_the_plan_cannot_know() {
    let tag = "resource \"terraform_data\" \"tag\" {\n  input = \"live\"\n}\n";
    let pair = wants("first", "3.21") + &wants("second", "3.22");
    let pair = pair.replace("[\"live\"]", "[terraform_data.tag.output]");
    let scenario = Scenario::with(&(pair + tag)).await;
    scenario.terraform.save_plan(&[]).await.succeeded();
    let run = scenario.terraform.apply_planned().await.failed();
    run.says("Error: Two instances have one tag");
    // Whichever came first has it, and nobody else touched it.
    let digest = scenario.tags(FIRST, "alpine")["live"].clone();
    let candidates = ["3.21", "3.22"].map(|version| scenario.at_hub("alpine", version));
    assert!(candidates.contains(&digest));
    scenario.was_clean().await;
}

#[tokio::test]
async fn for_one_image_it_is_there_for_both_as_long_as_one_is_there() {
    let pair = wants("first", "3.22") + &wants("second", "3.22");
    let scenario = Scenario::with(&pair).await;
    scenario.terraform.apply(&[]).await.succeeded();
    scenario.stands("alpine", "live");
    scenario.terraform.converged().await;
    // Whoever goes takes the tag along, and the next apply sets it again.
    scenario.configure(&wants("first", "3.22"));
    scenario.terraform.apply(&[]).await.succeeded();
    scenario.terraform.apply(&[]).await.succeeded();
    scenario.stands("alpine", "live");
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

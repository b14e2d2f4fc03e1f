//! What others do to an image shows in the plan and is repaired; what only could not be seen
//! changes nothing.

use std::collections::BTreeMap;

use ecr_public_sandbox::accounts::AliasStatus;
use ecr_public_sandbox::{Effect, Face, Fault};
use serde_json::json;

use crate::support::scenario::{FIRST, IT, Scenario, it};

const ALPINE: &str = "source = \"alpine:3.22\"\naccount_id = \"222222222222\"\n";
const TWO_TAGS: &str = "image_tags = [\"a\", \"b\"]";

async fn applied(more: &str) -> Scenario {
    let scenario = Scenario::with(&it(&format!("{ALPINE}{more}"))).await;
    scenario.terraform.apply(&[]).await.succeeded();
    scenario
}

/// Asserts that the plan has this action for this change of tags, applies it, and asserts that
/// the tags show the image again.
async fn repaired(scenario: Scenario, action: &str, from: &[&str], to: &[&str]) {
    let change = scenario.terraform.planned(IT).await;
    assert_eq!(change["actions"], json!([action]));
    assert_eq!(change["after"]["image_tags"], json!(to));
    if action == "update" {
        assert_eq!(change["before"]["image_tags"], json!(from));
        // It is the image of before that is put back.
        assert_eq!(change["after"]["digest"], change["before"]["digest"]);
    }
    scenario.terraform.apply_planned().await.succeeded();
    let digest = scenario.at_hub("alpine", "3.22");
    let expected = to.iter().map(|tag| ((*tag).to_owned(), digest.clone()));
    let expected: BTreeMap<_, _> = expected.collect();
    assert_eq!(scenario.tags(FIRST, "alpine"), expected);
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_tag_that_somebody_moved_is_moved_back() {
    let scenario = applied("").await;
    scenario.push_by_hand(FIRST, "alpine", "3.22");
    repaired(scenario, "update", &[], &["3.22"]).await;
}

#[tokio::test]
async fn one_of_several_tags_that_somebody_moved_is_moved_back() {
    let scenario = applied(TWO_TAGS).await;
    scenario.push_by_hand(FIRST, "alpine", "b");
    repaired(scenario, "update", &["a"], &["a", "b"]).await;
}

#[tokio::test]
async fn one_of_several_tags_that_somebody_deleted_is_set_again() {
    let scenario = applied(TWO_TAGS).await;
    scenario.untag_by_hand(FIRST, "alpine", "a");
    repaired(scenario, "update", &["b"], &["a", "b"]).await;
}

#[tokio::test]
async fn a_refresh_between_the_change_and_its_repair_forgets_nothing() {
    let scenario = applied(TWO_TAGS).await;
    scenario.push_by_hand(FIRST, "alpine", "a");
    scenario.untag_by_hand(FIRST, "alpine", "b");
    let refresh = scenario.terraform.apply(&["-refresh-only"]).await;
    refresh.succeeded();
    let state = scenario.terraform.attributes(IT).await;
    assert_eq!(state["image_tags"], json!([]));
    assert_eq!(state["tag_uris"], json!({}));
    repaired(scenario, "update", &[], &["a", "b"]).await;
}

#[tokio::test]
async fn an_image_without_its_only_tag_is_created_again() {
    let scenario = applied("").await;
    scenario.untag_by_hand(FIRST, "alpine", "3.22");
    repaired(scenario, "create", &[], &["3.22"]).await;
}

#[tokio::test]
async fn a_repository_that_somebody_deleted_is_created_again_with_its_image() {
    let scenario = applied("repository_tags = { team = \"web\" }").await;
    scenario.delete_repository_by_hand(FIRST, "alpine");
    repaired(scenario, "create", &[], &["3.22"]).await;
}

#[tokio::test]
async fn a_tag_of_the_source_that_moved_meanwhile_does_not_change_what_is_put_back() {
    let scenario = applied(&format!("{TWO_TAGS}\nfollow_source = false")).await;
    let before = scenario.at_hub("alpine", "3.22");
    let hub = scenario.sandbox.hub();
    let other = scenario.at_hub("alpine", "3.21").parse().unwrap();
    hub.move_tag("library/alpine", "3.22", &other);
    scenario.push_by_hand(FIRST, "alpine", "a");
    scenario.terraform.apply(&[]).await.succeeded();
    let tags = scenario.tags(FIRST, "alpine");
    assert!(tags.values().all(|shown| *shown == before), "{tags:?}");
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_primary_alias_that_changed_is_followed_by_the_addresses() {
    let scenario = applied("").await;
    let before = scenario.alias(FIRST);
    let account = FIRST.parse().unwrap();
    let accounts = scenario.sandbox.accounts();
    accounts
        .put_alias(&account, "acme", AliasStatus::Active)
        .unwrap();
    assert_ne!(scenario.alias(FIRST), before);
    scenario
        .terraform
        .apply(&["-refresh-only"])
        .await
        .succeeded();
    let state = scenario.terraform.attributes(IT).await;
    let digest = scenario.at_hub("alpine", "3.22");
    assert_eq!(state["registry_alias"], "acme");
    assert_eq!(state["repository_uri"], "public.ecr.aws/acme/alpine");
    let image_uri = format!("public.ecr.aws/acme/alpine@{digest}");
    assert_eq!(state["image_uri"], image_uri);
    let tag_uris = json!({ "3.22": "public.ecr.aws/acme/alpine:3.22" });
    assert_eq!(state["tag_uris"], tag_uris);
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

/// Asserts that every way of refreshing fails with these words and leaves the state file as it is;
/// afterwards, without the fault, that nothing is to be done.
async fn outage(scenario: Scenario, words: &[&str], over: impl FnOnce(&Scenario)) {
    // The default insists for minutes.
    let block = scenario.provider_with("max_retries = 2\n");
    scenario.configure_with(&block, &it(ALPINE));
    let before = scenario.terraform.read("terraform.tfstate");
    for arguments in [
        &["plan", "-input=false"][..],
        &["apply", "-input=false", "-auto-approve"],
        &["apply", "-input=false", "-auto-approve", "-refresh-only"],
        &["destroy", "-input=false", "-auto-approve"],
    ] {
        let run = scenario.terraform.run(arguments).await.failed();
        words.iter().fold(run, |run, words| run.says(words));
        assert_eq!(scenario.terraform.read("terraform.tfstate"), before);
    }
    over(&scenario);
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn an_outage_of_the_api_is_an_error_that_keeps_the_state() {
    let scenario = applied("").await;
    let fault = Fault::on(Face::Api, Effect::status(503)).always();
    let fault = scenario.sandbox.faults().add(fault);
    let words = ["Error: ", "503"];
    outage(scenario, &words, |_| fault.remove()).await;
}

#[tokio::test]
async fn a_throttled_api_is_an_error_that_keeps_the_state() {
    let scenario = applied("").await;
    let fault = Fault::on(Face::Api, Effect::throttled()).always();
    let fault = scenario.sandbox.faults().add(fault);
    let words = ["Error: ", "ThrottlingException", "Rate exceeded"];
    outage(scenario, &words, |_| fault.remove()).await;
}

#[tokio::test]
async fn a_missing_permission_is_an_error_that_keeps_the_state() {
    let scenario = applied("").await;
    scenario.publisher_may(&["ecr-public:DescribeRegistries"]);
    let words = [
        "Error: ",
        "ecr-public:DescribeImages",
        FIRST,
        "ecr-publisher",
    ];
    outage(scenario, &words, Scenario::publisher_may_publish).await;
}

#[tokio::test]
async fn a_role_that_cannot_be_assumed_is_an_error_that_keeps_the_state() {
    let scenario = applied("").await;
    let accounts = scenario.sandbox.accounts();
    let account = FIRST.parse().unwrap();
    accounts.remove_role(&account, "ecr-publisher").unwrap();
    let words = ["Error: Cannot assume IAM role", "ecr-publisher", FIRST];
    outage(scenario, &words, Scenario::publisher_may_publish).await;
}

//! Values that are known only during the apply. The plan is asked twice then, and what it stated
//! the first time has to hold the second time.

use std::collections::BTreeMap;

use serde_json::json;

use crate::support::scenario::{FIRST, IT, SECOND, Scenario, it};

/// A value that `terraform_data` passes on, unknown in the plan whenever it is new.
fn passing(input: &str) -> String {
    format!("resource \"terraform_data\" \"value\" {{\n  input = {input}\n}}\n")
}

const VALUE: &str = "terraform_data.value.output";

fn one(tag: &str, digest: String) -> BTreeMap<String, String> {
    BTreeMap::from([(tag.to_owned(), digest)])
}

#[tokio::test]
async fn an_image_of_which_nothing_is_known_in_the_plan_is_created_in_one_run() {
    let input = "{\n  source = \"alpine:3.22\", account = \"222222222222\", repository = \"base\",\n  \
                 tags = [\"a\", \"b\"], platforms = [\"linux/amd64\"], aws = { team = \"web\" } }";
    let image = it(&format!(
        "source = {VALUE}.source\naccount_id = {VALUE}.account\nrepository = {VALUE}.repository\n\
         image_tags = {VALUE}.tags\nplatforms = {VALUE}.platforms\n\
         repository_tags = {VALUE}.aws"
    ));
    let scenario = Scenario::with(&format!("{}{image}", passing(input))).await;
    let change = scenario.terraform.planned(IT).await;
    for name in ["id", "account_id", "repository", "image_tags", "tag_uris"] {
        assert_eq!(change["after_unknown"][name], true, "{name}");
    }
    scenario.terraform.apply_planned().await.succeeded();
    let tags: Vec<_> = scenario.tags(FIRST, "base").into_keys().collect();
    assert_eq!(tags, ["a", "b"]);
    assert_eq!(scenario.aws_tags(FIRST, "base")["team"], "web");
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn another_tag_of_the_source_that_is_known_late_is_copied_in_place() {
    let image = it(&format!(
        "source = \"alpine:${{{VALUE}}}\"\naccount_id = \"222222222222\""
    ));
    let scenario = Scenario::with(&format!("{}{image}", passing("\"3.21\""))).await;
    scenario.terraform.apply(&[]).await.succeeded();
    scenario.configure(&format!("{}{image}", passing("\"3.22\"")));
    let change = scenario.terraform.planned(IT).await;
    assert_eq!(change["actions"], json!(["update"]));
    assert_eq!(change["after_unknown"]["digest"], true);
    scenario.terraform.apply_planned().await.succeeded();
    let digest = scenario.at_hub("alpine", "3.22");
    assert_eq!(scenario.tags(FIRST, "alpine"), one("3.22", digest));
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_source_that_turns_out_to_be_another_repository_stops_the_run_before_anything_changes() {
    let image = it(&format!("source = {VALUE}\naccount_id = \"222222222222\""));
    let scenario = Scenario::with(&format!("{}{image}", passing("\"alpine:3.22\""))).await;
    scenario.terraform.apply(&[]).await.succeeded();
    let before = scenario.terraform.attributes(IT).await;
    let other = format!("{}{image}", passing("\"busybox:1.36\""));
    scenario.configure(&other);
    let run = scenario.terraform.apply(&[]).await.failed();
    run.says("Error: Provider produced inconsistent final plan");
    let digest = scenario.at_hub("alpine", "3.22");
    assert_eq!(scenario.tags(FIRST, "alpine"), one("3.22", digest));
    assert_eq!(scenario.terraform.attributes(IT).await, before);
    // By now the value is known, and the plan says that it is another instance.
    let change = scenario.terraform.planned(IT).await;
    assert_eq!(change["actions"], json!(["delete", "create"]));
    scenario.terraform.apply_planned().await.succeeded();
    let digest = scenario.at_hub("busybox", "1.36");
    assert_eq!(scenario.tags(FIRST, "busybox"), one("1.36", digest));
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn an_account_that_is_known_late_replaces() {
    let image = it(&format!("source = \"alpine:3.22\"\naccount_id = {VALUE}"));
    let scenario = Scenario::with(&format!("{}{image}", passing("\"222222222222\""))).await;
    scenario.terraform.apply(&[]).await.succeeded();
    scenario.configure(&format!("{}{image}", passing("\"333333333333\"")));
    let change = scenario.terraform.planned(IT).await;
    assert_eq!(change["actions"], json!(["delete", "create"]));
    scenario.terraform.apply_planned().await.succeeded();
    let digest = scenario.at_hub("alpine", "3.22");
    assert_eq!(scenario.tags(FIRST, "alpine"), BTreeMap::new());
    assert_eq!(scenario.tags(SECOND, "alpine"), one("3.22", digest));
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_role_that_is_known_late_leads_into_the_account_that_was_planned() {
    let image = it(&format!(
        "source = \"alpine:3.22\"\nassume_role = [{{ role_arn = {VALUE}, session_name = \"late\" }}]"
    ));
    let role = "\"arn:aws:iam::222222222222:role/ecr-publisher\"";
    let scenario = Scenario::with(&format!("{}{image}", passing(role))).await;
    let change = scenario.terraform.planned(IT).await;
    assert_eq!(change["after_unknown"]["account_id"], true);
    scenario.terraform.apply_planned().await.succeeded();
    let digest = scenario.at_hub("alpine", "3.22");
    assert_eq!(scenario.tags(FIRST, "alpine"), one("3.22", digest));
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_provider_block_that_is_known_late_defers_its_resources_in_the_plan_only() {
    let scenario = Scenario::with("").await;
    let block = scenario.provider_with(&format!("  sts_region = {VALUE}\n"));
    let image = it("source = \"alpine:3.22\"\naccount_id = \"222222222222\"");
    let resources = format!("{}{image}", passing("\"us-east-1\""));
    scenario.configure_with(&block, &resources);
    scenario.terraform.planned(IT).await;
    assert_eq!(scenario.sandbox.journal().entries().len(), 0);
    scenario.terraform.apply_planned().await.succeeded();
    let digest = scenario.at_hub("alpine", "3.22");
    assert_eq!(scenario.tags(FIRST, "alpine"), one("3.22", digest));
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

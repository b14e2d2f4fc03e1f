//! What destroying and cleaning up leave behind, told by the AWS CLI.

use std::collections::{BTreeMap, BTreeSet};

use ecr_public_sandbox::Digest;
use ecr_public_sandbox::store::NewRepository;
use serde_json::Value;

use super::aws_cli::{Cli, write_profiles};
use crate::support::scenario::{FIRST, IT, Scenario, it, named};

const ALPINE: &str = "source = \"alpine:latest\"\naccount_id = \"222222222222\"\n";

async fn applied(resources: &str) -> Scenario {
    let scenario = Scenario::with(resources).await;
    scenario.terraform.apply(&[]).await.succeeded();
    scenario
}

/// The manifests of a repository, each with its tags; `None` when there is no such repository.
async fn left(scenario: &Scenario, repository: &str) -> Option<BTreeMap<String, Vec<String>>> {
    let environment: BTreeMap<_, _> = scenario.sandbox.environment().into_iter().collect();
    let keys = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].map(|name| &environment[name]);
    write_profiles(&scenario.terraform, keys[0], keys[1]);
    let aws = Cli {
        sandbox: &scenario.sandbox,
        terraform: &scenario.terraform,
    };
    let found = aws.ask(&["describe-repositories"]).await;
    let mut repositories = found["repositories"].as_array().unwrap().iter();
    repositories.find(|found| found["repositoryName"] == repository)?;
    let describe = ["describe-images", "--repository-name", repository];
    let found = aws.ask(&describe).await;
    let images = found["imageDetails"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let image = |image: &Value| {
        let tags = image["imageTags"].as_array().into_iter().flatten();
        let mut tags: Vec<String> = tags.map(text).collect();
        tags.sort_unstable();
        (text(&image["imageDigest"]), tags)
    };
    Some(images.map(image).collect())
}

/// A tag of `alpine` at the Hub with everything below it, under these tags.
fn image(scenario: &Scenario, version: &str, tags: &[&str]) -> BTreeMap<String, Vec<String>> {
    let root = scenario.at_hub("alpine", version);
    let index = scenario.hub_manifest("alpine", &root);
    let children = index["manifests"].as_array().unwrap().iter();
    let mut all: BTreeMap<_, _> = children
        .map(|child| (child["digest"].as_str().unwrap().to_owned(), Vec::new()))
        .collect();
    all.insert(root, tags.iter().map(ToString::to_string).collect());
    all
}

async fn moves(scenario: &Scenario) {
    let digest: Digest = scenario.at_hub("alpine", "3.21").parse().unwrap();
    let hub = scenario.sandbox.hub();
    hub.move_tag("library/alpine", "latest", &digest);
    scenario.terraform.apply(&[]).await.succeeded();
}

#[tokio::test]
async fn destroy_leaves_an_empty_repository() {
    let scenario = applied(&it(ALPINE)).await;
    let before = left(&scenario, "alpine").await;
    assert_eq!(before, Some(image(&scenario, "3.22", &["latest"])));
    scenario.terraform.destroy().await.succeeded();
    assert_eq!(left(&scenario, "alpine").await, Some(BTreeMap::new()));
    scenario.was_clean().await;
}

#[tokio::test]
async fn keep_on_destroy_leaves_everything() {
    let scenario = applied(&it(&format!("{ALPINE}keep_on_destroy = true\n"))).await;
    scenario.terraform.destroy().await.succeeded();
    let after = left(&scenario, "alpine").await;
    assert_eq!(after, Some(image(&scenario, "3.22", &["latest"])));
    scenario.was_clean().await;
}

#[tokio::test]
async fn delete_superseded_leaves_what_the_tag_shows_now() {
    let scenario = applied(&it(ALPINE)).await;
    moves(&scenario).await;
    let mut both = image(&scenario, "3.22", &[]);
    both.extend(image(&scenario, "3.21", &["latest"]));
    assert_eq!(left(&scenario, "alpine").await, Some(both));
    scenario.configure(&it(&format!("{ALPINE}delete_superseded = true\n")));
    scenario.terraform.apply(&[]).await.succeeded();
    let after = left(&scenario, "alpine").await;
    assert_eq!(after, Some(image(&scenario, "3.21", &["latest"])));
    scenario.terraform.converged().await;
    scenario.terraform.destroy().await.succeeded();
    assert_eq!(left(&scenario, "alpine").await, Some(BTreeMap::new()));
    scenario.was_clean().await;
}

#[tokio::test]
async fn delete_repository_leaves_nothing_of_ours_and_everything_of_others() {
    let scenario = Scenario::with("").await;
    let store = scenario.sandbox.store();
    let account = FIRST.parse().unwrap();
    let theirs = store.create_repository(&account, "theirs", NewRepository::default());
    theirs.unwrap();
    let deleting = format!("{ALPINE}delete_repository = true\n");
    let other = named("other", &format!("{deleting}repository = \"theirs\"\n"));
    scenario.configure(&(it(&deleting) + &other));
    scenario.terraform.apply(&[]).await.succeeded();
    assert!(left(&scenario, "alpine").await.is_some());
    scenario.terraform.destroy().await.succeeded();
    assert_eq!(left(&scenario, "alpine").await, None);
    assert_eq!(left(&scenario, "theirs").await, Some(BTreeMap::new()));
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_tag_that_was_taken_over_by_hand_is_left() {
    let tags = "image_tags = [\"ours\", \"taken\"]\n";
    let scenario = applied(&it(&format!("{ALPINE}{tags}"))).await;
    let theirs = scenario.push_by_hand(FIRST, "alpine", "taken");
    scenario.terraform.destroy().await.succeeded();
    let expected = BTreeMap::from([(theirs, vec!["taken".to_owned()])]);
    assert_eq!(left(&scenario, "alpine").await, Some(expected));
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_replacement_that_creates_first_leaves_the_new_repository_alone() {
    let lifecycle = "delete_repository = true\nlifecycle {\n  create_before_destroy = true\n}\n";
    let scenario = applied(&it(&format!("{ALPINE}{lifecycle}"))).await;
    // In the same place, and then in another.
    let replace = format!("-replace={IT}");
    scenario.terraform.apply(&[&replace]).await.succeeded();
    let after = left(&scenario, "alpine").await;
    assert_eq!(after, Some(image(&scenario, "3.22", &["latest"])));
    let renamed = format!("{ALPINE}repository = \"base\"\n{lifecycle}");
    scenario.configure(&it(&renamed));
    scenario.terraform.apply(&[]).await.succeeded();
    assert_eq!(left(&scenario, "alpine").await, None);
    let after = left(&scenario, "base").await;
    assert_eq!(after, Some(image(&scenario, "3.22", &["latest"])));
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn an_instance_that_goes_leaves_what_others_in_its_repository_show() {
    let part = "image_tags = [\"part\"]\nplatforms = [\"linux/amd64\"]\n";
    let whole = "delete_repository = true\n";
    let rest = named("rest", &format!("{ALPINE}{part}"));
    let scenario = applied(&(it(&format!("{ALPINE}{whole}")) + &rest)).await;
    let part = scenario.tags(FIRST, "alpine")["part"].clone();
    let mut both = image(&scenario, "3.22", &["latest"]);
    both.insert(part.clone(), vec!["part".to_owned()]);
    assert_eq!(left(&scenario, "alpine").await, Some(both));
    scenario.configure(&rest);
    scenario.terraform.apply(&[]).await.succeeded();
    let after = left(&scenario, "alpine").await.unwrap();
    let digests: BTreeSet<String> = after.keys().cloned().collect();
    assert_eq!(digests, [part].into());
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

//! Nothing is left behind by those who asked for that, and nothing that others need is taken away.

use std::collections::BTreeSet;

use ecr_public_sandbox::Digest;
use ecr_public_sandbox::store::NewRepository;

use crate::support::scenario::{FIRST, IT, Scenario, it, named};

const ALPINE: &str = "source = \"alpine:latest\"\naccount_id = \"222222222222\"\n";
const CLEANING: &str = "delete_superseded = true\n";

async fn applied(resources: &str) -> Scenario {
    let scenario = Scenario::with(resources).await;
    scenario.terraform.apply(&[]).await.succeeded();
    scenario
}

/// Moves `alpine:latest` at Docker Hub, and applies.
async fn moves(scenario: &Scenario, tag: &str) {
    let digest: Digest = scenario.at_hub("alpine", tag).parse().unwrap();
    let hub = scenario.sandbox.hub();
    hub.move_tag("library/alpine", "latest", &digest);
    scenario.terraform.apply(&[]).await.succeeded();
    assert_eq!(scenario.tags(FIRST, "alpine")["latest"], digest.to_string());
}

/// An index of Docker Hub and everything that it lists.
fn family(scenario: &Scenario, tag: &str) -> BTreeSet<String> {
    let root = scenario.at_hub("alpine", tag);
    let index = scenario.hub_manifest("alpine", &root);
    let entries = index["manifests"].as_array().unwrap().iter();
    let mut all: BTreeSet<String> = entries
        .map(|entry| entry["digest"].as_str().unwrap().to_owned())
        .collect();
    all.insert(root);
    all
}

fn has_repository(scenario: &Scenario, repository: &str) -> bool {
    let store = scenario.sandbox.store();
    store
        .repository(&FIRST.parse().unwrap(), repository)
        .is_ok()
}

#[tokio::test]
async fn an_image_that_the_tag_moved_away_from_is_deleted_with_all_that_is_below_it() {
    let scenario = applied(&it(&format!("{ALPINE}{CLEANING}"))).await;
    moves(&scenario, "3.21").await;
    let left = scenario.manifests(FIRST, "alpine");
    assert_eq!(left, family(&scenario, "3.21"));
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn it_stays_unless_that_is_asked_for_and_goes_once_it_is() {
    let scenario = applied(&it(ALPINE)).await;
    let (old, new) = (family(&scenario, "3.22"), family(&scenario, "3.21"));
    moves(&scenario, "3.21").await;
    let both: BTreeSet<_> = old.union(&new).cloned().collect();
    assert_eq!(scenario.manifests(FIRST, "alpine"), both);
    scenario.terraform.converged().await;

    scenario.configure(&it(&format!("{ALPINE}{CLEANING}")));
    scenario.terraform.apply(&[]).await.succeeded();
    assert_eq!(scenario.manifests(FIRST, "alpine"), new);
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_tag_that_moves_back_takes_its_image_back() {
    let scenario = applied(&it(ALPINE)).await;
    moves(&scenario, "3.21").await;
    moves(&scenario, "3.22").await;
    scenario.configure(&it(&format!("{ALPINE}{CLEANING}")));
    scenario.terraform.apply(&[]).await.succeeded();
    let left = scenario.manifests(FIRST, "alpine");
    assert_eq!(left, family(&scenario, "3.22"));
    scenario.was_clean().await;
}

#[tokio::test]
async fn what_another_tag_or_another_index_shows_stays() {
    let part = "image_tags = [\"part\"]\nplatforms = [\"linux/amd64\"]\nfollow_source = false\n";
    let resources = it(&format!("{ALPINE}{CLEANING}")) + &named("part", &format!("{ALPINE}{part}"));
    let scenario = applied(&resources).await;
    let part = scenario.tags(FIRST, "alpine")["part"].clone();
    moves(&scenario, "3.21").await;
    let mut expected = family(&scenario, "3.21");
    expected.insert(part);
    assert_eq!(scenario.manifests(FIRST, "alpine"), expected);

    // Somebody pins what is about to be superseded.
    let pinned = scenario.at_hub("alpine", "3.21");
    scenario.tag_by_hand(FIRST, "alpine", "theirs", &pinned);
    moves(&scenario, "3.22").await;
    expected.extend(family(&scenario, "3.22"));
    assert_eq!(scenario.manifests(FIRST, "alpine"), expected);
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn destroy_takes_what_was_superseded_with_it_when_asked() {
    let scenario = applied(&it(ALPINE)).await;
    moves(&scenario, "3.21").await;
    let digest = scenario.at_hub("alpine", "3.22");
    scenario.tag_by_hand(FIRST, "alpine", "theirs", &digest);
    scenario.configure(&it(&format!("{ALPINE}{CLEANING}")));
    scenario.terraform.apply(&[]).await.succeeded();
    // It was in use, and is not any more.
    let theirs = scenario.push_by_hand(FIRST, "alpine", "theirs");
    scenario.terraform.destroy().await.succeeded();
    assert_eq!(scenario.manifests(FIRST, "alpine"), [theirs].into());
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_repository_of_ours_goes_with_the_last_image() {
    let deleting = format!("{ALPINE}delete_repository = true\n");
    let other = named("other", &format!("{deleting}image_tags = [\"other\"]\n"));
    let scenario = applied(&(it(&deleting) + &other)).await;
    scenario.configure(&it(&deleting));
    let run = scenario.terraform.apply(&[]).await.succeeded();
    assert!(!run.text.contains("Warning"), "{}", run.text);
    assert!(has_repository(&scenario, "alpine"));
    let run = scenario.terraform.destroy().await.succeeded();
    assert!(!run.text.contains("Warning"), "{}", run.text);
    assert!(!has_repository(&scenario, "alpine"));
    scenario.was_clean().await;
}

#[tokio::test]
async fn instances_that_go_together_take_their_repository_with_them() {
    let deleting = format!("{ALPINE}delete_repository = true\n");
    let instances = (0..5).map(|number| {
        let tags = format!("image_tags = [\"t{number}\"]\n");
        named(&format!("n{number}"), &format!("{deleting}{tags}"))
    });
    let scenario = applied(&instances.collect::<String>()).await;
    let run = scenario.terraform.destroy().await.succeeded();
    assert!(!run.text.contains("Warning"), "{}", run.text);
    assert!(!has_repository(&scenario, "alpine"));
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_repository_of_others_is_never_deleted() {
    let scenario = Scenario::with("").await;
    let store = scenario.sandbox.store();
    let account = FIRST.parse().unwrap();
    store
        .create_repository(&account, "alpine", NewRepository::default())
        .unwrap();
    scenario.configure(&it(&format!("{ALPINE}delete_repository = true\n")));
    scenario.terraform.apply(&[]).await.succeeded();
    let run = scenario.terraform.destroy().await.succeeded();
    run.says("Warning: Repository left in place")
        .says("This provider did not create it.");
    assert!(has_repository(&scenario, "alpine"));
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_repository_with_something_left_in_it_stays_and_says_so() {
    let scenario = applied(&it(&format!("{ALPINE}delete_repository = true\n"))).await;
    moves(&scenario, "3.21").await;
    let run = scenario.terraform.destroy().await.succeeded();
    run.says("Warning: Repository left in place")
        .says("Images without tags are left in it.");
    let left = scenario.manifests(FIRST, "alpine");
    assert_eq!(left, family(&scenario, "3.22"));
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_repository_that_an_instance_of_the_same_run_goes_into_stays() {
    let deleting = format!("{ALPINE}delete_repository = true\n");
    let scenario = applied(&it(&deleting)).await;
    scenario.configure(&named(
        "other",
        &format!("{deleting}image_tags = [\"other\"]\n"),
    ));
    scenario.terraform.apply(&[]).await.succeeded();
    let left = scenario.manifests(FIRST, "alpine");
    assert_eq!(left, family(&scenario, "3.22"));
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_repository_that_may_not_be_deleted_is_a_warning() {
    let scenario = applied(&it(&format!("{ALPINE}delete_repository = true\n"))).await;
    scenario.publisher_may(&[
        "ecr-public:DescribeImages",
        "ecr-public:DescribeRegistries",
        "ecr-public:DescribeRepositories",
        "ecr-public:BatchDeleteImage",
        "ecr-public:GetAuthorizationToken",
        "sts:GetServiceBearerToken",
        "ecr-public:ListTagsForResource",
    ]);
    let run = scenario.terraform.destroy().await.succeeded();
    run.says("Warning: Repository left in place")
        .says("ecr-public:DeleteRepository");
    assert!(
        scenario.terraform.state()["resources"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    scenario.was_clean().await;
}

#[tokio::test]
async fn keeping_the_image_and_deleting_the_repository_contradict_each_other() {
    let both = "keep_on_destroy = true\ndelete_repository = true\n";
    let scenario = Scenario::with(&it(&format!("{ALPINE}{both}"))).await;
    let run = scenario.terraform.plan().await.failed();
    run.says("Error: Repository cannot be deleted").says(IT);
    scenario.was_clean().await;
}

//! What the published page of the resource says a behaviour costs, counted.

use std::collections::BTreeMap;

use ecr_public_sandbox::{Digest, Entry, Face};

use crate::support::scenario::{Scenario, it};
use crate::support::tables;

/// An index with three images and three attestations below it. Official images count here.
const ALPINE: &str = "source = \"alpine:latest\"\naccount_id = \"222222222222\"\n";

#[test]
fn every_price_is_counted_by_a_test() {
    let rows = tables::rows("src/manual/prices.rs");
    assert!(rows.len() > 8, "{} rows", rows.len());
    for row in rows {
        row.is_held();
    }
}

async fn applied(arguments: &str) -> Scenario {
    let scenario = Scenario::with("").await;
    let block = scenario.provider_with("  prefer_mirrors = false\n");
    scenario.configure_with(&block, &it(&format!("{ALPINE}{arguments}")));
    scenario.terraform.apply(&[]).await.succeeded();
    scenario
}

/// Moves the tag at Docker Hub, plans, and forgets what that has cost.
async fn moved(scenario: &Scenario) {
    let digest: Digest = scenario.at_hub("alpine", "3.21").parse().unwrap();
    let hub = scenario.sandbox.hub();
    hub.move_tag("library/alpine", "latest", &digest);
    scenario.terraform.save_plan(&[]).await.succeeded();
    scenario.sandbox.journal().clear();
}

/// Requests for content at Docker Hub and ECR Public, and calls of AWS.
fn bill(scenario: &Scenario) -> BTreeMap<String, usize> {
    let mut bill = BTreeMap::new();
    let entries = scenario.sandbox.journal().entries();
    for entry in entries.iter().filter(|entry| entry.status != Some(401)) {
        if let Some(kind) = kind(entry) {
            *bill.entry(kind).or_default() += 1;
        }
    }
    bill
}

fn kind(entry: &Entry) -> Option<String> {
    let what = ["manifests", "blobs"];
    let what = what
        .iter()
        .find(|part| entry.path.contains(&format!("/{part}/")));
    match entry.face {
        Face::Hub => Some(format!("Hub {} {}", entry.method, what?)),
        Face::Registry => Some(format!("ECR {} {}", entry.method, what?)),
        Face::Api => entry.operation.clone(),
        _ => None,
    }
}

/// What the first bill has more of than the second.
fn difference(
    more: &BTreeMap<String, usize>,
    less: &BTreeMap<String, usize>,
) -> BTreeMap<String, usize> {
    let count = |kind: &String| less.get(kind).copied().unwrap_or_default();
    let differences = more
        .iter()
        .map(|(kind, more)| (kind.clone(), more - count(kind)));
    differences.filter(|(_, more)| *more > 0).collect()
}

fn calls<const N: usize>(calls: [(&str, usize); N]) -> BTreeMap<String, usize> {
    calls.map(|(kind, times)| (kind.to_owned(), times)).into()
}

#[tokio::test]
async fn one_platform_is_two_pulls() {
    let scenario = applied("platforms = [\"linux/amd64\"]\n").await;
    assert_eq!(scenario.sandbox.hub().pulls(), 2);
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_tag_that_moved_costs_what_is_new() {
    let scenario = applied("").await;
    let before = scenario.sandbox.hub().pulls();
    moved(&scenario).await;
    scenario.terraform.apply_planned().await.succeeded();
    assert_eq!(scenario.sandbox.hub().pulls() - before, 1 + 6);
    let bill = bill(&scenario);
    assert_eq!(
        (bill["Hub HEAD manifests"], bill["Hub GET manifests"]),
        (1, 1 + 6)
    );
    scenario.was_clean().await;
}

#[tokio::test]
async fn cleaning_up_costs_a_few_calls() {
    let mut bills = Vec::new();
    for arguments in ["", "delete_superseded = true\n"] {
        let scenario = applied(arguments).await;
        moved(&scenario).await;
        scenario.terraform.apply_planned().await.succeeded();
        bills.push(bill(&scenario));
        scenario.was_clean().await;
    }
    let more = difference(&bills[1], &bills[0]);
    let expected = [
        ("BatchDeleteImage", 2),
        ("DescribeImages", 3),
        ("ECR GET manifests", 1),
    ];
    assert_eq!(more, calls(expected));
}

#[tokio::test]
async fn a_destroy_costs_a_few_calls_and_its_repository_three_more() {
    let mut bills = Vec::new();
    for arguments in ["", "delete_repository = true\n"] {
        let scenario = applied(arguments).await;
        scenario
            .terraform
            .save_plan(&["-destroy"])
            .await
            .succeeded();
        scenario.sandbox.journal().clear();
        scenario.terraform.apply_planned().await.succeeded();
        bills.push(bill(&scenario));
        scenario.was_clean().await;
    }
    let destroy = [
        ("GetAuthorizationToken", 1),
        ("BatchDeleteImage", 2),
        ("DescribeImages", 2),
        ("ECR GET manifests", 1),
    ];
    assert_eq!(bills[0], calls(destroy));
    let repository = [
        ("DescribeRepositories", 1),
        ("ListTagsForResource", 1),
        ("DeleteRepository", 1),
    ];
    assert_eq!(difference(&bills[1], &bills[0]), calls(repository));
}

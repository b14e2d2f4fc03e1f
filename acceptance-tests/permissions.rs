//! The permissions that the published page lists: no more and no less.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use ecr_public_sandbox::{Entry, Face};

use crate::support::scenario::{FIRST, IT, Scenario, it};

/// Everything that the provider can do to an account: create, tag, change, replace, destroy.
#[tokio::test]
async fn the_permissions_that_are_listed_are_enough_and_all_of_them_are_used() {
    let with = |more: &str| it(&format!("account_id = \"{FIRST}\"\n{more}"));
    let scenario = Scenario::with("").await;
    let listed = listed();
    scenario.publisher_may(&listed.iter().map(String::as_str).collect::<Vec<_>>());
    for more in [
        "source = \"alpine:3.22\"\nrepository_tags = { team = \"web\", stage = \"live\" }",
        "source = \"alpine:3.22\"\nrepository_tags = { team = \"ops\" }",
        "source = \"alpine:3.21\"\nrepository_tags = { team = \"ops\" }",
    ] {
        scenario.configure(&with(more));
        scenario.terraform.apply(&[]).await.succeeded();
        scenario.terraform.converged().await;
    }
    // Another instance does not remember that the repository is ours, and has to ask.
    let replace = format!("-replace={IT}");
    scenario.terraform.apply(&[&replace]).await.succeeded();
    scenario.configure(&with("source = \"alpine:3.21\"\ndelete_repository = true"));
    scenario.terraform.apply(&[]).await.succeeded();
    scenario.terraform.destroy().await.succeeded();
    let store = scenario.sandbox.store();
    let left = store.repository(&FIRST.parse().unwrap(), "alpine");
    assert!(left.is_err(), "{left:?}");

    // Uploads go over the registry, and a login takes a permission of another service.
    let by_the_registry = [
        "ecr-public:CompleteLayerUpload",
        "ecr-public:InitiateLayerUpload",
        "ecr-public:PutImage",
        "ecr-public:UploadLayerPart",
        "sts:GetServiceBearerToken",
    ];
    let mut used: BTreeSet<String> = by_the_registry.map(str::to_owned).into();
    let is_call = |entry: &Entry| entry.face == Face::Api;
    let calls = scenario.sandbox.journal().select(is_call).into_iter();
    used.extend(calls.filter_map(|entry| Some(format!("ecr-public:{}", entry.operation?))));
    assert_eq!(used, listed);
    scenario.was_clean().await;
}

/// The actions in the table of the page.
pub(crate) fn listed() -> BTreeSet<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/index.md");
    let page = fs::read_to_string(page).unwrap();
    let table = page.split("## Permissions").nth(1).unwrap();
    let table = table.split("\n## ").next().unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| "));
    let quoted = rows.flat_map(|row| row.split('`').skip(1).step_by(2));
    let actions = quoted.filter(|quoted| quoted.contains(':'));
    actions.map(str::to_owned).collect()
}

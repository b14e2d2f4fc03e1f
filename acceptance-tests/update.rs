//! Changes in place, and those that need another instance.

use std::collections::BTreeMap;

use ecr_public_sandbox::accounts::RoleSeed;
use ecr_public_sandbox::policy::PolicyDocument;
use ecr_public_sandbox::{Effect, Face, Fault, Seed};
use serde_json::json;

use crate::support::scenario::{FIRST, IT, SECOND, Scenario, it};

const UPDATE: [&str; 1] = ["update"];
const REPLACE: [&str; 2] = ["delete", "create"];

fn alpine(more: &str) -> String {
    it(&format!(
        "source = \"alpine:3.22\"\naccount_id = \"222222222222\"\n{more}"
    ))
}

fn tags<const N: usize>(tags: [&str; N], digest: &str) -> BTreeMap<String, String> {
    let tags = tags.into_iter();
    tags.map(|tag| (tag.to_owned(), digest.to_owned()))
        .collect()
}

/// Plans another configuration, asserts which actions that takes, and applies the plan.
async fn changes(scenario: &Scenario, resources: &str, actions: &[&str]) {
    scenario.configure(resources);
    let change = scenario.terraform.planned(IT).await;
    assert_eq!(change["actions"], json!(actions));
    scenario.terraform.apply_planned().await.succeeded();
    scenario.terraform.converged().await;
}

#[tokio::test]
async fn tags_are_added_renamed_and_removed_in_place() {
    let scenario = Scenario::with(&alpine("")).await;
    scenario.terraform.apply(&[]).await.succeeded();
    let digest = scenario.at_hub("alpine", "3.22");
    for wanted in [&["3.22", "stable"][..], &["3", "stable"], &["stable"]] {
        changes(
            &scenario,
            &alpine(&format!("image_tags = {wanted:?}")),
            &UPDATE,
        )
        .await;
        let found = scenario.tags(FIRST, "alpine");
        assert_eq!(found.keys().collect::<Vec<_>>(), wanted);
        assert!(found.values().all(|shown| *shown == digest));
        let state = scenario.terraform.attributes(IT).await;
        // Of the instance, not of its tags.
        assert_eq!(state["id"], "222222222222/alpine:3.22");
        assert_eq!(state["tag_uris"].as_object().unwrap().len(), wanted.len());
    }
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_tag_that_is_not_wanted_any_more_stays_when_somebody_has_moved_it() {
    let scenario = Scenario::with(&alpine("image_tags = [\"a\", \"b\", \"c\"]")).await;
    scenario.terraform.apply(&[]).await.succeeded();
    // Before the refresh sees it, and while the refresh does not look.
    let theirs = scenario.push_by_hand(FIRST, "alpine", "b");
    scenario.configure(&alpine("image_tags = [\"a\", \"c\"]"));
    scenario.terraform.apply(&[]).await.succeeded();
    assert_eq!(scenario.tags(FIRST, "alpine")["b"], theirs);
    scenario.terraform.converged().await;
    let theirs = scenario.push_by_hand(FIRST, "alpine", "c");
    scenario.configure(&alpine("image_tags = [\"a\"]"));
    scenario
        .terraform
        .apply(&["-refresh=false"])
        .await
        .succeeded();
    assert_eq!(scenario.tags(FIRST, "alpine")["c"], theirs);
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn an_added_tag_that_is_somebody_elses_is_an_error_that_keeps_the_state() {
    let scenario = Scenario::with(&alpine("")).await;
    scenario.terraform.apply(&[]).await.succeeded();
    let theirs = scenario.push_by_hand(FIRST, "alpine", "stable");
    let before = scenario.terraform.attributes(IT).await;
    scenario.configure(&alpine("image_tags = [\"3.22\", \"stable\"]"));
    let run = scenario.terraform.apply(&[]).await.failed();
    run.says("Error: Tag shows another image").says(&theirs);
    assert_eq!(scenario.tags(FIRST, "alpine")["stable"], theirs);
    assert_eq!(scenario.terraform.attributes(IT).await, before);
    scenario.configure(&alpine(""));
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn an_added_tag_that_is_somebody_elses_stops_another_image_before_any_tag_moves() {
    let scenario = Scenario::with(&alpine("image_tags = [\"live\"]")).await;
    scenario.terraform.apply(&[]).await.succeeded();
    let theirs = scenario.push_by_hand(FIRST, "alpine", "stable");
    let before = scenario.terraform.attributes(IT).await;
    let older = alpine("image_tags = [\"live\", \"stable\"]").replace("3.22", "3.21");
    scenario.configure(&older);
    scenario.sandbox.journal().clear();
    let run = scenario.terraform.apply(&[]).await.failed();
    run.says("Error: Tag shows another image")
        .says(&theirs)
        .says("Nothing was changed.");
    assert_eq!(scenario.writes(), [""; 0]);
    let live = scenario.at_hub("alpine", "3.22");
    assert_eq!(scenario.tags(FIRST, "alpine")["live"], live);
    assert_eq!(scenario.terraform.attributes(IT).await, before);
    scenario.configure(&alpine("image_tags = [\"live\"]"));
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn another_tag_of_the_source_is_copied_in_place() {
    let scenario = Scenario::with(&alpine("image_tags = [\"live\"]")).await;
    scenario.terraform.apply(&[]).await.succeeded();
    let older = "source = \"alpine:3.21\"\naccount_id = \"222222222222\"";
    changes(
        &scenario,
        &it(&format!("{older}\nimage_tags = [\"live\"]")),
        &UPDATE,
    )
    .await;
    let digest = scenario.at_hub("alpine", "3.21");
    assert_eq!(scenario.tags(FIRST, "alpine"), tags(["live"], &digest));
    assert_eq!(scenario.terraform.attributes(IT).await["digest"], *digest);
    // Without tags of its own the image has that of the source, in place of the one before.
    changes(&scenario, &it(older), &UPDATE).await;
    assert_eq!(scenario.tags(FIRST, "alpine"), tags(["3.21"], &digest));
    let back = scenario.at_hub("alpine", "3.22");
    changes(&scenario, &alpine(""), &UPDATE).await;
    assert_eq!(scenario.tags(FIRST, "alpine"), tags(["3.22"], &back));
    // The image of before went with its last tag, and so did what was below it.
    let index = scenario.manifest(FIRST, "alpine", &back);
    let below = index["manifests"].as_array().unwrap().len();
    assert_eq!(scenario.manifests(FIRST, "alpine").len(), below + 1);
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_new_digest_in_the_source_is_known_in_the_plan_and_copied_in_place() {
    let scenario = Scenario::with("").await;
    let pinned = |digest: &str| {
        it(&format!(
            "source = \"alpine@{digest}\"\naccount_id = \"222222222222\"\nimage_tags = [\"live\"]"
        ))
    };
    scenario.configure(&pinned(&scenario.at_hub("alpine", "3.21")));
    scenario.terraform.apply(&[]).await.succeeded();
    let digest = scenario.at_hub("alpine", "3.22");
    scenario.configure(&pinned(&digest));
    let change = scenario.terraform.planned(IT).await;
    let uri = format!("public.ecr.aws/{}/alpine@{digest}", scenario.alias(FIRST));
    assert_eq!(change["after"]["digest"], *digest);
    assert_eq!(change["after"]["image_uri"], uri);
    changes(&scenario, &pinned(&digest), &UPDATE).await;
    assert_eq!(scenario.tags(FIRST, "alpine"), tags(["live"], &digest));
    scenario.was_clean().await;
}

#[tokio::test]
async fn an_update_that_moved_only_some_tags_says_so_and_the_next_one_completes() {
    let with = |source: &str| {
        it(&format!(
            "source = \"alpine:{source}\"\naccount_id = \"222222222222\"\n\
             image_tags = [\"a\", \"b\"]"
        ))
    };
    let scenario = Scenario::with(&with("3.21")).await;
    scenario.terraform.apply(&[]).await.succeeded();
    let (older, newer) = (
        scenario.at_hub("alpine", "3.21"),
        scenario.at_hub("alpine", "3.22"),
    );
    let lost = Fault::on(Face::Registry, Effect::status(403)).method("PUT");
    let lost = lost.path("/manifests/b").always();
    let lost = scenario.sandbox.faults().add(lost);
    scenario.configure(&with("3.22"));
    let run = scenario.terraform.apply(&[]).await.failed();
    run.says("These tags were set before and show the new image: `a`.");
    let shown = scenario.tags(FIRST, "alpine");
    assert_eq!((&shown["a"], &shown["b"]), (&newer, &older));
    let state = scenario.terraform.attributes(IT).await;
    assert_eq!(state["digest"], *newer);
    assert_eq!(state["image_tags"], json!(["a"]));

    lost.remove();
    changes(&scenario, &with("3.22"), &UPDATE).await;
    assert_eq!(scenario.tags(FIRST, "alpine"), tags(["a", "b"], &newer));
    scenario.was_clean().await;
}

#[tokio::test]
async fn another_path_into_the_account_moves_nothing_and_another_account_replaces() {
    let scenario = Scenario::seeded(with_another_role(), "").await;
    let through = |role: &str| {
        it(&format!(
            "source = \"alpine:3.22\"\nassume_role = [{{ role_arn = \"arn:aws:iam::{role}\" }}]"
        ))
    };
    scenario.configure(&through("222222222222:role/ecr-publisher"));
    scenario.terraform.apply(&[]).await.succeeded();
    scenario.sandbox.journal().clear();
    changes(&scenario, &through("222222222222:role/renamed"), &UPDATE).await;
    assert_eq!(scenario.writes(), [""; 0]);
    assert_eq!(scenario.reads(), [""; 0]);
    // Refresh and destroy go the new way.
    let publisher = "ecr-publisher";
    let account = FIRST.parse().unwrap();
    let accounts = scenario.sandbox.accounts();
    accounts.remove_role(&account, publisher).unwrap();
    scenario.terraform.converged().await;

    let elsewhere = through("333333333333:role/ecr-publisher");
    changes(&scenario, &elsewhere, &REPLACE).await;
    let digest = scenario.at_hub("alpine", "3.22");
    assert_eq!(scenario.tags(FIRST, "alpine"), BTreeMap::new());
    assert_eq!(scenario.tags(SECOND, "alpine"), tags(["3.22"], &digest));
    scenario.was_clean().await;
}

/// The demo, in which a second role of the first account may publish.
fn with_another_role() -> Seed {
    let mut seed = Seed::demo();
    let trust = PolicyDocument::trust(&["arn:aws:iam::111111111111:role/tooling"]);
    let publish = ["ecr-public:*", "sts:GetServiceBearerToken"];
    let role =
        RoleSeed::new("renamed", trust).policy(PolicyDocument::allow(&publish, "*").unwrap());
    for account in &mut seed.accounts {
        if account.id.as_str() == FIRST {
            account.roles.push(role.clone());
        }
        // The tooling role may become any role.
        for role in &mut account.roles {
            if role.name == "tooling" {
                let assume = ["sts:AssumeRole", "sts:TagSession"];
                let policy = PolicyDocument::allow(&assume, "arn:aws:iam::*:role/*");
                *role = role.clone().policy(policy.unwrap());
            }
        }
    }
    seed
}

#[tokio::test]
async fn another_repository_or_account_replaces_and_leaves_nothing_behind() {
    let scenario = Scenario::with(&alpine("")).await;
    scenario.terraform.apply(&[]).await.succeeded();
    let digest = scenario.at_hub("alpine", "3.22");
    let renamed = alpine("repository = \"base/alpine\"");
    changes(&scenario, &renamed, &REPLACE).await;
    assert_eq!(scenario.tags(FIRST, "base/alpine"), tags(["3.22"], &digest));
    assert_eq!(scenario.manifests(FIRST, "alpine"), [].into());
    let moved = renamed.replace(FIRST, SECOND);
    changes(&scenario, &moved, &REPLACE).await;
    assert_eq!(
        scenario.tags(SECOND, "base/alpine"),
        tags(["3.22"], &digest)
    );
    assert_eq!(scenario.manifests(FIRST, "base/alpine"), [].into());
    scenario.was_clean().await;
}

#[tokio::test]
async fn aws_tags_of_a_repository_that_is_ours_change_in_place() {
    let with = |tags: &str| alpine(&format!("repository_tags = {{ {tags} }}"));
    let scenario = Scenario::with(&with("team = \"web\", stage = \"live\"")).await;
    scenario.terraform.apply(&[]).await.succeeded();
    scenario.sandbox.journal().clear();
    changes(&scenario, &with("team = \"ops\""), &UPDATE).await;
    let found = scenario.aws_tags(FIRST, "alpine");
    let ours = "terraform-provider-ecrpublic";
    let expected = [("ecrpublic:created-by", ours), ("team", "ops")];
    let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(found, expected.into());
    let writes = scenario.writes();
    assert!(
        writes.iter().all(|write| write.contains("agResource")),
        "{writes:?}"
    );

    // The repository stays ours when the instance is another one.
    let replace = format!("-replace={IT}");
    scenario.terraform.apply(&[&replace]).await.succeeded();
    changes(&scenario, &with("team = \"web\""), &UPDATE).await;
    assert_eq!(scenario.aws_tags(FIRST, "alpine")["team"], "web");
    scenario.was_clean().await;
}

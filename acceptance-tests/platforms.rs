//! The whole image, one platform of it, or several.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::support::scenario::{FIRST, IT, SECOND, Scenario, it, named};

fn alpine(account: &str, platforms: &str) -> String {
    format!("source = \"alpine:3.22\"\naccount_id = \"{account}\"\nplatforms = {platforms}\n")
}

/// The entries of an index that are this platform's image and its attestation.
fn entries<'i>(index: &'i Value, architecture: &str) -> Vec<&'i Value> {
    let all = index["manifests"].as_array().unwrap();
    let image = all
        .iter()
        .find(|entry| entry["platform"]["architecture"] == architecture)
        .unwrap();
    let about =
        |entry: &&Value| entry["annotations"]["vnd.docker.reference.digest"] == image["digest"];
    let mut found = vec![image];
    found.extend(all.iter().filter(about));
    assert_eq!(found.len(), 2, "the image and its attestation");
    found
}

#[tokio::test]
async fn one_platform_is_the_image_of_that_platform_by_itself() {
    let scenario = Scenario::with(&it(&alpine(FIRST, "[\"linux/amd64\"]"))).await;
    scenario.terraform.apply(&[]).await.succeeded();
    let source = scenario.at_hub("alpine", "3.22");
    let index = scenario.hub_manifest("alpine", &source);
    let digest = entries(&index, "amd64")[0]["digest"].as_str().unwrap();
    assert_eq!(scenario.tags(FIRST, "alpine")["3.22"], digest);
    assert_eq!(
        scenario.manifests(FIRST, "alpine"),
        [digest.to_owned()].into()
    );
    let state = scenario.terraform.attributes(IT).await;
    assert_eq!(state["digest"], digest);
    assert_eq!(state["source_digest"], *source);
    assert_eq!(state["images"], json!({ "linux/amd64": digest }));
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn several_platforms_are_the_same_new_index_everywhere_with_their_attestations() {
    let first = named(
        "it",
        &alpine(FIRST, "[\"linux/arm64/v8\", \"linux/amd64\"]"),
    );
    let second = named(
        "other",
        &alpine(SECOND, "[\"linux/amd64\", \"linux/arm64/v8\"]"),
    );
    let scenario = Scenario::with(&first).await;
    scenario.terraform.apply(&[]).await.succeeded();
    // In a process of its own, and with the platforms in another order.
    scenario.configure(&format!("{first}{second}"));
    scenario.terraform.apply(&[]).await.succeeded();

    let source = scenario.at_hub("alpine", "3.22");
    let tags = scenario.tags(FIRST, "alpine");
    assert_eq!(tags, scenario.tags(SECOND, "alpine"));
    let digest = tags["3.22"].clone();
    assert_ne!(digest, source);
    let whole = scenario.hub_manifest("alpine", &source);
    let chosen = scenario.manifest(FIRST, "alpine", &digest);
    let mut expected = entries(&whole, "amd64");
    expected.extend(entries(&whole, "arm64"));
    let digests = |entries: Vec<&Value>| -> BTreeSet<String> {
        let digests = entries.into_iter().map(|entry| entry["digest"].as_str());
        digests.map(|digest| digest.unwrap().to_owned()).collect()
    };
    let listed = chosen["manifests"].as_array().unwrap().iter().collect();
    assert_eq!(digests(listed), digests(expected.clone()));
    let mut stored = digests(expected);
    stored.insert(digest.clone());
    assert_eq!(scenario.manifests(FIRST, "alpine"), stored);
    let state = scenario.terraform.attributes(IT).await;
    assert_eq!(state["digest"], *digest);
    assert_eq!(state["source_digest"], *source);
    let platforms: Vec<_> = state["images"].as_object().unwrap().keys().collect();
    assert_eq!(platforms, ["linux/amd64", "linux/arm64/v8"]);
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_choice_of_platforms_changes_in_place() {
    let scenario = Scenario::with(&it(&alpine(FIRST, "null"))).await;
    scenario.terraform.apply(&[]).await.succeeded();
    let source = scenario.at_hub("alpine", "3.22");
    for platforms in ["[\"linux/amd64\"]", "[\"linux/amd64\", \"linux/arm/v7\"]"] {
        scenario.configure(&it(&alpine(FIRST, platforms)));
        let change = scenario.terraform.planned(IT).await;
        assert_eq!(change["actions"], json!(["update"]));
        assert_eq!(change["after_unknown"]["digest"], true);
        scenario.terraform.apply_planned().await.succeeded();
        let state = scenario.terraform.attributes(IT).await;
        let expected = state["digest"].as_str().unwrap().to_owned();
        assert_ne!(expected, source);
        let expected = BTreeMap::from([("3.22".to_owned(), expected)]);
        assert_eq!(scenario.tags(FIRST, "alpine"), expected);
        scenario.terraform.converged().await;
    }
    scenario.configure(&it(&alpine(FIRST, "null")));
    scenario.terraform.apply(&[]).await.succeeded();
    assert_eq!(scenario.tags(FIRST, "alpine")["3.22"], source);
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_platform_that_the_image_does_not_have_is_named_with_those_it_has() {
    let scenario = Scenario::with(&it(&alpine(FIRST, "[\"linux/s390x\"]"))).await;
    let run = scenario.terraform.apply(&[]).await.failed();
    run.says("Error: Platform not in the image").says(
        "`docker.io/library/alpine:3.22` has no image for `linux/s390x`. It has `linux/amd64`, \
         `linux/arm64/v8`, `linux/arm/v7`.",
    );
    assert_eq!(scenario.terraform.attributes(IT).await, Value::Null);
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_moved_tag_gets_the_same_choice_of_platforms_back() {
    let chosen = it(&alpine(FIRST, "[\"linux/amd64\", \"linux/arm/v7\"]"));
    let scenario = Scenario::with(&chosen).await;
    scenario.terraform.apply(&[]).await.succeeded();
    let before = scenario.tags(FIRST, "alpine");
    scenario.push_by_hand(FIRST, "alpine", "3.22");
    let change = scenario.terraform.planned(IT).await;
    assert_eq!(change["after"]["digest"], before["3.22"]);
    scenario.terraform.apply_planned().await.succeeded();
    assert_eq!(scenario.tags(FIRST, "alpine"), before);
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

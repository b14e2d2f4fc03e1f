//! The first apply: what arrives, what is known before and afterwards, and whose tags it respects.

use std::collections::BTreeMap;

use ecr_public_sandbox::{EcrSeed, Face, Seed};
use serde_json::{Value, json};

use crate::support::scenario::{FIRST, IT, SECOND, Scenario, it};

const ALPINE: &str = "source     = \"alpine:3.22\"\naccount_id = \"222222222222\"\n";

/// The repository is there, and nothing says that it is ours.
fn somebody_elses() -> Seed {
    Seed {
        repositories: vec![EcrSeed {
            account: FIRST.parse().unwrap(),
            name: "alpine".to_owned(),
        }],
        ..Seed::demo()
    }
}

#[tokio::test]
async fn an_image_arrives_byte_for_byte_and_the_plan_is_empty_afterwards() {
    let scenario = Scenario::with(&it(ALPINE)).await;
    scenario.terraform.apply(&[]).await.succeeded();
    let tags = scenario.tags(FIRST, "alpine");
    assert_eq!(tags["3.22"], scenario.at_hub("alpine", "3.22"));
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn plans_spend_no_pull() {
    let scenario = Scenario::with(&it(ALPINE)).await;
    scenario.terraform.plan().await.succeeded();
    assert_eq!(scenario.sandbox.hub().pulls(), 0);
    scenario.terraform.apply(&[]).await.succeeded();
    let spent = scenario.sandbox.hub().pulls();
    assert!(spent > 0);
    scenario.terraform.converged().await;
    assert_eq!(scenario.sandbox.hub().pulls(), spent);
    scenario.was_clean().await;
}

#[tokio::test]
async fn what_is_computed_is_what_the_registries_have() {
    let scenario = Scenario::with(&it(ALPINE)).await;
    scenario.terraform.apply(&[]).await.succeeded();
    let state = scenario.terraform.attributes(IT).await;

    let digest = scenario.at_hub("alpine", "3.22");
    let uri = format!("public.ecr.aws/{}/alpine", scenario.alias(FIRST));
    let index = scenario.hub_manifest("alpine", &digest);
    let expected = json!({
        "id": "222222222222/alpine:3.22",
        "repository": "alpine",
        "image_tags": ["3.22"],
        "digest": digest,
        "source_digest": digest,
        "media_type": index["mediaType"],
        "size_bytes": size_of(&scenario, &index),
        "images": images_of(&index),
        "repository_arn": "arn:aws:ecr-public::222222222222:repository/alpine",
        "repository_uri": uri,
        "registry_alias": scenario.alias(FIRST),
        "image_uri": format!("{uri}@{digest}"),
        "tag_uris": { "3.22": format!("{uri}:3.22") },
        "create_repository": true,
        "overwrite": false,
        "keep_on_destroy": false,
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&state[name], value, "{name}");
    }
    scenario.was_clean().await;
}

/// Every distinct layer and configuration once, those of attestations included.
fn size_of(scenario: &Scenario, index: &Value) -> u64 {
    let mut sizes = BTreeMap::new();
    for child in index["manifests"].as_array().unwrap() {
        let manifest = scenario.hub_manifest("alpine", child["digest"].as_str().unwrap());
        let layers = manifest["layers"].as_array().unwrap();
        for blob in layers.iter().chain([&manifest["config"]]) {
            sizes.insert(blob["digest"].to_string(), blob["size"].as_u64().unwrap());
        }
    }
    sizes.values().sum()
}

/// Platform by platform, the digest in the index.
fn images_of(index: &Value) -> BTreeMap<String, Value> {
    let children = index["manifests"].as_array().unwrap().iter();
    let images = children.filter_map(|child| {
        let part = |name: &str| child["platform"][name].as_str();
        let mut parts = vec![part("os")?, part("architecture")?];
        parts.extend(part("variant"));
        let platform = parts.join("/");
        (platform != "unknown/unknown").then(|| (platform, child["digest"].clone()))
    });
    images.collect()
}

#[tokio::test]
async fn the_plan_knows_what_does_not_depend_on_anybodys_answer() {
    let scenario = Scenario::with(&it(ALPINE)).await;
    let change = scenario.terraform.planned(IT).await;
    assert_eq!(change["actions"], json!(["create"]));
    let after = &change["after"];
    assert_eq!(after["id"], "222222222222/alpine:3.22");
    assert_eq!(after["repository"], "alpine");
    assert_eq!(after["image_tags"], json!(["3.22"]));
    let arn = "arn:aws:ecr-public::222222222222:repository/alpine";
    assert_eq!(after["repository_arn"], arn);
    let open = &change["after_unknown"];
    for name in ["digest", "source_digest", "image_uri", "size_bytes"] {
        assert_eq!(open[name], true, "{name}");
    }
    assert_eq!(open["tag_uris"], json!({ "3.22": true }));
    scenario.terraform.apply_planned().await.succeeded();
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_source_by_digest_makes_the_digest_known_in_the_plan() {
    let scenario = Scenario::with("").await;
    let digest = scenario.at_hub("alpine", "3.21");
    // The tag goes elsewhere; the digest decides.
    let source = format!("source = \"alpine:3.22@{digest}\"\naccount_id = \"222222222222\"");
    scenario.configure(&it(&source));
    let change = scenario.terraform.planned(IT).await;
    assert_eq!(change["after"]["digest"], *digest);
    assert_eq!(change["after"]["source_digest"], *digest);
    scenario.terraform.apply_planned().await.succeeded();
    let expected = BTreeMap::from([("3.22".to_owned(), digest)]);
    assert_eq!(scenario.tags(FIRST, "alpine"), expected);
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_tag_of_the_source_that_moved_after_the_plan_is_copied_as_it_is_at_the_apply() {
    let scenario = Scenario::with(&it(ALPINE)).await;
    scenario.terraform.planned(IT).await;
    let moved = scenario.at_hub("alpine", "3.21").parse().unwrap();
    let hub = scenario.sandbox.hub();
    hub.move_tag("library/alpine", "3.22", &moved);
    scenario.terraform.apply_planned().await.succeeded();
    assert_eq!(scenario.tags(FIRST, "alpine")["3.22"], moved.to_string());
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_repository_that_must_not_be_created_has_to_be_there() {
    let resource = it(&format!("{ALPINE}create_repository = false"));
    let scenario = Scenario::with(&resource).await;
    let run = scenario.terraform.apply(&[]).await.failed();
    run.says("Error: Repository not found in ECR Public").says(
        "Account 222222222222 has no repository `alpine`, and `create_repository` is `false`.",
    );
    scenario.was_clean().await;

    let scenario = Scenario::seeded(somebody_elses(), &resource).await;
    scenario.terraform.apply(&[]).await.succeeded();
    scenario.terraform.converged().await;
    // Nothing said that the repository is ours.
    assert_eq!(scenario.aws_tags(FIRST, "alpine"), BTreeMap::new());
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_repository_that_was_there_gets_the_tags_of_the_resource_only_if_it_is_ours() {
    let with = |tags: &str| it(&format!("{ALPINE}{tags}"));
    let scenario = Scenario::with(&with("keep_on_destroy = true")).await;
    scenario.terraform.apply(&[]).await.succeeded();
    scenario.terraform.destroy().await.succeeded();
    scenario.configure(&with("repository_tags = { team = \"web\" }"));
    scenario.terraform.apply(&[]).await.succeeded();
    assert_eq!(scenario.aws_tags(FIRST, "alpine")["team"], "web");
    scenario.terraform.converged().await;

    // Another instance that wants the same finds it, and writes nothing.
    let replace = format!("-replace={IT}");
    scenario.sandbox.journal().clear();
    scenario.terraform.apply(&[&replace]).await.succeeded();
    let writes = scenario.writes();
    assert!(
        !writes.iter().any(|write| write.contains("TagResource")),
        "{writes:?}"
    );
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_repository_of_somebody_else_keeps_its_tags_and_a_warning_says_so() {
    let resource = it(&format!("{ALPINE}repository_tags = {{ team = \"web\" }}"));
    let scenario = Scenario::seeded(somebody_elses(), &resource).await;
    let run = scenario.terraform.apply(&[]).await.succeeded();
    run.says("Warning: Repository tags left alone");
    assert_eq!(scenario.aws_tags(FIRST, "alpine"), [].into());
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_new_repository_has_the_tags_of_the_provider_of_the_resource_and_ours() {
    let scenario = Scenario::with("").await;
    let defaults = "default_tags {\n    tags = { team = \"platform\", stage = \"live\" }\n  }\n";
    let block = scenario.provider_with(defaults);
    let resource = it(&format!("{ALPINE}repository_tags = {{ team = \"web\" }}"));
    scenario.configure_with(&block, &resource);
    scenario.terraform.apply(&[]).await.succeeded();
    let tags = [
        ("ecrpublic:created-by", "terraform-provider-ecrpublic"),
        ("stage", "live"),
        ("team", "web"),
    ];
    let tags = tags.map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(scenario.aws_tags(FIRST, "alpine"), tags.into());
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_tag_that_shows_the_right_image_is_adopted_without_a_write() {
    let scenario = Scenario::with(&it(ALPINE)).await;
    scenario.terraform.apply(&[]).await.succeeded();
    scenario.terraform.forget(IT).await;
    scenario.sandbox.journal().clear();
    scenario.terraform.apply(&[]).await.succeeded();
    assert_eq!(scenario.writes(), [""; 0]);
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_tag_that_shows_another_image_is_taken_over_only_with_overwrite() {
    let scenario = Scenario::seeded(somebody_elses(), &it(ALPINE)).await;
    let theirs = scenario.push_by_hand(FIRST, "alpine", "3.22");
    let ours = scenario.at_hub("alpine", "3.22");
    let run = scenario.terraform.apply(&[]).await.failed();
    run.says("Error: Tag shows another image")
        .says(&format!("in account 222222222222 shows `{theirs}`."))
        .says(&format!(
            "It was to show `{ours}` from `docker.io/library/alpine:3.22`."
        ))
        .says("Nothing was changed.")
        .says("To take the tag over, set `overwrite = true`; otherwise choose another tag.");
    assert_eq!(scenario.tags(FIRST, "alpine")["3.22"], theirs);
    assert_eq!(scenario.writes(), [""; 0]);
    assert_eq!(scenario.terraform.attributes(IT).await, Value::Null);

    scenario.configure(&it(&format!("{ALPINE}overwrite = true")));
    scenario.terraform.apply(&[]).await.succeeded();
    assert_eq!(scenario.tags(FIRST, "alpine")["3.22"], ours);
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn the_landing_zone_reads_each_manifest_and_blob_once_for_all_accounts_and_goes_away_whole() {
    let scenario = landing_zone().await;
    scenario.terraform.apply(&[]).await.succeeded();
    let reads = scenario.reads();
    assert!(reads.iter().any(|path| path.contains("/blobs/")));
    assert_eq!(repeated(reads.iter()), [""; 0]);
    for account in [FIRST, SECOND] {
        let alpine = scenario.at_hub("alpine", "3.22");
        assert_eq!(scenario.tags(account, "alpine"), one("3.22", &alpine));
        let nginx = scenario.at_hub("nginx", "1.27-alpine");
        assert_eq!(scenario.tags(account, "nginx"), one("1.27-alpine", &nginx));
    }
    scenario.terraform.converged().await;
    scenario.terraform.destroy().await.succeeded();
    for account in [FIRST, SECOND] {
        for repository in ["alpine", "nginx"] {
            assert_eq!(scenario.manifests(account, repository), [].into());
        }
    }
    scenario.was_clean().await;
}

/// Two images into two accounts, with one provider block.
async fn landing_zone() -> Scenario {
    let scenario = Scenario::of_example("examples/landing-zone").await;
    let sandbox = &scenario.sandbox;
    let values = json!({
        "account_ids": [FIRST, SECOND],
        "images": ["alpine:3.22", "nginx:1.27-alpine"],
        "tooling_role_arn": "arn:aws:iam::111111111111:role/tooling",
        "docker_hub": { "endpoint": sandbox.hub_url(), "plain_http": true },
        "endpoints": {
            "ecrpublic": sandbox.url(Face::Api),
            "sts": sandbox.url(Face::Sts),
            "registry": sandbox.url(Face::Registry),
        },
    });
    let file = "sandbox.auto.tfvars.json";
    scenario.terraform.write(file, &values.to_string());
    scenario.terraform.init().await;
    scenario
}

fn one(tag: &str, digest: &str) -> BTreeMap<String, String> {
    BTreeMap::from([(tag.to_owned(), digest.to_owned())])
}

/// Those that are there more than once.
fn repeated<'a>(all: impl Iterator<Item = &'a String>) -> Vec<&'a String> {
    let mut all: Vec<_> = all.collect();
    all.sort();
    let pairs = all.windows(2).filter(|pair| pair[0] == pair[1]);
    pairs.map(|pair| pair[0]).collect()
}

//! What is looked up, as Terraform sees it: no pull is spent, and what could not be asked is an
//! error and never an empty answer.

use ecr_public_sandbox::{Digest, Effect, Face, Fault};
use serde_json::json;

use crate::support::scenario::{FIRST, Scenario, it};

fn output(name: &str, value: &str) -> String {
    format!("output \"{name}\" {{\n  value = {value}\n}}\n")
}

/// A data source, and all of it as the output `it`.
fn data(kind: &str, arguments: &str) -> String {
    let block = format!("data \"ecrpublic_{kind}\" \"it\" {{\n{arguments}\n}}\n");
    block + &output("it", &format!("data.ecrpublic_{kind}.it"))
}

/// Another tag at Docker Hub for what `nginx:1.27` shows.
fn releases(scenario: &Scenario, tags: &[&str]) {
    let digest: Digest = scenario.at_hub("nginx", "1.27").parse().unwrap();
    for tag in tags {
        let hub = scenario.sandbox.hub();
        hub.move_tag("library/nginx", tag, &digest);
    }
}

const ALPINE: &str = "source = \"alpine:3.22\"\naccount_id = \"222222222222\"\n";

#[tokio::test]
async fn a_registry_is_known_by_the_aliases_of_its_account() {
    let place = "account_id = \"222222222222\"\ndepends_on = [ecrpublic_mirrored_image.it]";
    let roles = "data \"ecrpublic_registry\" \"by_role\" {\n  assume_role = [{ role_arn = \
                 \"arn:aws:iam::222222222222:role/ecr-publisher\" }]\n  depends_on = \
                 [ecrpublic_mirrored_image.it]\n}\n";
    let same = output(
        "same",
        "data.ecrpublic_registry.by_role.uri_prefix == data.ecrpublic_registry.it.uri_prefix",
    );
    let resources = it(ALPINE) + &data("registry", place) + roles + &same;
    let scenario = Scenario::with(&resources).await;
    scenario.terraform.apply(&[]).await.succeeded();
    let registry = scenario.terraform.output("it").await;
    let image = scenario
        .terraform
        .attributes("ecrpublic_mirrored_image.it")
        .await;
    assert_eq!(registry["account_id"], FIRST);
    assert_eq!(registry["registry_alias"], image["registry_alias"]);
    assert_eq!(registry["aliases"], json!([image["registry_alias"]]));
    let uri = format!("{}/alpine", registry["uri_prefix"].as_str().unwrap());
    assert_eq!(image["repository_uri"], uri);
    assert_eq!(scenario.terraform.output("same").await, true);
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_registry_that_no_role_leads_to_is_an_error_with_its_place() {
    let scenario = Scenario::with(&data("registry", "account_id = \"999999999999\"")).await;
    let run = scenario.terraform.plan().await.failed();
    run.says("role/ecr-publisher").says("999999999999");
    scenario.configure(&data("registry", "account_id = \"12\""));
    let run = scenario.terraform.plan().await.failed();
    run.says("Error: Invalid AWS account ID")
        .says("account_id = \"12\"");
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_pinned_image_moves_when_the_source_does_and_not_in_between() {
    let look = data("source_image", "source = \"alpine:latest\"");
    let copy = "source = data.ecrpublic_source_image.it.pinned\naccount_id = \"222222222222\"\n";
    let scenario = Scenario::with(&(look + &it(copy))).await;
    let plan = scenario
        .terraform
        .planned("ecrpublic_mirrored_image.it")
        .await;
    let digest = scenario.at_hub("alpine", "3.22");
    assert_eq!(plan["after"]["digest"], digest, "known before the apply");
    scenario.terraform.apply_planned().await.succeeded();
    let image = scenario.terraform.output("it").await;
    assert_eq!(image["digest"], digest);
    assert_eq!(image["is_index"], true);
    let pinned = format!("docker.io/library/alpine:latest@{digest}");
    assert_eq!(image["pinned"], pinned);
    assert_eq!(
        scenario.tags(FIRST, "alpine"),
        [("latest".to_owned(), digest)].into()
    );
    scenario.terraform.converged().await;

    let older = scenario.at_hub("alpine", "3.21");
    let hub = scenario.sandbox.hub();
    hub.move_tag("library/alpine", "latest", &older.parse().unwrap());
    let plan = scenario
        .terraform
        .planned("ecrpublic_mirrored_image.it")
        .await;
    assert_eq!(plan["actions"], json!(["update"]));
    assert_eq!(plan["after"]["digest"], older);
    scenario.terraform.apply_planned().await.succeeded();
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn what_a_source_does_not_show_is_an_error() {
    let scenario = Scenario::with(&data("source_image", "source = \"alpine:99\"")).await;
    let run = scenario.terraform.plan().await.failed();
    run.says("Error: Source image not found")
        .says("source = \"alpine:99\"")
        .says("looking up `docker.io/library/alpine:99`");
    let down = Fault::on(Face::Hub, Effect::status(503)).always();
    scenario.sandbox.faults().add(down);
    scenario.configure(&data("source_image", "source = \"alpine\""));
    let run = scenario.terraform.plan().await.failed();
    run.says("Error: Source registry not available");
    scenario.was_clean().await;
}

#[tokio::test]
async fn new_releases_are_mirrored_without_a_change_of_the_configuration() {
    let tags = "source = \"nginx\"\nmatches = \"^(?<version>[0-9.]+)$\"\nsemver = \">=1.26\"\n\
                newest = 2";
    let copies = "resource \"ecrpublic_mirrored_image\" \"nginx\" {\n  for_each = \
                  toset(data.ecrpublic_source_tags.it.tags)\n  source = \"nginx:${each.value}\"\n  \
                  account_id = \"222222222222\"\n}\n";
    let scenario = Scenario::with("").await;
    releases(&scenario, &["1.26.3", "1.9.0", "1.28.0-rc.1"]);
    scenario.configure(&(data("source_tags", tags) + copies));
    scenario.terraform.apply(&[]).await.succeeded();
    let chosen = scenario.terraform.output("it").await["tags"].clone();
    assert_eq!(chosen, json!(["1.27", "1.26.3"]));
    let copied = |scenario: &Scenario| {
        let tags = scenario.tags(FIRST, "nginx").into_keys();
        tags.collect::<Vec<_>>()
    };
    assert_eq!(copied(&scenario), ["1.26.3", "1.27"]);
    scenario.terraform.converged().await;

    releases(&scenario, &["1.28.0"]);
    let run = scenario.terraform.apply(&[]).await.succeeded();
    run.says("1 added, 0 changed, 1 destroyed");
    assert_eq!(copied(&scenario), ["1.27", "1.28.0"]);
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn no_list_is_handed_on_that_is_empty_or_not_whole() {
    let tags = |more: &str| data("source_tags", &format!("source = \"nginx\"\n{more}"));
    let scenario = Scenario::with(&tags("matches = \"^nothing$\"")).await;
    let run = scenario.terraform.plan().await.failed();
    run.says("Error: No tag is left")
        .says("`docker.io/library/nginx` has 3 tags, none of which is wanted.");
    scenario.configure(&data("source_tags", "source = \"no/such\""));
    let run = scenario.terraform.plan().await.failed();
    run.says("Error: Source image missing or private")
        .says("listing the tags of `docker.io/no/such`");
    scenario.configure(&tags(""));
    let down = Fault::on(Face::Hub, Effect::status(503))
        .path("/tags/list")
        .always();
    scenario.sandbox.faults().add(down);
    let run = scenario.terraform.plan().await.failed();
    run.says("Error: Source registry not available");
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_budget_is_read_without_spending_it() {
    let scenario = Scenario::with("").await;
    let block = scenario.provider_with("  pull_budget {\n    reserve = 30\n  }\n");
    scenario.configure_with(&block, &data("pull_budget", ""));
    scenario.sandbox.hub().set_anonymous_remaining(40);
    scenario.terraform.apply(&[]).await.succeeded();
    let budget = scenario.terraform.output("it").await;
    let wanted = json!({
        "source": null, "registry": "docker.io", "is_limited": true, "limit": 100,
        "remaining": 40, "window_seconds": 21_600, "counted_for": "127.0.0.1", "reserve": 30,
        "available": 10,
    });
    assert_eq!(budget, wanted);
    assert_eq!(scenario.sandbox.hub().pulls(), 0);
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_registry_that_does_not_count_has_no_numbers() {
    let scenario = Scenario::with("").await;
    let host = scenario.sandbox.generic_url();
    let host = host.trim_start_matches("http://").trim_end_matches('/');
    let block = format!("  registry {{\n    host = \"{host}\"\n    plain_http = true\n  }}\n");
    let block = scenario.provider_with(&block);
    let source = format!("source = \"{host}/acme/tool:2.1\"");
    scenario.configure_with(&block, &data("pull_budget", &source));
    scenario.terraform.apply(&[]).await.succeeded();
    let budget = scenario.terraform.output("it").await;
    assert_eq!(budget["registry"], host);
    assert_eq!(budget["is_limited"], false);
    for name in [
        "limit",
        "remaining",
        "window_seconds",
        "counted_for",
        "available",
    ] {
        assert_eq!(budget[name], json!(null), "{name}");
    }
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_provider_block_that_is_not_known_yet_is_an_error_and_no_answer() {
    let later = "resource \"terraform_data\" \"later\" {}\n";
    let image = "data \"ecrpublic_source_image\" \"it\" {\n  source = \"alpine\"\n}\n";
    let scenario = Scenario::with("").await;
    let block = scenario.provider_with("  profile = terraform_data.later.id\n");
    scenario.configure_with(&block, &(later.to_owned() + image));
    let run = scenario.terraform.plan().await.failed();
    run.says("Error: Provider is not configured");
    scenario.was_clean().await;
}

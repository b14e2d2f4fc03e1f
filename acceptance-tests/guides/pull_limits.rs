//! *Pull limits*: what is said to cost nothing costs nothing, and the rest what is said.

use super::{blocks, reach, rendered, scenario_of};
use crate::support::scenario::FIRST;

pub(super) const GUIDE: &str = "guides/pull-limits.md";

/// Without a configuration of its own, the guide speaks of any.
const MAIN: &str = r#"terraform {
  required_providers {
    ecrpublic = {
      source = "ecrpublic/ecrpublic"
    }
  }
}

provider "ecrpublic" {}

"#;

/// A block, without the indentation of a list.
fn piece(page: &str, beginning: &str) -> String {
    let pieces = blocks(page, "hcl");
    let found = pieces.iter().find(|block| block.contains(beginning));
    found
        .unwrap_or_else(|| panic!("no block has {beginning}"))
        .clone()
}

/// What is in a provider block.
fn settings(block: &str) -> &str {
    let inner = block.strip_prefix("provider \"ecrpublic\" {\n").unwrap();
    inner.strip_suffix("\n}").unwrap()
}

#[tokio::test]
async fn a_plan_warns_in_numbers_and_an_apply_logs_what_it_has_spent() {
    let page = rendered(GUIDE);
    let [plan, apply] = &blocks(&page, "shell")[..] else {
        panic!("there are two places to type something");
    };
    let [warning] = &blocks(&page, "text")[..] else {
        panic!("there is one answer");
    };
    let image = piece(&page, "timeouts = ");
    let mut scenario = scenario_of(&format!("{MAIN}{image}\n"), "").await;
    let content = ecr_public_sandbox::image("acme web").platforms(["linux/amd64", "linux/arm64"]);
    let hub = scenario.sandbox.hub();
    hub.push("acme/web", "1.0", &content.layers([2048]))
        .unwrap();
    scenario.terraform.init().await;
    scenario.sandbox.hub().set_anonymous_remaining(1);
    let run = scenario.terraform.shell(plan).await.succeeded();
    run.says(warning).says("1 is left.");
    assert_eq!(scenario.sandbox.hub().pulls(), 0);

    // What `pull_budget` leaves to others is in the warning, too.
    reach(&scenario, settings(&piece(&page, "pull_budget")));
    scenario.sandbox.hub().set_anonymous_remaining(21);
    let run = scenario.terraform.shell(plan).await.succeeded();
    run.says(warning)
        .says("`pull_budget` leaves 20 of them to others.")
        .says("will wait during the apply");

    reach(&scenario, "");
    scenario.sandbox.hub().set_anonymous_remaining(100);
    let approve = ("TF_CLI_ARGS_apply", "-no-color -auto-approve");
    scenario.terraform.set(approve.0, approve.1);
    let run = scenario.terraform.shell(apply).await.succeeded();
    run.says("pulls");
    let digest = scenario.sandbox.hub().digest("acme/web", "1.0").unwrap();
    let tags = scenario.tags(FIRST, "acme/web");
    assert_eq!(tags["1.0"], digest.to_string());
    assert_eq!(scenario.sandbox.hub().pulls(), 3, "an index, two images");
    scenario.was_clean().await;
}

/// The pieces that are read and not run as well.
#[tokio::test]
async fn every_piece_of_a_configuration_is_valid() {
    let page = rendered(GUIDE);
    let pieces = blocks(&page.replace("\n   ", "\n"), "hcl");
    assert_eq!(pieces.len(), 3);
    let variables = ["docker_hub_user", "docker_hub_token"]
        .map(|name| format!("variable \"{name}\" {{\n  type = string\n}}\n"));
    let (without_provider, _) = MAIN.split_once("provider ").unwrap();
    for piece in pieces {
        let main = format!("{without_provider}{piece}\n{}", variables.concat());
        let terraform = crate::support::terraform::Terraform::empty();
        terraform.write("main.tf", &main);
        terraform.init().await;
        terraform.run(&["validate"]).await.succeeded();
    }
}

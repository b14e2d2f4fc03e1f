//! The guides: what they quote is what there is, and what they tell people to type works.
//!
//! A guide is written in `acceptance-tests/guides`. Files and messages are put into it from where they are
//! held to the truth: `{{file PATH}}` is a file of this repository, `{{message NAME}}` a snapshot of
//! what a scenario printed.

mod getting_started;
mod migrating;
mod pull_limits;
mod signatures;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use ecr_public_sandbox::Seed;
use serde_json::json;

use crate::support::provider_block;
use crate::support::scenario::{FIRST, SECOND, Scenario, TOOLING};
use crate::support::tables::read;
use crate::support::zone::Zone;

const MANY_ACCOUNTS: &str = "guides/many-accounts.md";

/// Every guide by its name below `docs`. Each has tests of its own, which run what it says to type.
pub(crate) fn pages() -> Vec<(String, String)> {
    let guides = [
        getting_started::GUIDE,
        MANY_ACCOUNTS,
        pull_limits::GUIDE,
        signatures::GUIDE,
        migrating::GUIDE,
    ];
    guides.map(|name| (name.to_owned(), rendered(name))).into()
}

#[test]
fn every_guide_is_published() {
    let published: BTreeSet<String> = pages().into_iter().map(|(name, _)| name).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("acceptance-tests/guides");
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let names = names.map(|entry| entry.file_name().into_string().unwrap());
    let written = names.filter(|name| name.ends_with(".md"));
    let written: BTreeSet<String> = written.map(|name| format!("guides/{name}")).collect();
    assert_eq!(written, published);
}

/// The demo, and a configuration of a guide whose own provider block leads to it: from the keys of
/// the pipeline to the publisher role of the first account.
async fn scenario_of(main: &str, more: &str) -> Scenario {
    let mut scenario = Scenario::bare(Seed::demo()).await;
    for (command, arguments) in [
        ("plan", "-no-color"),
        ("apply", "-no-color"),
        ("destroy", "-no-color -auto-approve"),
    ] {
        let name = format!("TF_CLI_ARGS_{command}");
        scenario.terraform.set(name, arguments);
    }
    scenario.terraform.write("main.tf", main);
    reach(&scenario, more);
    scenario
}

/// Leads the provider block to the demo, with these settings.
fn reach(scenario: &Scenario, more: &str) {
    let role = |account: &str, name: &str| {
        format!("  assume_role {{\n    role_arn = \"arn:aws:iam::{account}:role/{name}\"\n  }}\n")
    };
    let hub = "  registry {\n    host = \"docker.io\"\n    endpoint = \"{hub}\"\n    plain_http = true\n  }\n";
    let roles = role(TOOLING, "tooling") + &role(FIRST, "ecr-publisher");
    let block = provider_block::block(&scenario.sandbox, &format!("{roles}{hub}{more}"));
    scenario.terraform.write("sandbox_override.tf", &block);
}

fn rendered(name: &str) -> String {
    let template = read(&format!("acceptance-tests/{name}"));
    let lines = template.lines().map(|line| match placeholder(line) {
        None => line.to_owned(),
        Some(("file", path)) => read(path).trim_end().to_owned(),
        Some(("message", name)) => message(name),
        Some((kind, _)) => panic!("{name}: there is nothing like {kind}"),
    });
    lines.map(|line| line + "\n").collect()
}

fn placeholder(line: &str) -> Option<(&str, &str)> {
    line.strip_prefix("{{")?.strip_suffix("}}")?.split_once(' ')
}

/// A message without the place in somebody's configuration.
fn message(name: &str) -> String {
    let snapshot = read(&format!("acceptance-tests/snapshots/{name}.snap"));
    let (_, text) = snapshot.split_once("\n---\n").unwrap();
    let paragraphs = text.trim().split("\n\n");
    let telling: Vec<&str> = paragraphs
        .filter(|each| !each.starts_with("  with "))
        .collect();
    assert!(telling.len() > 1, "{name} says nothing");
    telling.join("\n\n")
}

/// The blocks of a kind, such as `shell`.
fn blocks(page: &str, kind: &str) -> Vec<String> {
    let fence = format!("\n```{kind}\n");
    let parts = page.split(&fence).skip(1);
    let blocks = parts.map(|part| part.split("\n```\n").next().unwrap().to_owned());
    blocks.collect()
}

#[test]
fn each_message_is_below_a_heading_that_is_its_summary() {
    for guide in [MANY_ACCOUNTS, signatures::GUIDE] {
        let template = read(&format!("acceptance-tests/{guide}"));
        let (_, messages) = template.split_once("\n## Messages on the way\n").unwrap();
        let sections: Vec<&str> = messages.split("\n### ").skip(1).collect();
        assert!(sections.len() > 3, "{guide}");
        for section in sections {
            let (heading, text) = section.split_once('\n').unwrap();
            let name = text.lines().find_map(placeholder).expect(heading).1;
            assert_eq!(
                message(name).lines().next(),
                Some(&*format!("Error: {heading}"))
            );
        }
    }
}

#[tokio::test]
async fn what_the_guide_says_to_type_works_from_the_policies_to_the_closed_account() {
    let page = rendered(MANY_ACCOUNTS);
    let [main] = &blocks(&page, "terraform")[..] else {
        panic!("there is one configuration in the guide");
    };
    let [apply, again, forget] = &blocks(&page, "shell")[..] else {
        panic!("there are three places to type something");
    };
    let seed = Zone::published().seed(&[FIRST, SECOND], Seed::demo().hub);
    let mut scenario = Scenario::bare(seed).await;
    for command in ["plan", "apply"] {
        scenario
            .terraform
            .set(format!("TF_CLI_ARGS_{command}"), "-no-color");
    }
    scenario.terraform.write("main.tf", main);
    scenario.reach_sandbox(".");
    let applied = scenario.terraform.shell(apply).await.succeeded();
    let quoted = blocks(&page, "text").into_iter();
    let quoted: Vec<_> = quoted.filter(|text| text.starts_with("Plan: ")).collect();
    assert_eq!(quoted.len(), 1);
    let applied = applied.says(&quoted[0]);
    applied.says("4 added, 0 changed, 0 destroyed");
    scenario
        .terraform
        .shell(again)
        .await
        .succeeded()
        .says("No changes.");

    let accounts = scenario.sandbox.accounts();
    let closed = SECOND.parse().unwrap();
    accounts.remove_role(&closed, "ecr-publisher").unwrap();
    scenario.set_variables(&json!({ "account_ids": [FIRST] }));
    let refused = scenario.terraform.plan().await.failed();
    refused.says("Error: Cannot assume IAM role");
    scenario.terraform.shell(forget).await.succeeded();
    let applied = scenario.terraform.apply(&[]).await.succeeded();
    applied.says("0 added, 0 changed, 0 destroyed");
    scenario.terraform.converged().await;
    assert_eq!(scenario.tags(FIRST, "alpine").len(), 1);
    scenario.was_clean().await;
}

/// The block in the guide that lets go of everything at once.
#[tokio::test]
async fn what_a_removed_block_lets_go_of_stays_where_it_is() {
    let page = rendered(MANY_ACCOUNTS);
    let [removed] = &blocks(&page, "hcl")[..] else {
        panic!("there is one piece of a configuration in the guide");
    };
    let main = &blocks(&page, "terraform")[0];
    let seed = Zone::published().seed(&[FIRST, SECOND], Seed::demo().hub);
    let scenario = Scenario::bare(seed).await;
    scenario.terraform.write("main.tf", main);
    scenario.reach_sandbox(".");
    scenario.terraform.init().await;
    scenario.terraform.apply(&[]).await.succeeded();
    let before = scenario.manifests(SECOND, "nginx");
    let (kept, _) = main.split_once("\nresource ").unwrap();
    scenario
        .terraform
        .write("main.tf", &format!("{kept}\n{removed}\n"));
    let run = scenario.terraform.apply(&[]).await.succeeded();
    run.says("0 added, 0 changed, 0 destroyed");
    scenario.terraform.converged().await;
    assert_eq!(scenario.manifests(SECOND, "nginx"), before);
    scenario.was_clean().await;
}

/// The line in the guide for an account that leaves and keeps what it has.
#[tokio::test]
async fn an_account_that_leaves_and_keeps_its_images_has_them_afterwards() {
    let page = rendered(MANY_ACCOUNTS);
    let keep = page
        .split('`')
        .find(|code| code.starts_with("keep_on_destroy = "));
    let source = "  source     = each.value[1]\n";
    let main = &blocks(&page, "terraform")[0];
    assert!(main.contains(source));
    let kept = main.replace(source, &format!("{source}  {}\n", keep.unwrap()));
    let seed = Zone::published().seed(&[FIRST, SECOND], Seed::demo().hub);
    let scenario = Scenario::bare(seed).await;
    scenario.reach_sandbox(".");
    scenario.terraform.write("main.tf", main);
    scenario.terraform.init().await;
    scenario.terraform.apply(&[]).await.succeeded();
    scenario.terraform.write("main.tf", &kept);
    let run = scenario.terraform.apply(&[]).await.succeeded();
    run.says("0 added, 2 changed, 0 destroyed");
    let before = scenario.manifests(SECOND, "nginx");
    scenario.set_variables(&json!({ "account_ids": [FIRST] }));
    let run = scenario.terraform.apply(&[]).await.succeeded();
    run.says("0 added, 0 changed, 2 destroyed");
    scenario.terraform.converged().await;
    assert_eq!(scenario.manifests(SECOND, "nginx"), before);
    scenario.was_clean().await;
}

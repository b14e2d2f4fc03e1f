//! *Getting started*, as somebody follows it.

use super::{blocks, rendered, scenario_of};
use crate::support::scenario::FIRST;

pub(super) const GUIDE: &str = "guides/getting-started.md";

#[tokio::test]
async fn what_it_says_to_type_works_from_the_empty_folder_to_the_clean_one() {
    let page = rendered(GUIDE);
    let [main] = &blocks(&page, "terraform")[..] else {
        panic!("there is one configuration");
    };
    let [apply, show, again, change, clean_up] = &blocks(&page, "shell")[..] else {
        panic!("there are five places to type something");
    };
    let [planned] = &blocks(&page, "text")[..] else {
        panic!("there is one answer");
    };
    let [platforms] = &blocks(&page, "hcl")[..] else {
        panic!("there is one change of the configuration");
    };
    let mut scenario = scenario_of(main, "").await;
    let run = scenario.terraform.shell(apply).await.succeeded();
    run.says(planned).says("1 added, 0 changed, 0 destroyed");
    let digest = scenario.at_hub("alpine", "3.22");
    assert_eq!(scenario.tags(FIRST, "alpine")["3.22"], digest);

    let shown = scenario.terraform.shell(show).await.succeeded();
    let address = format!("public.ecr.aws/{}/alpine@{digest}", scenario.alias(FIRST));
    assert_eq!(shown.stdout, address);
    let run = scenario.terraform.shell(again).await.succeeded();
    run.says("No changes.");

    let (before, rest) = main.split_once("resource ").unwrap();
    let (_, after) = rest.split_once("\n}\n").unwrap();
    let changed = format!("{before}{platforms}\n{after}");
    scenario.terraform.write("main.tf", &changed);
    // Somebody who reads the plan says yes.
    let approve = ("TF_CLI_ARGS_apply", "-no-color -auto-approve");
    scenario.terraform.set(approve.0, approve.1);
    let run = scenario.terraform.shell(change).await.succeeded();
    run.says("0 added, 1 changed, 0 destroyed");
    let tags = scenario.tags(FIRST, "alpine");
    assert_eq!(tags.keys().collect::<Vec<_>>(), ["3.22", "stable"]);
    assert_ne!(tags["stable"], digest);
    scenario.terraform.converged().await;

    let run = scenario.terraform.shell(clean_up).await.succeeded();
    run.says("1 destroyed");
    assert!(scenario.tags(FIRST, "alpine").is_empty());
    scenario.was_clean().await;
}

//! Pulls are counted before they are spent, and left to others where that is asked for.

use std::collections::BTreeMap;

use crate::support::scenario::{FIRST, Scenario, it, named};

const ALPINE: &str = "source = \"alpine:3.22\"\naccount_id = \"222222222222\"\n";
const NGINX: &str = "source = \"nginx:1.27\"\naccount_id = \"222222222222\"\n";

/// Official images are to count here like all others.
fn configure(scenario: &Scenario, budget: &str, resources: &str) {
    let budget = format!("  prefer_mirrors = false\n  pull_budget {{\n{budget}\n  }}\n");
    scenario.configure_with(&scenario.provider_with(&budget), resources);
}

#[tokio::test]
async fn a_plan_that_needs_more_than_is_left_says_so_once_in_numbers() {
    let both = it(ALPINE) + &named("other", NGINX);
    let scenario = Scenario::with("").await;
    configure(&scenario, "", &both);
    scenario.sandbox.hub().set_anonymous_remaining(3);
    let run = scenario.terraform.plan().await.succeeded();
    let summary = "Warning: Not enough pulls left for this plan";
    assert_eq!(run.text.matches(summary).count(), 1, "{}", run.text);
    let run = run.says("at least 4 manifests from `docker.io`");
    let run = run.says("The limit is 100 pulls in 6 hours. 3 are left.");
    run.says("They are counted for `127.0.0.1`.")
        .says("will fail during the apply");

    scenario.sandbox.hub().set_anonymous_remaining(100);
    let run = scenario.terraform.plan().await.succeeded();
    assert!(!run.text.contains("Warning"), "{}", run.text);
    scenario.sandbox.hub().set_anonymous_remaining(3);
    configure(&scenario, "    on_exhausted = \"wait\"", &both);
    let run = scenario.terraform.plan().await.succeeded();
    run.says(summary).says("will wait during the apply");
    // Several instances of one image read it once.
    let copies = (0..4).map(|number| {
        let place = format!("repository = \"copy{number}\"\n");
        named(&format!("n{number}"), &format!("{ALPINE}{place}"))
    });
    configure(&scenario, "", &copies.collect::<String>());
    scenario.sandbox.hub().set_anonymous_remaining(3);
    let run = scenario.terraform.plan().await.succeeded();
    assert!(!run.text.contains("Warning"), "{}", run.text);
    scenario.was_clean().await;
}

#[tokio::test]
async fn an_image_for_which_no_pull_is_left_fails_before_anything_of_it_is_written() {
    let scenario = Scenario::with("").await;
    configure(&scenario, "", &it(ALPINE));
    scenario.sandbox.hub().set_anonymous_remaining(2);
    let run = scenario.terraform.apply(&[]).await.failed();
    run.says("Error: Pull limit of the source registry reached")
        .says("The limit is 100 pulls in 6 hours.");
    assert_eq!(scenario.tags(FIRST, "alpine"), BTreeMap::new());
    assert_eq!(scenario.manifests(FIRST, "alpine"), [].into());
    let layers = scenario
        .sandbox
        .store()
        .layers(&FIRST.parse().unwrap(), "alpine");
    assert_eq!(layers.unwrap(), []);

    scenario.sandbox.hub().set_anonymous_remaining(100);
    scenario.terraform.apply(&[]).await.succeeded();
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn what_is_reserved_is_left_to_others() {
    let scenario = Scenario::with("").await;
    configure(&scenario, "    reserve = 40", &it(ALPINE));
    scenario.sandbox.hub().set_anonymous_remaining(40);
    let plan = scenario.terraform.save_plan(&[]).await.succeeded();
    plan.says("40 are left.")
        .says("`pull_budget` leaves 40 of them to others.");
    let before = scenario.sandbox.hub().pulls();
    let run = scenario.terraform.apply_planned().await.failed();
    run.says("allows 40 more pulls now, and `pull_budget` leaves 40 to others");
    assert_eq!(scenario.sandbox.hub().pulls(), before);

    configure(&scenario, "    reserve = 20", &it(ALPINE));
    scenario.terraform.apply(&[]).await.succeeded();
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_budget_that_cannot_be_meant_is_refused() {
    let scenario = Scenario::with("").await;
    configure(&scenario, "    on_exhausted = \"panic\"", &it(ALPINE));
    let run = scenario.terraform.plan().await.failed();
    run.says("Error: Invalid pull budget")
        .says("`fail` or `wait`");
    configure(&scenario, "    reserve = -1", &it(ALPINE));
    let run = scenario.terraform.plan().await.failed();
    run.says("Error: Invalid number").says("pull_budget");
    scenario.was_clean().await;
}

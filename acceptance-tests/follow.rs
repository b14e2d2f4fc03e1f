//! A tag that moves at the source becomes an update; a source that cannot be asked changes nothing.

use ecr_public_sandbox::{Digest, Effect, Entry, Face, Fault};
use serde_json::json;

use crate::support::scenario::{FIRST, IT, SECOND, Scenario, it, named};

const ALPINE: &str = "source = \"alpine:latest\"\naccount_id = \"222222222222\"\n";

async fn applied(resources: &str) -> Scenario {
    let scenario = Scenario::with(resources).await;
    scenario.terraform.apply(&[]).await.succeeded();
    scenario
}

/// Moves `alpine:latest` at Docker Hub to what another image shows, and returns its digest.
fn moves(scenario: &Scenario, image: &str, tag: &str) -> String {
    let digest: Digest = scenario.at_hub(image, tag).parse().unwrap();
    let hub = scenario.sandbox.hub();
    hub.move_tag("library/alpine", "latest", &digest);
    digest.to_string()
}

/// How often the source was asked what a tag or digest stands for.
fn looks(scenario: &Scenario) -> usize {
    let is_look =
        |entry: &Entry| entry.is(Face::Hub, "HEAD", "/manifests/") && entry.status != Some(401);
    scenario.sandbox.journal().count(is_look)
}

#[tokio::test]
async fn a_tag_that_moved_is_an_update_to_what_the_plan_says() {
    let scenario = applied(&it(ALPINE)).await;
    let old = scenario.at_hub("alpine", "3.22");
    let planned = moves(&scenario, "alpine", "3.21");
    let pulls = scenario.sandbox.hub().pulls();
    let change = scenario.terraform.planned(IT).await;
    assert_eq!(change["actions"], json!(["update"]));
    assert_eq!(change["before"]["digest"], old);
    assert_eq!(change["after"]["digest"], planned);
    assert_eq!(change["after"]["source_digest"], planned);
    assert_eq!(change["after_unknown"]["size_bytes"], true);
    let uri = change["after"]["image_uri"].as_str().unwrap();
    assert!(uri.ends_with(&planned), "{uri}");
    assert_eq!(scenario.sandbox.hub().pulls(), pulls, "a plan is free");

    // It moves back before the apply, which does what was planned.
    assert_eq!(moves(&scenario, "alpine", "3.22"), old);
    scenario.terraform.apply_planned().await.succeeded();
    assert_eq!(scenario.tags(FIRST, "alpine")["latest"], planned);
    let change = scenario.terraform.planned(IT).await;
    assert_eq!(change["actions"], json!(["update"]));
    assert_eq!(change["after"]["digest"], old);
    scenario.terraform.apply_planned().await.succeeded();
    assert_eq!(scenario.tags(FIRST, "alpine")["latest"], old);
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_moved_tag_with_platforms_is_an_update_whose_digest_shows_afterwards() {
    let arguments = format!("{ALPINE}platforms = [\"linux/amd64\"]\n");
    let scenario = applied(&it(&arguments)).await;
    let planned = moves(&scenario, "alpine", "3.21");
    let change = scenario.terraform.planned(IT).await;
    assert_eq!(change["after"]["source_digest"], planned);
    assert_eq!(change["after_unknown"]["digest"], true);
    scenario.terraform.apply_planned().await.succeeded();
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn who_does_not_follow_does_not_ask() {
    let arguments = format!("{ALPINE}follow_source = false\n");
    let scenario = applied(&it(&arguments)).await;
    moves(&scenario, "alpine", "3.21");
    let before = looks(&scenario);
    scenario.terraform.converged().await;
    assert_eq!(looks(&scenario), before);

    // Following from now on: the refresh after that sees it.
    scenario.configure(&it(ALPINE));
    scenario.terraform.apply(&[]).await.succeeded();
    let change = scenario.terraform.planned(IT).await;
    let planned = scenario.at_hub("alpine", "3.21");
    assert_eq!(change["after"]["digest"], planned);
    scenario.terraform.apply_planned().await.succeeded();
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn many_instances_of_one_reference_cost_one_look_per_run() {
    let instances = (0..6).map(|number| {
        let account = [FIRST, SECOND][number % 2];
        let more = format!("source = \"alpine\"\nrepository = \"copy{number}\"\n");
        named(
            &format!("n{number}"),
            &format!("{more}account_id = \"{account}\"\n"),
        )
    });
    let scenario = applied(&instances.collect::<String>()).await;
    scenario.sandbox.journal().clear();
    scenario.terraform.plan().await.says("No changes");
    assert_eq!(looks(&scenario), 1);
    scenario.was_clean().await;
}

/// Runs a plan in which something is wrong at the source, and asserts that it warns and changes
/// nothing.
async fn warns(scenario: &Scenario, words: &[&str]) {
    let plan = scenario.terraform.plan().await.succeeded();
    let plan = plan
        .says("No changes")
        .says("Warning: Source image not checked");
    words.iter().fold(plan, |plan, words| plan.says(words));
}

#[tokio::test]
async fn a_source_that_is_down_is_a_warning_and_the_rest_of_the_plan_goes_on() {
    let scenario = applied(&it(ALPINE)).await;
    let down = Fault::on(Face::Hub, Effect::status(503)).always();
    let down = scenario.sandbox.faults().add(down);
    warns(&scenario, &["docker.io/library/alpine:latest", "503"]).await;

    let kept = it(&format!("{ALPINE}keep_on_destroy = true\n"));
    let place = format!("repository = \"alpine\"\naccount_id = \"{FIRST}\"\n");
    scenario.configure(&(kept + &named("other", &format!("source = \"nginx:1.27\"\n{place}"))));
    let plan = scenario.terraform.plan().await.succeeded();
    plan.says("1 to add, 1 to change");
    down.remove();
    scenario.terraform.plan().await.succeeded();
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_tag_that_is_deleted_at_the_source_is_a_warning() {
    let scenario = applied(&it(ALPINE)).await;
    let hub = scenario.sandbox.hub();
    hub.remove_tag("library/alpine", "latest");
    warns(&scenario, &["404", "What was copied stays as it is"]).await;
    scenario.terraform.destroy().await.succeeded();
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_source_that_may_not_be_read_any_more_is_a_warning() {
    let scenario = applied(&it(ALPINE)).await;
    let hub = scenario.sandbox.hub();
    hub.set_readers("library/alpine", Some(Vec::new()));
    warns(&scenario, &["401", "Hint: ", "credentials"]).await;
    scenario.was_clean().await;
}

/// What cannot work is an error before anything is changed, also when only a new source is named.
#[tokio::test]
async fn a_new_source_that_is_not_there_is_an_error_of_the_plan() {
    let scenario = applied(&it(ALPINE)).await;
    for (source, summary) in [
        ("alpine:none", "Source image not found"),
        ("acme/none:1", "Source image missing or private"),
    ] {
        let pulls = scenario.sandbox.hub().pulls();
        let resources = [
            it(&format!(
                "source = \"{source}\"\naccount_id = \"{FIRST}\"\nrepository = \"alpine\"\n"
            )),
            it(ALPINE)
                + &named(
                    "new",
                    &format!("source = \"{source}\"\naccount_id = \"{FIRST}\"\n"),
                ),
        ];
        for resources in resources {
            scenario.configure(&resources);
            let plan = scenario.terraform.plan().await.failed();
            plan.says(&format!("Error: {summary}"))
                .says(&format!("source = \"{source}\""));
        }
        assert_eq!(scenario.sandbox.hub().pulls(), pulls);
    }
    scenario.was_clean().await;
}

#[tokio::test]
async fn another_reference_with_the_same_digest_moves_nothing() {
    let scenario = applied(&it(ALPINE)).await;
    scenario.configure(&it(&format!(
        "source = \"alpine:3.22\"\naccount_id = \"{FIRST}\"\nimage_tags = [\"latest\"]\n"
    )));
    scenario.sandbox.journal().clear();
    let pulls = scenario.sandbox.hub().pulls();
    scenario.terraform.apply(&[]).await.succeeded();
    assert_eq!(scenario.sandbox.hub().pulls(), pulls);
    let writes = scenario.sandbox.journal().select(|entry| {
        entry.face == Face::Registry && !matches!(entry.method.as_str(), "GET" | "HEAD")
    });
    assert!(writes.is_empty(), "{writes:?}");
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

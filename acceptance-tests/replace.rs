//! Replacements, and instances that come and go in one run: what one of them put there survives
//! the end of another.

use serde_json::json;

use crate::support::scenario::{FIRST, IT, Scenario, it, named};

const ALPINE: &str = "source = \"alpine:3.22\"\naccount_id = \"222222222222\"\n";
const FIRST_CREATE: &str = "lifecycle {\n  create_before_destroy = true\n}\n";

#[tokio::test]
async fn a_replacement_in_either_order_leaves_the_image_in_place() {
    for lifecycle in ["", FIRST_CREATE] {
        let scenario = Scenario::with(&it(&format!("{ALPINE}{lifecycle}"))).await;
        scenario.terraform.apply(&[]).await.succeeded();
        let replace = format!("-replace={IT}");
        scenario.terraform.apply(&[&replace]).await.succeeded();
        scenario.stands("alpine", "3.22");
        scenario.terraform.converged().await;
        scenario.was_clean().await;
    }
}

#[tokio::test]
async fn a_replacement_that_creates_first_moves_to_another_repository() {
    let scenario = Scenario::with(&it(&format!("{ALPINE}{FIRST_CREATE}"))).await;
    scenario.terraform.apply(&[]).await.succeeded();
    let renamed = format!("{ALPINE}repository = \"base\"\n{FIRST_CREATE}");
    scenario.configure(&it(&renamed));
    let change = scenario.terraform.planned(IT).await;
    assert_eq!(change["actions"], json!(["create", "delete"]));
    scenario.terraform.apply_planned().await.succeeded();
    scenario.stands("base", "3.22");
    assert_eq!(scenario.manifests(FIRST, "alpine"), [].into());
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_replacement_that_creates_first_with_another_image_needs_overwrite() {
    let older =
        "source = \"alpine:3.21\"\naccount_id = \"222222222222\"\nimage_tags = [\"live\"]\n";
    let newer = older.replace("3.21", "3.22");
    let scenario = Scenario::with(&it(&format!("{older}{FIRST_CREATE}"))).await;
    scenario.terraform.apply(&[]).await.succeeded();
    let replace = format!("-replace={IT}");
    scenario.configure(&it(&format!("{newer}{FIRST_CREATE}")));
    let run = scenario.terraform.apply(&[&replace]).await.failed();
    run.says("Error: Tag shows another image")
        .says("set `overwrite = true`");
    scenario.configure(&it(&format!("{newer}overwrite = true\n{FIRST_CREATE}")));
    scenario.terraform.apply(&[&replace]).await.succeeded();
    let digest = scenario.at_hub("alpine", "3.22");
    assert_eq!(scenario.tags(FIRST, "alpine")["live"], digest);
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn an_image_that_one_instance_gives_up_while_another_takes_it_stays() {
    let scenario = Scenario::with(&named("before", ALPINE)).await;
    scenario.terraform.apply(&[]).await.succeeded();
    scenario.configure(&named("after", ALPINE));
    // One at a time, and at the same time: whichever comes first.
    scenario
        .terraform
        .apply(&["-parallelism=1"])
        .await
        .succeeded();
    scenario.stands("alpine", "3.22");
    scenario.terraform.converged().await;
    scenario.configure(&named("again", ALPINE));
    scenario.terraform.apply(&[]).await.succeeded();
    scenario.stands("alpine", "3.22");
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn an_instance_that_goes_leaves_the_image_to_those_with_other_tags() {
    let one = named("one", &format!("{ALPINE}image_tags = [\"one\"]"));
    let two = named("two", &format!("{ALPINE}image_tags = [\"two\"]"));
    let scenario = Scenario::with(&format!("{one}{two}")).await;
    scenario.terraform.apply(&[]).await.succeeded();
    scenario.configure(&two);
    scenario.terraform.apply(&[]).await.succeeded();
    scenario.stands("alpine", "two");
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

//! Destroy: what this resource put there, and nothing else.

use std::collections::BTreeMap;

use ecr_public_sandbox::{Effect, Face, Fault};
use serde_json::{Value, json};

use crate::support::scenario::{FIRST, IT, Scenario, it, named};

const ALPINE: &str = "source = \"alpine:3.22\"\naccount_id = \"222222222222\"\n";

async fn applied(more: &str) -> Scenario {
    let scenario = Scenario::with(&it(&format!("{ALPINE}{more}"))).await;
    scenario.terraform.apply(&[]).await.succeeded();
    scenario
}

#[tokio::test]
async fn the_image_goes_with_its_manifests_and_the_repository_stays() {
    let scenario = applied("").await;
    scenario.terraform.destroy().await.succeeded();
    assert_eq!(scenario.manifests(FIRST, "alpine"), [].into());
    scenario.was_clean().await;
}

#[tokio::test]
async fn tags_of_others_and_the_images_they_show_stay() {
    let scenario = applied("").await;
    let digest = scenario.at_hub("alpine", "3.22");
    scenario.tag_by_hand(FIRST, "alpine", "theirs", &digest);
    let other = scenario.push_by_hand(FIRST, "alpine", "other");
    let before = scenario.manifests(FIRST, "alpine");
    scenario.terraform.destroy().await.succeeded();
    let expected = [("theirs".to_owned(), digest), ("other".to_owned(), other)];
    assert_eq!(scenario.tags(FIRST, "alpine"), BTreeMap::from(expected));
    assert_eq!(scenario.manifests(FIRST, "alpine"), before);
    scenario.was_clean().await;
}

#[tokio::test]
async fn an_image_that_an_index_lists_stays() {
    let whole = named("whole", &format!("{ALPINE}image_tags = [\"whole\"]"));
    let part = format!("{ALPINE}image_tags = [\"part\"]\nplatforms = [\"linux/amd64\"]");
    let scenario = Scenario::with(&format!("{whole}{}", it(&part))).await;
    scenario.terraform.apply(&[]).await.succeeded();
    let part = scenario.tags(FIRST, "alpine")["part"].clone();
    let before = scenario.manifests(FIRST, "alpine");
    scenario.configure(&whole);
    scenario.terraform.apply(&[]).await.succeeded();
    let digest = scenario.at_hub("alpine", "3.22");
    let index = scenario.manifest(FIRST, "alpine", &digest).to_string();
    assert!(index.contains(&part));
    let expected = BTreeMap::from([("whole".to_owned(), digest)]);
    assert_eq!(scenario.tags(FIRST, "alpine"), expected);
    assert_eq!(scenario.manifests(FIRST, "alpine"), before);
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_tag_that_somebody_moved_stays_whether_or_not_refresh_saw_it() {
    for arguments in [&[][..], &["-refresh=false"]] {
        let scenario = applied("image_tags = [\"moved\", \"ours\"]").await;
        let theirs = scenario.push_by_hand(FIRST, "alpine", "moved");
        let all = ["destroy", "-input=false", "-auto-approve"];
        let run = scenario.terraform.run(&[&all, arguments].concat()).await;
        run.succeeded();
        let expected = [("moved".to_owned(), theirs.clone())];
        assert_eq!(scenario.tags(FIRST, "alpine"), BTreeMap::from(expected));
        assert_eq!(scenario.manifests(FIRST, "alpine"), [theirs].into());
        scenario.was_clean().await;
    }
}

#[tokio::test]
async fn both_images_of_an_update_that_failed_half_way_go() {
    let tags = "image_tags = [\"a\", \"b\"]";
    let scenario = applied(tags).await;
    let lost = Fault::on(Face::Registry, Effect::status(403)).method("PUT");
    let lost = lost.path("/manifests/b").always();
    let lost = scenario.sandbox.faults().add(lost);
    let older = ALPINE.replace("3.22", "3.21");
    scenario.configure(&it(&format!("{older}{tags}")));
    scenario.terraform.apply(&[]).await.failed();
    lost.remove();
    let shown = scenario.tags(FIRST, "alpine");
    assert_ne!(shown["a"], shown["b"]);
    scenario.terraform.destroy().await.succeeded();
    assert_eq!(scenario.manifests(FIRST, "alpine"), [].into());
    scenario.was_clean().await;
}

#[tokio::test]
async fn what_is_gone_already_is_no_error() {
    let scenario = applied("").await;
    scenario.untag_by_hand(FIRST, "alpine", "3.22");
    let all = ["destroy", "-input=false", "-auto-approve", "-refresh=false"];
    scenario.terraform.run(&all).await.succeeded();
    scenario.was_clean().await;
    let scenario = applied("").await;
    scenario.delete_repository_by_hand(FIRST, "alpine");
    scenario.terraform.run(&all).await.succeeded();
    assert_eq!(scenario.terraform.attributes(IT).await, Value::Null);
    scenario.was_clean().await;
}

#[tokio::test]
async fn keep_on_destroy_leaves_everything_in_place() {
    let scenario = applied("keep_on_destroy = true").await;
    let before = scenario.manifests(FIRST, "alpine");
    scenario.sandbox.journal().clear();
    scenario.terraform.destroy().await.succeeded();
    assert_eq!(scenario.writes(), [""; 0]);
    assert_eq!(scenario.manifests(FIRST, "alpine"), before);
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_tag_that_the_service_does_not_remove_is_an_error_that_keeps_the_state() {
    let scenario = applied("").await;
    let failure = json!({
        "imageId": { "imageTag": "3.22" },
        "failureCode": "ImageReferencedByManifestList",
        "failureReason": "Requested image referenced by manifest list",
    });
    let not_removed = Effect::Answer {
        status: 200,
        headers: [(
            "content-type".to_owned(),
            "application/x-amz-json-1.1".to_owned(),
        )]
        .into(),
        body: json!({ "imageIds": [], "failures": [failure] }).to_string(),
    };
    let fault = Fault::on(Face::Api, not_removed).operation("BatchDeleteImage");
    let fault = scenario.sandbox.faults().add(fault.always());
    let run = scenario.terraform.destroy().await.failed();
    run.says("Error: Tag could not be removed")
        .says("the removal of the tag `3.22` from `alpine` in account 222222222222.")
        .says("An index in the repository lists the image. Remove the index first");
    fault.remove();
    scenario.terraform.converged().await;
    scenario.terraform.destroy().await.succeeded();
    assert_eq!(scenario.manifests(FIRST, "alpine"), [].into());
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_missing_permission_is_an_error_that_keeps_state_and_image() {
    let scenario = applied("").await;
    let before = scenario.manifests(FIRST, "alpine");
    let reads = [
        "ecr-public:Describe*",
        "ecr-public:GetAuthorizationToken",
        "sts:GetServiceBearerToken",
    ];
    scenario.publisher_may(&reads);
    let run = scenario.terraform.destroy().await.failed();
    run.says("Error: AWS action not allowed")
        .says("is not allowed to call `ecr-public:BatchDeleteImage` on `arn:aws:ecr-public::222222222222:repository/alpine`")
        .says("Hint: Grant `ecr-public:BatchDeleteImage` to that identity.");
    assert_eq!(scenario.manifests(FIRST, "alpine"), before);
    scenario.publisher_may_publish();
    scenario.terraform.converged().await;
    scenario.terraform.destroy().await.succeeded();
    assert_eq!(scenario.manifests(FIRST, "alpine"), [].into());
    scenario.was_clean().await;
}

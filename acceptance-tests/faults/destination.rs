//! ECR Public, and the way to it.

use std::time::Duration;

use ecr_public_sandbox::store::NewRepository;
use ecr_public_sandbox::{Effect, Face, Fault};

use crate::support::messages;
use crate::support::scenario::{FIRST, IT, Scenario};

use super::{arrived, copy_of, fails, largest_layer, recovers};

#[tokio::test]
async fn a_tag_that_shows_another_image() {
    let other = "repository = \"alpine\"\n  image_tags = [\"3.22\"]";
    let scenario = Scenario::with(&copy_of("busybox:1.36", other)).await;
    scenario.terraform.apply(&[]).await.succeeded();
    scenario.terraform.forget(IT).await;
    scenario.configure(&copy_of("alpine:3.22", ""));
    messages::failed_with(
        "tag_shows_another_image",
        scenario.terraform.apply(&[]).await,
    );
    let busybox = scenario.at_hub("busybox", "1.36");
    assert_eq!(scenario.tags(FIRST, "alpine")["3.22"], busybox);
    assert!(scenario.terraform.attributes(IT).await.is_null());
    scenario.configure(&copy_of("alpine:3.22", "overwrite = true"));
    recovers(scenario).await;
}

#[tokio::test]
async fn a_repository_that_is_missing_and_must_not_be_created() {
    let scenario = Scenario::with(&copy_of("alpine:3.22", "create_repository = false")).await;
    fails(&scenario, "repository_missing").await;
    let account = FIRST.parse().unwrap();
    let new = NewRepository::default();
    let store = scenario.sandbox.store();
    store.create_repository(&account, "alpine", new).unwrap();
    scenario.sandbox.accounts().open_registry(&account);
    recovers(scenario).await;
}

#[tokio::test]
async fn another_region_in_the_environment_changes_nothing() {
    let mut scenario = Scenario::with(&copy_of("busybox:1.36", "")).await;
    scenario.terraform.set("AWS_REGION", "eu-central-1");
    recovers(scenario).await;
}

#[tokio::test]
async fn an_endpoint_in_a_region_without_ecr_public() {
    let scenario = Scenario::with(&copy_of("busybox:1.36", "")).await;
    let elsewhere = refusal(
        400,
        "UnsupportedCommandException",
        "Command is not supported in this region",
    );
    let fault = scenario
        .sandbox
        .faults()
        .add(Fault::on(Face::Api, elsewhere).always());
    fails(&scenario, "wrong_region").await;
    fault.remove();
    recovers(scenario).await;
}

#[tokio::test]
async fn everything_that_can_expire_expires_in_mid_copy() {
    let scenario = Scenario::with(&copy_of("busybox:1.36", "")).await;
    let layer = largest_layer(&scenario, "library/busybox", "1.36");
    let fault = Fault::on(Face::Hub, Effect::Hold)
        .method("GET")
        .path(layer.hex());
    let fault = scenario.sandbox.faults().add(fault);
    let running = scenario
        .terraform
        .start(&["apply", "-input=false", "-auto-approve"]);
    let held = |entry: &ecr_public_sandbox::Entry| entry.is(Face::Hub, "GET", layer.hex());
    scenario.sandbox.journal().wait_for(held).await.unwrap();
    scenario
        .sandbox
        .clock()
        .advance(Duration::from_secs(13 * 3600));
    fault.release();
    running.finish().await.succeeded();
    arrived(scenario).await;
}

#[tokio::test]
async fn a_login_that_expired_in_mid_copy_is_renewed() {
    for (method, path) in [
        ("POST", "/blobs/uploads/"),
        ("PUT", "/blobs/uploads/"),
        ("PUT", "/manifests/"),
    ] {
        survives(
            Fault::on(Face::Registry, Effect::ExpireToken)
                .method(method)
                .path(path),
        )
        .await;
    }
}

#[tokio::test]
async fn a_login_that_always_counts_as_expired() {
    let scenario = Scenario::with(&copy_of("busybox:1.36", "")).await;
    let fault = Fault::on(Face::Registry, Effect::ExpireToken)
        .method("PUT")
        .path("/manifests/")
        .always();
    let fault = scenario.sandbox.faults().add(fault);
    fails(&scenario, "login_always_expired").await;
    fault.remove();
    recovers(scenario).await;
}

#[tokio::test]
async fn credentials_of_the_pipeline_that_have_expired() {
    let scenario = Scenario::with(&copy_of("busybox:1.36", "")).await;
    let fault = Fault::on(Face::Sts, Effect::ExpireToken).always();
    let fault = scenario.sandbox.faults().add(fault);
    fails(&scenario, "credentials_expired").await;
    fault.remove();
    recovers(scenario).await;
}

#[tokio::test]
async fn a_registry_that_is_down_for_a_moment() {
    for path in ["/blobs/uploads/", "/manifests/"] {
        survives(
            Fault::on(Face::Registry, Effect::status(503))
                .path(path)
                .times(2),
        )
        .await;
    }
}

#[tokio::test]
async fn a_registry_that_is_down() {
    let scenario = Scenario::with(&copy_of("busybox:1.36", "")).await;
    let fault = Fault::on(Face::Registry, Effect::status(503))
        .method("PUT")
        .path("/manifests/")
        .always();
    let fault = scenario.sandbox.faults().add(fault);
    fails(&scenario, "registry_down").await;
    fault.remove();
    recovers(scenario).await;
}

#[tokio::test]
async fn an_answer_that_is_lost() {
    for path in ["/blobs/uploads/", "/manifests/"] {
        survives(
            Fault::on(Face::Registry, Effect::LoseAnswer)
                .method("PUT")
                .path(path),
        )
        .await;
    }
}

#[tokio::test]
async fn an_upload_that_vanished_is_begun_again() {
    let gone = refusal(
        404,
        "BLOB_UPLOAD_UNKNOWN",
        "blob upload unknown to registry",
    );
    survives(
        Fault::on(Face::Registry, gone)
            .method("PUT")
            .path("/blobs/uploads/"),
    )
    .await;
}

#[tokio::test]
async fn a_layer_that_is_cut_on_its_way_out_is_sent_again() {
    let cut = Effect::CutRequest { after_bytes: 100 };
    survives(
        Fault::on(Face::Registry, cut)
            .method("PUT")
            .path("/blobs/uploads/"),
    )
    .await;
}

#[tokio::test]
async fn a_layer_that_was_lost_is_sent_again() {
    let lost = refusal(404, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry");
    survives(
        Fault::on(Face::Registry, lost)
            .method("PUT")
            .path("/manifests/"),
    )
    .await;
}

#[tokio::test]
async fn an_api_that_throttles_for_a_moment() {
    survives(Fault::on(Face::Api, Effect::throttled()).times(2)).await;
}

#[tokio::test]
async fn an_api_that_throttles() {
    let mut scenario = Scenario::with(&copy_of("busybox:1.36", "")).await;
    scenario.terraform.set("AWS_MAX_ATTEMPTS", "2");
    let fault = Fault::on(Face::Api, Effect::throttled()).always();
    let fault = scenario.sandbox.faults().add(fault);
    fails(&scenario, "api_throttles").await;
    fault.remove();
    recovers(scenario).await;
}

#[tokio::test]
async fn a_manifest_that_ecr_public_does_not_take() {
    let scenario = Scenario::with(&copy_of("busybox:1.36", "")).await;
    let refused = refusal(
        405,
        "UNSUPPORTED",
        "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'",
    );
    let fault = Fault::on(Face::Registry, refused)
        .method("PUT")
        .path("/manifests/")
        .always();
    let fault = scenario.sandbox.faults().add(fault);
    fails(&scenario, "manifest_refused").await;
    fault.remove();
    recovers(scenario).await;
}

#[tokio::test]
async fn the_second_of_two_tags_cannot_be_set() {
    let resource = copy_of("busybox:1.36", "image_tags = [\"1.36\", \"latest\"]");
    let scenario = Scenario::with(&resource).await;
    let refused = refusal(403, "DENIED", "not today");
    let fault = Fault::on(Face::Registry, refused)
        .method("PUT")
        .path("/manifests/latest")
        .always();
    let fault = scenario.sandbox.faults().add(fault);
    messages::failed_with("second_tag_refused", scenario.terraform.apply(&[]).await);
    let tags: Vec<_> = scenario.tags(FIRST, "busybox").into_keys().collect();
    let state = scenario.terraform.attributes(IT).await;
    assert_eq!(state["image_tags"], serde_json::json!(tags));
    assert_eq!(tags, ["1.36"]);
    fault.remove();
    recovers(scenario).await;
}

/// Asserts that an image arrives in spite of a fault that passes, and that the fault has struck.
async fn survives(fault: Fault) {
    let scenario = Scenario::with(&copy_of("busybox:1.36", "")).await;
    let times = fault.times.unwrap();
    let fault = scenario.sandbox.faults().add(fault);
    scenario.terraform.apply(&[]).await.succeeded();
    assert_eq!(fault.hits(), times);
    arrived(scenario).await;
}

/// What ECR Public answers when it refuses, in the form of whichever face is asked.
fn refusal(status: u16, code: &str, message: &str) -> Effect {
    let body = serde_json::json!({
        "__type": code,
        "message": message,
        "errors": [{ "code": code, "message": message }],
    });
    Effect::Answer {
        status,
        headers: [("content-type".to_owned(), "application/json".to_owned())].into(),
        body: body.to_string(),
    }
}

//! Docker Hub, and what is between it and us.

use std::collections::BTreeMap;

use ecr_public_sandbox::{Effect, Face, Fault, Format, image};

use crate::support::scenario::{FIRST, Scenario};

use super::{arrived, copy_of, fails, largest_layer, recovers, without_trust};

const MIB: usize = 1 << 20;
/// Two thirds of the one layer that `busybox` has.
const WITHIN: u64 = 500_000;

#[tokio::test]
async fn a_tag_that_does_not_exist() {
    let scenario = Scenario::with(&copy_of("alpine:9.99", "")).await;
    fails(&scenario, "source_tag_missing").await;
    let alpine = image("alpine 9.99").layers([4096]);
    let hub = scenario.sandbox.hub();
    hub.push("library/alpine", "9.99", &alpine).unwrap();
    recovers(scenario).await;
}

#[tokio::test]
async fn a_repository_that_does_not_exist() {
    let scenario = Scenario::with(&copy_of("acme/nothing:1.0", "")).await;
    fails(&scenario, "source_repository_missing").await;
    scenario.configure(&copy_of("alpine:3.22", ""));
    recovers(scenario).await;
}

#[tokio::test]
async fn a_private_image() {
    let scenario = Scenario::with(&copy_of("acme/app:1.0", "")).await;
    fails(&scenario, "source_private").await;
    sign_in(&scenario, "docker-hub-token");
    recovers(scenario).await;
}

#[tokio::test]
async fn a_password_that_is_wrong() {
    let scenario = Scenario::with("").await;
    sign_in(&scenario, "a-token-of-last-year");
    fails(&scenario, "source_password_wrong").await;
    assert!(
        !scenario
            .terraform
            .apply(&[])
            .await
            .text
            .contains("last-year")
    );
    sign_in(&scenario, "docker-hub-token");
    recovers(scenario).await;
}

fn sign_in(scenario: &Scenario, password: &str) {
    let block = scenario.sandbox.provider_block().replace(
        "    plain_http = true",
        &format!(
            "    plain_http = true\n    username = \"acme-pipeline\"\n    password = \"{password}\""
        ),
    );
    scenario.configure_with(&block, &copy_of("acme/app:1.0", ""));
}

#[tokio::test]
async fn docker_hub_out_of_budget() {
    let scenario = Scenario::with(&copy_of("alpine:3.22", "")).await;
    scenario.sandbox.hub().set_anonymous_remaining(0);
    fails(&scenario, "pull_limit_reached").await;
    scenario.sandbox.hub().set_anonymous_remaining(10);
    recovers(scenario).await;
}

#[tokio::test]
async fn docker_hub_that_asks_to_slow_down_is_given_the_time() {
    let scenario = Scenario::with(&copy_of("busybox:1.36", "")).await;
    let fault = Fault::on(Face::Hub, slow_down()).path("/manifests/");
    let fault = scenario.sandbox.faults().add(fault.times(2));
    scenario.terraform.apply(&[]).await.succeeded();
    assert_eq!(fault.hits(), 2);
    arrived(scenario).await;
}

#[tokio::test]
async fn docker_hub_that_asks_to_slow_down_again_and_again() {
    let scenario = Scenario::with(&copy_of("busybox:1.36", "")).await;
    let fault = Fault::on(Face::Hub, slow_down()).path("/manifests/");
    let fault = scenario.sandbox.faults().add(fault.always());
    fails(&scenario, "source_throttled").await;
    fault.remove();
    recovers(scenario).await;
}

/// What [`Effect::hub_abuse`] says, with a shorter wait.
fn slow_down() -> Effect {
    Effect::Answer {
        status: 429,
        headers: [("content-type", "text/plain"), ("retry-after", "1")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        body: "Too Many Requests (HAP429)\n".to_owned(),
    }
}

#[tokio::test]
async fn docker_hub_that_is_down() {
    let scenario = Scenario::with(&copy_of("busybox:1.36", "")).await;
    let fault = Fault::on(Face::Hub, Effect::status(503)).always();
    let fault = scenario.sandbox.faults().add(fault);
    fails(&scenario, "source_down").await;
    fault.remove();
    recovers(scenario).await;
}

#[tokio::test]
async fn a_layer_with_wrong_bytes() {
    let scenario = Scenario::with(&copy_of("busybox:1.36", "")).await;
    let layer = largest_layer(&scenario, "library/busybox", "1.36");
    let fault = Fault::on(Face::HubCdn, Effect::WrongByte { at: WITHIN });
    let fault = scenario
        .sandbox
        .faults()
        .add(fault.path(layer.hex()).always());
    fails(&scenario, "source_wrong_bytes").await;
    let store = scenario.sandbox.store();
    let stored = store.layer(&FIRST.parse().unwrap(), "busybox", &layer);
    assert!(stored.unwrap().is_none());
    fault.remove();
    recovers(scenario).await;
}

#[tokio::test]
async fn a_layer_with_wrong_bytes_once_is_read_again() {
    let scenario = Scenario::with(&copy_of("busybox:1.36", "")).await;
    let layer = largest_layer(&scenario, "library/busybox", "1.36");
    let fault = Fault::on(Face::HubCdn, Effect::WrongByte { at: WITHIN });
    let fault = scenario.sandbox.faults().add(fault.path(layer.hex()));
    scenario.terraform.apply(&[]).await.succeeded();
    assert_eq!(fault.hits(), 1);
    arrived(scenario).await;
}

#[tokio::test]
async fn a_layer_that_is_cut_is_resumed() {
    let scenario = Scenario::with(&copy_of("busybox:1.36", "")).await;
    let layer = largest_layer(&scenario, "library/busybox", "1.36");
    let cut = Effect::CutResponse {
        after_bytes: WITHIN,
    };
    let fault = Fault::on(Face::HubCdn, cut).path(layer.hex());
    scenario.sandbox.faults().add(fault);
    scenario.terraform.apply(&[]).await.succeeded();
    let reads = scenario
        .sandbox
        .journal()
        .select(|entry| entry.is(Face::HubCdn, "GET", layer.hex()));
    let ranges: Vec<_> = reads.iter().map(|read| read.headers.get("range")).collect();
    assert_eq!(ranges, [None, Some(&format!("bytes={WITHIN}-"))]);
    assert_eq!(scenario.sandbox.hub().pulls(), 1, "a blob is no pull");
    arrived(scenario).await;
}

#[tokio::test]
async fn a_signed_address_that_expired_is_asked_for_again() {
    let scenario = Scenario::with(&copy_of("busybox:1.36", "")).await;
    let layer = largest_layer(&scenario, "library/busybox", "1.36");
    let fault = Fault::on(Face::HubCdn, Effect::status(403)).path(layer.hex());
    scenario.sandbox.faults().add(fault);
    scenario.terraform.apply(&[]).await.succeeded();
    let asked = |face| {
        scenario
            .sandbox
            .journal()
            .count(|entry| entry.is(face, "GET", layer.hex()))
    };
    assert_eq!((asked(Face::Hub), asked(Face::HubCdn)), (2, 2));
    arrived(scenario).await;
}

#[tokio::test]
async fn a_redirect_into_a_private_network() {
    let scenario = Scenario::with(&copy_of("busybox:1.36", "")).await;
    let layer = largest_layer(&scenario, "library/busybox", "1.36");
    let target = "http://169.254.1.1/object";
    let away = Effect::Answer {
        status: 307,
        headers: BTreeMap::from([("location".to_owned(), target.to_owned())]),
        body: String::new(),
    };
    let fault = Fault::on(Face::Hub, away).path(layer.hex()).always();
    let fault = scenario.sandbox.faults().add(fault);
    fails(&scenario, "redirect_into_a_private_network").await;
    fault.remove();
    recovers(scenario).await;
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for() {
    let scenario = Scenario::with("").await;
    let (address, _server) = without_trust::serve().await;
    let block = scenario.sandbox.provider_block();
    let block = block.replace(&scenario.sandbox.hub_url(), &format!("https://{address}"));
    let block = block.replace("    plain_http = true\n", "");
    scenario.configure_with(&block, &copy_of("busybox:1.36", ""));
    fails(&scenario, "source_certificate").await;
    scenario.configure(&copy_of("busybox:1.36", ""));
    recovers(scenario).await;
}

#[tokio::test]
async fn a_platform_that_the_index_does_not_have() {
    let resource = copy_of(
        "alpine:3.22",
        "platforms = [\"linux/amd64\", \"linux/s390x\"]",
    );
    let scenario = Scenario::with(&resource).await;
    fails(&scenario, "platform_not_in_the_index").await;
    scenario.configure(&resource.replace("linux/s390x", "linux/arm64"));
    recovers(scenario).await;
}

#[tokio::test]
async fn a_platform_of_an_image_that_is_no_index() {
    let resource = copy_of("busybox:1.36", "platforms = [\"linux/s390x\"]");
    let scenario = Scenario::with(&resource).await;
    fails(&scenario, "platform_of_a_single_image").await;
    scenario.configure(&copy_of("busybox:1.36", ""));
    recovers(scenario).await;
}

#[tokio::test]
async fn a_manifest_of_more_than_4_mib() {
    let scenario = Scenario::with(&copy_of("acme/heavy:1.0", "")).await;
    let heavy = image("heavy").layers([4096]).padding(5 * MIB);
    let hub = scenario.sandbox.hub();
    hub.push("acme/heavy", "1.0", &heavy).unwrap();
    fails(&scenario, "manifest_too_large").await;
    hub.push("acme/heavy", "1.0", &heavy.padding(3 * MIB))
        .unwrap();
    recovers(scenario).await;
}

#[tokio::test]
async fn a_manifest_of_schema_1() {
    let scenario = Scenario::with(&copy_of("acme/old:1.0", "")).await;
    let old = image("old").layers([4096]);
    let hub = scenario.sandbox.hub();
    hub.push("acme/old", "1.0", &old.clone().format(Format::Schema1))
        .unwrap();
    fails(&scenario, "manifest_of_schema_1").await;
    hub.push("acme/old", "1.0", &old.format(Format::Docker))
        .unwrap();
    recovers(scenario).await;
}

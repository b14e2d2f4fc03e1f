//! Images are copied only when one of the right keys has signed them; signers without a key are in
//! `keyless`.

use std::collections::BTreeMap;

use ecr_public_sandbox::{Digest, Effect, Entry, Face, Fault};
use serde_json::{Value, json};

use crate::support::messages;
use crate::support::scenario::{FIRST, IT, SECOND, Scenario, it, named};
use crate::support::signer::{Claim, Signer};
use crate::support::terraform::Run;

const ALPINE: &str = "library/alpine";

/// `alpine:3.22` with these arguments of `verify`.
fn alpine(verify: &str) -> String {
    it(&arguments(verify))
}

fn arguments(verify: &str) -> String {
    format!("source = \"alpine:3.22\"\naccount_id = \"{FIRST}\"\nverify {{\n{verify}\n}}\n")
}

const OURS: &str = "public_keys = [file(\"cosign.pub\")]";

/// A scenario in which somebody has a key, and the folder its public half.
async fn with_a_signer(resources: &str) -> (Scenario, Signer) {
    let (scenario, signer) = (Scenario::with("").await, Signer::new());
    let terraform = &scenario.terraform;
    terraform.write("cosign.pub", &signer.public_key());
    terraform.write("other.pub", &Signer::new().public_key());
    scenario.configure(resources);
    (scenario, signer)
}

/// Asserts that an apply failed in the words of the snapshot, before anything was written.
async fn refused(scenario: &Scenario, name: &str) {
    let before = scenario.writes();
    let run: Run = scenario.terraform.apply(&[]).await;
    messages::failed_with(&format!("verify_{name}"), run);
    assert_eq!(scenario.writes(), before, "{name}");
}

fn digests_of(index: &Value, architecture: &str) -> String {
    let entries = index["manifests"].as_array().unwrap().iter();
    let mut entries = entries.filter(|entry| entry["platform"]["architecture"] == architecture);
    entries.next().unwrap()["digest"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn a_signed_image_is_copied_for_one_pull_more_however_many_accounts_want_it() {
    let second = named("other", &arguments(OURS).replace(FIRST, SECOND));
    let (scenario, signer) = with_a_signer(&(alpine(OURS) + &second)).await;
    let image = scenario.at_hub("alpine", "3.22");
    signer.sign(scenario.sandbox.hub(), &Claim::about(ALPINE, &image));
    scenario.terraform.plan().await.succeeded();
    assert_eq!(scenario.sandbox.hub().pulls(), 0, "a plan is free");
    scenario.terraform.apply(&[]).await.succeeded();
    for account in [FIRST, SECOND] {
        assert_eq!(scenario.tags(account, "alpine")["3.22"], image);
    }
    let manifests = scenario.reads();
    let manifests = manifests.iter().filter(|path| path.contains("/manifests/"));
    // The index, six images and attestations in it, and the signature.
    assert_eq!(manifests.count(), 8);
    let tag = format!("/manifests/{}.sig", image.replace(':', "-"));
    let asks = |entry: &Entry| entry.is(Face::Hub, "HEAD", &tag) && entry.status != Some(401);
    assert_eq!(scenario.sandbox.journal().count(asks), 1);
    let log = scenario.terraform.log();
    assert!(log.contains("image signature verified"), "{log}");

    let before = scenario.sandbox.hub().pulls();
    scenario.terraform.converged().await;
    assert_eq!(scenario.sandbox.hub().pulls(), before);
    assert_eq!(
        scenario.sandbox.journal().count(asks),
        1,
        "a refresh does not verify"
    );
    scenario.terraform.destroy().await.succeeded();
    scenario.was_clean().await;
}

#[tokio::test]
async fn an_unsigned_image_fails_before_its_repository_is_created() {
    let (scenario, _) = with_a_signer(&alpine(OURS)).await;
    refused(&scenario, "unsigned").await;
    assert_eq!(scenario.writes(), [""; 0]);
    let account = FIRST.parse().unwrap();
    assert!(
        scenario
            .sandbox
            .store()
            .repository(&account, "alpine")
            .is_err()
    );
    assert_eq!(scenario.sandbox.hub().pulls(), 0);
    assert_eq!(scenario.terraform.attributes(IT).await, Value::Null);
    scenario.was_clean().await;
}

#[tokio::test]
async fn one_of_several_keys_is_enough_and_none_of_them_is_not() {
    let (scenario, signer) = with_a_signer(&alpine("public_keys = [file(\"other.pub\")]")).await;
    let image = scenario.at_hub("alpine", "3.22");
    signer.sign(scenario.sandbox.hub(), &Claim::about(ALPINE, &image));
    let key = Signer::new().public_key();
    scenario.terraform.write("other.pub", &key);
    let refused = scenario.terraform.apply(&[]).await.failed();
    refused
        .says("Error: Image is not signed by these keys")
        .says("It has one signature, which was made by none of the keys.")
        .says("`public_keys` has the key with the fingerprint `sha256:");
    assert_eq!(scenario.writes(), [""; 0]);
    let both = "public_keys = [file(\"other.pub\"), file(\"cosign.pub\")]";
    scenario.configure(&alpine(both));
    scenario.terraform.apply(&[]).await.succeeded();
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn annotations_have_to_be_in_what_was_signed() {
    let asked = format!("{OURS}\nannotations = {{ stage = \"released\", build = \"7\" }}");
    let (scenario, signer) = with_a_signer(&alpine(&asked)).await;
    let image = scenario.at_hub("alpine", "3.22");
    let mut claim = Claim::about(ALPINE, &image);
    claim.annotations = json!({ "stage": "draft", "more": 1 });
    signer.sign(scenario.sandbox.hub(), &claim);
    refused(&scenario, "annotations").await;
    claim.annotations = json!({ "stage": "released", "build": "7", "more": 1 });
    signer.sign(scenario.sandbox.hub(), &claim);
    scenario.terraform.apply(&[]).await.succeeded();
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_signature_that_was_moved_from_another_image_does_not_count() {
    let (scenario, signer) = with_a_signer(&alpine(OURS)).await;
    let image = scenario.at_hub("alpine", "3.22");
    let mut claim = Claim::about(ALPINE, &image);
    let other = scenario.at_hub("alpine", "3.21");
    claim.says = &other;
    signer.sign(scenario.sandbox.hub(), &claim);
    refused(&scenario, "another_image").await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_bundle_that_refers_to_the_image_counts() {
    let asked = format!("{OURS}\nannotations = {{ stage = \"released\" }}");
    let (scenario, signer) = with_a_signer(&alpine(&asked)).await;
    let image = scenario.at_hub("alpine", "3.22");
    let mut claim = Claim::about(ALPINE, &image);
    claim.annotations = json!({ "stage": "released" });
    signer.attach(scenario.sandbox.hub(), &claim);
    scenario.terraform.apply(&[]).await.succeeded();
    let manifests = scenario.reads();
    let manifests = manifests.iter().filter(|path| path.contains("/manifests/"));
    // As above, and the index of what refers to the image.
    assert_eq!(manifests.count(), 9);
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

/// What the check has read, list and bundle, the copy does not read again.
#[tokio::test]
async fn what_was_checked_is_read_once_when_it_comes_along() {
    let both = alpine(OURS).replace("verify {", "referrers = \"all\"\nverify {");
    let (scenario, signer) = with_a_signer(&both).await;
    let image = scenario.at_hub("alpine", "3.22");
    signer.attach(scenario.sandbox.hub(), &Claim::about(ALPINE, &image));
    scenario.terraform.apply(&[]).await.succeeded();
    let reads = scenario.reads();
    let manifests = reads.iter().filter(|path| path.contains("/manifests/"));
    assert_eq!(manifests.count(), 9, "{reads:?}");
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

/// At a registry that keeps the list itself.
#[tokio::test]
async fn a_bundle_that_the_registry_lists_counts() {
    let (scenario, signer) = with_a_signer("").await;
    let hub = scenario.sandbox.generic();
    let image = hub.digest("acme/tool", "2.1").unwrap().to_string();
    signer.attach(hub, &Claim::about("acme/tool", &image));
    hub.remove_tag("acme/tool", &image.replace(':', "-"));
    let host = scenario.sandbox.generic_url();
    let block = scenario.provider_with(&format!(
        "  registry {{\n    host = \"registry.example.com\"\n    endpoint = \"{host}\"\n    \
         plain_http = true\n  }}\n"
    ));
    let image = arguments(OURS).replace("alpine:3.22", "registry.example.com/acme/tool:2.1");
    scenario.configure_with(&block, &it(&image));
    scenario.terraform.apply(&[]).await.succeeded();
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn chosen_platforms_are_covered_by_signatures_of_their_own() {
    let platforms = |which: &str| it(&format!("{}platforms = {which}\n", arguments(OURS)));
    let (scenario, signer) = with_a_signer(&platforms("[\"linux/amd64\"]")).await;
    let root = scenario.at_hub("alpine", "3.22");
    let index = scenario.hub_manifest("alpine", &root);
    let hub = scenario.sandbox.hub();
    signer.sign(hub, &Claim::about(ALPINE, &digests_of(&index, "amd64")));
    scenario.terraform.apply(&[]).await.succeeded();
    scenario.terraform.converged().await;

    scenario.configure(&platforms("[\"linux/amd64\", \"linux/arm64\"]"));
    let before = scenario.terraform.state();
    refused(&scenario, "one_platform_unsigned").await;
    assert_eq!(instances(&scenario.terraform.state()), instances(&before));
    signer.sign(hub, &Claim::about(ALPINE, &digests_of(&index, "arm64")));
    scenario.terraform.apply(&[]).await.succeeded();
    scenario.terraform.converged().await;

    scenario.configure(&alpine(OURS));
    let run = scenario.terraform.apply(&[]).await.failed();
    run.says("Error: Image is not signed");
    signer.sign(hub, &Claim::about(ALPINE, &root));
    scenario.terraform.apply(&[]).await.succeeded();
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

fn instances(state: &Value) -> Value {
    state["resources"].clone()
}

#[tokio::test]
async fn an_image_that_is_there_already_has_to_be_signed_as_well() {
    let unverified = format!("source = \"alpine:3.22\"\naccount_id = \"{FIRST}\"\n");
    let (scenario, signer) = with_a_signer(&it(&unverified)).await;
    scenario.terraform.apply(&[]).await.succeeded();
    scenario.terraform.forget(IT).await;
    scenario.configure(&alpine(OURS));
    let before = scenario.writes();
    let run = scenario.terraform.apply(&[]).await.failed();
    run.says("Error: Image is not signed");
    assert_eq!(scenario.terraform.attributes(IT).await, Value::Null);
    let image = scenario.at_hub("alpine", "3.22");
    signer.sign(scenario.sandbox.hub(), &Claim::about(ALPINE, &image));
    scenario.terraform.apply(&[]).await.succeeded();
    assert_eq!(scenario.writes(), before, "it was adopted");
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_key_that_is_added_later_is_checked_and_moves_nothing() {
    let unverified = format!("source = \"alpine:3.22\"\naccount_id = \"{FIRST}\"\n");
    let (scenario, signer) = with_a_signer(&it(&unverified)).await;
    scenario.terraform.apply(&[]).await.succeeded();
    scenario.configure(&alpine(OURS));
    let change = scenario.terraform.planned(IT).await;
    assert_eq!(change["actions"], json!(["update"]));
    assert_eq!(change["after"]["digest"], change["before"]["digest"]);
    let before = scenario.terraform.state();
    refused(&scenario, "added").await;
    assert_eq!(instances(&scenario.terraform.state()), instances(&before));

    let image = scenario.at_hub("alpine", "3.22");
    signer.sign(scenario.sandbox.hub(), &Claim::about(ALPINE, &image));
    let (writes, pulls) = (scenario.writes(), scenario.sandbox.hub().pulls());
    scenario.terraform.apply(&[]).await.succeeded();
    assert_eq!(scenario.writes(), writes, "nothing moved");
    assert_eq!(scenario.sandbox.hub().pulls(), pulls + 1);
    scenario.terraform.converged().await;

    // Without it again, nobody is asked.
    scenario.configure(&it(&unverified));
    scenario.terraform.apply(&[]).await.succeeded();
    assert_eq!(scenario.sandbox.hub().pulls(), pulls + 1);
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_tag_that_moves_to_an_unsigned_image_leaves_the_signed_one_in_place() {
    let latest = arguments(OURS).replace("alpine:3.22", "alpine:latest");
    let (scenario, signer) = with_a_signer(&it(&latest)).await;
    let hub = scenario.sandbox.hub();
    let old = scenario.at_hub("alpine", "3.22");
    signer.sign(hub, &Claim::about(ALPINE, &old));
    scenario.terraform.apply(&[]).await.succeeded();
    let new = scenario.at_hub("alpine", "3.21");
    let digest: Digest = new.parse().unwrap();
    hub.move_tag(ALPINE, "latest", &digest);

    let before = scenario.terraform.attributes(IT).await;
    let run = scenario.terraform.apply(&[]).await.failed();
    run.says("Error: Image is not signed").says(&new);
    assert_eq!(scenario.terraform.attributes(IT).await, before);
    let tags = BTreeMap::from([("latest".to_owned(), old)]);
    assert_eq!(scenario.tags(FIRST, "alpine"), tags);

    signer.sign(hub, &Claim::about(ALPINE, &new));
    scenario.terraform.apply(&[]).await.succeeded();
    assert_eq!(scenario.tags(FIRST, "alpine")["latest"], new);
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn signatures_that_may_not_be_read_stop_the_copy() {
    let (scenario, signer) = with_a_signer(&alpine(OURS)).await;
    let image = scenario.at_hub("alpine", "3.22");
    signer.sign(scenario.sandbox.hub(), &Claim::about(ALPINE, &image));
    let denied = Fault::on(Face::Hub, Effect::status(403)).path(".sig");
    let denied = scenario.sandbox.faults().add(denied.always());
    refused(&scenario, "denied").await;
    assert_eq!(scenario.writes(), [""; 0]);
    denied.remove();
    scenario.terraform.apply(&[]).await.succeeded();
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_private_key_in_place_of_a_public_one_is_refused_and_not_shown() {
    let secret = "c2VjcmV0IG9mIHRoZSBzaWduZXI";
    let keys = format!(
        "public_keys = [file(\"cosign.pub\"), <<-PEM\n    -----BEGIN PRIVATE KEY-----\n    \
         {secret}\n    -----END PRIVATE KEY-----\n    PEM\n  ]"
    );
    let (scenario, _) = with_a_signer(&alpine(&keys)).await;
    let run = scenario.terraform.plan().await.failed();
    let run = run
        .says("Error: Invalid public key")
        .says("Element 1 of `public_keys` cannot be used: it is a private key");
    assert!(!run.text.contains(secret), "{}", run.text);
    scenario.configure(&alpine("public_keys = []"));
    let run = scenario.terraform.plan().await.failed();
    run.says("Error: Signers are missing");
    scenario.was_clean().await;
}

#[tokio::test]
async fn keys_that_only_the_apply_knows_are_used_then() {
    let keys = "public_keys = [terraform_data.key.output]";
    let key = "resource \"terraform_data\" \"key\" {\n  input = file(\"cosign.pub\")\n}\n";
    let (scenario, signer) = with_a_signer(&format!("{key}{}", alpine(keys))).await;
    let image = scenario.at_hub("alpine", "3.22");
    signer.sign(scenario.sandbox.hub(), &Claim::about(ALPINE, &image));
    scenario.terraform.apply(&[]).await.succeeded();
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

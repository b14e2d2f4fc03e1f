//! Images that somebody has signed without a key, by the word of a Sigstore instance.

use serde_json::json;

use crate::support::messages;
use crate::support::scenario::{FIRST, IT, Scenario, it};
use crate::support::signer::{Claim, Signer, attach};
use crate::support::sigstore::Sigstore;

const ALPINE: &str = "library/alpine";
const ISSUER: &str = "https://token.example.com";
const RELEASE: &str = "https://example.com/acme/app/release.yml@refs/heads/main";

/// `alpine:3.22`, signed by this workflow.
fn signed_by(subject: &str) -> String {
    it(&format!(
        "source = \"alpine:3.22\"\naccount_id = \"{FIRST}\"\nverify {{\n  identities = [{{\n    \
         issuer  = \"{ISSUER}\"\n    subject = \"{subject}\"\n  }}]\n  trusted_root = \
         file(\"trusted_root.json\")\n  annotations = {{ stage = \"released\" }}\n}}\n"
    ))
}

/// A scenario with an instance that everybody trusts.
async fn with_an_instance(resources: &str) -> (Scenario, Sigstore) {
    let (scenario, instance) = (Scenario::with("").await, Sigstore::new());
    let root = instance.trusted_root();
    scenario.terraform.write("trusted_root.json", &root);
    scenario.configure(resources);
    (scenario, instance)
}

/// Signs at the stand-in for Docker Hub, as this workflow.
fn sign(scenario: &Scenario, instance: &Sigstore, subject: &str) {
    let image = scenario.at_hub("alpine", "3.22");
    let mut claim = Claim::about(ALPINE, &image);
    claim.annotations = json!({ "stage": "released" });
    let bundle = instance.bundle(ISSUER, subject, &claim.statement());
    attach(scenario.sandbox.hub(), &claim, &bundle);
}

#[tokio::test]
async fn an_image_counts_as_signed_when_one_of_the_identities_signed_it() {
    let (scenario, instance) = with_an_instance(&signed_by(RELEASE)).await;
    let nightly = RELEASE.replace("release.yml", "nightly.yml");
    sign(&scenario, &instance, &nightly);
    let run = scenario.terraform.apply(&[]).await;
    messages::failed_with("verify_somebody_else", run);
    assert_eq!(scenario.writes(), [""; 0]);

    sign(&scenario, &instance, RELEASE);
    scenario.terraform.apply(&[]).await.succeeded();
    let image = scenario.at_hub("alpine", "3.22");
    assert_eq!(scenario.tags(FIRST, "alpine")["3.22"], image);
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn another_instance_vouches_for_nobody() {
    let (scenario, _) = with_an_instance(&signed_by(RELEASE)).await;
    sign(&scenario, &Sigstore::new(), RELEASE);
    let run = scenario.terraform.apply(&[]).await.failed();
    run.says("Error: Certificate of a signature is not trusted")
        .says("`trusted_root`");
    assert_eq!(scenario.writes(), [""; 0]);
    scenario.was_clean().await;
}

#[tokio::test]
async fn keys_and_identities_may_stand_side_by_side() {
    let both = signed_by(RELEASE).replace(
        "verify {",
        "verify {\n  public_keys = [file(\"cosign.pub\")]",
    );
    let (scenario, instance) = with_an_instance(&both).await;
    let signer = Signer::new();
    scenario.terraform.write("cosign.pub", &signer.public_key());
    let image = scenario.at_hub("alpine", "3.22");
    let mut claim = Claim::about(ALPINE, &image);
    claim.annotations = json!({ "stage": "released" });
    signer.sign(scenario.sandbox.hub(), &claim);
    scenario.terraform.apply(&[]).await.succeeded();

    // The other one now, and for an instance of its own.
    let tag = format!("{}.sig", image.replace(':', "-"));
    scenario.sandbox.hub().remove_tag(ALPINE, &tag);
    sign(&scenario, &instance, RELEASE);
    scenario.terraform.forget(IT).await;
    scenario.terraform.apply(&[]).await.succeeded();
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

//! *Publishing only signed images*: with keys, and without.

use serde_json::json;

use super::{blocks, rendered, scenario_of};
use crate::support::signer::{Claim, Signer, attach};
use crate::support::sigstore::Sigstore;

pub(super) const GUIDE: &str = "guides/signatures.md";

#[tokio::test]
async fn what_the_guide_says_to_type_works_with_keys_and_without() {
    let page = rendered(GUIDE);
    let [main] = &blocks(&page, "terraform")[..] else {
        panic!("there is one configuration in the guide");
    };
    let [apply, again] = &blocks(&page, "shell")[..] else {
        panic!("there are two places to type something");
    };
    let [keyless] = &blocks(&page, "hcl")[..] else {
        panic!("there is one piece of a configuration in the guide");
    };
    let scenario = scenario_of(main, "").await;
    let signer = Signer::new();
    let terraform = &scenario.terraform;
    terraform.write("keys/old.pub", &Signer::new().public_key());
    terraform.write("keys/new.pub", &signer.public_key());
    let image = scenario.at_hub("alpine", "3.22");
    let mut claim = Claim::about("library/alpine", &image);
    claim.annotations = json!({ "stage": "released" });
    signer.sign(scenario.sandbox.hub(), &claim);
    let applied = terraform.shell(apply).await.succeeded();
    applied.says("1 added, 0 changed, 0 destroyed");
    terraform.shell(again).await.succeeded().says("No changes.");

    let (before, rest) = main.split_once("  verify {\n").unwrap();
    let (_, after) = rest.split_once("\n  }\n").unwrap();
    terraform.write("main.tf", &format!("{before}{keyless}\n{after}"));
    let instance = Sigstore::new();
    terraform.write("trusted_root.json", &instance.trusted_root());
    let named = |name: &str| {
        let value = keyless.split_once(name).unwrap().1;
        value.split('"').nth(1).unwrap().to_owned()
    };
    let claim = Claim::about("library/alpine", &image);
    let bundle = instance.bundle(&named("issuer"), &named("subject"), &claim.statement());
    attach(scenario.sandbox.hub(), &claim, &bundle);
    let changed = terraform.shell(apply).await.succeeded();
    changed.says("0 added, 1 changed, 0 destroyed");
    terraform.shell(again).await.succeeded().says("No changes.");
    scenario.was_clean().await;
}

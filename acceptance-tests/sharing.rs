//! What several accounts want is read from Docker Hub once.

use std::collections::BTreeSet;

use ecr_public_sandbox::{Effect, Face, Fault};

use crate::support::scenario::{FIRST, SECOND, Scenario};

/// The same image for both accounts.
async fn two_accounts() -> Scenario {
    let accounts = format!("[\"{FIRST}\", \"{SECOND}\"]");
    Scenario::with(&format!(
        "resource \"ecrpublic_mirrored_image\" \"it\" {{\n  for_each   = toset({accounts})\n  \
         source     = \"alpine:3.22\"\n  account_id = each.value\n}}\n",
    ))
    .await
}

fn both_have_it(scenario: &Scenario) {
    for account in [FIRST, SECOND] {
        let tags = scenario.tags(account, "alpine");
        assert_eq!(tags["3.22"], scenario.at_hub("alpine", "3.22"));
    }
}

#[tokio::test]
async fn two_accounts_with_one_image_cause_one_read_of_everything() {
    let scenario = two_accounts().await;
    scenario.terraform.apply(&[]).await.succeeded();
    both_have_it(&scenario);
    let reads = scenario.reads();
    let distinct: BTreeSet<&String> = reads.iter().collect();
    assert!(reads.len() > 2, "{reads:?}");
    assert_eq!(reads.len(), distinct.len(), "{reads:?}");
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_registry_that_does_not_serve_layers_costs_reads_and_nothing_else() {
    let scenario = two_accounts().await;
    let never = Fault::on(Face::Registry, Effect::status(404))
        .method("GET")
        .path("/blobs/sha256:");
    let refused = scenario.sandbox.faults().add(never.always());
    scenario.terraform.apply(&[]).await.succeeded();
    assert!(refused.hits() > 0, "nobody tried to read a copy");
    both_have_it(&scenario);
    let mut manifests = scenario.reads();
    manifests.retain(|path| path.contains("/manifests/"));
    let distinct: BTreeSet<&String> = manifests.iter().collect();
    assert_eq!(manifests.len(), distinct.len(), "{manifests:?}");
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

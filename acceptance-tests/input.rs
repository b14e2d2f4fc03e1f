//! Configurations that cannot work are refused before anybody is asked.

use crate::support::messages;
use crate::support::scenario::Scenario;

#[tokio::test]
async fn a_malformed_reference() {
    refused("malformed_reference", "source = \"alpine:3.22:latest\"").await;
}

#[tokio::test]
async fn a_repository_name_that_only_oci_allows() {
    refused(
        "repository_name_only_oci_allows",
        "source = \"acme/a__b:1.0\"",
    )
    .await;
}

#[tokio::test]
async fn a_tag_of_129_characters() {
    let tag = "t".repeat(129);
    let resource = format!("source = \"alpine:3.22\"\n  image_tags = [\"{tag}\"]");
    refused("tag_too_long", &resource).await;
}

#[tokio::test]
async fn a_source_tag_of_129_characters() {
    let tag = "t".repeat(129);
    refused("source_tag_too_long", &format!("source = \"alpine:{tag}\"")).await;
}

#[tokio::test]
async fn a_digest_with_upper_case_hex() {
    let digest = "A".repeat(64);
    let resource = format!("source = \"alpine@sha256:{digest}\"\n  image_tags = [\"3.22\"]");
    refused("digest_in_upper_case", &resource).await;
}

#[tokio::test]
async fn a_role_arn_that_is_none() {
    refused(
        "role_arn_that_is_none",
        "source = \"alpine:3.22\"\n  assume_role = [{ role_arn = \"ecr-publisher\" }]",
    )
    .await;
}

#[tokio::test]
async fn an_empty_role_arn() {
    refused(
        "role_arn_empty",
        "source = \"alpine:3.22\"\n  assume_role = [{ role_arn = \"\" }]",
    )
    .await;
}

#[tokio::test]
async fn an_account_id_that_is_none() {
    refused(
        "account_id_that_is_none",
        "source = \"alpine:3.22\"\n  account_id = \"2222-2222-2222\"",
    )
    .await;
}

#[tokio::test]
async fn a_role_in_another_account_than_the_account_id() {
    refused(
        "role_in_another_account",
        "source = \"alpine:3.22\"\n  account_id = \"333333333333\"\n  assume_role = [{ role_arn = \
         \"arn:aws:iam::222222222222:role/ecr-publisher\" }]",
    )
    .await;
}

/// Asserts that a resource with these arguments is refused in the words of the snapshot, by
/// everything that could do something with it, and that nobody was asked about it.
async fn refused(name: &str, arguments: &str) {
    let scenario = Scenario::with(&format!(
        "resource \"ecrpublic_mirrored_image\" \"it\" {{\n  {arguments}\n}}\n"
    ))
    .await;
    messages::failed_with(name, scenario.terraform.run(&["validate"]).await);
    messages::failed_with(name, scenario.terraform.apply(&[]).await);
    let asked = scenario.sandbox.journal().entries();
    assert!(asked.is_empty(), "{asked:?}");
    scenario.was_clean().await;
}

//! Functions say what they say without a provider block, credentials or a network.

use serde_json::json;

use crate::support::packages::ADDRESS;
use crate::support::scenario::Scenario;

/// A configuration with one output for each expression, and nothing that could be configured.
fn outputs(expressions: &[(&str, &str)]) -> String {
    let outputs = expressions
        .iter()
        .map(|(name, expression)| format!("output \"{name}\" {{\n  value = {expression}\n}}\n"));
    format!(
        "terraform {{\n  required_providers {{\n    ecrpublic = {{\n      source = \
         \"{ADDRESS}\"\n    }}\n  }}\n}}\n\n{}",
        outputs.collect::<String>()
    )
}

async fn with(expressions: &[(&str, &str)]) -> Scenario {
    let scenario = Scenario::bare(ecr_public_sandbox::Seed::demo()).await;
    scenario.terraform.write("main.tf", &outputs(expressions));
    scenario.terraform.init().await;
    scenario
}

#[tokio::test]
async fn functions_need_no_provider_block_and_ask_nobody() {
    let scenario = with(&[
        (
            "parts",
            "provider::ecrpublic::parse_reference(\"nginx:1.27\")",
        ),
        (
            "name",
            "provider::ecrpublic::default_repository(\"ghcr.io/org/app@sha256:${sha256(\"\")}\")",
        ),
        (
            "repository",
            "provider::ecrpublic::public_uri(\"a1b2c3d4\", \"team/app\", null)",
        ),
        (
            "images",
            "[for version in [\"1.27\", \"sha256:${sha256(\"\")}\"] : \
             provider::ecrpublic::public_uri(\"a1b2c3d4\", \"team/app\", version)]",
        ),
    ])
    .await;
    let terraform = &scenario.terraform;
    terraform.apply(&[]).await.succeeded();
    let parts = json!({
        "registry": "docker.io", "repository": "library/nginx", "tag": "1.27", "digest": null,
        "normalized": "docker.io/library/nginx:1.27",
    });
    assert_eq!(terraform.output("parts").await, parts);
    assert_eq!(terraform.output("name").await, "org/app");
    let repository = "public.ecr.aws/a1b2c3d4/team/app";
    assert_eq!(terraform.output("repository").await, repository);
    let digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let images = [
        format!("{repository}:1.27"),
        format!("{repository}@{digest}"),
    ];
    assert_eq!(terraform.output("images").await, json!(images));
    terraform.converged().await;
    assert!(scenario.sandbox.journal().entries().is_empty());
    scenario.was_clean().await;
}

#[tokio::test]
async fn an_error_points_at_the_argument() {
    let scenario = with(&[(
        "uri",
        "provider::ecrpublic::public_uri(\"a1b2c3d4\", \"team/a__b\", null)",
    )])
    .await;
    let run = scenario.terraform.plan().await.failed();
    run.says("Error: Invalid function argument")
        .says("Invalid value for \"repository\" parameter: `team/a__b` cannot be the name of a")
        .says("although other registries take more.");
    scenario.was_clean().await;
}

//! What the story is told with: the accounts and roles of the demo, and one of its images.

use anyhow::Result;
use ecr_public_sandbox::Sandbox;
use serde_json::json;

/// Where the pipeline is at home.
pub(crate) const TOOLING: &str = "111111111111";
/// Those who publish.
pub(crate) const ACCOUNTS: [&str; 2] = ["222222222222", "333333333333"];
/// The image, as one would write it after `docker pull`.
pub(crate) const IMAGE: &str = "alpine:3.22";
/// The repository it gets in ECR Public.
pub(crate) const REPOSITORY: &str = "alpine";

/// The credentials of the pipeline, and nothing else: addresses are variables of the example.
pub(crate) fn environment(sandbox: &Sandbox) -> Vec<(String, String)> {
    let mut variables = sandbox.environment();
    variables.retain(|(name, _)| !name.starts_with("AWS_ENDPOINT_URL"));
    variables
}

/// The variables of the example, as Terraform reads them.
pub(crate) fn variables(sandbox: &Sandbox) -> Result<String> {
    let variables = json!({
        "account_ids": ACCOUNTS,
        "images": [IMAGE],
        "tooling_role_arn": format!("arn:aws:iam::{TOOLING}:role/tooling"),
        "docker_hub": { "endpoint": sandbox.hub_url(), "plain_http": true },
        "endpoints": {
            "ecrpublic": sandbox.api_url(),
            "sts": sandbox.sts_url(),
            "registry": sandbox.registry_url(),
        },
    });
    Ok(serde_json::to_string_pretty(&variables)?)
}

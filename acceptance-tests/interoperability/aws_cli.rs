//! The AWS CLI, with the practitioner's own files, sees what the state says.

use ecr_public_sandbox::Sandbox;
use serde_json::Value;

use crate::support::landing_zone::{PIPELINE_SECRET, image_name, role, two_targets};
use crate::support::programs::{output_of, quiet};
use crate::support::provider_block::provider;
use crate::support::scenario::{FIRST, Scenario, TOOLING};
use crate::support::terraform::Terraform;

#[tokio::test]
async fn the_aws_cli_agrees_with_the_state_by_the_same_profiles() {
    let scenario = Scenario::seeded(two_targets(), "").await;
    write_profiles(&scenario.terraform, "AKIAPIPELINE00000000", PIPELINE_SECRET);
    let settings = "  profile = \"publisher\"\n  shared_config_files = [\"config\"]\n  \
         shared_credentials_files = [\"credentials\"]\n  default_tags {\n    \
         tags = { team = \"blue\" }\n  }\n";
    let image = image_name(0);
    scenario.configure_with(
        &provider(&scenario.sandbox, settings),
        &format!(
            "resource \"ecrpublic_mirrored_image\" \"it\" {{\n  source = \"{image}:1\"\n  \
             image_tags = [\"1\", \"stable\"]\n}}\n"
        ),
    );
    scenario.terraform.apply(&[]).await.succeeded();
    let state = scenario
        .terraform
        .attributes("ecrpublic_mirrored_image.it")
        .await;
    let aws = Cli {
        sandbox: &scenario.sandbox,
        terraform: &scenario.terraform,
    };

    let found = aws
        .ask(&["describe-repositories", "--repository-names", &image])
        .await;
    let repository = &found["repositories"][0];
    assert_eq!(repository["repositoryArn"], state["repository_arn"]);
    assert_eq!(repository["repositoryUri"], state["repository_uri"]);
    assert_eq!(repository["registryId"], state["account_id"]);
    assert_eq!(repository["registryId"], FIRST);

    let found = aws
        .ask(&["describe-images", "--repository-name", &image])
        .await;
    let images = found["imageDetails"].as_array().unwrap();
    let tagged: Vec<&Value> = images
        .iter()
        .filter(|image| image["imageTags"].is_array())
        .collect();
    assert_eq!(tagged.len(), 1, "{found}");
    assert_eq!(tagged[0]["imageDigest"], state["digest"]);
    assert_eq!(tagged[0]["imageManifestMediaType"], state["media_type"]);
    assert_eq!(sorted(&tagged[0]["imageTags"]), ["1", "stable"]);

    let found = aws
        .ask(&["describe-image-tags", "--repository-name", &image])
        .await;
    let tags = found["imageTagDetails"].as_array().unwrap();
    assert_eq!(tags.len(), 2, "{found}");
    for tag in tags {
        assert_eq!(tag["imageDetail"]["imageDigest"], state["digest"]);
        assert!(state["tag_uris"][tag["imageTag"].as_str().unwrap()].is_string());
    }

    let arn = state["repository_arn"].as_str().unwrap();
    let found = aws
        .ask(&["list-tags-for-resource", "--resource-arn", arn])
        .await;
    let team = serde_json::json!({ "Key": "team", "Value": "blue" });
    assert!(found["tags"].as_array().unwrap().contains(&team), "{found}");

    let registry = aws.ask(&["describe-registries"]).await;
    let aliases = registry["registries"][0]["aliases"].as_array().unwrap();
    let primary = aliases
        .iter()
        .find(|alias| alias["primaryRegistryAlias"] == true);
    assert_eq!(primary.unwrap()["name"], state["registry_alias"]);
    scenario.was_clean().await;
}

fn sorted(texts: &Value) -> Vec<&str> {
    let texts = texts.as_array().unwrap().iter();
    let mut texts: Vec<&str> = texts.filter_map(Value::as_str).collect();
    texts.sort_unstable();
    texts
}

/// `publisher` by way of `tooling` by way of these keys of `pipeline`.
pub(super) fn write_profiles(terraform: &Terraform, key: &str, secret: &str) {
    terraform.write(
        "credentials",
        &format!("[pipeline]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n"),
    );
    terraform.write(
        "config",
        &format!(
            "[profile tooling]\nrole_arn = {}\nsource_profile = pipeline\n\n\
             [profile publisher]\nrole_arn = {}\nsource_profile = tooling\n",
            role(TOOLING, "tooling"),
            role(FIRST, "ecr-publisher"),
        ),
    );
}

/// The AWS CLI as whoever the profile `publisher` in a folder is.
pub(super) struct Cli<'a> {
    pub(super) sandbox: &'a Sandbox,
    pub(super) terraform: &'a Terraform,
}

impl Cli<'_> {
    /// Asks ECR Public, and reads the answer.
    pub(super) async fn ask(&self, arguments: &[&str]) -> Value {
        let mut command = quiet("aws");
        let file = |name: &str| self.terraform.folder().join(name);
        command
            .arg("ecr-public")
            .args(arguments)
            .args(["--output", "json"])
            // Sessions are kept there for hours, also those of a sandbox that is gone.
            .env("HOME", self.terraform.folder())
            .env("AWS_CONFIG_FILE", file("config"))
            .env("AWS_SHARED_CREDENTIALS_FILE", file("credentials"))
            .env("AWS_PROFILE", "publisher")
            .env("AWS_DEFAULT_REGION", "us-east-1")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_ENDPOINT_URL_STS", self.sandbox.sts_url())
            .env("AWS_ENDPOINT_URL_ECR_PUBLIC", self.sandbox.api_url());
        serde_json::from_str(&output_of(command).await).unwrap()
    }
}

//! hashicorp/aws next to us: one configuration, one set of credentials, one identity.

use std::collections::BTreeSet;

use ecr_public_sandbox::{Entry, Face, Sandbox};

use crate::support::landing_zone::{
    EXTERNAL_ID, HUB, HUB_PASSWORD, PIPELINE_SECRET, image_name, role, two_targets,
};
use crate::support::packages::{ADDRESS, AWS_VERSION};
use crate::support::scenario::{FIRST, Scenario, TOOLING};
use crate::support::sts::hops;

/// What a practitioner has in `provider "aws"` and pastes into `provider "ecrpublic"`.
fn pasted(sandbox: &Sandbox) -> String {
    format!(
        r#"
  region                   = "us-east-1"
  profile                  = "tooling"
  shared_config_files      = ["config"]
  shared_credentials_files = ["credentials"]
  allowed_account_ids      = ["{FIRST}"]
  max_retries              = 4
  assume_role {{
    role_arn     = "{}"
    session_name = "landing-zone"
    duration     = "30m"
    tags         = {{ team = "blue" }}
  }}
  assume_role {{
    role_arn     = "{}"
    session_name = "landing-zone"
    external_id  = "{EXTERNAL_ID}"
  }}
  endpoints {{
    sts       = "{}"
    ecrpublic = "{}"
  }}
  default_tags {{
    tags = {{ stage = "prod" }}
  }}
"#,
        role(HUB, "hub"),
        role(FIRST, "partner"),
        sandbox.sts_url(),
        sandbox.api_url(),
    )
}

fn configuration(sandbox: &Sandbox) -> String {
    let pasted = pasted(sandbox);
    format!(
        r#"
terraform {{
  required_providers {{
    ecrpublic = {{
      source = "{ADDRESS}"
    }}
    aws = {{
      source  = "hashicorp/aws"
      version = "{AWS_VERSION}"
    }}
  }}
}}

provider "aws" {{
{pasted}
}}

provider "ecrpublic" {{
{pasted}
  registry {{
    host       = "docker.io"
    username   = "acme-pipeline"
    password   = "{HUB_PASSWORD}"
    endpoint   = "{}"
    plain_http = true
  }}
}}

resource "aws_ecrpublic_repository" "it" {{
  repository_name = "acme/by-aws"
}}

resource "ecrpublic_mirrored_image" "it" {{
  source            = "{}:1"
  repository        = aws_ecrpublic_repository.it.repository_name
  create_repository = false
}}
"#,
        sandbox.hub_url(),
        image_name(0)
    )
}

#[tokio::test]
async fn both_providers_are_the_same_identity_and_share_a_repository() {
    let mut scenario = Scenario::seeded(two_targets(), "").await;
    scenario.terraform.write(
        "credentials",
        &format!(
            "[pipeline]\naws_access_key_id = AKIAPIPELINE00000000\n\
             aws_secret_access_key = {PIPELINE_SECRET}\n"
        ),
    );
    scenario.terraform.write(
        "config",
        &format!(
            "[profile tooling]\nrole_arn = {}\nsource_profile = pipeline\n",
            role(TOOLING, "tooling")
        ),
    );
    // Our registry stand-in has no place in a block of hashicorp/aws.
    let registry = scenario.sandbox.registry_url();
    scenario
        .terraform
        .set("ECRPUBLIC_REGISTRY_ENDPOINT", registry);
    scenario
        .terraform
        .write("main.tf", &configuration(&scenario.sandbox));
    let init = scenario.terraform.run(&["init", "-input=false"]).await;
    assert_eq!(
        init.code,
        Some(0),
        "hashicorp/aws {AWS_VERSION} cannot be had. Name a filesystem mirror that has it in \
         TF_PLUGIN_MIRROR, or let Terraform reach its registry:\n{}",
        init.text
    );

    scenario.terraform.apply(&[]).await.succeeded();
    let at_hub = scenario.sandbox.hub().digest(&image_name(0), "1").unwrap();
    assert_eq!(scenario.tags(FIRST, "acme/by-aws")["1"], at_hub.to_string());
    same_identity(&scenario.sandbox);
    let plan = scenario
        .terraform
        .run(&["plan", "-detailed-exitcode"])
        .await;
    assert_eq!(plan.code, Some(0), "the plan is not empty:\n{}", plan.text);

    // The repository can only be deleted empty: what we put there has to go first.
    scenario.terraform.destroy().await.succeeded();
    let account = FIRST.parse().unwrap();
    let left = scenario.sandbox.store().repository(&account, "acme/by-aws");
    assert!(left.is_err(), "{left:?}");
    scenario.was_clean().await;
}

/// Whoever called ECR Public, it was one session name of one role, by one way there.
fn same_identity(sandbox: &Sandbox) {
    let is_call = |entry: &Entry| entry.face == Face::Api;
    let calls = sandbox.journal().select(is_call);
    let identities: BTreeSet<_> = calls
        .iter()
        .filter_map(|entry| entry.identity.clone())
        .collect();
    let partner = format!("arn:aws:sts::{FIRST}:assumed-role/partner/landing-zone");
    assert_eq!(Vec::from_iter(identities), [partner]);
    let by = |operation: &str| -> BTreeSet<bool> {
        let calls = calls
            .iter()
            .filter(|entry| entry.operation.as_deref() == Some(operation));
        let agents = calls.filter_map(|entry| entry.headers.get("user-agent"));
        agents
            .map(|agent| agent.contains("terraform-provider-aws"))
            .collect()
    };
    assert_eq!(by("CreateRepository"), [true].into());
    assert_eq!(by("GetAuthorizationToken"), [false].into());
    let ways: BTreeSet<_> = hops(sandbox).into_iter().collect();
    assert_eq!(
        Vec::from_iter(ways),
        [
            "111111111111/pipeline -> 111111111111/tooling",
            "111111111111/tooling -> 444444444444/hub",
            "444444444444/hub -> 222222222222/partner",
        ]
    );
}

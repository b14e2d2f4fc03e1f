//! No credential is written anywhere: not to state, not to plans, not to logs at their loudest.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::support::evidence::Evidence;
use crate::support::landing_zone::{
    EXTERNAL_ID, HUB, HUB_PASSWORD, PIPELINE_SECRET, WEB_TOKEN, image_name, role, two_targets,
};
use crate::support::provider_block::block;
use crate::support::scenario::{FIRST, SECOND, Scenario, TOOLING};

/// A provider block of which every secret comes from an ephemeral variable.
fn settings() -> String {
    format!(
        r#"
  access_key = "AKIAPIPELINE00000000"
  secret_key = var.secret_key
  assume_role {{
    role_arn = "{}"
  }}
  assume_role {{
    role_arn = "{}"
  }}
  account_role {{
    role_arn    = "{}"
    external_id = var.external_id
  }}
  registry {{
    host       = "docker.io"
    username   = "acme-pipeline"
    password   = var.hub_password
    endpoint   = "{{hub}}"
    plain_http = true
  }}"#,
        role(TOOLING, "tooling"),
        role(HUB, "hub"),
        role("{account_id}", "partner"),
    )
}

/// The same account by way of a web identity.
fn federated() -> String {
    format!(
        r#"
  assume_role_with_web_identity {{
    role_arn           = "{}"
    web_identity_token = var.web_token
  }}
  account_role {{
    role_arn = "{}"
  }}"#,
        role(TOOLING, "federated"),
        role("{account_id}", "ecr-publisher"),
    )
}

fn resources(account: &str) -> String {
    let variables = ["secret_key", "hub_password", "external_id", "web_token"]
        .map(|name| format!("variable \"{name}\" {{\n  type = string\n  ephemeral = true\n}}\n"));
    let image = image_name(0);
    format!(
        r#"{}
resource "ecrpublic_mirrored_image" "it" {{
  source     = "{image}:1"
  account_id = "{account}"
}}

resource "ecrpublic_mirrored_image" "federated" {{
  provider   = ecrpublic.federated
  source     = "{image}:1"
  account_id = "{SECOND}"
}}

output "marker" {{
  value = ecrpublic_mirrored_image.it.repository
}}
"#,
        variables.concat()
    )
}

/// Every scenario ends with a search for its own secrets; this one has some of every kind.
#[tokio::test]
async fn secrets_are_in_no_state_no_plan_and_no_log() {
    let scenario = scenario().await;
    let terraform = &scenario.terraform;
    let steps: [&[&str]; 4] = [
        &["plan", "-input=false", "-out=first"],
        &["apply", "-input=false", "first"],
        &["plan", "-input=false", "-out=second", "-refresh-only"],
        &["show", "-json"],
    ];
    for step in steps {
        terraform.run(step).await.succeeded();
    }
    // An error says much; it must not say this.
    configure(&scenario, &resources(TOOLING));
    terraform.apply(&[]).await.failed();
    configure(&scenario, &resources(FIRST));
    let evidence = terraform.evidence();
    terraform.destroy().await.succeeded();

    // What is there is found, in every kind of place: the search can fail.
    let found = evidence.places_with(&image_name(0));
    for place in [
        "log",
        "output of `terraform plan -input=false -out=first`",
        "output of `terraform apply -input=false first`",
        "output of `terraform show -json`",
        "output of `terraform apply -input=false -auto-approve`",
        "tfplan of first",
        "tfplan of second",
        "tfstate of second",
        "terraform.tfstate",
        "private data of terraform.tfstate",
    ] {
        assert!(found.contains(&place), "{place}: {found:?}");
    }
    let secrets = scenario.sandbox.secrets();
    for secret in [PIPELINE_SECRET, HUB_PASSWORD, WEB_TOKEN] {
        assert!(secrets.iter().any(|it| it == secret), "{secret}");
    }
    // Each of several processes had two secrets for each of five roles, and some had logins,
    // bearer tokens and signed addresses.
    assert!(secrets.len() > 40, "{}", secrets.len());
    scenario.was_clean().await;
}

#[tokio::test]
async fn every_secret_of_a_run_is_found_where_it_is_planted() {
    let scenario = scenario().await;
    scenario.terraform.apply(&[]).await.succeeded();
    assert_eq!(scenario.leaks(), [""; 0]);
    let secrets = scenario.sandbox.secrets();
    let planted = |text: String| {
        let mut evidence = Evidence::default();
        evidence.text("log", &text);
        evidence.leaks(&secrets, "").len()
    };
    assert_eq!(planted("nothing".to_owned()), 0);
    for secret in &secrets {
        let login = STANDARD.encode(format!("AWS:{secret}"));
        assert_eq!(planted(format!("said \"{secret}\" there")), 1, "{secret}");
        assert_eq!(
            planted(format!("authorization: Basic {login}")),
            1,
            "{secret}"
        );
    }
    // Where logs are, with what stands before it.
    let log = scenario.terraform.log() + "GET /blobs/data?signature=" + secrets.last().unwrap();
    scenario.terraform.write("../log", &log);
    assert_eq!(scenario.leaks(), ["log: GET /blobs/data?signature="]);
    scenario
        .terraform
        .write("../log", &format!("ExternalId={EXTERNAL_ID}"));
    assert_eq!(scenario.leaks(), ["external ID in the log: ExternalId="]);
    scenario.terraform.write("../log", "");
    scenario.was_clean().await;
}

#[test]
fn the_private_data_of_a_state_is_read() {
    let mut evidence = Evidence::default();
    evidence.state(
        "state",
        r#"{"resources":[{"instances":[{"private":"eyJtYXJrZXIiOiJwbGFudGVkIn0="}]}]}"#,
    );
    assert_eq!(evidence.places_with("planted"), ["private data of state"]);
}

/// Terraform packs the configuration into a plan, and repeats it in the form for programs. That is
/// no doing of the provider.
#[test]
fn what_the_configuration_says_is_only_looked_for_where_it_is_not_quoted() {
    let secrets = ["written-into-the-configuration".to_owned()];
    let mut evidence = Evidence::default();
    evidence.quoting("a copy", &secrets[0]);
    assert_eq!(evidence.leaks(&secrets, ""), ["a copy: "]);
    assert_eq!(evidence.leaks(&secrets, &secrets[0]), [""; 0]);
    evidence.text("log", &secrets[0]);
    assert_eq!(evidence.leaks(&secrets, &secrets[0]), ["log: "]);
}

async fn scenario() -> Scenario {
    let mut scenario = Scenario::seeded(two_targets(), "").await;
    for (name, value) in [
        ("TF_VAR_secret_key", PIPELINE_SECRET),
        ("TF_VAR_hub_password", HUB_PASSWORD),
        ("TF_VAR_external_id", EXTERNAL_ID),
        ("TF_VAR_web_token", WEB_TOKEN),
    ] {
        scenario.terraform.set(name, value);
    }
    configure(&scenario, &resources(FIRST));
    scenario
}

fn configure(scenario: &Scenario, resources: &str) {
    let login = settings();
    let registry = &login[login.find("  registry {").unwrap()..];
    let providers = [
        block(&scenario.sandbox, &login),
        block(
            &scenario.sandbox,
            &format!("  alias = \"federated\"{}\n{registry}", federated()),
        ),
    ];
    scenario.configure_with(&providers.concat(), resources);
}

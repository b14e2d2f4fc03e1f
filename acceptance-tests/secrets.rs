//! No credential is written anywhere: not to state, not to plans, not to logs at their loudest.

use std::fs;

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

#[tokio::test]
async fn secrets_are_in_no_state_no_plan_and_no_log() {
    let scenario = scenario().await;
    let terraform = &scenario.terraform;
    let mut evidence = Evidence::default();
    let steps: [&[&str]; 4] = [
        &["plan", "-input=false", "-out=first"],
        &["apply", "-input=false", "first"],
        &["plan", "-input=false", "-out=second", "-refresh-only"],
        &["show", "-json"],
    ];
    for step in steps {
        let run = terraform.run(step).await.succeeded();
        evidence.text(&format!("log of {}", step[0]), &run.text);
    }
    for plan in ["first", "second"] {
        evidence.plan(plan, &fs::read(terraform.folder().join(plan)).unwrap());
    }
    evidence.state("state", &terraform.read("terraform.tfstate"));

    // An error says much; it must not say this.
    configure(&scenario, &resources(TOOLING));
    let refused = terraform.apply(&[]).await.failed();
    evidence.text("log of a refusal", &refused.text);
    evidence.state(
        "state after a refusal",
        &terraform.read("terraform.tfstate"),
    );
    configure(&scenario, &resources(FIRST));
    let destroyed = terraform.destroy().await.succeeded();
    evidence.text("log of destroy", &destroyed.text);

    // What is there is found, in every kind of place: the search can fail.
    let found = evidence.places_with(&image_name(0));
    for place in [
        "log of plan",
        "log of apply",
        "log of show",
        "log of a refusal",
        "log of destroy",
        "tfplan of first",
        "tfplan of second",
        "tfstate of second",
        "state",
        "private data of state",
        "state after a refusal",
    ] {
        assert!(found.contains(&place), "{place}: {found:?}");
    }
    no_secret_is_in(&evidence, &scenario);
    scenario.was_clean().await;
}

fn no_secret_is_in(evidence: &Evidence, scenario: &Scenario) {
    let written = [PIPELINE_SECRET, HUB_PASSWORD, EXTERNAL_ID, WEB_TOKEN];
    for secret in written {
        assert_eq!(evidence.places_with_part_of(secret), [""; 0], "{secret}");
    }
    let basic = format!("acme-pipeline:{HUB_PASSWORD}");
    assert_eq!(evidence.places_with(&basic), [""; 0]);
    let issued = scenario.sandbox.accounts().issued_secrets();
    // Each of several processes had two secrets for each of five roles, and some had logins.
    assert!(issued.len() > 20, "{}", issued.len());
    for secret in issued {
        assert_eq!(evidence.places_with_part_of(&secret), [""; 0], "{secret}");
        let login = format!("AWS:{}", &secret[..16]);
        assert_eq!(evidence.places_with(&login[..18]), [""; 0], "{login}");
    }
}

#[test]
fn the_search_finds_what_is_planted() {
    let mut evidence = Evidence::default();
    evidence.text("log", "… authorization: Basic YWNtZTpzZWNyZXQ= …");
    evidence.state(
        "state",
        r#"{"resources":[{"instances":[{"private":"eyJtYXJrZXIiOiJwbGFudGVkIn0="}]}]}"#,
    );
    assert_eq!(evidence.places_with("acme:secret"), ["log"]);
    assert_eq!(evidence.places_with("planted"), ["private data of state"]);
    assert_eq!(
        evidence.places_with_part_of("… authorization: and then something else"),
        ["log"]
    );
}

async fn scenario() -> Scenario {
    let mut scenario = Scenario::seeded(two_targets(), "").await;
    for (name, value) in [
        ("TF_VAR_secret_key", PIPELINE_SECRET),
        ("TF_VAR_hub_password", HUB_PASSWORD),
        ("TF_VAR_external_id", EXTERNAL_ID),
        ("TF_VAR_web_token", WEB_TOKEN),
        ("TF_LOG", "TRACE"),
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

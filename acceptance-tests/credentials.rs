//! First credentials that are missing or refused: what the practitioner reads then.

use ecr_public_sandbox::{Effect, Face, Fault, Seed};

use crate::support::landing_zone::{PIPELINE_SECRET, image_name, role, two_targets};
use crate::support::messages;
use crate::support::provider_block::provider;
use crate::support::scenario::{FIRST, Scenario, TOOLING};
use crate::support::sts::{assumed, hops, writes};

fn into(account: &str) -> String {
    let image = image_name(0);
    format!(
        "resource \"ecrpublic_mirrored_image\" \"it\" {{\n  source     = \"{image}:1\"\n  \
         account_id = \"{account}\"\n}}\n"
    )
}

fn account_role(name: &str) -> String {
    let role = role("{account_id}", name);
    format!("  account_role {{\n    role_arn = \"{role}\"\n  }}\n")
}

fn web_identity(token: &str) -> String {
    let role = role(TOOLING, "federated");
    format!("  assume_role_with_web_identity {{\n    role_arn = \"{role}\"\n    {token}\n  }}\n")
}

#[tokio::test]
async fn without_credentials_everything_that_was_tried_is_listed() {
    let seed = Seed {
        hub: two_targets().hub,
        ..Seed::default()
    };
    let scenario = Scenario::seeded(seed, "").await;
    let settings = account_role("ecr-publisher");
    scenario.configure_with(&provider(&scenario.sandbox, &settings), &into(FIRST));
    let run = scenario.terraform.plan().await;
    messages::failed_with("no_credentials", run);
    scenario.was_clean().await;
}

#[tokio::test]
async fn credentials_that_are_refused_are_named_with_where_they_come_from() {
    let scenario = Scenario::seeded(two_targets(), "").await;
    let keys = "  access_key = \"AKIAPIPELINE00000000\"\n  secret_key = \"a-typo-in-the-secret\"\n";
    for (name, settings) in [
        ("wrong_secret_key", keys.to_owned()),
        ("unknown_profile", "  profile = \"prod\"\n".to_owned()),
        (
            "refused_web_identity",
            web_identity("web_identity_token = \"a-stale-token\""),
        ),
        (
            "missing_web_identity_token_file",
            web_identity("web_identity_token_file = \"token\""),
        ),
    ] {
        let settings = settings + &account_role("ecr-publisher");
        scenario.configure_with(&provider(&scenario.sandbox, &settings), &into(FIRST));
        let run = scenario.terraform.apply(&[]).await;
        messages::failed_with(name, run);
    }
    // Nobody went on as somebody else, such as with the keys of the environment.
    let roles = assumed(&scenario.sandbox).into_iter();
    let only: Vec<_> = roles.filter_map(|entry| entry.identity).collect();
    assert_eq!(only, [""; 0]);
    assert_eq!(writes(&scenario.sandbox), [""; 0]);
    scenario.was_clean().await;
}

/// The process finds its home, its files and its variables by itself.
#[tokio::test]
async fn a_program_and_a_container_are_sources_of_a_real_process() {
    let keys = format!(
        r#"{{"Version":1,"AccessKeyId":"{PIPELINE_KEY}","SecretAccessKey":"{PIPELINE_SECRET}"}}"#
    );
    let mut scenario = Scenario::seeded(two_targets(), "").await;
    let assume = role(TOOLING, "tooling");
    let settings = format!(
        "  assume_role {{\n    role_arn = \"{assume}\"\n  }}\n{}",
        account_role("ecr-publisher")
    );
    scenario.configure_with(&provider(&scenario.sandbox, &settings), &into(FIRST));
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
        scenario.terraform.set(name, "");
    }
    let config = format!("[default]\ncredential_process = printf '%s' '{keys}'\n");
    scenario.terraform.write("../home/.aws/config", &config);
    scenario.terraform.apply(&[]).await.succeeded();
    let first = hops(&scenario.sandbox).remove(0);
    assert_eq!(first, "111111111111/pipeline -> 111111111111/tooling");

    // The same keys, from whoever answers in a container.
    scenario.terraform.write("../home/.aws/config", "");
    let answer = Effect::Answer {
        status: 200,
        headers: Default::default(),
        body: keys,
    };
    let agent = Fault::on(Face::Generic, answer).path("/v1/credentials");
    let agent = scenario.sandbox.faults().add(agent.always());
    let url = format!("{}/v1/credentials", scenario.sandbox.generic_url());
    scenario
        .terraform
        .set("AWS_CONTAINER_CREDENTIALS_FULL_URI", url);
    scenario.sandbox.journal().clear();
    scenario.terraform.converged().await;
    assert!(agent.hits() > 0);
    let first = hops(&scenario.sandbox).remove(0);
    assert_eq!(first, "111111111111/pipeline -> 111111111111/tooling");
    scenario.was_clean().await;
}

const PIPELINE_KEY: &str = "AKIAPIPELINE00000000";

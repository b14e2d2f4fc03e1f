//! First credentials that are missing or refused: what the practitioner reads then.

use ecr_public_sandbox::Seed;

use crate::support::landing_zone::{image_name, role, two_targets};
use crate::support::messages;
use crate::support::provider_block::provider;
use crate::support::scenario::{FIRST, Scenario, TOOLING};
use crate::support::sts::{assumed, writes};

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

//! Many instances over many accounts ask AWS as often as there are roles, not instances.

use std::collections::BTreeMap;

use ecr_public_sandbox::accounts::RoleSeed;
use ecr_public_sandbox::policy::PolicyDocument;
use ecr_public_sandbox::{Entry, Sandbox};

use crate::requests::at_source;
use crate::support::landing_zone::{image_name, role, seed, target};
use crate::support::provider_block::provider;
use crate::support::scenario::{Scenario, TOOLING};
use crate::support::sts::assumed;

const ACCOUNTS: usize = 20;
const IMAGES: usize = 10;

#[tokio::test]
async fn two_hundred_instances_over_twenty_accounts_assume_each_role_once_per_process() {
    let accounts: Vec<String> = (0..ACCOUNTS).map(target).collect();
    let targets: Vec<&str> = accounts.iter().map(String::as_str).collect();
    let scenario = Scenario::seeded(seed(&targets, IMAGES), "").await;
    let sandbox = &scenario.sandbox;
    scenario.configure_with(&provider(sandbox, &settings()), &resources(&accounts));
    let everyone: BTreeMap<String, usize> = accounts
        .iter()
        .map(|account| role(account, "ecr-publisher"))
        .chain([role(TOOLING, "tooling")])
        .map(|role| (role, 1))
        .collect();

    // A plan of something new has nothing to read in an account; whom it asks, it asks once.
    let plan = scenario.terraform.save_plan(&[]).await;
    plan.succeeded().says("200 to add");
    let asked = roles_asked(sandbox);
    assert!(asked.values().all(|times| *times == 1), "{asked:?}");
    assert!(asked.contains_key(&role(TOOLING, "tooling")), "{asked:?}");
    assert_eq!(logins(sandbox), BTreeMap::new());

    sandbox.journal().clear();
    scenario.terraform.apply_planned().await.succeeded();
    assert_eq!(roles_asked(sandbox), everyone);
    let once_each: BTreeMap<_, _> = accounts.iter().map(|id| (id.clone(), 1)).collect();
    assert_eq!(logins(sandbox), once_each);
    // Ten images were looked up and read, whatever the number of accounts.
    assert_eq!(at_source(sandbox), of_one_account().await);

    sandbox.journal().clear();
    let refresh = scenario
        .terraform
        .run(&["plan", "-detailed-exitcode"])
        .await;
    assert_eq!(refresh.code, Some(0), "{}", refresh.text);
    assert_eq!(roles_asked(sandbox), everyone);
    assert!(logins(sandbox).values().all(|times| *times == 1));
    scenario.was_clean().await;
}

/// What Docker Hub is asked for the same images when there is one account.
async fn of_one_account() -> BTreeMap<String, usize> {
    let scenario = Scenario::seeded(seed(&[&target(0)], IMAGES), "").await;
    let sandbox = &scenario.sandbox;
    scenario.configure_with(&provider(sandbox, &settings()), &resources(&[target(0)]));
    scenario.terraform.save_plan(&[]).await.succeeded();
    sandbox.journal().clear();
    scenario.terraform.apply_planned().await.succeeded();
    let asked = at_source(sandbox);
    scenario.was_clean().await;
    asked
}

#[tokio::test]
async fn an_account_that_is_closed_is_asked_once_and_every_instance_hears_why() {
    let scenario = Scenario::seeded(seed(&[&target(0)], IMAGES), "").await;
    let sandbox = &scenario.sandbox;
    let closed = settings().replace("ecr-publisher", "closed");
    scenario.configure_with(&provider(sandbox, &closed), &resources(&[target(0)]));
    let plan = scenario.terraform.save_plan(&[]).await;
    plan.succeeded().says("10 to add");
    sandbox.journal().clear();
    let run = scenario.terraform.apply_planned().await.failed();
    let told = run.stderr.matches("Error: Cannot assume IAM role").count();
    assert_eq!(told, IMAGES, "{}", run.text);
    let asked = roles_asked(sandbox);
    assert_eq!(asked[&role(&target(0), "closed")], 1, "{asked:?}");
    scenario.was_clean().await;
}

/// One of two accounts has a role that trusts nobody who is here.
#[tokio::test]
async fn an_account_that_is_closed_does_not_hold_up_the_other_one() {
    let accounts = [target(0), target(1)];
    let scenario = Scenario::seeded(seed(&[&accounts[0], &accounts[1]], IMAGES), "").await;
    let sandbox = &scenario.sandbox;
    let closed = RoleSeed::new(
        "ecr-publisher",
        PolicyDocument::trust(&[&role(TOOLING, "nobody")]),
    );
    let (id, open) = (accounts[1].parse().unwrap(), accounts[0].parse().unwrap());
    sandbox.accounts().put_role(&id, closed).unwrap();
    scenario.configure_with(&provider(sandbox, &settings()), &resources(&accounts));
    scenario
        .terraform
        .save_plan(&[])
        .await
        .succeeded()
        .says("20 to add");
    sandbox.journal().clear();
    let run = scenario.terraform.apply_planned().await.failed();
    let told = run.stderr.matches("Error: Cannot assume IAM role").count();
    assert_eq!(told, IMAGES, "{}", run.text);
    let once_each = accounts
        .iter()
        .map(|account| role(account, "ecr-publisher"));
    let once_each = once_each
        .chain([role(TOOLING, "tooling")])
        .map(|role| (role, 1));
    assert_eq!(roles_asked(sandbox), once_each.collect());

    for number in 0..IMAGES {
        let tags = sandbox.store().tags(&open, &image_name(number)).unwrap();
        assert_eq!(tags.len(), 1, "{number}");
    }
    let state = scenario.terraform.state();
    let instances = state["resources"][0]["instances"].as_array().unwrap();
    let kept = instances
        .iter()
        .map(|it| it["attributes"]["account_id"].as_str().unwrap());
    assert_eq!(kept.collect::<Vec<_>>(), [accounts[0].as_str(); IMAGES]);
    scenario.was_clean().await;
}

fn settings() -> String {
    format!(
        "  assume_role {{\n    role_arn = \"{}\"\n  }}\n  account_role {{\n    role_arn = \"{}\"\n  }}\n",
        role(TOOLING, "tooling"),
        role("{account_id}", "ecr-publisher"),
    )
}

fn resources(accounts: &[String]) -> String {
    let images: Vec<String> = (0..IMAGES)
        .map(|number| format!("{}:1", image_name(number)))
        .collect();
    format!(
        r#"
locals {{
  pairs = {{ for pair in setproduct({accounts:?}, {images:?}) : join("/", pair) => pair }}
}}

resource "ecrpublic_mirrored_image" "all" {{
  for_each   = local.pairs
  account_id = each.value[0]
  source     = each.value[1]
}}
"#
    )
}

/// Roles, and how often each was asked for.
fn roles_asked(sandbox: &Sandbox) -> BTreeMap<String, usize> {
    let mut times = BTreeMap::new();
    for entry in assumed(sandbox) {
        *times
            .entry(entry.parameters["RoleArn"].clone())
            .or_default() += 1;
    }
    times
}

/// Accounts, and how often each gave a login.
fn logins(sandbox: &Sandbox) -> BTreeMap<String, usize> {
    let is_login = |entry: &Entry| entry.operation.as_deref() == Some("GetAuthorizationToken");
    let mut times = BTreeMap::new();
    for entry in sandbox.journal().select(is_login) {
        *times.entry(entry.account.unwrap_or_default()).or_default() += 1;
    }
    times
}

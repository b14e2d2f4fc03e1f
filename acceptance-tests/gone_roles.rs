//! Roles that are gone, or have another name, since an instance was made.

use ecr_public_sandbox::accounts::RoleSeed;
use ecr_public_sandbox::policy::PolicyDocument;

use crate::support::landing_zone::{account_role, assume, instance, into, role, two_targets};
use crate::support::messages;
use crate::support::provider_block::provider;
use crate::support::scenario::{FIRST, Scenario, TOOLING};

/// Has the role of the account renamed.
fn rename(scenario: &Scenario, from: &str, to: &str) {
    let (accounts, account) = (scenario.sandbox.accounts(), FIRST.parse().unwrap());
    let trust = PolicyDocument::trust(&[&role(TOOLING, "tooling")]);
    let all = PolicyDocument::allow(&["ecr-public:*", "sts:GetServiceBearerToken"], "*");
    let renamed = RoleSeed::new(to, trust).policy(all.unwrap());
    accounts.remove_role(&account, from).unwrap();
    accounts.put_role(&account, renamed).unwrap();
}

fn tooling() -> String {
    assume(&role(TOOLING, "tooling"), "")
}

#[tokio::test]
async fn a_refresh_through_a_role_in_state_that_is_gone_says_what_to_do() {
    let scenario = Scenario::seeded(two_targets(), "").await;
    let block = provider(&scenario.sandbox, &tooling());
    let over = |name: &str| {
        let role = role(FIRST, name);
        let own = format!("  assume_role = [{{ role_arn = \"{role}\" }}]");
        scenario.configure_with(&block, &instance("it", &own));
    };
    over("ecr-publisher");
    scenario.terraform.apply(&[]).await.succeeded();
    scenario.sandbox.journal().clear();
    rename(&scenario, "ecr-publisher", "renamed");
    over("renamed");
    let run = scenario.terraform.plan().await;
    messages::failed_with("recorded_role_gone", run);

    // As the message says.
    let run = scenario.terraform.apply(&["-refresh=false"]).await;
    run.succeeded().says("1 changed");
    assert_eq!(scenario.writes(), [""; 0]);
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_corrected_account_role_is_enough_when_only_the_account_is_named() {
    let scenario = Scenario::seeded(two_targets(), "").await;
    let over = |name: &str| {
        let settings = tooling() + &account_role(name);
        scenario.configure_with(&provider(&scenario.sandbox, &settings), &into(FIRST));
    };
    over("ecr-publisher");
    scenario.terraform.apply(&[]).await.succeeded();
    scenario.sandbox.journal().clear();
    rename(&scenario, "ecr-publisher", "renamed");
    let run = scenario.terraform.plan().await;
    messages::failed_with("account_role_gone", run);

    over("renamed");
    scenario.terraform.converged().await;
    assert_eq!(scenario.writes(), [""; 0]);
    scenario.was_clean().await;
}

//! Accounts, roles and permissions.

use ecr_public_sandbox::accounts::RoleSeed;
use ecr_public_sandbox::policy::PolicyDocument;

use crate::support::messages;
use crate::support::scenario::{FIRST, IT, SECOND, Scenario};

use super::{copy_of, fails, recovers};

#[tokio::test]
async fn an_account_that_does_not_exist() {
    let resource = copy_of("alpine:3.22", "").replace(FIRST, "444444444444");
    let scenario = Scenario::with(&resource).await;
    fails(&scenario, "unknown_account").await;
    scenario.configure(&copy_of("alpine:3.22", ""));
    recovers(scenario).await;
}

#[tokio::test]
async fn an_account_that_the_provider_must_not_touch() {
    let scenario = Scenario::with("").await;
    let block = scenario.sandbox.provider_block();
    let guarded = block.replacen(
        "{\n",
        &format!("{{\n  allowed_account_ids = [\"111111111111\", \"{SECOND}\"]\n\n"),
        1,
    );
    scenario.configure_with(&guarded, &copy_of("alpine:3.22", ""));
    fails(&scenario, "account_not_allowed").await;
    scenario.configure(&copy_of("alpine:3.22", ""));
    recovers(scenario).await;
}

#[tokio::test]
async fn credentials_that_lead_into_another_account_than_the_state() {
    let scenario = Scenario::with("").await;
    let resource = copy_of("alpine:3.22", "").replace(&format!("account_id = \"{FIRST}\""), "");
    let into = |account: &str| {
        // Without the way into every account that the block has otherwise.
        let role = format!("arn:aws:iam::{account}:role/ecr-publisher");
        let block = scenario.sandbox.provider_block();
        let block = block.replace("  account_role {", "  assume_role {");
        let provider = block.replace("arn:aws:iam::{account_id}:role/ecr-publisher", &role);
        scenario.configure_with(&provider, &resource);
    };
    into(FIRST);
    scenario.terraform.apply(&[]).await.succeeded();
    into(SECOND);
    let run = scenario.terraform.apply(&[]).await;
    messages::failed_with("no_role_leads_into_the_account", run);
    let state = scenario.terraform.attributes(IT).await;
    assert_eq!(state["account_id"], FIRST);
    assert!(scenario.tags(SECOND, "alpine").is_empty());
    into(FIRST);
    recovers(scenario).await;
}

#[tokio::test]
async fn trust_that_is_refused_at_the_second_of_three_roles() {
    let hops = ["ecr-publisher", "gate", "vault"]
        .map(|name| format!("{{ role_arn = \"arn:aws:iam::{FIRST}:role/{name}\" }}"));
    let resource = copy_of(
        "alpine:3.22",
        &format!("assume_role = [{}]", hops.join(", ")),
    );
    let scenario = Scenario::with(&resource).await;
    let role = |name: &str| format!("arn:aws:iam::{FIRST}:role/{name}");
    let all = ["ecr-public:*", "sts:*"];
    let put = |name: &str, trusted: &str| {
        let role = RoleSeed::new(name, PolicyDocument::trust(&[trusted]));
        let role = role.policy(PolicyDocument::allow(&all, "*").unwrap());
        let accounts = scenario.sandbox.accounts();
        accounts.put_role(&FIRST.parse().unwrap(), role).unwrap();
    };
    put("ecr-publisher", "arn:aws:iam::111111111111:role/tooling");
    put("gate", &role("somebody-else"));
    put("vault", &role("gate"));
    fails(&scenario, "trust_refused_at_hop_2_of_3").await;
    put("gate", &role("ecr-publisher"));
    recovers(scenario).await;
}

#[tokio::test]
async fn no_permission_to_get_a_login() {
    let scenario = Scenario::with(&copy_of("alpine:3.22", "")).await;
    scenario.publisher_may(&["ecr-public:*"]);
    fails(&scenario, "no_service_bearer_token").await;
    scenario.publisher_may_publish();
    recovers(scenario).await;
}

#[tokio::test]
async fn no_permission_to_put_images() {
    let scenario = Scenario::with(&copy_of("busybox:1.36", "")).await;
    let others = [
        "ecr-public:BatchCheckLayerAvailability",
        "ecr-public:CompleteLayerUpload",
        "ecr-public:CreateRepository",
        "ecr-public:DescribeImages",
        "ecr-public:DescribeRegistries",
        "ecr-public:DescribeRepositories",
        "ecr-public:GetAuthorizationToken",
        "ecr-public:InitiateLayerUpload",
        "ecr-public:TagResource",
        "ecr-public:UploadLayerPart",
        "sts:GetServiceBearerToken",
    ];
    scenario.publisher_may(&others);
    fails(&scenario, "no_put_image").await;
    scenario.publisher_may_publish();
    recovers(scenario).await;
}

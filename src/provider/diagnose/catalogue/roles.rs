//! Roles that are not handed out.

use ecr_public_sandbox::{Effect, Face, Fault};

use super::{
    KEYS, TARGET, TOOLING, WEB_TOKEN, World, arn, chain, one, pinned, role, secret, words,
};
use crate::aws::{Hop, Target};
use crate::provider::ProviderConfig;
use crate::provider::config::{WebIdentityBlock, Whole};
use crate::provider::diagnose::{during_read, resource_aws};
use crate::provider::role::AssumeRole;
use crate::task::Context;
use crate::tf::{Attr, Number};

fn over_tooling_to(second: AssumeRole) -> impl FnOnce(&mut ProviderConfig) {
    move |config| config.assume_role = chain([role(TOOLING, "tooling"), second])
}

fn only(role: AssumeRole) -> impl FnOnce(&mut ProviderConfig) {
    move |config| config.assume_role = chain([role])
}

#[tokio::test]
async fn a_role_of_the_provider_that_trusts_somebody_else() {
    let world = World::new().await;
    let closed = over_tooling_to(role(TARGET, "closed"));
    world.check("hop_refused", &KEYS, closed).await;
    world.write(
        ".aws/config",
        &format!(
            "[profile ci]\nrole_arn={}\ncredential_source=Environment\n",
            arn(TARGET, "closed")
        ),
    );
    let named = |config: &mut ProviderConfig| config.profile = words("ci");
    world.check("hop_of_a_profile_refused", &KEYS, named).await;
}

#[tokio::test]
async fn a_role_of_a_resource_that_trusts_somebody_else() {
    let world = World::new().await;
    let target = Target {
        hops: vec![Hop::to(arn(TARGET, "closed").parse().unwrap())],
        ..Target::default()
    };
    let session = world.session(only(role(TOOLING, "tooling")), &target).await;
    let error = session.identity(&Context::new()).await.unwrap_err();
    pinned("hop_of_a_resource_refused", &resource_aws(&error));
    pinned("hop_of_the_state_refused", &during_read(&error));
}

#[tokio::test]
async fn an_account_role_that_trusts_somebody_else() {
    let world = World::new().await;
    let target = Target {
        account: Some(TARGET.parse().unwrap()),
        ..Target::default()
    };
    let change = |config: &mut ProviderConfig| {
        config.account_role = Attr::Known(role("{account_id}", "closed"));
    };
    let session = world.session(change, &target).await;
    let error = session.identity(&Context::new()).await.unwrap_err();
    pinned("account_role_refused", &resource_aws(&error));
}

#[tokio::test]
async fn a_session_of_a_chained_role_that_is_too_long() {
    let world = World::new().await;
    let two_hours = || AssumeRole {
        duration: words("2h"),
        ..role(TARGET, "publisher")
    };
    let chained = over_tooling_to(two_hours());
    world.check("chained_too_long", &KEYS, chained).await;
    // Keys of the environment may be those of a role, which only AWS knows.
    world.refuse(
        Face::Sts,
        "AssumeRole",
        400,
        "ValidationError",
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role \
         chaining",
    );
    world
        .check("chained_too_long_for_aws", &KEYS, only(two_hours()))
        .await;
}

#[tokio::test]
async fn a_session_that_is_longer_than_its_role_allows() {
    let world = World::new().await;
    let two_hours = AssumeRole {
        duration: words("2h"),
        ..role(TOOLING, "tooling")
    };
    world.check("role_too_long", &KEYS, only(two_hours)).await;
}

#[tokio::test]
async fn a_session_policy_that_aws_does_not_take() {
    let world = World::new().await;
    let with_policy = |policy: &str| AssumeRole {
        policy: words(policy),
        ..role(TOOLING, "tooling")
    };
    world
        .check("policy_malformed", &KEYS, only(with_policy("{}")))
        .await;
    world.refuse(
        Face::Sts,
        "AssumeRole",
        400,
        "PackedPolicyTooLarge",
        "Packed policy consumes 123% of allotted space, please use smaller policy.",
    );
    let policy = r#"{"Version":"2012-10-17","Statement":[]}"#;
    world
        .check("policy_too_large", &KEYS, only(with_policy(policy)))
        .await;
}

#[tokio::test]
async fn a_parameter_that_sts_does_not_take() {
    let world = World::new().await;
    let message = "The specified transitive tag key must be included in the requested tags.";
    world.refuse(Face::Sts, "AssumeRole", 400, "ValidationError", message);
    let tooling = only(role(TOOLING, "tooling"));
    world.check("hop_parameter", &KEYS, tooling).await;
}

fn federated(token: Option<&str>, file: Option<&str>) -> impl FnOnce(&mut ProviderConfig) {
    let block = WebIdentityBlock {
        role_arn: words(&arn(TOOLING, "federated")),
        web_identity_token: token.map_or(Attr::Null, secret),
        web_identity_token_file: file.map_or(Attr::Null, words),
        ..WebIdentityBlock::default()
    };
    move |config| config.assume_role_with_web_identity = one(block)
}

#[tokio::test]
async fn a_web_identity_that_is_missing_or_refused() {
    let world = World::new().await;
    let file = world.home.path().join("token");
    let path = file.to_str().unwrap();
    let absent = federated(None, Some(path));
    world.check("token_file_missing", &KEYS, absent).await;
    std::fs::write(&file, "a-stale-token\n").unwrap();
    let stale = federated(None, Some(path));
    world.check("token_unknown", &KEYS, stale).await;
    std::fs::write(&file, WEB_TOKEN).unwrap();
    let expired = Fault::on(Face::Sts, Effect::ExpireToken);
    world.sandbox.faults().add(expired);
    let ended = federated(None, Some(path));
    world.check("token_ended", &KEYS, ended).await;
    world.refuse(
        Face::Sts,
        "AssumeRoleWithWebIdentity",
        403,
        "IDPRejectedClaim",
        "The identity provider rejected the claim",
    );
    let inline = federated(Some(WEB_TOKEN), None);
    world.check("token_rejected", &KEYS, inline).await;
    let role = arn(TOOLING, "federated");
    let variables = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", path),
        ("AWS_ROLE_ARN", role.as_str()),
    ];
    world
        .check("token_of_the_environment_rejected", &variables, |_| {})
        .await;
    std::fs::remove_file(&file).unwrap();
    world
        .check("token_file_of_the_environment_missing", &variables, |_| {})
        .await;
}

#[tokio::test]
async fn sts_that_has_too_much_to_do() {
    let world = World::new().await;
    world.refuse(Face::Sts, "AssumeRole", 400, "Throttling", "Rate exceeded");
    world
        .check("sts_throttles", &KEYS, |config| {
            config.max_retries = Attr::Known(Whole(Number::Integer(2)));
            config.assume_role = chain([role(TOOLING, "tooling")]);
        })
        .await;
}

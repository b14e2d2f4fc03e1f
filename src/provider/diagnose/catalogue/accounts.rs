//! Accounts that are not the expected ones, and what an identity may not do there.

use ecr_public_sandbox::Face;

use super::{KEYS, TARGET, TOOLING, World, chain, pinned, role, words};
use crate::aws::Target;
use crate::provider::ProviderConfig;
use crate::provider::diagnose::resource_aws;
use crate::provider::known;
use crate::provider::role::AssumeRole;
use crate::task::Context;

/// Over the publisher of the target, with more.
fn publisher(more: impl FnOnce(&mut ProviderConfig)) -> impl FnOnce(&mut ProviderConfig) {
    move |config| {
        config.assume_role = chain([role(TARGET, "publisher")]);
        more(config);
    }
}

#[tokio::test]
async fn an_account_that_the_lists_do_not_allow() {
    let world = World::new().await;
    let cx = Context::new();
    let allowed = publisher(|config| config.allowed_account_ids = known::to_texts([TOOLING]));
    let session = world.session(allowed, &Target::default()).await;
    let error = session.repository(&cx, "app").await.unwrap_err();
    pinned("account_not_allowed", &resource_aws(&error));
    let forbidden = publisher(|config| config.forbidden_account_ids = known::to_texts([TARGET]));
    let session = world.session(forbidden, &Target::default()).await;
    let error = session.repository(&cx, "app").await.unwrap_err();
    pinned("account_forbidden", &resource_aws(&error));
}

#[tokio::test]
async fn an_identity_in_another_account_than_the_one_in_state() {
    let world = World::new().await;
    let target = Target {
        hops: vec![crate::aws::Hop::to(
            super::arn(TARGET, "publisher").parse().unwrap(),
        )],
        account: Some(TOOLING.parse().unwrap()),
        ..Target::default()
    };
    let session = world.session(|_| {}, &target).await;
    let error = session
        .repository(&Context::new(), "app")
        .await
        .unwrap_err();
    pinned("account_of_somebody_else", &resource_aws(&error));
}

#[tokio::test]
async fn an_account_into_which_nothing_leads() {
    let world = World::new().await;
    let target = Target {
        account: Some(TARGET.parse().unwrap()),
        ..Target::default()
    };
    let session = world.session(|_| {}, &target).await;
    let error = session.identity(&Context::new()).await.unwrap_err();
    pinned("account_without_way", &resource_aws(&error));
}

#[tokio::test]
async fn an_identity_that_may_not_get_a_login_or_see_a_repository() {
    let world = World::new().await;
    let cx = Context::new();
    let session = world.session(publisher(|_| {}), &Target::default()).await;
    let error = session.authorization_token(&cx).await.unwrap_err();
    pinned("login_denied", &resource_aws(&error));
    let error = session.repository(&cx, "app").await.unwrap_err();
    pinned("action_denied", &resource_aws(&error));
}

#[tokio::test]
async fn a_place_without_ecr_public() {
    let world = World::new().await;
    let cx = Context::new();
    let message = "This command is not supported in this region.";
    let code = "UnsupportedCommandException";
    world.refuse(Face::Api, "", 400, code, message);
    let session = world.session(|_| {}, &Target::default()).await;
    let error = session.repository(&cx, "app").await.unwrap_err();
    pinned("not_offered", &resource_aws(&error));
}

#[tokio::test]
async fn a_partition_without_ecr_public() {
    let world = World::new().await;
    world
        .check("partition_of_a_role", &KEYS, |config| {
            config.assume_role = chain([AssumeRole {
                role_arn: words("arn:aws-cn:iam::111111111111:role/tooling"),
                ..AssumeRole::default()
            }]);
        })
        .await;
    world
        .check("partition_of_a_region", &KEYS, |config| {
            config.region = words("us-gov-west-1");
        })
        .await;
    let identity = "<GetCallerIdentityResponse><GetCallerIdentityResult>\
                    <Arn>arn:aws-us-gov:iam::111111111111:user/me</Arn>\
                    <Account>111111111111</Account><UserId>U</UserId>\
                    </GetCallerIdentityResult></GetCallerIdentityResponse>";
    let answer = ecr_public_sandbox::Effect::Answer {
        status: 200,
        headers: Default::default(),
        body: identity.to_owned(),
    };
    let fault = ecr_public_sandbox::Fault::on(Face::Sts, answer);
    world.sandbox.faults().add(fault);
    world.check("partition_of_an_identity", &KEYS, |_| {}).await;
}

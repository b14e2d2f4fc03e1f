//! A second opinion on STS: moto's.
//!
//! Moto does not enforce trust, so this proves plumbing: each hop is signed with the credentials of
//! the hop before it, and the last account is the one that was meant.

use std::time::Duration;

use terraform_provider_ecrpublic::aws::{
    AccountRole, Aws, Config, Environment, Hop, HopSession, Target, WebIdentity, WebIdentityToken,
};
use terraform_provider_ecrpublic::net::Secret;
use terraform_provider_ecrpublic::task::Context;

use crate::support::daemon::Daemon;
use crate::support::programs;

#[tokio::test]
async fn a_chain_of_roles_ends_in_the_account_of_the_last_one() {
    let moto = moto().await;
    let cx = Context::new().within(Duration::from_secs(60));
    let mut config = config(&moto);
    config.assume_role = vec![hop("111111111111", "tooling")];
    let aws = Aws::connect(&cx, config).await.unwrap();

    let provider = aws.session(&Target::default()).identity(&cx).await.unwrap();
    assert_eq!(provider.account.as_str(), "111111111111");
    assert!(
        provider.arn.contains("assumed-role/tooling/"),
        "{}",
        provider.arn
    );

    let target = Target {
        hops: vec![hop("222222222222", "hub"), hop("333333333333", "publisher")],
        ..Target::default()
    };
    let publisher = aws.session(&target).identity(&cx).await.unwrap();
    assert_eq!(publisher.account.as_str(), "333333333333");
    assert!(
        publisher.arn.contains("assumed-role/publisher/"),
        "{}",
        publisher.arn
    );
}

#[tokio::test]
async fn without_roles_the_provider_is_who_its_keys_say() {
    let moto = moto().await;
    let cx = Context::new().within(Duration::from_secs(60));
    let aws = Aws::connect(&cx, config(&moto)).await.unwrap();
    let provider = aws.session(&Target::default()).identity(&cx).await.unwrap();
    assert_eq!(provider.account.as_str(), "123456789012"); // the account moto gives to unknown keys
}

#[tokio::test]
async fn a_hop_with_everything_that_sts_takes_is_understood() {
    let moto = moto().await;
    let cx = Context::new().within(Duration::from_secs(60));
    let everything = Hop {
        session_name: Some("landing-zone".to_owned()),
        external_id: Some("external-id".to_owned()),
        duration: Some(Duration::from_secs(1800)),
        policy: Some(r#"{"Version":"2012-10-17","Statement":[]}"#.to_owned()),
        policy_arns: ["arn:aws:iam::aws:policy/ReadOnlyAccess".to_owned()].into(),
        source_identity: Some("jane".to_owned()),
        tags: [("team".to_owned(), "blue".to_owned())].into(),
        transitive_tag_keys: ["team".to_owned()].into(),
        ..hop("111111111111", "tooling")
    };
    let mut config = config(&moto);
    config.assume_role = vec![everything, hop("222222222222", "hub")];
    config.account_role = Some(AccountRole {
        template: "arn:aws:iam::{account_id}:role/ecr-publisher".to_owned(),
        session: HopSession {
            session_name: Some("images".to_owned()),
            ..HopSession::default()
        },
    });
    let aws = Aws::connect(&cx, config).await.unwrap();
    let target = Target {
        account: Some("333333333333".parse().unwrap()),
        ..Target::default()
    };
    let publisher = aws.session(&target).identity(&cx).await.unwrap();
    let expected = "arn:aws:sts::333333333333:assumed-role/ecr-publisher/images";
    assert_eq!(publisher.arn, expected);
}

#[tokio::test]
async fn a_token_of_another_issuer_is_the_first_hop_of_a_chain() {
    let moto = moto().await;
    let cx = Context::new().within(Duration::from_secs(60));
    let mut config = config(&moto);
    (config.access_key, config.secret_key) = (None, None);
    config.web_identity = Some(WebIdentity {
        role_arn: hop("111111111111", "federated").role_arn,
        session_name: Some("pipeline".to_owned()),
        duration: None,
        policy: None,
        policy_arns: Default::default(),
        token: WebIdentityToken::Inline(Secret::new("header.claims.signature".to_owned())),
    });
    config.assume_role = vec![hop("222222222222", "hub")];
    let aws = Aws::connect(&cx, config).await.unwrap();
    let provider = aws.session(&Target::default()).identity(&cx).await.unwrap();
    assert_eq!(provider.account.as_str(), "222222222222");
    assert!(
        provider.arn.contains("assumed-role/hub/"),
        "{}",
        provider.arn
    );
}

async fn moto() -> Daemon {
    let mut command = programs::quiet("moto_server");
    command.args(["-H", "127.0.0.1", "-p", "0"]);
    Daemon::start(&mut command, "Running on http://").await
}

fn config(moto: &Daemon) -> Config {
    Config {
        access_key: Some("AKIAIOSFODNN7EXAMPLE".to_owned()),
        secret_key: Some(Secret::new("not-a-secret".to_owned())),
        sts_endpoint: Some(format!("http://{}", moto.address)),
        skip_metadata: Some(true),
        environment: Environment::of(&[]),
        ..Config::default()
    }
}

fn hop(account: &str, role: &str) -> Hop {
    Hop::to(
        format!("arn:aws:iam::{account}:role/{role}")
            .parse()
            .unwrap(),
    )
}

//! A second opinion on STS: moto's.
//!
//! Moto does not enforce trust, so this proves plumbing: each hop is signed with the credentials of
//! the hop before it, and the last account is the one that was meant.

use std::time::Duration;

use terraform_provider_ecrpublic::aws::{Aws, Config, Environment, Hop, Target};
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
        skip_metadata: true,
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

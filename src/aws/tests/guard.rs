//! Nothing is written to an account other than the one expected.

use std::collections::BTreeMap;

use super::mock::{Mock, Reply, connect, hop};
use crate::aws::error::AccountRule;
use crate::aws::{AccountId, AccountRole, Config, Error, ErrorKind, HopSession, Target};
use crate::task::Context;

fn account(text: &str) -> AccountId {
    text.parse().unwrap()
}

fn reaching(text: &str) -> Target {
    Target {
        account: Some(account(text)),
        ..Target::default()
    }
}

fn with_account_role(mock: &Mock) -> Config {
    Config {
        account_role: Some(AccountRole {
            template: "arn:aws:iam::{account_id}:role/publisher".to_owned(),
            session: HopSession::default(),
        }),
        ..mock.config()
    }
}

async fn write(config: Config, target: &Target) -> Result<(), Error> {
    let session = connect(config).await.unwrap().session(target);
    session
        .create_repository(&Context::new(), "r", &BTreeMap::new())
        .await
        .map(drop)
}

#[track_caller]
fn check_nothing_written(mock: &Mock) {
    assert_eq!(mock.count("CreateRepository"), 0);
}

#[tokio::test]
async fn an_account_that_is_not_allowed_is_not_written_to() {
    let mock = Mock::start().await;
    let allowed = [account("999999999999")];
    let config = Config {
        allowed_account_ids: allowed.clone().into(),
        ..mock.config()
    };
    let error = write(config, &Target::default()).await.unwrap_err();
    let ErrorKind::AccountNotAllowed { account, rule, .. } = error.kind() else {
        panic!("{error:?}");
    };
    assert_eq!(account.as_str(), "111111111111");
    assert_eq!(*rule, AccountRule::NotAllowed(allowed.into()));
    check_nothing_written(&mock);
}

#[tokio::test]
async fn a_forbidden_account_is_not_written_to() {
    let mock = Mock::start().await;
    let config = Config {
        forbidden_account_ids: [account("222222222222")].into(),
        ..mock.config()
    };
    let target = Target {
        hops: vec![hop("arn:aws:iam::222222222222:role/r")],
        ..Target::default()
    };
    let error = write(config, &target).await.unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::AccountNotAllowed { .. }),
        "{error:?}"
    );
    check_nothing_written(&mock);
}

#[tokio::test]
async fn hops_that_end_in_another_account_than_expected_are_not_used() {
    let mock = Mock::start().await;
    let target = Target {
        hops: vec![hop("arn:aws:iam::222222222222:role/r")],
        ..reaching("333333333333")
    };
    let error = write(mock.config(), &target).await.unwrap_err();
    let ErrorKind::WrongAccount {
        expected,
        effective,
        ..
    } = error.kind()
    else {
        panic!("{error:?}");
    };
    assert_eq!(
        (expected.as_str(), effective.as_str()),
        ("333333333333", "222222222222")
    );
    check_nothing_written(&mock);
}

#[tokio::test]
async fn an_identity_without_account_fails_closed() {
    let mock = Mock::start().await;
    let body = "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>somebody</Arn>\
                </GetCallerIdentityResult></GetCallerIdentityResponse>";
    mock.script("GetCallerIdentity", "", 1, Reply::raw(body));
    let config = Config {
        forbidden_account_ids: [account("222222222222")].into(),
        skip_credentials_validation: true,
        ..mock.config()
    };
    let error = write(config, &Target::default()).await.unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::UnknownAccount { .. }),
        "{error:?}"
    );
    check_nothing_written(&mock);
}

#[tokio::test]
async fn the_account_role_leads_into_an_account_that_is_only_named() {
    let mock = Mock::start().await;
    let aws = connect(with_account_role(&mock)).await.unwrap();
    let session = aws.session(&reaching("222222222222"));
    let identity = session.identity(&Context::new()).await.unwrap();
    assert_eq!(identity.account.as_str(), "222222222222");
    assert_eq!(mock.count("AssumeRole"), 1);
    assert_eq!(mock.count("GetCallerIdentity"), 1);
}

#[tokio::test]
async fn the_providers_own_account_needs_no_account_role() {
    let mock = Mock::start().await;
    let aws = connect(with_account_role(&mock)).await.unwrap();
    let session = aws.session(&reaching("111111111111"));
    session.identity(&Context::new()).await.unwrap();
    assert_eq!(mock.count("AssumeRole"), 0);
    assert_eq!(mock.count("GetCallerIdentity"), 1);
}

#[tokio::test]
async fn another_account_without_a_way_into_it_is_an_error_that_names_both() {
    let mock = Mock::start().await;
    let error = write(mock.config(), &reaching("222222222222"))
        .await
        .unwrap_err();
    let ErrorKind::NoAccountRole {
        account,
        provider_account,
    } = error.kind()
    else {
        panic!("{error:?}");
    };
    assert_eq!(account.as_str(), "222222222222");
    assert_eq!(provider_account.as_str(), "111111111111");
    check_nothing_written(&mock);
}

#[tokio::test]
async fn a_refused_account_role_says_that_it_is_one() {
    let mock = Mock::start().await;
    let denied = Reply::sts_error(403, "AccessDenied", "no");
    mock.script("AssumeRole", "222222222222", 1, denied);
    let error = write(with_account_role(&mock), &reaching("222222222222"))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "hop 1 of 1 of the account role to arn:aws:iam::222222222222:role/publisher failed: \
         AccessDenied: no"
    );
}

#[tokio::test]
async fn the_lists_do_not_concern_a_provider_that_only_passes_through() {
    let mock = Mock::start().await;
    let config = Config {
        allowed_account_ids: [account("222222222222")].into(),
        ..with_account_role(&mock)
    };
    let aws = connect(config).await.unwrap();
    aws.session(&reaching("222222222222"))
        .identity(&Context::new())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_login_is_behind_the_guard_too() {
    let mock = Mock::start().await;
    let config = Config {
        forbidden_account_ids: [account("111111111111")].into(),
        ..mock.config()
    };
    let aws = connect(config).await.unwrap();
    let session = aws.session(&Target::default());
    session
        .authorization_token(&Context::new())
        .await
        .unwrap_err();
    assert_eq!(mock.count("GetAuthorizationToken"), 0);
}

#[tokio::test]
async fn the_account_that_nobody_asked_for_is_asked_for_before_anything_is_written() {
    let mock = Mock::start().await;
    let config = Config {
        skip_requesting_account_id: true,
        forbidden_account_ids: [account("111111111111")].into(),
        ..mock.config()
    };
    let aws = connect(config.clone()).await.unwrap();
    assert_eq!(aws.own_identity(&Context::new()).await.unwrap(), None);
    assert_eq!(mock.count("GetCallerIdentity"), 0);
    let error = write(config, &Target::default()).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::AccountNotAllowed { .. }));
    assert_eq!(mock.count("GetCallerIdentity"), 1);
    check_nothing_written(&mock);
}

#[tokio::test]
async fn the_account_of_a_role_needs_no_question() {
    let mock = Mock::start().await;
    let config = Config {
        skip_requesting_account_id: true,
        assume_role: vec![hop("arn:aws:iam::222222222222:role/hub")],
        ..mock.config()
    };
    let aws = connect(config).await.unwrap();
    let identity = aws.own_identity(&Context::new()).await.unwrap().unwrap();
    assert_eq!(identity.account, account("222222222222"));
    assert_eq!(mock.count("AssumeRole"), 1);
    assert_eq!(mock.count("GetCallerIdentity"), 0);
}

#[tokio::test]
async fn credentials_are_looked_for_although_nobody_asks_whose_they_are() {
    let mock = Mock::start().await;
    let config = Config {
        skip_requesting_account_id: true,
        ..mock.keyless()
    };
    let error = connect(config).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::NoCredentials { .. }));
}

//! The login at the registry: cached, shared, renewed, never shown.

use std::time::Duration;

use super::mock::{Mock, Reply, connect, hop, login};
use crate::aws::error::CredentialOrigin;
use crate::aws::{ErrorKind, Session, Target};
use crate::task::Context;

const HOURS: Duration = Duration::from_secs(12 * 3600);

async fn session(mock: &Mock) -> Session {
    connect(mock.config())
        .await
        .unwrap()
        .session(&Target::default())
}

#[tokio::test]
async fn a_login_is_asked_for_once_and_used_by_all() {
    let mock = Mock::start().await;
    let session = session(&mock).await;
    let cx = Context::new();
    let (one, two) = tokio::join!(
        session.authorization_token(&cx),
        session.authorization_token(&cx)
    );
    let login = one.unwrap();
    assert_eq!(login.username, "AWS");
    assert_eq!(login.password.reveal(), "password");
    assert_eq!(two.unwrap().expires_at, login.expires_at);
    assert_eq!(mock.count("GetAuthorizationToken"), 1);
    assert_eq!(
        mock.seen("GetAuthorizationToken")[0].scope,
        "us-east-1/ecr-public"
    );
}

#[tokio::test]
async fn a_refused_login_is_replaced() {
    let mock = Mock::start().await;
    mock.script("GetAuthorizationToken", "", 1, login("AWS:first", HOURS));
    let session = session(&mock).await;
    let cx = Context::new();
    let first = session.authorization_token(&cx).await.unwrap();
    assert_eq!(first.password.reveal(), "first");
    session.forget_authorization_token().await;
    let second = session.authorization_token(&cx).await.unwrap();
    assert_eq!(second.password.reveal(), "password");
}

#[tokio::test]
async fn a_login_that_has_ended_is_not_handed_out() {
    let mock = Mock::start().await;
    mock.script(
        "GetAuthorizationToken",
        "",
        1,
        login("AWS:old", Duration::ZERO),
    );
    let session = session(&mock).await;
    let cx = Context::new();
    session.authorization_token(&cx).await.unwrap();
    let next = session.authorization_token(&cx).await.unwrap();
    assert_eq!(next.password.reveal(), "password");
}

#[tokio::test]
async fn an_answer_that_is_no_login_is_an_error() {
    let colonless = login("nonsense", HOURS);
    let empty = login("AWS:", HOURS);
    let without = Reply::json(serde_json::json!({}));
    let not_base64 = Reply::json(serde_json::json!(
        {"authorizationData": {"authorizationToken": "%%%", "expiresAt": 4102444800u64}}
    ));
    for reply in [colonless, empty, without, not_base64] {
        let mock = Mock::start().await;
        mock.script("GetAuthorizationToken", "", 1, reply.clone());
        let error = session(&mock)
            .await
            .authorization_token(&Context::new())
            .await
            .unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::Malformed { .. }),
            "{reply:?}: {error:?}"
        );
    }
}

#[tokio::test]
async fn a_denied_login_names_who_asked() {
    let mock = Mock::start().await;
    let denied = Reply::ecr_error(400, "AccessDeniedException", "no bearer token");
    mock.script("GetAuthorizationToken", "", 1, denied);
    let error = session(&mock)
        .await
        .authorization_token(&Context::new())
        .await
        .unwrap_err();
    let ErrorKind::LoginDenied { identity, answer } = error.kind() else {
        panic!("{error:?}");
    };
    assert_eq!(identity, "arn:aws:iam::111111111111:user/me");
    assert_eq!(answer.message.as_deref(), Some("no bearer token"));
}

#[tokio::test]
async fn ended_credentials_are_replaced_once_in_a_call() {
    let mock = Mock::start().await;
    let expired = || Reply::ecr_error(400, "ExpiredTokenException", "over");
    mock.script("GetAuthorizationToken", "", 1, expired());
    let aws = connect(mock.config()).await.unwrap();
    let session = aws.session(&Target {
        hops: vec![hop("arn:aws:iam::222222222222:role/r")],
        ..Target::default()
    });
    let cx = Context::new();
    session.authorization_token(&cx).await.unwrap();
    assert_eq!(mock.count("AssumeRole"), 2);

    session.forget_authorization_token().await;
    mock.script("GetAuthorizationToken", "", 2, expired());
    let error = session.authorization_token(&cx).await.unwrap_err();
    let ErrorKind::Expired { origin, .. } = error.kind() else {
        panic!("{error:?}");
    };
    assert!(matches!(origin, CredentialOrigin::Role(_)));
}

#[tokio::test]
async fn neither_a_login_nor_a_session_shows_what_is_secret() {
    let mock = Mock::start().await;
    let session = session(&mock).await;
    let login = session.authorization_token(&Context::new()).await.unwrap();
    for text in [
        format!("{login:?}"),
        format!("{session:?}"),
        format!("{:?}", mock.config()),
    ] {
        assert!(!text.contains("\"password\""), "{text}");
        assert!(!text.contains("base-secret"), "{text}");
    }
}

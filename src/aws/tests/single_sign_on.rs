//! Credentials of somebody who has signed in to IAM Identity Center.

use std::time::Duration;

use serde_json::{Value, json};

use super::home::{ALMOST_OVER, Home, ends_in, impatient, refused};
use super::mock::{Reply, connect};
use crate::aws::error::{CredentialOrigin, SignIn, SourceProblem};
use crate::aws::{Config, ErrorKind};
use crate::task::{self, Context};

const ASKED: &str = "GET /federation/credentials?role_name=publisher&account_id=111111111111";
const RENEWED: &str = "POST /token";
const KEY: &str = "ASIA111111111111SSO0";
const START: &str = "https://corp.example/start";
/// SHA-1 of `corp`.
const SESSION_FILE: &str = ".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json";
/// SHA-1 of [`START`].
const LEGACY_FILE: &str = ".aws/sso/cache/f7c9b39d0b4c7a7d82c79307585f77e1c5e74378.json";

const SESSION: &str = "[default]\nsso_session=corp\nsso_account_id=111111111111\n\
                       sso_role_name=publisher\n\
                       [sso-session corp]\nsso_region=us-east-1\n\
                       sso_start_url=https://corp.example/start\n";
const LEGACY: &str = "[default]\nsso_account_id=111111111111\nsso_role_name=publisher\n\
                      sso_region=us-east-1\nsso_start_url=https://corp.example/start\n";

/// A home with this configuration, and with this in the file of a sign-in.
async fn signed_in(config: &str, file: &str, content: Value) -> Home {
    let home = Home::with("", config).await;
    std::fs::create_dir_all(home.path(".aws/sso/cache")).unwrap();
    std::fs::write(home.path(file), content.to_string()).unwrap();
    home
}

fn token(ends: &str) -> Value {
    json!({"accessToken": "hush-token", "expiresAt": ends, "startUrl": START})
}

/// A token that can be renewed.
fn renewable(ends: &str) -> Value {
    let mut content = token(ends);
    content["clientId"] = "client".into();
    content["clientSecret"] = "hush-client".into();
    content["refreshToken"] = "hush-refresh".into();
    content["registrationExpiresAt"] = "2040-01-01T00:00:00Z".into();
    content
}

fn role_credentials(lasts: Duration) -> Reply {
    let end = task::wall() + lasts;
    let end = end.duration_since(std::time::UNIX_EPOCH).unwrap();
    Reply::json(json!({"roleCredentials": {
        "accessKeyId": KEY,
        "secretAccessKey": "hush",
        "sessionToken": "hush",
        "expiration": u64::try_from(end.as_millis()).unwrap(),
    }}))
}

const HOUR: Duration = Duration::from_secs(3600);

fn config(home: &Home) -> Config {
    home.config(&[
        ("AWS_ENDPOINT_URL_SSO", &home.mock.url),
        ("AWS_ENDPOINT_URL_SSO_OIDC", &home.mock.url),
    ])
}

/// The token that the portal was shown last.
fn shown(home: &Home) -> String {
    let seen = home.mock.seen(ASKED).pop().unwrap();
    seen.headers["x-amz-sso_bearer_token"].clone()
}

async fn sign_in(home: &Home) -> SignIn {
    let error = refused(config(home)).await;
    let text = format!("{error:?}");
    assert!(!text.contains("hush"), "{text}");
    let ErrorKind::SsoLoginRequired {
        profile,
        start_url,
        reason,
    } = error.kind()
    else {
        panic!("{error:?}");
    };
    assert_eq!((profile.as_str(), start_url.as_str()), ("default", START));
    reason.clone()
}

#[tokio::test]
async fn a_sign_in_is_found_under_the_name_of_its_session_or_of_its_start_page() {
    for (profile, file, ends) in [
        (SESSION, SESSION_FILE, "2040-01-01T00:00:00Z"),
        (LEGACY, LEGACY_FILE, "2040-01-01T00:00:00UTC"),
    ] {
        let home = signed_in(profile, file, token(ends)).await;
        home.mock.script(ASKED, "", 1, role_credentials(HOUR));
        assert_eq!(home.key_of(config(&home)).await, KEY);
        assert_eq!(shown(&home), "hush-token");
        assert_eq!(home.mock.count(RENEWED), 0);
    }
}

#[tokio::test]
async fn the_portal_can_be_named_in_the_services_of_the_profile() {
    let home = signed_in(SESSION, SESSION_FILE, token("2040-01-01T00:00:00Z")).await;
    let section = format!(
        "{SESSION}[services local]\nsso =\n  endpoint_url = {0}\n",
        home.mock.url
    );
    let config_file = section.replacen("[default]\n", "[default]\nservices = local\n", 1);
    std::fs::write(home.path(".aws/config"), config_file).unwrap();
    home.mock.script(ASKED, "", 1, role_credentials(HOUR));
    assert_eq!(home.key_of(home.config(&[])).await, KEY);
}

#[tokio::test]
async fn credentials_of_a_sign_in_are_renewed_before_they_end() {
    let home = signed_in(SESSION, SESSION_FILE, token("2040-01-01T00:00:00Z")).await;
    home.mock
        .script(ASKED, "", 1, role_credentials(ALMOST_OVER));
    home.mock.script(ASKED, "", 9, role_credentials(HOUR));
    let aws = impatient(config(&home)).await;
    for _ in 0..3 {
        let session = aws.session(&Default::default());
        session.identity(&Context::new()).await.unwrap();
    }
    assert_eq!(home.mock.count(ASKED), 2);
}

#[tokio::test]
async fn a_sign_in_that_is_about_to_end_is_renewed_and_written_down() {
    let home = signed_in(SESSION, SESSION_FILE, renewable(&ends_in(ALMOST_OVER))).await;
    let renewed = json!({
        "accessToken": "hush-renewed", "expiresIn": 28800, "refreshToken": "hush-next",
    });
    home.mock.script(RENEWED, "", 1, Reply::json(renewed));
    home.mock.script(ASKED, "", 1, role_credentials(HOUR));
    connect(config(&home)).await.unwrap();
    let asked = &home.mock.seen(RENEWED)[0].json;
    assert_eq!(asked["grantType"], "refresh_token");
    assert_eq!(asked["clientId"], "client");
    assert_eq!(asked["clientSecret"], "hush-client");
    assert_eq!(asked["refreshToken"], "hush-refresh");
    assert_eq!(shown(&home), "hush-renewed");

    let folder = home.path(".aws/sso/cache");
    let names = std::fs::read_dir(folder).unwrap();
    assert_eq!(names.count(), 1, "nothing is left beside the file");
    let file = home.path(SESSION_FILE);
    let written: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(written["accessToken"], "hush-renewed");
    assert_eq!(written["refreshToken"], "hush-next");
    assert_eq!(written["startUrl"], START);
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    // Whoever comes next finds it, and need not renew it.
    home.mock.script(ASKED, "", 1, role_credentials(HOUR));
    connect(config(&home)).await.unwrap();
    assert_eq!(home.mock.count(RENEWED), 1);
}

#[tokio::test]
async fn a_sign_in_that_cannot_be_renewed_is_used_until_it_ends() {
    let home = signed_in(SESSION, SESSION_FILE, renewable(&ends_in(ALMOST_OVER))).await;
    let refusal = json!({"error": "invalid_grant", "error_description": "no"});
    home.mock
        .script(RENEWED, "", 9, Reply::status(400, refusal));
    home.mock.script(ASKED, "", 1, role_credentials(HOUR));
    connect(config(&home)).await.unwrap();
    assert_eq!(shown(&home), "hush-token");
}

#[tokio::test]
async fn without_a_sign_in_somebody_has_to_sign_in() {
    let home = Home::with("", SESSION).await;
    assert_eq!(
        sign_in(&home).await,
        SignIn::Missing(home.path(SESSION_FILE))
    );

    let home = signed_in(SESSION, SESSION_FILE, json!(["hush"])).await;
    let unreadable = SignIn::Unreadable(Some(home.path(SESSION_FILE)));
    assert_eq!(sign_in(&home).await, unreadable);

    for content in [
        token("2020-01-01T00:00:00Z"),
        renewable("2020-01-01T00:00:00Z"),
    ] {
        let home = signed_in(SESSION, SESSION_FILE, content).await;
        let refusal = json!({"error": "invalid_grant"});
        home.mock
            .script(RENEWED, "", 9, Reply::status(400, refusal));
        assert!(matches!(sign_in(&home).await, SignIn::Ended(_)));
        assert_eq!(home.mock.count(ASKED), 0);
    }

    let home = signed_in(SESSION, SESSION_FILE, token("2040-01-01T00:00:00Z")).await;
    let refusal = json!({"__type": "UnauthorizedException", "message": "Session token not found"});
    home.mock.script(ASKED, "", 1, Reply::status(401, refusal));
    let SignIn::Refused(answer) = sign_in(&home).await else {
        panic!("a token that was revoked");
    };
    assert_eq!(
        answer.to_string(),
        "UnauthorizedException: Session token not found"
    );
}

#[tokio::test]
async fn another_sign_in_does_not_help_where_the_role_is_not_assigned_or_the_portal_is_down() {
    let home = signed_in(SESSION, SESSION_FILE, token("2040-01-01T00:00:00Z")).await;
    let refusal = json!({"__type": "ForbiddenException", "message": "No access"});
    home.mock.script(ASKED, "", 1, Reply::status(403, refusal));
    let error = refused(config(&home)).await;
    let ErrorKind::SourceFailed { origin, problem } = error.kind() else {
        panic!("{error:?}");
    };
    assert_eq!(
        *origin,
        CredentialOrigin::SingleSignOn("default".to_owned())
    );
    let SourceProblem::NotAssigned { account, role, .. } = problem else {
        panic!("{problem:?}");
    };
    assert_eq!(
        (account.as_str(), role.as_str()),
        ("111111111111", "publisher")
    );

    home.mock.script(ASKED, "", 9, Reply::page(502));
    let error = refused(config(&home)).await;
    let ErrorKind::SourceFailed { problem, .. } = error.kind() else {
        panic!("{error:?}");
    };
    assert!(
        matches!(problem, SourceProblem::NotAssigned { answer, .. } if answer.status == Some(502))
    );
    assert_eq!(home.mock.count(ASKED), 4);

    let nowhere = home.config(&[("AWS_ENDPOINT_URL_SSO", "http://127.0.0.1:9")]);
    let error = refused(nowhere).await;
    let ErrorKind::SourceFailed { problem, .. } = error.kind() else {
        panic!("{error:?}");
    };
    assert!(
        matches!(problem, SourceProblem::Unreachable { .. }),
        "{problem:?}"
    );
}

#[tokio::test]
async fn a_profile_says_what_its_sign_in_lacks() {
    for (removed, expected) in [
        (
            "sso_role_name=publisher\n",
            "its sign-in has no `sso_role_name`",
        ),
        (
            "sso_account_id=111111111111\n",
            "its sign-in has no `sso_account_id`",
        ),
        ("sso_region=us-east-1\n", "its sign-in has no `sso_region`"),
        (
            "sso_start_url=https://corp.example/start\n",
            "its sign-in has no `sso_start_url`",
        ),
        (
            "[sso-session corp]\n",
            "there is no section `[sso-session corp]`",
        ),
    ] {
        let home = Home::with("", &SESSION.replace(removed, "")).await;
        let error = refused(config(&home)).await;
        let ErrorKind::SharedConfig {
            profile, problem, ..
        } = error.kind()
        else {
            panic!("{error:?}");
        };
        assert_eq!(profile.as_deref(), Some("default"));
        assert_eq!(problem, expected);
    }
}

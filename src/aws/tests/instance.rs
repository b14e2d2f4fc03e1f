//! Credentials of the instance.

use std::time::Duration;

use serde_json::{Value, json};

use super::home::ends_in;
use super::mock::{Mock, Reply, connect};
use crate::aws::{Config, Environment, Error, ErrorKind};
use crate::task::{Context, StoppedClock};

const ROLES: &str = "GET /latest/meta-data/iam/security-credentials/";
const ROLE: &str = "GET /latest/meta-data/iam/security-credentials/builder";
const KEY: &str = "ASIA100000000005AAAA";

fn document() -> Value {
    json!({
        "Code": "Success",
        "Type": "AWS-HMAC",
        "AccessKeyId": KEY,
        "SecretAccessKey": "hush",
        "Token": "hush-hush",
        "Expiration": "2040-01-01T00:00:00Z",
    })
}

/// A machine with this role, and a provider that has nothing else.
async fn on_instance(document: Value) -> (Mock, Config) {
    let mock = Mock::start().await;
    mock.script("PUT /latest/api/token", "", 9, Reply::raw("token"));
    mock.script(ROLES, "", 9, Reply::raw("builder\n"));
    mock.script(ROLE, "", 9, Reply::json(document));
    let config = Config {
        ec2_metadata_endpoint: Some(mock.url.clone()),
        skip_metadata: None,
        ..mock.keyless()
    };
    (mock, config)
}

async fn reason(config: Config) -> String {
    let error: Error = connect(config).await.unwrap_err();
    let shown = format!("{error:?}");
    assert!(!shown.contains("hush"), "{shown}");
    let ErrorKind::NoCredentials { tried } = error.kind() else {
        panic!("{error:?}");
    };
    tried.last().unwrap().reason.clone()
}

#[tokio::test]
async fn the_role_of_the_instance_is_the_last_resort() {
    let (mock, config) = on_instance(document()).await;
    connect(config).await.unwrap();
    assert_eq!(mock.seen("GetCallerIdentity")[0].key.as_deref(), Some(KEY));
}

#[tokio::test]
async fn the_block_beats_the_environment_about_whether_the_instance_is_asked() {
    let disabled = Environment::of(&[("AWS_EC2_METADATA_DISABLED", "true")]);
    for (block, is_asked) in [(None, false), (Some(true), false), (Some(false), true)] {
        let (mock, config) = on_instance(document()).await;
        let config = Config {
            skip_metadata: block,
            environment: disabled.clone(),
            ..config
        };
        assert_eq!(connect(config).await.is_ok(), is_asked, "{block:?}");
        assert_eq!(mock.count(ROLE), usize::from(is_asked), "{block:?}");
    }
}

#[tokio::test]
async fn credentials_that_the_service_did_not_renew_in_time_are_still_used() {
    let mut late = document();
    late["Expiration"] = json!("2020-01-01T00:00:00Z");
    let (mock, config) = on_instance(late).await;
    connect(config).await.unwrap();
    assert_eq!(mock.count(ROLE), 1);
}

#[tokio::test]
async fn an_instance_without_role_says_so() {
    let mock = Mock::start().await;
    mock.script("PUT /latest/api/token", "", 1, Reply::raw("token"));
    mock.script(ROLES, "", 1, Reply::page(404));
    let config = Config {
        ec2_metadata_endpoint: Some(mock.url.clone()),
        skip_metadata: None,
        ..mock.keyless()
    };
    assert_eq!(reason(config).await, "no role is attached to the instance");
}

#[tokio::test]
async fn a_refusal_and_nonsense_are_told_without_keys() {
    let refusal = json!({"Code": "AssumeRoleUnauthorizedAccess", "Message": "no trust"});
    let (_mock, config) = on_instance(refusal).await;
    assert_eq!(
        reason(config).await,
        "AssumeRoleUnauthorizedAccess: no trust"
    );
    let malformed = "the answer is not that of a role";
    for member in ["AccessKeyId", "SecretAccessKey", "Token", "Expiration"] {
        let mut incomplete = document();
        incomplete[member].take();
        let (_mock, config) = on_instance(incomplete).await;
        assert_eq!(reason(config).await, malformed, "{member}");
    }
    let (_mock, config) = on_instance(json!(["hush"])).await;
    assert_eq!(reason(config).await, malformed);
}

#[tokio::test]
async fn a_profile_can_ask_for_the_instance_and_the_environment_says_where_it_is() {
    let (mock, config) = on_instance(document()).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    let profile = "[default]\nrole_arn=arn:aws:iam::333333333333:role/a\n\
                   credential_source=Ec2InstanceMetadata\n";
    std::fs::write(&file, profile).unwrap();
    let config = Config {
        ec2_metadata_endpoint: None,
        environment: Environment::of(&[
            ("AWS_CONFIG_FILE", file.to_str().unwrap()),
            ("AWS_EC2_METADATA_SERVICE_ENDPOINT", &mock.url),
        ]),
        ..config
    };
    connect(config).await.unwrap();
    assert_eq!(mock.seen("AssumeRole")[0].key.as_deref(), Some(KEY));
}

#[tokio::test]
async fn the_role_of_the_instance_is_asked_for_again_five_minutes_before_it_ends() {
    let minutes = |count: u64| Duration::from_secs(count * 60);
    let mut short = document();
    short["Expiration"] = json!(ends_in(minutes(20)));
    let (mock, config) = on_instance(short).await;
    let session = connect(config).await.unwrap().session(&Default::default());
    let clock = StoppedClock::begin();
    for (passed, asked) in [(14, 1), (2, 2), (1, 2)] {
        clock.pass(minutes(passed)).await;
        session.identity(&Context::new()).await.unwrap();
        assert_eq!(mock.count(ROLE), asked, "{passed} more minutes");
    }
}

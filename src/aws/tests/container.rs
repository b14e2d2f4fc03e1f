//! Credentials of a container: ECS and EKS Pod Identity.

use std::time::Duration;

use serde_json::{Value, json};

use super::home::{ALMOST_OVER, Home, ends_in, impatient, refused};
use super::mock::{Reply, connect};
use crate::aws::error::{
    ConnectFailure, CredentialOrigin, NamedBy, SettingName, SettingProblem, SourceProblem,
};
use crate::aws::{Config, ErrorKind};
use crate::task::Context;

const ASKED: &str = "GET /v1/credentials";
const KEY: &str = "ASIA100000000006AAAA";
const FULL: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";

fn document(ends: &str) -> Value {
    json!({
        "AccessKeyId": KEY,
        "SecretAccessKey": "hush",
        "Token": "hush-hush",
        "Expiration": ends,
        "RoleArn": "arn:aws:iam::100000000006:role/task",
    })
}

/// A container whose agent answers like this, and nothing else.
async fn in_container(reply: Reply) -> Home {
    let home = Home::with("", "").await;
    home.mock.script(ASKED, "", 9, reply);
    home
}

fn config(home: &Home, variables: &[(&str, &str)]) -> Config {
    let url = format!("{}/v1/credentials", home.mock.url);
    let mut all = vec![(FULL, url.as_str())];
    all.extend(variables);
    home.config(&all)
}

async fn problem(config: Config) -> SourceProblem {
    let error = refused(config).await;
    let shown = format!("{error:?}");
    assert!(!shown.contains("hush"), "{shown}");
    let ErrorKind::SourceFailed { origin, problem } = error.kind() else {
        panic!("{error:?}");
    };
    assert_eq!(*origin, CredentialOrigin::Container);
    problem.clone()
}

#[tokio::test]
async fn a_container_comes_before_the_instance_and_shows_the_token_of_the_environment() {
    let home = in_container(Reply::json(document("2040-01-01T00:00:00Z"))).await;
    let config = Config {
        ec2_metadata_endpoint: Some(home.mock.url.clone()),
        skip_metadata: None,
        ..config(&home, &[("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Basic abc")])
    };
    assert_eq!(home.key_of(config).await, KEY);
    assert_eq!(
        home.mock.seen(ASKED)[0].headers["authorization"],
        "Basic abc"
    );
}

#[tokio::test]
async fn a_profile_can_ask_for_the_container() {
    let config_file = "[default]\nrole_arn=arn:aws:iam::333333333333:role/a\n\
                       credential_source=EcsContainer\n";
    let home = Home::with("", config_file).await;
    let reply = Reply::json(document("2040-01-01T00:00:00Z"));
    home.mock.script(ASKED, "", 1, reply);
    connect(config(&home, &[])).await.unwrap();
    let role = &home.mock.seen("AssumeRole")[0];
    assert_eq!(role.key.as_deref(), Some(KEY));
    assert!(
        !home.mock.seen(ASKED)[0]
            .headers
            .contains_key("authorization")
    );

    let error = refused(home.config(&[])).await;
    let ErrorKind::NoCredentials { tried } = error.kind() else {
        panic!("{error:?}");
    };
    assert_eq!(tried[0].origin, CredentialOrigin::Container);
}

#[tokio::test]
async fn a_token_file_wins_and_is_read_anew_when_credentials_are_renewed() {
    let home = Home::with("", "").await;
    let first = Reply::json(document(&ends_in(ALMOST_OVER)));
    home.mock.script(ASKED, "", 1, first);
    let later = Reply::json(document(&ends_in(Duration::from_secs(3600))));
    home.mock.script(ASKED, "", 9, later);
    let file = home.path("token");
    std::fs::write(&file, "first\n").unwrap();
    let config = Config {
        // So that the first question is the one of the session.
        skip_credentials_validation: true,
        ..config(
            &home,
            &[
                ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "another"),
                (
                    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
                    file.to_str().unwrap(),
                ),
            ],
        )
    };
    let aws = impatient(config).await;
    let chain = aws.provider_chain();
    chain.link.issued().await.unwrap();
    std::fs::write(&file, "second").unwrap();
    for _ in 0..3 {
        aws.session(&Default::default())
            .identity(&Context::new())
            .await
            .unwrap();
    }
    let seen = home.mock.seen(ASKED);
    let tokens = seen
        .iter()
        .map(|seen| seen.headers["authorization"].as_str());
    assert_eq!(tokens.collect::<Vec<_>>(), ["first", "second"]);
}

#[tokio::test]
async fn a_token_file_that_cannot_be_used_is_named() {
    let home = in_container(Reply::json(document("2040-01-01T00:00:00Z"))).await;
    let absent = home.path("absent");
    let (empty, lines) = (home.path("empty"), home.path("lines"));
    std::fs::write(&empty, "\n").unwrap();
    std::fs::write(&lines, "hush\nhush").unwrap();
    for (file, expected) in [
        (&absent, "No such file or directory"),
        (&empty, "it is empty"),
        (&lines, "it has characters that a header cannot have"),
    ] {
        let variable = (
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
            file.to_str().unwrap(),
        );
        let problem = problem(config(&home, &[variable])).await;
        let SourceProblem::Token { path, problem } = problem else {
            panic!("{problem:?}");
        };
        assert_eq!(path.as_ref(), Some(file));
        assert!(problem.starts_with(expected), "{problem}");
    }
    assert_eq!(home.mock.count(ASKED), 0);
}

#[tokio::test]
async fn a_token_is_not_sent_over_plain_http_to_a_host_of_anybody() {
    let home = Home::with("", "").await;
    for (variable, text, expected) in [
        (
            FULL,
            "http://credentials.example/x",
            SettingProblem::ForeignHost("credentials.example".to_owned()),
        ),
        (
            FULL,
            "http://169.254.169.254/x",
            SettingProblem::ForeignHost("169.254.169.254".to_owned()),
        ),
        (
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
            "v2/credentials",
            SettingProblem::NotPath,
        ),
    ] {
        let error = refused(home.config(&[(variable, text)])).await;
        let ErrorKind::InvalidSetting { setting, problem } = error.kind() else {
            panic!("{error:?}");
        };
        assert_eq!(setting.name, SettingName::ContainerCredentials);
        assert_eq!(setting.named_by, NamedBy::Environment(variable));
        assert_eq!(*problem, expected);
    }
}

#[tokio::test]
async fn a_refusal_of_the_agent_is_quoted_and_one_that_may_pass_is_asked_three_times() {
    for (status, count) in [(403, 1), (503, 3)] {
        let body = json!({"code": "AccessDenied", "message": "no role for this task"});
        let home = in_container(Reply::status(status, body)).await;
        let problem = problem(config(&home, &[])).await;
        let SourceProblem::Refused(answer) = problem else {
            panic!("{problem:?}");
        };
        assert_eq!(answer.status, Some(status));
        assert_eq!(answer.to_string(), "AccessDenied: no role for this task");
        assert_eq!(home.mock.count(ASKED), count);
    }
}

#[tokio::test]
async fn an_answer_that_is_no_credentials_is_told_without_it() {
    for (reply, expected) in [
        (Reply::raw("hush"), "there is no JSON object"),
        (
            Reply::json(json!({"SecretAccessKey": "hush"})),
            "`AccessKeyId` is missing",
        ),
        (
            Reply::json(json!({"AccessKeyId": "hush"})),
            "`SecretAccessKey` is missing",
        ),
        (Reply::json(document("tomorrow")), "`Expiration` is no time"),
    ] {
        let home = in_container(reply).await;
        let problem = problem(config(&home, &[])).await;
        let SourceProblem::NotUnderstood(problem) = problem else {
            panic!("{problem:?}");
        };
        assert_eq!(problem, format!("in its answer, {expected}"));
    }
}

#[tokio::test]
async fn an_agent_that_is_not_there_is_named() {
    let home = Home::with("", "").await;
    let problem = problem(home.config(&[(FULL, "http://127.0.0.1:9/x")])).await;
    let SourceProblem::Unreachable {
        host,
        proxy,
        failure,
    } = problem
    else {
        panic!("{problem:?}");
    };
    assert_eq!(host, "127.0.0.1:9");
    assert_eq!(proxy, None);
    assert_eq!(failure, ConnectFailure::Connection);
}

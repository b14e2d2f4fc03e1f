//! Credentials of a program.

use std::time::Duration;

use super::home::{ALMOST_OVER, Home, PROFILE, ends_in, impatient, refused};
use super::mock::Reply;
use crate::aws::ErrorKind;
use crate::aws::error::{CredentialOrigin, SourceProblem};
use crate::task::Context;

/// A home whose default profile runs this.
async fn running(command: &str) -> Home {
    Home::with("", &format!("[default]\ncredential_process = {command}\n")).await
}

fn printing(more: &str) -> String {
    format!(
        "printf '{{\"Version\":1,\"AccessKeyId\":\"{PROFILE}\",\"SecretAccessKey\":\"hush\"{more}}}'"
    )
}

async fn problem_of(command: &str) -> SourceProblem {
    let home = running(command).await;
    let error = refused(home.config(&[])).await;
    let shown = format!("{error:?}");
    assert!(!shown.contains("hush"), "{shown}");
    let ErrorKind::SourceFailed { origin, problem } = error.kind() else {
        panic!("{error:?}");
    };
    assert_eq!(*origin, CredentialOrigin::Process("default".to_owned()));
    problem.clone()
}

#[tokio::test]
async fn a_program_hands_out_keys_whatever_the_case_of_their_names() {
    for output in [
        printing(",\"SessionToken\":\"t\",\"Expiration\":\"2040-01-01T00:00:00+02:00\""),
        printing("").replace("AccessKeyId", "accesskeyid"),
    ] {
        let home = running(&output).await;
        assert_eq!(home.key_of(home.config(&[])).await, PROFILE, "{output}");
    }
}

#[tokio::test]
async fn a_program_is_the_source_of_the_roles_of_other_profiles() {
    let config = format!(
        "[profile top]\nrole_arn=arn:aws:iam::333333333333:role/top\nsource_profile=vault\n\
         [profile vault]\ncredential_process={}\n",
        printing("")
    );
    let home = Home::with("", &config).await;
    super::mock::connect(home.config(&[("AWS_PROFILE", "top")]))
        .await
        .unwrap();
    assert_eq!(
        home.mock.seen("AssumeRole")[0].key.as_deref(),
        Some(PROFILE)
    );
}

#[tokio::test]
async fn a_program_that_fails_is_quoted() {
    let problem = problem_of("echo hush; echo 'the vault is sealed' >&2; exit 3").await;
    let SourceProblem::Failed { status, complaint } = problem else {
        panic!("{problem:?}");
    };
    assert_eq!(status, "exit status: 3");
    assert_eq!(complaint, "the vault is sealed");
}

#[tokio::test]
async fn output_that_is_not_what_was_agreed_is_told_without_it() {
    for (command, expected) in [
        ("echo hush".to_owned(), "there is no JSON object"),
        ("printf '[\"hush\"]'".to_owned(), "there is no JSON object"),
        ("true".to_owned(), "there is no JSON object"),
        (
            printing("").replace("\"Version\":1,", ""),
            "`Version` is missing",
        ),
        (
            printing("").replace("\"Version\":1", "\"Version\":2"),
            "`Version` is not `1`",
        ),
        (
            printing("").replace("AccessKeyId", "Key"),
            "`AccessKeyId` is missing",
        ),
        (
            printing("").replace("SecretAccessKey", "Secret"),
            "`SecretAccessKey` is missing",
        ),
        (
            printing(",\"Expiration\":\"tomorrow\""),
            "`Expiration` is no time",
        ),
    ] {
        let problem = problem_of(&command).await;
        let SourceProblem::NotUnderstood(problem) = problem else {
            panic!("{command}: {problem:?}");
        };
        assert_eq!(problem, format!("in its output, {expected}"), "{command}");
    }
}

/// The clock jumps as soon as everybody waits for the program alone.
#[tokio::test(start_paused = true)]
async fn a_program_that_does_not_end_is_stopped_after_a_minute() {
    let problem = problem_of("sleep 100000").await;
    assert_eq!(problem, SourceProblem::Late(Duration::from_secs(60)));
}

#[tokio::test]
async fn a_program_that_writes_more_than_anybody_reads_still_comes_to_an_end() {
    let problem = problem_of("head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2").await;
    assert!(
        matches!(problem, SourceProblem::NotUnderstood(_)),
        "{problem:?}"
    );
}

#[tokio::test]
async fn what_a_program_hands_out_after_its_end_is_refused_by_aws_and_named() {
    let home = running(&printing(",\"Expiration\":\"2020-01-01T00:00:00Z\"")).await;
    let expired = Reply::sts_error(403, "ExpiredToken", "expired");
    home.mock.script("GetCallerIdentity", "", 9, expired);
    let error = refused(home.config(&[])).await;
    let ErrorKind::Expired { origin, expiry, .. } = error.kind() else {
        panic!("{error:?}");
    };
    assert_eq!(*origin, CredentialOrigin::Process("default".to_owned()));
    assert!(expiry.is_some());
}

#[tokio::test]
async fn a_program_is_run_again_before_its_credentials_end() {
    let ending = [ALMOST_OVER, Duration::from_secs(3600)].map(ends_in);
    let [first, later] = ending.map(|end| printing(&format!(",\"Expiration\":\"{end}\"")));
    let home = Home::with("", "").await;
    let script = home.path("script");
    let runs = home.path("runs");
    let (script, runs) = (script.to_str().unwrap(), runs.to_str().unwrap());
    std::fs::write(
        script,
        format!(
            "if test -e {runs}; then echo again >> {runs}; {later}; \
             else echo first > {runs}; {first}; fi\n"
        ),
    )
    .unwrap();
    std::fs::write(
        home.path(".aws/config"),
        format!("[default]\ncredential_process = sh {script}\n"),
    )
    .unwrap();
    let aws = impatient(home.config(&[])).await;
    let session = aws.session(&Default::default());
    for _ in 0..3 {
        session.identity(&Context::new()).await.unwrap();
    }
    assert_eq!(std::fs::read_to_string(runs).unwrap(), "first\nagain\n");
}

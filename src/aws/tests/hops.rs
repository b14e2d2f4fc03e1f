//! Hops: what is sent, how often, and what is said when one fails.

use std::collections::HashSet;
use std::time::Duration;

use tokio::task::JoinSet;

use super::home::impatient;
use super::mock::{BASE_KEY, Mock, Reply, connect, hop};
use crate::aws::error::{HopOrigin, HopPosition, RefusalReason};
use crate::aws::timing::Timing;
use crate::aws::{Aws, Config, ErrorKind, Hop, Target};
use crate::task::{Context, StoppedClock};

const HUB: &str = "arn:aws:iam::222222222222:role/hub";

fn into(account: usize) -> Hop {
    hop(&format!("arn:aws:iam::{account:012}:role/publisher"))
}

fn target(hops: impl IntoIterator<Item = Hop>) -> Target {
    Target {
        hops: hops.into_iter().collect(),
        ..Target::default()
    }
}

fn with_hub(mock: &Mock) -> Config {
    Config {
        assume_role: vec![hop(HUB)],
        ..mock.config()
    }
}

#[tokio::test]
async fn every_parameter_of_a_hop_arrives() {
    let mock = Mock::start().await;
    let config = Config {
        assume_role: vec![Hop {
            session_name: Some("me".to_owned()),
            external_id: Some("external".to_owned()),
            duration: Some(Duration::from_secs(900)),
            policy: Some(r#"{ "a": 1, "b": 2 }"#.to_owned()),
            policy_arns: ["arn:aws:iam::aws:policy/P".to_owned()].into(),
            source_identity: Some("alice".to_owned()),
            tags: [("k".to_owned(), "v".to_owned())].into(),
            transitive_tag_keys: ["k".to_owned()].into(),
            ..hop(HUB)
        }],
        ..mock.config()
    };
    connect(config).await.unwrap();
    let seen = &mock.seen("AssumeRole")[0];
    for (name, value) in [
        ("RoleArn", HUB),
        ("RoleSessionName", "me"),
        ("ExternalId", "external"),
        ("DurationSeconds", "900"),
        ("Policy", r#"{"a":1,"b":2}"#),
        ("PolicyArns.member.1.arn", "arn:aws:iam::aws:policy/P"),
        ("SourceIdentity", "alice"),
        ("Tags.member.1.Key", "k"),
        ("Tags.member.1.Value", "v"),
        ("TransitiveTagKeys.member.1", "k"),
    ] {
        assert_eq!(seen.param(name), Some(value), "{name}");
    }
}

#[tokio::test]
async fn a_bare_hop_asks_for_an_hour_under_one_name_per_provider() {
    let mock = Mock::start().await;
    let aws = connect(with_hub(&mock)).await.unwrap();
    aws.session(&target([into(3)]))
        .identity(&Context::new())
        .await
        .unwrap();
    connect(with_hub(&mock)).await.unwrap();
    let seen = mock.seen("AssumeRole");
    let names: Vec<_> = seen
        .iter()
        .filter_map(|seen| seen.param("RoleSessionName"))
        .collect();
    assert!(
        names[0].starts_with("terraform-ecrpublic-") && names[0].len() <= 64,
        "{names:?}"
    );
    assert_eq!(names[0], names[1]);
    assert_ne!(names[0], names[2]);
    assert_eq!(seen[0].param("DurationSeconds"), Some("3600"));
    for absent in [
        "ExternalId",
        "Policy",
        "SourceIdentity",
        "Tags.member.1.Key",
    ] {
        assert_eq!(seen[0].param(absent), None, "{absent}");
    }
}

#[tokio::test]
async fn each_hop_is_signed_by_the_one_before_it() {
    let mock = Mock::start().await;
    let aws = connect(with_hub(&mock)).await.unwrap();
    let session = aws.session(&target([into(3), into(4)]));
    let identity = session.identity(&Context::new()).await.unwrap();
    assert_eq!(identity.account.as_str(), "000000000004");
    let keys: Vec<_> = mock
        .seen("AssumeRole")
        .into_iter()
        .filter_map(|seen| seen.key)
        .collect();
    assert_eq!(keys[0], BASE_KEY);
    assert!(keys[1].starts_with("ASIA222222222222"));
    assert!(keys[2].starts_with("ASIA000000000003"));
    // The account of a role comes with its credentials.
    assert_eq!(mock.count("GetCallerIdentity"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_instances_over_twenty_accounts_assume_each_role_once() {
    let mock = Mock::start().await;
    let aws = connect(with_hub(&mock)).await.unwrap();
    let mut instances = JoinSet::new();
    for instance in 0..200 {
        let aws = aws.clone();
        instances.spawn(async move {
            let session = aws.session(&target([into(300 + instance % 20)]));
            session.authorization_token(&Context::new()).await.unwrap();
            session.identity(&Context::new()).await.unwrap().account
        });
    }
    let accounts: HashSet<_> = instances.join_all().await.into_iter().collect();
    assert_eq!(accounts.len(), 20);
    assert_eq!(mock.count("AssumeRole"), 1 + 20);
    assert_eq!(mock.count("GetAuthorizationToken"), 20);
    assert_eq!(mock.count("GetCallerIdentity"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_broken_account_is_asked_once_and_every_instance_hears_why() {
    let mock = Mock::start().await;
    let denied = Reply::sts_error(403, "AccessDenied", "not for you");
    mock.script("AssumeRole", "000000000666", usize::MAX, denied);
    let aws = connect(with_hub(&mock)).await.unwrap();
    let mut instances = JoinSet::new();
    for _ in 0..50 {
        let session = aws.session(&target([into(3), into(666)]));
        instances.spawn(async move { session.identity(&Context::new()).await.unwrap_err() });
    }
    for error in instances.join_all().await {
        let ErrorKind::AssumeRole {
            hop,
            role,
            caller,
            reason,
            answer,
        } = error.kind()
        else {
            panic!("{error:?}");
        };
        let place = HopPosition {
            origin: HopOrigin::Resource,
            hop: 2,
            of: 2,
        };
        assert_eq!(*hop, place);
        assert_eq!(role.account().as_str(), "000000000666");
        assert!(
            caller
                .as_deref()
                .unwrap()
                .starts_with("arn:aws:sts::000000000003:assumed-role/")
        );
        assert_eq!(*reason, RefusalReason::Denied);
        assert_eq!(answer.code.as_deref(), Some("AccessDenied"));
        assert_eq!(answer.message.as_deref(), Some("not for you"));
        assert_eq!(answer.request_id.as_deref(), Some("request-1"));
    }
    assert_eq!(mock.count("AssumeRole"), 3);
}

#[tokio::test]
async fn a_failure_is_forgotten_after_a_while() {
    let mock = Mock::start().await;
    let denied = Reply::sts_error(403, "AccessDenied", "not yet");
    mock.script("AssumeRole", HUB, 1, denied);
    let aws = impatient(mock.config()).await;
    let session = aws.session(&target([hop(HUB)]));
    session.identity(&Context::new()).await.unwrap_err();
    session.identity(&Context::new()).await.unwrap();
}

#[tokio::test]
async fn a_new_role_is_tried_until_iam_knows_it() {
    let mock = Mock::start().await;
    let denied = Reply::sts_error(403, "AccessDenied", "who?");
    mock.script("AssumeRole", HUB, 3, denied);
    let aws = Aws::connect_with(
        &Context::new(),
        mock.config(),
        Timing {
            between_tries: Duration::ZERO,
            ..Timing::default()
        },
    )
    .await
    .unwrap();
    let session = aws.session(&Target {
        role_is_new: true,
        ..target([hop(HUB)])
    });
    session.identity(&Context::new()).await.unwrap();
    assert_eq!(mock.count("AssumeRole"), 4);
}

#[tokio::test]
async fn a_new_role_in_the_middle_of_a_chain_is_waited_for_too() {
    let mock = Mock::start().await;
    let denied = Reply::sts_error(403, "AccessDenied", "who?");
    mock.script("AssumeRole", HUB, 3, denied);
    let timing = Timing {
        between_tries: Duration::ZERO,
        ..Timing::default()
    };
    let aws = Aws::connect_with(&Context::new(), mock.config(), timing)
        .await
        .unwrap();
    let session = aws.session(&Target {
        role_is_new: true,
        ..target([hop(HUB), into(3)])
    });
    session.identity(&Context::new()).await.unwrap();
    assert_eq!(mock.count("AssumeRole"), 5);
}

#[tokio::test]
async fn credentials_are_renewed_before_they_end_and_from_the_first_hop_on() {
    let mock = Mock::start().await;
    mock.sessions_last(Duration::from_secs(200));
    let config = with_hub(&mock);
    let aws = impatient(config).await;
    let session = aws.session(&target([into(3)]));
    let before = mock.count("AssumeRole");
    session.identity(&Context::new()).await.unwrap();
    session.identity(&Context::new()).await.unwrap();
    assert!(
        mock.count("AssumeRole") >= before + 3,
        "200 s are less than five minutes"
    );
}

#[tokio::test]
async fn a_session_of_four_minutes_does_not_cost_a_call_each_time() {
    let mock = Mock::start().await;
    mock.sessions_last(Duration::from_secs(240));
    let aws = connect(mock.config()).await.unwrap();
    let session = aws.session(&target([hop(HUB)]));
    let clock = StoppedClock::begin();
    for _ in 0..600 {
        session.identity(&Context::new()).await.unwrap();
        clock.pass(Duration::from_secs(1)).await;
    }
    assert_eq!(mock.count("AssumeRole"), 20);
}

#[tokio::test]
async fn what_still_lasts_survives_a_failed_renewal() {
    let mock = Mock::start().await;
    mock.sessions_last(Duration::from_secs(200));
    let aws = impatient(mock.config()).await;
    let session = aws.session(&target([hop(HUB)]));
    session.identity(&Context::new()).await.unwrap();
    let hiccup = Reply::sts_error(400, "IDPCommunicationError", "hiccup");
    mock.script("AssumeRole", HUB, usize::MAX, hiccup);
    session.identity(&Context::new()).await.unwrap();
}

#[tokio::test]
async fn an_expired_caller_is_renewed_once() {
    let mock = Mock::start().await;
    let expired = Reply::sts_error(403, "ExpiredToken", "over");
    mock.script("AssumeRole", "000000000003", 1, expired);
    let aws = connect(with_hub(&mock)).await.unwrap();
    aws.session(&target([into(3)]))
        .identity(&Context::new())
        .await
        .unwrap();
    let roles: Vec<_> = mock
        .seen("AssumeRole")
        .iter()
        .filter_map(|seen| seen.param("RoleArn").map(str::to_owned))
        .collect();
    let third = into(3).role_arn.as_str().to_owned();
    assert_eq!(roles, [HUB, third.as_str(), HUB, third.as_str()]);
}

#[tokio::test]
async fn hops_of_the_provider_and_of_resources_are_counted_apart() {
    let mock = Mock::start().await;
    let denied = Reply::sts_error(403, "AccessDenied", "no");
    mock.script("AssumeRole", HUB, 1, denied);
    let error = connect(Config {
        assume_role: vec![into(3), hop(HUB)],
        ..mock.config()
    })
    .await
    .unwrap_err();
    let ErrorKind::AssumeRole { hop, .. } = error.kind() else {
        panic!("{error:?}");
    };
    assert_eq!(hop.to_string(), "hop 2 of 2 of the provider");
}

#[tokio::test]
async fn a_stopped_caller_leaves_the_others_to_finish() {
    let mock = Mock::start().await;
    let aws = connect(mock.config()).await.unwrap();
    let session = aws.session(&target([hop(HUB)]));
    let cx = Context::new();
    cx.cancel();
    let error = session.identity(&cx).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Stopped(_)), "{error:?}");
    session.identity(&Context::new()).await.unwrap();
}

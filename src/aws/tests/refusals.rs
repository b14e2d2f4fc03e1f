//! From the codes of AWS to facts, and whose move it is.

use super::mock::{BASE_KEY, Mock, Reply, connect, hop};
use crate::aws::error::{CredentialOrigin, RefusalReason};
use crate::aws::{Config, Error, ErrorKind, Target};
use crate::blame::Blame;
use crate::task::Context;

/// What a hop of the provider is answered with, and what that becomes.
async fn assume(status: u16, code: &str, message: &str) -> Error {
    let mock = Mock::start().await;
    mock.script("AssumeRole", "", 9, Reply::sts_error(status, code, message));
    let config = Config {
        assume_role: vec![hop("arn:aws:iam::222222222222:role/r")],
        ..mock.config()
    };
    connect(config).await.unwrap_err()
}

/// What `DescribeRepositories` is answered with, and what that becomes.
async fn describe(status: u16, code: &str) -> Error {
    let mock = Mock::start().await;
    let reply = Reply::ecr_error(status, code, "words");
    mock.script("DescribeRepositories", "", 9, reply);
    let session = connect(mock.config())
        .await
        .unwrap()
        .session(&Target::default());
    session.repository(&Context::new(), "r").await.unwrap_err()
}

#[tokio::test]
async fn refusals_of_a_hop_are_told_apart() {
    let chained = "The requested DurationSeconds exceeds the 1 hour session limit for roles \
                   assumed by role chaining";
    let role = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
    for (status, code, message, reason, blame) in [
        (
            403,
            "AccessDenied",
            "",
            RefusalReason::Denied,
            Blame::Access,
        ),
        (
            400,
            "ValidationError",
            chained,
            RefusalReason::TooLongForChain,
            Blame::Practitioner,
        ),
        (
            400,
            "ValidationError",
            role,
            RefusalReason::TooLongForRole,
            Blame::Practitioner,
        ),
        (
            400,
            "ValidationError",
            "x",
            RefusalReason::Parameter,
            Blame::Practitioner,
        ),
        (
            400,
            "MalformedPolicyDocument",
            "",
            RefusalReason::SessionPolicy,
            Blame::Practitioner,
        ),
        (
            400,
            "PackedPolicyTooLarge",
            "",
            RefusalReason::SessionPolicy,
            Blame::Practitioner,
        ),
        (400, "SomethingNew", "", RefusalReason::Other, Blame::Remote),
    ] {
        let error = assume(status, code, message).await;
        let ErrorKind::AssumeRole { reason: found, .. } = error.kind() else {
            panic!("{code}: {error:?}");
        };
        assert_eq!((*found, error.blame()), (reason, blame), "{code} {message}");
    }
}

#[tokio::test]
async fn refusals_of_the_caller_are_not_blamed_on_the_role() {
    let error = assume(403, "InvalidClientTokenId", "unknown").await;
    let ErrorKind::Rejected {
        origin,
        key,
        region,
        answer,
    } = error.kind()
    else {
        panic!("{error:?}");
    };
    assert_eq!(*origin, CredentialOrigin::StaticKeys);
    assert_eq!(key.as_deref(), Some("AKIA…BASE"));
    assert_eq!(region, "us-east-1");
    assert_eq!(answer.status, Some(403));
    let error = assume(403, "SignatureDoesNotMatch", "").await;
    assert!(
        matches!(error.kind(), ErrorKind::Rejected { .. }),
        "{error:?}"
    );
    let error = assume(403, "ExpiredToken", "").await;
    assert!(
        matches!(error.kind(), ErrorKind::Expired { .. }),
        "{error:?}"
    );
    let error = assume(403, "RegionDisabledException", "").await;
    assert!(
        matches!(error.kind(), ErrorKind::StsRegionDisabled { .. }),
        "{error:?}"
    );
    let error = assume(500, "InternalFailure", "").await;
    assert!(
        matches!(error.kind(), ErrorKind::Service { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn throttling_is_tried_as_often_as_configured_and_then_counted() {
    let mock = Mock::start().await;
    let reply = Reply::sts_error(400, "Throttling", "Rate exceeded");
    mock.script("GetCallerIdentity", "", 9, reply);
    let config = Config {
        max_retries: Some(2),
        ..mock.config()
    };
    let error = connect(config).await.unwrap_err();
    let ErrorKind::Throttled {
        action, attempts, ..
    } = error.kind()
    else {
        panic!("{error:?}");
    };
    assert_eq!((*action, *attempts), ("sts:GetCallerIdentity", 2));
    assert_eq!(mock.count("GetCallerIdentity"), 2);
}

#[tokio::test]
async fn a_budget_of_retries_ends_them_before_the_number_of_attempts_does() {
    for (budget, requests) in [(None, 3), (Some(0), 3), (Some(4), 1), (Some(5), 2)] {
        let mock = Mock::start().await;
        let reply = Reply::sts_error(400, "Throttling", "Rate exceeded");
        mock.script("GetCallerIdentity", "", 9, reply);
        let config = Config {
            max_retries: Some(3),
            retry_budget: budget,
            ..mock.config()
        };
        connect(config).await.unwrap_err();
        assert_eq!(mock.count("GetCallerIdentity"), requests, "{budget:?}");
    }
}

#[tokio::test]
async fn refusals_of_ecr_public_are_told_apart() {
    type Check = fn(&ErrorKind) -> bool;
    let rows: [(u16, &str, Check, Blame); 9] = [
        (
            400,
            "AccessDeniedException",
            |kind| matches!(kind, ErrorKind::ActionDenied { .. }),
            Blame::Access,
        ),
        (
            400,
            "UnsupportedCommandException",
            |kind| matches!(kind, ErrorKind::NotOffered { .. }),
            Blame::Practitioner,
        ),
        (
            400,
            "InvalidParameterException",
            |kind| matches!(kind, ErrorKind::InvalidParameter { .. }),
            Blame::Practitioner,
        ),
        (
            400,
            "LimitExceededException",
            |kind| matches!(kind, ErrorKind::LimitExceeded { .. }),
            Blame::Remote,
        ),
        (
            400,
            "ThrottlingException",
            |kind| matches!(kind, ErrorKind::Throttled { .. }),
            Blame::Remote,
        ),
        (
            400,
            "UnrecognizedClientException",
            |kind| matches!(kind, ErrorKind::Rejected { .. }),
            Blame::Access,
        ),
        (
            400,
            "ExpiredTokenException",
            |kind| matches!(kind, ErrorKind::Expired { .. }),
            Blame::Access,
        ),
        (
            500,
            "ServerException",
            |kind| matches!(kind, ErrorKind::Service { .. }),
            Blame::Remote,
        ),
        (
            418,
            "SomethingNew",
            |kind| matches!(kind, ErrorKind::Service { .. }),
            Blame::Remote,
        ),
    ];
    for (status, code, is_expected, blame) in rows {
        let error = describe(status, code).await;
        assert!(is_expected(error.kind()), "{code}: {error:?}");
        assert_eq!(error.blame(), blame, "{code}");
    }
}

#[tokio::test]
async fn an_error_page_is_an_answer_with_a_status() {
    let mock = Mock::start().await;
    mock.script("DescribeRepositories", "", 1, Reply::page(502));
    let session = connect(mock.config())
        .await
        .unwrap()
        .session(&Target::default());
    let error = session.repository(&Context::new(), "r").await.unwrap_err();
    let ErrorKind::Service { answer, .. } = error.kind() else {
        panic!("{error:?}");
    };
    assert_eq!(answer.status, Some(502));
}

#[tokio::test]
async fn a_denied_action_names_identity_action_and_resource() {
    let mock = Mock::start().await;
    let reply = Reply::ecr_error(400, "AccessDeniedException", "not authorized");
    mock.script("DescribeRepositories", "", 1, reply);
    let aws = connect(mock.config()).await.unwrap();
    let session = aws.session(&Target {
        hops: vec![hop("arn:aws:iam::222222222222:role/r")],
        ..Target::default()
    });
    let error = session
        .repository(&Context::new(), "app")
        .await
        .unwrap_err();
    let ErrorKind::ActionDenied {
        action,
        identity,
        resource,
        ..
    } = error.kind()
    else {
        panic!("{error:?}");
    };
    assert_eq!(*action, "ecr-public:DescribeRepositories");
    assert!(
        identity.starts_with("arn:aws:sts::222222222222:assumed-role/r/"),
        "{identity}"
    );
    assert_eq!(resource, "arn:aws:ecr-public::222222222222:repository/app");
}

#[tokio::test]
async fn a_failure_of_credentials_is_never_a_failure_of_the_network() {
    let mock = Mock::start().await;
    let denied = Reply::sts_error(403, "AccessDenied", "no");
    mock.script("AssumeRole", "", 9, denied);
    let aws = connect(mock.config()).await.unwrap();
    let session = aws.session(&Target {
        hops: vec![hop("arn:aws:iam::222222222222:role/r")],
        ..Target::default()
    });
    let error = session
        .repository(&Context::new(), "app")
        .await
        .unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::AssumeRole { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn no_error_shows_a_secret() {
    let error = assume(403, "InvalidClientTokenId", "unknown").await;
    let text = format!("{error:?} {error}");
    assert!(!text.contains("base-secret"), "{text}");
    assert!(!text.contains(BASE_KEY), "{text}");
}

#[tokio::test]
async fn an_identity_of_another_partition_is_refused_before_ecr_public_is_asked() {
    let mock = Mock::start().await;
    let identity = Reply::raw(
        "<GetCallerIdentityResponse><GetCallerIdentityResult>\
         <Arn>arn:aws-us-gov:iam::111111111111:user/me</Arn><Account>111111111111</Account>\
         <UserId>U</UserId></GetCallerIdentityResult></GetCallerIdentityResponse>",
    );
    mock.script("GetCallerIdentity", "", 1, identity);
    let error = connect(mock.config()).await.unwrap_err();
    let ErrorKind::WrongPartition { partition, .. } = error.kind() else {
        panic!("{error:?}");
    };
    assert_eq!(partition, "aws-us-gov");
}

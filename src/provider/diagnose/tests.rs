use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use crate::aws::error::{
    AccountRule, Answer, CaBundleProblem, ConnectFailure, CredentialOrigin, HopOrigin, HopPosition,
    KeyMember, KeysOrigin, NamedBy, RefusalReason, SignIn, Tried,
};
use crate::aws::{AccountId, DeleteFailure, ErrorKind as Aws, ImageId, RoleArn};
use crate::content::{self, ErrorKind, PullBudget};
use crate::mirror::{Cause, Error, Outcome, Side, Step};
use crate::oci::{Descriptor, Digest, MediaType, Reference, Tag};
use crate::provider::planned_tags::{PlannedImage, PlannedTag};
use crate::task::{Limit, Stopped};
use crate::tf::Diagnostic;

use super::*;

fn answer(status: u16, code: &str, message: &str) -> Answer {
    Answer {
        status: Some(status),
        code: Some(code.to_owned()),
        message: Some(message.to_owned()),
        request_id: Some("00000000-0000-0000-0000-000000000000".to_owned()),
    }
}

fn role(name: &str) -> RoleArn {
    format!("arn:aws:iam::222222222222:role/{name}")
        .parse()
        .unwrap()
}

fn hop(origin: HopOrigin, hop: usize, of: usize) -> HopPosition {
    HopPosition { origin, hop, of }
}

/// A message as a snapshot has it.
pub(super) fn text(diagnostic: &Diagnostic) -> String {
    assert!(diagnostic.summary().len() <= 60, "{}", diagnostic.summary());
    assert!(!diagnostic.summary().ends_with('.'));
    let place = diagnostic
        .path()
        .map(|path| format!(" [{path}]"))
        .unwrap_or_default();
    let severity = diagnostic.severity();
    format!(
        "{severity:?}: {}{place}\n\n{}",
        diagnostic.summary(),
        diagnostic.text()
    )
}

fn refused(origin: HopOrigin, reason: RefusalReason) -> Aws {
    Aws::AssumeRole {
        hop: hop(origin, 2, 3),
        role: role("publisher"),
        caller: Some("arn:aws:sts::111111111111:assumed-role/tooling/session".to_owned()),
        reason,
        answer: answer(
            403,
            "AccessDenied",
            "User is not authorized to perform: sts:AssumeRole.",
        ),
    }
}

fn credential_errors() -> Vec<Aws> {
    vec![
        Aws::NoCredentials {
            tried: vec![Tried {
                origin: CredentialOrigin::EnvironmentKeys,
                reason: "`AWS_ACCESS_KEY_ID` is not set".to_owned(),
            }],
        },
        Aws::ProfileNotFound {
            profile: "prod".to_owned(),
            named_by: NamedBy::Environment("AWS_PROFILE"),
            files: vec![PathBuf::from("~/.aws/config")],
        },
        Aws::IncompleteKeys {
            origin: KeysOrigin::Environment,
            missing: KeyMember::SecretKey,
        },
        Aws::SsoLoginRequired {
            profile: "prod".to_owned(),
            start_url: "https://example.awsapps.com/start".to_owned(),
            reason: SignIn::Missing(PathBuf::from("~/.aws/sso/cache/0.json")),
        },
        Aws::Expired {
            origin: CredentialOrigin::StaticKeys,
            expiry: Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)),
            answer: answer(
                403,
                "ExpiredToken",
                "The security token included in the request is expired",
            ),
        },
        Aws::Rejected {
            origin: CredentialOrigin::EnvironmentKeys,
            key: Some("AKIA…MPLE".to_owned()),
            region: "us-east-1".to_owned(),
            answer: answer(
                403,
                "InvalidClientTokenId",
                "The security token included in the request is invalid.",
            ),
        },
        refused(HopOrigin::Provider, RefusalReason::Denied),
        refused(HopOrigin::Resource, RefusalReason::Denied),
        refused(HopOrigin::Resource, RefusalReason::TooLongForChain),
        Aws::WebIdentity {
            role: role("pipeline"),
            token_file: Some(PathBuf::from("token.jwt")),
            named_by: NamedBy::Configuration,
            answer: answer(400, "ExpiredTokenException", "Token expired"),
        },
    ]
}

fn other_aws_errors() -> Vec<Aws> {
    vec![
        Aws::AccountNotAllowed {
            account: "222222222222".parse().unwrap(),
            identity: "arn:aws:sts::222222222222:assumed-role/publisher/session".to_owned(),
            rule: AccountRule::NotAllowed(["111111111111".parse().unwrap()].into()),
        },
        Aws::WrongAccount {
            expected: "111111111111".parse().unwrap(),
            effective: "222222222222".parse().unwrap(),
            identity: "arn:aws:sts::222222222222:assumed-role/publisher/session".to_owned(),
        },
        Aws::NoAccountRole {
            account: "222222222222".parse().unwrap(),
            provider_account: "111111111111".parse().unwrap(),
        },
        Aws::LoginDenied {
            identity: "arn:aws:sts::222222222222:assumed-role/publisher/session".to_owned(),
            answer: answer(
                400,
                "AccessDeniedException",
                "not authorized to perform: sts:GetServiceBearerToken",
            ),
        },
        Aws::ActionDenied {
            action: "ecr-public:CreateRepository",
            identity: "arn:aws:sts::222222222222:assumed-role/publisher/session".to_owned(),
            resource: "arn:aws:ecr-public::222222222222:repository/nginx".to_owned(),
            answer: answer(400, "AccessDeniedException", "not authorized"),
        },
        Aws::Throttled {
            action: "sts:AssumeRole",
            attempts: 3,
            elapsed: Duration::from_millis(4_200),
            answer: answer(400, "Throttling", "Rate exceeded"),
        },
        Aws::Unreachable {
            host: "sts.us-east-1.amazonaws.com".to_owned(),
            action: "sts:GetCallerIdentity",
            proxy: Some("http://proxy.example.com:3128".to_owned()),
            failure: ConnectFailure::TimedOut,
        },
        Aws::Certificate {
            host: "sts.us-east-1.amazonaws.com".to_owned(),
            bundle: None,
        },
        Aws::CaBundle {
            path: PathBuf::from("ca.pem"),
            named_by: NamedBy::Configuration,
            problem: CaBundleProblem::NoCertificate,
        },
        Aws::NotOffered {
            host: "api.ecr-public.eu-west-1.amazonaws.com".to_owned(),
            answer: answer(400, "UnsupportedCommandException", "not supported"),
        },
        Aws::Stopped(Stopped::DeadlineExceeded(Duration::from_secs(600).into())),
        Aws::Stopped(over("create")),
        Aws::Stopped(over("read")),
        Aws::Stopped(over("delete")),
    ]
}

fn over(operation: &'static str) -> Stopped {
    Stopped::DeadlineExceeded(Limit {
        length: Duration::from_secs(1200),
        name: Some(operation),
    })
}

#[test]
fn an_operation_that_timed_out_points_at_its_limit() {
    let place = stopped(over("update")).path().map(ToString::to_string);
    assert_eq!(place.as_deref(), Some("timeouts.update"));
}

#[test]
fn errors_of_aws_say_who_asked_for_what_and_what_to_do() {
    let mut all = String::new();
    for kind in credential_errors().into_iter().chain(other_aws_errors()) {
        let error = kind.into();
        writeln!(all, "{}\n\n---\n", text(&resource_aws(&error))).unwrap();
    }
    insta::assert_snapshot!("aws", all);
}

#[test]
fn errors_of_the_provider_block_point_at_it() {
    let error = refused(HopOrigin::Provider, RefusalReason::Denied).into();
    let place = provider_aws(&error).path().map(ToString::to_string);
    assert_eq!(place.as_deref(), Some("assume_role[1]"));
    assert_eq!(
        resource_aws(&error).path(),
        None,
        "not a block of the resource"
    );
}

#[test]
fn a_refresh_says_that_it_uses_the_recorded_role() {
    let error = refused(HopOrigin::Resource, RefusalReason::Denied).into();
    assert!(during_read(&error).text().contains("-refresh=false"));
    let error = refused(HopOrigin::Provider, RefusalReason::Denied).into();
    assert!(!during_read(&error).text().contains("-refresh=false"));
}

fn failed(side: Side, step: Step, subject: &str, cause: impl Into<Cause>) -> Error {
    Error {
        side,
        step,
        subject: subject.to_owned(),
        cause: cause.into(),
        partial: None,
    }
}

fn store(kind: ErrorKind) -> content::Error {
    kind.into()
}

fn digest(content: &str) -> Digest {
    Digest::sha256(content.as_bytes())
}

fn copy_errors() -> Vec<Error> {
    let budget = PullBudget {
        limit: Some(100),
        remaining: Some(0),
        window: Some(Duration::from_secs(21_600)),
        source: Some("203.0.113.7".to_owned()),
    };
    let source = |step, kind| failed(Side::Source, step, "1.27", store(kind));
    let destination = |step, kind| failed(Side::Destination, step, "1.27", store(kind));
    vec![
        source(Step::Resolve, ErrorKind::NotFound),
        source(Step::Resolve, ErrorKind::Denied),
        source(Step::ReadManifest, ErrorKind::PullLimit(budget)),
        source(
            Step::ReadManifest,
            ErrorKind::PullLimit(PullBudget::default()),
        ),
        source(
            Step::ReadBlob,
            ErrorKind::WrongDigest {
                expected: digest("a"),
            },
        ),
        source(Step::ReadBlob, ErrorKind::Interrupted),
        source(Step::Resolve, ErrorKind::TooLarge { limit: 4 << 20 }),
        destination(Step::WriteTag, ErrorKind::Denied),
        destination(Step::WriteBlob, ErrorKind::Denied),
        destination(Step::WriteManifest, ErrorKind::TooLarge { limit: 4 << 20 }),
        destination(Step::WriteManifest, ErrorKind::Refused),
        destination(Step::WriteBlob, ErrorKind::Stopped(Stopped::Cancelled)),
        failed(
            Side::Destination,
            Step::CheckTag,
            "1.27",
            Cause::TagTaken {
                tag: "1.27".parse().unwrap(),
                found: digest("found"),
                wanted: digest("wanted"),
            },
        ),
        failed(
            Side::Source,
            Step::SelectPlatforms,
            "1.27",
            Cause::NoSuchPlatform {
                wanted: Box::new("linux/s390x".parse().unwrap()),
                available: vec![
                    "linux/amd64".parse().unwrap(),
                    "linux/arm64".parse().unwrap(),
                ],
            },
        ),
        failed(
            Side::Source,
            Step::SelectPlatforms,
            "1.27",
            Cause::NoSuchPlatform {
                wanted: Box::new("linux/s390x".parse().unwrap()),
                available: Vec::new(),
            },
        ),
        failed(
            Side::Source,
            Step::SelectPlatforms,
            "1.27",
            Cause::NotAnIndex(MediaType::new(MediaType::OCI_MANIFEST)),
        ),
        partly(destination(Step::WriteTag, ErrorKind::Unavailable)),
    ]
}

/// The same after a tag was set.
fn partly(error: Error) -> Error {
    let outcome = Outcome {
        root: Descriptor {
            media_type: MediaType::new(MediaType::OCI_INDEX),
            digest: digest("root"),
            size: 1,
            platform: None,
            annotations: Default::default(),
            artifact_type: None,
        },
        source_digest: digest("root"),
        images: Default::default(),
        size_bytes: 0,
        moved_bytes: 0,
        reused_bytes: 0,
        pulls: 0,
        tags: vec!["1".parse().unwrap()],
        attached: None,
    };
    Error {
        partial: Some(Box::new(outcome)),
        ..error
    }
}

#[test]
fn errors_of_a_copy_say_which_side_which_step_on_what() {
    let source: Reference = "nginx:1.27".parse().unwrap();
    let names = Copy {
        source: &source,
        account: "222222222222",
        repository_uri: "public.ecr.aws/a1b2c3/nginx",
        repository_arn: "arn:aws:ecr-public::222222222222:repository/nginx",
    };
    let mut all = String::new();
    for error in copy_errors() {
        writeln!(all, "{}\n\n---\n", text(&copy(&error, &names))).unwrap();
    }
    insta::assert_snapshot!("copy", all);
}

/// What can be met, if rarely.
fn rare_copy_errors() -> Vec<Error> {
    let throttled = || ErrorKind::Throttled { retry_after: None };
    let damaged = || ErrorKind::WrongDigest {
        expected: digest("a"),
    };
    let source = |step, kind| failed(Side::Source, step, "1.27", store(kind));
    let destination = |step, kind| failed(Side::Destination, step, "1.27", store(kind));
    let unverified = |found| {
        let (tag, wanted) = ("1.27".parse().unwrap(), digest("wanted"));
        let cause = Cause::Unverified { tag, found, wanted };
        partly(failed(Side::Destination, Step::Verify, "1.27", cause))
    };
    vec![
        source(Step::Resolve, ErrorKind::RepositoryNotFound),
        source(Step::Resolve, throttled()),
        source(Step::ReadBlob, ErrorKind::DataLimit),
        source(Step::ReadBlob, ErrorKind::Refused),
        source(Step::ReadBlob, ErrorKind::Protocol),
        source(Step::Resolve, ErrorKind::Misconfigured),
        failed(Side::Source, Step::ReadManifest, "1.27", Cause::TooComplex),
        failed(
            Side::Source,
            Step::ListReferrers,
            "sha256:a",
            Cause::TooManyReferrers,
        ),
        source(Step::ListReferrers, ErrorKind::Denied),
        destination(Step::CheckTag, ErrorKind::RepositoryNotFound),
        destination(Step::CheckBlobs, ErrorKind::Denied),
        destination(Step::WriteBlob, throttled()),
        destination(Step::WriteBlob, ErrorKind::DataLimit),
        destination(Step::WriteBlob, ErrorKind::UploadLost),
        destination(Step::WriteBlob, damaged()),
        destination(Step::WriteBlob, ErrorKind::Protocol),
        destination(Step::WriteManifest, ErrorKind::ChildMissing),
        destination(Step::WriteTag, ErrorKind::TagImmutable),
        unverified(Some(digest("found"))),
        without_tags(unverified(None)),
    ]
}

/// The same when it was the only one.
fn without_tags(mut error: Error) -> Error {
    if let Some(outcome) = &mut error.partial {
        outcome.tags.clear();
    }
    error
}

#[test]
fn rare_errors_of_a_copy_say_as_much() {
    let source: Reference = "nginx:1.27".parse().unwrap();
    let names = Copy {
        source: &source,
        account: "222222222222",
        repository_uri: "public.ecr.aws/a1b2c3/nginx",
        repository_arn: "arn:aws:ecr-public::222222222222:repository/nginx",
    };
    let all = rare_copy_errors();
    let all: Vec<String> = all.iter().map(|error| text(&copy(error, &names))).collect();
    insta::assert_snapshot!("rare_copy", all.join("\n\n---\n\n"));
}

/// A tag that the service did not remove, for this reason.
fn not_removed(code: &str, reason: &str) -> DeleteFailure {
    DeleteFailure {
        image: ImageId {
            digest: None,
            tag: Some("1.27".to_owned()),
        },
        code: code.to_owned(),
        reason: reason.to_owned(),
    }
}

#[test]
fn what_can_be_said_about_tags_and_images_that_are_not_as_they_should_be() {
    let account = "222222222222".parse().unwrap();
    let repository = "nginx".parse().unwrap();
    let listed = not_removed(
        "ImageReferencedByManifestList",
        "Requested image referenced by manifest list",
    );
    let other = not_removed("KmsError", "");
    let planned = digest("planned").to_string();
    let outcome = *partly(failed(Side::Source, Step::Resolve, "", Cause::TooComplex))
        .partial
        .unwrap();
    let unreadable = failed(
        Side::Source,
        Step::ReadManifest,
        "sha256:a",
        store(ErrorKind::NotFound),
    );
    let all = [
        tag_not_removed(&listed, &repository, &account),
        tag_not_removed(&other, &repository, &account),
        leftovers(&digest("root"), &Aws::Stopped(Stopped::Cancelled).into()),
        built_differently(Some(&planned), &outcome).unwrap(),
        imported_image(&unreadable, "public.ecr.aws/a1b2c3/nginx"),
    ];
    let all: Vec<String> = all.iter().map(text).collect();
    insta::assert_snapshot!("not_as_it_should_be", all.join("\n\n---\n\n"));
}

#[test]
fn what_can_be_said_about_an_instance() {
    let account = "222222222222".parse().unwrap();
    let repository = "nginx".parse().unwrap();
    let tag = PlannedTag {
        account: "222222222222".to_owned(),
        repository: "nginx".to_owned(),
        tag: "live".to_owned(),
    };
    let planned = |source: &str| PlannedImage {
        source: source.parse().unwrap(),
        platforms: BTreeSet::new(),
    };
    let all = [
        not_configured(),
        invalid_state("repository"),
        repository_missing(&repository, &account),
        not_verified(),
        tags_left_alone(),
        signature_kept(
            &"sha256-0.sig".parse().unwrap(),
            &digest("theirs"),
            "public.ecr.aws/a1b2c3/nginx",
        ),
        referrers_not_followed(&"nginx:1.27".parse().unwrap(), &ErrorKind::Denied.into()),
        unknown_alias("other", &account, &["a1b2c3".to_owned()]),
        untagged(&["1", "2"], &repository, &account),
        different_images(&["sha256:a", "sha256:b"].into(), &repository),
        source_missing(),
        planned_twice(&tag, &planned("nginx:1"), &planned("nginx:2")),
        no_alias("222222222222"),
    ];
    let all: Vec<String> = all.iter().map(text).collect();
    insta::assert_snapshot!("instance", all.join("\n\n---\n\n"));
}

/// Nothing but time has passed, so there is no answer to quote.
#[test]
fn a_source_that_does_not_answer_in_time_is_a_warning_that_says_so() {
    let error = content::Error::from(Stopped::Cancelled);
    let source = "nginx:1.27".parse().unwrap();
    for warning in [
        source_not_followed(&source, &error),
        source_unseen(&source, &error),
    ] {
        assert_eq!(warning.summary(), "Source image not checked");
        let text = warning.text();
        assert!(
            text.contains("`docker.io` did not answer within 30 seconds."),
            "{text}"
        );
    }
}

#[test]
fn what_could_not_be_looked_up_is_told_with_what_was_asked() {
    let source: Reference = "nginx:1.27".parse().unwrap();
    let limit = Limit::from(Duration::from_secs(300));
    let errors = [
        ErrorKind::NotFound,
        ErrorKind::Denied,
        ErrorKind::Unavailable,
        ErrorKind::Throttled { retry_after: None },
        ErrorKind::Stopped(Stopped::DeadlineExceeded(limit)),
        ErrorKind::Stopped(Stopped::Cancelled),
    ];
    let errors = errors.map(content::Error::from);
    let mut all: Vec<Diagnostic> = errors
        .iter()
        .map(|error| source_not_found_out(&source, error))
        .collect();
    all.push(tags_not_listed(source.repository(), &errors[2]));
    let (name, account) = ("nginx".parse(), "222222222222".parse());
    let (name, account): (_, AccountId) = (name.unwrap(), account.unwrap());
    all.push(not_pruned(&name, &account, &digest("root"), &errors[2]));
    let strange = "md5:0".parse::<Digest>().unwrap_err();
    all.push(strange_image(&name, &account, "md5:0", &strange));
    all.push(no_repository_to_complete(&name, &account));
    let tags: [Tag; 2] = ["1.27", "stable"].map(|tag| tag.parse().unwrap());
    let missing: Vec<&Tag> = tags.iter().collect();
    all.push(no_tag_to_complete(&missing, &name, &account));
    let names = Copy {
        source: &source,
        account: account.as_str(),
        repository_uri: "public.ecr.aws/a1b2c3/nginx",
        repository_arn: "arn:aws:ecr-public::222222222222:repository/nginx",
    };
    let layer = digest("layer");
    all.push(not_completable(layer.as_str(), &errors[0], &names));
    let all: Vec<String> = all.iter().map(text).collect();
    insta::assert_snapshot!("lookups", all.join("\n\n---\n\n"));
}

//! What went wrong at the destination of a copy.

#![warn(clippy::wildcard_enum_match_arm)]

use crate::content::{self, ErrorKind};
use crate::mirror::{Error, Step};
use crate::registry;
use crate::tf::{Diagnostic, Path};

use super::copy::{Copy, doing};
use super::registry::{find, is_tls};

pub(super) fn failed(error: &Error, store: &content::Error, names: &Copy<'_>) -> Diagnostic {
    let (summary, hint) = words(error, store, names);
    let diagnostic = Diagnostic::error(summary).detail(format!(
        "{} in `{}`, account {}, as a copy of `{}`.",
        doing(error),
        names.repository_uri,
        names.account,
        names.source
    ));
    let diagnostic = match place(store.kind()) {
        Some(name) => diagnostic.at(Path::root(name)),
        None => diagnostic,
    };
    match hint {
        Some(hint) => diagnostic.hint(hint),
        None => diagnostic,
    }
}

/// The attribute that the trouble is about, where it is one.
fn place(kind: &ErrorKind) -> Option<&'static str> {
    if matches!(kind, ErrorKind::RepositoryNotFound) {
        return Some("repository");
    }
    matches!(kind, ErrorKind::TagImmutable).then_some("image_tags")
}

fn words(
    error: &Error,
    store: &content::Error,
    names: &Copy<'_>,
) -> (&'static str, Option<String>) {
    let again = || Some("Apply again.".to_owned());
    match store.kind() {
        ErrorKind::RepositoryNotFound => (
            "Repository not found in ECR Public",
            Some("If it was deleted a moment ago, run `terraform apply` again.".to_owned()),
        ),
        ErrorKind::Denied | ErrorKind::Refused | ErrorKind::UploadLost
            if is_login_refused(store) =>
        {
            login_refused()
        }
        ErrorKind::NotFound | ErrorKind::ChildMissing | ErrorKind::UploadLost => (
            "ECR Public lost a part of the image",
            Some("Something removed it while the image was copied. Apply again.".to_owned()),
        ),
        ErrorKind::Denied => (
            "ECR Public denied access",
            Some(format!(
                "Grant {} on `{}` to the identity that writes.",
                actions(error.step),
                names.repository_arn
            )),
        ),
        ErrorKind::Throttled { .. } | ErrorKind::PullLimit(_) => (
            "ECR Public asks to slow down",
            Some("Apply again in a few minutes, or with a lower `-parallelism`.".to_owned()),
        ),
        ErrorKind::DataLimit => volume_used_up(names),
        ErrorKind::Interrupted | ErrorKind::Unavailable if is_tls(store) => (
            "No secure connection to ECR Public",
            Some(
                "If a proxy inspects TLS here, name the file with its certificate in \
                 `custom_ca_bundle`."
                    .to_owned(),
            ),
        ),
        ErrorKind::Interrupted | ErrorKind::Unavailable => ("ECR Public not available", again()),
        ErrorKind::Refused => (
            "ECR Public refused the content",
            Some(
                "ECR Public does not take every manifest that the specification allows. The \
                 provider does not change manifests, because their digests would change. Try a \
                 single platform with `platforms`, or an image that was built with another tool."
                    .to_owned(),
            ),
        ),
        ErrorKind::TooLarge { .. } => (
            "Manifest too large for ECR Public",
            Some("ECR Public takes manifests of up to 4 MiB.".to_owned()),
        ),
        ErrorKind::TagImmutable => (
            "Tag cannot be moved",
            Some("Choose another tag, or delete this one first.".to_owned()),
        ),
        ErrorKind::WrongDigest { .. } | ErrorKind::WrongSize { .. } => {
            ("Content arrived damaged in ECR Public", again())
        }
        ErrorKind::Protocol => (
            "ECR Public broke the protocol",
            Some("Check that `registry` in `endpoints` and proxies lead to ECR Public.".to_owned()),
        ),
        ErrorKind::Misconfigured => ("ECR Public is configured wrongly", None),
        ErrorKind::Stopped(_) => ("Operation cancelled", None),
    }
}

/// Whether the login was refused, rather than what was done with it.
fn is_login_refused(store: &content::Error) -> bool {
    find::<registry::Error>(store).is_some_and(registry::Error::is_login_refused)
}

fn login_refused() -> (&'static str, Option<String>) {
    let hint = "Check that `registry` and `ecrpublic` in `endpoints` lead to the same service, and \
                the clock of this machine. Then apply again.";
    (
        "ECR Public did not accept its own login",
        Some(hint.to_owned()),
    )
}

fn volume_used_up(names: &Copy<'_>) -> (&'static str, Option<String>) {
    let hint = format!(
        "Waiting does not help before the limit is renewed. Look at the quotas of Amazon ECR Public \
         in account {}, or ask AWS support to raise this one.",
        names.account
    );
    ("Data limit of ECR Public reached", Some(hint))
}

/// The actions that a step needs.
fn actions(step: Step) -> &'static str {
    match step {
        Step::WriteBlob => {
            "`ecr-public:InitiateLayerUpload`, `ecr-public:UploadLayerPart` and \
             `ecr-public:CompleteLayerUpload`"
        }
        Step::CheckBlobs => "`ecr-public:BatchCheckLayerAvailability`",
        Step::WriteManifest | Step::WriteTag => "`ecr-public:PutImage`",
        Step::Resolve
        | Step::ReadManifest
        | Step::ListReferrers
        | Step::SelectPlatforms
        | Step::ReadBlob
        | Step::CheckTag
        | Step::Verify => "`ecr-public:DescribeImages`",
    }
}

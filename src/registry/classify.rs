//! From what happened to what can be done about it. Pure, and without a catch-all.

#![warn(clippy::wildcard_enum_match_arm)]

use super::answer::Refusal;
use super::error::{Action, Fault};
use crate::content::ErrorKind;
use crate::net::limits;
use crate::net::retry::Failures;
use crate::net::transport::TransportErrorKind;
use crate::oci::{Digest, InvalidManifest};

/// Codes by which a registry says that a manifest points at something it does not have. ECR
/// answers with the third for a missing layer.
const CHILD_CODES: &[&str] = &[
    "MANIFEST_BLOB_UNKNOWN",
    "BLOB_UNKNOWN",
    "BLOB_UPLOAD_UNKNOWN",
];

/// Words by which ECR says the same without a code of the specification.
const CHILD_WORDS: &[&[&str]] = &[
    &["layersnotfound"],
    &["referencedimagesnotfound"],
    &["required for pushing image", "not exist"],
];

/// Words by which registries refuse to move a tag: ECR, Harbor, Artifact Registry, Quay.
const IMMUTABLE_WORDS: &[&[&str]] = &[&["immutable"], &["imagetagalreadyexists"]];

/// What the engine can do about a fault.
pub(super) fn kind(action: Action, digest: Option<&Digest>, fault: &Fault) -> ErrorKind {
    match fault {
        Fault::Refused(refusal) => refused(action, digest, refusal),
        Fault::MissingOrPrivate(_) | Fault::NoUsableChallenge | Fault::CredentialsNeeded => {
            ErrorKind::Denied
        }
        // Its statuses speak of signed URLs, not of blobs.
        Fault::BlobStore(_) => ErrorKind::Unavailable,
        Fault::Realm { .. }
        | Fault::Token
        | Fault::Target { .. }
        | Fault::TooManyRedirects(_)
        | Fault::Tags(_)
        | Fault::TooManyPages(_)
        | Fault::Header(_) => ErrorKind::Protocol,
        Fault::TooSoon => ErrorKind::UploadLost,
        Fault::Credentials(error) => error.kind().clone(),
        Fault::Transport(fault) => wire(action, fault.kind()),
        Fault::Manifest(invalid) => manifest(invalid),
        Fault::TooLong { limit } => ErrorKind::TooLarge { limit: *limit },
        Fault::Digest { expected, .. } => ErrorKind::WrongDigest {
            expected: expected.clone(),
        },
        Fault::Size { expected, .. } => ErrorKind::WrongSize {
            expected: *expected,
        },
        Fault::Endpoint(_) | Fault::Settings(_) => ErrorKind::Misconfigured,
        Fault::Stopped { reason, .. } => ErrorKind::Stopped(*reason),
    }
}

/// Whether another try of the same request can help against a fault.
pub(super) fn failure(action: Action, fault: &Fault) -> Failures {
    match fault {
        Fault::Refused(refusal) if is_pull_limit(action, refusal) || is_data_limit(refusal) => {
            Failures::NONE
        }
        Fault::Refused(refusal) | Fault::BlobStore(refusal) => Failures::of_status(refusal.status),
        Fault::Transport(fault) => Failures::of_transport(fault.kind()),
        Fault::MissingOrPrivate(_)
        | Fault::NoUsableChallenge
        | Fault::CredentialsNeeded
        | Fault::Realm { .. }
        | Fault::Token
        | Fault::Credentials(_)
        | Fault::Target { .. }
        | Fault::TooManyRedirects(_)
        | Fault::TooManyPages(_)
        | Fault::TooSoon
        | Fault::Manifest(_)
        | Fault::TooLong { .. }
        | Fault::Digest { .. }
        | Fault::Size { .. }
        | Fault::Tags(_)
        | Fault::Header(_)
        | Fault::Endpoint(_)
        | Fault::Settings(_)
        | Fault::Stopped { .. } => Failures::NONE,
    }
}

/// Whether a 400 says, without a challenge, that the token is not good any more. ECR Public does
/// that to expired and to broken ones.
pub(super) fn is_token_refused(refusal: &Refusal) -> bool {
    refusal.status == 400
        && refusal.has_code(&["DENIED", "UNAUTHORIZED"])
        && refusal.says(&["authorization token", "invalid"])
}

/// Whether a 400 may mean the same although it does not say so: the answer to a HEAD has no body.
pub(super) fn may_be_token_refused(action: Action, refusal: &Refusal) -> bool {
    refusal.status == 400
        && matches!(action, Action::Resolve | Action::FindBlob)
        && refusal.codes.is_empty()
        && refusal.message.is_none()
}

/// Whether a 403 says that a login has expired rather than that something is forbidden.
pub(super) fn is_login_expired(refusal: &Refusal) -> bool {
    refusal.status == 403 && refusal.says(&["token", "expired"])
}

/// The pull limit of Docker Hub, as opposed to its limit on requests in general.
fn is_pull_limit(action: Action, refusal: &Refusal) -> bool {
    refusal.status == 429
        && matches!(
            action,
            Action::Resolve | Action::ReadManifest | Action::ListReferrers | Action::ReadBlob
        )
        && (refusal.budget.remaining == Some(0) || refusal.says(&["pull rate limit"]))
}

/// The monthly volume of ECR Public, which no wait brings back.
pub(super) fn is_data_limit(refusal: &Refusal) -> bool {
    refusal.status == 429 && refusal.says(&["data limit exceeded"])
}

fn refused(action: Action, digest: Option<&Digest>, refusal: &Refusal) -> ErrorKind {
    if is_pull_limit(action, refusal) {
        return ErrorKind::PullLimit(refusal.budget.clone());
    }
    if is_data_limit(refusal) {
        return ErrorKind::DataLimit;
    }
    match action {
        Action::PutManifest => put_manifest(refusal),
        Action::SendBlob => send_blob(digest, refusal),
        Action::OpenUpload => open_upload(refusal),
        Action::Setup
        | Action::GetToken
        | Action::Resolve
        | Action::ReadManifest
        | Action::ListTags
        | Action::ListReferrers
        | Action::FindBlob
        | Action::ReadBlob
        | Action::CancelUpload => read(refusal),
    }
}

/// What a status means whatever was asked for.
fn general(refusal: &Refusal) -> Option<ErrorKind> {
    match refusal.status {
        401 | 403 => Some(ErrorKind::Denied),
        400 if refusal.has_code(&["DENIED", "UNAUTHORIZED"]) => Some(ErrorKind::Denied),
        404 if refusal.has_code(&["NAME_UNKNOWN"]) => Some(ErrorKind::RepositoryNotFound),
        429 => Some(ErrorKind::Throttled {
            retry_after: refusal.retry_after,
        }),
        408 | 425 | 499 | 500..=599 => Some(ErrorKind::Unavailable),
        0..=399 => Some(ErrorKind::Protocol),
        _ => None,
    }
}

fn read(refusal: &Refusal) -> ErrorKind {
    general(refusal).unwrap_or(match refusal.status {
        404 | 410 => ErrorKind::NotFound,
        _ => ErrorKind::Refused,
    })
}

fn open_upload(refusal: &Refusal) -> ErrorKind {
    general(refusal).unwrap_or(match refusal.status {
        404 => ErrorKind::RepositoryNotFound,
        _ => ErrorKind::Refused,
    })
}

fn send_blob(digest: Option<&Digest>, refusal: &Refusal) -> ErrorKind {
    match (refusal.status, digest) {
        // The token ended between opening and sending, or the other side did: start over.
        (401 | 408 | 425 | 499 | 500..=599, _) => ErrorKind::UploadLost,
        (400, _) if is_token_refused(refusal) => ErrorKind::UploadLost,
        (400 | 416, Some(digest)) if is_digest_refused(refusal) => ErrorKind::WrongDigest {
            expected: digest.clone(),
        },
        (400 | 404 | 416, _) if refusal.has_code(&["BLOB_UPLOAD_INVALID", "SIZE_INVALID"]) => {
            ErrorKind::UploadLost
        }
        // Somebody else was faster. Whoever has lost an upload looks for the blob before the next.
        (400..=499, _) if refusal.says(&["layeralreadyexists"]) => ErrorKind::UploadLost,
        (status, _) => general(refusal).unwrap_or(match status {
            404 | 410 | 416 => ErrorKind::UploadLost,
            _ => ErrorKind::Refused,
        }),
    }
}

/// ECR has no code of its own for this: `BLOB_UPLOAD_INVALID`, "None of the provided layer
/// digests match the ones uploaded".
fn is_digest_refused(refusal: &Refusal) -> bool {
    refusal.has_code(&["DIGEST_INVALID"])
        || (refusal.has_code(&["BLOB_UPLOAD_INVALID"]) && refusal.says(&["digest", "match"]))
}

fn put_manifest(refusal: &Refusal) -> ErrorKind {
    let says_any = |rows: &[&[&str]]| rows.iter().any(|words| refusal.says(words));
    let is_client_error = (400..500).contains(&refusal.status);
    if is_client_error && (refusal.has_code(CHILD_CODES) || says_any(CHILD_WORDS)) {
        return ErrorKind::ChildMissing;
    }
    if is_client_error && says_any(IMMUTABLE_WORDS) {
        return ErrorKind::TagImmutable;
    }
    general(refusal).unwrap_or(match refusal.status {
        404 => ErrorKind::RepositoryNotFound,
        413 => ErrorKind::TooLarge {
            limit: limits::MANIFEST_BYTES,
        },
        _ => ErrorKind::Refused,
    })
}

fn wire(action: Action, kind: TransportErrorKind) -> ErrorKind {
    let is_body_lost = match kind {
        TransportErrorKind::Connect | TransportErrorKind::Tls | TransportErrorKind::Invalid => {
            false
        }
        TransportErrorKind::Closed
        | TransportErrorKind::Timeout
        | TransportErrorKind::Stalled
        | TransportErrorKind::Cut => true,
    };
    let is_body_cut = matches!(kind, TransportErrorKind::Stalled | TransportErrorKind::Cut);
    match action {
        Action::SendBlob if is_body_lost => ErrorKind::UploadLost,
        Action::ReadBlob if is_body_cut => ErrorKind::Interrupted,
        Action::Setup
        | Action::GetToken
        | Action::Resolve
        | Action::ReadManifest
        | Action::ListTags
        | Action::ListReferrers
        | Action::FindBlob
        | Action::ReadBlob
        | Action::OpenUpload
        | Action::SendBlob
        | Action::CancelUpload
        | Action::PutManifest => ErrorKind::Unavailable,
    }
}

fn manifest(invalid: &InvalidManifest) -> ErrorKind {
    match invalid {
        InvalidManifest::Schema1(_) | InvalidManifest::MediaType(_) => ErrorKind::Refused,
        InvalidManifest::Json(_)
        | InvalidManifest::Contradiction { .. }
        | InvalidManifest::Digest(_)
        | InvalidManifest::Size(_)
        | InvalidManifest::Ambiguous => ErrorKind::Protocol,
    }
}

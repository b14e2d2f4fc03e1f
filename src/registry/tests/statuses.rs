//! What each status and each code leads to.

use super::*;
use crate::content::{Destination, Source};
use crate::net::limits;
use crate::oci::Manifest;

#[tokio::test(start_paused = true)]
async fn every_status_is_retried_or_not() {
    let mut retried = Vec::new();
    for status in (200..=599).filter(|status| !(200..300).contains(status)) {
        let (registry, memory) = open(move |_| Reply::status(status));
        let resolved = Source::resolve(&registry, &Context::new(), &tag("v1")).await;
        assert!(resolved.is_err(), "{status}");
        match memory.log().len() {
            6 => retried.push(status),
            // A HEAD that is not offered is followed by a GET.
            1 => {}
            2 if status == 405 => {}
            requests => panic!("{requests} requests after {status}"),
        }
    }
    assert_eq!(retried, [408, 425, 429, 499, 500, 502, 503, 504, 522]);
}

fn refusal(status: u16, code: &str, message: &str) -> Reply {
    Reply::status(status).body(format!(
        r#"{{"errors":[{{"code":"{code}","message":"{message}"}}]}}"#
    ))
}

/// Status, code, message, and what they mean for a manifest.
const MANIFEST_REFUSALS: &[(u16, &str, &str, ErrorKind)] = &[
    (404, "MANIFEST_BLOB_UNKNOWN", "", ErrorKind::ChildMissing),
    (400, "manifest_blob_unknown", "", ErrorKind::ChildMissing),
    (404, "BLOB_UNKNOWN", "", ErrorKind::ChildMissing),
    (404, "BLOB_UPLOAD_UNKNOWN", "", ErrorKind::ChildMissing),
    (
        400,
        "MANIFEST_INVALID",
        "Layers with digests '[sha256:1]' required for pushing image into repository with name \
         'a' in the registry with id '1' do not exist",
        ErrorKind::ChildMissing,
    ),
    (
        404,
        "UNKNOWN",
        "LayersNotFoundException: x",
        ErrorKind::ChildMissing,
    ),
    (
        400,
        "UNKNOWN",
        "ReferencedImagesNotFoundException: x",
        ErrorKind::ChildMissing,
    ),
    (
        400,
        "TAG_INVALID",
        "The image tag 'v1' already exists in the 'a' repository and cannot be overwritten \
         because the tag is immutable.",
        ErrorKind::TagImmutable,
    ),
    (
        412,
        "PRECONDITION",
        "configured as immutable",
        ErrorKind::TagImmutable,
    ),
    (404, "NAME_UNKNOWN", "", ErrorKind::RepositoryNotFound),
    (404, "NOT_FOUND", "", ErrorKind::RepositoryNotFound),
    (
        413,
        "SIZE_INVALID",
        "",
        ErrorKind::TooLarge {
            limit: limits::MANIFEST_BYTES,
        },
    ),
    (
        405,
        "UNSUPPORTED",
        "Invalid parameter at 'ImageManifest'",
        ErrorKind::Refused,
    ),
    (400, "MANIFEST_INVALID", "", ErrorKind::Refused),
    (403, "DENIED", "", ErrorKind::Denied),
    (400, "DENIED", "no rights", ErrorKind::Denied),
    (500, "UNKNOWN", "immutable", ErrorKind::Unavailable),
    (
        429,
        "TOOMANYREQUESTS",
        "Rate exceeded",
        ErrorKind::Throttled { retry_after: None },
    ),
];

#[tokio::test(start_paused = true)]
async fn refusals_of_a_manifest_are_told_apart() {
    let bytes = Bytes::from_static(MANIFEST.as_bytes());
    let manifest = Manifest::parse(bytes, &MediaType::new(MediaType::OCI_MANIFEST)).unwrap();
    for (status, code, message, expected) in MANIFEST_REFUSALS {
        let (registry, _) = open(move |_| refusal(*status, code, message));
        let put = registry
            .put_manifest(&Context::new(), &manifest, None)
            .await;
        assert_eq!(kind(put), *expected, "{status} {code} {message}");
    }
}

#[tokio::test(start_paused = true)]
async fn refusals_of_a_blob_are_told_apart() {
    let wrong_digest = || ErrorKind::WrongDigest {
        expected: Digest::sha256(b"abc"),
    };
    let rows = [
        (404, "BLOB_UPLOAD_UNKNOWN", "", ErrorKind::UploadLost),
        (404, "", "", ErrorKind::UploadLost),
        (400, "BLOB_UPLOAD_INVALID", "", ErrorKind::UploadLost),
        (416, "RANGE_INVALID", "", ErrorKind::UploadLost),
        (
            416,
            "BLOB_UPLOAD_INVALID",
            "First byte is 0",
            ErrorKind::UploadLost,
        ),
        (400, "SIZE_INVALID", "", ErrorKind::UploadLost),
        (
            405,
            "UNSUPPORTED",
            "LayerAlreadyExistsException: x",
            ErrorKind::UploadLost,
        ),
        (500, "UNKNOWN", "", ErrorKind::UploadLost),
        (408, "", "", ErrorKind::UploadLost),
        (400, "DIGEST_INVALID", "", wrong_digest()),
        (
            400,
            "BLOB_UPLOAD_INVALID",
            "None of the provided layer digests match the ones uploaded",
            wrong_digest(),
        ),
        (404, "NAME_UNKNOWN", "", ErrorKind::RepositoryNotFound),
        (403, "DENIED", "", ErrorKind::Denied),
        (413, "", "", ErrorKind::Refused),
        (405, "UNSUPPORTED", "", ErrorKind::Refused),
        (
            429,
            "TOOMANYREQUESTS",
            "Rate exceeded",
            ErrorKind::Throttled { retry_after: None },
        ),
        (302, "", "", ErrorKind::Protocol),
        (202, "", "", ErrorKind::Protocol),
    ];
    for (status, code, message, expected) in rows {
        let (registry, memory) = open(move |seen| match seen.method.as_str() {
            "POST" => Reply::status(202).header("location", "/u/1"),
            "PUT" => refusal(status, code, message),
            "HEAD" => Reply::status(404),
            _ => unexpected(seen),
        });
        let cx = Context::new();
        let upload = registry
            .begin_upload(&cx, &blob(b"abc"), None)
            .await
            .unwrap();
        let sent = upload.commit(&cx, chunks(&["abc"])).await;
        assert_eq!(kind(sent), expected, "{status} {code} {message}");
        let puts = memory
            .log()
            .iter()
            .filter(|seen| seen.method == "PUT")
            .count();
        assert_eq!(
            puts, 1,
            "a streamed body is not sent again: {status} {code}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn refusals_of_opening_an_upload_are_told_apart() {
    let rows = [
        (404, "NAME_UNKNOWN", ErrorKind::RepositoryNotFound),
        (404, "", ErrorKind::RepositoryNotFound),
        (403, "DENIED", ErrorKind::Denied),
        (405, "UNSUPPORTED", ErrorKind::Refused),
        (400, "NAME_INVALID", ErrorKind::Refused),
        (503, "", ErrorKind::Unavailable),
    ];
    for (status, code, expected) in rows {
        let (registry, _) = open(move |_| refusal(status, code, ""));
        let begun = registry
            .begin_upload(&Context::new(), &blob(b"abc"), None)
            .await;
        assert_eq!(kind(begun), expected, "{status} {code}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_monthly_limit_is_not_waited_for() {
    let exceeded = || refusal(429, "TOOMANYREQUESTS", "Data limit exceeded");
    let cx = Context::new();
    let (registry, memory) = open(move |_| exceeded());
    let begun = registry.begin_upload(&cx, &blob(b"abc"), None).await;
    assert_eq!(kind(begun), ErrorKind::DataLimit);
    let read = Source::open_blob(&registry, &cx, &blob(b"abc"), 0).await;
    assert_eq!(kind(read.map(drop)), ErrorKind::DataLimit);
    assert_eq!(memory.log().len(), 2);
    let (registry, _) = open(move |seen| match seen.method.as_str() {
        "POST" => Reply::status(202).header("location", "/u/1"),
        _ => exceeded(),
    });
    let upload = registry.begin_upload(&cx, &blob(b"abc"), None).await;
    let sent = upload.unwrap().commit(&cx, chunks(&["abc"])).await;
    assert_eq!(kind(sent), ErrorKind::DataLimit);
}

#[tokio::test]
async fn an_endless_error_body_is_left_after_64_kibibytes() {
    let (registry, _) = open(|_| {
        let chunk = "x".repeat(65_536);
        Reply::status(404).body(chunk.clone()).body(chunk)
    });
    let digest = manifest_digest();
    let error = Source::manifest(&registry, &Context::new(), &digest)
        .await
        .unwrap_err();
    assert_eq!(
        facts(&error)
            .refusal()
            .unwrap()
            .message
            .as_ref()
            .unwrap()
            .len(),
        600
    );
    assert!(
        Destination::manifest(&registry, &Context::new(), &digest)
            .await
            .unwrap()
            .is_none()
    );
}

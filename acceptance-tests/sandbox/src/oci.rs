//! What both registry faces have in common: paths and error documents.

use http::{Response, StatusCode};
use serde_json::{Value, json};

use crate::exchange::{Body, With as _, json};
use crate::store::OCI_INDEX;

/// What a `/v2/` path addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target<'p> {
    /// `/v2/`.
    Base,
    /// `/v2/<name>/manifests/<reference>`.
    Manifest(&'p str, &'p str),
    /// `/v2/<name>/blobs/<digest>`.
    Blob(&'p str, &'p str),
    /// `/v2/<name>/blobs/uploads/`.
    Uploads(&'p str),
    /// `/v2/<name>/blobs/uploads/<id>`.
    Upload(&'p str, &'p str),
    /// `/v2/<name>/tags/list`.
    Tags(&'p str),
    /// `/v2/<name>/referrers/<digest>`.
    Referrers(&'p str, &'p str),
    /// Anything else.
    Unknown,
}

impl<'p> Target<'p> {
    pub(crate) fn of(path: &'p str) -> Self {
        let Some(rest) = path.strip_prefix("/v2/") else {
            return if path == "/v2" {
                Self::Base
            } else {
                Self::Unknown
            };
        };
        if rest.is_empty() {
            return Self::Base;
        }
        // Upload paths first: `blobs/uploads` must not be read as a digest.
        if let Some((name, id)) = rest.rsplit_once("/blobs/uploads/") {
            return if id.is_empty() {
                Self::Uploads(name)
            } else {
                Self::Upload(name, id)
            };
        }
        if let Some(name) = rest.strip_suffix("/blobs/uploads") {
            return Self::Uploads(name);
        }
        if let Some(name) = rest.strip_suffix("/tags/list") {
            return Self::Tags(name);
        }
        let Some((front, last)) = rest.rsplit_once('/') else {
            return Self::Unknown;
        };
        match front.rsplit_once('/') {
            Some((name, "manifests")) => Self::Manifest(name, last),
            Some((name, "blobs")) => Self::Blob(name, last),
            Some((name, "referrers")) => Self::Referrers(name, last),
            _ => Self::Unknown,
        }
    }

    /// The name in the path.
    pub(crate) fn name(&self) -> Option<&'p str> {
        match self {
            Self::Manifest(name, _)
            | Self::Blob(name, _)
            | Self::Uploads(name)
            | Self::Upload(name, _)
            | Self::Tags(name)
            | Self::Referrers(name, _) => Some(name),
            Self::Base | Self::Unknown => None,
        }
    }
}

/// The descriptor of a manifest in the list of what refers to `subject`, if it does.
pub(crate) fn referrer(
    media_type: &str,
    digest: &str,
    bytes: &[u8],
    subject: &str,
) -> Option<Value> {
    let parsed: Value = serde_json::from_slice(bytes).ok()?;
    if parsed["subject"]["digest"] != *subject {
        return None;
    }
    let artifact_type = match &parsed["artifactType"] {
        Value::Null => &parsed["config"]["mediaType"],
        declared => declared,
    };
    let mut entry = json!({
        "mediaType": media_type, "digest": digest, "size": bytes.len(),
        "artifactType": artifact_type,
    });
    if let annotations @ Value::Object(_) = &parsed["annotations"] {
        entry["annotations"] = annotations.clone();
    }
    Some(entry)
}

/// The answer to who refers to something: those of a type, if one is asked for.
pub(crate) fn referrers(mut entries: Vec<Value>, artifact_type: Option<&str>) -> Response<Body> {
    if let Some(wanted) = artifact_type {
        entries.retain(|entry| entry["artifactType"] == *wanted);
    }
    let index = json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries });
    let response = json(StatusCode::OK, &index).with("content-type", OCI_INDEX);
    match artifact_type {
        Some(_) => response.with("oci-filters-applied", "artifactType"),
        None => response,
    }
}

/// The error document of the distribution specification.
pub(crate) fn refusal(status: StatusCode, code: &str, message: impl AsRef<str>) -> Response<Body> {
    let error = json!({ "code": code, "message": message.as_ref() });
    json(status, &json!({ "errors": [error] }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_apart_even_when_a_repository_is_named_like_an_endpoint() {
        let cases = [
            ("/v2/", Target::Base),
            (
                "/v2/a/b/manifests/latest",
                Target::Manifest("a/b", "latest"),
            ),
            (
                "/v2/blobs/uploads/manifests/x",
                Target::Manifest("blobs/uploads", "x"),
            ),
            ("/v2/a/blobs/sha256:1", Target::Blob("a", "sha256:1")),
            ("/v2/a/blobs/uploads/", Target::Uploads("a")),
            ("/v2/a/blobs/uploads/id", Target::Upload("a", "id")),
            ("/v2/a/tags/list", Target::Tags("a")),
            (
                "/v2/a/referrers/sha256:1",
                Target::Referrers("a", "sha256:1"),
            ),
            ("/v1/a", Target::Unknown),
        ];
        for (path, target) in cases {
            assert_eq!(Target::of(path), target, "{path}");
        }
    }
}

//! Refusals of the registry face, in the forms the real one has been seen to use.

use http::{Response, StatusCode};

use crate::exchange::Body;
use crate::oci::refusal;
use crate::store::StoreError;

/// What the store refuses, as a registry says it.
pub(super) fn refused(error: &StoreError) -> Response<Body> {
    let (status, code) = match error {
        StoreError::EmptyUpload { .. }
        | StoreError::InvalidLayer { .. }
        | StoreError::LayerPartTooSmall { .. } => (StatusCode::BAD_REQUEST, "BLOB_UPLOAD_INVALID"),
        StoreError::ImageDigestDoesNotMatch { .. } => (StatusCode::BAD_REQUEST, "DIGEST_INVALID"),
        StoreError::ImageNotFound { .. } => (StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN"),
        StoreError::InvalidLayerPart { .. } => {
            (StatusCode::RANGE_NOT_SATISFIABLE, "BLOB_UPLOAD_INVALID")
        }
        // Seen on the private service for a manifest that names a missing layer.
        StoreError::LayersNotFound { .. } => (StatusCode::NOT_FOUND, "BLOB_UPLOAD_UNKNOWN"),
        StoreError::ReferencedImagesNotFound { .. } => {
            (StatusCode::NOT_FOUND, "MANIFEST_BLOB_UNKNOWN")
        }
        StoreError::LimitExceeded { .. } => (StatusCode::FORBIDDEN, "DENIED"),
        StoreError::RepositoryNotFound(_) => (StatusCode::NOT_FOUND, "NAME_UNKNOWN"),
        StoreError::UploadNotFound { .. } => (StatusCode::NOT_FOUND, "BLOB_UPLOAD_UNKNOWN"),
        StoreError::Server(_) => (StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN"),
        // A manifest that is not acceptable is "unsupported" to this service.
        StoreError::ImageAlreadyExists { .. }
        | StoreError::InvalidParameter { .. }
        | StoreError::InvalidTagParameter(_)
        | StoreError::LayerAlreadyExists { .. }
        | StoreError::RepositoryAlreadyExists(_)
        | StoreError::RepositoryNotEmpty(_)
        | StoreError::RepositoryPolicyNotFound(_)
        | StoreError::TooManyTags(_) => (StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED"),
    };
    refusal(status, code, error.to_string())
}

pub(super) fn throttled() -> Response<Body> {
    refusal(
        StatusCode::TOO_MANY_REQUESTS,
        "TOOMANYREQUESTS",
        "Rate exceeded",
    )
}

pub(super) fn denied(message: impl AsRef<str>) -> Response<Body> {
    refusal(StatusCode::FORBIDDEN, "DENIED", message)
}

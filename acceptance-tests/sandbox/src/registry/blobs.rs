//! Reading blobs.

use http::{Response, StatusCode};

use super::access::{Access, stored};
use crate::blob::Blob;
use crate::cdn::{self, Claim};
use crate::digest::Digest;
use crate::exchange::{Body, With as _, empty};
use crate::face::Face;
use crate::oci::refusal;

/// Answers HEAD. A blob of another repository is not there.
pub(super) fn head(access: &Access<'_>, digest: &str) -> Result<Response<Body>, Response<Body>> {
    let (digest, blob) = find(access, digest)?;
    Ok(empty(StatusCode::OK)
        .with("content-type", "application/octet-stream")
        .with("content-length", blob.size().to_string())
        .with("docker-content-digest", digest.as_str()))
}

/// Answers GET with the address of the bytes in the object storage.
pub(super) fn redirect(
    access: &Access<'_>,
    digest: &str,
) -> Result<Response<Body>, Response<Body>> {
    let (digest, _) = find(access, digest)?;
    let claim = Claim {
        account: Some(access.account.to_string()),
        repository: access.repository.clone(),
        digest: digest.to_string(),
    };
    Ok(cdn::redirect(access.world, Face::RegistryCdn, &claim))
}

fn find(access: &Access<'_>, digest: &str) -> Result<(Digest, Blob), Response<Body>> {
    let unknown = || {
        refusal(
            StatusCode::NOT_FOUND,
            "BLOB_UNKNOWN",
            "blob unknown to registry",
        )
    };
    let digest: Digest = digest.parse().map_err(|_| unknown())?;
    let layer = stored(
        access
            .world
            .store
            .layer(&access.account, &access.repository, &digest),
    )?;
    let layer = layer.ok_or_else(unknown)?;
    Ok((digest, layer))
}

//! Pushing blobs.

use http::request::Parts;
use http::{HeaderMap, Response, StatusCode};

use super::access::{Access, stored};
use super::error::refused;
use crate::exchange::{Body, With as _, empty, header_text, query_value};
use crate::oci::refusal;
use crate::store::{PartReceived, StoreError};

/// Answers POST. Always 202: a mount is never done, and `?digest=` opens an upload like any other.
pub(super) fn open(access: &Access<'_>) -> Result<Response<Body>, Response<Body>> {
    access.may("InitiateLayerUpload")?;
    let upload = stored(
        access
            .world
            .store
            .initiate_upload(&access.account, &access.repository),
    )?;
    Ok(empty(StatusCode::ACCEPTED)
        .with(
            "location",
            access.url(&format!("blobs/uploads/{}", upload.id)),
        )
        .with("docker-upload-uuid", upload.id)
        .with("range", "0-0"))
}

/// Answers PATCH: with `Content-Range` a part of an upload, without it a stream.
///
/// A part is answered with 201 in place of 202, and `Range` stays at the end of the first part.
pub(super) async fn append(
    access: &Access<'_>,
    id: &str,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response<Body>, Response<Body>> {
    access.may("UploadLayerPart")?;
    let (status, end) = match declared_range(headers)? {
        Some(range) => (
            StatusCode::CREATED,
            receive_part(access, id, range, body)
                .await?
                .first_part_last_byte,
        ),
        None => (
            StatusCode::ACCEPTED,
            receive_stream(access, id, body).await?.saturating_sub(1),
        ),
    };
    Ok(empty(status)
        .with("location", access.url(&format!("blobs/uploads/{id}")))
        .with("docker-upload-uuid", id)
        .with("range", format!("0-{end}")))
}

/// Answers the closing PUT, which may carry the last part or the whole blob.
pub(super) async fn close(
    access: &Access<'_>,
    id: &str,
    parts: &Parts,
    body: Body,
) -> Result<Response<Body>, Response<Body>> {
    access.may("CompleteLayerUpload")?;
    let Some(digest) = query_value(parts.uri.query(), "digest") else {
        return Err(refusal(
            StatusCode::BAD_REQUEST,
            "DIGEST_INVALID",
            "digest is missing",
        ));
    };
    let is_empty = http_body::Body::is_end_stream(&body);
    if !is_empty {
        access.may("UploadLayerPart")?;
        match declared_range(&parts.headers)? {
            Some(range) => {
                receive_part(access, id, range, body).await?;
            }
            None => {
                receive_stream(access, id, body).await?;
            }
        }
    }
    let store = &access.world.store;
    let digests = [digest.clone()];
    match store
        .complete_upload(&access.account, &access.repository, id, &digests)
        .await
    {
        // Being there already is what the client wanted.
        Ok(_) | Err(StoreError::LayerAlreadyExists { .. }) => {
            let location = access.url(&format!("blobs/{digest}"));
            Ok(empty(StatusCode::CREATED)
                .with("location", location)
                .with("docker-content-digest", digest))
        }
        Err(error) => Err(refused(&error)),
    }
}

/// Answers DELETE.
pub(super) fn cancel(access: &Access<'_>, id: &str) -> Result<Response<Body>, Response<Body>> {
    access.may("UploadLayerPart")?;
    stored(
        access
            .world
            .store
            .cancel_upload(&access.account, &access.repository, id),
    )?;
    Ok(empty(StatusCode::NO_CONTENT))
}

async fn receive_part(
    access: &Access<'_>,
    id: &str,
    range: (u64, u64),
    body: Body,
) -> Result<PartReceived, Response<Body>> {
    let store = &access.world.store;
    let (account, repository) = (&access.account, &access.repository);
    let received = store
        .receive_part(account, repository, id, range, body.pieces())
        .await;
    stored(received)
}

async fn receive_stream(access: &Access<'_>, id: &str, body: Body) -> Result<u64, Response<Body>> {
    let store = &access.world.store;
    stored(
        store
            .receive_stream(&access.account, &access.repository, id, body.pieces())
            .await,
    )
}

/// `start-end`, both inclusive, without the word `bytes`.
fn declared_range(headers: &HeaderMap) -> Result<Option<(u64, u64)>, Response<Body>> {
    let Some(text) = header_text(headers, "content-range") else {
        return Ok(None);
    };
    let parsed = text.split_once('-').and_then(|(first, last)| {
        let (first, last) = (first.parse().ok()?, last.parse().ok()?);
        (first <= last).then_some((first, last))
    });
    let invalid = || {
        let message = format!("'{text}' is not a content range of the form start-end");
        refusal(StatusCode::BAD_REQUEST, "BLOB_UPLOAD_INVALID", message)
    };
    parsed.map(Some).ok_or_else(invalid)
}

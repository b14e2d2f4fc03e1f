//! Layers: asking for them and uploading them.

use bytes::Bytes;
use serde_json::{Value, json};

use super::call::{Answer, Call};
use super::error::ApiError;
use crate::store::LayerCheck;

/// The largest part the model lets through; the quota, which the store knows, is lower.
const PART_BLOB_BYTES: usize = 20_971_520;

/// BatchCheckLayerAvailability.
pub(super) fn batch_check(call: &mut Call<'_>) -> Answer {
    let place = call.pushed_place()?;
    let digests = call.input.texts("layerDigests", (1, 100), (0, 1000))?;
    let digests = digests.ok_or_else(|| ApiError::missing("layerDigests"))?;
    call.authorize(&place)?;
    let checks = call
        .store
        .check_layers(&place.account, &place.repository, &digests)?;
    let (mut layers, mut failures) = (Vec::new(), Vec::new());
    for check in checks {
        match layer(&check) {
            Ok(layer) => layers.push(layer),
            Err(failure) => failures.push(failure),
        }
    }
    Ok(json!({ "layers": layers, "failures": failures }))
}

fn layer(check: &LayerCheck) -> Result<Value, Value> {
    match check.outcome {
        Ok(Some(size)) => Ok(json!({
            "layerDigest": check.digest,
            "layerAvailability": "AVAILABLE",
            "layerSize": size,
            "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
        })),
        Ok(None) => Ok(json!({
            "layerDigest": check.digest,
            "layerAvailability": "UNAVAILABLE",
        })),
        Err(failure) => Err(json!({
            "layerDigest": check.digest,
            "failureCode": failure.code(),
            "failureReason": "Invalid request parameters: layer digest is not valid",
        })),
    }
}

/// InitiateLayerUpload.
pub(super) fn initiate(call: &mut Call<'_>) -> Answer {
    let place = call.pushed_place()?;
    call.authorize(&place)?;
    let started = call
        .store
        .initiate_upload(&place.account, &place.repository)?;
    Ok(json!({ "uploadId": started.id, "partSize": started.part_bytes }))
}

/// UploadLayerPart.
pub(super) async fn upload_part(call: &mut Call<'_>) -> Answer {
    let place = call.pushed_place()?;
    let upload = upload_id(call)?;
    let first = call.input.required_number("partFirstByte")?;
    let last = call.input.required_number("partLastByte")?;
    let blob = call.input.blob("layerPartBlob", PART_BLOB_BYTES)?;
    let bytes = Bytes::from(blob.ok_or_else(|| ApiError::missing("layerPartBlob"))?);
    call.authorize(&place)?;
    let received = call
        .store
        .upload_part(
            &place.account,
            &place.repository,
            &upload,
            (first, last),
            bytes,
        )
        .await?;
    Ok(json!({
        "registryId": place.account,
        "repositoryName": place.repository,
        "uploadId": upload,
        "lastByteReceived": received,
    }))
}

/// CompleteLayerUpload.
pub(super) async fn complete(call: &mut Call<'_>) -> Answer {
    let place = call.pushed_place()?;
    let upload = upload_id(call)?;
    let digests = call
        .input
        .texts("layerDigests", (1, 100), (0, usize::MAX))?;
    let digests = digests.ok_or_else(|| ApiError::missing("layerDigests"))?;
    if !digests.iter().all(|digest| looks_like_digest(digest)) {
        let pattern = "must satisfy regular expression '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'";
        return Err(ApiError::invalid("layerDigests", pattern));
    }
    call.authorize(&place)?;
    let digest = call
        .store
        .complete_upload(&place.account, &place.repository, &upload, &digests)
        .await?;
    Ok(json!({
        "registryId": place.account,
        "repositoryName": place.repository,
        "uploadId": upload,
        "layerDigest": digest.as_str(),
    }))
}

fn upload_id(call: &Call<'_>) -> Result<String, ApiError> {
    let id = call.input.required_text("uploadId", (0, usize::MAX))?;
    let groups: Vec<&str> = id.split('-').collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    let is_hex = |group: &&str| group.bytes().all(|byte| byte.is_ascii_hexdigit());
    if lengths == [8, 4, 4, 4, 12] && groups.iter().all(is_hex) {
        return Ok(id);
    }
    Err(ApiError::invalid("uploadId", "must be a UUID"))
}

fn looks_like_digest(text: &str) -> bool {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_+.".contains(&byte);
    text.split_once(':').is_some_and(|(algorithm, hex)| {
        !algorithm.is_empty()
            && !hex.is_empty()
            && algorithm.bytes().all(is_name)
            && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

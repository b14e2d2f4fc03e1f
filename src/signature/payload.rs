//! What cosign's first format signs, and skopeo too: simple signing.
//!
//! Sigstore, *Cosign Signature Specifications*; containers-signature(5).

use serde::Deserialize;

use super::policy::{Claim, Refusal};
use super::strict::{Names, Text};
use crate::oci::Digest;

/// Fields of it that nobody knows are refused, as containers-signature(5) asks.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Payload {
    critical: Critical,
    optional: Option<Names<Text>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Critical {
    identity: Identity,
    image: Image,
    #[serde(rename = "type")]
    kind: String,
}

/// What the signer called the image. Kept for the log; a copy has another name anyway.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Identity {
    #[serde(rename = "docker-reference")]
    docker_reference: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Image {
    #[serde(rename = "docker-manifest-digest")]
    docker_manifest_digest: String,
}

/// What a signed payload says. Its signature has been found right.
pub(super) fn read(bytes: &[u8]) -> Result<Claim, Refusal> {
    let unreadable =
        || Refusal::Unreadable("what was signed is no payload of a container signature");
    let payload: Payload = serde_json::from_slice(bytes).map_err(|_json| unreadable())?;
    if payload.critical.kind != CONTAINER_SIGNATURE {
        return Err(Refusal::OtherStatement(payload.critical.kind));
    }
    let digest = payload.critical.image.docker_manifest_digest;
    let digest: Digest = digest.parse().map_err(|_form| unreadable())?;
    Ok(Claim {
        images: vec![(digest, payload.optional.unwrap_or_default())],
        identity: Some(payload.critical.identity.docker_reference),
    })
}

/// The only type that cosign and skopeo write. `atomic container signature`, which the format was
/// made for, stands in OpenPGP messages.
const CONTAINER_SIGNATURE: &str = "cosign container image signature";

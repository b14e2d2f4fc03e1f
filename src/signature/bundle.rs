//! Sigstore bundles around an in-toto statement, as cosign 3 attaches them to images.
//!
//! Sigstore, *Bundle format* 0.3 and *Cosign Bundle Specification*; DSSE 1.0; in-toto Statement 1.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::policy::{Claim, Refusal};
use super::strict::{Names, Text};

/// A bundle: its envelope, and how its signer can be known. Log entries and timestamps are not read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bundle {
    media_type: String,
    verification_material: Option<Material>,
    dsse_envelope: Option<RawEnvelope>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Material {
    certificate: Option<IgnoredAny>,
    x509_certificate_chain: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawEnvelope {
    payload: String,
    payload_type: String,
    signatures: Vec<RawSignature>,
}

#[derive(Deserialize)]
struct RawSignature {
    sig: String,
}

/// A signed envelope that nobody has checked yet.
#[derive(Debug)]
pub(super) struct Envelope {
    /// What it holds.
    pub(super) payload: Vec<u8>,
    /// The bytes that were signed.
    pub(super) signed: Vec<u8>,
    /// The signature.
    pub(super) signature: Vec<u8>,
    /// Whether a certificate tells who made it, and not a key.
    pub(super) has_certificate: bool,
}

/// Takes a bundle apart.
pub(super) fn open(bytes: &[u8]) -> Result<Envelope, Refusal> {
    let bundle: Bundle = serde_json::from_slice(bytes)
        .map_err(|_json| Refusal::Unreadable("it is no Sigstore bundle"))?;
    if !super::is_bundle(&bundle.media_type) {
        return Err(Refusal::Unreadable("it is no Sigstore bundle"));
    }
    // A bundle may hold a bare signature of a file instead. It does not say that the file is an
    // image, and cosign does not take it for the signature of one either.
    let raw = bundle.dsse_envelope;
    let raw = raw.ok_or(Refusal::Unreadable(
        "the bundle has no envelope with a statement",
    ))?;
    let [signature] = raw.signatures.as_slice() else {
        return Err(Refusal::Unreadable(
            "the envelope has not exactly one signature",
        ));
    };
    if raw.payload_type != STATEMENT_TYPE {
        return Err(Refusal::Unreadable(
            "the envelope does not hold a statement",
        ));
    }
    let decode = |text: &str| {
        let decoded = BASE64_STANDARD.decode(text);
        decoded.map_err(|_base64| Refusal::Unreadable("the envelope is not base64"))
    };
    let payload = decode(&raw.payload)?;
    let material = bundle.verification_material;
    Ok(Envelope {
        signed: pre_authentication(&raw.payload_type, &payload),
        payload,
        signature: decode(&signature.sig)?,
        has_certificate: material.is_some_and(|material| {
            material.certificate.is_some() || material.x509_certificate_chain.is_some()
        }),
    })
}

/// The bytes that a signature of an envelope is made of.
///
/// DSSE 1.0, *Protocol*: `PAE`.
pub(super) fn pre_authentication(kind: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Subject>,
    predicate_type: String,
}

#[derive(Deserialize)]
struct Subject {
    digest: Names<String>,
    annotations: Option<Names<Text>>,
}

/// What a signed statement says. Its signature has been found right.
pub(super) fn read(payload: &[u8]) -> Result<Claim, Refusal> {
    let unreadable = Refusal::Unreadable("what was signed is no statement about an image");
    let Ok(statement) = serde_json::from_slice::<Statement>(payload) else {
        return Err(unreadable);
    };
    if !STATEMENTS.contains(&statement.kind.as_str()) {
        return Err(unreadable);
    }
    if !super::is_signature(&statement.predicate_type) {
        return Err(Refusal::OtherStatement(statement.predicate_type));
    }
    let subjects = statement.subject.into_iter();
    let images = subjects.flat_map(|subject| {
        let annotations = subject.annotations.unwrap_or_default();
        let digests = subject.digest.0.into_iter();
        digests.filter_map(move |(algorithm, encoded)| {
            let digest = format!("{algorithm}:{encoded}").parse().ok()?;
            Some((digest, annotations.clone()))
        })
    });
    Ok(Claim {
        images: images.collect(),
        identity: None,
    })
}

/// What cosign says about an image that it signs.
pub(super) const COSIGN_SIGN: &str = "https://sigstore.dev/cosign/sign/v1";

pub(super) const STATEMENT_TYPE: &str = "application/vnd.in-toto+json";

const STATEMENTS: [&str; 2] = [
    "https://in-toto.io/Statement/v1",
    "https://in-toto.io/Statement/v0.1",
];

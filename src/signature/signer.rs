//! Somebody who signs for tests, also what nobody should sign.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::bundle::{STATEMENT_TYPE, pre_authentication};
use super::{Policy, PublicKey, Signature};
use crate::oci::Digest;

/// A key pair.
pub(crate) struct Signer(EcdsaKeyPair);

impl Signer {
    pub(crate) fn new() -> Self {
        Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap())
    }

    pub(crate) fn public_key(&self) -> PublicKey {
        PublicKey::from_pem(&pem(self.0.public_key().as_der().unwrap().as_ref())).unwrap()
    }

    /// Asks for signatures by this key, and for nothing else.
    pub(crate) fn policy(&self) -> Policy {
        Policy::new(vec![self.public_key()], [].into())
    }

    /// A signature in base64.
    pub(crate) fn sign(&self, bytes: &[u8]) -> String {
        let signature = self.0.sign(&SystemRandom::new(), bytes).unwrap();
        BASE64_STANDARD.encode(signature.as_ref())
    }

    pub(crate) fn simple(&self, payload: &str) -> Signature {
        Signature::Simple {
            payload: payload.to_owned().into(),
            signature: self.sign(payload.as_bytes()),
            has_certificate: false,
        }
    }

    pub(crate) fn bundle(&self, statement: &str) -> Signature {
        bundle_of(&self.envelope(statement))
    }

    pub(crate) fn envelope(&self, statement: &str) -> Value {
        let signed = pre_authentication(STATEMENT_TYPE, statement.as_bytes());
        json!({
            "payload": BASE64_STANDARD.encode(statement),
            "payloadType": STATEMENT_TYPE,
            "signatures": [{ "sig": self.sign(&signed) }],
        })
    }
}

/// A key in DER as a block of PEM.
pub(crate) fn pem(info: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(info);
    format!("-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----\n")
}

/// What cosign's first format signs for an image.
pub(crate) fn payload(image: &Digest) -> String {
    json!({
        "critical": {
            "identity": { "docker-reference": "docker.io/library/alpine" },
            "image": { "docker-manifest-digest": image.as_str() },
            "type": "cosign container image signature",
        },
        "optional": null,
    })
    .to_string()
}

pub(crate) fn bundle_of(envelope: &Value) -> Signature {
    let bundle = json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": { "publicKey": { "hint": "" } },
        "dsseEnvelope": envelope,
    });
    Signature::Bundle(bundle.to_string().into())
}

/// What cosign 3 signs, about these images.
pub(crate) fn statement(subject: &Value) -> String {
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": subject,
        "predicateType": "https://sigstore.dev/cosign/sign/v1",
        "predicate": {},
    })
    .to_string()
}

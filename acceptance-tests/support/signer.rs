//! Somebody who signs images at a stand-in, as cosign does.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use ecr_public_sandbox::{Digest, Hub};
use serde_json::{Value, json};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
const STATEMENT: &str = "application/vnd.in-toto+json";

/// A key pair.
#[derive(Debug)]
pub(crate) struct Signer(EcdsaKeyPair);

/// What somebody says about an image.
#[derive(Debug)]
pub(crate) struct Claim<'a> {
    /// The repository that has the image, and gets the signature.
    pub(crate) repository: &'a str,
    /// The image that the signature is put beside.
    pub(crate) image: &'a str,
    /// The image that it is for. Signers who cheat name another one.
    pub(crate) says: &'a str,
    /// Annotations.
    pub(crate) annotations: Value,
}

impl<'a> Claim<'a> {
    /// That this image is signed, without annotations.
    pub(crate) fn about(repository: &'a str, image: &'a str) -> Self {
        Self {
            repository,
            image,
            says: image,
            annotations: Value::Null,
        }
    }

    /// What cosign 3 signs.
    pub(crate) fn statement(&self) -> String {
        let hex = self.says.split_once(':').unwrap().1;
        json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{ "digest": { "sha256": hex }, "annotations": self.annotations }],
            "predicateType": "https://sigstore.dev/cosign/sign/v1",
            "predicate": {},
        })
        .to_string()
    }
}

impl Signer {
    pub(crate) fn new() -> Self {
        Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap())
    }

    /// The public key, as `cosign.pub` has it.
    pub(crate) fn public_key(&self) -> String {
        let info = self.0.public_key().as_der().unwrap();
        let text = BASE64_STANDARD.encode(info.as_ref());
        format!("-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----\n")
    }

    /// Puts a signature under cosign's tag, in place of those that were there.
    pub(crate) fn sign(&self, hub: &Hub, claim: &Claim<'_>) {
        let payload = json!({
            "critical": {
                "identity": { "docker-reference": format!("docker.io/{}", claim.repository) },
                "image": { "docker-manifest-digest": claim.says },
                "type": "cosign container image signature",
            },
            "optional": claim.annotations,
        });
        let payload = Bytes::from(payload.to_string());
        let config = Bytes::from_static(b"{}");
        let mut layer = described("application/vnd.dev.cosign.simplesigning.v1+json", &payload);
        layer["annotations"] = json!({
            "dev.cosignproject.cosign/signature": self.signature(&payload),
        });
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": described("application/vnd.oci.image.config.v1+json", &config),
            "layers": [layer],
        });
        let tag = format!("{}.sig", claim.image.replace(':', "-"));
        hub.store(
            claim.repository,
            Some(&tag),
            MANIFEST,
            manifest.to_string(),
            [payload, config],
        );
    }

    /// Attaches a bundle as [`attach`] does.
    pub(crate) fn attach(&self, hub: &Hub, claim: &Claim<'_>) {
        let bundle = json!({
            "mediaType": BUNDLE,
            "verificationMaterial": { "publicKey": { "hint": "" } },
            "dsseEnvelope": envelope(&claim.statement(), |bytes| self.signed(bytes)),
        });
        attach(hub, claim, &bundle);
    }

    fn signature(&self, bytes: &[u8]) -> String {
        BASE64_STANDARD.encode(self.signed(bytes))
    }

    fn signed(&self, bytes: &[u8]) -> Vec<u8> {
        let signature = self.0.sign(&SystemRandom::new(), bytes).unwrap();
        signature.as_ref().to_vec()
    }
}

/// An envelope around a statement, signed over what DSSE calls its pre-authentication encoding.
pub(crate) fn envelope(statement: &str, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> Value {
    let length = statement.len();
    let signed = format!(
        "DSSEv1 {} {STATEMENT} {length} {statement}",
        STATEMENT.len()
    );
    json!({
        "payload": BASE64_STANDARD.encode(statement),
        "payloadType": STATEMENT,
        "signatures": [{ "sig": BASE64_STANDARD.encode(sign(signed.as_bytes())) }],
    })
}

/// Attaches a bundle, and lists it under the tag that clients keep where a registry has no list of
/// its own.
pub(crate) fn attach(hub: &Hub, claim: &Claim<'_>, bundle: &Value) {
    let bundle = Bytes::from(bundle.to_string());
    let config = Bytes::from_static(b"{}");
    let image: Digest = claim.image.parse().unwrap();
    let (media_type, root) = hub.manifest(claim.repository, &image).unwrap();
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": BUNDLE,
        "config": described("application/vnd.oci.empty.v1+json", &config),
        "layers": [described(BUNDLE, &bundle)],
        "subject": described(&media_type, &root),
    });
    let manifest = Bytes::from(manifest.to_string());
    let mut entry = described(MANIFEST, &manifest);
    entry["artifactType"] = BUNDLE.into();
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [entry] });
    hub.store(claim.repository, None, MANIFEST, manifest, [bundle, config]);
    let tag = claim.image.replace(':', "-");
    hub.store(claim.repository, Some(&tag), INDEX, index.to_string(), []);
}

fn described(media_type: &str, bytes: &[u8]) -> Value {
    json!({
        "mediaType": media_type,
        "digest": Digest::of(bytes).as_str(),
        "size": bytes.len(),
    })
}

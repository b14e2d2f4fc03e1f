//! A Sigstore of one's own: an authority for certificates of ten minutes, the log of those, and the
//! log of signatures. Enough of each to sign an image as cosign 3 does without a key.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PublicKeyData as _, SanType, SerialNumber,
};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::signer::envelope;

const MINUTE: i64 = 60;

/// The authority and its logs.
#[derive(Debug)]
pub(crate) struct Sigstore {
    authority: Issuer<'static, KeyPair>,
    certificate: Vec<u8>,
    certificates: Log,
    signatures: Log,
}

/// A log. What it is asked to write down is always its first entry.
#[derive(Debug)]
struct Log {
    key: EcdsaKeyPair,
}

impl Log {
    fn new() -> Self {
        Self {
            key: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap(),
        }
    }

    fn info(&self) -> Vec<u8> {
        self.key.public_key().as_der().unwrap().as_ref().to_vec()
    }

    fn id(&self) -> Vec<u8> {
        hash(&self.info())
    }

    fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        sign(&self.key, bytes)
    }

    fn trusted(&self) -> Value {
        json!({
            "baseUrl": "https://log.example.com",
            "hashAlgorithm": "SHA2_256",
            "publicKey": {
                "rawBytes": text(&self.info()),
                "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                "validFor": { "start": "2020-01-01T00:00:00Z" },
            },
            "logId": { "keyId": text(&self.id()) },
        })
    }
}

impl Sigstore {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let certificate = params.self_signed(&key).unwrap().der().to_vec();
        Self {
            authority: Issuer::new(params, key),
            certificate,
            certificates: Log::new(),
            signatures: Log::new(),
        }
    }

    /// What those who verify have to have: `trusted_root.json`.
    pub(crate) fn trusted_root(&self) -> String {
        json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [self.signatures.trusted()],
            "ctlogs": [self.certificates.trusted()],
            "certificateAuthorities": [{
                "subject": { "organization": "example", "commonName": "example" },
                "uri": "https://authority.example.com",
                "certChain": { "certificates": [{ "rawBytes": text(&self.certificate) }] },
                "validFor": { "start": "2020-01-01T00:00:00Z" },
            }],
            "timestampAuthorities": [],
        })
        .to_string()
    }

    /// Signs a statement for somebody whom an issuer knows by this name.
    pub(crate) fn bundle(&self, issuer: &str, subject: &str, statement: &str) -> Value {
        let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let signer =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, key.serialized_der());
        let certificate = self.certify(&key, issuer, subject);
        let envelope = envelope(statement, |bytes| sign(&signer.unwrap(), bytes));
        json!({
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {
                "certificate": { "rawBytes": text(&certificate) },
                "tlogEntries": [self.logged(&envelope, &certificate, statement)],
            },
            "dsseEnvelope": envelope,
        })
    }

    /// The certificate, with the promise of the log of certificates in it.
    fn certify(&self, key: &KeyPair, issuer: &str, subject: &str) -> Vec<u8> {
        let now = OffsetDateTime::now_utc();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.serial_number = Some(SerialNumber::from(7_u64));
        params.not_before = now - Duration::minutes(5);
        params.not_after = now + Duration::minutes(5);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
        params.subject_alt_names = vec![SanType::URI(subject.try_into().unwrap())];
        // UTF8String. Fulcio, *Sigstore OID information*: `Issuer (V2)`.
        let named = [
            &[0x0c, u8::try_from(issuer.len()).unwrap()],
            issuer.as_bytes(),
        ]
        .concat();
        let named = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 57264, 1, 8], named);
        params.custom_extensions = vec![named];
        let before = params.clone().signed_by(key, &self.authority).unwrap();
        let promise = self.promise(contents(before.der()), now);
        params.custom_extensions.push(promise);
        params
            .signed_by(key, &self.authority)
            .unwrap()
            .der()
            .to_vec()
    }

    /// RFC 6962 sections 3.2 and 3.3.
    fn promise(&self, to_be_signed: &[u8], now: OffsetDateTime) -> CustomExtension {
        let time = u64::try_from(now.unix_timestamp() * 1000)
            .unwrap()
            .to_be_bytes();
        let authority = hash(&self.authority.key().subject_public_key_info());
        let length = u32::try_from(to_be_signed.len()).unwrap().to_be_bytes();
        let signed = [
            &[0, 0][..],
            &time,
            &[0, 1],
            &authority,
            &length[1..],
            to_be_signed,
            &[0, 0],
        ];
        let signature = self.certificates.sign(&signed.concat());
        let length = u16::try_from(signature.len()).unwrap().to_be_bytes();
        let promise = [
            &[0][..],
            &self.certificates.id(),
            &time,
            &[0, 0, 4, 3],
            &length,
            &signature,
        ]
        .concat();
        let one = u16::try_from(promise.len()).unwrap();
        let list = [&(one + 2).to_be_bytes()[..], &one.to_be_bytes(), &promise].concat();
        assert!(list.len() < 128, "its length is one byte");
        let octets = [&[0x04, u8::try_from(list.len()).unwrap()][..], &list].concat();
        CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 11129, 2, 4, 2], octets)
    }

    /// The entry of the log of signatures, its first.
    fn logged(&self, envelope: &Value, certificate: &[u8], statement: &str) -> Value {
        let pem = pem(certificate);
        let body = json!({
            "apiVersion": "0.0.1",
            "kind": "dsse",
            "spec": {
                "envelopeHash": { "algorithm": "sha256", "value": hex(&hash(envelope.to_string().as_bytes())) },
                "payloadHash": { "algorithm": "sha256", "value": hex(&hash(statement.as_bytes())) },
                "signatures": [{
                    "signature": envelope["signatures"][0]["sig"],
                    "verifier": text(pem.as_bytes()),
                }],
            },
        })
        .to_string();
        let time = OffsetDateTime::now_utc().unix_timestamp() - MINUTE;
        let root = hash(&[&[0][..], body.as_bytes()].concat());
        let head = format!("log.example.com\n1\n{}\n", text(&root));
        let mut note = self.signatures.id()[..4].to_vec();
        note.extend(self.signatures.sign(head.as_bytes()));
        // In the order of the names, which is what is signed.
        let promised = format!(
            "{{\"body\":\"{}\",\"integratedTime\":{time},\"logID\":\"{}\",\"logIndex\":0}}",
            text(body.as_bytes()),
            hex(&self.signatures.id()),
        );
        json!({
            "logIndex": "0",
            "logId": { "keyId": text(&self.signatures.id()) },
            "kindVersion": { "kind": "dsse", "version": "0.0.1" },
            "integratedTime": time.to_string(),
            "inclusionPromise": { "signedEntryTimestamp": text(&self.signatures.sign(promised.as_bytes())) },
            "inclusionProof": {
                "logIndex": "0",
                "rootHash": text(&root),
                "treeSize": "1",
                "hashes": [],
                "checkpoint": { "envelope": format!("{head}\n\u{2014} log.example.com {}\n", text(&note)) },
            },
            "canonicalizedBody": text(body.as_bytes()),
        })
    }
}

/// The first element of a certificate: what is signed.
fn contents(certificate: &[u8]) -> &[u8] {
    let (head, _) = extent(certificate);
    let inner = &certificate[head..];
    let (head, length) = extent(inner);
    &inner[..head + length]
}

/// The lengths of head and content of an element in DER.
fn extent(element: &[u8]) -> (usize, usize) {
    match element[1] {
        short @ 0..0x80 => (2, usize::from(short)),
        long => {
            let bytes = usize::from(long & 0x7f);
            let length = element[2..2 + bytes].iter();
            (
                2 + bytes,
                length.fold(0, |length, byte| length << 8 | usize::from(*byte)),
            )
        }
    }
}

fn pem(certificate: &[u8]) -> String {
    let text = text(certificate);
    let lines: Vec<&str> = (0..text.len())
        .step_by(64)
        .map(|at| &text[at..(at + 64).min(text.len())])
        .collect();
    format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        lines.join("\n")
    )
}

fn sign(key: &EcdsaKeyPair, bytes: &[u8]) -> Vec<u8> {
    key.sign(&SystemRandom::new(), bytes)
        .unwrap()
        .as_ref()
        .to_vec()
}

fn hash(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}

fn text(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

//! Public keys in PEM.

use std::fmt;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, ED25519, ParsedPublicKey};
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::pki_types::pem::PemObject as _;

use crate::oci::Digest;

/// A key that signatures are checked with: ECDSA on P-256 with SHA-256, or Ed25519.
#[derive(Clone)]
pub struct PublicKey {
    key: ParsedPublicKey,
    fingerprint: Digest,
}

/// The text is not a key that signatures can be checked with. Says nothing of the text itself,
/// which may be a secret that got there by mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKey {
    /// There is no block.
    #[error("it is not PEM: a line `-----BEGIN PUBLIC KEY-----` is missing")]
    NotPem,
    /// There are several blocks.
    #[error("it holds several PEM blocks, and one key is one element")]
    Several,
    /// The other half of the pair.
    #[error("it is a private key, which is needed to sign and must stay where it is")]
    PrivateKey,
    /// A key in a certificate.
    #[error("it is a certificate, and not a key by itself")]
    Certificate,
    /// Another kind of block.
    #[error("it is a PEM block of another kind than `PUBLIC KEY`")]
    OtherBlock,
    /// What is in the block is no key.
    #[error("what is between its lines is cut off or damaged")]
    Damaged,
    /// A key for another algorithm.
    #[error("it is a key for {0}, and only ECDSA on P-256 and Ed25519 are supported")]
    Algorithm(&'static str),
    /// An unusual way to write a key.
    #[error("it is a P-256 key that is not written as an uncompressed point of the named curve")]
    Form,
}

impl PublicKey {
    /// Reads a key from one PEM block. Lines may be indented, as in a heredoc.
    ///
    /// # Errors
    ///
    /// Says what it is instead, and never shows it.
    pub fn from_pem(text: &str) -> Result<Self, InvalidKey> {
        only_public(text)?;
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let info = SubjectPublicKeyInfoDer::from_pem_slice(lines.join("\n").as_bytes());
        let info = info.map_err(|_damaged| InvalidKey::Damaged)?;
        let key = read(&info)?;
        Ok(Self {
            key,
            fingerprint: Digest::sha256(&info),
        })
    }

    /// The sha256 digest of the key in DER.
    #[must_use]
    pub fn fingerprint(&self) -> &Digest {
        &self.fingerprint
    }

    /// Whether the key made this signature of these bytes.
    #[must_use]
    pub fn has_signed(&self, bytes: &[u8], signature: &[u8]) -> bool {
        self.key.verify_sig(bytes, signature).is_ok()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PublicKey").field(&self.fingerprint).finish()
    }
}

/// Looks at the labels of the blocks, before anything is decoded.
fn only_public(text: &str) -> Result<(), InvalidKey> {
    let labels = text.split("-----BEGIN ").skip(1);
    let labels: Vec<&str> = labels
        .map(|rest| rest.split("-----").next().unwrap_or_default())
        .collect();
    if labels.iter().any(|label| label.ends_with("PRIVATE KEY")) {
        return Err(InvalidKey::PrivateKey);
    }
    match labels.as_slice() {
        [] => Err(InvalidKey::NotPem),
        ["PUBLIC KEY"] => Ok(()),
        ["RSA PUBLIC KEY"] => Err(InvalidKey::Algorithm("RSA")),
        ["CERTIFICATE"] => Err(InvalidKey::Certificate),
        [_] => Err(InvalidKey::OtherBlock),
        _ => Err(InvalidKey::Several),
    }
}

/// Reads a `SubjectPublicKeyInfo`. For either algorithm everything before the key itself is
/// constant.
///
/// RFC 5480 section 2, RFC 8410 section 4.
fn read(info: &[u8]) -> Result<ParsedPublicKey, InvalidKey> {
    let parsed = if let Some(point) = info.strip_prefix(P256_PREFIX) {
        ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point)
    } else if let Some(key) = info.strip_prefix(ED25519_PREFIX) {
        ParsedPublicKey::new(&ED25519, key)
    } else {
        return Err(other(info));
    };
    parsed.map_err(|_rejected| InvalidKey::Damaged)
}

/// What a key is for that is neither.
fn other(info: &[u8]) -> InvalidKey {
    let head = info.get(..HEAD_BYTES).unwrap_or(info);
    let has = |oid: &[u8]| head.windows(oid.len()).any(|window| window == oid);
    if let Some((_, name)) = OTHERS.iter().find(|(oid, _)| has(oid)) {
        return InvalidKey::Algorithm(name);
    }
    match has(EC) {
        true if has(P256) => InvalidKey::Form,
        true => InvalidKey::Algorithm("ECDSA on another curve"),
        false => InvalidKey::Damaged,
    }
}

/// Everything before the point: two sequences, the identifiers of the algorithm and of the curve,
/// and the head of a bit string of an uncompressed point.
const P256_PREFIX: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

const ED25519_PREFIX: &[u8] = &[
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// `ecPublicKey` and `prime256v1`.
const EC: &[u8] = &[0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const P256: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];

/// Object identifiers of what people have besides.
const OTHERS: [(&[u8], &str); 7] = [
    (
        &[
            0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01,
        ],
        "RSA",
    ),
    (
        &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22],
        "ECDSA on P-384",
    ),
    (
        &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23],
        "ECDSA on P-521",
    ),
    (
        &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x0a],
        "ECDSA on secp256k1",
    ),
    (&[0x06, 0x03, 0x2b, 0x65, 0x71], "Ed448"),
    (&[0x06, 0x03, 0x2b, 0x65, 0x6e], "X25519"),
    (
        &[0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01],
        "DSA",
    ),
];

/// The identifiers are within the first bytes; what follows is the key, which could look like one.
const HEAD_BYTES: usize = 32;

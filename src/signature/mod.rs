//! Signatures of images: what they say, and whether somebody made them whose signatures count.
//!
//! - `key`: public keys as practitioners have them.
//! - `payload`: what cosign's first format signs; `bundle`: Sigstore bundles, which it writes now.
//! - `keyless`: signers who are known by a certificate.
//! - `policy`: the signers and annotations that are asked for, and the check against them.
//! - `strict`: JSON that reads the same to everybody.
//!
//! # Invariants
//!
//! - Pure: bytes in, verdict out. Where signatures are found is the business of others.
//! - What was signed is read only after its signature was found right.
//! - The place where a signature was found says nothing. It counts for a digest if the signed bytes
//!   name that digest, and for nothing else.
//! - A key that is trusted needs no witness: for signatures by keys, entries of a transparency log
//!   are not read.

mod bundle;
mod key;
mod keyless;
mod payload;
mod policy;
mod strict;

pub use key::{InvalidKey, PublicKey};
pub use keyless::{Identity, InvalidTrustRoot, Keyless, TrustRoot};
pub use policy::{Asked, Differing, Policy, Refusal, Signature, Signed, Signer};

/// The media type of a layer that has what cosign's first format signs.
pub const SIMPLE_SIGNING: &str = "application/vnd.dev.cosign.simplesigning.v1+json";

/// The annotation of such a layer that has the signature.
pub const SIGNATURE_ANNOTATION: &str = "dev.cosignproject.cosign/signature";

/// The annotation of such a layer that has the certificate of a signature without a lasting key.
pub const CERTIFICATE_ANNOTATION: &str = "dev.sigstore.cosign/certificate";

/// The annotation of a bundle's manifest that has the kind of its statement.
pub const PREDICATE_ANNOTATION: &str = "dev.sigstore.bundle.predicateType";

/// Whether a media type is that of a Sigstore bundle, in whatever version.
#[must_use]
pub fn is_bundle(media_type: &str) -> bool {
    media_type.starts_with("application/vnd.dev.sigstore.bundle")
}

/// Whether a statement of this kind says that an image is signed. Others tell of its build, its
/// parts or its faults, and an image that somebody calls faulty is not one that they vouch for.
#[must_use]
pub fn is_signature(predicate: &str) -> bool {
    predicate == bundle::COSIGN_SIGN
}

#[cfg(test)]
pub(crate) mod signer;
#[cfg(test)]
mod tests;

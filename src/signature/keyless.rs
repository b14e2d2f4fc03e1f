//! Signatures with a certificate in place of a key: who signed, by the word of a Sigstore instance.
//!
//! The key of such a signature lived for some minutes. That its certificate was given to somebody,
//! that the signature was made meanwhile, and that both were written into public logs, is checked
//! against what the instance publishes of itself, and without asking it.

use std::fmt;
use std::sync::Arc;

use sigstore_verify::trust_root::TrustedRoot;
use sigstore_verify::types::{Bundle, Sha256Hash, SignatureContent};
use sigstore_verify::{Error, SubjectAltName, VerificationPolicy, Verifier};

use super::policy::Refusal;
use crate::oci::Digest;

/// What a Sigstore instance publishes, so that its signatures can be checked: `trusted_root.json`.
#[derive(Clone)]
pub struct TrustRoot {
    verifier: Arc<Verifier>,
    fingerprint: Digest,
}

/// The text is not what an instance publishes, or nobody could be known by it.
#[derive(Debug, thiserror::Error)]
pub enum InvalidTrustRoot {
    /// It cannot be read.
    #[error("it is not the `trusted_root.json` of a Sigstore instance")]
    Unreadable(#[source] sigstore_verify::trust_root::Error),
    /// A key or certificate in it cannot be used.
    #[error("a key or certificate in it cannot be used")]
    Unusable(#[source] Box<Error>),
    /// It has no authority for certificates, or no log of signatures.
    #[error("it names no authority for certificates or no log of signatures")]
    Empty,
}

/// Somebody who signs: a person or a workflow, as an issuer of tokens knows them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity {
    /// Who knows them, such as `https://token.actions.githubusercontent.com`.
    pub issuer: String,
    /// What they are called there: an address, or the URL of a workflow.
    pub subject: String,
}

/// Whose signatures count, and by whose word.
#[derive(Clone, Debug)]
pub struct Keyless {
    /// Which instance is trusted.
    pub root: TrustRoot,
    /// Those who may have signed, of whom one is enough.
    pub identities: Vec<Identity>,
}

impl TrustRoot {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// Says why nobody could be known by it.
    pub fn from_json(text: &str) -> Result<Self, InvalidTrustRoot> {
        let root = TrustedRoot::from_json(text).map_err(InvalidTrustRoot::Unreadable)?;
        if root.certificate_authorities.is_empty() || root.tlogs.is_empty() {
            return Err(InvalidTrustRoot::Empty);
        }
        let verifier = Verifier::new(&root);
        let verifier = verifier.map_err(|error| InvalidTrustRoot::Unusable(Box::new(error)))?;
        Ok(Self {
            verifier: Arc::new(verifier),
            fingerprint: Digest::sha256(text.as_bytes()),
        })
    }

    /// The sha256 digest of its text.
    #[must_use]
    pub fn fingerprint(&self) -> &Digest {
        &self.fingerprint
    }
}

impl fmt::Debug for TrustRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TrustRoot").field(&self.fingerprint).finish()
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.subject, self.issuer)
    }
}

impl Keyless {
    /// Who made a bundle for this image, and what was signed. Only a complete check counts: of the
    /// certificate, its log, the log of signatures, the moment, and the signature itself.
    pub(super) fn open(&self, image: &Digest, text: &[u8]) -> Result<(Identity, Vec<u8>), Refusal> {
        let unreadable = Refusal::Unreadable("it is no Sigstore bundle that can be checked");
        let Some(Ok(bundle)) = std::str::from_utf8(text).ok().map(Bundle::from_json) else {
            return Err(unreadable);
        };
        let SignatureContent::DsseEnvelope(envelope) = &bundle.content else {
            return Err(unreadable);
        };
        // Both digests of OCI could be meant; those of others are no images that cosign signs.
        let Ok(digest) = Sha256Hash::from_hex(image.encoded()) else {
            return Err(unreadable);
        };
        // Who it was is compared below, so that a message can name them.
        let anybody = VerificationPolicy::any_identity();
        let found = self.root.verifier.verify(digest, &bundle, &anybody);
        let found = found.map_err(|error| refusal(&error))?;
        let is_complete =
            found.certificate_verified() && found.sct_verified() && found.tlog_verified();
        if !is_complete {
            return Err(unreadable);
        }
        let subject = found.identity().map(SubjectAltName::as_str);
        let (Some(subject), Some(issuer)) = (subject, found.issuer()) else {
            return Err(Refusal::Certificate("it names nobody".to_owned()));
        };
        let signer = Identity {
            issuer: issuer.to_owned(),
            subject: subject.to_owned(),
        };
        if !self.identities.contains(&signer) {
            return Err(Refusal::OtherIdentity(signer));
        }
        // From the bundle that was checked, not from another reading of its text.
        Ok((signer, envelope.payload.as_bytes().to_vec()))
    }
}

fn refusal(error: &Error) -> Refusal {
    match error {
        Error::ArtifactMismatch(_) => Refusal::OtherImage(Vec::new()),
        Error::SignatureInvalid(_)
        | Error::Certificate(_)
        | Error::TransparencyLog(_)
        | Error::Timestamp(_) => Refusal::Certificate(error.to_string()),
        _ => Refusal::Unreadable("it is no Sigstore bundle that can be checked"),
    }
}

#[cfg(test)]
mod tests;

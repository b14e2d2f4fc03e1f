//! What is asked of a signature, and whether it is met.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;

use super::key::PublicKey;
use super::keyless::{Identity, Keyless};
use super::strict::{Names, Text};
use super::{bundle, payload};
use crate::oci::Digest;

/// Which signatures count: those by one of these keys or identities, with all of these annotations.
#[derive(Clone, Debug)]
pub struct Policy {
    keys: Vec<PublicKey>,
    keyless: Option<Keyless>,
    annotations: BTreeMap<String, String>,
}

/// What a policy asks for, to be compared.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Asked {
    keys: BTreeSet<Digest>,
    identities: BTreeSet<Identity>,
    root: Option<Digest>,
    annotations: BTreeMap<String, String>,
}

/// Something that a registry says is a signature of an image.
#[derive(Clone, Debug)]
pub enum Signature {
    /// Cosign's first format.
    Simple {
        /// What was signed.
        payload: Bytes,
        /// The signature in base64.
        signature: String,
        /// Whether a certificate tells who made it, and not a key.
        has_certificate: bool,
    },
    /// A Sigstore bundle.
    Bundle(Bytes),
}

/// Who has signed an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// Who.
    pub by: Signer,
    /// What the signer called the image, where the format has that. It decides nothing.
    pub identity: Option<String>,
}

/// Who makes signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signer {
    /// The owner of the key with this fingerprint.
    Key(Digest),
    /// Somebody who was known at that moment.
    Identity(Identity),
}

/// Why a signature does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It has not the form of a signature; says what is wrong.
    Unreadable(&'static str),
    /// Somebody else made it.
    OtherIdentity(Identity),
    /// Its certificate does not show who made it; says why.
    Certificate(String),
    /// None of the keys made it.
    OtherKey {
        /// It was made with a certificate, without a key that lasts.
        has_certificate: bool,
    },
    /// It is by somebody who may sign, and does not say that an image is signed.
    OtherStatement(String),
    /// It is by somebody who may sign, for these images as far as they are known.
    OtherImage(Vec<Digest>),
    /// It is by somebody who may sign, for this image, with other annotations.
    Annotations(Vec<Differing>),
}

/// An annotation that is not what is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Differing {
    /// Its name.
    pub name: String,
    /// What it has to be.
    pub wanted: String,
    /// What it is, if it is there as text.
    pub found: Option<String>,
}

/// What signed bytes say.
#[derive(Debug)]
pub(super) struct Claim {
    /// Images, with what is said of each.
    pub(super) images: Vec<(Digest, Names<Text>)>,
    /// What the signer called the image.
    pub(super) identity: Option<String>,
}

impl Policy {
    /// Asks for these.
    #[must_use]
    pub fn new(keys: Vec<PublicKey>, annotations: BTreeMap<String, String>) -> Self {
        Self {
            keys,
            keyless: None,
            annotations,
        }
    }

    /// The same with signers who are known by certificates.
    #[must_use]
    pub fn or_by(self, keyless: Keyless) -> Self {
        Self {
            keyless: Some(keyless),
            ..self
        }
    }

    /// Those who may sign without a key, of whom one is enough.
    #[must_use]
    pub fn identities(&self) -> &[Identity] {
        self.keyless
            .as_ref()
            .map_or(&[], |keyless| &keyless.identities)
    }

    /// The keys, of which one is enough.
    #[must_use]
    pub fn keys(&self) -> &[PublicKey] {
        &self.keys
    }

    /// The same for policies that let the same signatures count.
    #[must_use]
    pub fn asked(&self) -> Asked {
        let keys = self.keys.iter().map(PublicKey::fingerprint);
        let root = self
            .keyless
            .as_ref()
            .map(|keyless| keyless.root.fingerprint());
        Asked {
            keys: keys.cloned().collect(),
            identities: self.identities().iter().cloned().collect(),
            root: root.cloned(),
            annotations: self.annotations.clone(),
        }
    }

    /// Whether a signature says that this image is signed as it is asked for.
    ///
    /// # Errors
    ///
    /// Says why it does not count.
    pub fn check(&self, image: &Digest, signature: &Signature) -> Result<Signed, Refusal> {
        let (by, claim) = match signature {
            Signature::Simple {
                payload,
                signature,
                has_certificate,
            } => {
                let decoded = BASE64_STANDARD.decode(signature);
                let decoded = decoded.map_err(|_base64| Refusal::Unreadable("it is not base64"))?;
                let by = self.signer(payload, &decoded, *has_certificate)?;
                (by, payload::read(payload)?)
            }
            Signature::Bundle(bytes) => {
                let (by, payload) = self.open(image, bytes)?;
                (by, bundle::read(&payload)?)
            }
        };
        self.meets(image, &claim)?;
        Ok(Signed {
            by,
            identity: claim.identity,
        })
    }

    fn signer(
        &self,
        signed: &[u8],
        signature: &[u8],
        has_certificate: bool,
    ) -> Result<Signer, Refusal> {
        let mut keys = self.keys.iter();
        let key = keys.find(|key| key.has_signed(signed, signature));
        key.map(|key| Signer::Key(key.fingerprint().clone()))
            .ok_or(Refusal::OtherKey { has_certificate })
    }

    /// Who made a bundle, and what was signed.
    fn open(&self, image: &Digest, bytes: &[u8]) -> Result<(Signer, Vec<u8>), Refusal> {
        let envelope = bundle::open(bytes)?;
        let has_certificate = envelope.has_certificate;
        match &self.keyless {
            Some(keyless) if has_certificate => {
                let (signer, payload) = keyless.open(image, bytes)?;
                Ok((Signer::Identity(signer), payload))
            }
            _ => {
                let by = self.signer(&envelope.signed, &envelope.signature, has_certificate)?;
                Ok((by, envelope.payload))
            }
        }
    }

    fn meets(&self, image: &Digest, claim: &Claim) -> Result<(), Refusal> {
        let mut differing = None;
        for (_, annotations) in claim.images.iter().filter(|(digest, _)| digest == image) {
            let found = self.differing(annotations);
            if found.is_empty() {
                return Ok(());
            }
            differing = Some(found);
        }
        Err(match differing {
            Some(differing) => Refusal::Annotations(differing),
            None => {
                let images = claim.images.iter().map(|(digest, _)| digest.clone());
                Refusal::OtherImage(images.collect())
            }
        })
    }

    fn differing(&self, annotations: &Names<Text>) -> Vec<Differing> {
        let asked = self.annotations.iter();
        let differing = asked.filter_map(|(name, wanted)| {
            let found = match annotations.0.get(name) {
                Some(Text::Is(found)) => Some(found.clone()),
                Some(Text::IsNot) | None => None,
            };
            (found.as_ref() != Some(wanted)).then(|| Differing {
                name: name.clone(),
                wanted: wanted.clone(),
                found,
            })
        });
        differing.collect()
    }
}

impl fmt::Display for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(fingerprint) => write!(f, "key {fingerprint}"),
            Self::Identity(identity) => write!(f, "{identity}"),
        }
    }
}

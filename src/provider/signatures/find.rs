//! Where signatures of an image are, and what is there.
//!
//! Cosign's tag comes first, because it costs no pull to learn that there is none; then what the
//! registry lists as referring to the image. The first signature that counts ends the search.

use std::sync::Arc;

use crate::content::{Error, ErrorKind};
use crate::oci::{Child, CosignTag, Descriptor, Digest, Manifest, Version};
use crate::signature::{
    CERTIFICATE_ANNOTATION, PREDICATE_ANNOTATION, Policy, Refusal, SIGNATURE_ANNOTATION,
    SIMPLE_SIGNING, Signature, Signed, is_bundle, is_signature,
};

use super::{Findings, Reading, Verdict};

/// Looks for a signature of an image that counts.
pub(super) async fn verdict(
    reading: Reading<'_>,
    image: &Digest,
    policy: &Policy,
) -> Result<Verdict, Error> {
    let mut search = Search {
        reading,
        image,
        policy,
        found: Findings::default(),
        manifests: 0,
    };
    let signed = match search.under_tag().await? {
        Some(signed) => Some(signed),
        None => search.among_referrers().await?,
    };
    let Some(signed) = signed else {
        return Ok(Err(Arc::new(search.found)));
    };
    tracing::info!(
        source = %reading.source.repository(),
        digest = %image,
        by = %signed.by,
        identity = signed.identity.as_deref(),
        manifests = search.manifests,
        "image signature verified"
    );
    Ok(Ok(signed))
}

struct Search<'a> {
    reading: Reading<'a>,
    image: &'a Digest,
    policy: &'a Policy,
    found: Findings,
    /// Manifests looked at so far, each of which may be a pull.
    manifests: usize,
}

impl Search<'_> {
    /// Looks at what cosign keeps under the tag `sha256-….sig`.
    async fn under_tag(&mut self) -> Result<Option<Signed>, Error> {
        let Reading { cx, source, .. } = self.reading;
        let tag = Version::Tag(CosignTag::Signature.of(self.image));
        match source.find(cx, &tag).await? {
            Some(tagged) => self.look_at(&tagged.digest).await,
            None => Ok(None),
        }
    }

    /// Looks at what refers to the image and may be a signature.
    async fn among_referrers(&mut self) -> Result<Option<Signed>, Error> {
        let Reading { cx, engine, source } = self.reading;
        let referrers = engine.referrers(cx, source, self.image).await?;
        for referrer in referrers.iter().filter(|it| may_be_signature(it)) {
            if let Some(signed) = self.look_at(&referrer.digest).await? {
                return Ok(Some(signed));
            }
        }
        Ok(None)
    }

    /// Looks at every signature that a manifest lists.
    async fn look_at(&mut self, digest: &Digest) -> Result<Option<Signed>, Error> {
        if self.manifests >= MANIFESTS {
            self.found.has_more = true;
            return Ok(None);
        }
        self.manifests += 1;
        let Reading { cx, engine, source } = self.reading;
        let read = engine.read_manifest(cx, source, digest).await;
        let Some(manifest) = self.readable(read)? else {
            return Ok(None);
        };
        for layer in signatures(&manifest) {
            if self.found.refusals.len() >= SIGNATURES {
                self.found.has_more = true;
                return Ok(None);
            }
            if let Some(signed) = self.check(layer).await? {
                return Ok(Some(signed));
            }
        }
        Ok(None)
    }

    async fn check(&mut self, layer: &Descriptor) -> Result<Option<Signed>, Error> {
        let is_bundle = is_bundle(layer.media_type.as_str());
        let limit = if is_bundle {
            BUNDLE_BYTES
        } else {
            PAYLOAD_BYTES
        };
        if layer.size > limit {
            self.refuse(Refusal::Unreadable("it is larger than any signature"));
            return Ok(None);
        }
        let Reading { cx, engine, source } = self.reading;
        let read = engine.read_blob(cx, source, layer).await;
        let Some(bytes) = self.readable(read)? else {
            return Ok(None);
        };
        let signature = match is_bundle {
            true => Signature::Bundle(bytes),
            false => Signature::Simple {
                payload: bytes,
                signature: annotation(layer, SIGNATURE_ANNOTATION).unwrap_or_default(),
                has_certificate: annotation(layer, CERTIFICATE_ANNOTATION).is_some(),
            },
        };
        match self.policy.check(self.image, &signature) {
            Ok(signed) => Ok(Some(signed)),
            Err(refusal) => {
                self.refuse(refusal);
                Ok(None)
            }
        }
    }

    /// What was read. Content that is not what it should be is the fault of one signature, and
    /// another one may count. After any other failure nobody knows what else there is.
    fn readable<T>(&mut self, read: Result<T, Error>) -> Result<Option<T>, Error> {
        match read {
            Ok(read) => Ok(Some(read)),
            Err(error) if is_about_content(error.kind()) => {
                tracing::warn!(digest = %self.image, %error, "a signature cannot be read");
                self.refuse(Refusal::Unreadable(
                    "the registry does not hand out what it lists",
                ));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn refuse(&mut self, refusal: Refusal) {
        self.found.refusals.push(refusal);
    }
}

/// Whether something that refers to an image may be a signature of it. A list need not say what its
/// entries are; then they are looked at.
fn may_be_signature(referrer: &Descriptor) -> bool {
    let Some(kind) = referrer.artifact_type.as_deref() else {
        return !referrer.media_type.is_index();
    };
    let predicate = referrer.annotations.get(PREDICATE_ANNOTATION);
    match is_bundle(kind) {
        true => predicate.is_none_or(|predicate| is_signature(predicate)),
        false => kind == COSIGN_REFERRER,
    }
}

/// The layers of a manifest that are signatures.
fn signatures(manifest: &Manifest) -> impl Iterator<Item = &Descriptor> {
    let is_signature = |layer: &Descriptor| {
        let media_type = layer.media_type.as_str();
        media_type == SIMPLE_SIGNING || is_bundle(media_type)
    };
    let layers = manifest.children().iter().filter_map(|child| match child {
        Child::Layer(layer) => Some(layer),
        Child::Config(_) | Child::Manifest(_) => None,
    });
    layers.filter(move |layer| is_signature(layer))
}

fn annotation(layer: &Descriptor, name: &str) -> Option<String> {
    layer.annotations.get(name).cloned()
}

/// Whether a failure is about what was to be read, and not about reading.
fn is_about_content(kind: &ErrorKind) -> bool {
    match kind {
        ErrorKind::NotFound
        | ErrorKind::WrongDigest { .. }
        | ErrorKind::WrongSize { .. }
        | ErrorKind::Refused
        | ErrorKind::TooLarge { .. } => true,
        ErrorKind::RepositoryNotFound
        | ErrorKind::Denied
        | ErrorKind::PullLimit(_)
        | ErrorKind::Throttled { .. }
        | ErrorKind::DataLimit
        | ErrorKind::Interrupted
        | ErrorKind::UploadLost
        | ErrorKind::ChildMissing
        | ErrorKind::TagImmutable
        | ErrorKind::Unavailable
        | ErrorKind::Protocol
        | ErrorKind::Misconfigured
        | ErrorKind::Stopped(_) => false,
    }
}

/// What cosign 2 calls its signatures where it attaches them as referrers.
const COSIGN_REFERRER: &str = "application/vnd.dev.cosign.artifact.sig.v1+json";

/// Manifests that are looked at for one image. Images that are signed again with every build of the
/// same bytes have some; each of them may cost a pull.
const MANIFESTS: usize = 32;

/// Signatures that are looked at for one image.
const SIGNATURES: usize = 128;

/// A payload has some 300 bytes, and what annotations add.
const PAYLOAD_BYTES: u64 = 64 << 10;

/// A bundle has some 2 KiB, and what proofs of a transparency log add.
const BUNDLE_BYTES: u64 = 1 << 20;

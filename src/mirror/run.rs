//! One copy in progress: both sides, what it shares with others, what it counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use super::error::{Error, Side, Step};
use super::places::Author;
use super::reading;
use super::shared::{At, Shared, permit};
use super::verified::Origin;
use super::walk;
use crate::content::{self, Destination, ErrorKind, Probing, Source};
use crate::oci::{Descriptor, Digest, Manifest, Version};
use crate::task::{Activity, Context};

/// One copy in progress. Its tasks share it.
pub(super) struct Run {
    pub(super) shared: Arc<Shared>,
    pub(super) source: Arc<dyn Source>,
    pub(super) destination: Arc<dyn Destination>,
    /// How others wait for what this one puts.
    pub(super) author: Author,
    /// Whether it makes sense to ask the destination for a digest that nobody has put there yet.
    asks: AtomicBool,
    /// What it has done so far.
    pub(super) activity: Activity,
    /// Blobs written.
    pub(super) moved_blobs: AtomicUsize,
    /// Their bytes.
    pub(super) moved_bytes: AtomicU64,
}

/// A manifest, and whether the destination has it.
#[derive(Clone, Debug)]
pub(super) struct Located {
    pub(super) manifest: Manifest,
    pub(super) is_present: bool,
}

/// The bytes of a manifest are right, but its children and tags could not name it.
#[derive(Debug, thiserror::Error)]
#[error("manifests that are addressed by another digest than sha256 cannot be copied")]
struct ForeignAlgorithm;

impl Run {
    pub(super) fn new(
        shared: &Arc<Shared>,
        activity: &Activity,
        source: Arc<dyn Source>,
        destination: Arc<dyn Destination>,
    ) -> Self {
        Self {
            shared: Arc::clone(shared),
            asks: AtomicBool::new(true),
            source,
            destination,
            author: shared.places.author(),
            activity: activity.clone(),
            moved_blobs: AtomicUsize::new(0),
            moved_bytes: AtomicU64::new(0),
        }
    }

    /// Learns whether a tag of the job exists at the destination: if none does, the repository is
    /// likely to have nothing of the image. Asking it for each digest pays then only where it saves
    /// pulls.
    pub(super) fn expect(&self, has_tag: bool) {
        let asks = match self.destination.probing() {
            Probing::Needless => false,
            Probing::Cheap => true,
            Probing::Costly => has_tag || self.source.counts_pulls(),
        };
        self.asks.store(asks, Ordering::Relaxed);
    }

    /// What was believed about the destination was wrong: it is asked from now on.
    pub(super) fn ask_always(&self) {
        self.asks.store(true, Ordering::Relaxed);
    }

    /// Whether it makes sense to ask the destination for a digest that nobody has put there yet.
    pub(super) fn asks(&self) -> bool {
        self.asks.load(Ordering::Relaxed)
    }

    /// Finds a manifest at the destination, else at the source.
    pub(super) async fn locate(&self, cx: &Context, digest: &Digest) -> Result<Located, Error> {
        let there = self.at_destination(digest);
        let is_known = self.shared.present.contains(&there);
        if let Some(manifest) = self.shared.manifests.get(digest) {
            let is_present = is_known || (self.asks() && self.is_present(cx, digest).await?);
            return Ok(Located {
                manifest,
                is_present,
            });
        }
        // Most often it is not there, and reading it could count as a pull there.
        if (is_known || (self.asks() && self.is_present(cx, digest).await?))
            && let Some(manifest) = self.read_there(cx, digest).await?
        {
            return Ok(Located {
                manifest,
                is_present: true,
            });
        }
        Ok(Located {
            manifest: self.read_here(cx, digest).await?,
            is_present: false,
        })
    }

    /// The same, forgetting first what was believed about the destination.
    pub(super) async fn locate_anew(
        &self,
        cx: &Context,
        digest: &Digest,
    ) -> Result<Located, Error> {
        self.doubt(digest);
        let found = self.read_there(cx, digest).await?;
        let is_present = found.is_some();
        let manifest = match found {
            Some(manifest) => manifest,
            None => self.read_here(cx, digest).await?,
        };
        Ok(Located {
            manifest,
            is_present,
        })
    }

    /// Whether the destination has a manifest, asked now.
    pub(super) async fn is_present(&self, cx: &Context, digest: &Digest) -> Result<bool, Error> {
        let failed = |error| Error::new(Side::Destination, Step::Resolve, digest, error);
        let _permit = permit(cx, &self.shared.requests)
            .await
            .map_err(|stopped| failed(stopped.into()))?;
        let version = Version::Digest(digest.clone());
        let found = flat(cx.run(self.destination.resolve(cx, &version)).await).map_err(failed)?;
        if found.is_some() {
            self.shared.present.note(self.at_destination(digest));
        }
        Ok(found.is_some())
    }

    /// Reads a manifest at the destination, which costs no pull.
    pub(super) async fn read_there(
        &self,
        cx: &Context,
        digest: &Digest,
    ) -> Result<Option<Manifest>, Error> {
        let failed = |error| Error::new(Side::Destination, Step::ReadManifest, digest, error);
        let there = self.at_destination(digest);
        if self.shared.present.contains(&there)
            && let Some(manifest) = self.shared.manifests.get(digest)
        {
            return Ok(Some(manifest));
        }
        let _permit = permit(cx, &self.shared.requests)
            .await
            .map_err(|stopped| failed(stopped.into()))?;
        let found = flat(cx.run(self.destination.manifest(cx, digest)).await).map_err(failed)?;
        let Some(manifest) = found else {
            // Whatever said that it is there was wrong.
            self.shared.present.forget(&there);
            return Ok(None);
        };
        verify(&manifest, digest).map_err(failed)?;
        self.shared.present.note(there);
        self.shared.manifests.put(manifest.clone());
        Ok(Some(manifest))
    }

    /// Reads a manifest at the source, unless a copy in this process has read it, wherever. Copies
    /// that want the same one at the same moment cause one read.
    pub(super) async fn read_here(&self, cx: &Context, digest: &Digest) -> Result<Manifest, Error> {
        let read = reading::manifest(&self.shared, cx, &*self.source, digest).await;
        read.map_err(|error| Error::new(Side::Source, Step::ReadManifest, digest, error))
    }

    /// The source, as where blobs come from.
    pub(super) fn origin(&self) -> Origin {
        Origin::Source(Arc::clone(&self.source))
    }

    pub(super) fn at_destination(&self, digest: &Digest) -> At {
        (self.destination.repository().clone(), digest.clone())
    }

    /// Notes that the destination has a blob.
    pub(super) fn has_blob(&self, digest: &Digest) {
        self.shared.present.note(self.at_destination(digest));
        let places = &self.shared.places;
        places.hold(&self.author, &self.destination, digest);
    }

    /// Notes that the destination has a manifest, and so all blobs that it lists.
    pub(super) fn has_manifest(&self, manifest: &Manifest) {
        let there = self.at_destination(manifest.digest());
        self.shared.present.note(there);
        self.shared.manifests.put(manifest.clone());
        let blobs = walk::blobs(manifest).map(|blob| &blob.digest);
        let places = &self.shared.places;
        places.refer(&self.author, &self.destination, blobs);
    }

    /// Forgets that the destination has something.
    pub(super) fn doubt(&self, digest: &Digest) {
        self.shared.present.forget(&self.at_destination(digest));
        let repository = self.destination.repository();
        self.shared.places.forget(repository, digest);
    }

    /// Notes that a blob was written.
    pub(super) fn count_moved(&self, blob: &Descriptor) {
        self.moved_blobs.fetch_add(1, Ordering::Relaxed);
        self.moved_bytes.fetch_add(blob.size, Ordering::Relaxed);
    }
}

/// A stop and a failure of a store are both failures of the store call.
pub(super) fn flat<T>(
    result: Result<Result<T, content::Error>, crate::task::Stopped>,
) -> Result<T, content::Error> {
    result?
}

/// The stores verify what they hand out; this makes sure.
pub(super) fn verify(manifest: &Manifest, digest: &Digest) -> Result<(), content::Error> {
    if manifest.digest() == digest {
        Ok(())
    } else if digest.matches(manifest.bytes()) {
        Err(content::Error::new(ErrorKind::Refused, ForeignAlgorithm))
    } else {
        let expected = digest.clone();
        Err(ErrorKind::WrongDigest { expected }.into())
    }
}

//! What the copies of one process know in common.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::claims::Claims;
use super::job::Limits;
use super::places::Places;
use super::turns::Turns;
use crate::oci::{Digest, Manifest, Repository};
use crate::task::{Context, Stopped};

/// Content at a place.
pub(super) type At = (Repository, Digest);

/// One per engine. All of it is optimisation: losing any entry costs requests, not correctness.
///
/// Content is known by its digest here, wherever it was read. Whoever asks for a digest has it from
/// what its own source resolved or listed, with its own credentials: that is the proof that it may
/// have the bytes.
#[derive(Debug)]
pub(super) struct Shared {
    /// Manifests read.
    pub(super) manifests: Manifests,
    /// Who reads which manifest from a source.
    pub(super) reading: Arc<Turns<Digest>>,
    /// Who reads which blob from a source.
    pub(super) fetching: Arc<Claims<Digest>>,
    /// Configurations read to learn a platform.
    pub(super) configs: Configs,
    /// Where else blobs can be read.
    pub(super) places: Arc<Places>,
    /// What is at which destination.
    pub(super) present: Present,
    /// What a destination itself lists as referring to something else.
    pub(super) listed: Present,
    /// Who writes what to which destination.
    pub(super) writing: Arc<Turns<At>>,
    /// Who adds to the list of what refers to which manifest.
    pub(super) listing: Arc<Turns<At>>,
    /// Blobs in flight.
    pub(super) transfers: Transfers,
    /// Manifests being read from sources. Apart from the other side, so that a source that makes
    /// us wait does not hold up what the destinations can do.
    pub(super) pulls: Arc<Semaphore>,
    /// Questions about manifests and tags at destinations.
    pub(super) requests: Arc<Semaphore>,
}

impl Shared {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            manifests: Manifests::default(),
            reading: Arc::new(Turns::new(|digest| {
                format!("another copy that reads {digest} from a source")
            })),
            fetching: Arc::new(Claims::new()),
            configs: Configs::default(),
            places: Arc::default(),
            present: Present::default(),
            listed: Present::default(),
            writing: Arc::new(Turns::new(|(repository, digest)| {
                format!("another copy that brings {digest} to `{repository}`")
            })),
            listing: Arc::new(Turns::new(|(repository, digest)| {
                format!("another copy that lists what refers to {digest} in `{repository}`")
            })),
            transfers: Transfers::new(limits.transfers),
            pulls: Arc::new(Semaphore::new(REQUESTS)),
            requests: Arc::new(Semaphore::new(REQUESTS)),
        }
    }
}

/// The manifests used last, up to [`MANIFEST_BYTES`].
#[derive(Debug, Default)]
pub(super) struct Manifests {
    inner: Mutex<Recent>,
}

#[derive(Debug, Default)]
struct Recent {
    entries: HashMap<Digest, (u64, Manifest)>,
    by_use: BTreeMap<u64, Digest>,
    uses: u64,
    bytes: usize,
}

impl Manifests {
    pub(super) fn get(&self, digest: &Digest) -> Option<Manifest> {
        let mut recent = lock(&self.inner);
        let manifest = recent.remove(digest)?;
        recent.insert(manifest.clone());
        Some(manifest)
    }

    pub(super) fn put(&self, manifest: Manifest) {
        let mut recent = lock(&self.inner);
        recent.remove(manifest.digest());
        recent.insert(manifest);
        while recent.bytes > MANIFEST_BYTES && recent.forget_oldest() {}
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        lock(&self.inner).bytes
    }
}

impl Recent {
    fn insert(&mut self, manifest: Manifest) {
        let digest = manifest.digest().clone();
        self.uses += 1;
        self.bytes += weight(&manifest);
        self.by_use.insert(self.uses, digest.clone());
        self.entries.insert(digest, (self.uses, manifest));
    }

    fn remove(&mut self, digest: &Digest) -> Option<Manifest> {
        let (used, manifest) = self.entries.remove(digest)?;
        self.by_use.remove(&used);
        self.bytes -= weight(&manifest);
        Some(manifest)
    }

    fn forget_oldest(&mut self) -> bool {
        let oldest = self.by_use.first_key_value();
        let oldest = oldest.map(|(_, digest)| digest.clone());
        oldest.is_some_and(|digest| self.remove(&digest).is_some())
    }
}

/// The text, and about as much again as its view takes.
fn weight(manifest: &Manifest) -> usize {
    manifest.bytes().len() + 256 * (1 + manifest.children().len())
}

/// Configurations that were read whole, up to [`CONFIG_BYTES`] of them.
#[derive(Debug, Default)]
pub(super) struct Configs {
    read: Mutex<(HashMap<Digest, Bytes>, usize)>,
}

impl Configs {
    pub(super) fn get(&self, digest: &Digest) -> Option<Bytes> {
        lock(&self.read).0.get(digest).cloned()
    }

    pub(super) fn put(&self, digest: Digest, bytes: Bytes) {
        let mut read = lock(&self.read);
        let (configs, weight) = &mut *read;
        if *weight + bytes.len() > CONFIG_BYTES {
            configs.clear();
            *weight = 0;
        }
        *weight += bytes.len();
        configs.insert(digest, bytes);
    }
}

/// Blobs and manifests that are known to be at a destination.
#[derive(Debug, Default)]
pub(super) struct Present {
    known: Mutex<HashSet<At>>,
}

impl Present {
    pub(super) fn contains(&self, at: &At) -> bool {
        lock(&self.known).contains(at)
    }

    pub(super) fn note(&self, at: At) {
        let mut known = lock(&self.known);
        if known.len() >= KNOWN {
            known.clear();
        }
        known.insert(at);
    }

    pub(super) fn forget(&self, at: &At) {
        lock(&self.known).remove(at);
    }
}

/// Permits for blobs in flight.
///
/// A big blob needs one of the big permits first, of which there are fewer, so small blobs always
/// find the rest of the permits among themselves.
#[derive(Debug)]
pub(super) struct Transfers {
    all: Arc<Semaphore>,
    big: Arc<Semaphore>,
}

/// The right to wait for a permit.
#[derive(Debug)]
pub(super) struct Place<'a> {
    all: &'a Arc<Semaphore>,
    big: Option<OwnedSemaphorePermit>,
}

/// One blob may be in flight until this is dropped.
#[derive(Debug)]
pub(super) struct Permit {
    _all: OwnedSemaphorePermit,
    big: Option<OwnedSemaphorePermit>,
}

impl Transfers {
    fn new(transfers: usize) -> Self {
        let all = transfers.clamp(1, Semaphore::MAX_PERMITS);
        let big = (all / 2).max(1);
        Self {
            all: Arc::new(Semaphore::new(all)),
            big: Arc::new(Semaphore::new(big)),
        }
    }

    /// Waits for a place among blobs of this size: the first step to a permit. Small ones always
    /// have one.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub(super) async fn line_up(&self, cx: &Context, bytes: u64) -> Result<Place<'_>, Stopped> {
        let big = match is_big(bytes) {
            true => Some(permit(cx, &self.big).await?),
            false => None,
        };
        Ok(Place {
            all: &self.all,
            big,
        })
    }

    #[cfg(test)]
    pub(super) fn available(&self) -> (usize, usize) {
        (self.all.available_permits(), self.big.available_permits())
    }
}

impl<'a> Place<'a> {
    /// The permit, if there is one now.
    pub(super) fn try_permit(self) -> Result<Permit, Self> {
        match Arc::clone(self.all).try_acquire_owned() {
            Ok(all) => Ok(Permit {
                _all: all,
                big: self.big,
            }),
            Err(_none) => Err(self),
        }
    }

    /// Gives a permit up and keeps the place.
    pub(super) fn without(permit: Permit, transfers: &'a Transfers) -> Self {
        Self {
            all: &transfers.all,
            big: permit.big,
        }
    }

    /// Waits for the permit itself. Once a blob has a place, this takes no longer than some small
    /// blob.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub(super) async fn permit(self, cx: &Context) -> Result<Permit, Stopped> {
        Ok(Permit {
            _all: permit(cx, self.all).await?,
            big: self.big,
        })
    }
}

/// Waits for a permit of a semaphore that nobody closes.
pub(super) async fn permit(
    cx: &Context,
    permits: &Arc<Semaphore>,
) -> Result<OwnedSemaphorePermit, Stopped> {
    let _waits = cx.waits_for("a permit: as many others as may be are under way");
    let permit = cx.run(Arc::clone(permits).acquire_owned()).await?;
    permit.map_err(|_closed| Stopped::Cancelled)
}

/// Whether a blob takes so long that others must not wait for it.
pub(super) fn is_big(bytes: u64) -> bool {
    bytes > SMALL_BLOB_BYTES
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Manifests kept in memory. A base image's index and its children weigh some 20 KiB, so this is
/// enough for more than a thousand images.
const MANIFEST_BYTES: usize = 32 << 20;

/// Configurations kept in memory: a thousand usual ones. When it is full it starts afresh.
const CONFIG_BYTES: usize = 8 << 20;

/// Entries of the set of known content; some 20 MiB. When it is full it starts afresh.
const KNOWN: usize = 1 << 17;

/// Requests about manifests at once, on either side: enough to ask for all children of a usual
/// index in one round trip, few enough not to look like an attack.
const REQUESTS: usize = 16;

/// Up to here a blob is moved in about the time of its round trips.
const SMALL_BLOB_BYTES: u64 = 1 << 20;

#[cfg(test)]
mod tests;

//! Where blobs can be read besides their source: at the destinations of this process.
//!
//! A registry may serve a blob as soon as it has it, or only when an image refers to it: that is
//! how the API of private ECR is documented, and nobody promises more for ECR Public. So a blob is
//! *held* from its commit on, and *referred to* once a manifest that lists it was put. A registry
//! that once refused what it merely held is *shy*: its blobs are read when an image refers to them.
//!
//! # Invariants
//!
//! - Whoever waits here holds neither a turn nor a permit.
//! - Nobody waits in a circle: a wait that would close one is not begun.
//! - All of it is optimisation: whoever finds nothing here reads the source.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::content::{Destination, ErrorKind};
use crate::oci::{Digest, Repository};
use crate::task::{Context, Stopped};

/// The blobs that destinations of this process hold, as far as it knows.
#[derive(Debug, Default)]
pub(super) struct Places {
    state: Mutex<State>,
    runs: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    places: HashMap<Repository, Arc<Place>>,
    holdings: HashMap<Digest, Vec<Holding>>,
    count: usize,
    /// Registries that refused a blob to which no image referred.
    shy: HashSet<String>,
    waits: Waits,
}

/// A destination that blobs can be read from, with the credentials of the run that came first.
struct Place {
    destination: Arc<dyn Destination>,
    readers: AtomicUsize,
}

/// A blob at a place.
#[derive(Debug)]
struct Holding {
    place: Arc<Place>,
    /// The run whose image will refer to it; `None` once one does.
    promised: Option<Promise>,
}

/// What is known of a run that will put an image.
#[derive(Clone, Debug)]
struct Promise {
    run: u64,
    /// Changes with every image, and closes with the run.
    images: watch::Receiver<()>,
}

/// A run, as those know it who wait for its images.
#[derive(Debug)]
pub(super) struct Author {
    run: u64,
    images: watch::Sender<()>,
}

/// How to come by a blob.
#[derive(Debug)]
pub(super) enum Choice {
    /// Read it there.
    Read(Reading),
    /// Come back after this.
    Wait(Waiting),
    /// Nobody else has it.
    Source,
}

/// Somebody reads a blob at a place.
#[derive(Debug)]
pub(super) struct Reading {
    places: Arc<Places>,
    place: Arc<Place>,
    digest: Digest,
    is_referred: bool,
}

/// Somebody waits for an image of another run.
#[derive(Debug)]
pub(super) struct Waiting {
    places: Arc<Places>,
    edge: (u64, u64),
    images: watch::Receiver<()>,
}

/// Which run waits for which, and how often.
#[derive(Debug, Default)]
struct Waits(BTreeMap<(u64, u64), usize>);

impl Places {
    /// A new run.
    pub(super) fn author(&self) -> Author {
        Author {
            run: self.runs.fetch_add(1, Ordering::Relaxed),
            images: watch::Sender::new(()),
        }
    }

    /// Notes that a destination has a blob which an image of `author` will refer to.
    pub(super) fn hold(
        &self,
        author: &Author,
        destination: &Arc<dyn Destination>,
        digest: &Digest,
    ) {
        let promise = Promise {
            run: author.run,
            images: author.images.subscribe(),
        };
        self.lock().put(destination, digest, Some(promise));
    }

    /// Notes that an image at a destination refers to these blobs.
    pub(super) fn refer<'a>(
        &self,
        author: &Author,
        destination: &Arc<dyn Destination>,
        digests: impl Iterator<Item = &'a Digest>,
    ) {
        let mut state = self.lock();
        for digest in digests {
            state.put(destination, digest, None);
        }
        drop(state);
        author.images.send_replace(());
    }

    /// Forgets that a repository has a blob.
    pub(super) fn forget(&self, repository: &Repository, digest: &Digest) {
        self.lock().remove(repository, digest);
    }

    /// Where a run may read a blob that it wants in `wanted_at`: of several places, the one with
    /// the fewest readers.
    pub(super) fn choose(
        self: &Arc<Self>,
        author: &Author,
        wanted_at: &Repository,
        digest: &Digest,
    ) -> Choice {
        let mut state = self.lock();
        let State {
            holdings,
            shy,
            waits,
            ..
        } = &mut *state;
        let Some(holdings) = holdings.get(digest) else {
            return Choice::Source;
        };
        let elsewhere = || {
            let is_elsewhere = |holding: &&Holding| holding.place.repository() != wanted_at;
            holdings.iter().filter(is_elsewhere)
        };
        let readable = elsewhere().filter(|holding| holding.is_readable(shy));
        if let Some(holding) = readable.min_by_key(|holding| holding.place.readers()) {
            return Choice::Read(Reading::begin(self, holding, digest));
        }
        for promise in elsewhere().filter_map(|holding| holding.promised.as_ref()) {
            let is_alive = promise.images.has_changed().is_ok();
            if is_alive && waits.begin(author.run, promise.run) {
                let mut images = promise.images.clone();
                images.mark_unchanged();
                return Choice::Wait(Waiting {
                    places: Arc::clone(self),
                    edge: (author.run, promise.run),
                    images,
                });
            }
        }
        Choice::Source
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many runs wait, and how many read.
    #[cfg(test)]
    pub(super) fn busy(&self) -> (usize, usize) {
        let state = self.lock();
        let readers = state.places.values().map(|place| place.readers());
        (state.waits.0.len(), readers.sum())
    }

    /// Forgets everything.
    #[cfg(test)]
    pub(super) fn clear(&self) {
        *self.lock() = State::default();
    }
}

impl State {
    fn put(
        &mut self,
        destination: &Arc<dyn Destination>,
        digest: &Digest,
        promised: Option<Promise>,
    ) {
        if self.count >= HOLDINGS {
            self.holdings.clear();
            self.places.clear();
            self.count = 0;
        }
        let repository = destination.repository();
        let holdings = self.holdings.entry(digest.clone()).or_default();
        let known = holdings
            .iter_mut()
            .find(|holding| holding.place.repository() == repository);
        match known {
            // What an image refers to stays referred to, whoever promises another one.
            Some(holding) => {
                if holding.promised.is_some() {
                    holding.promised = promised;
                }
            }
            None => {
                let place = self.places.entry(repository.clone());
                let place = place.or_insert_with(|| Place::of(destination));
                holdings.push(Holding {
                    place: Arc::clone(place),
                    promised,
                });
                self.count += 1;
            }
        }
    }

    fn remove(&mut self, repository: &Repository, digest: &Digest) {
        let Some(holdings) = self.holdings.get_mut(digest) else {
            return;
        };
        let before = holdings.len();
        holdings.retain(|holding| holding.place.repository() != repository);
        self.count -= before - holdings.len();
        if holdings.is_empty() {
            self.holdings.remove(digest);
        }
    }
}

impl Place {
    fn of(destination: &Arc<dyn Destination>) -> Arc<Self> {
        Arc::new(Self {
            destination: Arc::clone(destination),
            readers: AtomicUsize::new(0),
        })
    }

    fn repository(&self) -> &Repository {
        self.destination.repository()
    }

    fn readers(&self) -> usize {
        self.readers.load(Ordering::Relaxed)
    }
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Place").field(self.repository()).finish()
    }
}

impl Holding {
    fn is_readable(&self, shy: &HashSet<String>) -> bool {
        self.promised.is_none() || !shy.contains(self.place.repository().registry())
    }
}

impl Reading {
    fn begin(places: &Arc<Places>, holding: &Holding, digest: &Digest) -> Self {
        holding.place.readers.fetch_add(1, Ordering::Relaxed);
        Self {
            places: Arc::clone(places),
            place: Arc::clone(&holding.place),
            digest: digest.clone(),
            is_referred: holding.promised.is_none(),
        }
    }

    /// What it reads from.
    pub(super) fn destination(&self) -> &Arc<dyn Destination> {
        &self.place.destination
    }

    /// It did not work: the next choice is another one.
    pub(super) fn failed(self, kind: &ErrorKind) {
        let is_refusal = matches!(
            kind,
            ErrorKind::NotFound | ErrorKind::Denied | ErrorKind::Refused
        );
        let repository = self.place.repository();
        let mut state = self.places.lock();
        if is_refusal && !self.is_referred {
            state.shy.insert(repository.registry().to_owned());
        } else {
            state.remove(repository, &self.digest);
        }
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.place.readers.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Waiting {
    /// Completes when the other run has put an image, or has ended.
    ///
    /// # Errors
    ///
    /// The context ended.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub(super) async fn over(mut self, cx: &Context) -> Result<(), Stopped> {
        let _waits = cx.waits_for("another copy, to put an image that refers to a blob");
        cx.run(self.images.changed()).await.map(drop)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.places.lock().waits.end(self.edge);
    }
}

impl Waits {
    /// Notes a wait, unless it would close a circle.
    fn begin(&mut self, from: u64, to: u64) -> bool {
        if self.leads(to, from) {
            return false;
        }
        *self.0.entry((from, to)).or_default() += 1;
        true
    }

    fn end(&mut self, edge: (u64, u64)) {
        if let Some(count) = self.0.get_mut(&edge) {
            *count -= 1;
            if *count == 0 {
                self.0.remove(&edge);
            }
        }
    }

    /// Whether one run waits for another, directly or through others.
    fn leads(&self, from: u64, to: u64) -> bool {
        let mut seen = HashSet::from([from]);
        let mut waiting = vec![from];
        while let Some(run) = waiting.pop() {
            if run == to {
                return true;
            }
            let edges = self.0.range((run, 0)..=(run, u64::MAX));
            waiting.extend(edges.map(|((_, on), _)| *on).filter(|on| seen.insert(*on)));
        }
        false
    }
}

/// Entries of the record; some 20 MiB. When it is full it starts afresh.
const HOLDINGS: usize = 1 << 17;

#[cfg(test)]
mod tests;

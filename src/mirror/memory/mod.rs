//! A strict registry in memory, for tests: both sides of a copy, with faults as data.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};

use crate::content::{
    ByteStream, Destination, Error, ErrorKind, Lister, Mounted, Probing, Receipt, Source, Upload,
};
use crate::oci::{Child, Descriptor, Digest, Manifest, Repository, Tag, Version};
use crate::task::{Bucket, Context, Ticket};

mod fault;
mod target;

pub(super) use fault::{Event, Fault, Gate, On, What};
pub(super) use target::Target;

/// One repository. It verifies every digest, and refuses manifests whose children are missing.
pub(super) struct Memory {
    repository: Repository,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    manifests: HashMap<Digest, Manifest>,
    tags: HashMap<Tag, Digest>,
    blobs: HashMap<Digest, Bytes>,
    log: Vec<Event>,
    faults: Vec<Fault>,
    uploads: usize,
    refuses_empty_blobs: bool,
    is_shy: bool,
    lists_referrers: bool,
    manners: Manners,
    stop_after: Option<(usize, Context)>,
    latency: Latency,
    bucket: Option<Arc<Bucket>>,
}

/// How a destination is spoken to.
struct Manners {
    probing: Probing,
    /// Repositories of the same registry, for one that mounts.
    mounts: Option<Vec<Arc<Memory>>>,
    receipt: Receipt,
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            probing: Probing::Cheap,
            mounts: None,
            receipt: Receipt::Accepted,
        }
    }
}

/// How often a request lets others go first: differs from request to request, not from run to run.
struct Latency(fastrand::Rng);

impl Default for Latency {
    fn default() -> Self {
        Self(fastrand::Rng::with_seed(0))
    }
}

impl Memory {
    pub(super) fn new(registry: &str, path: &str) -> Arc<Self> {
        Arc::new(Self {
            repository: Repository::new(registry, path).unwrap(),
            state: Mutex::default(),
        })
    }

    pub(super) fn fail(&self, fault: Fault) {
        self.state.lock().unwrap().faults.push(fault);
    }

    pub(super) fn heal(&self) {
        self.state.lock().unwrap().faults.clear();
    }

    /// Ends a context when so many more requests were made.
    pub(super) fn stop_after(&self, requests: usize, cx: &Context) {
        self.state.lock().unwrap().stop_after = Some((requests, cx.clone()));
    }

    /// Changes which requests let others go first.
    pub(super) fn shuffle(&self, seed: u64) {
        self.state.lock().unwrap().latency.0.seed(seed);
    }

    /// Counts how often uploads are opened.
    pub(super) fn pace(&self, bucket: Arc<Bucket>) {
        self.state.lock().unwrap().bucket = Some(bucket);
    }

    pub(super) fn refuse_empty_blobs(&self) {
        self.state.lock().unwrap().refuses_empty_blobs = true;
    }

    /// From now on, blobs are served only when a manifest lists them.
    pub(super) fn be_shy(&self) {
        self.state.lock().unwrap().is_shy = true;
    }

    /// From now on, it lists what refers to a manifest.
    pub(super) fn list_referrers(&self) {
        self.state.lock().unwrap().lists_referrers = true;
    }

    /// From now on, what it has is found out as at this price.
    pub(super) fn ask_at(&self, probing: Probing) {
        self.state.lock().unwrap().manners.probing = probing;
    }

    /// From now on, it behaves as CNCF Distribution does: a request for each blob, mounts, and a
    /// digest in the answer to a manifest.
    pub(super) fn be_usual(&self, neighbours: &[&Arc<Self>]) {
        self.state.lock().unwrap().manners = Manners {
            probing: Probing::Costly,
            mounts: Some(neighbours.iter().copied().cloned().collect()),
            receipt: Receipt::Stated,
        };
    }

    fn neighbour(&self, from: &Repository) -> Option<Arc<Self>> {
        let state = self.state.lock().unwrap();
        let mut neighbours = state.manners.mounts.iter().flatten();
        neighbours.find(|it| it.repository == *from).cloned()
    }

    pub(super) fn add_blob(&self, bytes: impl Into<Bytes>) -> Digest {
        let bytes = bytes.into();
        let digest = Digest::sha256(&bytes);
        let mut state = self.state.lock().unwrap();
        state.blobs.insert(digest.clone(), bytes);
        digest
    }

    pub(super) fn add_manifest(&self, manifest: &Manifest) {
        let mut state = self.state.lock().unwrap();
        let digest = manifest.digest().clone();
        state.manifests.insert(digest, manifest.clone());
    }

    /// Answers with a manifest when it is asked for another digest.
    pub(super) fn pretend(&self, digest: &Digest, manifest: &Manifest) {
        let mut state = self.state.lock().unwrap();
        state.manifests.insert(digest.clone(), manifest.clone());
    }

    pub(super) fn set_tag(&self, tag: &str, digest: &Digest) {
        let mut state = self.state.lock().unwrap();
        state.tags.insert(tag.parse().unwrap(), digest.clone());
    }

    pub(super) fn remove(&self, digest: &Digest) {
        let mut state = self.state.lock().unwrap();
        state.blobs.remove(digest);
        state.manifests.remove(digest);
    }

    pub(super) fn tag(&self, tag: &str) -> Option<Digest> {
        let tag: Tag = tag.parse().unwrap();
        self.state.lock().unwrap().tags.get(&tag).cloned()
    }

    pub(super) fn tags(&self) -> HashMap<Tag, Digest> {
        self.state.lock().unwrap().tags.clone()
    }

    pub(super) fn blob(&self, digest: &Digest) -> Option<Bytes> {
        self.state.lock().unwrap().blobs.get(digest).cloned()
    }

    /// All blobs, in the order of their digests.
    pub(super) fn blobs(&self) -> Vec<Bytes> {
        let state = self.state.lock().unwrap();
        let mut blobs: Vec<_> = state.blobs.iter().collect();
        blobs.sort();
        blobs.into_iter().map(|(_, bytes)| bytes.clone()).collect()
    }

    pub(super) fn stored(&self, digest: &Digest) -> Option<Manifest> {
        self.state.lock().unwrap().manifests.get(digest).cloned()
    }

    /// Whether this and everything below is here.
    pub(super) fn has_all(&self, root: &Digest) -> bool {
        let state = self.state.lock().unwrap();
        let mut waiting = vec![root.clone()];
        while let Some(digest) = waiting.pop() {
            let Some(manifest) = state.manifests.get(&digest) else {
                return false;
            };
            if !state.misses(manifest).is_empty() {
                return false;
            }
            let manifests = manifest
                .children()
                .iter()
                .filter(|child| is_manifest(child));
            waiting.extend(manifests.map(|child| child.descriptor().digest.clone()));
        }
        true
    }

    pub(super) fn log(&self) -> Vec<Event> {
        self.state.lock().unwrap().log.clone()
    }

    pub(super) fn forget_log(&self) {
        self.state.lock().unwrap().log.clear();
    }

    /// How often something was asked.
    pub(super) fn count(&self, what: impl Fn(&Event) -> bool) -> usize {
        self.log().iter().filter(|event| what(event)).count()
    }

    pub(super) fn pulls(&self) -> usize {
        self.count(|event| matches!(event, Event::ReadManifest(_)))
    }

    /// Uploads, manifests and tags.
    pub(super) fn writes(&self) -> usize {
        self.count(|event| matches!(event, Event::BeginUpload(_) | Event::PutManifest(..)))
    }

    pub(super) fn open_uploads(&self) -> usize {
        self.state.lock().unwrap().uploads
    }

    /// Notes a request, and finds out what happens to it.
    async fn enter(&self, cx: &Context, on: On, event: Event) -> Result<Option<What>, Error> {
        let (what, turns) = {
            let mut state = self.state.lock().unwrap();
            let subject = format!("{event:?}");
            state.log.push(event);
            state.count_down();
            let turns = state.latency.0.u8(0..6);
            (state.fault(on, &subject), turns)
        };
        for _turn in 0..turns {
            tokio::task::yield_now().await;
        }
        cx.check()?;
        match what {
            Some(What::Fail(kind)) => Err(kind.into()),
            Some(What::Hang) => std::future::pending().await,
            Some(What::Wait(gate)) => gate.pass(cx).await.map(|()| None),
            Some(What::FailAfter(gate, kind)) => {
                cx.run(gate.reached()).await?;
                Err(kind.into())
            }
            Some(What::LoseBlobs) => {
                self.state.lock().unwrap().blobs.clear();
                Err(ErrorKind::ChildMissing.into())
            }
            Some(What::LoseEverything) => {
                let mut state = self.state.lock().unwrap();
                state.blobs.clear();
                state.manifests.clear();
                Err(ErrorKind::ChildMissing.into())
            }
            Some(What::SetTag(tag, digest)) => {
                self.state.lock().unwrap().tags.insert(tag, digest);
                Ok(None)
            }
            what => Ok(what),
        }
    }

    async fn serve(
        &self,
        cx: &Context,
        blob: &Descriptor,
        offset: u64,
    ) -> Result<ByteStream, Error> {
        assert!(offset < blob.size, "opened at or behind the end");
        let event = Event::OpenBlob(blob.digest.clone(), offset);
        let what = self.enter(cx, On::OpenBlob, event).await?;
        let bytes = self.state.lock().unwrap().served(&blob.digest);
        let bytes = bytes.ok_or_else(|| Error::from(ErrorKind::NotFound))?;
        let offset = usize::try_from(offset).unwrap().min(bytes.len());
        Ok(chunks(&bytes.slice(offset..), what))
    }

    fn lookup(&self, version: &Version) -> Option<Descriptor> {
        let state = self.state.lock().unwrap();
        let digest = match version {
            Version::Digest(digest) => digest,
            Version::Tag(tag) => state.tags.get(tag)?,
        };
        match state.manifests.get(digest) {
            Some(manifest) => Some(manifest.descriptor()),
            // A tag that somebody else set in a test shows something that is not stored here.
            None if matches!(version, Version::Tag(_)) => Some(foreign(digest)),
            None => None,
        }
    }
}

impl State {
    fn fault(&mut self, on: On, subject: &str) -> Option<What> {
        let mut faults = self.faults.iter_mut();
        let fault = faults
            .find(|fault| fault.on == on && fault.times > 0 && subject.contains(&fault.subject))?;
        if fault.skip > 0 {
            fault.skip -= 1;
            return None;
        }
        fault.times -= 1;
        Some(fault.what.clone())
    }

    /// What refers to a manifest, in the order of the digests.
    fn listed(&self, subject: &Digest) -> Option<Vec<Descriptor>> {
        let referrers = self
            .manifests
            .values()
            .filter(|manifest| manifest.subject() == Some(subject));
        let mut referrers: Vec<_> = referrers.map(Manifest::as_referrer).collect();
        referrers.sort_by(|one, other| one.digest.cmp(&other.digest));
        self.lists_referrers.then_some(referrers)
    }

    fn count_down(&mut self) {
        match &mut self.stop_after {
            Some((0, cx)) => cx.cancel(),
            Some((left, _)) => *left -= 1,
            None => {}
        }
    }

    fn served(&self, digest: &Digest) -> Option<Bytes> {
        let mut children = self.manifests.values().flat_map(Manifest::children);
        let mut is_listed = || children.any(|child| child.descriptor().digest == *digest);
        let bytes = self.blobs.get(digest)?;
        (!self.is_shy || is_listed()).then(|| bytes.clone())
    }

    fn store(&mut self, digest: &Digest, bytes: Bytes) -> Result<(), Error> {
        if bytes.is_empty() && self.refuses_empty_blobs {
            return Err(ErrorKind::Refused.into());
        }
        let earlier = self.blobs.insert(digest.clone(), bytes);
        assert!(earlier.is_none(), "committed twice");
        Ok(())
    }

    fn put(&mut self, manifest: &Manifest, tag: Option<&Tag>) -> Result<(), Error> {
        if !self.misses(manifest).is_empty() {
            return Err(ErrorKind::ChildMissing.into());
        }
        let digest = manifest.digest();
        self.manifests.insert(digest.clone(), manifest.clone());
        if let Some(tag) = tag {
            self.tags.insert(tag.clone(), digest.clone());
        }
        Ok(())
    }

    /// What a manifest points at and is not here.
    fn misses(&self, manifest: &Manifest) -> Vec<Digest> {
        let missing = manifest.children().iter().filter(|child| {
            let child_of = child.descriptor();
            if is_manifest(child) {
                !self.manifests.contains_key(&child_of.digest)
            } else {
                let is_needed = !child_of.media_type.is_nondistributable();
                is_needed && !self.blobs.contains_key(&child_of.digest)
            }
        });
        missing
            .map(|child| child.descriptor().digest.clone())
            .collect()
    }
}

fn is_manifest(child: &Child) -> bool {
    matches!(child, Child::Manifest(entry) if entry.media_type.is_manifest())
}

fn foreign(digest: &Digest) -> Descriptor {
    Descriptor {
        media_type: crate::oci::MediaType::new(crate::oci::MediaType::OCI_MANIFEST),
        digest: digest.clone(),
        size: 1,
        platform: None,
        annotations: std::collections::BTreeMap::new(),
        artifact_type: None,
    }
}

#[async_trait]
impl Source for Memory {
    fn repository(&self) -> &Repository {
        &self.repository
    }

    fn counts_pulls(&self) -> bool {
        self.repository.is_docker_hub()
    }

    async fn resolve(&self, cx: &Context, version: &Version) -> Result<Descriptor, Error> {
        let event = Event::Resolve(version.clone());
        self.enter(cx, On::Resolve, event).await?;
        self.lookup(version)
            .ok_or_else(|| ErrorKind::NotFound.into())
    }

    async fn manifest(&self, cx: &Context, digest: &Digest) -> Result<Manifest, Error> {
        cx.note_pull();
        let event = Event::ReadManifest(digest.clone());
        self.enter(cx, On::ReadManifest, event).await?;
        self.stored(digest)
            .ok_or_else(|| ErrorKind::NotFound.into())
    }

    async fn listed_referrers(
        &self,
        cx: &Context,
        digest: &Digest,
    ) -> Result<Option<Vec<Descriptor>>, Error> {
        let event = Event::ListReferrers(digest.clone());
        self.enter(cx, On::ListReferrers, event).await?;
        Ok(self.state.lock().unwrap().listed(digest))
    }

    async fn open_blob(
        &self,
        cx: &Context,
        blob: &Descriptor,
        offset: u64,
    ) -> Result<ByteStream, Error> {
        self.serve(cx, blob, offset).await
    }
}

/// Four chunks, or fewer, and what a fault makes of them.
fn chunks(bytes: &Bytes, what: Option<What>) -> ByteStream {
    let mut bytes = bytes.to_vec();
    let limit = match what {
        Some(What::Cut(after) | What::Silence(after)) => after,
        _ => usize::MAX,
    };
    match what {
        Some(What::WrongByte) => bytes[0] ^= 1,
        Some(What::Longer) => bytes.push(0),
        _ => {}
    }
    let end = limit.min(bytes.len());
    let size = bytes.len().div_ceil(4).max(1);
    let chunks: Vec<Result<Bytes, Error>> = bytes[..end]
        .chunks(size)
        .map(|chunk| Ok(Bytes::copy_from_slice(chunk)))
        .collect();
    let chunks = stream::iter(chunks);
    match what {
        Some(What::Cut(_)) => {
            let cut = stream::iter([Err(ErrorKind::Interrupted.into())]);
            Box::pin(chunks.chain(cut))
        }
        Some(What::Silence(_)) => Box::pin(chunks.chain(stream::pending())),
        _ => Box::pin(chunks),
    }
}

/// An upload. One that is dropped before it was committed, refused or cancelled stays open.
struct Open {
    memory: Arc<Memory>,
    blob: Descriptor,
}

impl Open {
    fn close(&self) {
        self.memory.state.lock().unwrap().uploads -= 1;
    }

    async fn receive(&self, cx: &Context, mut bytes: ByteStream) -> Result<(), Error> {
        let event = Event::CommitBlob(self.blob.digest.clone());
        let what = self.memory.enter(cx, On::CommitBlob, event).await?;
        let mut received = Vec::new();
        // As a registry that was told the length: after the last byte the blob is complete.
        while (received.len() as u64) < self.blob.size
            && let Some(chunk) = bytes.next().await
        {
            received.extend_from_slice(&chunk?);
            if matches!(what, Some(What::Cut(after)) if received.len() >= after) {
                return Err(ErrorKind::UploadLost.into());
            }
        }
        assert_eq!(received.len() as u64, self.blob.size, "committed a part");
        assert!(self.blob.digest.matches(&received), "committed wrong bytes");
        self.memory
            .state
            .lock()
            .unwrap()
            .store(&self.blob.digest, received.into())?;
        answer(cx, what).await
    }
}

/// What becomes of the answer when everything was done.
async fn answer(cx: &Context, what: Option<What>) -> Result<(), Error> {
    match what {
        Some(What::LoseAnswer(kind)) => Err(kind.into()),
        Some(What::HoldAnswer(gate)) => gate.pass(cx).await,
        _ => Ok(()),
    }
}

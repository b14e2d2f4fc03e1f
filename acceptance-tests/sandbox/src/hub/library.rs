//! What a source registry holds, and how its owner changes it.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::accounting::{Accounting, Budget, Source};
use super::{HubSeed, HubUser, Limits};
use crate::blob::Blob;
use crate::clock::Clock;
use crate::digest::Digest;
use crate::image::{BuiltImage, ImageSpec, image};
use crate::lock::lock;
use crate::oci::referrer;
use crate::store::OCI_INDEX;

/// A source registry, in the hands of its owner. Clones share it.
#[derive(Debug, Clone)]
pub struct Hub(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    clock: Clock,
    folder: TempDir,
    is_docker_hub: bool,
    lists_referrers: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    repositories: BTreeMap<String, Repository>,
    users: Vec<HubUser>,
    accounting: Accounting,
}

#[derive(Debug, Default)]
struct Repository {
    readers: Option<Vec<String>>,
    manifests: HashMap<Digest, (String, Bytes)>,
    blobs: HashMap<Digest, Blob>,
    tags: BTreeMap<String, Digest>,
}

/// A manifest as it is served.
#[derive(Debug, Clone)]
pub(super) struct Manifest {
    pub(super) digest: Digest,
    pub(super) media_type: String,
    pub(super) bytes: Bytes,
}

impl Repository {
    fn store(&mut self, built: &BuiltImage) {
        for manifest in &built.manifests {
            let stored = (manifest.media_type.clone(), manifest.bytes.clone());
            self.manifests.insert(manifest.digest.clone(), stored);
        }
        let blobs = built.blobs.iter();
        let blobs = blobs.map(|(digest, blob)| (digest.clone(), blob.clone()));
        self.blobs.extend(blobs);
    }

    /// Enters something in the list that clients keep of what refers to its subject.
    fn enter(&mut self, built: &BuiltImage) {
        let Some((media_type, bytes)) = self.manifests.get(&built.digest) else {
            return;
        };
        let parsed: Value = serde_json::from_slice(bytes).unwrap_or_default();
        let subject = parsed["subject"]["digest"].as_str().unwrap_or_default();
        let tag = subject.replacen(':', "-", 1);
        let entry = referrer(media_type, built.digest.as_str(), bytes, subject);
        let before = self.tags.get(&tag).and_then(|it| self.manifests.get(it));
        let before = before.and_then(|(_, bytes)| serde_json::from_slice::<Value>(bytes).ok());
        let mut entries = match before.map(|mut index| index["manifests"].take()) {
            Some(Value::Array(entries)) => entries,
            _ => Vec::new(),
        };
        entries.extend(entry);
        let index = json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries });
        let bytes = Bytes::from(index.to_string());
        let digest = Digest::of(&bytes);
        self.manifests
            .insert(digest.clone(), (OCI_INDEX.to_owned(), bytes));
        self.tags.insert(tag, digest);
    }
}

impl Hub {
    /// Docker Hub: tokens, limits, redirects.
    ///
    /// It always has the image whose manifest Docker documents for reading the budget.
    pub(crate) fn docker_hub(seed: &HubSeed, clock: Clock) -> io::Result<Self> {
        let hub = Self::new(seed, clock, true)?;
        let preview = image("ratelimitpreview").layers([64]);
        hub.push("ratelimitpreview/test", "latest", &preview)?;
        Ok(hub)
    }

    /// A registry that gives everything to everybody.
    pub(crate) fn generic(seed: &HubSeed, clock: Clock) -> io::Result<Self> {
        Self::new(seed, clock, false)
    }

    fn new(seed: &HubSeed, clock: Clock, is_docker_hub: bool) -> io::Result<Self> {
        let state = State {
            repositories: BTreeMap::new(),
            users: seed.users.clone(),
            accounting: Accounting::new(seed.limits),
        };
        let folder = tempfile::Builder::new()
            .prefix("ecr-public-sandbox-hub-")
            .tempdir()?;
        let state = Mutex::new(state);
        let hub = Self(Arc::new(Shared {
            clock,
            folder,
            is_docker_hub,
            // Docker Hub is not known to; others are.
            lists_referrers: AtomicBool::new(!is_docker_hub),
            state,
        }));
        for (name, repository) in &seed.repositories {
            hub.set_readers(name, repository.readers.clone());
            for (tag, image) in &repository.tags {
                hub.push(name, tag, image)?;
            }
        }
        Ok(hub)
    }

    /// Builds an image into a repository and moves a tag to it. The repository appears as needed.
    ///
    /// # Errors
    ///
    /// When the image cannot be built: a file to be included is not there, or the disk is full.
    pub fn push(&self, repository: &str, tag: &str, image: &ImageSpec) -> io::Result<BuiltImage> {
        let name = format!("{repository}:{tag}");
        let built = image.build(&name, self.0.folder.path())?;
        self.change(repository, |repository| {
            repository.store(&built);
            repository.tags.insert(tag.to_owned(), built.digest.clone());
        });
        Ok(built)
    }

    /// Stores a manifest and blobs that somebody made by other means, such as a signature, and moves
    /// a tag to it if one is given. Nothing is checked.
    pub fn store(
        &self,
        repository: &str,
        tag: Option<&str>,
        media_type: &str,
        manifest: impl Into<Bytes>,
        blobs: impl IntoIterator<Item = Bytes>,
    ) -> Digest {
        let manifest = manifest.into();
        let digest = Digest::of(&manifest);
        self.change(repository, |repository| {
            let stored = (media_type.to_owned(), manifest);
            repository.manifests.insert(digest.clone(), stored);
            let blobs = blobs.into_iter();
            repository
                .blobs
                .extend(blobs.map(|bytes| (Digest::of(&bytes), Blob::from_bytes(bytes))));
            if let Some(tag) = tag {
                repository.tags.insert(tag.to_owned(), digest.clone());
            }
        });
        digest
    }

    /// Builds something that refers to what the repository has, such as a signature. It gets no tag;
    /// where the registry keeps no lists, it is entered in the one that clients keep under a tag.
    ///
    /// # Errors
    ///
    /// As for [`Self::push`].
    pub fn attach(&self, repository: &str, referrer: &ImageSpec) -> io::Result<BuiltImage> {
        let built = referrer.build(&format!("{repository} referrer"), self.0.folder.path())?;
        let lists_referrers = self.lists_referrers();
        self.change(repository, |repository| {
            repository.store(&built);
            if !lists_referrers {
                repository.enter(&built);
            }
        });
        Ok(built)
    }

    /// Whether it keeps lists of what refers to a manifest, from now on.
    pub fn set_lists_referrers(&self, lists_referrers: bool) {
        self.0
            .lists_referrers
            .store(lists_referrers, Ordering::Relaxed);
    }

    pub(super) fn lists_referrers(&self) -> bool {
        self.0.lists_referrers.load(Ordering::Relaxed)
    }

    /// Moves a tag to a digest, whether or not the repository has it.
    pub fn move_tag(&self, repository: &str, tag: &str, digest: &Digest) {
        self.change(repository, |repository| {
            repository.tags.insert(tag.to_owned(), digest.clone());
        });
    }

    /// Removes a tag.
    pub fn remove_tag(&self, repository: &str, tag: &str) {
        self.change(repository, |repository| {
            repository.tags.remove(tag);
        });
    }

    /// Removes a blob, so that pulls of it fail.
    pub fn remove_blob(&self, repository: &str, digest: &Digest) {
        self.change(repository, |repository| {
            repository.blobs.remove(digest);
        });
    }

    /// Makes a repository readable for these users only, or public again.
    pub fn set_readers(&self, repository: &str, readers: Option<Vec<String>>) {
        self.change(repository, |repository| repository.readers = readers);
    }

    /// Adds somebody who can log in.
    pub fn add_user(&self, user: HubUser) {
        lock(&self.0.state).users.push(user);
    }

    /// The digest a tag has.
    pub fn digest(&self, repository: &str, tag: &str) -> Option<Digest> {
        lock(&self.0.state)
            .repositories
            .get(repository)?
            .tags
            .get(tag)
            .cloned()
    }

    /// The bytes and the type of a manifest.
    pub fn manifest(&self, repository: &str, digest: &Digest) -> Option<(String, Bytes)> {
        lock(&self.0.state)
            .repositories
            .get(repository)?
            .manifests
            .get(digest)
            .cloned()
    }

    /// A blob.
    pub fn blob(&self, repository: &str, digest: &Digest) -> Option<Blob> {
        lock(&self.0.state)
            .repositories
            .get(repository)?
            .blobs
            .get(digest)
            .cloned()
    }

    /// How many pulls have ever been counted.
    pub fn pulls(&self) -> u64 {
        lock(&self.0.state).accounting.all_pulls()
    }

    /// How many pulls have ever been counted for one source.
    pub fn pulls_of(&self, source: &Source) -> u64 {
        lock(&self.0.state).accounting.pulls(source)
    }

    /// What is left for a source; nothing when it has no limit.
    pub fn budget(&self, source: &Source) -> Option<Budget> {
        let now = self.0.clock.now();
        lock(&self.0.state).accounting.budget(source, now)
    }

    /// Leaves this many pulls to a source in the present window.
    pub fn set_remaining(&self, source: &Source, remaining: u64) {
        let now = self.0.clock.now();
        lock(&self.0.state)
            .accounting
            .set_remaining(source, now, remaining);
    }

    /// Leaves this many pulls to everybody on this machine who does not log in.
    pub fn set_anonymous_remaining(&self, remaining: u64) {
        self.set_remaining(&Source::Address(IpAddr::from([127, 0, 0, 1])), remaining);
    }

    /// Other limits from now on.
    pub fn set_limits(&self, limits: Limits) {
        lock(&self.0.state).accounting.limits = limits;
    }

    pub(super) fn is_docker_hub(&self) -> bool {
        self.0.is_docker_hub
    }

    /// Whether a user, or somebody who did not log in, may read a repository. False when there is
    /// none.
    pub(super) fn may_read(&self, repository: &str, user: Option<&str>) -> bool {
        let state = lock(&self.0.state);
        let Some(repository) = state.repositories.get(repository) else {
            return false;
        };
        match (&repository.readers, user) {
            (None, _) => true,
            (Some(readers), Some(user)) => readers.iter().any(|reader| reader == user),
            (Some(_), None) => false,
        }
    }

    pub(super) fn exists(&self, repository: &str) -> bool {
        lock(&self.0.state).repositories.contains_key(repository)
    }

    /// The user with this name and password.
    pub(super) fn user(&self, name: &str, password: &str) -> Option<HubUser> {
        let state = lock(&self.0.state);
        state
            .users
            .iter()
            .find(|user| user.name == name && user.password == password)
            .cloned()
    }

    pub(super) fn is_unlimited(&self, user: &str) -> bool {
        lock(&self.0.state)
            .users
            .iter()
            .any(|known| known.name == user && known.is_unlimited)
    }

    pub(super) fn find(&self, repository: &str, reference: &str) -> Option<Manifest> {
        let state = lock(&self.0.state);
        let repository = state.repositories.get(repository)?;
        let digest = match reference.parse() {
            Ok(digest) => digest,
            Err(_) => repository.tags.get(reference)?.clone(),
        };
        let (media_type, bytes) = repository.manifests.get(&digest)?.clone();
        Some(Manifest {
            digest,
            media_type,
            bytes,
        })
    }

    pub(super) fn tags(&self, repository: &str) -> Vec<String> {
        let state = lock(&self.0.state);
        let repository = state.repositories.get(repository);
        repository.map_or_else(Vec::new, |repository| {
            repository.tags.keys().cloned().collect()
        })
    }

    /// All manifests of a repository, by digest.
    pub(super) fn manifests(&self, repository: &str) -> Vec<Manifest> {
        let state = lock(&self.0.state);
        let stored = state
            .repositories
            .get(repository)
            .map(|repository| &repository.manifests);
        let mut manifests: Vec<Manifest> = stored
            .into_iter()
            .flatten()
            .map(|(digest, (media_type, bytes))| Manifest {
                digest: digest.clone(),
                media_type: media_type.clone(),
                bytes: bytes.clone(),
            })
            .collect();
        manifests.sort_by(|a, b| a.digest.cmp(&b.digest));
        manifests
    }

    pub(super) fn count_pull(&self, source: &Source, is_limited: bool) -> bool {
        let now = self.0.clock.now();
        lock(&self.0.state).accounting.pull(source, now, is_limited)
    }

    pub(super) fn count_request(&self, address: IpAddr) -> bool {
        let now = self.0.clock.now();
        lock(&self.0.state).accounting.request(address, now)
    }

    fn change(&self, repository: &str, change: impl FnOnce(&mut Repository)) {
        let mut state = lock(&self.0.state);
        change(state.repositories.entry(repository.to_owned()).or_default());
    }
}

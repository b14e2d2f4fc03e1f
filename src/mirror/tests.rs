//! The engine against repositories in memory, on a paused clock.

mod copies;
mod faults;
mod hostile;
mod images;
mod inventory;
mod pace;
mod platforms;
mod properties;
mod referrers;
mod requests;
mod restores;
mod sharing;
mod stops;
mod tags;
mod watching;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::memory::{Memory, Target};
use super::shared::Shared;
use super::{
    Contents, Engine, Error, ExistingTag, Limits, MirrorJob, Outcome, Platforms, Referrers,
};
use crate::content::{Destination, Source};
use crate::oci::{Digest, Tag, Version};
use crate::task::Context;

/// A source, a destination, and an engine between them.
struct World {
    cx: Context,
    engine: Engine,
    hub: Arc<Memory>,
    ecr: Arc<Memory>,
}

const TRANSFERS: usize = 8;

impl World {
    fn new() -> Self {
        Self {
            cx: Context::new(),
            engine: Engine::new(Limits {
                transfers: TRANSFERS,
            }),
            hub: Memory::new("docker.io", "library/app"),
            ecr: Memory::new("public.ecr.aws", "a1b2c3/app"),
        }
    }

    /// Runs a job, and checks that nothing of it is left.
    async fn run(&self, job: &MirrorJob) -> Result<Outcome, Error> {
        let done = self.start(job).await;
        self.is_at_rest();
        done
    }

    /// Runs a job beside others.
    async fn start(&self, job: &MirrorJob) -> Result<Outcome, Error> {
        let source: Arc<dyn Source> = Arc::clone(&self.hub) as Arc<dyn Source>;
        let destination: Arc<dyn Destination> = Arc::new(Target(Arc::clone(&self.ecr)));
        self.engine.mirror(&self.cx, job, source, destination).await
    }

    fn is_at_rest(&self) {
        let shared: &Shared = self.engine.shared();
        assert_eq!(shared.transfers.available(), (8, 4), "permits are missing");
        let requests = [&shared.pulls, &shared.requests].map(|permits| permits.available_permits());
        assert_eq!(requests, [16, 16], "permits are missing");
        is_idle(shared);
        // What can be read again keeps a handle on where.
        shared.places.clear();
        assert_eq!(self.ecr.open_uploads(), 0, "an upload was left open");
        assert_eq!(Arc::strong_count(&self.hub), 1, "a task is left");
        assert_eq!(Arc::strong_count(&self.ecr), 1, "a task is left");
    }

    /// The whole of tag `1` of the source, under tag `1`.
    async fn mirror(&self) -> Result<Outcome, Error> {
        self.run(&job()).await
    }
}

/// Nobody has a turn, reads elsewhere or waits.
fn is_idle(shared: &Shared) {
    let turns = (shared.reading.taken(), shared.fetching.taken());
    assert_eq!((turns, shared.writing.taken()), ((0, 0), 0));
    assert_eq!(shared.listing.taken(), 0);
    assert_eq!(shared.places.busy(), (0, 0));
}

fn job() -> MirrorJob {
    MirrorJob {
        version: Version::Tag("1".parse().unwrap()),
        platforms: Platforms::All,
        tags: tags(&["1"], &ExistingTag::KeepUnless(None)),
        contents: Contents::Always,
        referrers: Referrers::None,
    }
}

/// What [`job`] sets.
fn one_tag() -> Vec<Tag> {
    vec!["1".parse().unwrap()]
}

/// Tags to set, all with the same guard.
fn tags(tags: &[&str], existing: &ExistingTag) -> BTreeMap<Tag, ExistingTag> {
    let tags = tags.iter().map(|tag| tag.parse().unwrap());
    tags.map(|tag| (tag, existing.clone())).collect()
}

fn job_with(names: &[&str]) -> MirrorJob {
    MirrorJob {
        tags: tags(names, &ExistingTag::KeepUnless(None)),
        ..job()
    }
}

/// The digest of something that is nowhere.
fn stranger() -> Digest {
    Digest::sha256(b"stranger")
}

/// An error and everything behind it.
pub(super) fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

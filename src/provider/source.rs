//! A registry as a source of many instances of one run.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tokio::sync::OnceCell;

use crate::content::{self, ByteStream, ErrorKind, PullBudget, Source};
use crate::oci::{Descriptor, Digest, Manifest, Repository, Version};
use crate::registry::Registry;
use crate::task::Context;

use super::official::OfficialImage;
use super::pulls::{Granted, Pull, Pulls};

/// What tags were found to stand for. One per provider configuration.
///
/// However many instances want a tag, its registry is asked once, and all of them get the same
/// image, also when somebody moves the tag while they are at it. Failures are not kept.
#[derive(Clone, Debug, Default)]
pub(crate) struct Resolved(Arc<Mutex<Answers>>);

#[derive(Debug, Default)]
struct Answers {
    versions: Cells<Version, Descriptor>,
    found: Cells<Version, Option<Descriptor>>,
    listed: Cells<Digest, Option<Vec<Descriptor>>>,
}

/// Answers to one kind of question.
type Cells<K, T> = HashMap<(Repository, K), Arc<OnceCell<T>>>;

/// A repository to copy from.
#[derive(Clone, Debug)]
pub(crate) struct RunSource {
    registry: Registry,
    resolved: Resolved,
    pulls: Arc<Pulls>,
    official: Option<Arc<OfficialImage>>,
}

impl RunSource {
    /// The repository behind the registry's handle.
    pub(crate) fn new(registry: Registry, resolved: &Resolved, pulls: &Arc<Pulls>) -> Self {
        Self {
            registry,
            resolved: resolved.clone(),
            pulls: Arc::clone(pulls),
            official: None,
        }
    }

    /// The same, whose content is read elsewhere as far as it is there.
    pub(crate) fn preferring(self, official: OfficialImage) -> Self {
        Self {
            official: Some(Arc::new(official)),
            ..self
        }
    }

    /// What the registry said last about pulls left.
    pub(crate) fn pull_budget(&self) -> Option<PullBudget> {
        self.registry.pull_budget()
    }

    /// Waits until one more manifest may be read, as far as the registry counts.
    ///
    /// What it said last may be old, so before this fails or waits it is asked once more: a HEAD
    /// costs no pull and tells what is left.
    async fn pull(&self, cx: &Context, digest: &Digest) -> Result<Option<Pull>, content::Error> {
        let host = Source::repository(&self.registry).registry();
        let version = Version::Digest(digest.clone());
        let mut has_asked = false;
        loop {
            let ended = self.pulls.ended();
            let Some(budget) = self.registry.pull_budget() else {
                return Ok(None);
            };
            let Some(left) = budget.remaining else {
                return Ok(None);
            };
            match self.pulls.try_take(host, left) {
                Granted::Yes(pull) => return Ok(Some(pull)),
                // Some of those under way may turn out to cost nothing.
                Granted::Later => cx.run(ended.wait()).await?,
                Granted::No if !has_asked => {
                    has_asked = true;
                    Source::resolve(&self.registry, cx, &version).await?;
                }
                Granted::No => {
                    self.pulls.exhausted(cx, host, budget).await?;
                    has_asked = false;
                }
            }
        }
    }
}

impl Resolved {
    fn cell<K: Clone + Eq + Hash, T>(
        &self,
        repository: &Repository,
        key: &K,
        kind: impl FnOnce(&mut Answers) -> &mut Cells<K, T>,
    ) -> Arc<OnceCell<T>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let cells = kind(&mut known);
        Arc::clone(cells.entry((repository.clone(), key.clone())).or_default())
    }
}

#[async_trait]
impl Source for RunSource {
    fn repository(&self) -> &Repository {
        Source::repository(&self.registry)
    }

    fn counts_pulls(&self) -> bool {
        self.registry.counts_pulls()
    }

    async fn resolve(&self, cx: &Context, version: &Version) -> Result<Descriptor, content::Error> {
        let repository = Source::repository(&self.registry);
        let known = self
            .resolved
            .cell(repository, version, |all| &mut all.versions);
        let _waits = cx.waits_for(format!("what `{repository}` has for `{version}`"));
        let found = known.get_or_try_init(|| Source::resolve(&self.registry, cx, version));
        cx.run(found).await?.cloned()
    }

    /// That something is not there is remembered too: most images have nothing attached, and there
    /// are four places to look for each.
    async fn find(
        &self,
        cx: &Context,
        version: &Version,
    ) -> Result<Option<Descriptor>, content::Error> {
        let repository = Source::repository(&self.registry);
        let known = self
            .resolved
            .cell(repository, version, |all| &mut all.found);
        let _waits = cx.waits_for(format!("whether `{repository}` has `{version}`"));
        let found = known.get_or_try_init(|| self.registry.find(cx, version));
        cx.run(found).await?.cloned()
    }

    async fn manifest(&self, cx: &Context, digest: &Digest) -> Result<Manifest, content::Error> {
        if let Some(official) = &self.official
            && let Some(manifest) = official.manifest(cx, digest).await
        {
            return Ok(manifest);
        }
        loop {
            let pull = self.pull(cx, digest).await?;
            let read = Source::manifest(&self.registry, cx, digest).await;
            drop(pull);
            let error = match read {
                Ok(manifest) => return Ok(manifest),
                Err(error) => error,
            };
            // Somebody else was faster.
            let ErrorKind::PullLimit(budget) = error.kind() else {
                return Err(error);
            };
            if !self.pulls.waits() {
                return Err(error);
            }
            let host = Source::repository(&self.registry).registry();
            self.pulls.exhausted(cx, host, budget.clone()).await?;
        }
    }

    async fn listed_referrers(
        &self,
        cx: &Context,
        digest: &Digest,
    ) -> Result<Option<Vec<Descriptor>>, content::Error> {
        let repository = Source::repository(&self.registry);
        let known = self
            .resolved
            .cell(repository, digest, |all| &mut all.listed);
        let found = known.get_or_try_init(|| Source::listed_referrers(&self.registry, cx, digest));
        cx.run(found).await?.cloned()
    }

    async fn open_blob(
        &self,
        cx: &Context,
        blob: &Descriptor,
        offset: u64,
    ) -> Result<ByteStream, content::Error> {
        if let Some(official) = &self.official
            && let Some(bytes) = official.open_blob(cx, blob, offset).await
        {
            return Ok(bytes);
        }
        self.registry.open_blob(cx, blob, offset).await
    }
}

#[cfg(test)]
mod tests;

//! A registry as a source of many instances of one run.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tokio::sync::OnceCell;

use crate::content::{self, ByteStream, Source};
use crate::oci::{Descriptor, Digest, Manifest, Repository, Version};
use crate::registry::Registry;
use crate::task::Context;

/// What tags were found to stand for. One per provider configuration.
///
/// However many instances want a tag, its registry is asked once, and all of them get the same
/// image, also when somebody moves the tag while they are at it. Failures are not kept.
#[derive(Clone, Debug, Default)]
pub(crate) struct Resolved(Arc<Mutex<HashMap<Named, Arc<OnceCell<Descriptor>>>>>);

type Named = (Repository, Version);

/// A repository to copy from.
#[derive(Clone, Debug)]
pub(crate) struct RunSource {
    registry: Registry,
    resolved: Resolved,
}

impl RunSource {
    /// The repository behind the registry's handle.
    pub(crate) fn new(registry: Registry, resolved: &Resolved) -> Self {
        Self {
            registry,
            resolved: resolved.clone(),
        }
    }
}

impl Resolved {
    fn of(&self, repository: &Repository, version: &Version) -> Arc<OnceCell<Descriptor>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let named = (repository.clone(), version.clone());
        Arc::clone(known.entry(named).or_default())
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
        let known = self.resolved.of(repository, version);
        let _waits = cx.waits_for(format!("what `{repository}` has for `{version}`"));
        let found = known.get_or_try_init(|| Source::resolve(&self.registry, cx, version));
        cx.run(found).await?.cloned()
    }

    async fn manifest(&self, cx: &Context, digest: &Digest) -> Result<Manifest, content::Error> {
        Source::manifest(&self.registry, cx, digest).await
    }

    async fn open_blob(
        &self,
        cx: &Context,
        blob: &Descriptor,
        offset: u64,
    ) -> Result<ByteStream, content::Error> {
        self.registry.open_blob(cx, blob, offset).await
    }
}

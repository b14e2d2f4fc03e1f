//! The handles that the rest of the program holds.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use url::Url;

use super::auth::{Account, Authoriser, CredentialSource};
use super::endpoint::{Base, Endpoint, InvalidEndpoint};
use super::error::{Action, Error, Fault, Subject};
use super::pace::{Pace, ticket};
use crate::content::{
    self, ByteStream, Destination, Lister, Mounted, Probing, PullBudget, Receipt, Source, Upload,
};
use crate::net::HttpSettings;
use crate::net::client::HttpClient;
use crate::net::host_limiter::{HostLimiter, HostLimiters};
use crate::net::transport::Transport;
use crate::oci::{Descriptor, Digest, Manifest, Repository, Tag, Version};
use crate::task::{Context, Ticket};

/// The HTTP client and caches that all registries of a process share. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Client(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    wire: Arc<dyn Transport>,
    limiters: HostLimiters,
    authoriser: Authoriser,
    budgets: Mutex<HashMap<String, PullBudget>>,
    /// Whether registries keep lists of referrers, as far as they have said.
    listers: Mutex<HashMap<String, Lists>>,
}

/// Whether a registry keeps lists of referrers.
#[derive(Clone, Debug)]
pub(super) enum Lists {
    /// It has not said yet. Whoever holds this asks; the others wait for the answer.
    Unknown(Arc<tokio::sync::Mutex<()>>),
    /// It does.
    Kept,
    /// It does not.
    None,
}

impl Default for Lists {
    fn default() -> Self {
        Self::Unknown(Arc::default())
    }
}

/// A repository of a registry, ready to be read from or written to. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Registry {
    handle: Arc<Handle>,
    pace: Option<Arc<Pace>>,
}

#[derive(Debug)]
struct Handle {
    client: Client,
    base: Result<Base, InvalidEndpoint>,
    repository: Repository,
    host: Arc<str>,
    path: Arc<str>,
    account: Arc<Account>,
}

impl Client {
    /// Makes the client. Nothing is sent.
    ///
    /// # Errors
    ///
    /// [`content::ErrorKind::Misconfigured`], with an [`Error`] as its source: the CA bundle
    /// cannot be read, or a proxy is no URL.
    pub fn new(settings: &HttpSettings) -> Result<Self, content::Error> {
        let subject = Subject {
            host: Arc::from(""),
            repository: Arc::from(""),
            action: Action::Setup,
            digest: None,
        };
        let client = HttpClient::new(settings)
            .map_err(|error| Error::new(&subject, Fault::Settings(Arc::new(error))))?;
        Ok(Self::over(Arc::new(client)))
    }

    /// A client over any transport.
    pub(crate) fn over(wire: Arc<dyn Transport>) -> Self {
        Self(Arc::new(Shared {
            authoriser: Authoriser::new(Arc::clone(&wire)),
            wire,
            limiters: HostLimiters::default(),
            budgets: Mutex::default(),
            listers: Mutex::default(),
        }))
    }

    /// A handle on a repository. Nothing is sent; an endpoint that cannot work is reported by the
    /// first use, or by [`Endpoint::check`].
    #[must_use]
    pub fn repository(
        &self,
        endpoint: &Endpoint,
        repository: Repository,
        credentials: Arc<dyn CredentialSource>,
    ) -> Registry {
        let handle = Arc::new(Handle {
            client: self.clone(),
            base: endpoint.base(),
            host: Arc::from(repository.registry()),
            path: Arc::from(repository.path()),
            repository,
            account: Arc::new(Account::new(credentials)),
        });
        Registry { handle, pace: None }
    }

    /// What the registry said last about pulls left for this host.
    #[must_use]
    pub fn pull_budget(&self, host: &str) -> Option<PullBudget> {
        self.0
            .budgets
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(host)
            .cloned()
    }

    /// Whether a registry keeps lists of referrers, or the right to be the first who asks.
    pub(super) fn lists(&self, registry: &str) -> Lists {
        let mut listers = self.listers();
        listers.entry(registry.to_owned()).or_default().clone()
    }

    pub(super) fn note_lists(&self, registry: &str, lists: Lists) {
        self.listers().insert(registry.to_owned(), lists);
    }

    fn listers(&self) -> MutexGuard<'_, HashMap<String, Lists>> {
        let listers = self.0.listers.lock();
        listers.unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn note_budget(&self, host: &str, budget: PullBudget) {
        self.0
            .budgets
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(host.to_owned(), budget);
    }
}

impl Registry {
    /// The same, at the pace of the account that it belongs to.
    #[must_use]
    pub fn paced(self, pace: Arc<Pace>) -> Self {
        Self {
            pace: Some(pace),
            ..self
        }
    }

    /// Another repository of the same registry, with the same credentials and at the same pace.
    #[must_use]
    pub fn sibling(&self, repository: Repository) -> Self {
        let handle = &self.handle;
        let handle = Arc::new(Handle {
            client: handle.client.clone(),
            base: handle.base.clone(),
            host: Arc::from(repository.registry()),
            path: Arc::from(repository.path()),
            repository,
            account: Arc::clone(&handle.account),
        });
        Self {
            handle,
            pace: self.pace.clone(),
        }
    }

    /// What the registry said last about pulls left.
    #[must_use]
    pub fn pull_budget(&self) -> Option<PullBudget> {
        self.client().pull_budget(self.name().registry())
    }

    pub(super) fn pace(&self) -> Option<&Pace> {
        self.pace.as_deref()
    }

    pub(super) fn client(&self) -> &Client {
        &self.handle.client
    }

    pub(super) fn wire(&self) -> &dyn Transport {
        &*self.handle.client.0.wire
    }

    /// The limiter of the host of a URL: the registry, or somebody it sends us to.
    pub(super) fn limiter(&self, url: &Url) -> Arc<HostLimiter> {
        self.handle.client.0.limiters.of(url)
    }

    pub(super) fn authoriser(&self) -> &Authoriser {
        &self.handle.client.0.authoriser
    }

    pub(super) fn account(&self) -> &Account {
        &self.handle.account
    }

    pub(super) fn name(&self) -> &Repository {
        &self.handle.repository
    }

    pub(super) fn host(&self) -> Arc<str> {
        Arc::clone(&self.handle.host)
    }

    pub(super) fn path(&self) -> Arc<str> {
        Arc::clone(&self.handle.path)
    }

    /// Where the registry is, if that can work.
    pub(super) fn base(&self) -> Result<&Base, Fault> {
        let base = self.handle.base.as_ref();
        base.map_err(|invalid| Fault::Endpoint(invalid.clone()))
    }
}

#[async_trait]
impl Source for Registry {
    fn repository(&self) -> &Repository {
        self.name()
    }

    /// Docker Hub, and whoever else told what is left.
    fn counts_pulls(&self) -> bool {
        self.name().is_docker_hub() || self.pull_budget().is_some()
    }

    async fn resolve(&self, cx: &Context, version: &Version) -> Result<Descriptor, content::Error> {
        Ok(self.resolve_manifest(cx, version).await?)
    }

    async fn manifest(&self, cx: &Context, digest: &Digest) -> Result<Manifest, content::Error> {
        if self.counts_pulls() {
            cx.note_pull();
        }
        Ok(self.read_manifest(cx, digest).await?)
    }

    async fn listed_referrers(
        &self,
        cx: &Context,
        digest: &Digest,
    ) -> Result<Option<Vec<Descriptor>>, content::Error> {
        Ok(self.list_referrers(cx, digest).await?)
    }

    async fn open_blob(
        &self,
        cx: &Context,
        blob: &Descriptor,
        offset: u64,
    ) -> Result<ByteStream, content::Error> {
        Ok(self.read_blob(cx, blob, offset).await?)
    }
}

#[async_trait]
impl Destination for Registry {
    fn repository(&self) -> &Repository {
        self.name()
    }

    fn probing(&self) -> Probing {
        Probing::Costly
    }

    async fn resolve(
        &self,
        cx: &Context,
        version: &Version,
    ) -> Result<Option<Descriptor>, content::Error> {
        absent_is_none(self.resolve_manifest(cx, version).await)
    }

    async fn manifest(
        &self,
        cx: &Context,
        digest: &Digest,
    ) -> Result<Option<Manifest>, content::Error> {
        absent_is_none(self.read_manifest(cx, digest).await)
    }

    async fn present_blobs(
        &self,
        cx: &Context,
        blobs: &[Descriptor],
    ) -> Result<HashSet<Digest>, content::Error> {
        Ok(self.find_blobs(cx, blobs).await?)
    }

    async fn read_back(
        &self,
        cx: &Context,
        blob: &Descriptor,
        offset: u64,
    ) -> Result<ByteStream, content::Error> {
        Ok(self.read_blob(cx, blob, offset).await?)
    }

    async fn upload_ticket(&self, cx: &Context) -> Result<Option<Ticket>, content::Error> {
        let bucket = self.pace().map(|pace| &pace.open_upload);
        Ok(cx.run(ticket(cx, bucket)).await?)
    }

    async fn begin_upload(
        &self,
        cx: &Context,
        blob: &Descriptor,
        ticket: Option<Ticket>,
    ) -> Result<Box<dyn Upload>, content::Error> {
        Ok(Box::new(self.open_upload(cx, blob, ticket).await?))
    }

    fn mounts(&self) -> bool {
        true
    }

    async fn mount_blob(
        &self,
        cx: &Context,
        blob: &Descriptor,
        from: &Repository,
        ticket: Option<Ticket>,
    ) -> Result<Mounted, content::Error> {
        Ok(match self.mount(cx, blob, from, ticket).await? {
            Some(upload) => Mounted::Not(Box::new(upload)),
            None => Mounted::Here,
        })
    }

    async fn listed_referrers(
        &self,
        cx: &Context,
        digest: &Digest,
    ) -> Result<Option<Vec<Descriptor>>, content::Error> {
        Ok(self.list_referrers(cx, digest).await?)
    }

    async fn put_referrer(
        &self,
        cx: &Context,
        manifest: &Manifest,
    ) -> Result<Lister, content::Error> {
        Ok(self.store_manifest(cx, manifest, None).await?.lister)
    }

    async fn put_manifest(
        &self,
        cx: &Context,
        manifest: &Manifest,
        tag: Option<&Tag>,
    ) -> Result<Receipt, content::Error> {
        Ok(self.store_manifest(cx, manifest, tag).await?.receipt)
    }
}

/// A repository that is not there holds nothing.
fn absent_is_none<T>(found: Result<T, Error>) -> Result<Option<T>, content::Error> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) => match error.kind() {
            content::ErrorKind::NotFound | content::ErrorKind::RepositoryNotFound => Ok(None),
            _ => Err(error.into()),
        },
    }
}

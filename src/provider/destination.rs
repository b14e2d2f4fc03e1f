//! A repository of ECR Public as a destination: its registry for most, its API where that is
//! cheaper, and the login of whoever writes.

use std::collections::HashSet;
use std::time::Duration;

use async_trait::async_trait;

use crate::aws::{self, Session};
use crate::content::{self, ByteStream, Destination, ErrorKind, Lister, Probing, Receipt, Upload};
use crate::oci::{Descriptor, Digest, Manifest, Repository, Tag, Version};
use crate::registry::{Credential, CredentialSource, Registry};
use crate::task::{Context, Ticket, monotonic};

/// The login for the registry, from AWS, renewed while it is used.
#[derive(Debug)]
pub(crate) struct EcrPublicLogin(pub(crate) Session);

#[async_trait]
impl CredentialSource for EcrPublicLogin {
    async fn credential(&self, cx: &Context) -> Result<Credential, content::Error> {
        let token = self.0.authorization_token(cx).await.map_err(store_error)?;
        Ok(Credential::Basic {
            username: token.username,
            password: token.password,
        })
    }

    async fn refused(&self) {
        self.0.forget_authorization_token().await;
    }
}

/// A repository of ECR Public, ready to be written to. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct EcrPublicRepository {
    registry: Registry,
    session: Session,
    name: String,
    /// Until when "there is no such repository" may only mean "not yet".
    settled_at: Option<tokio::time::Instant>,
}

impl EcrPublicRepository {
    /// A repository by its name without alias, behind the registry's handle.
    pub(crate) fn new(registry: Registry, session: Session, name: &str) -> Self {
        Self {
            registry,
            session,
            name: name.to_owned(),
            settled_at: None,
        }
    }

    /// The same, which was created a moment ago. The registry may take a while to know it.
    pub(crate) fn created_now(mut self) -> Self {
        self.settled_at = Some(monotonic() + SETTLING);
        self
    }

    /// Its registry, to read what it has.
    pub(crate) fn registry(&self) -> &Registry {
        &self.registry
    }

    fn is_settling(&self) -> bool {
        self.settled_at.is_some_and(|at| monotonic() < at)
    }

    /// Waits before another try, if the repository may only be not known yet.
    async fn settle(&self, cx: &Context, error: content::Error) -> Result<(), content::Error> {
        if !is_unknown(&error) || !self.is_settling() {
            return Err(error);
        }
        cx.within(BETWEEN_TRIES).stopped().await;
        Ok(cx.check()?)
    }
}

fn is_unknown(error: &content::Error) -> bool {
    *error.kind() == ErrorKind::RepositoryNotFound
}

#[async_trait]
impl Destination for EcrPublicRepository {
    fn repository(&self) -> &Repository {
        Destination::repository(&self.registry)
    }

    fn probing(&self) -> Probing {
        match self.settled_at {
            Some(_) => Probing::Needless,
            None => Probing::Cheap,
        }
    }

    async fn resolve(
        &self,
        cx: &Context,
        version: &Version,
    ) -> Result<Option<Descriptor>, content::Error> {
        Destination::resolve(&self.registry, cx, version).await
    }

    async fn manifest(
        &self,
        cx: &Context,
        digest: &Digest,
    ) -> Result<Option<Manifest>, content::Error> {
        Destination::manifest(&self.registry, cx, digest).await
    }

    /// Asks the API, a hundred at a time: the registry would be asked for each of them.
    async fn present_blobs(
        &self,
        cx: &Context,
        blobs: &[Descriptor],
    ) -> Result<HashSet<Digest>, content::Error> {
        let mut digests: Vec<String> = Vec::with_capacity(blobs.len());
        digests.extend(blobs.iter().map(|blob| blob.digest.to_string()));
        let available = self
            .session
            .available_layers(cx, &self.name, &digests)
            .await;
        let available = match available {
            Ok(available) => available,
            Err(error) if self.is_settling() && is_absence(&error) => HashSet::new(),
            Err(error) => return Err(store_error(error)),
        };
        let blobs = blobs.iter().map(|blob| &blob.digest);
        Ok(blobs
            .filter(|digest| available.contains(digest.as_str()))
            .cloned()
            .collect())
    }

    async fn read_back(
        &self,
        cx: &Context,
        blob: &Descriptor,
        offset: u64,
    ) -> Result<ByteStream, content::Error> {
        self.registry.read_back(cx, blob, offset).await
    }

    async fn upload_ticket(&self, cx: &Context) -> Result<Option<Ticket>, content::Error> {
        Destination::upload_ticket(&self.registry, cx).await
    }

    async fn begin_upload(
        &self,
        cx: &Context,
        blob: &Descriptor,
        mut ticket: Option<Ticket>,
    ) -> Result<Box<dyn Upload>, content::Error> {
        loop {
            match self.registry.begin_upload(cx, blob, ticket.take()).await {
                Ok(upload) => return Ok(upload),
                Err(error) => self.settle(cx, error).await?,
            }
        }
    }

    async fn listed_referrers(
        &self,
        cx: &Context,
        digest: &Digest,
    ) -> Result<Option<Vec<Descriptor>>, content::Error> {
        Destination::listed_referrers(&self.registry, cx, digest).await
    }

    async fn put_referrer(
        &self,
        cx: &Context,
        manifest: &Manifest,
    ) -> Result<Lister, content::Error> {
        loop {
            match self.registry.put_referrer(cx, manifest).await {
                Ok(lister) => return Ok(lister),
                Err(error) => self.settle(cx, error).await?,
            }
        }
    }

    async fn put_manifest(
        &self,
        cx: &Context,
        manifest: &Manifest,
        tag: Option<&Tag>,
    ) -> Result<Receipt, content::Error> {
        loop {
            match self.registry.put_manifest(cx, manifest, tag).await {
                // Readers may be served by somebody who does not know yet.
                Ok(_) => return Ok(Receipt::Accepted),
                Err(error) => self.settle(cx, error).await?,
            }
        }
    }
}

fn is_absence(error: &aws::Error) -> bool {
    matches!(error.kind(), aws::ErrorKind::NotFound { .. })
}

/// What the engine can do about an error of AWS.
pub(crate) fn store_error(error: aws::Error) -> content::Error {
    use crate::blame::Blame;
    let kind = match (error.kind(), error.blame()) {
        (aws::ErrorKind::Stopped(stopped), _) => ErrorKind::Stopped(*stopped),
        (aws::ErrorKind::Throttled { .. }, _) => ErrorKind::Throttled { retry_after: None },
        (aws::ErrorKind::NotFound { .. }, _) => ErrorKind::RepositoryNotFound,
        (_, Blame::Access) => ErrorKind::Denied,
        (_, Blame::Practitioner) => ErrorKind::Misconfigured,
        (_, Blame::Remote | Blame::Network) => ErrorKind::Unavailable,
        (_, Blame::Stopped | Blame::Us) => ErrorKind::Protocol,
    };
    content::Error::new(kind, error)
}

/// How long a new repository may take to be known everywhere. Not documented; usually a second.
const SETTLING: Duration = Duration::from_secs(30);

const BETWEEN_TRIES: Duration = Duration::from_secs(2);

//! A client for OCI distribution registries.

use std::collections::HashSet;
use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use url::Url;

use crate::content::{self, ByteStream, Destination, PullBudget, Source, Upload};
use crate::net::Secret;
use crate::oci::{Descriptor, Digest, Manifest, Repository, Tag, Version};
use crate::task::Context;

/// Where a registry is and how to get there.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// The name in references: `docker.io`, `public.ecr.aws`, `ghcr.io`.
    pub host: String,
    /// Scheme, host and port that answer for it, when they differ from what the name implies.
    pub address: Option<Url>,
    /// Speak HTTP. Loopback only, unless `insecure`.
    pub plain_http: bool,
    /// Allow `plain_http` to hosts other than loopback.
    pub insecure: bool,
}

/// How HTTP leaves this machine. One per provider configuration.
#[derive(Clone, Debug, Default)]
pub struct HttpSettings {
    /// PEM files; when present they replace the system roots.
    pub ca_bundle: Option<PathBuf>,
    /// Proxy for HTTP; `None` means the environment decides.
    pub http_proxy: Option<String>,
    /// Proxy for HTTPS; `None` means the environment decides.
    pub https_proxy: Option<String>,
    /// Hosts without proxy; `None` means the environment decides.
    pub no_proxy: Option<String>,
    /// Text to append to the user agent.
    pub user_agent_suffix: Option<String>,
}

/// What to show a registry.
#[derive(Clone, Debug)]
pub enum Credential {
    /// Nothing.
    Anonymous,
    /// A user and a password, or a personal access token in place of it.
    Basic {
        /// The user.
        username: String,
        /// The password.
        password: Secret<String>,
    },
    /// A ready bearer token.
    Bearer(Secret<String>),
    /// An OAuth2 refresh token, which the Docker configuration calls identity token.
    Identity(Secret<String>),
}

/// Where credentials for one registry come from. Asked before each token exchange.
#[async_trait]
pub trait CredentialSource: Debug + Send + Sync {
    /// The credential to use now.
    async fn credential(&self, cx: &Context) -> Result<Credential, content::Error>;

    /// The registry refused it as expired. A source that can renews; the next call differs then.
    async fn refused(&self);
}

/// A repository of a registry, ready to be read from or written to. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Registry {
    repository: Repository,
}

/// The HTTP client and caches that all registries of a process share.
#[derive(Clone, Debug)]
pub struct Client {}

impl Client {
    /// Makes the client.
    ///
    /// # Errors
    ///
    /// The CA bundle cannot be read, or a proxy is no URL.
    pub fn new(settings: &HttpSettings) -> Result<Self, content::Error> {
        let _ = settings;
        todo!()
    }

    /// A handle on a repository.
    #[must_use]
    pub fn repository(
        &self,
        endpoint: &Endpoint,
        repository: Repository,
        credentials: Arc<dyn CredentialSource>,
    ) -> Registry {
        let _ = (endpoint, credentials);
        Registry { repository }
    }

    /// What the registry said last about pulls left for this host.
    #[must_use]
    pub fn pull_budget(&self, host: &str) -> Option<PullBudget> {
        let _ = host;
        todo!()
    }
}

#[async_trait]
impl Source for Registry {
    fn repository(&self) -> &Repository {
        &self.repository
    }
    async fn resolve(&self, _: &Context, _: &Version) -> Result<Descriptor, content::Error> {
        todo!()
    }
    async fn manifest(&self, _: &Context, _: &Digest) -> Result<Manifest, content::Error> {
        todo!()
    }
    async fn open_blob(
        &self,
        _: &Context,
        _: &Descriptor,
        _: u64,
    ) -> Result<ByteStream, content::Error> {
        todo!()
    }
}

#[async_trait]
impl Destination for Registry {
    fn repository(&self) -> &Repository {
        &self.repository
    }
    async fn resolve(
        &self,
        _: &Context,
        _: &Version,
    ) -> Result<Option<Descriptor>, content::Error> {
        todo!()
    }
    async fn manifest(&self, _: &Context, _: &Digest) -> Result<Option<Manifest>, content::Error> {
        todo!()
    }
    async fn present_blobs(
        &self,
        _: &Context,
        _: &[Descriptor],
    ) -> Result<HashSet<Digest>, content::Error> {
        todo!()
    }
    async fn begin_upload(
        &self,
        _: &Context,
        _: &Descriptor,
    ) -> Result<Box<dyn Upload>, content::Error> {
        todo!()
    }
    async fn put_manifest(
        &self,
        _: &Context,
        _: &Manifest,
        _: Option<&Tag>,
    ) -> Result<(), content::Error> {
        todo!()
    }
}

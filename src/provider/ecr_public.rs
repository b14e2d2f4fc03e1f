//! The provider as Terraform sees it.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::FutureExt as _;

use crate::aws::Environment;
use crate::task::Context;
use crate::tf::{
    Configured, Diagnostics, DynAction, DynDataSource, DynEphemeralResource, DynFunction,
    DynListResource, DynResource, Offered, Provider, Schema, ValueAction, ValueDataSource,
    ValueEphemeralResource, ValueFunction, ValueListResource, ValueResource,
};

use super::authorization_token::AuthorizationTokens;
use super::clients::Clients;
use super::config::ProviderConfig;
use super::connection::Connection;
use super::data_sources::{PullBudgetSource, RegistrySource, SourceImage, SourceTags};
use super::functions::{DefaultRepository, ParseReference, PublicUri};
use super::mirrored_image::{MirroredImageList, MirroredImages};
use super::prune::Prune;
use super::resync::Resync;
use super::{schema, settings};

/// The provider `ecrpublic`.
///
/// One per process, and one configuration at a time; a later one replaces it for what begins
/// afterwards.
#[derive(Clone, Debug, Default)]
pub struct EcrPublic {
    environment: Environment,
    connection: Arc<Connection>,
}

impl EcrPublic {
    /// A provider that reads the environment of the process.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A provider that reads these environment variables and no others.
    #[must_use]
    pub fn with_environment(environment: Environment) -> Self {
        Self {
            environment,
            connection: Arc::default(),
        }
    }

    async fn connect(
        &self,
        cx: &Context,
        config: &ProviderConfig,
        diagnostics: &mut Diagnostics,
    ) -> Option<Clients> {
        let settings = settings::read(config, &self.environment, diagnostics)?;
        match Clients::connect(cx, settings).boxed().await {
            Ok(clients) => {
                diagnostics.extend(clients.notices());
                Some(clients)
            }
            Err(diagnostic) => {
                diagnostics.push(diagnostic);
                None
            }
        }
    }
}

#[async_trait]
impl Provider for EcrPublic {
    type Config = ProviderConfig;

    fn schema(&self) -> Schema {
        schema::schema()
    }

    fn validate(&self, config: &ProviderConfig) -> Diagnostics {
        let mut problems = Diagnostics::new();
        settings::read(config, &self.environment, &mut problems);
        problems
    }

    /// While values are unknown nobody is asked and nothing is an error: plans leave open what
    /// depends on the answer, and a refresh keeps what was known.
    async fn configure(&self, cx: &Context, config: ProviderConfig) -> Configured {
        let mut diagnostics = Diagnostics::new();
        let clients = self.connect(cx, &config, &mut diagnostics).await;
        self.connection.set(clients.map(Arc::new));
        Configured { diagnostics }
    }

    fn resources(&self) -> Offered<dyn DynResource> {
        let images = MirroredImages {
            connection: Arc::clone(&self.connection),
        };
        vec![("ecrpublic_mirrored_image", Arc::new(ValueResource(images)))]
    }

    fn data_sources(&self) -> Offered<dyn DynDataSource> {
        let connection = || Arc::clone(&self.connection);
        let budget = PullBudgetSource {
            connection: connection(),
        };
        let registry = RegistrySource {
            connection: connection(),
        };
        let image = SourceImage {
            connection: connection(),
        };
        let tags = SourceTags {
            connection: connection(),
        };
        vec![
            ("ecrpublic_pull_budget", Arc::new(ValueDataSource(budget))),
            ("ecrpublic_registry", Arc::new(ValueDataSource(registry))),
            ("ecrpublic_source_image", Arc::new(ValueDataSource(image))),
            ("ecrpublic_source_tags", Arc::new(ValueDataSource(tags))),
        ]
    }

    fn ephemeral_resources(&self) -> Offered<dyn DynEphemeralResource> {
        let tokens = AuthorizationTokens {
            connection: Arc::clone(&self.connection),
        };
        let name = "ecrpublic_authorization_token";
        vec![(name, Arc::new(ValueEphemeralResource(tokens)))]
    }

    fn list_resources(&self) -> Offered<dyn DynListResource> {
        let list = MirroredImageList {
            connection: Arc::clone(&self.connection),
        };
        vec![(
            "ecrpublic_mirrored_image",
            Arc::new(ValueListResource(list)),
        )]
    }

    fn actions(&self) -> Offered<dyn DynAction> {
        let prune = Prune {
            connection: Arc::clone(&self.connection),
        };
        let resync = Resync {
            connection: Arc::clone(&self.connection),
        };
        vec![
            ("ecrpublic_prune", Arc::new(ValueAction(prune))),
            ("ecrpublic_resync", Arc::new(ValueAction(resync))),
        ]
    }

    fn functions(&self) -> Offered<dyn DynFunction> {
        vec![
            (
                "default_repository",
                Arc::new(ValueFunction(DefaultRepository)),
            ),
            ("parse_reference", Arc::new(ValueFunction(ParseReference))),
            ("public_uri", Arc::new(ValueFunction(PublicUri))),
        ]
    }
}

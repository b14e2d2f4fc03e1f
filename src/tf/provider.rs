//! The provider itself: its block, and everything it offers.

use std::sync::Arc;

use async_trait::async_trait;

use super::action::DynAction;
use super::data_source::DynDataSource;
use super::diagnostics::Diagnostics;
use super::ephemeral::DynEphemeralResource;
use super::function::DynFunction;
use super::list_resource::DynListResource;
use super::model::{Model, mismatch, required};
use super::resource::DynResource;
use super::schema::Schema;
use super::value::Value;
use crate::task::Context;

/// Configures the provider from its block.
#[derive(Clone, Debug)]
pub struct Configured {
    /// Messages.
    pub diagnostics: Diagnostics,
}

/// Objects of one kind by name.
pub type Offered<T> = Vec<(&'static str, Arc<T>)>;

/// The provider itself.
///
/// What it offers is constant. Of what it does not mention it offers nothing.
#[async_trait]
pub trait Provider: Send + Sync + 'static {
    /// The provider block as a struct.
    type Config: Model + Clone + Send + Sync + 'static;

    /// The provider block. Constant.
    fn schema(&self) -> Schema;

    /// Checks a provider block offline. Unknown values pass.
    fn validate(&self, config: &Self::Config) -> Diagnostics;

    /// Takes the provider block into use. A later call replaces it.
    async fn configure(&self, cx: &Context, config: Self::Config) -> Configured;

    /// What it manages, by type name.
    fn resources(&self) -> Offered<dyn DynResource>;

    /// What it looks up, by type name.
    fn data_sources(&self) -> Offered<dyn DynDataSource> {
        Vec::new()
    }

    /// What it hands out for the length of a run, by type name.
    fn ephemeral_resources(&self) -> Offered<dyn DynEphemeralResource> {
        Vec::new()
    }

    /// What of that it can list, by type name of the managed resource.
    fn list_resources(&self) -> Offered<dyn DynListResource> {
        Vec::new()
    }

    /// What it does when it is asked to, by type name.
    fn actions(&self) -> Offered<dyn DynAction> {
        Vec::new()
    }

    /// What it computes, by name.
    fn functions(&self) -> Offered<dyn DynFunction> {
        Vec::new()
    }
}

/// A [`Provider`] on untyped values, as the protocol layer drives it.
#[async_trait]
#[expect(
    missing_docs,
    reason = "each method is the one of the same name in `Provider`"
)]
pub trait DynProvider: Send + Sync {
    fn schema(&self) -> Schema;
    fn validate(&self, config: &Value) -> Diagnostics;
    async fn configure(&self, cx: &Context, config: Value) -> Configured;
    fn resources(&self) -> Offered<dyn DynResource>;
    fn data_sources(&self) -> Offered<dyn DynDataSource>;
    fn ephemeral_resources(&self) -> Offered<dyn DynEphemeralResource>;
    fn list_resources(&self) -> Offered<dyn DynListResource>;
    fn actions(&self) -> Offered<dyn DynAction>;
    fn functions(&self) -> Offered<dyn DynFunction>;
}

#[async_trait]
impl<P: Provider> DynProvider for P {
    fn schema(&self) -> Schema {
        Provider::schema(self)
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        match required(config) {
            Ok(config) => Provider::validate(self, &config),
            Err(error) => mismatch(&error).into(),
        }
    }

    async fn configure(&self, cx: &Context, config: Value) -> Configured {
        match required(&config) {
            Ok(config) => Provider::configure(self, cx, config).await,
            Err(error) => Configured {
                diagnostics: mismatch(&error).into(),
            },
        }
    }

    fn resources(&self) -> Offered<dyn DynResource> {
        Provider::resources(self)
    }

    fn data_sources(&self) -> Offered<dyn DynDataSource> {
        Provider::data_sources(self)
    }

    fn ephemeral_resources(&self) -> Offered<dyn DynEphemeralResource> {
        Provider::ephemeral_resources(self)
    }

    fn list_resources(&self) -> Offered<dyn DynListResource> {
        Provider::list_resources(self)
    }

    fn actions(&self) -> Offered<dyn DynAction> {
        Provider::actions(self)
    }

    fn functions(&self) -> Offered<dyn DynFunction> {
        Provider::functions(self)
    }
}

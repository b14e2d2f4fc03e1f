//! (in the making)

use async_trait::async_trait;
use std::sync::Arc;

use crate::task::Context;
use crate::tf::{Block, Configured, Diagnostics, DynResource, Provider, Schema};

crate::model! {
    /// Nothing yet.
    pub struct Config {}
}

/// The provider.
#[derive(Debug, Default)]
pub struct EcrPublic;

impl EcrPublic {
    /// Nothing configured.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

#[async_trait]
impl Provider for EcrPublic {
    type Config = Config;

    fn schema(&self) -> Schema {
        Schema {
            version: 0,
            block: Block::default(),
        }
    }

    fn validate(&self, _: &Config) -> Diagnostics {
        Diagnostics::new()
    }

    async fn configure(&self, _: &Context, _: Config) -> Configured {
        Configured {
            diagnostics: Diagnostics::new(),
        }
    }

    fn resources(&self) -> Vec<(&'static str, Arc<dyn DynResource>)> {
        Vec::new()
    }
}

//! Whether the provider is configured, shared by everything it manages.

use std::sync::{Arc, PoisonError, RwLock};

use super::clients::Clients;

/// The way out of this process. `None` until the provider is configured with values that are all
/// known.
#[derive(Debug, Default)]
pub(crate) struct Connection(RwLock<Option<Arc<Clients>>>);

impl Connection {
    /// The clients, if there are any yet.
    pub(crate) fn clients(&self) -> Option<Arc<Clients>> {
        let clients = self.0.read().unwrap_or_else(PoisonError::into_inner);
        clients.clone()
    }

    /// Takes other clients, or none, into use.
    pub(crate) fn set(&self, clients: Option<Arc<Clients>>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = clients;
    }
}

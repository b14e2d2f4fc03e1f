//! Ephemeral resources: what is handed out for the length of a run and stored nowhere.
//!
//! Whoever adds one writes a [`Model`], a [`Schema`] and an implementation of
//! [`EphemeralResource`].

use async_trait::async_trait;

use super::declared::{DynDeclared, declared};
use super::diagnostics::{Diagnostic, Diagnostics};
use super::model::{Model, mismatch, required};
use super::schema::Schema;
use super::value::Value;
use crate::task::Context;

/// One kind of object to hand out.
///
/// What is handed out lasts by itself: a host can renew what it has opened, but never takes another
/// value for it, so there is nothing to renew, and nothing to close, about a value.
#[async_trait]
pub trait EphemeralResource: Send + Sync + 'static {
    /// Configuration and result as a struct.
    type Model: Model + Clone + Send + Sync + 'static;

    /// Its contents. Constant.
    fn schema(&self) -> Schema;

    /// Checks a configuration offline. Unknown values pass.
    fn validate(&self, config: &Self::Model) -> Diagnostics;

    /// Gets it. The configuration is wholly known and has passed [`EphemeralResource::validate`];
    /// the result is the same with everything that is computed, wholly known too.
    ///
    /// # Errors
    ///
    /// There is nothing to hand out.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is changed.
    async fn open(&self, cx: &Context, config: Self::Model) -> Result<Self::Model, Diagnostic>;
}

/// An [`EphemeralResource`] on untyped values, as the protocol layer drives it.
#[async_trait]
pub trait DynEphemeralResource: DynDeclared {
    /// As [`EphemeralResource::open`].
    ///
    /// # Errors
    ///
    /// As [`EphemeralResource::open`].
    async fn open(&self, cx: &Context, config: Value) -> Result<Value, Diagnostic>;
}

/// Makes a [`DynEphemeralResource`] of an [`EphemeralResource`].
#[derive(Debug)]
pub struct ValueEphemeralResource<E>(pub E);

declared!(ValueEphemeralResource, EphemeralResource, Model);

#[async_trait]
impl<E: EphemeralResource> DynEphemeralResource for ValueEphemeralResource<E> {
    async fn open(&self, cx: &Context, config: Value) -> Result<Value, Diagnostic> {
        let config = required(&config).map_err(|error| mismatch(&error))?;
        let opened = self.0.open(cx, config).await;
        opened.map(|opened| opened.to_value())
    }
}

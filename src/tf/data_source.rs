//! Data sources: what is looked up, during a plan where that is possible.
//!
//! Whoever adds one writes a [`Model`], a [`Schema`] and an implementation of [`DataSource`].

use async_trait::async_trait;

use super::declared::{DynDeclared, declared};
use super::diagnostics::{Diagnostic, Diagnostics};
use super::model::{Model, mismatch, required};
use super::schema::Schema;
use super::value::Value;
use crate::task::Context;

/// One kind of object to look up.
#[async_trait]
pub trait DataSource: Send + Sync + 'static {
    /// Configuration and result as a struct.
    type Model: Model + Clone + Send + Sync + 'static;

    /// Its contents. Constant.
    fn schema(&self) -> Schema;

    /// Checks a configuration offline. Unknown values pass.
    fn validate(&self, config: &Self::Model) -> Diagnostics;

    /// Looks it up. The configuration is wholly known and has passed [`DataSource::validate`]; the
    /// result is the same with everything that is computed, wholly known too.
    ///
    /// # Errors
    ///
    /// There is nothing to be found, or nobody who can tell.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is changed.
    async fn read(&self, cx: &Context, config: Self::Model) -> Result<Self::Model, Diagnostic>;
}

/// A [`DataSource`] on untyped values, as the protocol layer drives it.
#[async_trait]
pub trait DynDataSource: DynDeclared {
    /// As [`DataSource::read`].
    ///
    /// # Errors
    ///
    /// As [`DataSource::read`].
    async fn read(&self, cx: &Context, config: Value) -> Result<Value, Diagnostic>;
}

/// Makes a [`DynDataSource`] of a [`DataSource`].
#[derive(Debug)]
pub struct ValueDataSource<D>(pub D);

declared!(ValueDataSource, DataSource, Model);

#[async_trait]
impl<D: DataSource> DynDataSource for ValueDataSource<D> {
    async fn read(&self, cx: &Context, config: Value) -> Result<Value, Diagnostic> {
        let config = required(&config).map_err(|error| mismatch(&error))?;
        let found = self.0.read(cx, config).await;
        found.map(|found| found.to_value())
    }
}

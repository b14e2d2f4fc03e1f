//! List resources: what exists of a managed kind, whether Terraform manages it or not.
//!
//! Whoever adds one writes its configuration as a [`Model`], a [`Schema`] and an implementation of
//! [`ListResource`]. Its type name is that of a managed resource, whose identities and objects it
//! finds.

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::declared::{DynDeclared, declared};
use super::diagnostics::{Diagnostic, Diagnostics};
use super::model::{Model, mismatch, required};
use super::schema::Schema;
use super::value::Value;
use crate::task::Context;

/// What to list.
#[derive(Clone, Debug)]
pub struct ListRequest<C> {
    /// The configuration, wholly known.
    pub config: C,
    /// Whether the objects themselves are wanted, and not only what identifies them.
    pub with_objects: bool,
}

/// One object that exists.
#[derive(Clone, Debug)]
pub struct Listed {
    /// What identifies it, by the identity schema of the managed resource.
    pub identity: Value,
    /// What people call it.
    pub display_name: String,
    /// The object as an import would have it, if it was wanted and could be had.
    pub object: Option<Value>,
    /// Messages about this one.
    pub diagnostics: Diagnostics,
}

/// Where what was found goes, one by one.
#[derive(Clone, Debug)]
pub struct Finds(mpsc::Sender<Listed>);

/// Nobody wants more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nobody wants more")]
pub struct Enough;

impl Finds {
    /// What was found goes there.
    #[must_use]
    pub fn new(sender: mpsc::Sender<Listed>) -> Self {
        Self(sender)
    }

    /// Hands one on, as soon as the one before has been taken.
    ///
    /// # Errors
    ///
    /// There are as many as were wanted, or whoever asked is gone.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn push(&self, listed: Listed) -> Result<(), Enough> {
        self.0.send(listed).await.map_err(|_closed| Enough)
    }
}

/// One kind of managed object that can be listed.
#[async_trait]
pub trait ListResource: Send + Sync + 'static {
    /// Its configuration as a struct.
    type Config: Model + Clone + Send + Sync + 'static;

    /// Its contents. Constant.
    fn schema(&self) -> Schema;

    /// Checks a configuration offline. Unknown values pass.
    fn validate(&self, config: &Self::Config) -> Diagnostics;

    /// Finds what there is, in an order that is the same each time, and ends when `found` has
    /// [`Enough`].
    ///
    /// # Errors
    ///
    /// The list is not complete. What was pushed before counts all the same.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is changed.
    async fn list(
        &self,
        cx: &Context,
        request: ListRequest<Self::Config>,
        found: &Finds,
    ) -> Result<(), Diagnostic>;
}

/// A [`ListResource`] on untyped values, as the protocol layer drives it.
#[async_trait]
pub trait DynListResource: DynDeclared {
    /// As [`ListResource::list`].
    ///
    /// # Errors
    ///
    /// As [`ListResource::list`].
    async fn list(
        &self,
        cx: &Context,
        request: ListRequest<Value>,
        found: &Finds,
    ) -> Result<(), Diagnostic>;
}

/// Makes a [`DynListResource`] of a [`ListResource`].
#[derive(Debug)]
pub struct ValueListResource<L>(pub L);

declared!(ValueListResource, ListResource, Config);

#[async_trait]
impl<L: ListResource> DynListResource for ValueListResource<L> {
    async fn list(
        &self,
        cx: &Context,
        request: ListRequest<Value>,
        found: &Finds,
    ) -> Result<(), Diagnostic> {
        let typed = ListRequest {
            config: required(&request.config).map_err(|error| mismatch(&error))?,
            with_objects: request.with_objects,
        };
        self.0.list(cx, typed, found).await
    }
}

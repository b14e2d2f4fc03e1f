//! Actions: what is done when somebody asks for it, and leaves nothing in state.
//!
//! Whoever adds one writes its configuration as a [`Model`], a [`Schema`] and an implementation of
//! [`Action`].

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::declared::{DynDeclared, declared};
use super::diagnostics::{Diagnostic, Diagnostics};
use super::model::{Model, mismatch, required};
use super::schema::Schema;
use super::value::Value;
use crate::task::Context;

/// Where people read how far an action is.
#[derive(Clone, Debug)]
pub struct Told(mpsc::Sender<String>);

impl Told {
    /// Sentences go there.
    #[must_use]
    pub fn new(sender: mpsc::Sender<String>) -> Self {
        Self(sender)
    }

    /// Says how far it is. That nobody listens any more stops nothing: the context says that.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn tell(&self, sentence: impl Into<String>) {
        let _heard = self.0.send(sentence.into()).await;
    }
}

/// One kind of action.
#[async_trait]
pub trait Action: Send + Sync + 'static {
    /// Its configuration as a struct.
    type Config: Model + Clone + Send + Sync + 'static;

    /// Its contents. Constant.
    fn schema(&self) -> Schema;

    /// Checks a configuration offline. Unknown values pass. A plan checks nothing more.
    fn validate(&self, config: &Self::Config) -> Diagnostics;

    /// Does it. The configuration is wholly known and has passed [`Action::validate`].
    ///
    /// # Errors
    ///
    /// It was not done, or not all of it; the message says what was.
    ///
    /// # Cancel safety
    ///
    /// Runs to its end whatever happens to the connection; stops through `cx`.
    async fn invoke(
        &self,
        cx: &Context,
        config: Self::Config,
        told: &Told,
    ) -> Result<(), Diagnostic>;
}

/// An [`Action`] on untyped values, as the protocol layer drives it.
#[async_trait]
pub trait DynAction: DynDeclared {
    /// As [`Action::invoke`].
    ///
    /// # Errors
    ///
    /// As [`Action::invoke`].
    async fn invoke(&self, cx: &Context, config: Value, told: &Told) -> Result<(), Diagnostic>;
}

/// Makes a [`DynAction`] of an [`Action`].
#[derive(Debug)]
pub struct ValueAction<A>(pub A);

declared!(ValueAction, Action, Config);

#[async_trait]
impl<A: Action> DynAction for ValueAction<A> {
    async fn invoke(&self, cx: &Context, config: Value, told: &Told) -> Result<(), Diagnostic> {
        let config = required(&config).map_err(|error| mismatch(&error))?;
        self.0.invoke(cx, config, told).await
    }
}

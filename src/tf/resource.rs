//! What a provider and its resources have to say for themselves.
//!
//! Whoever adds a resource writes a [`Model`], a [`Schema`] and an implementation of [`Resource`].
//! The protocol layer sees only [`DynResource`], which works on untyped values;
//! [`ValueResource`] makes one from the other.

use async_trait::async_trait;

use super::diagnostics::{Diagnostic, Diagnostics};
use super::model::{Model, ModelError, mismatch, required};
use super::path::Path;
use super::schema::{IdentitySchema, Schema};
use super::value::Value;
use crate::task::Context;

/// What the host can do, as far as it matters to us.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientCapabilities {
    /// The host hands the private data of the first plan to the second one (protocol 6.11).
    pub store_planned_private: bool,
}

/// Configuration, prior and proposed state of one planned change. Never a destroy.
#[derive(Clone, Debug)]
pub struct PlanRequest<M> {
    /// What the practitioner wrote; may contain unknowns.
    pub config: M,
    /// What is in state; `None` on create and on the second call of a replacement.
    pub prior: Option<M>,
    /// The host's merge of the two.
    pub proposed: M,
    /// Private data next to the prior state.
    pub prior_private: Vec<u8>,
    /// Private data of the first plan call, when the host keeps it (protocol 6.11).
    pub planned_private: Vec<u8>,
    /// What the host can do.
    pub client: ClientCapabilities,
}

/// The answer to a [`PlanRequest`].
#[derive(Clone, Debug)]
pub struct Planned<M> {
    /// The state that apply will bring about, unknown where it cannot be known.
    pub state: M,
    /// Attributes whose change cannot be made in place.
    pub requires_replace: Vec<Path>,
    /// Private data for apply.
    pub private: Vec<u8>,
    /// Messages.
    pub diagnostics: Diagnostics,
}

/// A change to make.
#[derive(Clone, Debug)]
pub struct ApplyRequest<M> {
    /// What is in state; `None` on create.
    pub prior: Option<M>,
    /// The planned state; `None` on delete.
    pub planned: Option<M>,
    /// What the practitioner wrote, wholly known; `None` on delete.
    pub config: Option<M>,
    /// Private data of the plan.
    pub planned_private: Vec<u8>,
}

/// What is in force after a change.
#[derive(Clone, Debug)]
pub struct Applied<M> {
    /// What exists now, whether or not there were errors; `None` when nothing does.
    pub state: Option<M>,
    /// Private data to store.
    pub private: Vec<u8>,
    /// Messages. An error together with a state on create taints the instance.
    pub diagnostics: Diagnostics,
}

/// A refresh of what is in state.
#[derive(Clone, Debug)]
pub struct ReadRequest<M> {
    /// What is in state.
    pub current: M,
    /// Private data next to it.
    pub private: Vec<u8>,
}

/// What a refresh found.
#[derive(Clone, Debug)]
pub struct ReadResponse<M> {
    /// What exists now; `None` only when it is definitely gone.
    pub state: Option<M>,
    /// Private data to store.
    pub private: Vec<u8>,
    /// Messages. With an error the host keeps the old state.
    pub diagnostics: Diagnostics,
}

/// How the practitioner names an existing object.
#[derive(Clone, Debug)]
pub enum ImportTarget {
    /// `terraform import ADDRESS ID`
    Id(String),
    /// An identity object, by the identity schema.
    Identity(Value),
}

/// An import.
#[derive(Clone, Debug)]
pub struct ImportRequest {
    /// What to import.
    pub target: ImportTarget,
}

/// The beginning of an imported state; the host refreshes it next.
#[derive(Clone, Debug)]
pub struct Imported<M> {
    /// What refresh needs to find the object; `None` with an error.
    pub state: Option<M>,
    /// Private data to store.
    pub private: Vec<u8>,
    /// Messages.
    pub diagnostics: Diagnostics,
}

/// One kind of managed object.
#[async_trait]
pub trait Resource: Send + Sync + 'static {
    /// Configuration and state as a struct.
    type Model: Model + Clone + Send + Sync + 'static;

    /// Its contents. Constant.
    fn schema(&self) -> Schema;

    /// What identifies an object for ever. Constant.
    fn identity_schema(&self) -> Option<IdentitySchema>;

    /// The identity of a planned or existing object, unknown where the model is.
    fn identity(&self, model: &Self::Model) -> Value;

    /// Checks a configuration offline. Unknown values pass.
    fn validate(&self, config: &Self::Model) -> Diagnostics;

    /// Plans a create or an update.
    async fn plan(&self, cx: &Context, request: PlanRequest<Self::Model>) -> Planned<Self::Model>;

    /// Creates, updates or deletes.
    ///
    /// # Cancel safety
    ///
    /// Runs to its end whatever happens to the connection; stops through `cx`.
    async fn apply(&self, cx: &Context, request: ApplyRequest<Self::Model>)
    -> Applied<Self::Model>;

    /// Looks at what exists.
    async fn read(
        &self,
        cx: &Context,
        request: ReadRequest<Self::Model>,
    ) -> ReadResponse<Self::Model>;

    /// Takes over what exists.
    async fn import(&self, cx: &Context, request: ImportRequest) -> Imported<Self::Model>;

    /// Turns a state written with an older schema version into one of the current version.
    /// `old` is the stored JSON object, all attributes of that version present.
    ///
    /// # Errors
    ///
    /// The version is unknown.
    fn upgrade(&self, version: i64, old: Value) -> Result<Value, Diagnostic> {
        let _ = old;
        Err(
            Diagnostic::error("State version not supported").detail(format!(
                "The state was written with schema version {version}, which this version of the \
             provider cannot read."
            )),
        )
    }
}

/// A [`Resource`] on untyped values, as the protocol layer drives it.
///
/// Values conform to the schema in both directions. A `null` value is an absent object.
#[async_trait]
#[expect(
    missing_docs,
    reason = "each method is the one of the same name in `Resource`"
)]
pub trait DynResource: Send + Sync {
    fn schema(&self) -> Schema;
    fn identity_schema(&self) -> Option<IdentitySchema>;
    fn identity(&self, value: &Value) -> Value;
    fn validate(&self, config: &Value) -> Diagnostics;
    async fn plan(&self, cx: &Context, request: PlanRequest<Value>) -> Planned<Value>;
    async fn apply(&self, cx: &Context, request: ApplyRequest<Value>) -> Applied<Value>;
    async fn read(&self, cx: &Context, request: ReadRequest<Value>) -> ReadResponse<Value>;
    async fn import(&self, cx: &Context, request: ImportRequest) -> Imported<Value>;
    /// # Errors
    ///
    /// As [`Resource::upgrade`].
    fn upgrade(&self, version: i64, old: Value) -> Result<Value, Diagnostic>;
}

/// Makes a [`DynResource`] of a [`Resource`].
#[derive(Debug)]
pub struct ValueResource<R>(pub R);

#[async_trait]
impl<R: Resource> DynResource for ValueResource<R> {
    fn schema(&self) -> Schema {
        self.0.schema()
    }

    fn identity_schema(&self) -> Option<IdentitySchema> {
        self.0.identity_schema()
    }

    fn identity(&self, value: &Value) -> Value {
        match R::Model::from_value(value) {
            Ok(Some(model)) => self.0.identity(&model),
            Ok(None) | Err(_) => Value::Null,
        }
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        match required(config) {
            Ok(config) => self.0.validate(&config),
            Err(error) => mismatch(&error).into(),
        }
    }

    async fn plan(&self, cx: &Context, request: PlanRequest<Value>) -> Planned<Value> {
        let fallback = request.proposed.clone();
        let typed = || -> Result<PlanRequest<R::Model>, ModelError> {
            Ok(PlanRequest {
                config: required(&request.config)?,
                prior: request.prior.as_ref().map(required).transpose()?,
                proposed: required(&request.proposed)?,
                prior_private: request.prior_private.clone(),
                planned_private: request.planned_private.clone(),
                client: request.client,
            })
        };
        match typed() {
            Err(error) => Planned {
                state: fallback,
                requires_replace: Vec::new(),
                private: request.prior_private,
                diagnostics: mismatch(&error).into(),
            },
            Ok(typed) => {
                let planned = self.0.plan(cx, typed).await;
                Planned {
                    state: planned.state.to_value(),
                    requires_replace: planned.requires_replace,
                    private: planned.private,
                    diagnostics: planned.diagnostics,
                }
            }
        }
    }

    async fn apply(&self, cx: &Context, request: ApplyRequest<Value>) -> Applied<Value> {
        let typed = || -> Result<ApplyRequest<R::Model>, ModelError> {
            Ok(ApplyRequest {
                prior: request.prior.as_ref().map(required).transpose()?,
                planned: request.planned.as_ref().map(required).transpose()?,
                config: request.config.as_ref().map(required).transpose()?,
                planned_private: request.planned_private.clone(),
            })
        };
        match typed() {
            Err(error) => Applied {
                state: request.prior,
                private: request.planned_private,
                diagnostics: mismatch(&error).into(),
            },
            Ok(typed) => {
                let applied = self.0.apply(cx, typed).await;
                Applied {
                    state: applied.state.as_ref().map(Model::to_value),
                    private: applied.private,
                    diagnostics: applied.diagnostics,
                }
            }
        }
    }

    async fn read(&self, cx: &Context, request: ReadRequest<Value>) -> ReadResponse<Value> {
        match required(&request.current) {
            Err(error) => ReadResponse {
                state: Some(request.current),
                private: request.private,
                diagnostics: mismatch(&error).into(),
            },
            Ok(current) => {
                let private = request.private;
                let read = self.0.read(cx, ReadRequest { current, private }).await;
                ReadResponse {
                    state: read.state.as_ref().map(Model::to_value),
                    private: read.private,
                    diagnostics: read.diagnostics,
                }
            }
        }
    }

    async fn import(&self, cx: &Context, request: ImportRequest) -> Imported<Value> {
        let imported = self.0.import(cx, request).await;
        Imported {
            state: imported.state.as_ref().map(Model::to_value),
            private: imported.private,
            diagnostics: imported.diagnostics,
        }
    }

    fn upgrade(&self, version: i64, old: Value) -> Result<Value, Diagnostic> {
        self.0.upgrade(version, old)
    }
}

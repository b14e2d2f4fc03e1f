//! Managed resources by type name: a request in, an answer out.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use super::lifecycle::{self, Change};
use super::tfplugin6 as proto;
use super::{decode, encode};
use crate::task::Context;
use crate::tf::wire;
use crate::tf::{
    Applied, ApplyRequest, Diagnostic, DynResource, IdentitySchema, ImportRequest, ImportTarget,
    PlanRequest, ReadRequest, Schema, Type, Value,
};

/// Everything the provider manages.
pub(super) struct Resources(HashMap<&'static str, Entry>);

/// One resource, with its schemas once they have been asked for.
pub(super) struct Entry {
    resource: Arc<dyn DynResource>,
    shape: OnceLock<Shape>,
}

struct Shape {
    schema: Schema,
    kind: Type,
    identity: Option<Identity>,
}

struct Identity {
    schema: IdentitySchema,
    kind: Type,
}

impl fmt::Debug for Resources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Resources {
    /// From what the provider offers.
    pub(super) fn new(offered: Vec<(&'static str, Arc<dyn DynResource>)>) -> Self {
        let entries = offered.into_iter().map(|(name, resource)| {
            let shape = OnceLock::new();
            (name, Entry { resource, shape })
        });
        Self(entries.collect())
    }

    /// The resource of this type name.
    pub(super) fn get(&self, name: &str) -> Result<&Entry, Diagnostic> {
        self.0.get(name).ok_or_else(|| {
            Diagnostic::error("Resource type not supported")
                .detail(format!("The provider has no resource `{name}`."))
        })
    }

    /// All type names.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.keys().copied()
    }

    /// All schemas by type name.
    pub(super) fn schemas(&self) -> HashMap<String, proto::Schema> {
        let schemas = self.0.iter().map(|(name, entry)| {
            let schema = encode::schema(&entry.shape().schema);
            ((*name).to_owned(), schema)
        });
        schemas.collect()
    }

    /// The identity schemas of those that have one.
    pub(super) fn identity_schemas(&self) -> HashMap<String, proto::ResourceIdentitySchema> {
        let schemas = self.0.iter().filter_map(|(name, entry)| {
            let identity = entry.shape().identity.as_ref()?;
            Some((
                (*name).to_owned(),
                encode::identity_schema(&identity.schema),
            ))
        });
        schemas.collect()
    }
}

impl Entry {
    fn shape(&self) -> &Shape {
        self.shape.get_or_init(|| {
            let schema = self.resource.schema();
            let identity = self.resource.identity_schema();
            Shape {
                kind: schema.block.value_type(),
                identity: identity.map(|schema| Identity {
                    kind: schema.value_type(),
                    schema,
                }),
                schema,
            }
        })
    }

    pub(super) fn validate(
        &self,
        request: &proto::validate_resource_config::Request,
    ) -> Result<proto::validate_resource_config::Response, Diagnostic> {
        let config = decode::value(request.config.as_ref(), &self.shape().kind, "configuration")?;
        let diagnostics = encode::diagnostics(&self.resource.validate(&config));
        Ok(proto::validate_resource_config::Response { diagnostics })
    }

    /// Reads stored state. Called for every object on every load.
    pub(super) fn upgrade(
        &self,
        request: &proto::upgrade_resource_state::Request,
    ) -> Result<proto::upgrade_resource_state::Response, Diagnostic> {
        let Shape { schema, kind, .. } = self.shape();
        let stored = decode::stored(request.raw_state.as_ref(), "state")?;
        let unreadable = |error| decode::unreadable("stored state", &error);
        let mut state = if request.version == schema.version {
            wire::from_json(stored, kind).map_err(unreadable)?
        } else if request.version > schema.version {
            return Err(newer("state", request.version, schema.version));
        } else {
            let old = wire::from_json_untyped(stored).map_err(unreadable)?;
            let upgraded = self.resource.upgrade(request.version, old)?;
            wire::conform(upgraded.without_unknowns(), kind).map_err(unreadable)?
        };
        wire::settle(&mut state, &schema.block);
        Ok(proto::upgrade_resource_state::Response {
            upgraded_state: Some(self.state(&state)?),
            diagnostics: Vec::new(),
        })
    }

    pub(super) fn upgrade_identity(
        &self,
        request: &proto::upgrade_resource_identity::Request,
    ) -> Result<proto::upgrade_resource_identity::Response, Diagnostic> {
        let Some(Identity { schema, kind }) = &self.shape().identity else {
            return Err(Diagnostic::error("Identity not supported").detail(format!(
                "The resource `{}` has no identity.",
                request.type_name
            )));
        };
        if request.version != schema.version {
            return Err(newer("identity", request.version, schema.version));
        }
        let stored = decode::stored(request.raw_identity.as_ref(), "identity")?;
        let unreadable = |error| decode::unreadable("stored identity", &error);
        let identity = wire::from_json(stored, kind).map_err(unreadable)?;
        Ok(proto::upgrade_resource_identity::Response {
            upgraded_identity: self.known_identity(&identity)?,
            diagnostics: Vec::new(),
        })
    }

    pub(super) async fn read(
        &self,
        cx: &Context,
        request: proto::read_resource::Request,
    ) -> Result<proto::read_resource::Response, Diagnostic> {
        let kind = &self.shape().kind;
        let Some(current) = decode::object(request.current_state.as_ref(), kind, "state")? else {
            return Ok(proto::read_resource::Response {
                new_state: Some(encode::null()),
                private: request.private,
                ..Default::default()
            });
        };
        let private = request.private;
        let read = self
            .resource
            .read(cx, ReadRequest { current, private })
            .await;
        let state = read.state.map_or(Value::Null, Value::without_unknowns);
        let identity = self.known_identity(&self.identity(&state))?;
        let stored = request
            .current_identity
            .filter(|_| !state.is_null() && self.shape().identity.is_some());
        Ok(proto::read_resource::Response {
            new_state: Some(self.state(&state)?),
            new_identity: identity.or(stored),
            private: read.private,
            diagnostics: encode::diagnostics(&read.diagnostics),
            deferred: None,
        })
    }

    pub(super) async fn plan(
        &self,
        cx: &Context,
        request: proto::plan_resource_change::Request,
    ) -> Result<proto::plan_resource_change::Response, Diagnostic> {
        let kind = &self.shape().kind;
        let proposed = decode::object(request.proposed_new_state.as_ref(), kind, "proposed state")?;
        let Some(proposed) = proposed else {
            return Ok(destroy_plan(request.prior_private));
        };
        let prior = decode::object(request.prior_state.as_ref(), kind, "prior state")?;
        let is_update = prior.is_some();
        let typed = PlanRequest {
            config: decode::value(request.config.as_ref(), kind, "configuration")?,
            prior,
            proposed,
            prior_private: request.prior_private,
            planned_private: request.planned_private,
            client: decode::capabilities(request.client_capabilities.as_ref()),
        };
        let planned = self.resource.plan(cx, typed).await;
        let requires_replace = planned.requires_replace;
        let identity = self.identity(&planned.state);
        let planned_identity = if is_update && requires_replace.is_empty() {
            // Only what is created may have an identity that is not known yet.
            let known = self.known_identity(&identity)?;
            known.or(request.prior_identity)
        } else {
            self.encoded_identity(&identity)?
        };
        Ok(proto::plan_resource_change::Response {
            planned_state: Some(self.state(&planned.state)?),
            requires_replace: requires_replace.iter().map(encode::path).collect(),
            planned_private: planned.private,
            planned_identity: planned_identity.filter(|_| self.shape().identity.is_some()),
            diagnostics: encode::diagnostics(&planned.diagnostics),
            ..Default::default()
        })
    }

    pub(super) async fn apply(
        &self,
        cx: &Context,
        request: proto::apply_resource_change::Request,
    ) -> Result<proto::apply_resource_change::Response, Diagnostic> {
        let kind = &self.shape().kind;
        let prior = decode::object(request.prior_state.as_ref(), kind, "prior state")?;
        let planned = decode::object(request.planned_state.as_ref(), kind, "planned state")?;
        let config = decode::object(request.config.as_ref(), kind, "configuration")?;
        let Some(change) = Change::of(prior.as_ref(), planned.as_ref()) else {
            return Ok(proto::apply_resource_change::Response {
                new_state: Some(encode::null()),
                ..Default::default()
            });
        };
        tracing::trace!(change = ?change, "applying");
        let typed = ApplyRequest {
            prior,
            planned: planned.clone(),
            config,
            planned_private: request.planned_private,
        };
        let applied = self.resource.apply(cx, typed).await;
        self.applied(lifecycle::check(change, planned.as_ref(), kind, applied))
    }

    fn applied(
        &self,
        applied: Applied<Value>,
    ) -> Result<proto::apply_resource_change::Response, Diagnostic> {
        let state = applied.state.unwrap_or(Value::Null);
        Ok(proto::apply_resource_change::Response {
            new_state: Some(self.state(&state)?),
            new_identity: self.known_identity(&self.identity(&state))?,
            private: applied.private,
            diagnostics: encode::diagnostics(&applied.diagnostics),
            ..Default::default()
        })
    }

    pub(super) async fn import(
        &self,
        cx: &Context,
        request: proto::import_resource_state::Request,
    ) -> Result<proto::import_resource_state::Response, Diagnostic> {
        let target = self.import_target(&request)?;
        let imported = self.resource.import(cx, ImportRequest { target }).await;
        let mut resources = Vec::new();
        if let Some(state) = imported.state {
            let mut state = state.without_unknowns();
            wire::settle(&mut state, &self.shape().schema.block);
            resources.push(proto::import_resource_state::ImportedResource {
                type_name: request.type_name,
                identity: self.known_identity(&self.identity(&state))?,
                state: Some(self.state(&state)?),
                private: imported.private,
            });
        }
        Ok(proto::import_resource_state::Response {
            imported_resources: resources,
            diagnostics: encode::diagnostics(&imported.diagnostics),
            deferred: None,
        })
    }

    fn import_target(
        &self,
        request: &proto::import_resource_state::Request,
    ) -> Result<ImportTarget, Diagnostic> {
        match (&request.identity, &self.shape().identity) {
            (Some(identity), Some(Identity { kind, .. })) if request.id.is_empty() => {
                let data = identity.identity_data.as_ref();
                decode::value(data, kind, "identity").map(ImportTarget::Identity)
            }
            _ => Ok(ImportTarget::Id(request.id.clone())),
        }
    }

    /// An object as it travels.
    pub(super) fn state(&self, state: &Value) -> Result<proto::DynamicValue, Diagnostic> {
        encode::value(state, &self.shape().kind)
            .map_err(|error| encode::unwritable("state", &error))
    }

    /// What the resource says identifies this object; null where there is nothing to identify.
    fn identity(&self, state: &Value) -> Value {
        if self.shape().identity.is_some() && !state.is_null() {
            self.resource.identity(state)
        } else {
            Value::Null
        }
    }

    /// An identity for an object that exists. One that is not known in full is left out.
    pub(super) fn known_identity(
        &self,
        identity: &Value,
    ) -> Result<Option<proto::ResourceIdentityData>, Diagnostic> {
        if identity.has_unknown() {
            return Ok(None);
        }
        self.encoded_identity(identity)
    }

    fn encoded_identity(
        &self,
        identity: &Value,
    ) -> Result<Option<proto::ResourceIdentityData>, Diagnostic> {
        // A host that gets an identity for a resource without one dereferences nothing.
        let Some(Identity { kind, .. }) = &self.shape().identity else {
            return Ok(None);
        };
        if identity.is_null() {
            return Ok(None);
        }
        let data = encode::value(identity, kind)
            .map_err(|error| encode::unwritable("identity", &error))?;
        Ok(Some(proto::ResourceIdentityData {
            identity_data: Some(data),
        }))
    }
}

fn destroy_plan(prior_private: Vec<u8>) -> proto::plan_resource_change::Response {
    proto::plan_resource_change::Response {
        planned_state: Some(encode::null()),
        planned_private: prior_private,
        ..Default::default()
    }
}

fn newer(what: &str, stored: i64, ours: i64) -> Diagnostic {
    Diagnostic::error("State version not supported")
        .detail(format!(
            "The {what} was written with schema version {stored}; this version of the provider \
             has version {ours}."
        ))
        .hint("Use the version of the provider that wrote it, or a later one.")
}

//! Terraform's ideas without its wire format: values, paths, schemas, diagnostics, and what a
//! provider can offer.
//!
//! # Invariants
//!
//! - No protobuf type, no socket and no remote system is known here.
//! - Null, unknown and known are three different facts everywhere.

mod action;
mod data_source;
mod declared;
mod diagnostics;
mod ephemeral;
mod function;
mod list_resource;
mod model;
mod number;
mod path;
mod provider;
mod resource;
mod schema;
mod value;
pub mod wire;

pub use action::{Action, DynAction, Told, ValueAction};
pub use data_source::{DataSource, DynDataSource, ValueDataSource};
pub use declared::DynDeclared;
pub use diagnostics::{Diagnostic, Diagnostics, Severity};
pub use ephemeral::{DynEphemeralResource, EphemeralResource, ValueEphemeralResource};
pub use function::{DynFunction, Function, FunctionError, Parameter, Signature, ValueFunction};
pub use list_resource::{
    DynListResource, Enough, Finds, ListRequest, ListResource, Listed, ValueListResource,
};
pub use model::{Field, Model, ModelError};
pub use number::Number;
pub use path::{Path, Step};
pub use provider::{Configured, DynProvider, Offered, Provider};
pub use resource::{
    Applied, ApplyRequest, ClientCapabilities, DynResource, ImportRequest, ImportTarget, Imported,
    PlanRequest, Planned, ReadRequest, ReadResponse, Resource, ValueResource,
};
pub use schema::{
    Attribute, AttributeType, Block, IdentityAttribute, IdentitySchema, Mode, NestedBlock, Nesting,
    Schema,
};
pub use value::{Attr, Type, Value};

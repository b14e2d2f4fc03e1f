//! Terraform's ideas without its wire format: values, paths, schemas, diagnostics, resources.
//!
//! # Invariants
//!
//! - No protobuf type, no socket and no remote system is known here.
//! - Null, unknown and known are three different facts everywhere.

mod diagnostics;
mod model;
mod number;
mod path;
mod resource;
mod schema;
mod value;
pub mod wire;

pub use diagnostics::{Diagnostic, Diagnostics, Severity};
pub use model::{Field, Model, ModelError};
pub use number::Number;
pub use path::{Path, Step};
pub use resource::{
    Applied, ApplyRequest, ClientCapabilities, Configured, DynProvider, DynResource, ImportRequest,
    ImportTarget, Imported, PlanRequest, Planned, Provider, ReadRequest, ReadResponse, Resource,
    ValueResource,
};
pub use schema::{
    Attribute, AttributeType, Block, IdentityAttribute, IdentitySchema, Mode, NestedBlock, Nesting,
    Schema,
};
pub use value::{Attr, Type, Value};

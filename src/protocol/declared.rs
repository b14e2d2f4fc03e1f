//! What practitioners declare with a block and what is not managed, by type name.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use super::tfplugin6 as proto;
use super::{decode, encode};
use crate::tf::{Diagnostic, DynDeclared, Offered, Schema, Type, Value};

/// Everything of one kind that the provider offers.
pub(super) struct Declared<T: ?Sized> {
    /// What practitioners call the kind.
    noun: &'static str,
    entries: HashMap<&'static str, Entry<T>>,
}

struct Entry<T: ?Sized> {
    object: Arc<T>,
    shape: OnceLock<Shape>,
}

struct Shape {
    schema: Schema,
    kind: Type,
}

/// One of them, with the type of its values.
pub(super) struct Known<'d, T: ?Sized> {
    pub(super) object: &'d T,
    kind: &'d Type,
}

impl<T: ?Sized> fmt::Debug for Declared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.entries.keys()).finish()
    }
}

impl<T: DynDeclared + ?Sized> Declared<T> {
    /// From what the provider offers. `noun`: what practitioners call it.
    pub(super) fn new(noun: &'static str, offered: Offered<T>) -> Self {
        let entries = offered.into_iter().map(|(name, object)| {
            let shape = OnceLock::new();
            (name, Entry { object, shape })
        });
        Self {
            noun,
            entries: entries.collect(),
        }
    }

    /// The one of this type name.
    pub(super) fn get(&self, name: &str) -> Result<Known<'_, T>, Diagnostic> {
        let entry = self.entries.get(name).ok_or_else(|| {
            let noun = self.noun;
            Diagnostic::error("Type not supported")
                .detail(format!("The provider has no {noun} `{name}`."))
        })?;
        Ok(Known {
            object: &entry.object,
            kind: &entry.shape().kind,
        })
    }

    /// All type names.
    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        self.entries.keys().map(|name| (*name).to_owned())
    }

    /// All schemas by type name.
    pub(super) fn schemas(&self) -> HashMap<String, proto::Schema> {
        let schemas = self.entries.iter().map(|(name, entry)| {
            let schema = encode::schema(&entry.shape().schema);
            ((*name).to_owned(), schema)
        });
        schemas.collect()
    }
}

impl<T: DynDeclared + ?Sized> Entry<T> {
    fn shape(&self) -> &Shape {
        self.shape.get_or_init(|| {
            let schema = self.object.schema();
            Shape {
                kind: schema.block.value_type(),
                schema,
            }
        })
    }
}

impl<T: DynDeclared + ?Sized> Known<'_, T> {
    /// Checks a configuration that may have unknown values.
    pub(super) fn validate(
        &self,
        config: Option<&proto::DynamicValue>,
    ) -> Result<Vec<proto::Diagnostic>, Diagnostic> {
        let config = decode::value(config, self.kind, "configuration")?;
        Ok(encode::diagnostics(&self.object.validate(&config)))
    }

    /// A configuration that something is done with. A host waits until all of it is known.
    pub(super) fn config(&self, config: Option<&proto::DynamicValue>) -> Result<Value, Diagnostic> {
        let config = decode::value(config, self.kind, "configuration")?;
        if config.has_unknown() {
            return Err(Diagnostic::error("Configuration is not known yet").detail(
                "Terraform asked for something while values of its configuration were unknown.",
            ));
        }
        Ok(config)
    }

    /// What came of it.
    pub(super) fn result(&self, result: &Value) -> Result<proto::DynamicValue, Diagnostic> {
        encode::value(result, self.kind).map_err(|error| encode::unwritable("result", &error))
    }
}

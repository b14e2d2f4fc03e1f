//! What an event and its spans carry.

use std::error::Error;
use std::fmt;

use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};

/// Fields by name; a later one replaces an earlier one of the same name.
#[derive(Debug, Default)]
pub(super) struct Fields {
    message: String,
    named: Map<String, Value>,
}

impl Fields {
    /// Adds those of something further in.
    pub(super) fn extend(&mut self, inner: &Self) {
        for (name, value) in &inner.named {
            self.named.insert(name.clone(), value.clone());
        }
    }

    /// The text of the event.
    pub(super) fn message(&self) -> &str {
        &self.message
    }

    /// The fields in order of their names.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.named.iter()
    }

    fn insert(&mut self, field: &Field, value: Value) {
        let (name, value) = match (field.name(), value) {
            ("message", Value::String(text)) => {
                self.message = text;
                return;
            }
            // The host adds a key of this name to each line.
            ("timestamp", value) => ("time", value),
            (name, value) => (name.trim_start_matches('@'), value),
        };
        self.named.insert(name.to_owned(), value);
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.insert(field, json!(format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.insert(field, json!(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.insert(field, json!(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.insert(field, json!(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.insert(field, json!(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.insert(field, json!(value));
    }

    /// The whole chain: the text of an error leaves its cause to be asked for.
    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let mut chain = value.to_string();
        let mut cause = value.source();
        while let Some(next) = cause {
            chain.push_str(": ");
            chain.push_str(&next.to_string());
            cause = next.source();
        }
        self.insert(field, json!(chain));
    }
}

//! The forms in which values travel: MessagePack between processes, JSON in stored state.
//!
//! A type decides what bytes mean, so every function takes one. Reading MessagePack and writing it
//! are strict: the two processes agree on a schema. Reading stored JSON is lenient, because the
//! schema may have moved on since it was written.
//!
//! # Invariants
//!
//! - Input is untrusted: nesting is bounded, and no memory is set aside for what is only announced.
//! - Numbers keep every digit.

mod conform;
mod json;
mod msgpack;
mod type_json;

pub use conform::{conform, settle};
pub use json::{from_json, from_json_untyped};
pub use msgpack::{from_msgpack, to_msgpack};
pub use type_json::{type_from_json, type_to_json};

use super::path::{Path, Step};

/// Bytes or a value that do not have the type they should have.
#[derive(Debug, thiserror::Error)]
#[error("{problem}{}", place(steps))]
pub struct WireError {
    problem: Problem,
    /// From the inside out.
    steps: Vec<Step>,
}

#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("expected {wanted}, found {found}")]
    Mismatch {
        wanted: &'static str,
        found: &'static str,
    },
    #[error("the attribute `{0}` is missing")]
    Missing(String),
    #[error("the attribute `{0}` is not expected")]
    Unexpected(String),
    #[error("the input ends too early")]
    Truncated,
    #[error("the input goes on after its end")]
    Trailing,
    #[error("the value is nested more than {MAX_DEPTH} levels deep")]
    TooDeep,
    #[error("the value has more elements or bytes than can be written")]
    TooLong,
    #[error("the text is not UTF-8")]
    NotText,
    #[error("the text is not a number")]
    NotANumber,
    #[error("the type constraint cannot be read")]
    InvalidType,
    #[error("the JSON cannot be read")]
    InvalidJson,
}

impl From<Problem> for WireError {
    fn from(problem: Problem) -> Self {
        let steps = Vec::new();
        Self { problem, steps }
    }
}

impl WireError {
    fn mismatch(wanted: &'static str, found: &'static str) -> Self {
        Problem::Mismatch { wanted, found }.into()
    }

    fn inside(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    fn at(self, position: usize) -> Self {
        self.inside(Step::Index(i64::try_from(position).unwrap_or(i64::MAX)))
    }
}

fn place(steps: &[Step]) -> String {
    if steps.is_empty() {
        return String::new();
    }
    format!(" at `{}`", Path::from_iter(steps.iter().rev().cloned()))
}

/// How deep values may nest. Schemas of providers stay below ten; a value in a dynamic slot could
/// otherwise nest until the stack is used up.
const MAX_DEPTH: usize = 64;

#[cfg(test)]
mod tests;

//! IAM policy documents: read strictly, evaluated as the IAM User Guide describes.
//!
//! # Invariants
//!
//! - What the evaluation would not understand is refused when the document is read, so that a
//!   policy never means less than its author thinks.
//! - An explicit deny wins over any allow.
//! - Nothing here knows accounts, roles or HTTP.

mod condition;
mod document;
mod evaluate;
mod glob;

pub use document::{MalformedPolicy, PolicyDocument};
pub(crate) use evaluate::{Caller, Facts, Grant, Query, Verdict};

#[cfg(test)]
mod tests;

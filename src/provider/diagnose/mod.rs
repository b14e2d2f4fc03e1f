//! From errors to words for the practitioner. The only place that gives advice.
//!
//! - `aws`: credentials, roles, accounts, calls of ECR Public.
//! - `copy`: what went wrong while an image was copied, side by side and step by step.
//! - `registry`: what a registry answered, verbatim and bounded.
//! - `answer`: how answers, times and budgets are written.
//!
//! # Invariants
//!
//! - A summary is a name: at most 60 characters, no values, always the same for the same trouble.
//! - Nothing secret gets here; what others wrote is quoted, bounded, and never interpreted.

mod answer;
mod aws;
mod copy;
mod registry;

pub(crate) use aws::{during_read, provider_aws, resource_aws};
pub(crate) use copy::{Copy, copy, imported_image};
pub(crate) use registry::{http_settings, unusable_alias};

#[cfg(test)]
mod tests;

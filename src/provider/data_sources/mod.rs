//! Data sources: what is looked up.
//!
//! # Invariants
//!
//! - Nothing is changed, and nothing is read that a registry counts as a pull: hosts read data
//!   sources while they plan, and a plan consumes no pull.
//! - Only what was definitely found is a result. Whatever could not be asked is an error: nothing
//!   that is fed by a data source may be destroyed because somebody did not answer.

mod pull_budget;
mod registry;
mod source_image;
mod source_tags;

#[cfg(test)]
mod tests;

pub(crate) use pull_budget::PullBudgetSource;
pub(crate) use registry::RegistrySource;
pub(crate) use source_image::SourceImage;
pub(crate) use source_tags::SourceTags;

use std::time::Duration;

use crate::tf::{Attribute, Mode};

use super::way;

/// How long one may take. What it asks for are a few small answers; the rest is for tries after
/// failures, and for long lists of tags.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5 * 60);

/// `account_id` and `assume_role` of what belongs to the registry of an account.
pub(crate) fn way_attributes() -> [Attribute; 2] {
    way::attributes(Mode::OptionalComputed, "whose registry it is.")
}

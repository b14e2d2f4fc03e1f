//! From errors to words for the practitioner. The only place that gives advice.
//!
//! - `aws`: credentials, roles, accounts, calls of ECR Public.
//! - `copy`: what went wrong while an image was copied; `source` and `destination`: on which side.
//! - `content`: why content was not read for its own sake.
//! - `registry`: what a registry answered, verbatim and bounded.
//! - `answer`: how answers, times and budgets are written.
//! - `signature`: why an image does not count as signed.
//! - `instance`: what can be said about one mirrored image.
//!
//! # Invariants
//!
//! - A summary is a name: at most 60 characters, no values, always the same for the same trouble.
//! - Nothing secret gets here; what others wrote is quoted, bounded, and never interpreted.

mod answer;
mod aws;
mod content;
mod copy;
mod destination;
mod instance;
mod registry;
mod signature;
mod source;

pub(crate) use answer::moment;
pub(crate) use aws::{during_read, notice, provider_aws, resource_aws, stopped};
pub(crate) use content::{content_costs_pulls, content_not_read};
pub(crate) use copy::{Copy, copy};
pub(crate) use instance::{
    built_differently, different_images, imported_image, invalid_import, invalid_repository_name,
    invalid_state, leftovers, no_repository_to_complete, no_tag_to_complete, not_completable,
    not_configured, not_pruned, not_verified, planned_twice, repository_left, repository_missing,
    repository_not_deleted, signature_kept, source_missing, strange_image, tag_not_removed,
    tags_left_alone, unknown_alias, untagged,
};
pub(crate) use registry::{BundleOf, docker_config, http_settings, no_alias, unusable_alias};
pub(crate) use signature::not_signed;
pub(crate) use source::{
    is_about_the_image, referrers_not_followed, source_not_followed, source_not_found_out,
    source_unresolved, source_unseen, source_unusable, tags_not_listed, too_few_pulls,
};

#[cfg(test)]
mod catalogue;
#[cfg(test)]
mod tests;

//! Functions: what can be said about names of images without asking anybody.
//!
//! # Invariants
//!
//! - Nothing here knows configuration, network or clock.
//! - The rules are those of the resource; nothing is parsed twice in two ways.

mod default_repository;
mod parse_reference;
mod public_uri;

#[cfg(test)]
mod tests;

pub(crate) use default_repository::DefaultRepository;
pub(crate) use parse_reference::ParseReference;
pub(crate) use public_uri::PublicUri;

use crate::oci::Reference;
use crate::tf::FunctionError;

use super::repository_name::InvalidRepositoryName;
use super::role::excerpt;

/// Reads an argument that is an image reference.
fn reference(parameter: &'static str, text: &str) -> Result<Reference, FunctionError> {
    text.parse().map_err(|error| {
        let said = format!("`{}` is not an image reference: {error}", excerpt(text));
        FunctionError::about(parameter, said)
    })
}

/// Tells that an argument leads to a name that ECR Public does not take.
fn invalid_name(
    parameter: &'static str,
    name: &str,
    error: &InvalidRepositoryName,
) -> FunctionError {
    FunctionError::about(
        parameter,
        format!(
            "`{}` cannot be the name of a repository in ECR Public: {error}",
            excerpt(name)
        ),
    )
}

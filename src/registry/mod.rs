//! A client for OCI distribution registries.
//!
//! # Invariants
//!
//! - Credentials go to the exact origin of their registry and its token service only.
//! - Every read, wait, redirect and retry has a limit with a name.
//! - Bytes of blobs are passed through as received; only manifests are held, and verified.
//! - Nothing here knows Terraform, AWS or the order of a copy.

mod answer;
mod auth;
mod blobs;
mod classify;
mod docker_config;
mod endpoint;
mod error;
#[doc(hidden)]
pub mod fuzzing;
mod handle;
mod link;
mod manifests;
mod outgoing;
mod pace;
mod reader;
mod referrers;
mod request;
mod tags;
#[cfg(test)]
mod tests;
mod upload;

pub use answer::Refusal;
pub use auth::{Credential, CredentialSource};
pub use docker_config::{DockerConfig, InvalidDockerConfig};
pub use endpoint::{Endpoint, InvalidEndpoint};
pub use error::{Action, Error, Fault, TransportFault};
pub use handle::{Client, Registry};
pub use pace::Pace;

pub use crate::net::HttpSettings;

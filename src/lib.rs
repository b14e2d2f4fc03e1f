//! A Terraform provider that mirrors container images into Amazon ECR Public.
//!
//! In reading order, edge first:
//!
//! - [`plugin`]: the process contract with Terraform: handshake, TLS, stopping, log lines.
//! - [`protocol`]: remote procedure calls of the plugin protocol to and from [`tf`].
//! - [`provider`]: schemas, configuration, resources; the only place that writes for people.
//! - [`mirror`]: the copy engine.
//! - [`registry`] and [`aws`]: the two kinds of remote systems.
//! - [`content`]: the verbs both sides of a copy share.
//! - [`net`]: HTTP, retries, limits, redaction.
//! - [`signature`]: what signatures of images say, and who made them.
//! - [`tf`], [`oci`], [`task`], [`blame`]: nouns without any input or output.

pub mod aws;
pub mod blame;
pub mod content;
#[doc(hidden)]
pub mod fuzzing;
pub mod manual;
pub mod mirror;
pub mod net;
pub mod oci;
pub mod plugin;
pub mod protocol;
pub mod provider;
pub mod registry;
pub mod signature;
pub mod task;
pub mod tf;

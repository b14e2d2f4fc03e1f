//! HTTP as the rest of the program needs it: one transport, one retry loop, limits and redaction.
//!
//! # Invariants
//!
//! - Nothing here follows a redirect, decodes a body or answers a challenge.
//! - Nothing waits between two tries except `retry`; what it waits for ends with the context.
//!   Before a try, `host_limiter` may make it wait for others.
//! - No registry, no AWS, no Terraform: those who know them decide what a status means.

pub(crate) mod address;
pub(crate) mod backoff;
pub(crate) mod client;
mod connect;
pub(crate) mod host_limiter;
pub(crate) mod limits;
#[cfg(test)]
pub(crate) mod memory;
mod proxy;
#[cfg(test)]
pub(crate) mod proxy_stand_in;
pub mod redact;
pub(crate) mod retry;
mod settings;
mod tls;
pub(crate) mod transport;

pub use redact::{SafeUrl, Secret};
pub use settings::{HttpSettings, InvalidSettings};

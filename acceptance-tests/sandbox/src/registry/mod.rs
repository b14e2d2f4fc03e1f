//! The registry face of ECR Public: what stands behind `public.ecr.aws`.
//!
//! OCI Distribution Specification 1.1 with the departures of the real service, each noted where it
//! is made.
//!
//! # Invariants
//!
//! - Nothing but the token endpoint answers without a token, not even for public images.
//! - A push needs the same permissions as the API operations it stands for.
//! - What is stored is decided by the store, never here.

mod access;
mod blobs;
mod convert;
mod error;
mod manifests;
mod route;
mod token;
mod uploads;

pub(crate) use route::answer;

#[cfg(test)]
mod tests;

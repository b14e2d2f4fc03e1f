//! Stand-ins for Docker Hub, AWS STS and Amazon ECR Public on loopback.
//!
//! ```no_run
//! # async fn run() -> anyhow::Result<()> {
//! use ecr_public_sandbox::{Sandbox, Seed};
//!
//! let sandbox = Sandbox::start(Seed::demo()).await?;
//! println!("{}", sandbox.provider_block());
//! // … run Terraform …
//! assert!(sandbox.journal().violations().is_empty());
//! sandbox.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! # Invariants
//!
//! - Everything is on 127.0.0.1, and all state is in memory and in temporary folders of its own.
//! - Nothing here uses the provider: the sandbox judges it.
//! - What the real services refuse is refused, in their words.

#![expect(
    clippy::result_large_err,
    reason = "the refusals of the registry faces are responses, about to be sent and never stored"
)]

pub mod accounts;
pub mod clock;
pub mod policy;
pub mod store;

mod api;
mod blob;
mod cdn;
#[cfg(test)]
mod client;
mod digest;
mod exchange;
mod face;
mod fault;
mod hub;
mod image;
mod journal;
mod lock;
mod oci;
mod quota;
mod registry;
mod request_id;
mod sandbox;
mod seed;
mod server;
mod sign;
mod sigv4;
mod space;
mod sts;
mod world;

pub use blob::Blob;
pub use digest::{BadDigest, Digest};
pub use face::Face;
pub use fault::{Effect, Fault, FaultHandle, Faults};
pub use hub::{Budget, Hub, HubSeed, HubUser, Limits, RepositorySeed, Source};
pub use image::{
    Attestations, BuiltImage, BuiltManifest, Compression, Format, ImageSpec, Subject, image,
};
pub use journal::{Entry, Journal, NotSeen, Progress};
pub use sandbox::Sandbox;
pub use seed::{EcrSeed, RolesSeed, Seed};

//! Docker Hub, and any other registry images come from.
//!
//! # Invariants
//!
//! - Content is written by the sandbox's owner only: no client can push.
//! - A manifest GET is counted before it is answered; nothing else is counted.
//! - A missing repository and a private one look the same to those who may not read it.

mod accounting;
mod library;
mod reading;
mod seed;
mod token;

pub use accounting::{Budget, Source};
pub use library::Hub;
pub use seed::{HubSeed, HubUser, Limits, RepositorySeed};

pub(crate) use reading::registry;
pub(crate) use token::token;

#[cfg(test)]
mod tests;

//! Terraform's plugin protocol, version 6: remote procedure calls to and from [`tf`](crate::tf).
//!
//! # Invariants
//!
//! - Protobuf types are known here and nowhere else.
//! - Every call is answered: what goes wrong is a diagnostic, a panic too.
//! - Nothing here knows what the provider manages.

mod actions;
mod call;
mod declared;
mod decode;
mod encode;
mod functions;
mod lifecycle;
mod listing;
mod lookups;
mod resources;
mod server;
mod tfplugin6;

pub use server::Server;

#[cfg(test)]
mod tests;

//! What the provider promises, decided from the outside.
//!
//! One binary, so that everything is linked once. Each file is one subject:
//!
//! - [`architecture`], [`dependencies`], [`release`]: the shape of the program, and how it is shipped;
//! - [`examples`], [`docs`], [`guides`], [`promises`], [`errors`], [`aws_errors`]: what practitioners read;
//! - [`protocol`]: the contract with Terraform, over the socket of a real process;
//! - the others: scenarios under real Terraform against the stand-ins.

#![cfg(test)]

mod apply;
mod architecture;
mod aws_errors;
mod clean_up;
mod configurations;
mod contents;
mod contributing;
mod credentials;
mod data_sources;
mod dependencies;
mod destroy;
mod docs;
mod drift;
mod ephemeral;
mod errors;
mod examples;
mod expiry;
mod faults;
mod follow;
mod functions;
mod gone_roles;
mod guards;
mod guides;
mod import;
mod input;
#[cfg(feature = "interoperability")]
mod interoperability;
mod interrupts;
mod keyless;
mod landing_zone;
mod oci_client;
mod one_tag;
mod permissions;
mod platforms;
mod prefer_mirrors;
mod prices;
mod promises;
mod protocol;
mod pull_budget;
mod referrers;
mod release;
mod replace;
mod requests;
mod role_sharing;
mod roles;
mod secrets;
mod sharing;
mod state;
mod support;
#[cfg(feature = "interoperability")]
mod terminal;
mod timeouts;
mod two_runs;
mod unknowns;
mod update;
mod verify;

//! What the provider promises, decided from the outside.
//!
//! One binary, so that everything is linked once. Each file is one subject:
//!
//! - [`architecture`], [`dependencies`]: the shape of the program;
//! - [`examples`], [`docs`], [`promises`]: what practitioners read;
//! - [`protocol`]: the contract with Terraform, over the socket of a real process;
//! - the others: scenarios under real Terraform against the stand-ins.

#[cfg(test)]
mod apply;
#[cfg(test)]
mod architecture;
#[cfg(test)]
mod credentials;
#[cfg(test)]
mod dependencies;
#[cfg(test)]
mod destroy;
#[cfg(test)]
mod docs;
#[cfg(test)]
mod drift;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod import;
#[cfg(test)]
mod input;
#[cfg(test)]
#[cfg(feature = "interoperability")]
mod interoperability;
#[cfg(test)]
mod interrupts;
#[cfg(test)]
mod oci_client;
#[cfg(test)]
mod permissions;
#[cfg(test)]
mod platforms;
#[cfg(test)]
mod promises;
#[cfg(test)]
mod protocol;
#[cfg(test)]
mod replace;
#[cfg(test)]
mod role_sharing;
#[cfg(test)]
mod roles;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod sharing;
#[cfg(test)]
mod state;
#[cfg(test)]
mod support;
#[cfg(test)]
mod timeouts;
#[cfg(test)]
mod unknowns;
#[cfg(test)]
mod update;

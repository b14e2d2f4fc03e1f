//! What the provider promises, decided from the outside.
//!
//! One binary, so that everything is linked once. Each file is one subject:
//!
//! - [`architecture`], [`dependencies`]: the shape of the program;
//! - [`examples`], [`docs`]: what practitioners read;
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
mod docs;
#[cfg(test)]
mod examples;
#[cfg(test)]
#[cfg(feature = "interoperability")]
mod interoperability;
#[cfg(test)]
mod oci_client;
#[cfg(test)]
mod role_sharing;
#[cfg(test)]
mod roles;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod support;

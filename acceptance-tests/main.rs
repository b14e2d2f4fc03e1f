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
mod dependencies;
#[cfg(test)]
mod docs;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod input;
#[cfg(test)]
#[cfg(feature = "interoperability")]
mod interoperability;
#[cfg(test)]
mod interrupts;
#[cfg(test)]
mod support;

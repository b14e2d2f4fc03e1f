//! The process contract with Terraform: how the provider starts, is trusted, logs and stops.
//!
//! # Invariants
//!
//! - stdout carries one line, the handshake, and nothing before or after it.
//! - stderr carries log lines that the host can parse, apart from panics and from words to people
//!   who start the program by hand.
//! - The process ends within two seconds of being told to, whatever still runs.
//! - Nothing here knows which service is served.

mod control;
mod ending;
mod failure;
#[doc(hidden)]
pub mod fuzzing;
mod generated;
mod handshake;
mod invocation;
mod listener;
mod log;
mod reattach;
mod serve;
mod signals;
mod socket;
mod tls;

pub use serve::{About, run};

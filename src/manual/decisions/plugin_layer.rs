//! Why our own plugin layer?
//!
//! # The choice
//!
//! The plugin protocol is spoken by [`plugin`](crate::plugin) and [`protocol`](crate::protocol),
//! over `tonic` and `prost`, with definitions in `proto/` that were written for this program from
//! the interface facts and are compiled by `build.rs` without a protobuf compiler.
//!
//! # Other options
//!
//! The crate `tf-provider` was the candidate. Its last release knows protocol 6.5: no resource
//! identity, no ephemeral resources, no list resources or actions, and no way to add one from
//! outside. The process contract is the larger part of the work in any case: mutual TLS with the
//! P-521 certificates that Terraform makes, signals, stopping and re-arming, log lines that
//! Terraform can read, messages of 256 MiB.
//!
//! # Only protocol 6
//!
//! Every Terraform since 1.0 and every OpenTofu speaks it. Protocol 5 would add a second encoding
//! of everything, for hosts that nobody should run.
//!
//! # What would change our mind
//!
//! A maintained crate that leaves the process contract to us and follows new minor versions within
//! weeks.

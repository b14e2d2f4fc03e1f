//! `examples/landing-zone`, as people use it.
//!
//! - [`least_privilege`]: its policies are enough, and no action can be left out;
//! - [`variants`]: each way into the accounts works as it is written down, pipelines included;
//! - [`changes`]: what a plan says when accounts, roles and images come, go and move.

mod changes;
mod least_privilege;
mod token_service;
mod variants;

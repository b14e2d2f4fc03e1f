//! One page for each decision that was not obvious, titled with the question.

pub mod actions;
pub mod connections;
pub mod copy_client;
pub mod credential_sources;
pub mod destroy;
pub mod fuzzing;
pub mod lookups;
pub mod plan_and_digest;
pub mod plugin_layer;
pub mod questions;
pub mod referrers;
pub mod role_chain;
pub mod sharing;
pub mod signatures;
pub mod upload_form;

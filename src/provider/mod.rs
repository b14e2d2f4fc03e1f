//! The provider: schemas, configuration, resources; the only place that writes for people.
//!
//! In reading order:
//!
//! - `ecr_public`: the provider itself; `connection`: whether it is configured.
//! - `schema`, `config`: the provider block, for Terraform and as a struct.
//! - `settings`, with `aws_settings` and `registry_settings`: the block, read and checked.
//! - `clients`: the ways out of this process; `facts`: what plans may rely on.
//! - `source`: a repository to copy from; `official`: where official images are read instead; `look`:
//!   what sources show now; `pulls`: how often they may be read; `destination`: a repository of ECR Public; `pace`: how fast it may be asked; `turns`:
//!   who may change it now; `planned_tags`: what its tags are to show.
//! - `mirrored_image`: the resource; `data_sources`: what is looked up;
//!   `authorization_token`: a login for other tools; `functions`: names of images,
//!   offline.
//! - `prune`: the action that deletes what nobody needs; `resync`: the one that copies again what is
//!   missing below a tag; `progress`: bars on the terminal.
//! - `diagnose`: from errors to words.
//! - `way`, `role`, `source_reference`, `image_tags`, `aws_tags`, `repository_name`, `duration`, `known`:
//!   what blocks, resources and data sources share.
//!
//! # Invariants
//!
//! - Text is parsed here; nothing further in knows attributes, null or unknown.
//! - Nothing outside `diagnose` explains an error of another layer.

mod authorization_token;
mod aws_settings;
mod aws_tags;
mod clients;
mod config;
mod connection;
mod data_sources;
mod destination;
mod diagnose;
mod duration;
mod ecr_public;
mod facts;
#[cfg(test)]
mod faults;
mod functions;
mod image_tags;
mod known;
mod look;
mod mirrored_image;
mod official;
mod pace;
mod planned_tags;
mod progress;
mod prune;
mod pulls;
mod registry_settings;
mod repository_name;
mod resync;
mod role;
mod schema;
mod settings;
mod signatures;
mod source;
mod source_reference;
mod turns;
mod way;

pub use config::ProviderConfig;
pub use ecr_public::EcrPublic;

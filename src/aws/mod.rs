//! AWS: who we are, who we become, and the calls of ECR Public.
//!
//! From the configuration to an answer, in this order: [`Config`] and the shared configuration
//! files choose a first source of credentials; each hop assumes a role with the credentials before
//! it; a [`Session`] makes calls with the credentials at the end.
//!
//! # Invariants
//!
//! - Each chain of hops has one entry per provider instance. However many sessions use it, each
//!   hop is asked for once, renewed once, and fails once within half a minute.
//! - ECR Public is in us-east-1, whatever region everything else is in.
//! - No call of ECR Public is made before the account lists and the account of the target agree.
//! - No error of the SDK leaves this module. Their debug forms hold responses, and with them keys.
//! - Environment variables are read through [`Environment`].

mod account;
mod asking;
mod assume_role;
mod base;
mod chain;
mod clients;
mod config;
mod connect;
mod container;
mod ecr_public;
mod environment;
pub mod error;
mod http;
mod identity;
mod instance;
mod limits;
mod link;
mod listing;
mod login;
mod metadata;
mod noted;
mod notice;
mod operations;
mod process;
mod profile;
mod refusal;
mod regions;
mod renewing;
mod repository;
mod role;
mod session;
mod settings;
mod shared_config;
mod single_sign_on;
mod store;
mod timing;
mod web_identity;

#[cfg(test)]
mod tests;

pub use account::{AccountId, InvalidAccountId};
pub use config::Config;
pub use connect::Aws;
pub use environment::Environment;
pub use error::{Error, ErrorKind};
pub use identity::{AuthorizationToken, Identity, Target};
pub use limits::{HopMember, HopPlace, HopProblem, InvalidHop};
pub use notice::Notice;
pub use repository::{DeleteFailure, ImageDetail, ImageId, PublicRegistry, PublicRepository};
pub use role::{
    AccountRole, Hop, HopSession, InvalidAccountRole, InvalidRoleArn, RoleArn, WebIdentity,
    WebIdentityToken,
};
pub use session::Session;

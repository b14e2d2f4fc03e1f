//! Accounts, users, roles, and the credentials and logins issued to them.
//!
//! Everything that must know who calls, and what the caller may do, asks [`Accounts`].
//!
//! # Invariants
//!
//! - Policies are looked up when an action is authorised, so a changed or removed role takes effect
//!   at once, also for sessions that exist already.
//! - Secrets never appear in `Debug` output.
//! - The number of remembered sessions and logins is bounded; the oldest are forgotten first.

mod authorize;
mod directory;
mod identity;
mod managed;
mod seed;
mod sessions;

pub use authorize::Resource;
pub use directory::{Accounts, Alias};
pub(crate) use directory::{Role, WebToken};
pub use identity::{AccountId, Denied, Identity, InvalidAccountId, Principal};
pub use seed::{AccountSeed, AccountsSeed, AliasSeed, AliasStatus, RoleSeed, SeedError, UserSeed};
pub use seed::{WebTokenSeed, default_alias};
pub use sessions::{Credentials, Key, Login, LoginRefused, SessionRequest};

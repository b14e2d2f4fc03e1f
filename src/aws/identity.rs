//! Who we are, who we want to be, and what proves it to the registry.

use std::time::SystemTime;

use crate::net::Secret;

use super::{AccountId, Hop};

/// Which identity to use: hops after the provider's own, and the account that must be reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Target {
    /// Hops of the resource. When empty and `account` is not the provider's own account, the
    /// account role leads there.
    pub hops: Vec<Hop>,
    /// The account that must be reached, if it is known beforehand.
    pub account: Option<AccountId>,
    /// The last role was made in this run. IAM takes a while to tell every server about it, so a
    /// denied hop is tried again for up to a minute.
    pub role_is_new: bool,
}

/// Who AWS says we are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The account.
    pub account: AccountId,
    /// The ARN of the caller.
    pub arn: String,
}

/// A login for the registry of ECR Public.
#[derive(Clone, Debug)]
pub struct AuthorizationToken {
    /// `AWS`.
    pub username: String,
    /// The password.
    pub password: Secret<String>,
    /// When it ends.
    pub expires_at: SystemTime,
}

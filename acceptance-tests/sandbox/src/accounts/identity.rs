//! Who calls.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::policy::PolicyDocument;

/// The twelve digits that name an account.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountId(String);

/// The text is not an account number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an account id has twelve digits, unlike {0:?}")]
pub struct InvalidAccountId(String);

impl AccountId {
    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AccountId {
    type Err = InvalidAccountId;

    fn from_str(text: &str) -> Result<Self, InvalidAccountId> {
        if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidAccountId(text.chars().take(64).collect()))
        }
    }
}

impl TryFrom<String> for AccountId {
    type Error = InvalidAccountId;

    fn try_from(text: String) -> Result<Self, InvalidAccountId> {
        text.parse()
    }
}

impl From<AccountId> for String {
    fn from(id: AccountId) -> Self {
        id.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An authenticated caller, with everything its session carries.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The account it belongs to.
    pub account: AccountId,
    /// `arn:aws:iam::…:user/…` or `arn:aws:sts::…:assumed-role/<role>/<session>`.
    pub arn: String,
    /// The stable id: `AIDA…`, or `AROA…:<session>`.
    pub user_id: String,
    /// What it acts as.
    pub principal: Principal,
    /// When its credentials stop working; never for a user's own keys.
    pub expires_at: Option<OffsetDateTime>,
    /// Tags of this session.
    pub tags: BTreeMap<String, String>,
    /// Those tags that the sessions assumed from this one inherit.
    pub transitive_tags: BTreeMap<String, String>,
    /// Set once in a chain of roles and then passed on.
    pub source_identity: Option<String>,
    /// Whether a session was assumed with credentials that came from a role.
    pub is_chained: bool,
    /// The session policies. With any of them, an action must be allowed by one of them too.
    pub session_policies: Vec<PolicyDocument>,
}

/// What an [`Identity`] acts as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A user of the account.
    User {
        /// Its name, without path.
        name: String,
    },
    /// A session of a role.
    AssumedRole {
        /// The name of the role, without path.
        role: String,
        /// The ARN of the role, with path.
        role_arn: String,
        /// The name of the session.
        session: String,
    },
}

impl Identity {
    /// The ARN that `aws:PrincipalArn` has: of the role rather than of the session.
    #[must_use]
    pub fn principal_arn(&self) -> &str {
        match &self.principal {
            Principal::AssumedRole { role_arn, .. } => role_arn,
            Principal::User { .. } => &self.arn,
        }
    }

    /// Whether these credentials came from a role, so that what they assume is a chained session.
    #[must_use]
    pub fn is_role_session(&self) -> bool {
        matches!(self.principal, Principal::AssumedRole { .. })
    }
}

/// An action that an identity may not perform. `Display` is the text of the real service.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("User: {caller} is not authorized to perform: {action} on resource: {resource} {why}")]
pub struct Denied {
    /// The ARN of the caller.
    pub caller: String,
    /// `service:Operation`.
    pub action: String,
    /// The ARN of what it would have touched.
    pub resource: String,
    /// Which kind of policy did not allow it, in the words of the service.
    pub why: String,
}

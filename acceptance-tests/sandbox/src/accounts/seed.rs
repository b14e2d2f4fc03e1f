//! What a sandbox knows about accounts when it starts.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::AccountId;
use super::identity::InvalidAccountId;
use crate::policy::PolicyDocument;

/// Everything about identities in a seed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountsSeed {
    /// The accounts.
    #[serde(default)]
    pub accounts: Vec<AccountSeed>,
    /// The web identity tokens that are valid.
    #[serde(default)]
    pub web_tokens: Vec<WebTokenSeed>,
}

/// An account.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountSeed {
    /// Twelve digits.
    pub id: AccountId,
    /// The organization it belongs to (`o-…`), for `aws:PrincipalOrgID`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// The alias that ECR Public gives the account with its first repository. Absent: one derived
    /// from the account id, see [`default_alias`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_alias: Option<String>,
    /// Aliases that were asked for. The first active one is the primary alias.
    #[serde(default)]
    pub custom_aliases: Vec<AliasSeed>,
    /// Users with an access key.
    #[serde(default)]
    pub users: Vec<UserSeed>,
    /// Roles.
    #[serde(default)]
    pub roles: Vec<RoleSeed>,
}

/// A custom alias.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AliasSeed {
    /// The alias.
    pub name: String,
    /// Whether it was approved.
    #[serde(default)]
    pub status: AliasStatus,
}

/// What became of the request for an alias.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum AliasStatus {
    /// Approved: it can be used.
    #[default]
    Active,
    /// Not yet approved.
    Pending,
    /// Refused.
    Rejected,
}

/// A user with one access key.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserSeed {
    /// The name.
    pub name: String,
    /// `AKIA…`.
    pub access_key_id: String,
    /// The secret of the key.
    pub secret_access_key: String,
    /// Identity policies.
    #[serde(default)]
    pub policies: Vec<PolicyDocument>,
    /// ARNs of AWS managed policies.
    #[serde(default)]
    pub managed_policy_arns: Vec<String>,
}

impl fmt::Debug for UserSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserSeed")
            .field("name", &self.name)
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

/// A role.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleSeed {
    /// The name.
    pub name: String,
    /// The path, `/` or `/…/`.
    #[serde(default = "root_path")]
    pub path: String,
    /// Who may assume it.
    pub trust: PolicyDocument,
    /// Identity policies.
    #[serde(default)]
    pub policies: Vec<PolicyDocument>,
    /// ARNs of AWS managed policies.
    #[serde(default)]
    pub managed_policy_arns: Vec<String>,
    /// The longest session, 3600 to 43200.
    #[serde(default = "an_hour")]
    pub max_session_seconds: u32,
}

/// A token of an identity provider, known to the sandbox as valid.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebTokenSeed {
    /// The token itself. STS compares it byte for byte.
    pub token: String,
    /// The issuer without `https://`, such as `token.actions.githubusercontent.com`.
    pub issuer: String,
    /// The claim `sub`.
    pub subject: String,
    /// The claim `aud`.
    pub audience: String,
    /// Seconds after the start of the sandbox at which the token expires. Absent: it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_seconds: Option<u32>,
}

impl fmt::Debug for WebTokenSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebTokenSeed")
            .field("issuer", &self.issuer)
            .field("subject", &self.subject)
            .field("audience", &self.audience)
            .finish_non_exhaustive()
    }
}

impl AccountSeed {
    /// An account with nobody in it.
    ///
    /// # Errors
    ///
    /// The id has not twelve digits.
    pub fn new(id: &str) -> Result<Self, InvalidAccountId> {
        Ok(Self {
            id: id.parse()?,
            organization: None,
            default_alias: None,
            custom_aliases: Vec::new(),
            users: Vec::new(),
            roles: Vec::new(),
        })
    }

    /// With one more user.
    #[must_use]
    pub fn user(mut self, user: UserSeed) -> Self {
        self.users.push(user);
        self
    }

    /// With one more role.
    #[must_use]
    pub fn role(mut self, role: RoleSeed) -> Self {
        self.roles.push(role);
        self
    }

    /// With an approved custom alias.
    #[must_use]
    pub fn alias(mut self, name: &str) -> Self {
        self.custom_aliases.push(AliasSeed {
            name: name.to_owned(),
            status: AliasStatus::Active,
        });
        self
    }
}

impl UserSeed {
    /// A user that may do nothing.
    #[must_use]
    pub fn new(name: &str, access_key_id: &str, secret_access_key: &str) -> Self {
        Self {
            name: name.to_owned(),
            access_key_id: access_key_id.to_owned(),
            secret_access_key: secret_access_key.to_owned(),
            policies: Vec::new(),
            managed_policy_arns: Vec::new(),
        }
    }

    /// With one more policy.
    #[must_use]
    pub fn policy(mut self, policy: PolicyDocument) -> Self {
        self.policies.push(policy);
        self
    }
}

impl RoleSeed {
    /// A role that may do nothing, assumable as `trust` says.
    #[must_use]
    pub fn new(name: &str, trust: PolicyDocument) -> Self {
        Self {
            name: name.to_owned(),
            path: root_path(),
            trust,
            policies: Vec::new(),
            managed_policy_arns: Vec::new(),
            max_session_seconds: an_hour(),
        }
    }

    /// With one more policy.
    #[must_use]
    pub fn policy(mut self, policy: PolicyDocument) -> Self {
        self.policies.push(policy);
        self
    }

    /// With sessions of at most this many seconds.
    #[must_use]
    pub fn max_session(mut self, seconds: u32) -> Self {
        self.max_session_seconds = seconds;
        self
    }
}

/// A seed that describes what cannot exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SeedError {
    /// The same account twice.
    #[error("account {0} is listed twice")]
    DuplicateAccount(AccountId),
    /// The same access key twice.
    #[error("access key {0} is listed twice")]
    DuplicateAccessKey(String),
    /// The same alias twice.
    #[error("registry alias {0} is listed twice")]
    DuplicateAlias(String),
    /// An alias that ECR Public would not give.
    #[error("{0:?} is not a registry alias: 2 to 50 of a-z, 0-9 and single `.`, `_`, `-`")]
    Alias(String),
    /// An access key id of the wrong shape.
    #[error("{0:?} is not an access key id: 16 to 128 letters, digits and `_`")]
    AccessKey(String),
    /// A role that is already there.
    #[error("account {0} has two roles named {1}")]
    DuplicateRole(AccountId, String),
    /// A role whose longest session is out of range.
    #[error("role {0}: max_session_seconds must be 3600 to 43200, not {1}")]
    SessionLength(String, u32),
    /// A path that does not begin and end with a slash.
    #[error("role {0}: the path {1:?} must begin and end with `/`")]
    Path(String, String),
    /// A policy ARN that AWS does not have.
    #[error("{0} is not a managed policy the sandbox knows")]
    ManagedPolicy(String),
    /// An account that is not in the sandbox.
    #[error("there is no account {0}")]
    UnknownAccount(AccountId),
    /// A role that is not in the account.
    #[error("account {0} has no role {1}")]
    UnknownRole(AccountId, String),
}

/// The alias ECR Public gives an account: stable, and random to look at.
#[must_use]
pub fn default_alias(account: &AccountId) -> String {
    let mut state = account
        .as_str()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
    let mut alias = String::with_capacity(8);
    for place in 0..8 {
        let digits: &[u8] = if place == 0 {
            b"abcdefghijklmnopqrstuvwxyz"
        } else {
            b"abcdefghijklmnopqrstuvwxyz0123456789"
        };
        let count = digits.len() as u64;
        let index = usize::try_from(state % count).unwrap_or_default();
        alias.push(char::from(digits.get(index).copied().unwrap_or(b'a')));
        state /= count;
    }
    alias
}

fn root_path() -> String {
    "/".to_owned()
}

fn an_hour() -> u32 {
    3600
}

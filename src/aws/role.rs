//! Roles, and what STS takes when one is assumed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::net::Secret;

use super::AccountId;

/// The ARN of an IAM role in the commercial partition.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoleArn {
    text: String,
    account: AccountId,
}

/// Not the ARN of an IAM role that can reach ECR Public.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRoleArn {
    /// Empty.
    #[error("the role ARN is empty")]
    Empty,
    /// Another form.
    #[error("a role ARN has the form `arn:aws:iam::<account>:role/<name>`")]
    Form,
    /// Longer than STS takes.
    #[error("a role ARN has at most 2048 characters")]
    TooLong,
    /// The account is no account number.
    #[error("the account of a role ARN has twelve digits")]
    Account,
    /// A role of a partition that has no ECR Public.
    #[error("ECR Public is not offered in the partition `{0}`")]
    Partition(String),
}

impl FromStr for RoleArn {
    type Err = InvalidRoleArn;

    fn from_str(text: &str) -> Result<Self, InvalidRoleArn> {
        if text.is_empty() {
            return Err(InvalidRoleArn::Empty);
        }
        if text.len() > 2048 {
            return Err(InvalidRoleArn::TooLong);
        }
        let fields: Vec<&str> = text.splitn(6, ':').collect();
        let ["arn", partition, "iam", "", account, resource] = fields[..] else {
            return Err(InvalidRoleArn::Form);
        };
        let role = resource.strip_prefix("role/").ok_or(InvalidRoleArn::Form)?;
        if !is_role_path(role) || !is_partition(partition) {
            return Err(InvalidRoleArn::Form);
        }
        let account = account.parse().map_err(|_| InvalidRoleArn::Account)?;
        if partition != "aws" {
            return Err(InvalidRoleArn::Partition(partition.to_owned()));
        }
        Ok(Self {
            text: text.to_owned(),
            account,
        })
    }
}

impl RoleArn {
    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The account that the role is in.
    #[must_use]
    pub fn account(&self) -> &AccountId {
        &self.account
    }
}

impl fmt::Display for RoleArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn is_partition(text: &str) -> bool {
    text.split('-').next() == Some("aws")
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// A path of printable ASCII segments, and a name of at most 64 characters (IAM API reference,
/// `CreateRole`).
fn is_role_path(text: &str) -> bool {
    let (path, name) = match text.rsplit_once('/') {
        Some((path, name)) => (Some(path), name),
        None => (None, text),
    };
    let is_segment =
        |segment: &str| !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_graphic());
    (1..=64).contains(&name.len())
        && name.chars().all(is_name_character)
        && path.is_none_or(|path| path.len() <= 510 && path.split('/').all(is_segment))
}

/// `[\w+=,.@-]`
pub(super) fn is_name_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || "_+=,.@-".contains(character)
}

/// One role to assume, with everything STS takes.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Hop {
    /// The role.
    pub role_arn: RoleArn,
    /// `None`: one name per provider instance.
    pub session_name: Option<String>,
    /// Visible configuration, but not logged.
    pub external_id: Option<String>,
    /// `None`: one hour.
    pub duration: Option<Duration>,
    /// Session policy, JSON.
    pub policy: Option<String>,
    /// Managed session policies.
    pub policy_arns: BTreeSet<String>,
    /// Sticky across later hops.
    pub source_identity: Option<String>,
    /// Session tags.
    pub tags: BTreeMap<String, String>,
    /// Tags that later hops keep.
    pub transitive_tag_keys: BTreeSet<String>,
}

impl Hop {
    /// A hop to the role, with nothing but the defaults.
    #[must_use]
    pub fn to(role_arn: RoleArn) -> Self {
        HopSession::default().to(role_arn)
    }
}

impl fmt::Debug for Hop {
    /// The role and the name of the session only: policies, tags and external IDs stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hop")
            .field("role_arn", &self.role_arn.text)
            .field("session_name", &self.session_name)
            .finish_non_exhaustive()
    }
}

/// The first hop from an identity outside AWS.
#[derive(Clone, Debug)]
pub struct WebIdentity {
    /// The role.
    pub role_arn: RoleArn,
    /// `None`: one name per provider instance.
    pub session_name: Option<String>,
    /// `None`: the default of AWS.
    pub duration: Option<Duration>,
    /// Session policy, JSON.
    pub policy: Option<String>,
    /// Managed session policies.
    pub policy_arns: BTreeSet<String>,
    /// The token, or a file that holds it.
    pub token: WebIdentityToken,
}

/// Where a web identity token is.
#[derive(Clone, Debug)]
pub enum WebIdentityToken {
    /// Here.
    Inline(Secret<String>),
    /// In this file, read anew for every use.
    File(PathBuf),
}

/// How to get from the provider's identity into a target account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRole {
    /// A role ARN with `{account_id}` in place of the account.
    pub template: String,
    /// The other members of a hop; `role_arn` is replaced.
    pub session: HopSession,
}

/// What is wrong with the template of an account role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAccountRole {
    /// It leads into the same account for every resource.
    #[error("it has no `{{account_id}}`")]
    NoPlaceholder,
    /// What it makes is no role ARN.
    #[error("{0}")]
    Arn(InvalidRoleArn),
}

impl AccountRole {
    /// The hop that leads into an account.
    ///
    /// # Errors
    ///
    /// The template has no placeholder, or makes no role ARN. Whether it does depends on the
    /// template only, so that any account can be used to check it.
    pub fn hop(&self, account: &AccountId) -> Result<Hop, InvalidAccountRole> {
        if !self.template.contains(ACCOUNT_PLACEHOLDER) {
            return Err(InvalidAccountRole::NoPlaceholder);
        }
        let arn = self.template.replace(ACCOUNT_PLACEHOLDER, account.as_str());
        let role_arn = arn.parse().map_err(InvalidAccountRole::Arn)?;
        Ok(self.session.clone().to(role_arn))
    }
}

/// A [`Hop`] without its role.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct HopSession {
    /// See [`Hop`].
    pub session_name: Option<String>,
    /// See [`Hop`].
    pub external_id: Option<String>,
    /// See [`Hop`].
    pub duration: Option<Duration>,
    /// See [`Hop`].
    pub policy: Option<String>,
    /// See [`Hop`].
    pub policy_arns: BTreeSet<String>,
    /// See [`Hop`].
    pub source_identity: Option<String>,
    /// See [`Hop`].
    pub tags: BTreeMap<String, String>,
    /// See [`Hop`].
    pub transitive_tag_keys: BTreeSet<String>,
}

impl HopSession {
    /// The hop that takes these to a role.
    #[must_use]
    pub fn to(self, role_arn: RoleArn) -> Hop {
        Hop {
            role_arn,
            session_name: self.session_name,
            external_id: self.external_id,
            duration: self.duration,
            policy: self.policy,
            policy_arns: self.policy_arns,
            source_identity: self.source_identity,
            tags: self.tags,
            transitive_tag_keys: self.transitive_tag_keys,
        }
    }
}

impl fmt::Debug for HopSession {
    /// The name of the session only, for the reason that [`Hop`] has.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HopSession")
            .field("session_name", &self.session_name)
            .finish_non_exhaustive()
    }
}

const ACCOUNT_PLACEHOLDER: &str = "{account_id}";

/// JSON without the white space that practitioners like and that counts against the limit of STS.
/// What is no JSON stays as it is, for STS to refuse.
pub(super) fn canonical(policy: &str) -> String {
    serde_json::from_str::<serde_json::Value>(policy)
        .map_or_else(|_| policy.to_owned(), |value| value.to_string())
}

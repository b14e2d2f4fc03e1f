//! The facts that errors carry.

use std::collections::BTreeSet;
use std::fmt;

use crate::aws::{AccountId, InvalidRoleArn, RoleArn};

/// One source that had nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// The source.
    pub origin: CredentialOrigin,
    /// Why it had nothing.
    pub reason: String,
}

/// Who set something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamedBy {
    /// The provider block.
    Configuration,
    /// This environment variable.
    Environment(&'static str),
    /// A profile of the shared configuration.
    Profile(String),
}

/// Where a pair of keys comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeysOrigin {
    /// The provider block.
    Configuration,
    /// The environment.
    Environment,
    /// A profile.
    Profile(String),
}

/// One of the values that make static credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyMember {
    /// The access key ID.
    AccessKey,
    /// The secret access key.
    SecretKey,
    /// Both: only a session token is there.
    BothKeys,
}

/// Where credentials come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CredentialOrigin {
    /// Keys in the provider block.
    StaticKeys,
    /// Keys in the environment.
    EnvironmentKeys,
    /// A web identity, from the provider block or the environment.
    WebIdentity,
    /// A profile of the shared configuration.
    Profile(String),
    /// The program of this profile.
    Process(String),
    /// The sign-in of this profile.
    SingleSignOn(String),
    /// The container's credential endpoint.
    Container,
    /// The instance metadata service.
    InstanceMetadata,
    /// A role that was assumed.
    Role(RoleArn),
}

/// Which hop of which list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HopPosition {
    /// The list.
    pub origin: HopOrigin,
    /// Counted from one.
    pub hop: usize,
    /// The length of the list.
    pub of: usize,
}

/// Where a hop was written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HopOrigin {
    /// A profile of the shared configuration.
    Profile,
    /// `assume_role` of the provider.
    Provider,
    /// `account_role` of the provider.
    AccountRole,
    /// `assume_role` of a resource.
    Resource,
}

/// What kind of refusal an answer of STS is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalReason {
    /// `AccessDenied`: trust policy, policy of the caller, external ID, a missing `sts:TagSession`
    /// or `sts:SetSourceIdentity`, or an organization policy.
    Denied,
    /// More than one hour for a role that is assumed with a role.
    TooLongForChain,
    /// More than the role's own maximum.
    TooLongForRole,
    /// The session policy is malformed, or too large together with the tags.
    SessionPolicy,
    /// Another parameter is not accepted.
    Parameter,
    /// Something else; the code says what.
    Other,
}

/// What AWS answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: Option<u16>,
    /// The code.
    pub code: Option<String>,
    /// The message, bounded.
    pub message: Option<String>,
    /// The request ID, for AWS support.
    pub request_id: Option<String>,
}

/// Which list forbids an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountRule {
    /// It is not among the allowed ones.
    NotAllowed(BTreeSet<AccountId>),
    /// It is among the forbidden ones.
    Forbidden(BTreeSet<AccountId>),
}

/// How a connection failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectFailure {
    /// No answer in time.
    TimedOut,
    /// No connection, or it broke.
    Connection,
}

/// What is wrong with a CA bundle.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaBundleProblem {
    /// It cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// It is larger than any bundle.
    #[error("it is larger than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// There is no certificate in it.
    #[error("it has no certificate")]
    NoCertificate,
    /// A certificate in it is broken.
    #[error("certificate {index} is broken")]
    BrokenCertificate {
        /// Counted from one.
        index: usize,
    },
}

/// A setting and who set it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Which.
    pub name: SettingName,
    /// Who set it.
    pub named_by: NamedBy,
}

/// The settings that can be wrong by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingName {
    /// Where a container is handed its credentials.
    ContainerCredentials,
    /// `endpoints.ecrpublic`
    EcrPublicEndpoint,
    /// `endpoints.sts`
    StsEndpoint,
    /// `ec2_metadata_service_endpoint`
    InstanceMetadataEndpoint,
    /// `ec2_metadata_service_endpoint_mode`
    InstanceMetadataMode,
    /// `http_proxy`
    HttpProxy,
    /// `https_proxy`
    HttpsProxy,
    /// `max_retries`
    MaxRetries,
    /// `region`
    Region,
    /// `retry_mode`
    RetryMode,
    /// The portal of IAM Identity Center.
    SsoEndpoint,
    /// Where a sign-in to IAM Identity Center is renewed.
    SsoOidcEndpoint,
    /// `sts_region`
    StsRegion,
    /// A boolean such as `use_fips_endpoint`.
    Switch,
    /// The role of a web identity of the environment.
    WebIdentityRole,
}

/// What is wrong with the value of a setting.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingProblem {
    /// It is empty.
    #[error("it is empty")]
    Empty,
    /// It is no URL.
    #[error("it is no URL with a host")]
    NotUrl,
    /// The URL has a scheme other than `http` and `https`.
    #[error("its scheme is neither `http` nor `https`")]
    Scheme,
    /// It is no URL path.
    #[error("it does not begin with `/`")]
    NotPath,
    /// Whoever can read the network there could have the credentials.
    #[error(
        "over plain HTTP, credentials are asked for on this machine and at the agents of ECS and \
         EKS only, and `{0}` is neither; anywhere else takes `https`"
    )]
    ForeignHost(String),
    /// It is no name of a region, or no region is known by it.
    #[error("`{0}` is no region of the partition `aws`, which is the only one with ECR Public")]
    UnknownRegion(String),
    /// It is neither of the values that are offered.
    #[error("`{value}` is not one of {}", offered.join(", "))]
    NotOffered {
        /// What it is.
        value: String,
        /// What it may be.
        offered: &'static [&'static str],
    },
    /// It is no ARN of a role.
    #[error("{0}")]
    NotRole(InvalidRoleArn),
    /// It is no number of attempts.
    #[error("`{0}` is no positive number")]
    NotPositive(String),
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.code, &self.message) {
            (Some(code), Some(message)) => write!(f, "{code}: {message}"),
            (Some(text), None) | (None, Some(text)) => f.write_str(text),
            (None, None) => match self.status {
                Some(status) => write!(f, "status {status}"),
                None => f.write_str("no reason given"),
            },
        }
    }
}

impl fmt::Display for HopPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = match self.origin {
            HopOrigin::Profile => "the profile",
            HopOrigin::Provider => "the provider",
            HopOrigin::AccountRole => "the account role",
            HopOrigin::Resource => "the resource",
        };
        write!(f, "hop {} of {} of {list}", self.hop, self.of)
    }
}

impl fmt::Display for KeysOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Configuration => f.write_str("the provider block"),
            Self::Environment => f.write_str("the environment"),
            Self::Profile(name) => write!(f, "profile `{name}`"),
        }
    }
}

impl fmt::Display for KeyMember {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AccessKey => "the access key",
            Self::SecretKey => "the secret key",
            Self::BothKeys => "the pair of keys",
        })
    }
}

impl fmt::Display for CredentialOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StaticKeys => f.write_str("the keys of the provider block"),
            Self::EnvironmentKeys => f.write_str("the keys of the environment"),
            Self::WebIdentity => f.write_str("the web identity"),
            Self::Profile(name) => write!(f, "profile `{name}`"),
            Self::Process(name) => write!(f, "`credential_process` of profile `{name}`"),
            Self::SingleSignOn(name) => write!(f, "the single sign-on of profile `{name}`"),
            Self::Container => f.write_str("the container credentials"),
            Self::InstanceMetadata => f.write_str("the instance metadata service"),
            Self::Role(role) => write!(f, "role `{}`", role.as_str()),
        }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.name {
            SettingName::ContainerCredentials => "the address of the container credentials",
            SettingName::EcrPublicEndpoint => "the ECR Public endpoint",
            SettingName::StsEndpoint => "the STS endpoint",
            SettingName::InstanceMetadataEndpoint => "the instance metadata endpoint",
            SettingName::InstanceMetadataMode => "the instance metadata endpoint mode",
            SettingName::HttpProxy => "the HTTP proxy",
            SettingName::HttpsProxy => "the HTTPS proxy",
            SettingName::MaxRetries => "the number of attempts",
            SettingName::Region => "the region",
            SettingName::RetryMode => "the retry mode",
            SettingName::SsoEndpoint => "the endpoint of the IAM Identity Center portal",
            SettingName::SsoOidcEndpoint => "the IAM Identity Center OIDC endpoint",
            SettingName::StsRegion => "the STS region",
            SettingName::Switch => "a switch",
            SettingName::WebIdentityRole => "the role of the web identity",
        })?;
        match &self.named_by {
            NamedBy::Configuration => Ok(()),
            NamedBy::Environment(name) => write!(f, " in {name}"),
            NamedBy::Profile(name) => write!(f, " in profile `{name}`"),
        }
    }
}

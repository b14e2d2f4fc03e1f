//! Everything that can go wrong between the configuration and an answer of ECR Public.
//!
//! Errors carry facts. The words that a practitioner reads are chosen elsewhere, from these facts.

use std::collections::BTreeSet;
use std::error::Error as StdError;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::blame::Blame;
use crate::task::Stopped;

use super::{AccountId, InvalidAccountRole, InvalidHop, InvalidRoleArn, RoleArn};

/// Something on the way to AWS, or in AWS, failed. Cheap to clone, because one failure of a chain
/// is the answer to everybody who needs that chain.
#[derive(Clone, Debug)]
pub struct Error {
    kind: Arc<ErrorKind>,
    cause: Option<Cause>,
}

/// What failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ErrorKind {
    /// No source has credentials.
    #[error("no source has AWS credentials")]
    NoCredentials {
        /// What was tried, in order.
        tried: Vec<Tried>,
    },
    /// The profile that was asked for does not exist.
    #[error("there is no AWS profile `{profile}`")]
    ProfileNotFound {
        /// Its name.
        profile: String,
        /// Who asked for it.
        named_by: NamedBy,
        /// Where it was looked for.
        files: Vec<PathBuf>,
    },
    /// Half of a pair of keys.
    #[error("the AWS keys of {origin} are incomplete: {missing} is missing")]
    IncompleteKeys {
        /// Where they come from.
        origin: KeysOrigin,
        /// What is missing.
        missing: KeyMember,
    },
    /// The shared configuration files cannot be read or understood.
    #[error("the shared AWS configuration cannot be used: {problem}")]
    SharedConfig {
        /// The file, when it is one file's fault.
        path: Option<PathBuf>,
        /// The profile, when it is one profile's fault.
        profile: Option<String>,
        /// What is wrong with it.
        problem: String,
    },
    /// The sign-in of IAM Identity Center is missing or has ended.
    #[error("the single sign-on session of profile `{profile}` is missing or has ended")]
    SsoLoginRequired {
        /// The profile.
        profile: String,
        /// Where its sign-in starts.
        start_url: Option<String>,
    },
    /// The source that is configured did not deliver.
    #[error("{origin} did not deliver credentials")]
    SourceFailed {
        /// The source.
        origin: CredentialOrigin,
    },
    /// A role was not handed out.
    #[error("{hop} to {role} failed: {answer}")]
    AssumeRole {
        /// Which hop of which list.
        hop: HopPosition,
        /// The role.
        role: RoleArn,
        /// Who asked for it, when known.
        caller: Option<String>,
        /// What kind of refusal it is.
        reason: RefusalReason,
        /// The answer of STS.
        answer: Answer,
    },
    /// A role was not handed out to an identity from outside AWS.
    #[error("the web identity was refused for {role}: {answer}")]
    WebIdentity {
        /// The role.
        role: RoleArn,
        /// The file that holds the token; `None` when the token is part of the configuration.
        token_file: Option<PathBuf>,
        /// The answer of STS.
        answer: Answer,
    },
    /// The file of a web identity token cannot be used.
    #[error("the web identity token file `{}` cannot be used: {problem}", path.display())]
    WebIdentityTokenFile {
        /// The file.
        path: PathBuf,
        /// The role it was for.
        role: RoleArn,
        /// What is wrong with it. Never its content.
        problem: String,
    },
    /// The calling credentials have ended.
    #[error("the credentials from {origin} have expired: {answer}")]
    Expired {
        /// Where they come from.
        origin: CredentialOrigin,
        /// When they ended, when known.
        expiry: Option<SystemTime>,
        /// The answer of AWS.
        answer: Answer,
    },
    /// AWS does not know the calling credentials, or their signature is wrong.
    #[error("AWS rejected the credentials from {origin}: {answer}")]
    Rejected {
        /// Where they come from.
        origin: CredentialOrigin,
        /// The access key ID with its middle hidden.
        key: Option<String>,
        /// The region of the call.
        region: String,
        /// The answer of AWS.
        answer: Answer,
    },
    /// STS is switched off in the region.
    #[error("STS is disabled in {region}: {answer}")]
    StsRegionDisabled {
        /// The region.
        region: String,
        /// The answer of AWS.
        answer: Answer,
    },
    /// Too many requests, after all attempts.
    #[error("{action} was throttled: {answer}")]
    Throttled {
        /// The API call, such as `sts:AssumeRole`.
        action: &'static str,
        /// The attempts that are made before giving up.
        attempts: u32,
        /// How long that took.
        elapsed: Duration,
        /// The answer of AWS.
        answer: Answer,
    },
    /// The account lists do not allow this account.
    #[error("account {account} is not allowed")]
    AccountNotAllowed {
        /// The account.
        account: AccountId,
        /// The identity that ends there.
        identity: String,
        /// The list that says so.
        rule: AccountRule,
    },
    /// The identity ended in another account than the one that must be reached.
    #[error("the identity is in account {effective} in place of {expected}")]
    WrongAccount {
        /// What must be reached.
        expected: AccountId,
        /// What was reached.
        effective: AccountId,
        /// The identity.
        identity: String,
    },
    /// AWS did not say in which account the identity is; nothing may be done then.
    #[error("the account of `{identity}` cannot be told")]
    UnknownAccount {
        /// What AWS said.
        identity: String,
    },
    /// Nothing says how to get from the provider's account into another one.
    #[error("nothing leads from account {provider_account} into account {account}")]
    NoAccountRole {
        /// The account to reach.
        account: AccountId,
        /// The account of the provider's identity.
        provider_account: AccountId,
    },
    /// The template of the account role is none.
    #[error("the account role `{template}` is no role ARN: {problem}")]
    InvalidAccountRole {
        /// The template.
        template: String,
        /// What is wrong with what it makes.
        problem: InvalidAccountRole,
    },
    /// A hop that STS would refuse.
    #[error("{hop} is wrong: {problem}")]
    InvalidHop {
        /// Which one.
        hop: HopPosition,
        /// What is wrong.
        problem: InvalidHop,
    },
    /// No login for the registry.
    #[error("`{identity}` may not obtain a login: {answer}")]
    LoginDenied {
        /// The identity.
        identity: String,
        /// The answer of AWS.
        answer: Answer,
    },
    /// An action is not allowed.
    #[error("`{identity}` may not call {action} on {resource}: {answer}")]
    ActionDenied {
        /// The IAM action, such as `ecr-public:CreateRepository`.
        action: &'static str,
        /// The identity.
        identity: String,
        /// The ARN of the resource, or `*`.
        resource: String,
        /// The answer of AWS.
        answer: Answer,
    },
    /// This endpoint, region or partition has no ECR Public.
    #[error("ECR Public is not offered at {host}: {answer}")]
    NotOffered {
        /// The host that was asked.
        host: String,
        /// The answer of AWS.
        answer: Answer,
    },
    /// No answer came.
    #[error("{host} cannot be reached")]
    Unreachable {
        /// The host.
        host: String,
        /// The API call.
        action: &'static str,
        /// The proxy in use, without user and password.
        proxy: Option<String>,
        /// How it failed.
        failure: ConnectFailure,
    },
    /// The certificate of the other side cannot be verified.
    #[error("the certificate of {host} cannot be verified")]
    Certificate {
        /// The host.
        host: String,
        /// The bundle in use; `None` means the system's roots.
        bundle: Option<PathBuf>,
    },
    /// The CA bundle cannot be used.
    #[error("the CA bundle `{}` cannot be used: {problem}", path.display())]
    CaBundle {
        /// The file.
        path: PathBuf,
        /// Who named it.
        named_by: NamedBy,
        /// What is wrong with it.
        problem: CaBundleProblem,
    },
    /// A setting has a value that cannot be used.
    #[error("the value of {setting} cannot be used: {problem}")]
    InvalidSetting {
        /// Which, and who set it.
        setting: Setting,
        /// What is wrong with it.
        problem: SettingProblem,
    },
    /// A quota of the service is used up.
    #[error("{action} on {resource} met a limit: {answer}")]
    LimitExceeded {
        /// The API call.
        action: &'static str,
        /// What it was about.
        resource: String,
        /// The answer of AWS.
        answer: Answer,
    },
    /// The service does not take what it was given.
    #[error("{action} on {resource} was refused: {answer}")]
    InvalidParameter {
        /// The API call.
        action: &'static str,
        /// What it was about.
        resource: String,
        /// The answer of AWS.
        answer: Answer,
    },
    /// What the call was about is not there.
    #[error("{action} found no {resource}: {answer}")]
    NotFound {
        /// The API call.
        action: &'static str,
        /// What it was about.
        resource: String,
        /// The answer of AWS.
        answer: Answer,
    },
    /// The service failed, after all attempts.
    #[error("{action} failed: {answer}")]
    Service {
        /// The API call.
        action: &'static str,
        /// What it was about.
        resource: String,
        /// The attempts that are made before giving up.
        attempts: u32,
        /// The answer of AWS.
        answer: Answer,
    },
    /// The answer of AWS cannot be understood.
    #[error("the answer to {action} cannot be understood: {problem}")]
    Malformed {
        /// The API call.
        action: &'static str,
        /// What is wrong with it. Never its content.
        problem: &'static str,
    },
    /// The work was stopped.
    #[error("{0}")]
    Stopped(Stopped),
    /// An invariant of this program broke.
    #[error("{action} could not be made: {problem}")]
    Unexpected {
        /// The API call.
        action: &'static str,
        /// What was not expected.
        problem: String,
    },
}

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
    /// `endpoints.ecrpublic`
    EcrPublicEndpoint,
    /// `endpoints.sts`
    StsEndpoint,
    /// `ec2_metadata_service_endpoint`
    InstanceMetadataEndpoint,
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
    /// It is no name of a region, or no region is known by it.
    #[error("`{0}` is no AWS region")]
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

impl Error {
    /// What failed.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// Whose move it is.
    #[must_use]
    pub fn blame(&self) -> Blame {
        self.kind.blame()
    }

    /// The same, for a hop that is written down at this place.
    ///
    /// Chains share their links, and a link knows its place in the chain only.
    pub(super) fn at(self, place: impl FnOnce(HopPosition) -> HopPosition) -> Self {
        let ErrorKind::AssumeRole { hop, .. } = *self.kind else {
            return self;
        };
        let mut kind = ErrorKind::clone(&self.kind);
        if let ErrorKind::AssumeRole { hop: placed, .. } = &mut kind {
            *placed = place(hop);
        }
        Self {
            kind: Arc::new(kind),
            cause: self.cause,
        }
    }

    pub(super) fn caused_by(mut self, error: &(dyn StdError + 'static)) -> Self {
        self.cause = Some(Cause::of(error, MAX_CAUSES));
        self
    }
}

impl ErrorKind {
    fn blame(&self) -> Blame {
        match self {
            Self::ProfileNotFound { .. }
            | Self::IncompleteKeys { .. }
            | Self::SharedConfig { .. }
            | Self::AccountNotAllowed { .. }
            | Self::WrongAccount { .. }
            | Self::NoAccountRole { .. }
            | Self::InvalidAccountRole { .. }
            | Self::InvalidHop { .. }
            | Self::WebIdentityTokenFile { .. }
            | Self::CaBundle { .. }
            | Self::InvalidSetting { .. }
            | Self::NotOffered { .. }
            | Self::InvalidParameter { .. } => Blame::Practitioner,
            Self::AssumeRole { reason, .. } => reason.blame(),
            Self::NoCredentials { .. }
            | Self::SsoLoginRequired { .. }
            | Self::SourceFailed { .. }
            | Self::WebIdentity { .. }
            | Self::Expired { .. }
            | Self::Rejected { .. }
            | Self::StsRegionDisabled { .. }
            | Self::LoginDenied { .. }
            | Self::ActionDenied { .. } => Blame::Access,
            Self::UnknownAccount { .. }
            | Self::Throttled { .. }
            | Self::LimitExceeded { .. }
            | Self::NotFound { .. }
            | Self::Service { .. }
            | Self::Malformed { .. } => Blame::Remote,
            Self::Unreachable { .. } | Self::Certificate { .. } => Blame::Network,
            Self::Stopped(_) => Blame::Stopped,
            Self::Unexpected { .. } => Blame::Us,
        }
    }
}

impl RefusalReason {
    fn blame(self) -> Blame {
        match self {
            Self::Denied => Blame::Access,
            Self::TooLongForChain
            | Self::TooLongForRole
            | Self::SessionPolicy
            | Self::Parameter => Blame::Practitioner,
            Self::Other => Blame::Remote,
        }
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self {
            kind: Arc::new(kind),
            cause: None,
        }
    }
}

impl From<Stopped> for Error {
    fn from(stopped: Stopped) -> Self {
        ErrorKind::Stopped(stopped).into()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.kind, f)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.cause.as_ref().map(|cause| cause as _)
    }
}

/// The words of a foreign error and of what caused it.
///
/// The error itself is not kept: the debug form of an SDK error holds whole responses, and with
/// them credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Cause {
    text: String,
    source: Option<Box<Cause>>,
}

impl Cause {
    fn of(error: &(dyn StdError + 'static), left: usize) -> Self {
        let source = error
            .source()
            .filter(|_| left > 0)
            .map(|source| Box::new(Self::of(source, left - 1)));
        Self {
            text: bounded(&error.to_string()),
            source,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl StdError for Cause {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
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
            Self::Container => f.write_str("the container credentials"),
            Self::InstanceMetadata => f.write_str("the instance metadata service"),
            Self::Role(role) => write!(f, "role `{}`", role.as_str()),
        }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.name {
            SettingName::EcrPublicEndpoint => "the ECR Public endpoint",
            SettingName::StsEndpoint => "the STS endpoint",
            SettingName::InstanceMetadataEndpoint => "the instance metadata endpoint",
            SettingName::HttpProxy => "the HTTP proxy",
            SettingName::HttpsProxy => "the HTTPS proxy",
            SettingName::MaxRetries => "the number of attempts",
            SettingName::Region => "the region",
            SettingName::RetryMode => "the retry mode",
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

/// Cuts foreign text to [`MAX_TEXT`] bytes, at a character boundary.
pub(super) fn bounded(text: &str) -> String {
    if text.len() <= MAX_TEXT {
        return text.to_owned();
    }
    let mut cut = text[..text.floor_char_boundary(MAX_TEXT)].to_owned();
    cut.push('…');
    cut
}

/// Longer messages than any that AWS documents.
const MAX_TEXT: usize = 2048;

/// A chain of the SDK is about six causes long for each hop.
const MAX_CAUSES: usize = 16;

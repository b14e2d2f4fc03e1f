//! Everything that can go wrong between the configuration and an answer of ECR Public.
//!
//! Errors carry facts. The words that a practitioner reads are chosen elsewhere, from these facts.

mod cause;
mod facts;
mod source;

use std::error::Error as StdError;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::blame::Blame;
use crate::task::Stopped;

use super::{AccountId, InvalidAccountRole, InvalidHop, RoleArn};

use cause::Cause;
pub(super) use cause::bounded;
pub use facts::{
    AccountRule, Answer, CaBundleProblem, ConnectFailure, CredentialOrigin, HopOrigin, HopPosition,
    KeyMember, KeysOrigin, NamedBy, RefusalReason, Setting, SettingName, SettingProblem, Tried,
};
pub use source::{SignIn, SourceProblem};

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
    #[error("somebody has to sign in for profile `{profile}`: {reason}")]
    SsoLoginRequired {
        /// The profile.
        profile: String,
        /// Where its sign-in starts.
        start_url: String,
        /// Why.
        reason: SignIn,
    },
    /// The source that is configured did not deliver.
    #[error("{origin} did not deliver credentials: {problem}")]
    SourceFailed {
        /// The source.
        origin: CredentialOrigin,
        /// Why.
        problem: SourceProblem,
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
        /// Who named it.
        named_by: NamedBy,
        /// The answer of STS.
        answer: Answer,
    },
    /// A role was asked for, and a session in another account was handed out.
    #[error("the session for {role} is `{identity}`, which is in another account")]
    RoleElsewhere {
        /// The role.
        role: RoleArn,
        /// Who the session is.
        identity: String,
    },
    /// The file of a web identity token cannot be used.
    #[error("the web identity token file `{}` cannot be used: {problem}", path.display())]
    WebIdentityTokenFile {
        /// The file.
        path: PathBuf,
        /// Who named it.
        named_by: NamedBy,
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
    /// The identity is in a partition that has no ECR Public.
    #[error("`{identity}` is in the partition `{partition}`, which has no ECR Public")]
    WrongPartition {
        /// The partition.
        partition: String,
        /// The identity.
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
        self.cause = Some(Cause::of(error));
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
            | Self::WrongPartition { .. }
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
            | Self::RoleElsewhere { .. }
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

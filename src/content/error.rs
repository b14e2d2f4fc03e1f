//! The few ways in which a store can fail, as far as the engine has to tell them apart.

use std::error::Error as StdError;
use std::time::Duration;

use crate::blame::Blame;
use crate::oci::Digest;
use crate::task::Stopped;

/// A store failed. The source says how, in its own words.
#[derive(Debug, thiserror::Error)]
#[error("{kind}")]
pub struct Error {
    kind: Box<ErrorKind>,
    #[source]
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What the engine can do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ErrorKind {
    /// Definitely not there.
    #[error("it is not there")]
    NotFound,
    /// The repository itself does not exist.
    #[error("the repository does not exist")]
    RepositoryNotFound,
    /// Signed in wrongly, or not allowed.
    #[error("access was denied")]
    Denied,
    /// The pull limit of the source is used up.
    #[error("the pull limit is reached")]
    PullLimit(PullBudget),
    /// Too many requests, after all patience.
    #[error("the registry asked to slow down")]
    Throttled {
        /// How long it asked us to wait.
        retry_after: Option<Duration>,
    },
    /// The volume that the registry gives out in a month is used up. No wait brings it back.
    #[error("the data limit is reached")]
    DataLimit,
    /// Bytes do not have the digest they are addressed by.
    #[error("the content has another digest than {expected}")]
    WrongDigest {
        /// What was asked for.
        expected: Digest,
    },
    /// More or fewer bytes than announced.
    #[error("the content has another size than the announced {expected} bytes")]
    WrongSize {
        /// What was announced.
        expected: u64,
    },
    /// A transfer ended early; the rest can be asked for.
    #[error("the transfer was cut")]
    Interrupted,
    /// The upload is lost; another one has to be opened.
    #[error("the upload was lost")]
    UploadLost,
    /// A manifest was refused because something it points at is missing.
    #[error("something the manifest points at is missing at the destination")]
    ChildMissing,
    /// The tag exists and must not move.
    #[error("the tag cannot be moved")]
    TagImmutable,
    /// The content was refused for what it is.
    #[error("the registry refused the content")]
    Refused,
    /// Larger than anybody accepts.
    #[error("it is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// No usable answer within the policy.
    #[error("there was no usable answer")]
    Unavailable,
    /// The other side broke the protocol.
    #[error("the registry broke the protocol")]
    Protocol,
    /// The store cannot be reached the way it is configured.
    #[error("it cannot work as it is configured")]
    Misconfigured,
    /// We were told to stop.
    #[error("{0}")]
    Stopped(Stopped),
}

/// How many pulls a registry still allows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PullBudget {
    /// Pulls per window.
    pub limit: Option<u64>,
    /// Pulls left in this window.
    pub remaining: Option<u64>,
    /// The length of the window.
    pub window: Option<Duration>,
    /// Whose budget: an address or an account, in the registry's words.
    pub source: Option<String>,
}

impl Error {
    /// A failure with the store's own words for it.
    pub fn new(kind: ErrorKind, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self {
            kind: Box::new(kind),
            source: Some(source.into()),
        }
    }

    /// What the engine can do about it.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// Whether it only says that work was stopped.
    #[must_use]
    pub fn is_stop(&self) -> bool {
        matches!(*self.kind, ErrorKind::Stopped(_))
    }

    /// Whether the bytes are not those of the digest.
    #[must_use]
    pub fn has_wrong_bytes(&self) -> bool {
        matches!(
            *self.kind,
            ErrorKind::WrongDigest { .. } | ErrorKind::WrongSize { .. }
        )
    }

    /// Whose move it is.
    #[must_use]
    pub fn blame(&self) -> Blame {
        match *self.kind {
            ErrorKind::NotFound
            | ErrorKind::RepositoryNotFound
            | ErrorKind::TagImmutable
            | ErrorKind::Misconfigured => Blame::Practitioner,
            ErrorKind::Denied => Blame::Access,
            ErrorKind::PullLimit(_)
            | ErrorKind::Throttled { .. }
            | ErrorKind::DataLimit
            | ErrorKind::WrongDigest { .. }
            | ErrorKind::WrongSize { .. }
            | ErrorKind::UploadLost
            | ErrorKind::ChildMissing
            | ErrorKind::Refused
            | ErrorKind::TooLarge { .. }
            | ErrorKind::Protocol => Blame::Remote,
            ErrorKind::Interrupted | ErrorKind::Unavailable => Blame::Network,
            ErrorKind::Stopped(_) => Blame::Stopped,
        }
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self {
            kind: Box::new(kind),
            source: None,
        }
    }
}

impl From<Stopped> for Error {
    fn from(stopped: Stopped) -> Self {
        ErrorKind::Stopped(stopped).into()
    }
}

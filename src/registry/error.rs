//! How a registry can fail, with the facts that a message needs.

#![warn(clippy::wildcard_enum_match_arm)]

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::answer::Refusal;
use super::classify;
use super::endpoint::InvalidEndpoint;
use crate::blame::Blame;
use crate::content::{self, ErrorKind};
use crate::net::InvalidSettings;
use crate::net::retry::{Failures, GaveUp, Retryable};
use crate::net::transport::{TransportError, TransportErrorKind};
use crate::oci::{Digest, InvalidManifest};
use crate::task::Stopped;

/// A request to a registry failed.
///
/// It is the `source()` of the [`content::Error`] that the engine sees, so that whoever writes
/// for people can find the facts. Nothing in it is secret: messages of servers are bounded, one
/// line, and free of credentials and signed queries.
#[derive(Clone)]
pub struct Error(Box<Facts>);

#[derive(Clone)]
struct Facts {
    subject: Subject,
    fault: Fault,
    attempts: u32,
    elapsed: Duration,
}

/// What was asked of whom.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    pub(super) host: Arc<str>,
    pub(super) repository: Arc<str>,
    pub(super) action: Action,
    pub(super) digest: Option<Digest>,
}

/// What a request was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Setting up the client.
    Setup,
    /// Getting a token from the registry's token service.
    GetToken,
    /// Asking what a tag or digest stands for.
    Resolve,
    /// Reading a manifest.
    ReadManifest,
    /// Listing tags.
    ListTags,
    /// Asking what refers to a manifest.
    ListReferrers,
    /// Asking whether a blob is there.
    FindBlob,
    /// Reading a blob.
    ReadBlob,
    /// Opening an upload.
    OpenUpload,
    /// Sending a blob.
    SendBlob,
    /// Giving an upload up.
    CancelUpload,
    /// Storing a manifest.
    PutManifest,
}

/// What went wrong. The cause, where there is one, is the `source()` of the [`Error`].
#[derive(Clone, Debug, thiserror::Error)]
pub enum Fault {
    /// The registry, its token service or its blob store refused.
    #[error("the answer was {0}")]
    Refused(Box<Refusal>),
    /// A repository that is not there looks like a private one at Docker Hub and elsewhere.
    #[error("the repository does not exist or needs credentials: the answer was {0}")]
    MissingOrPrivate(Box<Refusal>),
    /// Somebody to whom the registry redirects, usually a blob store, refused.
    #[error("the host that the registry redirects to answered {0}")]
    BlobStore(Box<Refusal>),
    /// The registry wants to know who asks, but not in a way that can be answered.
    #[error("the registry asks for credentials in a way that cannot be answered")]
    NoUsableChallenge,
    /// The registry wants a user and a password, and there are none.
    #[error("the registry needs a user and a password")]
    CredentialsNeeded,
    /// The token service that the registry names must not be asked.
    #[error("the registry names a token service at `{target}`, which {reason}")]
    Realm {
        /// Scheme, host and path of it.
        target: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The token service answered something that is no token.
    #[error("the answer of the token service holds no usable token")]
    Token,
    /// Where the credentials come from failed.
    #[error("the credentials could not be obtained")]
    Credentials(Arc<content::Error>),
    /// A redirect, or the place to upload to, must not be followed.
    #[error("the registry sends us to `{target}`, which {reason}")]
    Target {
        /// Scheme, host and path of it, or what was there instead.
        target: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Too many redirects.
    #[error("the registry redirects more than {0} times")]
    TooManyRedirects(usize),
    /// A list that goes on and on.
    #[error("the list has more than {0} pages")]
    TooManyPages(usize),
    /// No answer came, or it ended early.
    #[error("no complete answer came")]
    Transport(Arc<TransportFault>),
    /// A registry says that it has a blob of which it was not sent the end. Our digest was not
    /// known then, and neither was theirs.
    #[error("the registry confirmed the blob before it had all of it")]
    TooSoon,
    /// The manifest cannot be copied.
    #[error("the manifest cannot be copied")]
    Manifest(Arc<InvalidManifest>),
    /// The content is longer than allowed.
    #[error("the content is longer than {limit} bytes")]
    TooLong {
        /// The limit in bytes.
        limit: u64,
    },
    /// The bytes are not those that were asked for.
    #[error("the content has the digest {found} instead of {expected}")]
    Digest {
        /// What was asked for.
        expected: Digest,
        /// What it is, in the words of whoever computed it.
        found: String,
    },
    /// The length is not the one that was announced.
    #[error("the content has {found} bytes instead of {expected}")]
    Size {
        /// What was announced.
        expected: u64,
        /// What it is, or what the other side says it is.
        found: u64,
    },
    /// The list of tags is none, or has no end.
    #[error("the list of tags {0}")]
    Tags(&'static str),
    /// A header is missing or makes no sense.
    #[error("the header `{0}` of the answer is missing or makes no sense")]
    Header(&'static str),
    /// The endpoint cannot work as it is configured.
    #[error("the endpoint cannot work as it is configured")]
    Endpoint(InvalidEndpoint),
    /// The HTTP settings cannot work as they are written.
    #[error("the HTTP settings cannot work as they are written")]
    Settings(Arc<InvalidSettings>),
    /// We were told to stop.
    #[error("{reason}")]
    Stopped {
        /// Why.
        reason: Stopped,
        /// What had gone wrong before: a retry was pending.
        pending: Option<Box<Error>>,
    },
}

/// The wire failed.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct TransportFault(#[from] TransportError);

impl Error {
    pub(super) fn new(subject: &Subject, fault: Fault) -> Self {
        Self(Box::new(Facts {
            subject: subject.clone(),
            fault,
            attempts: 1,
            elapsed: Duration::ZERO,
        }))
    }

    /// What is left when all tries are used up, or none may follow.
    pub(super) fn gave_up(subject: &Subject, gave_up: GaveUp<Self>) -> Self {
        let error = match (gave_up.stopped, gave_up.error) {
            (None, Some(error)) => error,
            (Some(reason), pending) => Self::new(
                subject,
                Fault::Stopped {
                    reason,
                    pending: pending.map(Box::new),
                },
            ),
            // The loop never ends without one of them.
            (None, None) => Self::new(subject, transport(TransportErrorKind::Closed.into())),
        };
        error.after(gave_up.attempts, gave_up.elapsed)
    }

    /// The same, after more tries than one.
    fn after(mut self, attempts: u32, elapsed: Duration) -> Self {
        self.0.attempts = self.0.attempts.max(attempts);
        self.0.elapsed = self.0.elapsed.max(elapsed);
        self
    }

    /// The registry, as references name it.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.0.subject.host
    }

    /// The repository within the registry; empty when none was involved.
    #[must_use]
    pub fn repository(&self) -> &str {
        &self.0.subject.repository
    }

    /// What the request was for.
    #[must_use]
    pub fn action(&self) -> Action {
        self.0.subject.action
    }

    /// The digest that the request was about, if it was about one.
    #[must_use]
    pub fn digest(&self) -> Option<&Digest> {
        self.0.subject.digest.as_ref()
    }

    /// What went wrong.
    #[must_use]
    pub fn fault(&self) -> &Fault {
        &self.0.fault
    }

    /// What the registry answered, if it answered.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        match &self.0.fault {
            Fault::Refused(refusal)
            | Fault::MissingOrPrivate(refusal)
            | Fault::BlobStore(refusal) => Some(refusal),
            Fault::NoUsableChallenge
            | Fault::CredentialsNeeded
            | Fault::Realm { .. }
            | Fault::Token
            | Fault::Credentials(_)
            | Fault::Target { .. }
            | Fault::TooManyRedirects(_)
            | Fault::TooManyPages(_)
            | Fault::TooSoon
            | Fault::Transport(_)
            | Fault::Manifest(_)
            | Fault::TooLong { .. }
            | Fault::Digest { .. }
            | Fault::Size { .. }
            | Fault::Tags(_)
            | Fault::Header(_)
            | Fault::Endpoint(_)
            | Fault::Settings(_)
            | Fault::Stopped { .. } => None,
        }
    }

    /// Whether the registry refused the login itself, and not what was done with it.
    #[must_use]
    pub fn is_login_refused(&self) -> bool {
        self.refusal().is_some_and(|refusal| {
            classify::is_token_refused(refusal)
                || classify::may_be_token_refused(self.action(), refusal)
                || classify::is_login_expired(refusal)
        })
    }

    /// How often it was tried.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// How long all tries took, waits included.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed
    }

    /// What the engine can do about it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        classify::kind(self.action(), self.digest(), &self.0.fault)
    }

    /// Whose move it is.
    #[must_use]
    pub fn blame(&self) -> Blame {
        content::Error::from(self.kind()).blame()
    }
}

/// A fault of the wire.
pub(super) fn transport(error: TransportError) -> Fault {
    Fault::Transport(Arc::new(TransportFault(error)))
}

impl TransportFault {
    /// Whether TLS failed: a certificate that is not trusted, or no TLS at all.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.0.kind == TransportErrorKind::Tls
    }

    pub(super) fn kind(&self) -> TransportErrorKind {
        self.0.kind
    }
}

impl Retryable for Error {
    fn failure(&self) -> Failures {
        classify::failure(self.action(), &self.0.fault)
    }

    fn retry_after(&self) -> Option<Duration> {
        self.refusal()?.retry_after
    }
}

impl From<Error> for content::Error {
    fn from(error: Error) -> Self {
        Self::new(error.kind(), error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Facts {
            subject, attempts, ..
        } = &*self.0;
        subject.tell(f)?;
        write!(f, ": {}", self.0.fault)?;
        match attempts {
            0 | 1 => Ok(()),
            attempts => write!(
                f,
                " ({attempts} attempts in {:.1} seconds)",
                self.0.elapsed.as_secs_f64()
            ),
        }
    }
}

impl Subject {
    fn tell(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.action)?;
        if !self.repository.is_empty() {
            write!(f, " `{}`", self.repository)?;
        }
        if !self.host.is_empty() {
            write!(f, " at `{}`", self.host)?;
        }
        Ok(())
    }
}

/// With the digest, which the messages of the engine name anyway.
impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tell(f)?;
        match &self.digest {
            Some(digest) => write!(f, " ({digest})"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("host", &self.0.subject.host)
            .field("repository", &self.0.subject.repository)
            .field("action", &self.0.subject.action)
            .field("digest", &self.0.subject.digest)
            .field("fault", &self.0.fault)
            .field("attempts", &self.0.attempts)
            .field("elapsed", &self.0.elapsed)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        // Not what is shared, but what is in it, so that it can be found by its type.
        match &self.0.fault {
            Fault::Credentials(cause) => Some(&**cause),
            Fault::Transport(cause) => Some(&**cause),
            Fault::Manifest(cause) => Some(&**cause),
            Fault::Settings(cause) => Some(&**cause),
            Fault::Endpoint(cause) => Some(cause),
            Fault::Stopped { pending, .. } => pending.as_deref().map(|cause| cause as _),
            Fault::Refused(_)
            | Fault::MissingOrPrivate(_)
            | Fault::BlobStore(_)
            | Fault::NoUsableChallenge
            | Fault::CredentialsNeeded
            | Fault::Realm { .. }
            | Fault::Token
            | Fault::Target { .. }
            | Fault::TooManyRedirects(_)
            | Fault::TooManyPages(_)
            | Fault::TooSoon
            | Fault::TooLong { .. }
            | Fault::Digest { .. }
            | Fault::Size { .. }
            | Fault::Tags(_)
            | Fault::Header(_) => None,
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Setup => "setting up the client",
            Self::GetToken => "getting a token for",
            Self::Resolve => "looking up a manifest of",
            Self::ReadManifest => "reading a manifest of",
            Self::ListTags => "listing the tags of",
            Self::ListReferrers => "listing what refers to a manifest of",
            Self::FindBlob => "looking for a blob in",
            Self::ReadBlob => "reading a blob of",
            Self::OpenUpload => "opening an upload to",
            Self::SendBlob => "sending a blob to",
            Self::CancelUpload => "giving up an upload to",
            Self::PutManifest => "storing a manifest in",
        })
    }
}

//! Why a copy failed: on which side, at which step, on what.

use std::fmt;

use super::job::Outcome;
use crate::blame::Blame;
use crate::content::{self, ErrorKind};
use crate::oci::{Digest, InvalidManifest, MediaType, Platform, Tag};
use crate::task::Stopped;

/// Which side of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// What is read.
    Source,
    /// What is written.
    Destination,
}

/// What was being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Finding out what a tag or digest stands for.
    Resolve,
    /// Reading a manifest.
    ReadManifest,
    /// Finding out what refers to a manifest, or noting it.
    ListReferrers,
    /// Choosing platforms from an index.
    SelectPlatforms,
    /// Finding out which blobs are present.
    CheckBlobs,
    /// Reading a blob.
    ReadBlob,
    /// Writing a blob.
    WriteBlob,
    /// Writing a manifest.
    WriteManifest,
    /// Checking that a tag may move.
    CheckTag,
    /// Setting a tag.
    WriteTag,
    /// Checking what a tag shows afterwards.
    Verify,
}

/// A copy failed.
#[derive(Debug, thiserror::Error)]
#[error("could not {step} `{subject}` at the {side}")]
pub struct Error {
    /// Which side.
    pub side: Side,
    /// What was being done.
    pub step: Step,
    /// The tag or digest it was done to.
    pub subject: String,
    /// What went wrong.
    #[source]
    pub cause: Cause,
    /// What stands although the copy failed: present once the first tag was set.
    pub partial: Option<Box<Outcome>>,
}

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// A store failed.
    #[error(transparent)]
    Store(#[from] content::Error),
    /// A tag shows something else and must not be moved.
    #[error("the tag `{tag}` shows {found}")]
    TagTaken {
        /// The tag.
        tag: Tag,
        /// What it shows.
        found: Digest,
        /// What it should show.
        wanted: Digest,
    },
    /// The index lacks a platform.
    #[error("the image has no variant for `{wanted}`")]
    NoSuchPlatform {
        /// The one that was asked for.
        wanted: Box<Platform>,
        /// Those that are there.
        available: Vec<Platform>,
    },
    /// Platforms were chosen, but the source is not an index.
    #[error("the image is not an index, so no platforms can be chosen")]
    NotAnIndex(MediaType),
    /// Deeper than four levels, wider than allowed, or pointing at itself.
    #[error("the image index is nested too deeply or has too many entries")]
    TooComplex,
    /// More refers to the image, or more indirectly, than anybody attaches.
    #[error("too much refers to the image")]
    TooManyReferrers,
    /// A tag shows something else right after it was set.
    #[error("the tag `{tag}` shows {} although {wanted} was just put there", shown(found.as_ref()))]
    Unverified {
        /// The tag.
        tag: Tag,
        /// What it shows, if anything.
        found: Option<Digest>,
        /// What was put there.
        wanted: Digest,
    },
}

impl Error {
    /// A failure before the commit point.
    pub(super) fn new(
        side: Side,
        step: Step,
        subject: impl ToString,
        cause: impl Into<Cause>,
    ) -> Self {
        Self {
            side,
            step,
            subject: subject.to_string(),
            cause: cause.into(),
            partial: None,
        }
    }

    /// Whose move it is.
    #[must_use]
    pub fn blame(&self) -> Blame {
        self.cause.blame()
    }

    /// Whether it only says that work was stopped, so that another error explains more.
    pub(super) fn is_stop(&self) -> bool {
        matches!(&self.cause, Cause::Store(error) if error.is_stop())
    }

    /// Whether the destination misses something that a manifest points at.
    pub(super) fn is_child_missing(&self) -> bool {
        self.store() == Some(&ErrorKind::ChildMissing)
    }

    /// What a store said, if it was one that failed.
    pub(super) fn store(&self) -> Option<&ErrorKind> {
        match &self.cause {
            Cause::Store(error) => Some(error.kind()),
            Cause::TagTaken { .. }
            | Cause::NoSuchPlatform { .. }
            | Cause::NotAnIndex(_)
            | Cause::TooComplex
            | Cause::TooManyReferrers
            | Cause::Unverified { .. } => None,
        }
    }
}

impl Cause {
    /// Whose move it is.
    #[must_use]
    pub fn blame(&self) -> Blame {
        match self {
            Self::Store(error) => error.blame(),
            Self::TagTaken { .. } | Self::NoSuchPlatform { .. } | Self::NotAnIndex(_) => {
                Blame::Practitioner
            }
            Self::TooComplex | Self::TooManyReferrers | Self::Unverified { .. } => Blame::Remote,
        }
    }
}

impl From<Stopped> for Cause {
    fn from(stopped: Stopped) -> Self {
        Self::Store(stopped.into())
    }
}

/// The bytes are verified, but no manifest that can be copied.
impl From<InvalidManifest> for Cause {
    fn from(invalid: InvalidManifest) -> Self {
        Self::Store(content::Error::new(ErrorKind::Refused, invalid))
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Source => "source",
            Self::Destination => "destination",
        })
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolve => "resolve",
            Self::ReadManifest => "read the manifest",
            Self::ListReferrers => "list what refers to",
            Self::SelectPlatforms => "choose platforms from",
            Self::CheckBlobs => "check for the blobs of",
            Self::ReadBlob => "read the blob",
            Self::WriteBlob => "write the blob",
            Self::WriteManifest => "write the manifest",
            Self::CheckTag => "take the tag",
            Self::WriteTag => "set the tag",
            Self::Verify => "verify the tag",
        })
    }
}

fn shown(found: Option<&Digest>) -> &str {
    found.map_or("nothing", Digest::as_str)
}

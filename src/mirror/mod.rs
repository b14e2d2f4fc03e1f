//! What to copy, in which order, how many at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::content::{self, Destination, Source};
use crate::oci::{Descriptor, Digest, MediaType, Platform, Tag, Version};
use crate::task::Context;

/// One image to bring to one repository.
#[derive(Clone, Debug)]
pub struct MirrorJob {
    /// Which manifest of the source.
    pub version: Version,
    /// Which parts of an index.
    pub platforms: Platforms,
    /// The tags to set at the destination, at least one.
    pub tags: Vec<Tag>,
    /// What to do about a tag that shows something else.
    pub existing: ExistingTag,
}

/// Which parts of an index to copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Platforms {
    /// Everything, byte for byte.
    All,
    /// One: that child becomes the image. Several: a new index with these and their attestations.
    Only(BTreeSet<Platform>),
}

/// What to do about a tag that already shows another digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExistingTag {
    /// Move it.
    Overwrite,
    /// Move it if it shows this digest (we put it there), otherwise fail before writing anything.
    KeepUnless(Option<Digest>),
}

/// What a copy brought about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What the tags show now.
    pub root: Descriptor,
    /// What the source showed; differs from the root's digest for a choice of platforms.
    pub source_digest: Digest,
    /// The image of each platform.
    pub images: BTreeMap<String, Digest>,
    /// Bytes of every distinct blob, once.
    pub size_bytes: u64,
    /// Bytes that were moved.
    pub moved_bytes: u64,
    /// Bytes that were there already.
    pub reused_bytes: u64,
    /// Manifests read from the source.
    pub pulls: u64,
    /// The tags that show the root now.
    pub tags: Vec<Tag>,
}

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
#[error("could not complete the copy")]
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
        wanted: Platform,
        /// Those that are there.
        available: Vec<Platform>,
    },
    /// Platforms were chosen, but the source is not an index.
    #[error("the image is not an index, so no platforms can be chosen")]
    NotAnIndex(MediaType),
    /// Deeper than four levels, wider than allowed, or pointing at itself.
    #[error("the image index is nested too deeply or has too many entries")]
    TooComplex,
    /// A tag shows something else right after it was set.
    #[error("the tag `{tag}` shows {found:?} although {wanted} was just put there")]
    Unverified {
        /// The tag.
        tag: Tag,
        /// What it shows, if anything.
        found: Option<Digest>,
        /// What was put there.
        wanted: Digest,
    },
}

/// How much at once, for the whole process.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Blobs in flight.
    pub transfers: usize,
}

/// Copies images; holds what copies of one process share. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Engine {}

impl Engine {
    /// An engine with nothing known yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let _ = limits;
        Self {}
    }

    /// Brings one image to one repository.
    ///
    /// # Errors
    ///
    /// Says on which side which step failed on what. Unless `partial` says otherwise, no tag was
    /// changed.
    pub async fn mirror(
        &self,
        cx: &Context,
        job: &MirrorJob,
        source: Arc<dyn Source>,
        destination: Arc<dyn Destination>,
    ) -> Result<Outcome, Error> {
        let _ = (cx, job, source, destination);
        todo!()
    }
}

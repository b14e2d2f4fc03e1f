//! What is asked for, how much at once, and what came of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::oci::{Descriptor, Digest, Platform, Tag, Version};

/// One image to bring to one repository.
#[derive(Clone, Debug)]
pub struct MirrorJob {
    /// Which manifest of the source.
    pub version: Version,
    /// Which parts of an index.
    pub platforms: Platforms,
    /// The tags to set at the destination, at least one, and what to do about each if it shows
    /// something else. The first one that does not show the image yet is the commit point.
    pub tags: BTreeMap<Tag, ExistingTag>,
    /// Of which images the outcome tells what is in them.
    pub contents: Contents,
    /// What of that which refers to the image comes along.
    pub referrers: Referrers,
}

/// What of that which refers to an image comes along: signatures, attestations, bills of materials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Referrers {
    /// Nothing; nobody is asked about it.
    None,
    /// All, and what refers to that in turn.
    All(OwnTags),
}

/// What may happen to tags of cosign that exist at the destination and show something else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnTags {
    /// What was put there for us before, which may be replaced.
    pub put: BTreeMap<Tag, Digest>,
    /// Whether those of others may be replaced, too.
    pub others: OthersTags,
}

/// What happens to tags of cosign that somebody else has set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OthersTags {
    /// They stay.
    #[default]
    Stay,
    /// They are replaced.
    Move,
}

impl OwnTags {
    /// Whether a tag that shows this may be moved.
    pub(super) fn may_move(&self, tag: &Tag, shown: &Digest) -> bool {
        self.others == OthersTags::Move || self.has_put(tag, shown)
    }

    /// Whether a tag shows what was put there for us.
    pub(super) fn has_put(&self, tag: &Tag, shown: &Digest) -> bool {
        self.put.get(tag) == Some(shown)
    }
}

/// What refers to an image at the destination, as far as a copy has brought it or found it there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attached {
    /// The manifests of the image that the source was asked about.
    pub subjects: Vec<Digest>,
    /// What was seen of the answer without a pull: it changes when something is attached.
    pub seen: BTreeSet<Digest>,
    /// The manifests that came along, and where they hang.
    pub objects: BTreeMap<Digest, Hung>,
    /// The tags that lead to them: those of cosign, and those under which clients keep lists.
    pub tags: BTreeMap<Tag, Digest>,
    /// Tags of cosign that somebody else has set, and that were left alone.
    pub kept: BTreeMap<Tag, Digest>,
    /// Manifests that those tags have moved away from.
    pub left: BTreeSet<Digest>,
}

/// Where something hangs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hung {
    /// The manifest that it refers to.
    pub on: Digest,
    /// The tag that leads to it, unless the registry itself lists it.
    pub tag: Option<Tag>,
}

/// Of which images the outcome tells what is in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contents {
    /// Of all. An image that is there already is read at the destination.
    Always,
    /// Of those that had to be copied. One that is there already costs one request on each side,
    /// and counts no bytes and names no images.
    OfCopies,
}

/// Which parts of an index to copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Platforms {
    /// Everything, byte for byte.
    All,
    /// One: that child becomes the image. Several: a new index with these and their attestations.
    /// An image that is no index has one platform, which may be named. Naming none means all.
    Only(BTreeSet<Platform>),
}

/// What to do about a tag that already shows another digest. A tag that shows the right one is
/// left alone in any case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExistingTag {
    /// Move it.
    Overwrite,
    /// Move it if it shows this digest (we put it there), otherwise fail before writing anything,
    /// other tags of the job included.
    KeepUnless(Option<Digest>),
}

/// What a copy brought about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What the tags show now.
    pub root: Descriptor,
    /// What the source showed; differs from the root's digest for a choice of platforms.
    pub source_digest: Digest,
    /// The image of each platform, as far as an index or the job names platforms. Where an index
    /// has several images for one platform, the first.
    pub images: BTreeMap<String, Digest>,
    /// Bytes of every distinct blob below the root, once. Manifests and layers that must not be
    /// distributed do not count.
    pub size_bytes: u64,
    /// Bytes of the blobs that this copy wrote.
    pub moved_bytes: u64,
    /// Bytes of the blobs that were there already, or that another copy wrote at the same time.
    pub reused_bytes: u64,
    /// Manifests that this copy read from the source, as far as that uses up an allowance there.
    pub pulls: u64,
    /// The tags that show the root now, in order.
    pub tags: Vec<Tag>,
    /// What refers to the image and came along, if that was asked for and came to its end.
    pub attached: Option<Attached>,
}

/// How much at once, for the whole process.
///
/// What an engine needs at most, whatever it copies, is the sum of
///
/// - half a MiB for each blob in flight: over HTTP, two connections of which each reads and writes
///   through 128 KiB, and the chunk on its way between them;
/// - 32 MiB of manifests for each copy, of which a real one has some 20 KiB;
/// - what is remembered: some 2 KiB of manifests and 3 KiB of places for an image, together never
///   more than 80 MiB; when a record is full it starts afresh.
///
/// `acceptance-tests/bench/tests/memory` holds the program to it.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Blobs in flight, at least one. At most half of them are big, so that small ones are never
    /// queued behind them.
    pub transfers: usize,
}

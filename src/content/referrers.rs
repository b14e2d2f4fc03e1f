//! What refers to a manifest, wherever that is written down.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::{Error, Source};
use crate::oci::{CosignTag, Descriptor, Digest, Manifest, Tag, Version, fallback_tag};
use crate::task::Context;

/// Where it is listed what refers to a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listed {
    /// By the registry, which said this.
    ByRegistry(Vec<Descriptor>),
    /// By clients, in this index, which has not been read.
    ByClients(Descriptor),
    /// Nowhere.
    Nowhere,
}

/// What hangs on a manifest, as far as it can be seen without a pull.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachments {
    /// What is listed.
    pub listed: Listed,
    /// What cosign has stored under tags of its own.
    pub cosign: BTreeMap<Tag, Descriptor>,
}

impl Attachments {
    /// All digests that were seen: they change when something is attached or taken away.
    pub fn digests(&self) -> BTreeSet<&Digest> {
        let listed: &[Descriptor] = match &self.listed {
            Listed::ByRegistry(entries) => entries,
            Listed::ByClients(index) => std::slice::from_ref(index),
            Listed::Nowhere => &[],
        };
        let all = listed.iter().chain(self.cosign.values());
        all.map(|entry| &entry.digest).collect()
    }
}

/// What hangs on a manifest. Costs no pull: up to five requests, one of them only once for each
/// registry that keeps no lists.
///
/// # Errors
///
/// The source cannot be asked.
pub async fn attachments(
    source: &(impl Source + ?Sized),
    cx: &Context,
    digest: &Digest,
) -> Result<Attachments, Error> {
    let listed = listed(source, cx, digest).await?;
    let mut cosign = BTreeMap::new();
    for kind in CosignTag::ALL {
        let tag = kind.of(digest);
        if let Some(found) = source.find(cx, &Version::Tag(tag.clone())).await? {
            cosign.insert(tag, found);
        }
    }
    Ok(Attachments { listed, cosign })
}

/// Where it is listed what refers to a manifest. Costs no pull.
///
/// # Errors
///
/// The source cannot be asked.
pub async fn listed(
    source: &(impl Source + ?Sized),
    cx: &Context,
    digest: &Digest,
) -> Result<Listed, Error> {
    if let Some(entries) = source.listed_referrers(cx, digest).await? {
        return Ok(Listed::ByRegistry(distinct(entries, digest)));
    }
    let tag = Version::Tag(fallback_tag(digest));
    // A tag of this name that shows no index can be anybody's.
    let found = source.find(cx, &tag).await?;
    let index = found.filter(|found| found.media_type.is_index());
    Ok(index.map_or(Listed::Nowhere, Listed::ByClients))
}

/// What the index that clients keep for a manifest lists.
#[must_use]
pub fn entries(index: &Manifest, subject: &Digest) -> Vec<Descriptor> {
    let entries = index.children().iter();
    let entries = entries.map(|child| child.descriptor().clone());
    distinct(entries.collect(), subject)
}

/// Each once, and nothing that refers to itself.
fn distinct(mut entries: Vec<Descriptor>, subject: &Digest) -> Vec<Descriptor> {
    let mut seen = HashSet::from([subject.clone()]);
    entries.retain(|entry| seen.insert(entry.digest.clone()));
    entries
}

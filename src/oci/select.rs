//! Choosing platforms from an index.

use std::collections::{BTreeSet, HashSet};
use std::fmt;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::descriptor::{Descriptor, Platform};
use super::digest::Digest;
use super::manifest::{Child, InvalidManifest, Manifest};

/// What a choice of platforms comes to.
#[derive(Clone, Debug)]
pub enum Selection {
    /// One platform was wanted: this entry of the index is the image.
    One(Descriptor),
    /// Several were wanted: this index is the image.
    Several(Manifest),
}

/// The choice is not possible.
#[derive(Debug, thiserror::Error)]
pub enum SelectionError {
    /// The index lacks a platform, or has several variants that could be meant.
    #[error("the index has no entry for `{wanted}`")]
    NoSuchPlatform {
        /// The one that was asked for.
        wanted: Platform,
        /// Those that are there, in the order of the index.
        available: Vec<Platform>,
    },
    /// The index cannot be taken apart or put together.
    #[error("the index cannot be rewritten")]
    Unreadable(#[source] InvalidManifest),
}

/// Chooses platforms from an index.
///
/// One platform selects its entry; where there are several for it (Windows versions), the first,
/// as container engines do. Several make a new index: the received text of the chosen entries, in
/// the received order, with the attestations that describe them, and every other field as it was.
/// Equal input gives equal bytes. A choice that leaves nothing out gives the index itself.
///
/// A platform matches the entry that is written the same way. Without one, `os/architecture` also
/// means the only variant there is, and a variant that is the architecture's default (`v8` of
/// `arm64`, `v7` of `arm`, `v1` of `amd64`) also means an entry without variant.
///
/// # Errors
///
/// Names the first platform that is not there, and those that are.
pub fn select(index: &Manifest, wanted: &BTreeSet<Platform>) -> Result<Selection, SelectionError> {
    let mut chosen = HashSet::new();
    for platform in wanted {
        let matching = matching(index, platform);
        let Some(first) = matching.first() else {
            return Err(SelectionError::NoSuchPlatform {
                wanted: platform.clone(),
                available: platforms(index),
            });
        };
        if wanted.len() == 1 {
            return Ok(Selection::One((*first).clone()));
        }
        chosen.extend(matching.iter().map(|entry| entry.digest.clone()));
    }
    rewrite(index, |entry| is_kept(entry, &chosen)).map(Selection::Several)
}

/// The platforms of an index, once each, in the order of the index.
fn platforms(index: &Manifest) -> Vec<Platform> {
    let mut seen = HashSet::new();
    images(index)
        .map(|(platform, _)| platform.clone())
        .filter(|platform| seen.insert(platform.clone()))
        .collect()
}

/// The entries that name the platform they are for, in the order of the index.
pub fn images(index: &Manifest) -> impl Iterator<Item = (&Platform, &Descriptor)> {
    index.children().iter().filter_map(|child| match child {
        Child::Manifest(entry) => {
            let platform = entry
                .platform
                .as_ref()
                .filter(|platform| is_known(platform));
            platform.map(|platform| (platform, entry))
        }
        Child::Config(_) | Child::Layer(_) => None,
    })
}

/// `BuildKit` gives attestations the platform `unknown/unknown`.
fn is_known(platform: &Platform) -> bool {
    platform.os != "unknown" || platform.architecture != "unknown"
}

fn matching<'a>(index: &'a Manifest, wanted: &Platform) -> Vec<&'a Descriptor> {
    let entries = || images(index);
    let (_, exact): (Vec<_>, Vec<_>) = entries().filter(|(there, _)| *there == wanted).unzip();
    if !exact.is_empty() {
        return exact;
    }
    let (there, meant): (HashSet<_>, Vec<_>) = entries()
        .filter(|(there, _)| can_mean(wanted, there))
        .unzip();
    if there.len() == 1 { meant } else { Vec::new() }
}

/// Whether somebody who asks for `wanted` can mean `there`, if there is nothing else.
#[must_use]
pub fn can_mean(wanted: &Platform, there: &Platform) -> bool {
    let default = default_variant(&there.architecture);
    let is_variant_meant = match (wanted.variant.as_deref(), there.variant.as_deref()) {
        (None, _) => true,
        (wanted, None) => wanted == default,
        (wanted, there) => wanted == there,
    };
    wanted.os == there.os && wanted.architecture == there.architecture && is_variant_meant
}

/// What an architecture means when nobody names a variant.
fn default_variant(architecture: &str) -> Option<&'static str> {
    match architecture {
        "amd64" => Some("v1"),
        "arm" => Some("v7"),
        "arm64" => Some("v8"),
        _ => None,
    }
}

/// The chosen images and the attestations that describe them.
///
/// `BuildKit`, *Attestation storage*: the annotations of an attestation name what it is about.
fn is_kept(entry: &Descriptor, chosen: &HashSet<Digest>) -> bool {
    let annotation = |name: &str| entry.annotations.get(name).map(String::as_str);
    let is_attestation = annotation("vnd.docker.reference.type") == Some("attestation-manifest");
    let described = annotation("vnd.docker.reference.digest");
    chosen.contains(&entry.digest)
        || (is_attestation
            && described
                .and_then(|text| text.parse().ok())
                .is_some_and(|digest: Digest| chosen.contains(&digest)))
}

/// The same index with fewer entries. All text that stays is the text that was received.
fn rewrite(
    index: &Manifest,
    keep: impl Fn(&Descriptor) -> bool,
) -> Result<Manifest, SelectionError> {
    let kept: Vec<bool> = index
        .children()
        .iter()
        .map(|child| keep(child.descriptor()))
        .collect();
    if kept.iter().all(|&is_kept| is_kept) {
        return Ok(index.clone());
    }
    let bytes = without(index.bytes(), &kept).map_err(InvalidManifest::Json);
    bytes
        .and_then(|bytes| Manifest::parse(bytes, index.media_type()))
        .map_err(SelectionError::Unreadable)
}

fn without(index: &[u8], kept: &[bool]) -> Result<Bytes, serde_json::Error> {
    let Fields(fields) = serde_json::from_slice(index)?;
    let mut text = Vec::with_capacity(index.len());
    for (position, (name, value)) in fields.iter().enumerate() {
        text.push(if position == 0 { b'{' } else { b',' });
        serde_json::to_writer(&mut text, name)?;
        text.push(b':');
        if name == "manifests" {
            let entries: Vec<&RawValue> = serde_json::from_str(value.get())?;
            let entries = entries.iter().zip(kept).filter(|(_, kept)| **kept);
            let entries: Vec<&str> = entries.map(|(entry, _)| entry.get()).collect();
            text.push(b'[');
            text.extend_from_slice(entries.join(",").as_bytes());
            text.push(b']');
        } else {
            text.extend_from_slice(value.get().as_bytes());
        }
    }
    text.push(b'}');
    Ok(text.into())
}

/// The fields of an object in their order, values unread.
pub(super) struct Fields<'a>(pub(super) Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(InOrder)
    }
}

struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Fields<'de>, M::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Fields(fields))
    }
}

#[cfg(test)]
mod tests;

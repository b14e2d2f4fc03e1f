//! What the tags shall show: the source's root, one of its children, or an index with fewer.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::error::{Cause, Error, Side, Step};
use super::job::Platforms;
use super::reading::small_blob;
use super::run::Run;
use crate::oci::{
    Child, Descriptor, Digest, Manifest, ManifestKind, Platform, Selection, SelectionError,
    can_mean, select,
};
use crate::task::Context;

/// What the tags shall show.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) root: Descriptor,
    /// Its bytes, if they are known already.
    pub(super) manifest: Option<Manifest>,
    /// What it runs on, if it is for one platform that the job names.
    pub(super) platform: Option<Platform>,
}

impl Target {
    pub(super) fn digest(&self) -> &Digest {
        &self.root.digest
    }
}

/// Finds out what the tags shall show. Only a choice of platforms has to read the source's root.
///
/// # Errors
///
/// The root cannot be read, or lacks a platform.
pub(super) async fn choose(
    cx: &Context,
    run: &Run,
    platforms: &Platforms,
    found: &Descriptor,
) -> Result<Target, Error> {
    match platforms {
        Platforms::Only(wanted) if !wanted.is_empty() => {
            let manifest = run.locate(cx, &found.digest).await?.manifest;
            match manifest.kind() {
                ManifestKind::Index => from_index(&manifest, wanted),
                ManifestKind::Image => from_image(cx, run, manifest, wanted).await,
            }
        }
        Platforms::All | Platforms::Only(_) => Ok(Target {
            root: found.clone(),
            manifest: None,
            platform: None,
        }),
    }
}

fn from_index(index: &Manifest, wanted: &BTreeSet<Platform>) -> Result<Target, Error> {
    match select(index, wanted) {
        Ok(Selection::One(entry)) => Ok(Target {
            manifest: None,
            platform: entry.platform.clone(),
            root: entry,
        }),
        Ok(Selection::Several(chosen)) => Ok(Target {
            root: chosen.descriptor(),
            manifest: Some(chosen),
            platform: None,
        }),
        Err(SelectionError::NoSuchPlatform { wanted, available }) => {
            let wanted = Box::new(wanted);
            let cause = Cause::NoSuchPlatform { wanted, available };
            Err(no_choice(index, cause))
        }
        Err(SelectionError::Unreadable(invalid)) => Err(no_choice(index, invalid)),
    }
}

/// An image that is no index is for one platform, which its configuration names. Reading that
/// costs no pull.
async fn from_image(
    cx: &Context,
    run: &Run,
    image: Manifest,
    wanted: &BTreeSet<Platform>,
) -> Result<Target, Error> {
    let mut names = wanted.iter();
    let (Some(wanted), None) = (names.next(), names.next()) else {
        return Err(not_an_index(&image));
    };
    let there = platform(cx, run, &image).await?;
    if !can_mean(wanted, &there) {
        let cause = Cause::NoSuchPlatform {
            wanted: Box::new(wanted.clone()),
            available: vec![there],
        };
        return Err(no_choice(&image, cause));
    }
    Ok(Target {
        root: image.descriptor(),
        manifest: Some(image),
        platform: Some(there),
    })
}

/// The part of an image configuration that matters here.
///
/// OCI Image Specification 1.1, *Image Configuration*.
#[derive(Deserialize)]
struct Config {
    os: String,
    architecture: String,
    variant: Option<String>,
}

/// What an image runs on, as its configuration says; `None` when that is something else.
pub(super) fn platform_in(config: &[u8]) -> Option<Platform> {
    let config: Config = serde_json::from_slice(config).ok()?;
    Some(Platform {
        os: config.os,
        architecture: config.architecture,
        variant: config.variant.filter(|variant| !variant.is_empty()),
    })
}

async fn platform(cx: &Context, run: &Run, image: &Manifest) -> Result<Platform, Error> {
    let config = image.children().iter().find_map(|child| match child {
        Child::Config(config) if config.size <= CONFIG_BYTES => Some(config),
        Child::Config(_) | Child::Manifest(_) | Child::Layer(_) => None,
    });
    let Some(config) = config else {
        return Err(not_an_index(image));
    };
    let bytes = small_blob(&run.shared, cx, &run.source, config).await;
    let bytes =
        bytes.map_err(|error| Error::new(Side::Source, Step::ReadBlob, &config.digest, error))?;
    platform_in(&bytes).ok_or_else(|| not_an_index(image))
}

fn not_an_index(image: &Manifest) -> Error {
    no_choice(image, Cause::NotAnIndex(image.media_type().clone()))
}

fn no_choice(root: &Manifest, cause: impl Into<Cause>) -> Error {
    Error::new(Side::Source, Step::SelectPlatforms, root.digest(), cause)
}

/// Configurations have some kilobytes. What is larger is something else.
pub(super) const CONFIG_BYTES: u64 = 4 << 20;

//! Images: stored only when complete, and byte for byte.

use std::collections::BTreeSet;
use std::fmt;

use bytes::Bytes;
use time::OffsetDateTime;

use super::limits::require_below;
use super::manifest::View;
use super::repository::{Repo, Tag};
use super::{Limits, Place, Store, StoreError};
use crate::accounts::AccountId;
use crate::blob::Blob;
use crate::digest::Digest;
use crate::space::Share;

/// An image to be stored.
#[derive(Debug, Clone, Default)]
pub struct NewImage {
    /// The manifest, as it will be served.
    pub manifest: Bytes,
    /// Its type; absent, that of its `mediaType` field.
    pub media_type: Option<String>,
    /// The tag it gets.
    pub tag: Option<String>,
    /// The digest the caller expects it to have.
    pub digest: Option<String>,
}

/// A stored manifest.
#[derive(Debug, Clone)]
pub struct Image {
    /// Its digest.
    pub digest: Digest,
    /// Its type.
    pub media_type: String,
    /// Its bytes as they were pushed.
    pub manifest: Bytes,
}

/// How an image is named: by digest, by tag, or by both.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImageId {
    /// The digest.
    pub digest: Option<String>,
    /// The tag.
    pub tag: Option<String>,
}

/// An image as it is described.
#[derive(Debug, Clone)]
pub struct ImageDetail {
    /// Where it is.
    pub place: Place,
    /// Its digest.
    pub digest: Digest,
    /// All its tags, sorted.
    pub tags: Vec<String>,
    /// Config and layers; for an index, those of its largest member.
    pub size_bytes: u64,
    /// When it was pushed last.
    pub pushed_at: OffsetDateTime,
    /// The type of its manifest.
    pub media_type: String,
    /// The type of its config, or its artifact type.
    pub artifact_media_type: Option<String>,
}

/// A tag as it is described.
#[derive(Debug, Clone)]
pub struct TagDetail {
    /// The tag.
    pub tag: String,
    /// When it was set to this image.
    pub created_at: OffsetDateTime,
    /// The image it names.
    pub image: ImageDetail,
}

#[derive(Debug)]
pub(super) struct Stored {
    pub(super) image: Image,
    pub(super) view: View,
    pub(super) pushed_at: OffsetDateTime,
    /// What the manifest takes of the store's space.
    _share: Share,
}

impl fmt::Display for ImageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |part: &Option<String>| part.clone().unwrap_or_else(|| "null".to_owned());
        write!(
            f,
            "{{imageDigest:'{}', imageTag:'{}'}}",
            text(&self.digest),
            text(&self.tag)
        )
    }
}

impl Store {
    /// Stores an image and moves its tag, in one step.
    ///
    /// # Errors
    ///
    /// `InvalidParameter` for a manifest or tag that is not acceptable, `ImageDigestDoesNotMatch`,
    /// `LayersNotFound`, `ReferencedImagesNotFound`, `ImageAlreadyExists` when nothing would
    /// change, `LimitExceeded`, `RepositoryNotFound`.
    pub fn put_image(
        &self,
        account: &AccountId,
        repository: &str,
        new: NewImage,
    ) -> Result<Image, StoreError> {
        if let Some(tag) = &new.tag {
            check_tag(tag)?;
        }
        let now = self.shared.clock.now();
        let limits = self.limits();
        self.write(account, repository, |repo| {
            let view = View::read(&new.manifest)?;
            let media_type = view.media_type(new.media_type.as_deref())?;
            let digest = Digest::of(&new.manifest);
            if let Some(given) = new.digest.filter(|given| given != digest.as_str()) {
                return Err(StoreError::ImageDigestDoesNotMatch {
                    given,
                    computed: digest,
                });
            }
            repo.require_parts(&view)?;
            repo.require_change(&digest, new.tag.as_deref())?;
            repo.require_room(&digest, new.tag.as_deref(), limits)?;
            let mut share = self.space().manifests.share();
            share.grow(new.manifest.len() as u64)?;
            let image = Image {
                digest: digest.clone(),
                media_type,
                manifest: new.manifest,
            };
            let stored = Stored {
                image: image.clone(),
                view,
                pushed_at: now,
                _share: share,
            };
            repo.images.insert(digest.clone(), stored);
            if let Some(tag) = new.tag {
                repo.tags.insert(
                    tag,
                    Tag {
                        digest,
                        created_at: now,
                    },
                );
            }
            Ok(image)
        })
    }

    /// A stored image.
    ///
    /// # Errors
    ///
    /// `RepositoryNotFound`, `ImageNotFound`.
    pub fn image(
        &self,
        account: &AccountId,
        repository: &str,
        id: &ImageId,
    ) -> Result<Image, StoreError> {
        self.read(account, repository, |repo| Ok(repo.find(id)?.image.clone()))
    }
}

impl Repo {
    /// The image an id names; digest and tag must agree when both are given.
    pub(super) fn find(&self, id: &ImageId) -> Result<&Stored, StoreError> {
        let missing = || StoreError::ImageNotFound {
            place: self.place(),
            image: id.to_string(),
        };
        let digest = match (&id.digest, &id.tag) {
            (Some(digest), None) => digest.parse().map_err(|_| missing())?,
            (given, Some(tag)) => {
                let tagged = self
                    .tags
                    .get(tag)
                    .map(|tag| tag.digest.clone())
                    .ok_or_else(missing)?;
                if given.as_ref().is_some_and(|given| given != tagged.as_str()) {
                    return Err(missing());
                }
                tagged
            }
            (None, None) => return Err(StoreError::invalid("imageIds", "a digest or a tag")),
        };
        self.images.get(&digest).ok_or_else(missing)
    }

    pub(super) fn tags_of(&self, digest: &Digest) -> Vec<String> {
        let named = self.tags.iter().filter(|(_, tag)| tag.digest == *digest);
        named.map(|(name, _)| name.clone()).collect()
    }

    pub(super) fn detail(&self, stored: &Stored) -> ImageDetail {
        ImageDetail {
            place: self.place(),
            digest: stored.image.digest.clone(),
            tags: self.tags_of(&stored.image.digest),
            size_bytes: self.size_of(&stored.view, 0),
            pushed_at: stored.pushed_at,
            media_type: stored.image.media_type.clone(),
            artifact_media_type: stored.view.artifact_media_type(),
        }
    }

    /// The size of an image, or of the largest member of an index.
    fn size_of(&self, view: &View, depth: usize) -> u64 {
        const DEPTH_MAX: usize = 4;
        let distinct: BTreeSet<_> = view.blobs().map(|blob| blob.digest.as_str()).collect();
        let stored = |digest: &&str| {
            digest
                .parse()
                .ok()
                .and_then(|d: Digest| self.layers.get(&d))
        };
        let own: u64 = distinct.iter().filter_map(stored).map(Blob::size).sum();
        let members = view
            .children()
            .filter(|_| depth < DEPTH_MAX)
            .filter_map(|child| {
                let child = self.images.get(&child.digest.parse().ok()?)?;
                Some(self.size_of(&child.view, depth + 1))
            });
        members.max().unwrap_or(0).max(own)
    }

    fn require_parts(&self, view: &View) -> Result<(), StoreError> {
        let has_layer = |digest: &str| digest.parse().is_ok_and(|d| self.layers.contains_key(&d));
        let has_image = |digest: &str| digest.parse().is_ok_and(|d| self.images.contains_key(&d));
        let place = self.place();
        let digests: Vec<String> = view
            .blobs()
            .map(|b| b.digest.clone())
            .filter(|d| !has_layer(d))
            .collect();
        if !digests.is_empty() {
            return Err(StoreError::LayersNotFound { place, digests });
        }
        let digests: Vec<String> = view
            .children()
            .map(|m| m.digest.clone())
            .filter(|d| !has_image(d))
            .collect();
        if !digests.is_empty() {
            return Err(StoreError::ReferencedImagesNotFound { place, digests });
        }
        Ok(())
    }

    fn require_change(&self, digest: &Digest, tag: Option<&str>) -> Result<(), StoreError> {
        let same_tag =
            tag.is_none_or(|tag| self.tags.get(tag).is_some_and(|t| t.digest == *digest));
        if self.images.contains_key(digest) && same_tag {
            return Err(StoreError::ImageAlreadyExists {
                place: self.place(),
                digest: digest.clone(),
                tag: tag.unwrap_or("null").to_owned(),
            });
        }
        Ok(())
    }

    /// That one more image, or one more tag on it, is within the limits.
    fn require_room(
        &self,
        digest: &Digest,
        tag: Option<&str>,
        limits: Limits,
    ) -> Result<(), StoreError> {
        if !self.images.contains_key(digest) {
            let limit = limits.images_per_repository;
            require_below("images per repository", limit, self.images.len())?;
        }
        if tag.is_some() {
            let present = self.tags_of(digest).len();
            require_below("tags per image", limits.tags_per_image, present)?;
        }
        Ok(())
    }
}

/// Up to 128 characters of `[a-zA-Z0-9._-]`, the first not `.` or `-`.
fn check_tag(tag: &str) -> Result<(), StoreError> {
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let first = tag.bytes().next().is_some_and(is_word);
    let rest = tag.bytes().all(|b| is_word(b) || matches!(b, b'.' | b'-'));
    if first && rest && tag.len() <= 128 {
        return Ok(());
    }
    let pattern = "must satisfy regular expression [a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}";
    Err(StoreError::invalid("imageTag", pattern))
}

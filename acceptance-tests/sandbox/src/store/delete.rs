//! Deleting images. A call never fails as a whole because of one image: it says what became of each.

use super::repository::Repo;
use super::{ImageId, Store, StoreError};
use crate::accounts::AccountId;
use crate::digest::Digest;

/// What became of a batch.
#[derive(Debug, Clone, Default)]
pub struct Deleted {
    /// What is gone: one entry per removed tag, and one per image that went without a tag.
    pub deleted: Vec<ImageId>,
    /// What is not, and why.
    pub failures: Vec<(ImageId, ImageFailure)>,
}

/// Why an image was not deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageFailure {
    /// The text is no digest.
    InvalidImageDigest,
    /// The text is no tag.
    InvalidImageTag,
    /// The tag has another digest.
    ImageTagDoesNotMatchDigest,
    /// No such image.
    ImageNotFound,
    /// Neither digest nor tag was given.
    MissingDigestAndTag,
    /// An index of the repository names it.
    ImageReferencedByManifestList,
}

impl ImageFailure {
    /// The `failureCode` of the service.
    pub fn code(self) -> &'static str {
        match self {
            Self::InvalidImageDigest => "InvalidImageDigest",
            Self::InvalidImageTag => "InvalidImageTag",
            Self::ImageTagDoesNotMatchDigest => "ImageTagDoesNotMatchDigest",
            Self::ImageNotFound => "ImageNotFound",
            Self::MissingDigestAndTag => "MissingDigestAndTag",
            Self::ImageReferencedByManifestList => "ImageReferencedByManifestList",
        }
    }

    /// The `failureReason` of the service.
    pub fn reason(self) -> &'static str {
        match self {
            Self::InvalidImageDigest => "Invalid request parameters: image digest is not valid",
            Self::InvalidImageTag => "Invalid request parameters: image tag is not valid",
            Self::ImageTagDoesNotMatchDigest => "Image tag does not match the image digest",
            Self::ImageNotFound => "Requested image not found",
            Self::MissingDigestAndTag => {
                "Invalid request parameters: both tag and digest cannot be null"
            }
            Self::ImageReferencedByManifestList => {
                "Requested image referenced by manifest list: delete the list first"
            }
        }
    }
}

impl Store {
    /// Deletes tags and images.
    ///
    /// A tag, with or without its digest, is removed; the image goes with its last tag unless an
    /// index names it. A digest alone takes the image and all its tags. Nothing cascades from an
    /// index to its members.
    ///
    /// # Errors
    ///
    /// `RepositoryNotFound`, `InvalidParameter` unless 1 to 100 are asked for. All else is in the
    /// answer's failures.
    pub fn delete_images(
        &self,
        account: &AccountId,
        repository: &str,
        ids: &[ImageId],
    ) -> Result<Deleted, StoreError> {
        if !(1..=100).contains(&ids.len()) {
            return Err(StoreError::invalid("imageIds", "1 to 100 items"));
        }
        self.write(account, repository, |repo| {
            let mut answer = Deleted::default();
            for id in ids {
                match repo.delete(id) {
                    Ok(gone) => answer.deleted.extend(gone),
                    Err(failure) => answer.failures.push((id.clone(), failure)),
                }
            }
            Ok(answer)
        })
    }
}

impl Repo {
    fn delete(&mut self, id: &ImageId) -> Result<Vec<ImageId>, ImageFailure> {
        let digest = id.digest.as_deref().map(str::parse::<Digest>).transpose();
        let digest = digest.map_err(|_| ImageFailure::InvalidImageDigest)?;
        match (digest, id.tag.as_deref()) {
            (None, None) => Err(ImageFailure::MissingDigestAndTag),
            (digest, Some(tag)) => self.delete_tag(tag, digest.as_ref()),
            (Some(digest), None) => self.delete_image(&digest),
        }
    }

    fn delete_tag(
        &mut self,
        tag: &str,
        expected: Option<&Digest>,
    ) -> Result<Vec<ImageId>, ImageFailure> {
        if tag.is_empty() || tag.len() > 300 {
            return Err(ImageFailure::InvalidImageTag);
        }
        let digest = match self.tags.get(tag) {
            None => return Err(ImageFailure::ImageNotFound),
            Some(found) if expected.is_some_and(|expected| *expected != found.digest) => {
                return Err(ImageFailure::ImageTagDoesNotMatchDigest);
            }
            Some(found) => found.digest.clone(),
        };
        self.tags.remove(tag);
        if self.tags_of(&digest).is_empty() && !self.is_referenced(&digest) {
            self.images.remove(&digest);
        }
        Ok(vec![ImageId {
            digest: Some(digest.to_string()),
            tag: Some(tag.to_owned()),
        }])
    }

    fn delete_image(&mut self, digest: &Digest) -> Result<Vec<ImageId>, ImageFailure> {
        if !self.images.contains_key(digest) {
            return Err(ImageFailure::ImageNotFound);
        }
        if self.is_referenced(digest) {
            return Err(ImageFailure::ImageReferencedByManifestList);
        }
        self.images.remove(digest);
        let tags = self.tags_of(digest);
        self.tags.retain(|_, tag| tag.digest != *digest);
        let named = |tag: Option<String>| ImageId {
            digest: Some(digest.to_string()),
            tag,
        };
        if tags.is_empty() {
            return Ok(vec![named(None)]);
        }
        Ok(tags.into_iter().map(|tag| named(Some(tag))).collect())
    }

    fn is_referenced(&self, digest: &Digest) -> bool {
        self.images.values().any(|stored| {
            stored
                .view
                .children()
                .any(|child| child.digest == digest.as_str())
        })
    }
}

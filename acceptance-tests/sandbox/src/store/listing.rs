//! Describing images and tags.

use std::collections::BTreeMap;

use super::{ImageDetail, ImageId, Page, Paged, Store, StoreError, TagDetail};
use crate::accounts::AccountId;
use crate::digest::Digest;

impl Store {
    /// The named images, each once.
    ///
    /// # Errors
    ///
    /// `ImageNotFound` as soon as one of them is missing, `RepositoryNotFound`,
    /// `InvalidParameter` unless 1 to 100 are asked for.
    pub fn named_images(
        &self,
        account: &AccountId,
        repository: &str,
        ids: &[ImageId],
    ) -> Result<Vec<ImageDetail>, StoreError> {
        if !(1..=100).contains(&ids.len()) {
            return Err(StoreError::invalid("imageIds", "1 to 100 items"));
        }
        self.read(account, repository, |repo| {
            let mut found = BTreeMap::new();
            for id in ids {
                let detail = repo.detail(repo.find(id)?);
                found.insert(detail.digest.clone(), detail);
            }
            Ok(found.into_values().collect())
        })
    }

    /// All images of a repository by digest, untagged ones included.
    ///
    /// # Errors
    ///
    /// `RepositoryNotFound`, `InvalidParameter` for a bad page.
    pub fn images(
        &self,
        account: &AccountId,
        repository: &str,
        page: &Page,
    ) -> Result<Paged<ImageDetail>, StoreError> {
        self.read(account, repository, |repo| {
            let digests = page.cut(repo.images.keys(), ToString::to_string)?;
            let stored = digests
                .items
                .iter()
                .filter_map(|digest| repo.images.get(digest));
            let items = stored.map(|stored| repo.detail(stored)).collect();
            Ok(Paged {
                items,
                next: digests.next,
            })
        })
    }

    /// All tags of a repository by name.
    ///
    /// # Errors
    ///
    /// `RepositoryNotFound`, `InvalidParameter` for a bad page.
    pub fn image_tags(
        &self,
        account: &AccountId,
        repository: &str,
        page: &Page,
    ) -> Result<Paged<TagDetail>, StoreError> {
        self.read(account, repository, |repo| {
            let tags = page.cut(&repo.tags, |(name, _)| (*name).clone())?;
            let details = tags.items.into_iter().filter_map(|(name, tag)| {
                let image = repo.detail(repo.images.get(&tag.digest)?);
                Some(TagDetail {
                    tag: name.clone(),
                    created_at: tag.created_at,
                    image,
                })
            });
            Ok(Paged {
                items: details.collect(),
                next: tags.next,
            })
        })
    }

    /// Which digest each tag has: what a test wants to know.
    ///
    /// # Errors
    ///
    /// `RepositoryNotFound`.
    pub fn tags(
        &self,
        account: &AccountId,
        repository: &str,
    ) -> Result<BTreeMap<String, Digest>, StoreError> {
        self.read(account, repository, |repo| {
            let tags = repo
                .tags
                .iter()
                .map(|(name, tag)| (name.clone(), tag.digest.clone()));
            Ok(tags.collect())
        })
    }

    /// The digests of all images, sorted.
    ///
    /// # Errors
    ///
    /// `RepositoryNotFound`.
    pub fn image_digests(
        &self,
        account: &AccountId,
        repository: &str,
    ) -> Result<Vec<Digest>, StoreError> {
        self.read(account, repository, |repo| {
            Ok(repo.images.keys().cloned().collect())
        })
    }
}

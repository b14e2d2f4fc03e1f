//! Content that is there without anybody having pushed it over the wire.

use super::{NewImage, NewRepository, Store, StoreError};
use crate::accounts::AccountId;
use crate::image::BuiltImage;

impl Store {
    /// Puts a built image into a repository, which appears as needed, and moves a tag to it.
    ///
    /// # Errors
    ///
    /// Those of creating a repository and of storing an image.
    pub fn publish(
        &self,
        account: &AccountId,
        repository: &str,
        tag: &str,
        image: &BuiltImage,
    ) -> Result<(), StoreError> {
        match self.create_repository(account, repository, NewRepository::default()) {
            Ok(_) | Err(StoreError::RepositoryAlreadyExists(_)) => {}
            Err(error) => return Err(error),
        }
        self.write(account, repository, |repo| {
            repo.layers.extend(image.blobs.clone());
            Ok(())
        })?;
        for manifest in &image.manifests {
            let is_root = manifest.digest == image.digest;
            let new = NewImage {
                manifest: manifest.bytes.clone(),
                media_type: Some(manifest.media_type.clone()),
                digest: None,
                tag: is_root.then(|| tag.to_owned()),
            };
            match self.put_image(account, repository, new) {
                Ok(_) | Err(StoreError::ImageAlreadyExists { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

//! What a session may do in ECR Public.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::task::Context;

use super::{
    DeleteFailure, Error, ImageDetail, ImageId, PublicRegistry, PublicRepository, Session,
};

impl Session {
    /// The registry of the account; asked once per session.
    ///
    /// An account that never had a repository may have no alias yet. It gets one with its first
    /// repository, and [`Self::create_repository`] makes this ask again then.
    ///
    /// # Errors
    ///
    /// As AWS says.
    pub async fn registry(&self, cx: &Context) -> Result<PublicRegistry, Error> {
        self.run(cx, async {
            let chain = self.enter(cx).await?;
            let held = chain
                .registry
                .get(Result::is_ok, |_| false, |_| chain.describe_registry());
            held.await.as_ref().clone()
        })
        .await
    }

    /// The repository, or `None` when it does not exist.
    ///
    /// # Errors
    ///
    /// As AWS says.
    pub async fn repository(
        &self,
        cx: &Context,
        name: &str,
    ) -> Result<Option<PublicRepository>, Error> {
        self.run(cx, async {
            self.enter(cx).await?.describe_repository(name).await
        })
        .await
    }

    /// Creates the repository, or finds that somebody else just did.
    ///
    /// Other calls may not know of it for some seconds.
    ///
    /// # Errors
    ///
    /// As AWS says.
    ///
    /// # Cancel safety
    ///
    /// The repository may exist although the future was dropped.
    pub async fn create_repository(
        &self,
        cx: &Context,
        name: &str,
        tags: &BTreeMap<String, String>,
    ) -> Result<PublicRepository, Error> {
        self.run(cx, async {
            let chain = self.enter(cx).await?;
            let repository = chain.create_repository(name, tags).await?;
            chain
                .registry
                .forget(|held| held.as_ref().is_ok_and(|registry| registry.alias.is_none()));
            Ok(repository)
        })
        .await
    }

    /// Adds and removes AWS tags of a repository.
    ///
    /// # Errors
    ///
    /// As AWS says.
    ///
    /// # Cancel safety
    ///
    /// Tags may have been added and none removed. Repeating the call is harmless.
    pub async fn retag_repository(
        &self,
        cx: &Context,
        arn: &str,
        set: &BTreeMap<String, String>,
        remove: &BTreeSet<String>,
    ) -> Result<(), Error> {
        self.run(cx, async {
            let chain = self.enter(cx).await?;
            chain.tag(arn, set).await?;
            chain.untag(arn, remove).await
        })
        .await
    }

    /// The AWS tags of a repository.
    ///
    /// # Errors
    ///
    /// As AWS says.
    pub async fn repository_tags(
        &self,
        cx: &Context,
        arn: &str,
    ) -> Result<BTreeMap<String, String>, Error> {
        self.run(cx, async { self.enter(cx).await?.tags(arn).await })
            .await
    }

    /// An image by tag or digest; `None` when it, or its repository, does not exist.
    ///
    /// # Errors
    ///
    /// As AWS says.
    pub async fn image(
        &self,
        cx: &Context,
        repository: &str,
        id: &ImageId,
    ) -> Result<Option<ImageDetail>, Error> {
        let images = self
            .images(cx, repository, std::slice::from_ref(id))
            .await?;
        Ok(images.and_then(|images| images.into_iter().next()))
    }

    /// Images by tag or digest, a hundred with each call of the service, in no order; `None` as soon
    /// as one of them, or their repository, does not exist.
    ///
    /// # Errors
    ///
    /// As AWS says.
    pub async fn images(
        &self,
        cx: &Context,
        repository: &str,
        ids: &[ImageId],
    ) -> Result<Option<Vec<ImageDetail>>, Error> {
        self.run(cx, async {
            let chain = self.enter(cx).await?;
            let mut images = Vec::new();
            for group in ids.chunks(MOST_IDS) {
                match chain.describe_images(repository, group).await? {
                    Some(found) => images.extend(found),
                    None => return Ok(None),
                }
            }
            Ok(Some(images))
        })
        .await
    }

    /// Deletes a repository if it has no image, and says whether it is gone.
    ///
    /// # Errors
    ///
    /// As AWS says.
    ///
    /// # Cancel safety
    ///
    /// The repository may be gone. Repeating the call is harmless.
    pub async fn delete_empty_repository(&self, cx: &Context, name: &str) -> Result<bool, Error> {
        self.run(cx, async {
            self.enter(cx).await?.delete_repository(name).await
        })
        .await
    }

    /// Whether any image of a repository has a tag; none has when there is no repository.
    ///
    /// # Errors
    ///
    /// As AWS says.
    pub async fn has_tags(&self, cx: &Context, repository: &str) -> Result<bool, Error> {
        self.run(cx, async {
            self.enter(cx).await?.has_tags(repository).await
        })
        .await
    }

    /// Which of these layer digests are in the repository. None is, when there is no repository.
    ///
    /// # Errors
    ///
    /// As AWS says.
    pub async fn available_layers(
        &self,
        cx: &Context,
        repository: &str,
        digests: &[String],
    ) -> Result<HashSet<String>, Error> {
        self.run(cx, async {
            let chain = self.enter(cx).await?;
            let mut available = HashSet::new();
            for group in digests.chunks(MOST_IDS) {
                available.extend(chain.available(cx, repository, group).await?);
            }
            Ok(available)
        })
        .await
    }

    /// Deletes images, a hundred with each call of the service. What was not there counts as
    /// deleted, and so does everything in a repository that does not exist.
    ///
    /// # Errors
    ///
    /// As AWS says.
    ///
    /// # Cancel safety
    ///
    /// Some or all of the images may be gone. Repeating the call is harmless.
    pub async fn delete_images(
        &self,
        cx: &Context,
        repository: &str,
        images: &[ImageId],
    ) -> Result<Vec<DeleteFailure>, Error> {
        self.run(cx, async {
            let chain = self.enter(cx).await?;
            let mut failures = Vec::new();
            for group in images.chunks(MOST_IDS) {
                failures.extend(chain.delete(repository, group).await?);
            }
            Ok(failures)
        })
        .await
    }
}

/// The most image IDs, and the most layer digests, in one call.
const MOST_IDS: usize = 100;

//! The calls of the ECR Public API.
//!
//! Behaviour that matters here and is easy to miss (API reference 2020-10-30): one unknown name or
//! ID fails a whole describe call, and a successful delete call may carry failures.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use aws_sdk_ecrpublic::types::{
    ImageIdentifier, LayerAvailability, Registry, RegistryAliasStatus, Repository, Tag,
};

use crate::task::Context;

use super::chain::Chain;
use super::error::{Answer, Error, ErrorKind};
use super::refusal::Refusal;
use super::{
    AccountId, DeleteFailure, ImageDetail, ImageId, PublicRegistry, PublicRepository, Session,
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
                .get(Result::is_ok, |_| chain.describe_registry());
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
        self.run(cx, async {
            self.enter(cx).await?.describe_image(repository, id).await
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
                available.extend(chain.available(repository, group).await?);
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

impl Chain {
    async fn describe_registry(&self) -> Result<PublicRegistry, Error> {
        let call = self.begin("ecr-public:DescribeRegistries", "*");
        let sent = self
            .send(&call, |client| client.describe_registries().send())
            .await;
        let registries = match sent {
            Ok(output) => output.registries,
            Err(Refusal::Answer(answer)) if answer.is("RegistryNotFoundException") => Vec::new(),
            Err(refusal) => return Err(self.explain(&call, refusal).await),
        };
        match registries.first() {
            Some(registry) => read_registry(registry),
            None => Ok(PublicRegistry {
                account: self.identity().await?.account,
                alias: None,
                aliases: Vec::new(),
            }),
        }
    }

    async fn describe_repository(&self, name: &str) -> Result<Option<PublicRepository>, Error> {
        let call = self.begin(DESCRIBE_REPOSITORIES, self.arn(name).await);
        let sent = self
            .send(&call, |client| {
                client.describe_repositories().repository_names(name).send()
            })
            .await;
        match sent {
            Ok(output) => output
                .repositories()
                .first()
                .map(|repository| read_repository(DESCRIBE_REPOSITORIES, repository))
                .transpose(),
            Err(Refusal::Answer(answer)) if answer.is_nothing_there() => Ok(None),
            Err(refusal) => Err(self.explain(&call, refusal).await),
        }
    }

    async fn create_repository(
        &self,
        name: &str,
        tags: &BTreeMap<String, String>,
    ) -> Result<PublicRepository, Error> {
        let call = self.begin(CREATE_REPOSITORY, self.arn(name).await);
        tracing::debug!(repository = call.resource, "creating repository");
        let sent = self
            .send(&call, |client| {
                client
                    .create_repository()
                    .repository_name(name)
                    .set_tags((!tags.is_empty()).then(|| tag_list(tags)))
                    .send()
            })
            .await;
        match sent {
            Ok(output) => match output.repository() {
                Some(repository) => read_repository(CREATE_REPOSITORY, repository),
                None => Err(malformed(CREATE_REPOSITORY, "there is no repository in it")),
            },
            Err(Refusal::Answer(answer)) if answer.is("RepositoryAlreadyExistsException") => {
                let found = self.describe_repository(name).await?;
                found.ok_or_else(|| {
                    let (action, resource) = (call.action, call.resource.clone());
                    ErrorKind::NotFound {
                        action,
                        resource,
                        answer,
                    }
                    .into()
                })
            }
            Err(refusal) => Err(self.explain(&call, refusal).await),
        }
    }

    async fn tag(&self, arn: &str, tags: &BTreeMap<String, String>) -> Result<(), Error> {
        if tags.is_empty() {
            return Ok(());
        }
        let call = self.begin("ecr-public:TagResource", arn);
        let sent = self
            .send(&call, |client| {
                client
                    .tag_resource()
                    .resource_arn(arn)
                    .set_tags(Some(tag_list(tags)))
                    .send()
            })
            .await;
        match sent {
            Ok(_) => Ok(()),
            Err(refusal) => Err(self.explain(&call, refusal).await),
        }
    }

    async fn untag(&self, arn: &str, keys: &BTreeSet<String>) -> Result<(), Error> {
        if keys.is_empty() {
            return Ok(());
        }
        let call = self.begin("ecr-public:UntagResource", arn);
        let sent = self
            .send(&call, |client| {
                client
                    .untag_resource()
                    .resource_arn(arn)
                    .set_tag_keys(Some(keys.iter().cloned().collect()))
                    .send()
            })
            .await;
        match sent {
            Ok(_) => Ok(()),
            Err(refusal) => Err(self.explain(&call, refusal).await),
        }
    }

    async fn tags(&self, arn: &str) -> Result<BTreeMap<String, String>, Error> {
        let call = self.begin("ecr-public:ListTagsForResource", arn);
        let sent = self
            .send(&call, |client| {
                client.list_tags_for_resource().resource_arn(arn).send()
            })
            .await;
        let output = match sent {
            Ok(output) => output,
            Err(refusal) => return Err(self.explain(&call, refusal).await),
        };
        let pair = |tag: Tag| Some((tag.key?, tag.value.unwrap_or_default()));
        Ok(output.tags.into_iter().flatten().filter_map(pair).collect())
    }

    async fn describe_image(
        &self,
        repository: &str,
        id: &ImageId,
    ) -> Result<Option<ImageDetail>, Error> {
        let call = self.begin("ecr-public:DescribeImages", self.arn(repository).await);
        let sent = self
            .send(&call, |client| {
                client
                    .describe_images()
                    .repository_name(repository)
                    .image_ids(identifier(id))
                    .send()
            })
            .await;
        let images = match sent {
            Ok(output) => output.image_details.unwrap_or_default(),
            Err(Refusal::Answer(answer)) if answer.is_nothing_there() => return Ok(None),
            Err(refusal) => return Err(self.explain(&call, refusal).await),
        };
        let Some(image) = images.into_iter().next() else {
            return Ok(None);
        };
        Ok(Some(ImageDetail {
            digest: image
                .image_digest
                .ok_or_else(|| malformed(call.action, "an image has no digest"))?,
            tags: image.image_tags.unwrap_or_default(),
            media_type: image.image_manifest_media_type,
        }))
    }

    async fn available(&self, repository: &str, digests: &[String]) -> Result<Vec<String>, Error> {
        let call = self.begin(
            "ecr-public:BatchCheckLayerAvailability",
            self.arn(repository).await,
        );
        let sent = self
            .send(&call, |client| {
                client
                    .batch_check_layer_availability()
                    .repository_name(repository)
                    .set_layer_digests(Some(digests.to_vec()))
                    .send()
            })
            .await;
        let layers = match sent {
            Ok(output) => output.layers.unwrap_or_default(),
            Err(Refusal::Answer(answer)) if answer.is_nothing_there() => return Ok(Vec::new()),
            Err(refusal) => return Err(self.explain(&call, refusal).await),
        };
        let available = layers
            .into_iter()
            .filter(|layer| layer.layer_availability == Some(LayerAvailability::Available));
        Ok(available.filter_map(|layer| layer.layer_digest).collect())
    }

    async fn delete(
        &self,
        repository: &str,
        images: &[ImageId],
    ) -> Result<Vec<DeleteFailure>, Error> {
        let call = self.begin("ecr-public:BatchDeleteImage", self.arn(repository).await);
        let ids: Vec<ImageIdentifier> = images.iter().map(identifier).collect();
        tracing::debug!(
            repository = call.resource,
            images = ids.len(),
            "deleting images"
        );
        let sent = self
            .send(&call, |client| {
                client
                    .batch_delete_image()
                    .repository_name(repository)
                    .set_image_ids(Some(ids.clone()))
                    .send()
            })
            .await;
        let failures = match sent {
            Ok(output) => output.failures.unwrap_or_default(),
            Err(Refusal::Answer(answer)) if answer.is_nothing_there() => return Ok(Vec::new()),
            Err(refusal) => return Err(self.explain(&call, refusal).await),
        };
        let failures = failures.into_iter().map(|failure| {
            let id = failure.image_id;
            DeleteFailure {
                image: ImageId {
                    digest: id.as_ref().and_then(|id| id.image_digest.clone()),
                    tag: id.and_then(|id| id.image_tag),
                },
                code: failure
                    .failure_code
                    .map(|code| code.as_str().to_owned())
                    .unwrap_or_default(),
                reason: failure.failure_reason.unwrap_or_default(),
            }
        });
        Ok(failures
            .filter(|failure| failure.code != "ImageNotFound")
            .collect())
    }

    /// The ARN of a repository, for errors. Asks nobody anything that is not known anyway.
    async fn arn(&self, repository: &str) -> String {
        let account = match self.link.issued().await {
            Ok(issued) => issued
                .credentials
                .account_id()
                .map(|id| id.as_str().to_owned()),
            Err(_) => None,
        };
        let account = account.as_deref().unwrap_or("*");
        format!("arn:aws:ecr-public::{account}:repository/{repository}")
    }
}

impl Answer {
    fn is_nothing_there(&self) -> bool {
        self.is("RepositoryNotFoundException")
            || self.is("RegistryNotFoundException")
            || self.is("ImageNotFoundException")
    }
}

fn read_registry(registry: &Registry) -> Result<PublicRegistry, Error> {
    let account = read_account(
        "ecr-public:DescribeRegistries",
        Some(registry.registry_id()),
    )?;
    let active = registry
        .aliases()
        .iter()
        .filter(|alias| *alias.status() == RegistryAliasStatus::Active);
    let aliases: Vec<String> = active
        .clone()
        .map(|alias| alias.name().to_owned())
        .collect();
    let alias = active
        .filter(|alias| alias.primary_registry_alias())
        .map(|alias| alias.name().to_owned())
        .next();
    Ok(PublicRegistry {
        account,
        alias,
        aliases,
    })
}

fn read_repository(
    action: &'static str,
    repository: &Repository,
) -> Result<PublicRepository, Error> {
    let text = |value: Option<&str>, problem| {
        value
            .filter(|value| !value.is_empty())
            .map(str::to_owned)
            .ok_or_else(|| malformed(action, problem))
    };
    Ok(PublicRepository {
        arn: text(repository.repository_arn(), "a repository has no ARN")?,
        uri: text(repository.repository_uri(), "a repository has no URI")?,
        account: read_account(action, repository.registry_id())?,
        name: text(repository.repository_name(), "a repository has no name")?,
    })
}

fn read_account(action: &'static str, text: Option<&str>) -> Result<AccountId, Error> {
    text.and_then(|text| text.parse().ok())
        .ok_or_else(|| malformed(action, "a registry ID is no account"))
}

fn malformed(action: &'static str, problem: &'static str) -> Error {
    ErrorKind::Malformed { action, problem }.into()
}

fn identifier(id: &ImageId) -> ImageIdentifier {
    ImageIdentifier::builder()
        .set_image_digest(id.digest.clone())
        .set_image_tag(id.tag.clone())
        .build()
}

fn tag_list(tags: &BTreeMap<String, String>) -> Vec<Tag> {
    tags.iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect()
}

const DESCRIBE_REPOSITORIES: &str = "ecr-public:DescribeRepositories";
const CREATE_REPOSITORY: &str = "ecr-public:CreateRepository";

/// The most image IDs, and the most layer digests, in one call.
const MOST_IDS: usize = 100;

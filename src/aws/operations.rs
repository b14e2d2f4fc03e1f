//! The calls of the ECR Public API, one at a time, and what their answers mean.
//!
//! Easy to miss (API reference 2020-10-30): one unknown name or ID fails a whole describe call, and
//! a successful delete call may carry failures.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use aws_sdk_ecrpublic::types::{
    ImageIdentifier, LayerAvailability, Registry, RegistryAliasStatus, Repository, Tag,
};

use crate::task::Context;

use super::chain::Chain;
use super::error::{Answer, Error, ErrorKind};
use super::noted::Noted;
use super::refusal::Refusal;
use super::{AccountId, DeleteFailure, ImageDetail, ImageId, PublicRegistry, PublicRepository};

impl Chain {
    pub(super) async fn describe_registry(&self) -> Result<PublicRegistry, Error> {
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

    pub(super) async fn describe_repository(
        &self,
        name: &str,
    ) -> Result<Option<PublicRepository>, Error> {
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

    pub(super) async fn create_repository(
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

    pub(super) async fn tag(
        &self,
        arn: &str,
        tags: &BTreeMap<String, String>,
    ) -> Result<(), Error> {
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

    pub(super) async fn untag(&self, arn: &str, keys: &BTreeSet<String>) -> Result<(), Error> {
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

    pub(super) async fn tags(&self, arn: &str) -> Result<BTreeMap<String, String>, Error> {
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

    pub(super) async fn describe_images(
        &self,
        repository: &str,
        ids: &[ImageId],
    ) -> Result<Option<Vec<ImageDetail>>, Error> {
        let call = self.begin("ecr-public:DescribeImages", self.arn(repository).await);
        let sent = self
            .send(&call, |client| {
                client
                    .describe_images()
                    .repository_name(repository)
                    .set_image_ids(Some(ids.iter().map(identifier).collect()))
                    .send()
            })
            .await;
        let images = match sent {
            Ok(output) => output.image_details.unwrap_or_default(),
            Err(Refusal::Answer(answer)) if answer.is_nothing_there() => return Ok(None),
            Err(refusal) => return Err(self.explain(&call, refusal).await),
        };
        let read = images
            .into_iter()
            .map(|image| read_image(call.action, image));
        read.collect::<Result<_, Error>>().map(Some)
    }

    /// Deletes a repository if it is empty, and says whether it is gone.
    pub(super) async fn delete_repository(&self, name: &str) -> Result<bool, Error> {
        let call = self.begin("ecr-public:DeleteRepository", self.arn(name).await);
        tracing::debug!(repository = call.resource, "deleting repository");
        let sent = self
            .send(&call, |client| {
                client.delete_repository().repository_name(name).send()
            })
            .await;
        match sent {
            Ok(_) => Ok(true),
            Err(Refusal::Answer(answer)) if answer.is_nothing_there() => Ok(true),
            Err(Refusal::Answer(answer)) if answer.is("RepositoryNotEmptyException") => Ok(false),
            Err(refusal) => Err(self.explain(&call, refusal).await),
        }
    }

    pub(super) async fn available(
        &self,
        cx: &Context,
        repository: &str,
        digests: &[String],
    ) -> Result<Vec<String>, Error> {
        let call = self.begin(
            "ecr-public:BatchCheckLayerAvailability",
            self.arn(repository).await,
        );
        let _waits = call.awaited(cx);
        let sent = self
            .send(&call, |client| {
                client
                    .batch_check_layer_availability()
                    .repository_name(repository)
                    .set_layer_digests(Some(digests.to_vec()))
                    .customize()
                    .interceptor(Noted(cx.clone()))
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

    pub(super) async fn delete(
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
    pub(super) async fn arn(&self, repository: &str) -> String {
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
    pub(super) fn is_nothing_there(&self) -> bool {
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

/// An image as the service describes it.
pub(super) fn read_image(
    action: &'static str,
    image: aws_sdk_ecrpublic::types::ImageDetail,
) -> Result<ImageDetail, Error> {
    Ok(ImageDetail {
        digest: image
            .image_digest
            .ok_or_else(|| malformed(action, "an image has no digest"))?,
        tags: image.image_tags.unwrap_or_default(),
        media_type: image.image_manifest_media_type,
        pushed_at: image
            .image_pushed_at
            .and_then(|at| SystemTime::try_from(at).ok()),
    })
}

pub(super) fn read_repository(
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

/// The most that one page has.
pub(super) const MOST_RESULTS: i32 = 1000;

const DESCRIBE_REPOSITORIES: &str = "ecr-public:DescribeRepositories";
const CREATE_REPOSITORY: &str = "ecr-public:CreateRepository";

//! What a registry of ECR Public has, page by page.

use aws_sdk_ecrpublic::operation::describe_images::DescribeImagesOutput;

use crate::task::Context;

use super::chain::Chain;
use super::clients::Call;
use super::error::Error;
use super::operations::{MOST_RESULTS, read_image, read_repository};
use super::refusal::Refusal;
use super::{ImageDetail, PublicRepository, Session};

impl Session {
    /// All repositories of the registry, in alphabetical order. None, when there is no registry.
    ///
    /// # Errors
    ///
    /// As AWS says.
    pub async fn repositories(&self, cx: &Context) -> Result<Vec<PublicRepository>, Error> {
        let listed = self.run(cx, async {
            self.enter(cx).await?.list_repositories().await
        });
        let mut repositories = listed.await?;
        repositories.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(repositories)
    }

    /// All images of a repository, in no order. None, when there is no repository.
    ///
    /// # Errors
    ///
    /// As AWS says.
    pub async fn all_images(
        &self,
        cx: &Context,
        repository: &str,
    ) -> Result<Vec<ImageDetail>, Error> {
        self.run(cx, async {
            self.enter(cx).await?.list_images(repository).await
        })
        .await
    }
}

impl Chain {
    async fn list_repositories(&self) -> Result<Vec<PublicRepository>, Error> {
        let action = "ecr-public:DescribeRepositories";
        let call = self.begin(action, self.arn("*").await);
        let mut repositories = Vec::new();
        let mut next: Option<String> = None;
        loop {
            let sent = self
                .send(&call, |client| {
                    client
                        .describe_repositories()
                        .max_results(MOST_RESULTS)
                        .set_next_token(next.clone())
                        .send()
                })
                .await;
            let page = match sent {
                Ok(page) => page,
                Err(Refusal::Answer(answer)) if answer.is_nothing_there() => {
                    return Ok(repositories);
                }
                Err(refusal) => return Err(self.explain(&call, refusal).await),
            };
            for repository in page.repositories() {
                repositories.push(read_repository(action, repository)?);
            }
            next = page.next_token;
            if next.is_none() {
                return Ok(repositories);
            }
        }
    }

    async fn list_images(&self, repository: &str) -> Result<Vec<ImageDetail>, Error> {
        let call = self.begin("ecr-public:DescribeImages", self.arn(repository).await);
        let mut images = Vec::new();
        let mut next = None;
        while let Some(page) = self.images_from(&call, repository, next).await? {
            for image in page.image_details.unwrap_or_default() {
                images.push(read_image(call.action, image)?);
            }
            next = page.next_token;
            if next.is_none() {
                break;
            }
        }
        Ok(images)
    }

    /// Whether any image of a repository has a tag.
    pub(super) async fn has_tags(&self, repository: &str) -> Result<bool, Error> {
        let call = self.begin("ecr-public:DescribeImages", self.arn(repository).await);
        let mut next = None;
        while let Some(page) = self.images_from(&call, repository, next).await? {
            let mut images = page.image_details().iter();
            if images.any(|image| !image.image_tags().is_empty()) {
                return Ok(true);
            }
            next = page.next_token;
            if next.is_none() {
                break;
            }
        }
        Ok(false)
    }

    /// A page of the images of a repository; `None` when there is no repository.
    async fn images_from(
        &self,
        call: &Call,
        repository: &str,
        next: Option<String>,
    ) -> Result<Option<DescribeImagesOutput>, Error> {
        let sent = self
            .send(call, |client| {
                client
                    .describe_images()
                    .repository_name(repository)
                    .max_results(MOST_RESULTS)
                    .set_next_token(next.clone())
                    .send()
            })
            .await;
        match sent {
            Ok(page) => Ok(Some(page)),
            Err(Refusal::Answer(answer)) if answer.is_nothing_there() => Ok(None),
            Err(refusal) => Err(self.explain(call, refusal).await),
        }
    }
}

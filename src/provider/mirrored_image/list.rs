//! Lists what an account has, whether Terraform manages it or not.
//!
//! An image of a registry does not tell that it is a copy, so every image with a tag is listed. What
//! belongs to another image by its tag, such as a signature, is no image by itself.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt as _;

use crate::aws::{AccountId, Session};
use crate::oci::{Tag, is_attachment};
use crate::task::Context;
use crate::tf::{
    Attr, Attribute, Block, Diagnostic, Diagnostics, Enough, Finds, ListRequest, ListResource,
    Listed, Mode, Model as _, Path, Schema, Type,
};

use super::super::clients::Clients;
use super::super::connection::Connection;
use super::super::diagnose;
use super::super::known::{self, Texts};
use super::super::repository_name::RepositoryName;
use super::super::way::{self, Hops};
use super::import;
use super::import_id::{self, ImportId, Owner};
use super::plan;

/// The list resource `ecrpublic_mirrored_image`.
#[derive(Clone, Debug)]
pub(crate) struct MirroredImageList {
    /// The way out, once there is one.
    pub(crate) connection: Arc<Connection>,
}

crate::model! {
    /// Its configuration.
    pub(crate) struct ListModel {
        pub(crate) account_id: Attr<String>,
        pub(crate) assume_role: Hops,
        pub(crate) repositories: Texts,
    }
}

#[async_trait]
impl ListResource for MirroredImageList {
    type Config = ListModel;

    fn schema(&self) -> Schema {
        Schema {
            version: 0,
            block: Block {
                attributes: attributes(),
                blocks: Vec::new(),
                description: DESCRIPTION.to_owned(),
            },
        }
    }

    fn validate(&self, config: &ListModel) -> Diagnostics {
        let mut problems = Diagnostics::new();
        way::check(&config.account_id, &config.assume_role, &mut problems);
        for name in known::some_texts(&config.repositories) {
            if let Err(error) = name.parse::<RepositoryName>() {
                let problem = diagnose::invalid_repository_name(name, &error);
                problems.push(problem.at(Path::root("repositories")));
            }
        }
        problems
    }

    async fn list(
        &self,
        cx: &Context,
        request: ListRequest<ListModel>,
        found: &Finds,
    ) -> Result<(), Diagnostic> {
        let cx = &cx.within(PATIENCE);
        let clients = self.connection.clients();
        let clients = clients.ok_or_else(diagnose::not_configured)?;
        let config = &request.config;
        let session = clients.session(&way::target(&config.account_id, &config.assume_role)?);
        let identity = session.identity(cx).await;
        let account = identity.map_err(|error| diagnose::resource_aws(&error))?;
        let listing = Listing {
            clients: &clients,
            session: &session,
            account: &account.account,
            request: &request,
        };
        listing.of_account(cx, found).boxed().await
    }
}

/// A list in the making.
struct Listing<'a> {
    clients: &'a Clients,
    session: &'a Session,
    account: &'a AccountId,
    request: &'a ListRequest<ListModel>,
}

impl Listing<'_> {
    async fn of_account(&self, cx: &Context, found: &Finds) -> Result<(), Diagnostic> {
        let wanted = &self.request.config.repositories;
        let wanted = known::texts(wanted).filter(|_| !wanted.is_null());
        let repositories = self.session.repositories(cx).await;
        let repositories = repositories.map_err(|error| diagnose::resource_aws(&error))?;
        for repository in repositories {
            let is_wanted = |wanted: &BTreeSet<String>| wanted.contains(&repository.name);
            if !wanted.as_ref().is_none_or(is_wanted) {
                continue;
            }
            // A name that the service has is one that it takes.
            let Ok(name) = repository.name.parse() else {
                continue;
            };
            if let Err(Enough) = self.of_repository(cx, &name, found).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn of_repository(
        &self,
        cx: &Context,
        name: &RepositoryName,
        found: &Finds,
    ) -> Result<Result<(), Enough>, Diagnostic> {
        let images = self.session.all_images(cx, name.as_str()).await;
        let images = images.map_err(|error| diagnose::resource_aws(&error))?;
        let images = images.into_iter().map(|image| {
            let tags = image.tags.iter().filter_map(|tag| tag.parse::<Tag>().ok());
            tags.filter(|tag| !is_attachment(tag)).collect()
        });
        let mut images: Vec<BTreeSet<Tag>> = images
            .filter(|tags: &BTreeSet<_>| !tags.is_empty())
            .collect();
        images.sort();
        for tags in images {
            let listed = self.image(cx, name, tags).await;
            if let Err(Enough) = found.push(listed).await {
                return Ok(Err(Enough));
            }
        }
        Ok(Ok(()))
    }

    /// One image by its tags, the first of which identifies it.
    async fn image(&self, cx: &Context, name: &RepositoryName, tags: BTreeSet<Tag>) -> Listed {
        let texts: BTreeSet<String> = tags.iter().map(ToString::to_string).collect();
        let id = plan::first_id(self.account.as_str(), name.as_str(), &texts);
        let names: Vec<String> = texts.into_iter().collect();
        let listed = Listed {
            identity: import_id::identity(&id),
            display_name: format!("{name}:{}", names.join(",")),
            object: None,
            diagnostics: Diagnostics::new(),
        };
        if !self.request.with_objects {
            return listed;
        }
        let id = ImportId {
            owner: Owner::Account(self.account.clone()),
            repository: name.clone(),
            tags,
            source: None,
            platforms: BTreeSet::new(),
            roles: Vec::new(),
        };
        let found = import::existing(cx, self.clients, &id, self.session, self.account);
        match found.boxed().await {
            Ok((mut state, _)) => {
                state.assume_role = self.request.config.assume_role.clone();
                Listed {
                    object: Some(state.to_value()),
                    ..listed
                }
            }
            Err(diagnostic) => Listed {
                diagnostics: diagnostic.into(),
                ..listed
            },
        }
    }
}

fn attributes() -> Vec<Attribute> {
    let mut attributes = Vec::from(way::attributes(Mode::Optional, "whose images are listed."));
    attributes.extend([Attribute::optional(
        "repositories",
        Type::set(Type::String),
        "Only the images of these repositories. Default: those of all.",
    )]);
    attributes
}

/// An account has up to 10,000 repositories, each of which takes a request.
const PATIENCE: Duration = Duration::from_secs(60 * 60);

const DESCRIPTION: &str = "\
The images that an account has in ECR Public, whether Terraform manages them or not: every image with \
a tag. An image does not tell where it was copied from, so a configuration that is generated from the \
list lacks `source`, and Terraform says so.

With `include_resource`, the manifests of each image are read from ECR Public, which costs no pull at \
its source.

Needs the permissions `ecr-public:DescribeRepositories` and `ecr-public:DescribeImages`; with \
`include_resource` also those that sign in.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_has_the_attributes_of_the_schema() {
        let object = ListModel::default().to_object();
        let mut names: Vec<_> = attributes().iter().map(|each| each.name).collect();
        names.sort_unstable();
        assert!(names.iter().eq(object.keys()), "{names:?}");
    }
}

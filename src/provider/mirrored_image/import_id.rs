//! How practitioners name an image that is there already.

use std::collections::BTreeSet;

use url::form_urlencoded;

use crate::aws::{AccountId, RoleArn};
use crate::oci::{Platform, Reference, Tag};
use crate::tf::{Attr, Model as _, Value};

use super::super::registry_settings::ECR_PUBLIC;
use super::super::repository_name::RepositoryName;
use super::super::role::excerpt;

/// What an import is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ImportId {
    /// Whose registry it is in.
    pub(super) owner: Owner,
    /// The repository.
    pub(super) repository: RepositoryName,
    /// Tags that show the image.
    pub(super) tags: BTreeSet<Tag>,
    /// The source as the configuration will have it.
    pub(super) source: Option<String>,
    /// The platforms that were copied, if not all were.
    pub(super) platforms: BTreeSet<Platform>,
    /// The roles that lead there.
    pub(super) roles: Vec<RoleArn>,
}

/// Whose registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// The one of this account.
    Account(AccountId),
    /// The one with this alias.
    Alias(String),
}

/// The text names nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum InvalidImportId {
    /// No tag.
    #[error("there is no `:<tag>`")]
    NoTag,
    /// No account or alias.
    #[error("it begins neither with an account of twelve digits nor with `public.ecr.aws/<alias>`")]
    NoOwner,
    /// A repository that cannot be.
    #[error("`{0}` is not the name of a repository in ECR Public")]
    Repository(String),
    /// A tag that cannot be.
    #[error("`{0}` is not a tag")]
    Tag(String),
    /// A source that cannot be.
    #[error("`source` is `{0}`, which is not an image reference")]
    Source(String),
    /// A platform that cannot be.
    #[error("`platform` is `{0}`, which is not a platform")]
    Platform(String),
    /// A role that cannot be.
    #[error("`role_arn` is `{0}`, which is not the ARN of a role")]
    Role(String),
    /// Something that is not known.
    #[error("`{0}` is not one of `source`, `platform` and `role_arn`")]
    Parameter(String),
    /// An identity without one of its attributes.
    #[error("the identity has no `{0}`")]
    Identity(&'static str),
}

crate::model! {
    /// The resource identity.
    struct Identity {
        account_id: Attr<String>,
        repository: Attr<String>,
        tag: Attr<String>,
    }
}

impl std::str::FromStr for ImportId {
    type Err = InvalidImportId;

    /// `<account>/<repository>:<tag>[,<tag>…]` or `public.ecr.aws/<alias>/<repository>:<tag>[,…]`,
    /// then, if needed, `?source=…&platform=…&role_arn=…`. Platforms and roles may be repeated;
    /// roles are in order. Values are percent-encoded.
    fn from_str(text: &str) -> Result<Self, InvalidImportId> {
        let (name, parameters) = text.split_once('?').unwrap_or((text, ""));
        let (path, tags) = name.rsplit_once(':').ok_or(InvalidImportId::NoTag)?;
        let (owner, repository) = owner(path)?;
        let mut id = Self {
            owner,
            repository: repository
                .parse()
                .map_err(|_| InvalidImportId::Repository(excerpt(repository)))?,
            tags: BTreeSet::new(),
            source: None,
            platforms: BTreeSet::new(),
            roles: Vec::new(),
        };
        for tag in tags.split(',') {
            let parsed = tag
                .parse()
                .map_err(|_| InvalidImportId::Tag(excerpt(tag)))?;
            id.tags.insert(parsed);
        }
        for (name, value) in form_urlencoded::parse(parameters.replace('+', "%2B").as_bytes()) {
            id.parameter(&name, &value)?;
        }
        Ok(id)
    }
}

fn owner(path: &str) -> Result<(Owner, &str), InvalidImportId> {
    let (first, rest) = path.split_once('/').ok_or(InvalidImportId::NoOwner)?;
    if first == ECR_PUBLIC {
        let (alias, repository) = rest.split_once('/').ok_or(InvalidImportId::NoOwner)?;
        return Ok((Owner::Alias(alias.to_owned()), repository));
    }
    let account = first.parse().map_err(|_| InvalidImportId::NoOwner)?;
    Ok((Owner::Account(account), rest))
}

impl ImportId {
    fn parameter(&mut self, name: &str, value: &str) -> Result<(), InvalidImportId> {
        match name {
            "source" => {
                let source = value.parse::<Reference>();
                source.map_err(|_| InvalidImportId::Source(excerpt(value)))?;
                self.source = Some(value.to_owned());
            }
            "platform" => {
                let platform = value.parse();
                let platform = platform.map_err(|_| InvalidImportId::Platform(excerpt(value)))?;
                self.platforms.insert(platform);
            }
            "role_arn" => {
                let role = value.parse();
                let role = role.map_err(|_| InvalidImportId::Role(excerpt(value)))?;
                self.roles.push(role);
            }
            other => return Err(InvalidImportId::Parameter(excerpt(other))),
        }
        Ok(())
    }

    /// The same from a resource identity.
    pub(super) fn of_identity(identity: &Value) -> Result<Self, InvalidImportId> {
        let read = Identity::from_value(identity).ok().flatten();
        let identity = read.unwrap_or_default();
        let member = |attr: &Attr<String>, name| {
            attr.known().cloned().ok_or(InvalidImportId::Identity(name))
        };
        let account = member(&identity.account_id, "account_id")?;
        let repository = member(&identity.repository, "repository")?;
        let tag = member(&identity.tag, "tag")?;
        let tag = tag
            .parse()
            .map_err(|_| InvalidImportId::Tag(excerpt(&tag)))?;
        Ok(Self {
            owner: Owner::Account(account.parse().map_err(|_| InvalidImportId::NoOwner)?),
            repository: repository
                .parse()
                .map_err(|_| InvalidImportId::Repository(excerpt(&repository)))?,
            tags: BTreeSet::from([tag]),
            source: None,
            platforms: BTreeSet::new(),
            roles: Vec::new(),
        })
    }
}

/// The identity of an instance, open where its ID is.
pub(super) fn identity(id: &Attr<String>) -> Value {
    let parts = id.known().and_then(|id| {
        let (path, tag) = id.rsplit_once(':')?;
        let (account, repository) = path.split_once('/')?;
        Some((account, repository, tag))
    });
    let part = |part: Option<&str>| match part {
        Some(part) => Attr::Known(part.to_owned()),
        None => Attr::Unknown,
    };
    Identity {
        account_id: part(parts.map(|(account, ..)| account)),
        repository: part(parts.map(|(_, repository, _)| repository)),
        tag: part(parts.map(|(.., tag)| tag)),
    }
    .to_value()
}

#[cfg(test)]
mod tests;

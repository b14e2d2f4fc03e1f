//! The action `ecrpublic_resync`: makes sure that what tags show is really there.
//!
//! # Invariants
//!
//! - No tag is set, moved or removed: what a state says about tags stays true.
//! - The account has been checked, and every tag looked at, before anything is written.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use futures_util::future::try_join_all;

use crate::aws::{self, AccountId, PublicRepository};
use crate::content::{self, Destination, ErrorKind};
use crate::mirror::{self, Cause, Restored, Side, Step};
use crate::oci::{Digest, Reference, Tag, Version};
use crate::task::Context;
use crate::tf::{
    Action, Attr, Attribute, Block, Diagnostic, Diagnostics, Mode, Schema, Told, Type,
};

use super::clients::{Clients, alias_of};
use super::connection::Connection;
use super::destination::EcrPublicRepository;
use super::diagnose;
use super::image_tags;
use super::known::{self, Texts};
use super::repository_name::{self, RepositoryName};
use super::source_reference;
use super::way::{self, Hops};

/// The action `ecrpublic_resync`.
#[derive(Clone, Debug)]
pub(crate) struct Resync {
    /// The way out, once there is one.
    pub(crate) connection: Arc<Connection>,
}

crate::model! {
    /// Its configuration.
    pub(crate) struct ResyncModel {
        pub(crate) source: Attr<String>,
        pub(crate) repository: Attr<String>,
        pub(crate) image_tags: Texts,
        pub(crate) account_id: Attr<String>,
        pub(crate) assume_role: Hops,
    }
}

#[async_trait]
impl Action for Resync {
    type Config = ResyncModel;

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

    fn validate(&self, config: &ResyncModel) -> Diagnostics {
        let mut problems = Diagnostics::new();
        let source = source_reference::read(&config.source, &mut problems);
        repository_name::check(&config.repository, &mut problems);
        image_tags::check(&config.image_tags, source.as_ref(), &mut problems);
        way::check(&config.account_id, &config.assume_role, &mut problems);
        problems
    }

    async fn invoke(
        &self,
        cx: &Context,
        config: ResyncModel,
        told: &Told,
    ) -> Result<(), Diagnostic> {
        let cx = &cx.within(PATIENCE);
        let aws_error = |error: aws::Error| diagnose::resource_aws(&error);
        let clients = self.connection.clients();
        let clients = clients.ok_or_else(diagnose::not_configured)?;
        let source: Reference = known::parsed(&config.source, "source")?;
        let tags = tags(&config.image_tags, &source)?;
        let name: RepositoryName = known::parsed(&config.repository, "repository")?;
        let session = clients.session(&way::target(&config.account_id, &config.assume_role)?);
        let account = session.identity(cx).await.map_err(aws_error)?.account;
        // Nothing of this run is removed there meanwhile.
        let turn = clients.turns.copying(cx, &account, &name).await;
        let _turn = turn.map_err(diagnose::stopped)?;
        let found = session.repository(cx, name.as_str()).await;
        let repository = found
            .map_err(aws_error)?
            .ok_or_else(|| diagnose::no_repository_to_complete(&name, &account))?;
        let alias = alias_of(&repository).ok_or_else(|| diagnose::no_alias(account.as_str()))?;
        let destination = clients.destination(&session, &account, alias, &name)?;
        let resyncing = Resyncing {
            clients: &clients,
            source: &source,
            account: &account,
            name: &name,
            repository: &repository,
            destination: &destination,
        };
        let shown = resyncing.shown(cx, tags).await?;
        for (root, tags) in shown {
            let restored = resyncing.restore(cx, &root).boxed().await?;
            for sentence in sentences(&name, &tags, &restored) {
                told.tell(sentence).await;
            }
        }
        Ok(())
    }
}

/// One repository, and where its content came from.
struct Resyncing<'a> {
    clients: &'a Clients,
    source: &'a Reference,
    account: &'a AccountId,
    name: &'a RepositoryName,
    repository: &'a PublicRepository,
    destination: &'a EcrPublicRepository,
}

impl Resyncing<'_> {
    /// The images that the tags show, each once, with its tags.
    async fn shown(
        &self,
        cx: &Context,
        tags: BTreeSet<Tag>,
    ) -> Result<BTreeMap<Digest, Vec<Tag>>, Diagnostic> {
        let looked = tags.iter().map(|tag| self.look(cx, tag));
        let looked = try_join_all(looked).boxed().await?;
        let absent = tags.iter().zip(&looked);
        let absent = absent.filter_map(|(tag, found)| found.is_none().then_some(tag));
        let absent: Vec<&Tag> = absent.collect();
        if !absent.is_empty() {
            return Err(diagnose::no_tag_to_complete(
                &absent,
                self.name,
                self.account,
            ));
        }
        let mut images: BTreeMap<Digest, Vec<Tag>> = BTreeMap::new();
        for (tag, root) in tags.into_iter().zip(looked) {
            if let Some(root) = root {
                images.entry(root).or_default().push(tag);
            }
        }
        Ok(images)
    }

    /// What a tag shows.
    async fn look(&self, cx: &Context, tag: &Tag) -> Result<Option<Digest>, Diagnostic> {
        let version = Version::Tag(tag.clone());
        let found = Destination::resolve(self.destination, cx, &version).await;
        let found = found.map_err(|error| {
            self.failed(&mirror::Error {
                side: Side::Destination,
                step: Step::Resolve,
                subject: tag.to_string(),
                cause: error.into(),
                partial: None,
            })
        })?;
        Ok(found.map(|found| found.digest))
    }

    async fn restore(&self, cx: &Context, root: &Digest) -> Result<Restored, Diagnostic> {
        let clients = self.clients;
        let source = clients.source_for(self.source.repository(), self.destination);
        let destination = Arc::new(self.destination.clone());
        let restored = clients.engine.restore(cx, root, source, destination).await;
        restored.map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &mirror::Error) -> Diagnostic {
        let uri = Destination::repository(self.destination).to_string();
        let names = diagnose::Copy {
            source: self.source,
            account: self.account.as_str(),
            repository_uri: &uri,
            repository_arn: &self.repository.arn,
        };
        match gone(error) {
            Some(gone) => diagnose::not_completable(&error.subject, gone, &names),
            None => diagnose::copy(error, &names),
        }
    }
}

/// What the source said, if it does not have what is missing.
fn gone(error: &mirror::Error) -> Option<&content::Error> {
    let Cause::Store(store) = &error.cause else {
        return None;
    };
    let is_gone = error.side == Side::Source && *store.kind() == ErrorKind::NotFound;
    is_gone.then_some(store)
}

/// The tags to look at: that of the source, unless others are named.
fn tags(named: &Texts, source: &Reference) -> Result<BTreeSet<Tag>, Diagnostic> {
    let tags: Option<BTreeSet<Tag>> = match named {
        Attr::Null => Some(source.tag().cloned().into_iter().collect()),
        Attr::Unknown | Attr::Known(_) => known::texts(named)
            .and_then(|texts| texts.iter().map(|text| text.parse().ok()).collect()),
    };
    let tags = tags.filter(|tags| !tags.is_empty());
    tags.ok_or_else(|| diagnose::invalid_state("image_tags"))
}

/// What is told about one image.
fn sentences(name: &RepositoryName, tags: &[Tag], restored: &Restored) -> Vec<String> {
    let tags: Vec<String> = tags.iter().map(|tag| format!("`{name}:{tag}`")).collect();
    let (verb, tags) = (if tags.len() == 1 { "is" } else { "are" }, tags.join(", "));
    let mut sentences = Vec::new();
    if restored.missing_manifests > 0 || restored.moved_blobs > 0 {
        sentences.push(format!(
            "Copied again for {tags}: {}, {}, {}.",
            count(restored.missing_manifests as u64, "manifest"),
            count(restored.moved_blobs as u64, "layer"),
            count(restored.moved_bytes, "byte"),
        ));
    }
    sentences.push(format!(
        "{tags} {verb} complete: {}, {}.",
        count(restored.manifests as u64, "manifest"),
        count(restored.blobs as u64, "layer"),
    ));
    sentences
}

fn count(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

fn attributes() -> Vec<Attribute> {
    let mut attributes = Vec::from(way::attributes(
        Mode::Optional,
        "that the repository is in; it is checked before anything is written.",
    ));
    attributes.extend([
        Attribute::required(
            "source",
            Type::String,
            "Image that was copied, as the resource has it. What is missing is read from its \
             repository, by digest; where its tag has moved to since does not matter.",
        ),
        Attribute::required(
            "repository",
            Type::String,
            "Name of the ECR Public repository, without the alias.",
        ),
        Attribute::optional(
            "image_tags",
            Type::set(Type::String),
            "Tags of that repository to look below. Default: the tag of `source`.",
        ),
    ]);
    attributes
}

/// As long as it may take to copy the largest images as a whole.
const PATIENCE: Duration = Duration::from_secs(2 * 60 * 60);

const DESCRIPTION: &str = "\
Makes sure that everything below what tags show is really in ECR Public, and copies again from the \
source what is missing. A plan sees which image a tag shows, and takes it that the image is whole; this \
asks ECR Public for every manifest and every layer, of which the configuration of an image is one.

No tag is set or moved, so this never contradicts a state: what a tag has to show is the business of the \
resource. A tag that is missing is an error. As long as nothing is missing, the source is not asked, and \
no pull is used up. What the source does not have any more is an error only if it is missing.

Needs the permissions of the resource that read, sign in and push.";

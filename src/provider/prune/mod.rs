//! The action `ecrpublic_prune`: deletes what nobody needs from a repository.
//!
//! # Invariants
//!
//! - Nothing with a tag is deleted, nothing that it lists, and nothing that is attached to it.
//! - Nothing is deleted unless every manifest that could need it has been read.
//! - What is new stays: whoever copies an image stores its parts before its tag.

mod needless;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use futures_util::FutureExt as _;

use crate::aws::{self, AccountId, DeleteFailure, ImageDetail, ImageId, Session};
use crate::content::{self, Source};
use crate::oci::{Child, Digest, MediaType};
use crate::registry::Registry;
use crate::task::{Context, wall};
use crate::tf::{
    Action, Attr, Attribute, Block, Diagnostic, Diagnostics, Mode, Path, Schema, Told, Type,
};

use super::clients::{Clients, alias_of};
use super::connection::Connection;
use super::diagnose;
use super::known;
use super::repository_name::{self, RepositoryName};
use super::role;
use super::way::{self, Hops};
use needless::{Seen, needless};

/// The action `ecrpublic_prune`.
#[derive(Clone, Debug)]
pub(crate) struct Prune {
    /// The way out, once there is one.
    pub(crate) connection: Arc<Connection>,
}

crate::model! {
    /// Its configuration.
    pub(crate) struct PruneModel {
        pub(crate) repository: Attr<String>,
        pub(crate) account_id: Attr<String>,
        pub(crate) assume_role: Hops,
        pub(crate) older_than: Attr<String>,
        pub(crate) dry_run: Attr<bool>,
    }
}

#[async_trait]
impl Action for Prune {
    type Config = PruneModel;

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

    fn validate(&self, config: &PruneModel) -> Diagnostics {
        let mut problems = Diagnostics::new();
        way::check(&config.account_id, &config.assume_role, &mut problems);
        repository_name::check(&config.repository, &mut problems);
        role::read_duration(&config.older_than, Path::root("older_than"), &mut problems);
        problems
    }

    async fn invoke(
        &self,
        cx: &Context,
        config: PruneModel,
        told: &Told,
    ) -> Result<(), Diagnostic> {
        let cx = &cx.within(PATIENCE);
        let clients = self.connection.clients();
        let clients = clients.ok_or_else(diagnose::not_configured)?;
        let name: RepositoryName = known::parsed(&config.repository, "repository")?;
        let session = clients.session(&way::target(&config.account_id, &config.assume_role)?);
        let identity = session.identity(cx).await;
        let account = identity
            .map_err(|error| diagnose::resource_aws(&error))?
            .account;
        // Nothing of this run is copied there meanwhile.
        let turn = clients.turns.removing(cx, &account, &name).await;
        let _turn = turn.map_err(diagnose::stopped)?;
        let pruning = Pruning {
            clients: &clients,
            session: &session,
            account: &account,
            name: &name,
            told,
        };
        pruning.run(cx, &config).boxed().await
    }
}

/// One repository, and whoever prunes it.
struct Pruning<'a> {
    clients: &'a Clients,
    session: &'a Session,
    account: &'a AccountId,
    name: &'a RepositoryName,
    told: &'a Told,
}

impl Pruning<'_> {
    async fn run(&self, cx: &Context, config: &PruneModel) -> Result<(), Diagnostic> {
        let age = role::read_duration(
            &config.older_than,
            Path::root("older_than"),
            &mut Diagnostics::new(),
        );
        let age = age.flatten().unwrap_or(YOUNG);
        let aws_error = |error: aws::Error| diagnose::resource_aws(&error);
        let images = self.session.all_images(cx, self.name.as_str()).await;
        let images = images.map_err(aws_error)?;
        let count = images.len();
        let layers = self.needless(cx, images, age).await?;
        let (name, account) = (self.name, self.account);
        let needless: usize = layers.iter().map(Vec::len).sum();
        self.told
            .tell(format!(
                "`{name}` in account {account} has {count} images, {needless} of which nobody \
                 needs."
            ))
            .await;
        let is_dry = config.dry_run.known().copied().unwrap_or(true);
        for layer in layers {
            if is_dry {
                for digest in layer {
                    self.told.tell(format!("Would delete {digest}.")).await;
                }
            } else {
                self.delete(cx, layer).await?;
            }
        }
        Ok(())
    }

    /// What can go, if anything may be old enough to.
    async fn needless(
        &self,
        cx: &Context,
        images: Vec<ImageDetail>,
        age: Duration,
    ) -> Result<Vec<Vec<Digest>>, Diagnostic> {
        let now = wall();
        let is_needed = |image: &ImageDetail| !image.tags.is_empty() || !is_old(image, now, age);
        if images.iter().all(is_needed) {
            return Ok(Vec::new());
        }
        let registry = self.registry(cx).await?;
        let mut seen = BTreeMap::new();
        for image in &images {
            let digest = image.digest.parse::<Digest>();
            let digest = digest.map_err(|error| {
                diagnose::strange_image(self.name, self.account, &image.digest, &error)
            })?;
            let is_needed = is_needed(image);
            let kind = image.media_type.as_deref().map(MediaType::new);
            let is_index = kind.is_none_or(|kind| kind.is_index());
            let mut found = match is_index || !is_needed {
                true => self.look_into(cx, &registry, &digest).await?,
                false => Seen::default(),
            };
            found.is_needed = is_needed;
            seen.insert(digest, found);
        }
        Ok(needless(&seen))
    }

    async fn registry(&self, cx: &Context) -> Result<Registry, Diagnostic> {
        let found = self.session.repository(cx, self.name.as_str()).await;
        let found = found.map_err(|error| diagnose::resource_aws(&error))?;
        let alias = found.as_ref().and_then(alias_of);
        let alias = alias.ok_or_else(|| diagnose::no_alias(self.account.as_str()))?;
        let (session, account, name) = (self.session, self.account, self.name);
        let destination = self.clients.destination(session, account, alias, name)?;
        Ok(destination.registry().clone())
    }

    async fn look_into(
        &self,
        cx: &Context,
        registry: &Registry,
        digest: &Digest,
    ) -> Result<Seen, Diagnostic> {
        let manifest = Source::manifest(registry, cx, digest).await;
        let manifest = manifest.map_err(|error| self.not_read(digest, &error))?;
        let below = manifest.children().iter().filter_map(|child| match child {
            Child::Manifest(listed) => Some(listed.digest.clone()),
            Child::Config(_) | Child::Layer(_) => None,
        });
        Ok(Seen {
            is_needed: false,
            below: below.collect(),
            subject: manifest.subject().cloned(),
        })
    }

    fn not_read(&self, digest: &Digest, error: &content::Error) -> Diagnostic {
        diagnose::not_pruned(self.name, self.account, digest, error)
    }

    /// Deletes what still has no tag. Whoever was faster with a tag keeps the image.
    async fn delete(&self, cx: &Context, digests: Vec<Digest>) -> Result<(), Diagnostic> {
        let aws_error = |error: aws::Error| diagnose::resource_aws(&error);
        let repository = self.name.as_str();
        let now = self.session.all_images(cx, repository).await;
        let now = now.map_err(aws_error)?.into_iter();
        let untagged = now.filter(|image| image.tags.is_empty());
        let untagged: BTreeSet<String> = untagged.map(|image| image.digest).collect();
        let doomed = digests
            .into_iter()
            .filter(|digest| untagged.contains(digest.as_str()));
        let doomed: Vec<Digest> = doomed.collect();
        let ids: Vec<ImageId> = doomed.iter().map(ImageId::of_digest).collect();
        let failures = self.session.delete_images(cx, repository, &ids).await;
        let failures = failures.map_err(aws_error)?;
        for digest in doomed {
            let failure = failures
                .iter()
                .find(|failure| failure.image.digest.as_deref() == Some(digest.as_str()));
            match failure {
                None => self.told.tell(format!("Deleted {digest}.")).await,
                Some(failure) => self.told.tell(refused(&digest, failure)).await,
            }
        }
        Ok(())
    }
}

/// The service knows better, for example because an index was stored a moment ago.
fn refused(digest: &Digest, failure: &DeleteFailure) -> String {
    let reason = failure.reason.trim_end_matches('.');
    format!("Kept {digest}: AWS said {}: {reason}.", failure.code)
}

/// One whose age nobody knows is new.
fn is_old(image: &ImageDetail, now: SystemTime, age: Duration) -> bool {
    let past = image.pushed_at.and_then(|at| now.duration_since(at).ok());
    past.is_some_and(|past| past >= age)
}

fn attributes() -> Vec<Attribute> {
    let mut attributes = Vec::from(way::attributes(
        Mode::Optional,
        "that the repository is in; it is checked before anything is deleted.",
    ));
    attributes.extend([
        Attribute::required(
            "repository",
            Type::String,
            "Name of the ECR Public repository, without the alias.",
        ),
        Attribute::optional(
            "older_than",
            Type::String,
            "Age from which an image may go, as a Go duration such as `72h`. Whoever copies an \
             image stores its parts before its tag, so it has to be longer than any copy takes. \
             Default: `24h`.",
        ),
        Attribute::optional(
            "dry_run",
            Type::Bool,
            "Only tell what would be deleted. Default: `true`.",
        ),
    ]);
    attributes
}

/// Much longer than a copy may take, also where somebody has raised its timeout.
const YOUNG: Duration = Duration::from_secs(24 * 60 * 60);

/// A repository may have ten thousand images, each of which takes a request.
const PATIENCE: Duration = Duration::from_secs(2 * 60 * 60);

const DESCRIPTION: &str = "\
Deletes from a repository of ECR Public what nobody needs any more: images without a tag that no image \
with a tag lists, and that are attached to none, as signatures are. ECR Public has no lifecycle \
policies, so they stay for ever otherwise.

Whoever has pinned the digest of such an image cannot pull it afterwards. So this first only tells what \
it would delete, until `dry_run` is `false`. If any manifest cannot be read that could need another one, \
nothing is deleted.

Needs the permissions `ecr-public:DescribeRepositories`, `ecr-public:DescribeImages` and \
`ecr-public:BatchDeleteImage`, and those that sign in.";

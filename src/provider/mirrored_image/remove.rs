//! Removes what an instance has put there, and nothing else.
//!
//! # Invariants
//!
//! - A tag is removed together with the digest it should show, so that a tag that somebody moved
//!   stays. The service compares both in one step.
//! - A tag that another instance of this run has set stays.
//! - A manifest is removed only when it has no tag. Whether another index needs it, the service
//!   knows, and refuses then.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::FutureExt as _;

use crate::aws::{self, DeleteFailure, ImageId, Session};
use crate::content::Source;
use crate::oci::{Child, Digest, Manifest, MediaType};
use crate::task::Context;
use crate::tf::{Applied, Diagnostic, Diagnostics};

use super::super::aws_tags;
use super::super::clients::Clients;
use super::super::diagnose;
use super::super::known;
use super::super::repository_name::RepositoryName;
use super::model::{MirroredImage, Operation};
use super::place::Place;
use super::plan;
use super::private::Private;
use super::referrers;

/// Destroys the instance.
pub(super) async fn delete(
    cx: &Context,
    clients: &Clients,
    prior: MirroredImage,
    private: &Private,
) -> Applied<MirroredImage> {
    if prior.keep_on_destroy.known() == Some(&true) {
        return gone(Diagnostics::new());
    }
    let cx = cx.within(prior.limit(Operation::Delete));
    match everything(&cx, clients, &prior, private).await {
        Ok(warnings) => gone(warnings),
        Err(diagnostic) => Applied {
            state: Some(prior),
            private: private.to_bytes(),
            diagnostics: diagnostic.into(),
        },
    }
}

fn gone(diagnostics: Diagnostics) -> Applied<MirroredImage> {
    Applied {
        state: None,
        private: Vec::new(),
        diagnostics,
    }
}

/// The tags first, and with them the promise; then what nobody refers to any more.
async fn everything(
    cx: &Context,
    clients: &Clients,
    prior: &MirroredImage,
    private: &Private,
) -> Result<Diagnostics, Diagnostic> {
    let place = Place::of(prior)?;
    let session = place.session(clients, false);
    let account = identify(cx, &session).await?;
    let turn = clients
        .turns
        .removing(cx, &account, &place.repository)
        .await;
    let turn = turn.map_err(diagnose::stopped)?;
    let mut warnings = Diagnostics::new();
    for (digest, tags) in put_there(prior, private) {
        let ours = tags.into_iter().filter(|tag| !turn.was_set(tag)).collect();
        let removal = Removal {
            clients,
            session: &session,
            account: &account,
            repository: &place.repository,
            prior,
            digest: &digest,
        };
        warnings.extend(removal.with_orphans(cx, &ours, Root::Goes).await?);
        warnings.extend(removal.referrers(cx, private).await);
    }
    let site = Premises {
        clients,
        session: &session,
        account: &account,
        repository: &place.repository,
    };
    if prior.delete_superseded.known() == Some(&true) {
        let superseded = private.superseded(account.as_str(), place.repository.as_str());
        let cleaned = site.clean(cx, (prior, private), &superseded).await;
        warnings.extend(cleaned.warning);
    }
    if prior.delete_repository.known() == Some(&true) && !turn.is_in_use() {
        warnings.extend(site.delete(cx).await);
    }
    Ok(warnings)
}

/// Deletes images of before, as far as no tag and no index shows them. Returns those that are gone.
pub(super) async fn superseded(
    cx: &Context,
    clients: &Clients,
    session: &Session,
    (model, private): (&MirroredImage, &Private),
    digests: &[Digest],
) -> Result<Cleaned, Diagnostic> {
    let place = Place::of(model)?;
    let account = identify(cx, session).await?;
    let turn = clients
        .turns
        .removing(cx, &account, &place.repository)
        .await;
    let _turn = turn.map_err(diagnose::stopped)?;
    let site = Premises {
        clients,
        session,
        account: &account,
        repository: &place.repository,
    };
    Ok(site.clean(cx, (model, private), digests).await)
}

/// What came of deleting images of before.
#[derive(Debug, Default)]
pub(super) struct Cleaned {
    /// Those that are gone.
    pub(super) gone: Vec<Digest>,
    /// What could not be found out.
    pub(super) warning: Option<Diagnostic>,
}

/// A repository in which something is to be removed.
#[derive(Clone, Copy, Debug)]
struct Premises<'a> {
    clients: &'a Clients,
    session: &'a Session,
    account: &'a aws::AccountId,
    repository: &'a RepositoryName,
}

impl Premises<'_> {
    /// Deletes images and what is below them, as far as nothing needs it.
    async fn clean(
        &self,
        cx: &Context,
        (prior, private): (&MirroredImage, &Private),
        digests: &[Digest],
    ) -> Cleaned {
        let mut cleaned = Cleaned::default();
        for digest in digests {
            let removal = Removal {
                clients: self.clients,
                session: self.session,
                account: self.account,
                repository: self.repository,
                prior,
                digest,
            };
            let children = removal.children(cx).await;
            match removal.orphans(cx, children, Root::Goes).await {
                Ok(true) => {
                    cleaned.gone.push(digest.clone());
                    let left = removal.referrers(cx, private).await;
                    cleaned.warning = left.or(cleaned.warning);
                }
                Ok(false) => {}
                Err(error) => cleaned.warning = Some(diagnose::leftovers(digest, &error)),
            }
        }
        cleaned
    }

    /// Deletes the repository if this provider created it and nothing is in it. Whatever is in the
    /// way is a warning: what the resource stands for is gone already.
    async fn delete(&self, cx: &Context) -> Option<Diagnostic> {
        let name = self.repository.as_str();
        let deleted = async {
            let arn = plan::arn(self.account.as_str(), name);
            let Some(_) = self.session.repository(cx, name).await? else {
                return Ok(None);
            };
            if !aws_tags::is_ours(&self.session.repository_tags(cx, &arn).await?) {
                return Ok(Some("This provider did not create it."));
            }
            let is_gone = self.session.delete_empty_repository(cx, name).await?;
            // Whose tags are left will delete it in their turn.
            let is_left = !is_gone && !self.session.has_tags(cx, name).await?;
            Ok::<_, aws::Error>(is_left.then_some("Images without tags are left in it."))
        };
        match deleted.await {
            Ok(None) => None,
            Ok(Some(why)) => Some(diagnose::repository_left(
                self.repository,
                self.account,
                why,
            )),
            Err(error) => Some(diagnose::repository_not_deleted(&error)),
        }
    }
}

/// Image by image, the tags that this instance has put there: those that state knows, and those
/// that an update which failed half-way left with the image of before.
fn put_there(prior: &MirroredImage, private: &Private) -> BTreeMap<Digest, BTreeSet<String>> {
    let mut all: BTreeMap<Digest, BTreeSet<String>> = BTreeMap::new();
    if let Some(digest) = digest(prior) {
        all.insert(digest, known::texts(&prior.image_tags).unwrap_or_default());
    }
    let place = (prior.account_id.known(), prior.repository.known());
    if let (Some(account), Some(repository)) = place {
        for tag in private.tags.keys() {
            if let Some(digest) = private.digest_of(account, repository, tag) {
                all.entry(digest).or_default().insert(tag.clone());
            }
        }
    }
    all
}

/// One image that is to lose tags.
#[derive(Debug)]
struct Removal<'a> {
    clients: &'a Clients,
    session: &'a Session,
    account: &'a aws::AccountId,
    repository: &'a RepositoryName,
    prior: &'a MirroredImage,
    digest: &'a Digest,
}

/// What becomes of an image without tags that the service has not removed with the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Root {
    /// Nobody needs it any more.
    Goes,
    /// Somebody may have pinned its digest.
    Stays,
}

/// How much of what was to be untagged showed the image, and does no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Untagging {
    /// All of it, and it was something.
    Complete,
    /// Some tags had been moved or removed before, or there was none to remove.
    Partial,
}

impl Removal<'_> {
    /// Removes the tags, and whatever of the image nobody refers to any more.
    async fn with_orphans(
        &self,
        cx: &Context,
        tags: &BTreeSet<String>,
        untagged: Root,
    ) -> Result<Option<Diagnostic>, Diagnostic> {
        // Afterwards nobody could tell any more what belonged to the image.
        let children = self.children(cx).await;
        let untagging = self.untag(cx, tags).await?;
        if self.is_single() && untagging == Untagging::Complete {
            // Nothing was below, and what became of the image the service decided with its last tag.
            return Ok(None);
        }
        Ok(match self.orphans(cx, children, untagged).await {
            Ok(_) => None,
            Err(error) => Some(diagnose::leftovers(self.digest, &error)),
        })
    }

    /// Removes the tags as far as they show the digest. With the last tag of an image the service
    /// removes the image too.
    async fn untag(&self, cx: &Context, tags: &BTreeSet<String>) -> Result<Untagging, Diagnostic> {
        if tags.is_empty() {
            return Ok(Untagging::Partial);
        }
        let images = tags.iter().map(|tag| ImageId {
            digest: Some(self.digest.to_string()),
            tag: Some(tag.clone()),
        });
        let images: Vec<ImageId> = images.collect();
        let repository = self.repository.as_str();
        let failures = self.session.delete_images(cx, repository, &images).await;
        let failures = failures.map_err(|error| diagnose::resource_aws(&error))?;
        match failures.iter().find(|failure| !is_somebody_elses(failure)) {
            None if failures.is_empty() => Ok(Untagging::Complete),
            None => Ok(Untagging::Partial),
            Some(failure) => {
                let repository = self.repository;
                Err(diagnose::tag_not_removed(failure, repository, self.account))
            }
        }
    }

    /// Removes what was brought along with the image, as far as what it refers to is gone.
    async fn referrers(&self, cx: &Context, private: &Private) -> Option<Diagnostic> {
        let (account, repository) = (self.account.as_str(), self.repository.as_str());
        let known = private.attached(account, repository, self.digest)?;
        let removed = referrers::remove(cx, self.session, repository, known);
        let removed = removed.boxed().await;
        removed
            .err()
            .map(|error| diagnose::leftovers(self.digest, &error))
    }

    /// Removes the root and its children as far as nothing needs them, and says whether the root is
    /// gone.
    async fn orphans(
        &self,
        cx: &Context,
        children: Vec<Digest>,
        untagged: Root,
    ) -> Result<bool, aws::Error> {
        let (session, repository) = (self.session, self.repository.as_str());
        let root = [ImageId::of_digest(self.digest)];
        let mut found = session.image(cx, repository, &root[0]).await?;
        let is_untagged_now = found.as_ref().is_some_and(|image| image.tags.is_empty());
        if untagged == Root::Goes && is_untagged_now {
            session.delete_images(cx, repository, &root).await?;
            found = session.image(cx, repository, &root[0]).await?;
        }
        if found.is_some() {
            // Another tag or index needs it, and with it everything below.
            return Ok(false);
        }
        let mut unused: Vec<ImageId> = children.iter().map(ImageId::of_digest).collect();
        let without_tags = without_tags(cx, session, repository, &unused).await?;
        // In the order that they came in: an index goes before what it lists.
        unused.retain(|child| {
            child
                .digest
                .as_ref()
                .is_some_and(|it| without_tags.contains(it))
        });
        if !unused.is_empty() {
            session.delete_images(cx, repository, &unused).await?;
        }
        Ok(true)
    }

    /// Everything below the image, parents before children: what state knows, and what the
    /// manifests say that can still be read. Attestations, for example, are in no map of platforms.
    ///
    /// Where state knows that there is nothing below, nothing is read, and no login is needed.
    async fn children(&self, cx: &Context) -> Vec<Digest> {
        let mut found = Found::default();
        if self.is_single() {
            return found.digests;
        }
        let alias = self.prior.registry_alias.known();
        let reader = alias.and_then(|alias| {
            let reader =
                self.clients
                    .destination(self.session, self.account, alias, self.repository);
            reader.ok()
        });
        if let Some(reader) = reader {
            let mut waiting = vec![self.digest.clone()];
            while let Some(next) = waiting.pop() {
                let manifest = Source::manifest(reader.registry(), cx, &next).await;
                match manifest {
                    Ok(manifest) => waiting.extend(found.below(&manifest)),
                    // What cannot be read is left out; at worst something untagged stays.
                    Err(error) => {
                        tracing::debug!(digest = %next, error = %error, "manifest not readable");
                    }
                }
            }
        }
        if digest(self.prior).as_ref() == Some(self.digest) {
            let images = known::text_map(&self.prior.images).unwrap_or_default();
            for digest in images.values().filter_map(|digest| digest.parse().ok()) {
                found.note(digest);
            }
        }
        found.digests.retain(|digest| digest != self.digest);
        found.digests
    }

    /// Whether state says that the image is a manifest for itself, and no index.
    fn is_single(&self) -> bool {
        let media_type = self.prior.media_type.known();
        let media_type = media_type.map(|name| MediaType::new(name));
        digest(self.prior).as_ref() == Some(self.digest)
            && media_type.is_some_and(|kind| kind.is_manifest() && !kind.is_index())
    }
}

async fn identify(cx: &Context, session: &Session) -> Result<aws::AccountId, Diagnostic> {
    let identity = session.identity(cx).await;
    let identity = identity.map_err(|error| diagnose::resource_aws(&error))?;
    Ok(identity.account)
}

fn digest(model: &MirroredImage) -> Option<Digest> {
    model.digest.known()?.parse().ok()
}

/// Removes tags of an instance that lives on, from the image that it showed before. Where it shows
/// another one now, whatever of that image nobody refers to any more goes with the last tag.
pub(super) async fn tags(
    cx: &Context,
    clients: &Clients,
    session: &Session,
    (prior, private): (&MirroredImage, &Private),
    tags: &BTreeSet<String>,
    image: Image,
) -> Result<Option<Diagnostic>, Diagnostic> {
    let place = Place::of(prior)?;
    let account = identify(cx, session).await?;
    let turn = clients
        .turns
        .removing(cx, &account, &place.repository)
        .await;
    let turn = turn.map_err(diagnose::stopped)?;
    let Some(digest) = digest(prior) else {
        return Ok(None);
    };
    let ours = tags.iter().filter(|tag| !turn.was_set(tag)).cloned();
    let ours = ours.collect();
    let removal = Removal {
        clients,
        session,
        account: &account,
        repository: &place.repository,
        prior,
        digest: &digest,
    };
    match image {
        Image::Stays => removal.untag(cx, &ours).await.map(|_| None),
        Image::Superseded => {
            let warning = removal.with_orphans(cx, &ours, Root::Stays).await?;
            Ok(warning.or(removal.referrers(cx, private).await))
        }
    }
}

/// What becomes of the image whose tags are removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Image {
    /// Other tags of the instance show it.
    Stays,
    /// The instance shows another one.
    Superseded,
}

/// Whether the tag was moved, or is gone: then it is not ours to remove.
fn is_somebody_elses(failure: &DeleteFailure) -> bool {
    matches!(
        failure.code.as_str(),
        "ImageTagDoesNotMatchDigest" | "ImageNotFound"
    )
}

#[derive(Debug, Default)]
struct Found {
    digests: Vec<Digest>,
    seen: BTreeSet<Digest>,
}

impl Found {
    fn note(&mut self, digest: Digest) -> bool {
        let is_new = self.digests.len() < MOST_CHILDREN && self.seen.insert(digest.clone());
        if is_new {
            self.digests.push(digest);
        }
        is_new
    }

    /// Notes the children of an index; those that are indexes themselves have to be looked at.
    fn below(&mut self, manifest: &Manifest) -> Vec<Digest> {
        let children = manifest.children().iter().filter_map(|child| match child {
            Child::Manifest(descriptor) => Some(descriptor),
            Child::Config(_) | Child::Layer(_) => None,
        });
        let mut indexes = Vec::new();
        for child in children {
            if self.note(child.digest.clone()) && child.media_type.is_index() {
                indexes.push(child.digest.clone());
            }
        }
        indexes
    }
}

/// Which of these manifests are there and have no tag. While all of them are there, one question is
/// enough for all.
pub(super) async fn without_tags(
    cx: &Context,
    session: &Session,
    repository: &str,
    manifests: &[ImageId],
) -> Result<BTreeSet<String>, aws::Error> {
    let mut found = session.images(cx, repository, manifests).await?;
    if found.is_none() {
        let mut each = Vec::new();
        for manifest in manifests {
            each.extend(session.image(cx, repository, manifest).await?);
        }
        found = Some(each);
    }
    let found = found.into_iter().flatten();
    let untagged = found.filter(|image| image.tags.is_empty());
    Ok(untagged.map(|image| image.digest).collect())
}

/// Ten times as many as any published index has.
const MOST_CHILDREN: usize = 1000;

//! Removes what an instance has put there, and nothing else.
//!
//! # Invariants
//!
//! - A tag is removed together with the digest it should show, so that a tag that somebody moved
//!   stays. The service compares both in one step.
//! - A tag that another instance of this run has set stays.
//! - A manifest is removed only when it has no tag. Whether another index needs it, the service
//!   knows, and refuses then.

use std::collections::BTreeSet;

use crate::aws::{self, DeleteFailure, ImageId, Session};
use crate::content::Source;
use crate::oci::{Child, Digest, Manifest};
use crate::task::Context;
use crate::tf::{Applied, Diagnostic, Diagnostics};

use super::super::clients::Clients;
use super::super::diagnose;
use super::super::known;
use super::super::repository_name::RepositoryName;
use super::model::{MirroredImage, Operation};
use super::place::Place;
use super::private::Private;

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
    match everything(&cx, clients, &prior).await {
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
) -> Result<Diagnostics, Diagnostic> {
    let place = Place::of(prior)?;
    let session = place.session(clients, false);
    let account = identify(cx, &session).await?;
    let turn = clients
        .turns
        .removing(cx, &account, &place.repository)
        .await;
    let turn = turn.map_err(diagnose::stopped)?;
    let Some(digest) = digest(prior) else {
        return Ok(Diagnostics::new());
    };
    let tags = known::texts(&prior.image_tags).unwrap_or_default();
    let ours: BTreeSet<String> = tags.into_iter().filter(|tag| !turn.was_set(tag)).collect();
    let repository = place.repository.as_str();
    // Afterwards nobody could tell any more what belonged to the image.
    let children = children(cx, clients, &session, &place.repository, prior, &digest).await;
    untag(cx, &session, repository, &ours, &digest).await?;
    let orphans = orphans(cx, &session, repository, &digest, children);
    Ok(match orphans.await {
        Ok(()) => Diagnostics::new(),
        Err(error) => diagnose::leftovers(&digest, &error).into(),
    })
}

async fn identify(cx: &Context, session: &Session) -> Result<aws::AccountId, Diagnostic> {
    let identity = session.identity(cx).await;
    let identity = identity.map_err(|error| diagnose::resource_aws(&error))?;
    Ok(identity.account)
}

fn digest(model: &MirroredImage) -> Option<Digest> {
    model.digest.known()?.parse().ok()
}

/// Removes some tags of an instance that lives on.
pub(super) async fn tags(
    cx: &Context,
    clients: &Clients,
    session: &Session,
    prior: &MirroredImage,
    tags: &BTreeSet<String>,
) -> Result<(), Diagnostic> {
    let place = Place::of(prior)?;
    let account = identify(cx, session).await?;
    let turn = clients
        .turns
        .removing(cx, &account, &place.repository)
        .await;
    let turn = turn.map_err(diagnose::stopped)?;
    let Some(digest) = digest(prior) else {
        return Ok(());
    };
    let ours = tags.iter().filter(|tag| !turn.was_set(tag)).cloned();
    let ours = ours.collect();
    untag(cx, session, place.repository.as_str(), &ours, &digest).await
}

/// Removes tags as far as they show the digest. With the last tag of an image the service removes
/// the image too.
async fn untag(
    cx: &Context,
    session: &Session,
    repository: &str,
    tags: &BTreeSet<String>,
    digest: &Digest,
) -> Result<(), Diagnostic> {
    if tags.is_empty() {
        return Ok(());
    }
    let images = tags.iter().map(|tag| ImageId {
        digest: Some(digest.to_string()),
        tag: Some(tag.clone()),
    });
    let images: Vec<ImageId> = images.collect();
    let failures = session.delete_images(cx, repository, &images).await;
    let failures = failures.map_err(|error| diagnose::resource_aws(&error))?;
    let serious = failures.iter().find(|failure| !is_somebody_elses(failure));
    match serious {
        None => Ok(()),
        Some(failure) => Err(diagnose::tag_not_removed(failure, repository)),
    }
}

/// Whether the tag was moved, or is gone: then it is not ours to remove.
fn is_somebody_elses(failure: &DeleteFailure) -> bool {
    matches!(
        failure.code.as_str(),
        "ImageTagDoesNotMatchDigest" | "ImageNotFound"
    )
}

/// Everything below a root, parents before children: what state knows, and what the manifests say
/// that can still be read. Attestations, for example, are in no map of platforms.
async fn children(
    cx: &Context,
    clients: &Clients,
    session: &Session,
    repository: &RepositoryName,
    prior: &MirroredImage,
    root: &Digest,
) -> Vec<Digest> {
    let mut found = Found::default();
    let alias = prior.registry_alias.known();
    let reader = alias.and_then(|alias| clients.destination(session, alias, repository).ok());
    if let Some(reader) = reader {
        let mut waiting = vec![root.clone()];
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
    let images = known::text_map(&prior.images).unwrap_or_default();
    for digest in images.values().filter_map(|digest| digest.parse().ok()) {
        found.note(digest);
    }
    found.digests.retain(|digest| digest != root);
    found.digests
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

/// Removes the root and its children as far as nothing needs them.
async fn orphans(
    cx: &Context,
    session: &Session,
    repository: &str,
    root: &Digest,
    children: Vec<Digest>,
) -> Result<(), aws::Error> {
    if is_untagged(cx, session, repository, root).await? {
        let root = [by_digest(root)];
        session.delete_images(cx, repository, &root).await?;
    }
    let by_digest_root = by_digest(root);
    if session
        .image(cx, repository, &by_digest_root)
        .await?
        .is_some()
    {
        // Another tag or index needs it, and with it everything below.
        return Ok(());
    }
    let mut unused = Vec::new();
    for child in &children {
        if is_untagged(cx, session, repository, child).await? {
            unused.push(by_digest(child));
        }
    }
    if !unused.is_empty() {
        session.delete_images(cx, repository, &unused).await?;
    }
    Ok(())
}

fn by_digest(digest: &Digest) -> ImageId {
    ImageId {
        digest: Some(digest.to_string()),
        tag: None,
    }
}

/// Whether a manifest is there and has no tag.
async fn is_untagged(
    cx: &Context,
    session: &Session,
    repository: &str,
    digest: &Digest,
) -> Result<bool, aws::Error> {
    let image = session.image(cx, repository, &by_digest(digest)).await?;
    Ok(image.is_some_and(|image| image.tags.is_empty()))
}

/// Ten times as many as any published index has.
const MOST_CHILDREN: usize = 1000;

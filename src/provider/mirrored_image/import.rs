//! Takes over an image that is there already.
//!
//! The state is complete when the import is done, so that the plan after it is empty, or changes
//! only what the import did not say.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::aws::{AccountId, Session, Target};
use crate::mirror::{Contents, ExistingTag, MirrorJob, Outcome, Platforms, Referrers};
use crate::oci::{Digest, Version};
use crate::task::Context;
use crate::tf::{Attr, Diagnostic, Diagnostics, ImportTarget, Imported};

use super::super::clients::Clients;
use super::super::diagnose;
use super::super::known;
use super::super::role::AssumeRole;
use super::copy;
use super::import_id::{ImportId, Owner};
use super::model::{MirroredImage, Operation};
use super::observe::Observed;
use super::place::Site;
use super::private::Private;

/// Imports an image.
pub(super) async fn import(
    cx: &Context,
    clients: &Clients,
    target: ImportTarget,
) -> Imported<MirroredImage> {
    let cx = cx.within(Operation::Read.default_limit());
    match found(&cx, clients, target).await {
        Ok((state, private)) => Imported {
            state: Some(state),
            private: private.to_bytes(),
            diagnostics: Diagnostics::new(),
        },
        Err(diagnostic) => Imported {
            state: None,
            private: Vec::new(),
            diagnostics: diagnostic.into(),
        },
    }
}

async fn found(
    cx: &Context,
    clients: &Clients,
    target: ImportTarget,
) -> Result<(MirroredImage, Private), Diagnostic> {
    let id = match &target {
        ImportTarget::Id(text) => text.parse(),
        ImportTarget::Identity(identity) => ImportId::of_identity(identity),
    };
    let id: ImportId = id.map_err(|error| diagnose::invalid_import(&error))?;
    let (session, account) = enter(cx, clients, &id).await?;
    existing(cx, clients, &id, &session, &account).await
}

/// What is there, seen by somebody who has got there.
pub(super) async fn existing(
    cx: &Context,
    clients: &Clients,
    id: &ImportId,
    session: &Session,
    account: &AccountId,
) -> Result<(MirroredImage, Private), Diagnostic> {
    let digest = shown(cx, session, account, id).await?;
    let model = model(id, account);
    let site = Site::open(cx, clients, session, &model).await?;
    let outcome = read(cx, clients, &site, id, digest).await?;
    let state = imported(copy::realised(model, &site, &outcome), id);
    let private = Private::new(account.as_str(), id.repository.as_str(), false);
    let private = copy::remembered(private, &site, &outcome);
    Ok((state, private))
}

/// What a copy would have left behind, as far as it can be told from the image.
fn imported(state: MirroredImage, id: &ImportId) -> MirroredImage {
    let source_digest = match id.platforms.is_empty() {
        true => state.source_digest,
        // What was chosen from, nothing here tells.
        false => Attr::Null,
    };
    MirroredImage {
        source_digest,
        // It was off only for the import, which creates nothing.
        create_repository: Attr::Null,
        ..state
    }
    .with_defaults()
}

/// The identity that reaches the image, and its account.
async fn enter(
    cx: &Context,
    clients: &Clients,
    id: &ImportId,
) -> Result<(Session, AccountId), Diagnostic> {
    let roles = id.roles.iter().cloned();
    let session = clients.session(&Target {
        hops: roles.map(crate::aws::Hop::to).collect(),
        account: match &id.owner {
            Owner::Account(account) => Some(account.clone()),
            Owner::Alias(_) => None,
        },
        role_is_new: false,
    });
    let aws_error = |error| diagnose::resource_aws(&error);
    let account = session.identity(cx).await.map_err(aws_error)?.account;
    if let Owner::Alias(alias) = &id.owner {
        let registry = session.registry(cx).await.map_err(aws_error)?;
        if !registry.aliases.contains(alias) {
            return Err(diagnose::unknown_alias(alias, &account, &registry.aliases));
        }
    }
    Ok((session, account))
}

/// The one image that all tags show.
async fn shown(
    cx: &Context,
    session: &Session,
    account: &AccountId,
    id: &ImportId,
) -> Result<Digest, Diagnostic> {
    let tags: BTreeSet<String> = id.tags.iter().map(ToString::to_string).collect();
    let repository = id.repository.as_str();
    let observed = Observed::ask(cx, session, repository, &tags).await;
    let observed = observed.map_err(|error| diagnose::resource_aws(&error))?;
    let missing = observed.missing();
    if !missing.is_empty() {
        return Err(diagnose::untagged(&missing, &id.repository, account));
    }
    let images = observed.images();
    let mut digests = images.iter().map(|digest| digest.parse());
    match (digests.next(), digests.next()) {
        (Some(Ok(digest)), None) => Ok(digest),
        _ => Err(diagnose::different_images(&images, &id.repository)),
    }
}

/// What the import says, the rest open.
fn model(id: &ImportId, account: &AccountId) -> MirroredImage {
    let hops = id.roles.iter().map(|role| {
        Attr::Known(AssumeRole {
            role_arn: Attr::Known(role.to_string()),
            ..AssumeRole::default()
        })
    });
    MirroredImage {
        source: id.source.clone().into(),
        repository: Attr::Known(id.repository.to_string()),
        image_tags: known::to_texts(&id.tags),
        platforms: match id.platforms.is_empty() {
            true => Attr::Null,
            false => known::to_texts(&id.platforms),
        },
        assume_role: match id.roles.is_empty() {
            true => Attr::Null,
            false => Attr::Known(hops.collect()),
        },
        account_id: Attr::Known(account.to_string()),
        // Nothing is created by an import.
        create_repository: Attr::Known(false),
        id: Attr::Unknown,
        digest: Attr::Unknown,
        source_digest: Attr::Unknown,
        media_type: Attr::Unknown,
        size_bytes: Attr::Unknown,
        images: Attr::Unknown,
        repository_arn: Attr::Unknown,
        repository_uri: Attr::Unknown,
        registry_alias: Attr::Unknown,
        image_uri: Attr::Unknown,
        tag_uris: Attr::Unknown,
        ..MirroredImage::default()
    }
}

/// Reads what is there, as a copy onto itself, which writes nothing: every tag shows the image
/// already. So an import and a copy cannot disagree about what an image is.
async fn read(
    cx: &Context,
    clients: &Clients,
    site: &Site,
    id: &ImportId,
    digest: Digest,
) -> Result<Outcome, Diagnostic> {
    // Several platforms are an index that lists just those. One is an image, whose platform only
    // its configuration tells.
    let platforms = match id.platforms.len() {
        1 => Platforms::Only(id.platforms.clone()),
        _ => Platforms::All,
    };
    let tags = id.tags.iter().cloned();
    let job = MirrorJob {
        version: Version::Digest(digest),
        platforms,
        tags: tags
            .map(|tag| (tag, ExistingTag::KeepUnless(None)))
            .collect(),
        contents: Contents::Always,
        referrers: Referrers::None,
    };
    let source = Arc::new(site.destination.registry().clone());
    let destination = Arc::new(site.destination.clone());
    let read = clients.engine.mirror(cx, &job, source, destination).await;
    read.map_err(|error| diagnose::imported_image(&error, &site.uri))
}

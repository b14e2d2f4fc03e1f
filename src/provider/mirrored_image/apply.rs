//! Creates and updates.
//!
//! Setting the first tag is the commit point. Before it, a failure leaves no state; after it,
//! state is always returned and lists only what exists.

use std::collections::{BTreeMap, BTreeSet};

use crate::aws::{self, Session};
use crate::mirror::{ExistingTag, Outcome};
use crate::oci::Digest;
use crate::task::Context;
use crate::tf::{Applied, Diagnostic, Diagnostics};

use super::super::aws_tags;
use super::super::clients::Clients;
use super::super::diagnose;
use super::super::known;
use super::copy::{self, Failed, Wanted};
use super::model::{MirroredImage, Operation};
use super::place::{Place, Site};
use super::plan;
use super::private::Private;
use super::remove;
use super::verify;

/// Creates the instance.
pub(super) async fn create(
    cx: &Context,
    clients: &Clients,
    planned: MirroredImage,
    private: Private,
) -> Applied<MirroredImage> {
    let cx = cx.within(planned.limit(Operation::Create));
    let (site, wanted, warning) = match open(&cx, clients, &planned, &private).await {
        Ok(opened) => opened,
        Err(diagnostic) => return nothing(diagnostic),
    };
    let tags = new_tags(&planned, &private, &site);
    let copied = match wanted.with_tags(tags) {
        Ok(wanted) => wanted.copy(&cx, clients, &site).await,
        Err(diagnostic) => return nothing(diagnostic),
    };
    let fresh = Private::new(site.account.as_str(), site.name.as_str(), site.is_new);
    let mut applied = finished(planned, &site, fresh, copied).unwrap_or_else(nothing);
    applied.diagnostics.extend(warning);
    applied
}

/// Gets everything ready for a new instance, except for its image, which has been found to be signed
/// by then if it has to be.
async fn open(
    cx: &Context,
    clients: &Clients,
    planned: &MirroredImage,
    private: &Private,
) -> Result<(Site, Wanted, Option<Diagnostic>), Diagnostic> {
    let session = enter(cx, clients, planned, private.role_was_unknown).await?;
    let wanted = Wanted::of(planned, private)?;
    let wanted = verify::signed(cx, clients, &planned.verify, wanted).await?;
    let site = Site::open(cx, clients, &session, planned).await?;
    let own = known::text_map(&planned.repository_tags).unwrap_or_default();
    if site.is_new || own.is_empty() {
        return Ok((site, wanted, None));
    }
    let tags = aws_tags::of_repository(&clients.default_tags, &own);
    let is_ours = add_tags(cx, &session, &site.arn(), tags).await;
    match is_ours.map_err(|error| diagnose::resource_aws(&error))? {
        true => Ok((site, wanted, None)),
        false => Ok((site, wanted, Some(diagnose::tags_left_alone()))),
    }
}

/// Gives AWS tags to a repository that was there already, if this provider created it. Those that
/// it has besides may be another instance's, and stay.
async fn add_tags(
    cx: &Context,
    session: &Session,
    arn: &str,
    mut tags: BTreeMap<String, String>,
) -> Result<bool, aws::Error> {
    let found = session.repository_tags(cx, arn).await?;
    let is_ours = aws_tags::is_ours(&found);
    if is_ours {
        tags.retain(|key, value| found.get(key) != Some(value));
        session
            .retag_repository(cx, arn, &tags, &BTreeSet::new())
            .await?;
    }
    Ok(is_ours)
}

/// The tags of a new instance. A tag that an instance before this one has set may be taken over,
/// as far as it still shows what that one put there.
fn new_tags<'a>(
    planned: &MirroredImage,
    private: &'a Private,
    site: &'a Site,
) -> impl Iterator<Item = (String, ExistingTag)> + use<'a> {
    let overwrites = planned.overwrite.known() == Some(&true);
    let tags = known::texts(&planned.image_tags).unwrap_or_default();
    tags.into_iter().map(move |tag| {
        let ours = private.digest_of(site.account.as_str(), site.name.as_str(), &tag);
        let existing = match overwrites {
            true => ExistingTag::Overwrite,
            false => ExistingTag::KeepUnless(ours),
        };
        (tag, existing)
    })
}

/// What a copy has to say for itself: an error when no tag was set.
fn finished(
    planned: MirroredImage,
    site: &Site,
    private: Private,
    copied: Result<Outcome, Failed>,
) -> Result<Applied<MirroredImage>, Diagnostic> {
    let (outcome, state, diagnostic) = match copied {
        Ok(outcome) => {
            let differs = diagnose::built_differently(planned.digest.known(), &outcome);
            let state = match differs {
                None => copy::realised(planned, site, &outcome),
                Some(_) => copy::partly_realised(planned, site, &outcome),
            };
            (outcome, state, differs)
        }
        Err(failed) => {
            let Some(outcome) = failed.partial else {
                return Err(failed.diagnostic);
            };
            // What only could not be verified can wait: an error would replace the instance.
            match failed.is_complete {
                true => {
                    let state = copy::realised(planned, site, &outcome);
                    (outcome, state, Some(diagnose::not_verified()))
                }
                false => {
                    let state = copy::partly_realised(planned, site, &outcome);
                    (outcome, state, Some(failed.diagnostic))
                }
            }
        }
    };
    let mut private = copy::remembered(private, site, &outcome);
    if let Some(source) = state.followed() {
        private.observe(&source, &outcome.source_digest);
    }
    Ok(Applied {
        state: Some(state),
        private: private.to_bytes(),
        diagnostics: diagnostic
            .into_iter()
            .chain(kept_signatures(&outcome, site))
            .collect(),
    })
}

/// What has to be said about tags of cosign that are somebody else's.
fn kept_signatures(outcome: &Outcome, site: &Site) -> impl Iterator<Item = Diagnostic> {
    let kept = outcome.attached.iter().flat_map(|attached| &attached.kept);
    kept.map(|(tag, shown)| diagnose::signature_kept(tag, shown, &site.uri))
}

/// Goes where the image is to go; nothing is written before that.
async fn enter(
    cx: &Context,
    clients: &Clients,
    model: &MirroredImage,
    role_is_new: bool,
) -> Result<Session, Diagnostic> {
    let session = Place::of(model)?.session(clients, role_is_new);
    let identity = session.identity(cx).await;
    identity.map_err(|error| diagnose::resource_aws(&error))?;
    Ok(session)
}

fn nothing(diagnostic: Diagnostic) -> Applied<MirroredImage> {
    Applied {
        state: None,
        private: Vec::new(),
        diagnostics: diagnostic.into(),
    }
}

/// Updates the instance. Whatever fails, the state that is in force is returned.
pub(super) async fn update(
    cx: &Context,
    clients: &Clients,
    prior: MirroredImage,
    planned: MirroredImage,
    private: Private,
) -> Applied<MirroredImage> {
    let cx = cx.within(planned.limit(Operation::Update));
    let session = match enter(&cx, clients, &planned, false).await {
        Ok(session) => session,
        Err(diagnostic) => return kept(prior, &private, diagnostic),
    };
    let change = Change::between(&prior, &planned, &private);
    let wanted = match signed(&cx, clients, &change, [&prior, &planned], &private).await {
        Ok(wanted) => wanted,
        Err(diagnostic) => return kept(prior, &private, diagnostic),
    };
    let mut applied = Applied {
        state: Some(planned.clone()),
        private: private.to_bytes(),
        diagnostics: Diagnostics::new(),
    };
    if !change.set.is_empty() {
        let copied = set(
            &cx,
            clients,
            &session,
            wanted,
            &change,
            &planned,
            private.clone(),
        )
        .await;
        applied = match copied {
            Ok(applied) => applied,
            Err(diagnostic) => return kept(prior, &private, diagnostic),
        };
    }
    if !applied.diagnostics.has_errors() {
        drop_tags(&cx, clients, &session, &change, &prior, &mut applied).await;
    }
    if !applied.diagnostics.has_errors() {
        retag(&cx, clients, &session, &prior, &mut applied).await;
        forget_others(&mut applied);
    }
    note_superseded(&prior, &mut applied);
    if !applied.diagnostics.has_errors() {
        clean_up(&cx, clients, &session, &mut applied).await;
    }
    applied
}

/// What an update copies. It has been found to be signed if it has to be and tags are set, or if
/// other signatures are asked for than before.
async fn signed(
    cx: &Context,
    clients: &Clients,
    change: &Change,
    [prior, planned]: [&MirroredImage; 2],
    private: &Private,
) -> Result<Wanted, Diagnostic> {
    let wanted = Wanted::of(planned, private)?;
    if change.set.is_empty() && prior.verify == planned.verify {
        return Ok(wanted);
    }
    let standing = planned
        .digest
        .known()
        .and_then(|digest| digest.parse().ok());
    let wanted = match standing {
        // After an import of chosen platforms nobody knows what they were chosen from.
        Some(digest) if change.set.is_empty() && planned.source_digest.is_null() => {
            wanted.standing(digest)
        }
        _ => wanted,
    };
    verify::signed(cx, clients, &planned.verify, wanted).await
}

/// Remembers the image of before, also when only some of the tags have moved away from it.
fn note_superseded(prior: &MirroredImage, applied: &mut Applied<MirroredImage>) {
    let digest = |model: &MirroredImage| model.digest.known()?.parse::<Digest>().ok();
    let now = applied.state.as_ref().and_then(digest);
    if let (Some(before), Some(now)) = (digest(prior), now)
        && before != now
    {
        let mut private = Private::read(&applied.private);
        private.supersede(&before, &now);
        applied.private = private.to_bytes();
    }
}

/// Deletes what the tags have moved away from, if that is wanted.
async fn clean_up(
    cx: &Context,
    clients: &Clients,
    session: &Session,
    applied: &mut Applied<MirroredImage>,
) {
    let Some(state) = &applied.state else {
        return;
    };
    let mut private = Private::read(&applied.private);
    let place = (state.account_id.known(), state.repository.known());
    let (Some(account), Some(repository)) = place else {
        return;
    };
    let superseded = private.superseded(account, repository);
    if superseded.is_empty() || state.delete_superseded.known() != Some(&true) {
        return;
    }
    match remove::superseded(cx, clients, session, (state, &private), &superseded).await {
        Err(diagnostic) => applied.diagnostics.push(diagnostic),
        Ok(cleaned) => {
            for digest in &cleaned.gone {
                private.forget_superseded(digest);
            }
            applied.private = private.to_bytes();
            applied.diagnostics.extend(cleaned.warning);
        }
    }
}

fn kept(prior: MirroredImage, private: &Private, diagnostic: Diagnostic) -> Applied<MirroredImage> {
    Applied {
        state: Some(prior),
        private: private.to_bytes(),
        diagnostics: diagnostic.into(),
    }
}

/// What an update does to tags.
#[derive(Debug)]
struct Change {
    set: Vec<(String, ExistingTag)>,
    remove: BTreeSet<String>,
    is_same_content: bool,
}

impl Change {
    fn between(prior: &MirroredImage, planned: &MirroredImage, private: &Private) -> Self {
        let before = known::texts(&prior.image_tags).unwrap_or_default();
        let after = known::texts(&planned.image_tags).unwrap_or_default();
        let source = planned.reference();
        let observed = source.and_then(|source| private.observed(&source));
        let is_same_content = plan::is_same_content(planned, prior, observed.as_ref());
        // They show the image already, and lead the copy to what refers to it.
        let brings_more = planned.referrer_digests.is_unknown();
        let to_set = after
            .iter()
            .filter(|tag| !is_same_content || brings_more || !before.contains(*tag));
        Self {
            set: to_set
                .map(|tag| (tag.clone(), guard(tag, &before, prior, planned, private)))
                .collect(),
            remove: before.difference(&after).cloned().collect(),
            is_same_content,
        }
    }
}

/// What may happen to a tag that exists.
///
/// - It showed our image at the last refresh: it may move as long as it still does.
/// - We had set it, and somebody else moved it: it is ours, and the plan said that it moves.
/// - It is new to this instance: it is somebody else's, unless `overwrite` says otherwise.
fn guard(
    tag: &str,
    before: &BTreeSet<String>,
    prior: &MirroredImage,
    planned: &MirroredImage,
    private: &Private,
) -> ExistingTag {
    if planned.overwrite.known() == Some(&true) {
        return ExistingTag::Overwrite;
    }
    if before.contains(tag) {
        let digest = prior.digest.known();
        return ExistingTag::KeepUnless(digest.and_then(|digest| digest.parse::<Digest>().ok()));
    }
    let place = (prior.account_id.known(), prior.repository.known());
    match place {
        (Some(account), Some(name)) if private.digest_of(account, name, tag).is_some() => {
            ExistingTag::Overwrite
        }
        _ => ExistingTag::KeepUnless(None),
    }
}

async fn set(
    cx: &Context,
    clients: &Clients,
    session: &Session,
    wanted: Wanted,
    change: &Change,
    planned: &MirroredImage,
    private: Private,
) -> Result<Applied<MirroredImage>, Diagnostic> {
    let site = Site::open(cx, clients, session, planned).await?;
    let wanted = wanted.with_tags(change.set.clone())?;
    let copied = wanted.copy(cx, clients, &site).await;
    let keeps = match change.is_same_content {
        true => known::texts(&planned.image_tags).unwrap_or_default(),
        false => BTreeSet::new(),
    };
    let mut applied = finished(planned.clone(), &site, private, copied)?;
    if applied.diagnostics.has_errors() && change.is_same_content {
        keep_standing(&mut applied, &keeps, change);
    }
    Ok(applied)
}

/// After adding tags failed half-way, those from before still show the image.
fn keep_standing(
    applied: &mut Applied<MirroredImage>,
    planned: &BTreeSet<String>,
    change: &Change,
) {
    let Some(state) = &mut applied.state else {
        return;
    };
    let to_set: BTreeSet<&String> = change.set.iter().map(|(tag, _)| tag).collect();
    let mut standing = known::texts(&state.image_tags).unwrap_or_default();
    standing.extend(planned.iter().filter(|tag| !to_set.contains(tag)).cloned());
    standing.extend(change.remove.iter().cloned());
    state.show_tags(&standing);
}

/// Removes the tags that are not wanted any more, after the others have been set.
async fn drop_tags(
    cx: &Context,
    clients: &Clients,
    session: &Session,
    change: &Change,
    prior: &MirroredImage,
    applied: &mut Applied<MirroredImage>,
) {
    if change.remove.is_empty() {
        return;
    }
    let image = match change.is_same_content {
        true => remove::Image::Stays,
        false => remove::Image::Superseded,
    };
    let private = Private::read(&applied.private);
    let instance = (prior, &private);
    let removed = remove::tags(cx, clients, session, instance, &change.remove, image).await;
    match removed {
        Ok(warning) => applied.diagnostics.extend(warning),
        Err(diagnostic) => not_dropped(change, applied, diagnostic),
    }
}

/// Notes in state which tags could not be removed.
fn not_dropped(change: &Change, applied: &mut Applied<MirroredImage>, diagnostic: Diagnostic) {
    // They still show the image, so they belong to the state, and the next apply tries
    // again. Where the image is a new one, the state has no place for them.
    if let Some(state) = &mut applied.state
        && change.is_same_content
    {
        let mut tags = known::texts(&state.image_tags).unwrap_or_default();
        tags.extend(change.remove.iter().cloned());
        state.show_tags(&tags);
    }
    applied.diagnostics.push(diagnostic);
}

/// What is not in the state after a success is not ours any more.
fn forget_others(applied: &mut Applied<MirroredImage>) {
    let tags = applied.state.as_ref().map(|state| &state.image_tags);
    let Some(tags) = tags.and_then(known::texts) else {
        return;
    };
    let mut private = Private::read(&applied.private);
    private.tags.retain(|tag, _| tags.contains(tag));
    applied.private = private.to_bytes();
}

/// Brings the AWS tags of a repository up to date, if this provider created it: this instance, or
/// one before it, which may have failed right after or have been replaced since.
async fn retag(
    cx: &Context,
    clients: &Clients,
    session: &Session,
    prior: &MirroredImage,
    applied: &mut Applied<MirroredImage>,
) {
    let Some(state) = &mut applied.state else {
        return;
    };
    let before = known::text_map(&prior.repository_tags).unwrap_or_default();
    let after = known::text_map(&state.repository_tags).unwrap_or_default();
    if before == after {
        return;
    }
    let Some(arn) = state.repository_arn.known().cloned() else {
        return;
    };
    let tags = aws_tags::of_repository(&clients.default_tags, &after);
    let remove = before.keys().filter(|key| !tags.contains_key(*key));
    let remove = remove.cloned().collect();
    let retagged = async {
        let is_ours = Private::read(&applied.private).created_repository
            || aws_tags::is_ours(&session.repository_tags(cx, &arn).await?);
        if is_ours {
            session.retag_repository(cx, &arn, &tags, &remove).await?;
        }
        Ok::<_, aws::Error>(is_ours)
    };
    match retagged.await {
        Ok(true) => {}
        Ok(false) => applied.diagnostics.push(diagnose::tags_left_alone()),
        Err(error) => {
            state.repository_tags = prior.repository_tags.clone();
            applied.diagnostics.push(diagnose::resource_aws(&error));
        }
    }
}

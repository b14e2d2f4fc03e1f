//! Bringing what hangs on an image to the destination.
//!
//! # Invariants
//!
//! - Everything that refers to the image is there and listed before a tag of the image moves.
//! - A list that clients keep only grows here, whoever else writes it at the same time.
//! - A tag of cosign that somebody else has set stays, unless the job says otherwise.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use super::complete::{Scope, bring, put, recheck};
use super::error::{Cause, Error, Side, Step};
use super::job::{Attached, Hung, OwnTags};
use super::referrers::{Found, Hanging, Place};
use super::run::{Run, flat};
use super::tags;
use super::transfer::GRACE;
use super::walk::{Missing, Node, walk};
use crate::content::{self, Lister, entries};
use crate::oci::{Descriptor, Digest, Manifest, Tag, fallback_tag, with_referrers};
use crate::task::Context;

/// Brings it there. The image is complete but for its tags.
///
/// # Errors
///
/// The first failure. What was put already is reused by the next copy.
pub(super) async fn attach(
    cx: &Context,
    run: &Arc<Run>,
    root: &Manifest,
    own: &OwnTags,
    hanging: Hanging,
) -> Result<Attached, Error> {
    let mut attached = Attached {
        subjects: hanging.subjects,
        seen: hanging.seen,
        ..Attached::default()
    };
    let found = admitted(cx, run, own, hanging.found, &mut attached).await?;
    if found.is_empty() {
        return Ok(attached);
    }
    if found
        .iter()
        .any(|found| matches!(found.place, Place::ListOf(_)))
    {
        // A registry has to take what refers to something that it lacks. Not all do.
        put(cx, run, root).await?;
    }
    bring_all(cx, run, root.digest(), &found).await?;
    let mut lists: BTreeMap<&Digest, Vec<Descriptor>> = BTreeMap::new();
    for found in &found {
        let manifest = &found.located.manifest;
        let hung = Hung {
            on: found.place.subject().clone(),
            tag: None,
        };
        attached.objects.insert(manifest.digest().clone(), hung);
        match &found.place {
            Place::Tag(tag, _) => set(cx, run, manifest, tag, &mut attached).await?,
            Place::ListOf(subject) => {
                lists
                    .entry(subject)
                    .or_default()
                    .push(manifest.as_referrer());
            }
        }
    }
    for (subject, entries) in lists {
        list(cx, run, own, subject, entries, &mut attached).await?;
    }
    lead(&mut attached, &found);
    Ok(attached)
}

/// Notes by which tag each of these is found.
fn lead(attached: &mut Attached, found: &[Found]) {
    for found in found {
        let tag = match &found.place {
            Place::Tag(tag, _) => tag.clone(),
            Place::ListOf(subject) => fallback_tag(subject),
        };
        let hung = attached.objects.get_mut(found.located.manifest.digest());
        if let Some(hung) = hung
            && attached.tags.contains_key(&tag)
        {
            hung.tag = Some(tag);
        }
    }
}

/// Without what hangs under tags that are somebody else's here.
async fn admitted(
    cx: &Context,
    run: &Run,
    own: &OwnTags,
    found: Vec<Found>,
    attached: &mut Attached,
) -> Result<Vec<Found>, Error> {
    let mut admitted = Vec::with_capacity(found.len());
    for found in found {
        if let Place::Tag(tag, _) = &found.place {
            let shown = tags::ask(cx, run, tag).await?;
            let wanted = found.located.manifest.digest();
            match shown {
                Some(shown) if shown == *wanted => {
                    attached.tags.insert(tag.clone(), shown);
                }
                Some(shown) if own.has_put(tag, &shown) => {
                    attached.left.insert(shown);
                }
                Some(shown) if !own.may_move(tag, &shown) => {
                    tracing::warn!(%tag, %shown, %wanted, "the tag is somebody else's and stays");
                    attached.kept.insert(tag.clone(), shown);
                    continue;
                }
                Some(_) | None => {}
            }
        }
        admitted.push(found);
    }
    Ok(admitted)
}

/// Blobs and manifests. What gets a tag is put with the tag.
async fn bring_all(
    cx: &Context,
    run: &Arc<Run>,
    root: &Digest,
    found: &[Found],
) -> Result<(), Error> {
    let mut nodes: Vec<Node> = Vec::new();
    let mut seen = HashSet::new();
    for found in found {
        let graph = walk(cx, run, found.located.clone(), Missing::Read).await?;
        let fresh = graph.nodes.into_iter();
        nodes.extend(fresh.filter(|node| seen.insert(node.manifest.digest().clone())));
    }
    let under_tags = found.iter().filter_map(|found| match found.place {
        Place::Tag(..) => Some(found.located.manifest.digest()),
        Place::ListOf(_) => None,
    });
    let under_tags: HashSet<&Digest> = under_tags.collect();
    let put = |nodes: &[Node]| {
        let rest = nodes.iter();
        let rest = rest.filter(|node| !under_tags.contains(node.manifest.digest()));
        rest.cloned().collect::<Vec<_>>()
    };
    match bring(cx, run, root, &nodes, &put(&nodes), Scope::Missing).await {
        Err(error) if error.is_child_missing() => {
            recheck(cx, run, &mut nodes).await?;
            bring(cx, run, root, &nodes, &put(&nodes), Scope::Everything).await
        }
        done => done,
    }
}

/// Sets a tag of cosign, unless it shows the right thing.
async fn set(
    cx: &Context,
    run: &Run,
    manifest: &Manifest,
    tag: &Tag,
    attached: &mut Attached,
) -> Result<(), Error> {
    let digest = manifest.digest();
    if attached.tags.get(tag) == Some(digest) {
        return Ok(());
    }
    if let Err(error) = tags::put(cx, run, manifest, tag).await
        && !(tags::is_doubtful(&error) && tags::shows(run, tag, digest).await)
    {
        return Err(tags::failed(Step::WriteTag, tag, error));
    }
    run.has_manifest(manifest);
    attached.tags.insert(tag.clone(), digest.clone());
    Ok(())
}

/// Makes sure that what refers to a manifest is in the list of it.
async fn list(
    cx: &Context,
    run: &Run,
    own: &OwnTags,
    subject: &Digest,
    mut wanted: Vec<Descriptor>,
    attached: &mut Attached,
) -> Result<(), Error> {
    let is_unlisted = |entry: &Descriptor| {
        !run.shared
            .listed
            .contains(&run.at_destination(&entry.digest))
    };
    wanted.retain(is_unlisted);
    if wanted.is_empty() {
        return Ok(());
    }
    let _turn = run
        .shared
        .listing
        .take(cx, run.at_destination(subject))
        .await;
    let _turn = _turn.map_err(|stopped| not_listed(subject, stopped.into()))?;
    let listed = flat(cx.run(run.destination.listed_referrers(cx, subject)).await);
    let listed = listed.map_err(|error| not_listed(subject, error))?;
    if let Some(entries) = listed {
        let digests: BTreeSet<_> = entries.into_iter().map(|entry| entry.digest).collect();
        for entry in wanted.extract_if(.., |entry| digests.contains(&entry.digest)) {
            run.shared.listed.note(run.at_destination(&entry.digest));
        }
        offer_again(cx, run, &wanted).await?;
        wanted.retain(is_unlisted);
        if wanted.is_empty() {
            return Ok(());
        }
    }
    grow(cx, run, own, subject, &wanted, attached).await
}

/// Puts manifests once more that a registry with lists of its own has and does not list.
async fn offer_again(cx: &Context, run: &Run, entries: &[Descriptor]) -> Result<(), Error> {
    for entry in entries {
        let Some(manifest) = run.shared.manifests.get(&entry.digest) else {
            continue;
        };
        let putting = run.destination.put_referrer(cx, &manifest);
        let lister = flat(cx.settle(GRACE, putting).await);
        let failed =
            |error| Error::new(Side::Destination, Step::WriteManifest, &entry.digest, error);
        if lister.map_err(failed)? == Lister::Registry {
            run.shared.listed.note(run.at_destination(&entry.digest));
        }
    }
    Ok(())
}

/// Adds to the list that clients keep under a tag, until all of it is there. Somebody else may
/// write it at the same time, and whoever writes last would be the only one who is heard: so it is
/// read again afterwards.
async fn grow(
    cx: &Context,
    run: &Run,
    own: &OwnTags,
    subject: &Digest,
    wanted: &[Descriptor],
    attached: &mut Attached,
) -> Result<(), Error> {
    let tag = fallback_tag(subject);
    let mut written: Option<Digest> = None;
    for delay in READ_AFTER {
        let paused = cx.pause(delay).await;
        paused.map_err(|stopped| not_listed(subject, stopped.into()))?;
        let shown = tags::ask(cx, run, &tag).await?;
        if shown.is_some() && shown == written {
            return Ok(());
        }
        let before = index(cx, run, own, &tag, shown.as_ref()).await?;
        let known = before.as_ref().map(|index| entries(index, subject));
        let known: HashSet<_> = known.iter().flatten().map(|entry| &entry.digest).collect();
        let missing = wanted.iter().filter(|entry| !known.contains(&entry.digest));
        let missing: Vec<Descriptor> = missing.cloned().collect();
        if let (true, Some(shown)) = (missing.is_empty(), &shown) {
            attached.tags.insert(tag, shown.clone());
            return Ok(());
        }
        let longer = with_referrers(before.as_ref(), &missing);
        let longer = longer.map_err(|invalid| {
            Error::new(Side::Destination, Step::ListReferrers, subject, invalid)
        })?;
        let put = tags::put(cx, run, &longer, &tag).await;
        if let Err(error) = put
            && !tags::is_doubtful(&error)
        {
            return Err(tags::failed(Step::WriteTag, &tag, error));
        }
        // If it was ours, nobody needs the one of before any more.
        let left =
            shown.filter(|shown| own.has_put(&tag, shown) || written.as_ref() == Some(shown));
        attached.left.extend(left);
        let digest = longer.digest().clone();
        attached.tags.insert(tag.clone(), digest.clone());
        run.has_manifest(&longer);
        written = Some(digest);
    }
    let found = tags::ask(cx, run, &tag).await?;
    match (found, written) {
        (Some(found), Some(written)) if found == written => Ok(()),
        (found, written) => {
            let wanted = written.unwrap_or_else(|| subject.clone());
            let cause = Cause::Unverified { tag, found, wanted };
            Err(Error::new(
                Side::Destination,
                Step::ListReferrers,
                subject,
                cause,
            ))
        }
    }
}

/// The list under its tag, if it is one.
async fn index(
    cx: &Context,
    run: &Run,
    own: &OwnTags,
    tag: &Tag,
    shown: Option<&Digest>,
) -> Result<Option<Manifest>, Error> {
    let Some(shown) = shown else {
        return Ok(None);
    };
    let manifest = run.read_there(cx, shown).await?;
    match manifest.filter(|manifest| manifest.media_type().is_index()) {
        None if !own.may_move(tag, shown) => {
            let cause = Cause::TagTaken {
                tag: tag.clone(),
                found: shown.clone(),
                wanted: shown.clone(),
            };
            Err(Error::new(Side::Destination, Step::CheckTag, tag, cause))
        }
        index => Ok(index),
    }
}

fn not_listed(subject: &Digest, error: content::Error) -> Error {
    Error::new(Side::Destination, Step::ListReferrers, subject, error)
}

/// The waits before each look at a list. Most often the first finds what is there, and the second
/// what was written; a tag may take a moment to be seen, and others may be writing too.
const READ_AFTER: [Duration; 6] = [
    Duration::ZERO,
    Duration::ZERO,
    Duration::from_millis(500),
    Duration::from_millis(1500),
    Duration::from_secs(3),
    Duration::from_secs(5),
];

//! What hangs on an image at the source: signatures, attestations, bills of materials, and what
//! hangs on those in turn.
//!
//! Asked about are the root and the images of the platforms. For each of them the list is read that
//! the registry keeps, or else its clients, and cosign's tags are looked for; what is found is asked
//! about in turn, for its list. Whatever is listed and does not say itself that it refers to the
//! manifest, or is gone, or is of a kind that cannot be copied, is left out.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use super::choose::Target;
use super::crew::Crew;
use super::error::{Cause, Error, Side, Step};
use super::run::{Located, Run, flat};
use super::walk::Graph;
use crate::content::{self, Attachments, ErrorKind, Listed, attachments, entries, listed};
use crate::oci::{self, Descriptor, Digest, Manifest, ManifestKind, Tag};
use crate::task::Context;

/// What hangs on an image.
#[derive(Clone, Debug)]
pub(super) struct Hanging {
    /// The manifests of the image that were asked about.
    pub(super) subjects: Vec<Digest>,
    /// What was seen of that without a pull.
    pub(super) seen: BTreeSet<Digest>,
    /// What was found, in the order of its distance from the image.
    pub(super) found: Vec<Found>,
}

/// Something that hangs on a manifest.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) located: Located,
    pub(super) place: Place,
}

/// Where something hangs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Place {
    /// In the list of a manifest.
    ListOf(Digest),
    /// Under a tag of cosign for a manifest.
    Tag(Tag, Digest),
}

impl Place {
    /// The manifest that it hangs on.
    pub(super) fn subject(&self) -> &Digest {
        match self {
            Self::ListOf(subject) | Self::Tag(_, subject) => subject,
        }
    }
}

/// Something that was named, and has not been read.
#[derive(Clone, Debug)]
struct Named {
    entry: Descriptor,
    place: Place,
}

/// The manifests of an image that something can hang on: its root, unless that was made here, and
/// the images that its indexes list for platforms.
///
/// # Errors
///
/// [`Cause::TooManyReferrers`] when there are so many that asking about all would be an attack.
pub(super) fn subjects(
    graph: &Graph,
    target: &Target,
    found: &Descriptor,
) -> Result<Vec<Digest>, Error> {
    let root = target.digest();
    let is_made_here = target.manifest.is_some() && *root != found.digest;
    let mut seen = HashSet::from([root]);
    let mut subjects: Vec<Digest> = Vec::new();
    if !is_made_here {
        subjects.push(root.clone());
    }
    let manifests = graph.nodes.iter().map(|node| &node.manifest);
    let indexes = manifests.filter(|manifest| manifest.kind() == ManifestKind::Index);
    let images = indexes.flat_map(oci::images);
    let images = images.filter(|(_, entry)| !entry.media_type.is_index());
    for (_, entry) in images.filter(|(_, entry)| entry.media_type.is_manifest()) {
        if seen.insert(&entry.digest) {
            subjects.push(entry.digest.clone());
        }
    }
    match subjects.len() > MAX_SUBJECTS {
        true => Err(too_many(root)),
        false => Ok(subjects),
    }
}

/// Finds what hangs on these manifests.
///
/// # Errors
///
/// The source cannot be asked, or [`Cause::TooManyReferrers`].
pub(super) async fn discover(
    cx: &Context,
    run: &Arc<Run>,
    subjects: Vec<Digest>,
) -> Result<Hanging, Error> {
    let mut level = Vec::new();
    let mut seen = BTreeSet::new();
    let mut crew = Crew::new(cx, AT_ONCE);
    for subject in subjects.clone() {
        let run = Arc::clone(run);
        crew.start(move |cx| async move { of_image(&cx, &run, subject).await })
            .await;
    }
    for (named, digests) in crew.join().await? {
        level.extend(named);
        seen.extend(digests);
    }
    let mut asked: HashSet<Digest> = subjects.iter().cloned().collect();
    let mut hanging = Hanging {
        subjects,
        seen,
        found: Vec::new(),
    };
    for _distance in 0..MAX_DISTANCE {
        if level.is_empty() {
            return Ok(hanging);
        }
        if hanging.found.len() + level.len() > MAX_REFERRERS {
            return Err(too_many(&level[0].entry.digest));
        }
        let found = locate(cx, run, level).await?;
        level = further(cx, run, &found, &mut asked).await?;
        hanging.found.extend(found);
    }
    match level.first() {
        None => Ok(hanging),
        Some(named) => Err(too_many(&named.entry.digest)),
    }
}

/// What hangs on a manifest of the image, and what was seen of that without a pull.
async fn of_image(
    cx: &Context,
    run: &Run,
    subject: Digest,
) -> Result<(Vec<Named>, Vec<Digest>), Error> {
    let asked = flat(cx.run(attachments(&*run.source, cx, &subject)).await);
    let found: Attachments = asked.map_err(|error| not_listed(&subject, error))?;
    let seen = found.digests().into_iter().cloned().collect();
    let mut named = read(cx, run, &subject, found.listed).await?;
    named.extend(found.cosign.into_iter().map(|(tag, entry)| Named {
        entry,
        place: Place::Tag(tag, subject.clone()),
    }));
    Ok((named, seen))
}

/// What hangs on what was found, as far as it was not asked about before.
async fn further(
    cx: &Context,
    run: &Arc<Run>,
    found: &[Found],
    asked: &mut HashSet<Digest>,
) -> Result<Vec<Named>, Error> {
    let mut crew = Crew::new(cx, AT_ONCE);
    for found in found {
        let subject = found.located.manifest.digest().clone();
        if !asked.insert(subject.clone()) {
            continue;
        }
        let run = Arc::clone(run);
        crew.start(move |cx| async move {
            let asked = flat(cx.run(listed(&*run.source, &cx, &subject)).await);
            let listed = asked.map_err(|error| not_listed(&subject, error))?;
            read(&cx, &run, &subject, listed).await
        })
        .await;
    }
    Ok(crew.join().await?.into_iter().flatten().collect())
}

/// The entries of a list. An index that clients keep is read once for all destinations.
async fn read(
    cx: &Context,
    run: &Run,
    subject: &Digest,
    listed: Listed,
) -> Result<Vec<Named>, Error> {
    let entries = match listed {
        Listed::ByRegistry(entries) => entries,
        Listed::ByClients(index) => {
            let index = run.read_here(cx, &index.digest).await?;
            entries(&index, subject)
        }
        Listed::Nowhere => Vec::new(),
    };
    let entries = entries.into_iter().map(|entry| Named {
        entry,
        place: Place::ListOf(subject.clone()),
    });
    Ok(entries.collect())
}

/// Reads what was named, and keeps what belongs where it was named.
async fn locate(cx: &Context, run: &Arc<Run>, level: Vec<Named>) -> Result<Vec<Found>, Error> {
    let mut crew = Crew::new(cx, AT_ONCE);
    let mut seen = HashSet::new();
    for named in level {
        if !seen.insert((named.entry.digest.clone(), named.place.clone())) {
            continue;
        }
        let run = Arc::clone(run);
        crew.start(move |cx| async move { locate_one(&cx, &run, named).await })
            .await;
    }
    let mut found: Vec<Found> = crew.join().await?.into_iter().flatten().collect();
    // In an order that does not depend on who answered first.
    found.sort_by(|one, other| {
        let digest = |found: &Found| found.located.manifest.digest().clone();
        digest(one).cmp(&digest(other))
    });
    Ok(found)
}

async fn locate_one(cx: &Context, run: &Run, named: Named) -> Result<Option<Found>, Error> {
    let Named { entry, place } = named;
    let left_out = |why| {
        tracing::warn!(digest = %entry.digest, media_type = %entry.media_type, "referrer left out: {why}");
        Ok(None)
    };
    if !entry.media_type.is_manifest() {
        return left_out("manifests of this media type cannot be copied");
    }
    let located = match run.locate(cx, &entry.digest).await {
        Ok(located) => located,
        Err(error) if error.store() == Some(&ErrorKind::NotFound) => {
            return left_out("the source does not have it");
        }
        Err(error) => return Err(error),
    };
    match refers(&located.manifest, &place) {
        true => Ok(Some(Found { located, place })),
        false => left_out("it does not refer to the manifest that lists it"),
    }
}

/// Whether something belongs where it was found. What is under a tag of cosign needs no subject.
fn refers(manifest: &Manifest, place: &Place) -> bool {
    match place {
        Place::ListOf(subject) => manifest.subject() == Some(subject),
        Place::Tag(..) => true,
    }
}

fn not_listed(subject: &Digest, error: content::Error) -> Error {
    Error::new(Side::Source, Step::ListReferrers, subject, error)
}

fn too_many(subject: &Digest) -> Error {
    Error::new(
        Side::Source,
        Step::ListReferrers,
        subject,
        Cause::TooManyReferrers,
    )
}

/// Manifests of one image that are asked about. Published indexes have some twenty.
const MAX_SUBJECTS: usize = 200;

/// Manifests that hang on one image. Each of them is a pull.
const MAX_REFERRERS: usize = 1000;

/// How far from the image something can hang: a signature of a signature of an attestation.
const MAX_DISTANCE: usize = 4;

/// Manifests that are asked about at once.
const AT_ONCE: usize = 16;

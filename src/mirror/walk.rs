//! Which manifests hang below a root, and in which order they can be put.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::crew::Crew;
use super::error::{Cause, Error, Side, Step};
use super::reading::manifest;
use super::run::{Located, Run};
use super::shared::Shared;
use crate::content::{self, ErrorKind, Source};
use crate::oci::{Child, Descriptor, Digest, InvalidManifest, Manifest, ManifestKind};
use crate::task::Context;

/// A root and all manifests below it.
#[derive(Debug)]
pub(super) struct Graph {
    root: Manifest,
    /// Each manifest once, children before parents; the root is the last.
    pub(super) nodes: Vec<Node>,
}

/// A manifest of a graph.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) manifest: Manifest,
    /// Whether the destination has it; everything below it is there then, too.
    pub(super) is_present: bool,
}

/// What to do about a manifest that the destination lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    /// Read it from the source: it will be copied.
    Read,
    /// The same, whatever this process believes that the destination has: that is asked again.
    ReadWhenSure,
    /// Leave it out: nothing is copied, and the source is not bothered.
    LeaveOut,
}

/// Where the manifests of a graph are read.
#[derive(Clone)]
enum Shelf {
    /// Wherever a copy finds them.
    Copy(Arc<Run>, Missing),
    /// At a source, for no copy.
    Source(Arc<Shared>, Arc<dyn Source>),
}

/// Collects a graph, level by level, with an explicit list of what is left to do.
struct Walk {
    shelf: Shelf,
    found: HashMap<Digest, Located>,
    seen: HashSet<Digest>,
    entries: usize,
    bytes: usize,
}

/// Reads everything below a root, for a copy.
///
/// # Errors
///
/// [`Cause::TooComplex`] for more than [`MAX_DEPTH`] levels below the root, [`MAX_ENTRIES`] entries
/// or [`MAX_BYTES`] of manifests; otherwise what kept a manifest from being read.
pub(super) async fn walk(
    cx: &Context,
    run: &Arc<Run>,
    root: Located,
    missing: Missing,
) -> Result<Graph, Error> {
    collect(cx, Shelf::Copy(Arc::clone(run), missing), root).await
}

/// Reads everything below a root at a source, within the same bounds.
///
/// # Errors
///
/// As [`walk`].
pub(super) async fn survey(
    cx: &Context,
    shared: &Arc<Shared>,
    source: &Arc<dyn Source>,
    root: Manifest,
) -> Result<Graph, Error> {
    let shelf = Shelf::Source(Arc::clone(shared), Arc::clone(source));
    collect(cx, shelf, absent(root)).await
}

async fn collect(cx: &Context, shelf: Shelf, root: Located) -> Result<Graph, Error> {
    let top = root.manifest.clone();
    let name = top.digest().clone();
    let mut walk = Walk {
        shelf,
        found: HashMap::new(),
        seen: HashSet::from([name.clone()]),
        entries: 0,
        bytes: 0,
    };
    let mut level = walk.add(root)?;
    for _depth in 0..MAX_DEPTH {
        level = walk.descend(cx, level).await?;
    }
    if !level.is_empty() {
        return Err(too_complex(&name));
    }
    let heights = heights(&walk.found).ok_or_else(|| too_complex(&name))?;
    let mut nodes: Vec<Node> = Vec::with_capacity(walk.found.len());
    for located in walk.found.into_values() {
        nodes.push(Node {
            manifest: located.manifest,
            is_present: located.is_present,
        });
    }
    nodes.sort_by_cached_key(|node| {
        let digest = node.manifest.digest();
        (heights.get(digest).copied(), digest.clone())
    });
    Ok(Graph { root: top, nodes })
}

impl Walk {
    /// Reads one level, and returns the next.
    async fn descend(
        &mut self,
        cx: &Context,
        level: Vec<Descriptor>,
    ) -> Result<Vec<Descriptor>, Error> {
        let mut crew = Crew::new(cx, AT_ONCE);
        for entry in level {
            let shelf = self.shelf.clone();
            crew.start(move |cx| async move { read(&cx, &shelf, &entry).await })
                .await;
        }
        let mut next = Vec::new();
        for located in crew.join().await?.into_iter().flatten() {
            next.extend(self.add(located)?);
        }
        Ok(next)
    }

    /// Takes a manifest in, and returns those below it that were not seen before.
    fn add(&mut self, located: Located) -> Result<Vec<Descriptor>, Error> {
        let manifest = &located.manifest;
        let digest = manifest.digest().clone();
        self.bytes += manifest.bytes().len();
        if manifest.kind() == ManifestKind::Index {
            self.entries += manifest.children().len();
        }
        if self.entries > MAX_ENTRIES || self.bytes > MAX_BYTES {
            return Err(too_complex(&digest));
        }
        let mut fresh = Vec::new();
        for entry in entries(manifest) {
            if entry.media_type.is_schema1() {
                let schema1 = InvalidManifest::Schema1(entry.media_type.clone());
                return Err(at_source(&entry.digest, schema1));
            }
            if self.seen.insert(entry.digest.clone()) {
                fresh.push(entry.clone());
            }
        }
        self.found.insert(digest, located);
        Ok(fresh)
    }
}

async fn read(cx: &Context, shelf: &Shelf, entry: &Descriptor) -> Result<Option<Located>, Error> {
    let located = match shelf {
        Shelf::Source(shared, source) => {
            let read = manifest(shared, cx, &**source, &entry.digest).await;
            absent(read.map_err(|error| at_source(&entry.digest, error))?)
        }
        Shelf::Copy(run, Missing::Read) => run.locate(cx, &entry.digest).await?,
        Shelf::Copy(run, Missing::ReadWhenSure) => run.locate_anew(cx, &entry.digest).await?,
        Shelf::Copy(run, Missing::LeaveOut) => {
            let manifest = run.read_there(cx, &entry.digest).await?;
            let Some(manifest) = manifest else {
                return Ok(None);
            };
            Located {
                manifest,
                is_present: true,
            }
        }
    };
    if located.manifest.bytes().len() as u64 != entry.size {
        let expected = entry.size;
        let lied = content::Error::from(ErrorKind::WrongSize { expected });
        return Err(at_source(&entry.digest, lied));
    }
    Ok(Some(located))
}

/// The manifests that an index lists. Whatever else it lists are blobs.
pub(super) fn entries(manifest: &Manifest) -> impl Iterator<Item = &Descriptor> {
    manifest.children().iter().filter_map(|child| match child {
        Child::Manifest(entry) if is_manifest(entry) => Some(entry),
        Child::Manifest(_) | Child::Config(_) | Child::Layer(_) => None,
    })
}

fn is_manifest(entry: &Descriptor) -> bool {
    entry.media_type.is_manifest() || entry.media_type.is_schema1()
}

/// The height of every manifest; `None` when they go in circles or too high.
fn heights(found: &HashMap<Digest, Located>) -> Option<HashMap<Digest, usize>> {
    let mut heights: HashMap<Digest, usize> = HashMap::with_capacity(found.len());
    let mut waiting: Vec<(&Digest, Vec<&Digest>)> = found
        .iter()
        .map(|(digest, located)| {
            let below = entries(&located.manifest).map(|entry| &entry.digest);
            (
                digest,
                below.filter(|entry| found.contains_key(*entry)).collect(),
            )
        })
        .collect();
    for height in 0..=MAX_DEPTH {
        let (ready, rest): (Vec<_>, Vec<_>) = waiting
            .into_iter()
            .partition(|(_, below)| below.iter().all(|entry| heights.contains_key(*entry)));
        heights.extend(ready.iter().map(|(digest, _)| ((*digest).clone(), height)));
        waiting = rest;
    }
    waiting.is_empty().then_some(heights)
}

impl Graph {
    /// The root.
    pub(super) fn root(&self) -> &Manifest {
        &self.root
    }

    /// Everything but the root.
    pub(super) fn below(&self) -> &[Node] {
        self.nodes.split_last().map_or(&[], |(_, below)| below)
    }

    /// The distinct blobs of these manifests that are copied, by digest.
    pub(super) fn blobs<'a>(
        nodes: impl Iterator<Item = &'a Node>,
    ) -> BTreeMap<Digest, &'a Descriptor> {
        let mut distinct = BTreeMap::new();
        for blob in nodes.flat_map(|node| blobs(&node.manifest)) {
            distinct.entry(blob.digest.clone()).or_insert(blob);
        }
        distinct
    }
}

/// The blobs of a manifest that are copied.
pub(super) fn blobs(manifest: &Manifest) -> impl Iterator<Item = &Descriptor> {
    manifest.children().iter().filter_map(|child| {
        let (Child::Manifest(blob) | Child::Config(blob) | Child::Layer(blob)) = child;
        let is_manifest = matches!(child, Child::Manifest(entry) if is_manifest(entry));
        (!is_manifest && !blob.media_type.is_nondistributable()).then_some(blob)
    })
}

fn too_complex(digest: &Digest) -> Error {
    Error::new(Side::Source, Step::ReadManifest, digest, Cause::TooComplex)
}

/// A manifest of a source that nobody has anywhere else.
fn absent(manifest: Manifest) -> Located {
    Located {
        manifest,
        is_present: false,
    }
}

pub(super) fn at_source(digest: &Digest, cause: impl Into<Cause>) -> Error {
    Error::new(Side::Source, Step::ReadManifest, digest, cause)
}

/// Levels of manifests below the root. Real images have one, seldom two.
const MAX_DEPTH: usize = 4;

/// Entries of all indexes together.
const MAX_ENTRIES: usize = 10_000;

/// Text of all manifests together; what is held for one copy is a small multiple of it.
const MAX_BYTES: usize = 32 << 20;

/// Manifests of one copy that are asked for at once.
const AT_ONCE: usize = 64;

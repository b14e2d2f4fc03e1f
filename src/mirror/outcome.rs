//! What a copy came to.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::atomic::Ordering;

use super::choose::Target;
use super::job::Outcome;
use super::run::Run;
use super::walk::Graph;
use crate::oci::{self, Descriptor, Digest, Manifest, Tag};

/// Adds up what a copy did.
pub(super) fn outcome(
    run: &Run,
    graph: &Graph,
    target: &Target,
    found: &Descriptor,
    tags: Vec<Tag>,
) -> Outcome {
    let root = graph.root();
    let blobs = Graph::blobs(graph.nodes.iter());
    let sizes = blobs.values().map(|blob| blob.size);
    let size_bytes = sizes.fold(0, u64::saturating_add);
    let moved_bytes = run.moved_bytes.load(Ordering::Relaxed).min(size_bytes);
    Outcome {
        root: root.descriptor(),
        source_digest: found.digest.clone(),
        images: images(graph, root, target),
        size_bytes,
        moved_bytes,
        reused_bytes: size_bytes - moved_bytes,
        pulls: run.activity.pulls(),
        tags,
        attached: None,
    }
}

/// An image that was there already, and that nobody wants to know more about.
pub(super) fn unchanged(run: &Run, target: &Target, found: &Descriptor, tags: Vec<Tag>) -> Outcome {
    Outcome {
        root: target.root.clone(),
        source_digest: found.digest.clone(),
        images: BTreeMap::new(),
        size_bytes: 0,
        moved_bytes: 0,
        reused_bytes: 0,
        pulls: run.activity.pulls(),
        tags,
        attached: None,
    }
}

/// The image of each platform: what the job names, else what the indexes name, the upper before
/// the lower.
pub(super) fn images(graph: &Graph, root: &Manifest, target: &Target) -> BTreeMap<String, Digest> {
    let manifests = graph.nodes.iter().map(|node| &node.manifest);
    let by_digest: HashMap<&Digest, &Manifest> = manifests
        .map(|manifest| (manifest.digest(), manifest))
        .collect();
    let mut images = BTreeMap::new();
    if let Some(platform) = &target.platform {
        images.insert(platform.to_string(), target.digest().clone());
    }
    let mut seen = HashSet::from([root.digest()]);
    let mut waiting = VecDeque::from([root]);
    while let Some(manifest) = waiting.pop_front() {
        for (platform, entry) in
            oci::images(manifest).filter(|(_, entry)| !entry.media_type.is_index())
        {
            let platform = platform.to_string();
            images
                .entry(platform)
                .or_insert_with(|| entry.digest.clone());
        }
        for child in manifest.children() {
            let digest = &child.descriptor().digest;
            if let Some(below) = by_digest.get(digest)
                && seen.insert(digest)
            {
                waiting.push_back(below);
            }
        }
    }
    images
}

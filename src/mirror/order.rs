//! Which manifests can be put when: children before parents.

use std::collections::{HashMap, HashSet};

use super::walk;
use crate::oci::{Descriptor, Digest, Manifest};

/// What arrived at the destination. The same bytes can be listed as the one and as the other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Arrived {
    Blob(Digest),
    Manifest(Digest),
}

/// Manifests that wait for their children.
#[derive(Debug)]
pub(super) struct Order {
    /// Who waits for a blob or a manifest.
    parents: HashMap<Arrived, Vec<Digest>>,
    /// A manifest, and for how many more it waits.
    waiting: HashMap<Digest, (usize, Manifest)>,
    ready: Vec<Manifest>,
}

impl Order {
    /// These manifests wait for those of their children that are among them or among the blobs.
    pub(super) fn new<'a>(
        manifests: impl Iterator<Item = &'a Manifest> + Clone,
        blobs: &[Descriptor],
    ) -> Self {
        let absent: HashSet<Arrived> = blobs
            .iter()
            .map(|blob| Arrived::Blob(blob.digest.clone()))
            .chain(manifests.clone().map(named))
            .collect();
        let mut order = Self {
            parents: HashMap::new(),
            waiting: HashMap::new(),
            ready: Vec::new(),
        };
        for manifest in manifests {
            let blobs = walk::blobs(manifest).map(|blob| Arrived::Blob(blob.digest.clone()));
            let entries = walk::entries(manifest);
            let entries = entries.map(|entry| Arrived::Manifest(entry.digest.clone()));
            let needed: HashSet<Arrived> = blobs
                .chain(entries)
                .filter(|child| absent.contains(child))
                .collect();
            if needed.is_empty() {
                order.ready.push(manifest.clone());
                continue;
            }
            let name = manifest.digest();
            let waits = (needed.len(), manifest.clone());
            order.waiting.insert(name.clone(), waits);
            for child in needed {
                order.parents.entry(child).or_default().push(name.clone());
            }
        }
        order
    }

    /// Those that wait for nothing.
    pub(super) fn ready(&mut self) -> Vec<Manifest> {
        std::mem::take(&mut self.ready)
    }

    /// Those that this was the last child of.
    pub(super) fn after(&mut self, arrived: &Arrived) -> Vec<Manifest> {
        let parents = self.parents.remove(arrived).unwrap_or_default();
        let is_last = |parent: &Digest| {
            let (left, _) = self.waiting.get_mut(parent)?;
            *left -= 1;
            (*left == 0).then(|| self.waiting.remove(parent))?
        };
        let ready: Vec<(usize, Manifest)> = parents.iter().filter_map(is_last).collect();
        ready.into_iter().map(|(_, manifest)| manifest).collect()
    }
}

fn named(manifest: &Manifest) -> Arrived {
    Arrived::Manifest(manifest.digest().clone())
}

#[cfg(test)]
mod tests;

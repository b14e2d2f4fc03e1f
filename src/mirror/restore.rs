//! Making an image whole again that tags show already.
//!
//! A copy takes it that whatever a tag shows is complete. Here nothing is taken for granted: not what
//! the destination seems to have, and not what this process has put there.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::complete::{Scope, complete};
use super::error::{Error, Side, Step};
use super::run::{Located, Run};
use super::walk::{Graph, Missing, walk};
use crate::content::{self, ErrorKind};
use crate::oci::Digest;
use crate::task::Context;

/// An image that is whole, and what was missing of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// Its manifests, with the root.
    pub manifests: usize,
    /// The distinct layers and configurations below them.
    pub blobs: usize,
    /// Those of the manifests that were missing.
    pub missing_manifests: usize,
    /// Layers and configurations that were written.
    pub moved_blobs: usize,
    /// Their bytes.
    pub moved_bytes: u64,
}

/// Asks the destination for everything below a root that it has, and copies what it lacks.
///
/// The root itself is only read: what puts it, sets a tag.
pub(super) async fn restore(
    cx: &Context,
    run: &Arc<Run>,
    root: &Digest,
) -> Result<Restored, Error> {
    run.doubt(root);
    let manifest = run.read_there(cx, root).await?;
    let manifest = manifest.ok_or_else(|| {
        let gone = content::Error::from(ErrorKind::NotFound);
        Error::new(Side::Destination, Step::ReadManifest, root, gone)
    })?;
    let located = Located {
        manifest,
        is_present: true,
    };
    let graph = walk(cx, run, located, Missing::ReadWhenSure).await?;
    let blobs = Graph::blobs(graph.nodes.iter());
    for digest in blobs.keys() {
        run.doubt(digest);
    }
    complete(cx, run, &graph, Scope::Everything).await?;
    let missing = graph.nodes.iter().filter(|node| !node.is_present);
    Ok(Restored {
        manifests: graph.nodes.len(),
        blobs: blobs.len(),
        missing_manifests: missing.count(),
        moved_blobs: run.moved_blobs.load(Ordering::Relaxed),
        moved_bytes: run.moved_bytes.load(Ordering::Relaxed),
    })
}

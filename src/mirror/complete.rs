//! Bringing everything below the root to the destination.

use std::sync::Arc;

use super::crew::Crew;
use super::error::{Error, Side, Step};
use super::order::{Arrived, Order};
use super::run::{Run, flat};
use super::transfer::{GRACE, in_turns, transfer};
use super::walk::{Graph, Node};
use crate::content::Lister;
use crate::oci::{Descriptor, Digest, Manifest};
use crate::task::Context;

/// Which blobs are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// Those of the manifests that the destination lacks. What it has is taken to be complete.
    Missing,
    /// All: the destination said that something is missing.
    Everything,
}

/// Brings all blobs and all manifests but the root to the destination, each manifest as soon as
/// everything below it is there: a destination that counts both per second takes both at once.
///
/// # Errors
///
/// The first failure; what else is under way is stopped, and its uploads given up. Nothing that a
/// reader of a tag can see has changed.
pub(super) async fn complete(
    cx: &Context,
    run: &Arc<Run>,
    graph: &Graph,
    scope: Scope,
) -> Result<(), Error> {
    let root = graph.root().digest();
    bring(cx, run, root, &graph.nodes, graph.below(), scope).await
}

/// Brings the blobs of `nodes`, and the manifests that are in `to_put`, to the destination. `root`:
/// the image that it is done for.
///
/// # Errors
///
/// The first failure, as for [`complete`].
pub(super) async fn bring(
    cx: &Context,
    run: &Arc<Run>,
    root: &Digest,
    nodes: &[Node],
    to_put: &[Node],
    scope: Scope,
) -> Result<(), Error> {
    let needed = |node: &&Node| scope == Scope::Everything || !node.is_present;
    let blobs = Graph::blobs(nodes.iter().filter(needed));
    let blobs = blobs.into_values().cloned().collect();
    let absent = absent(cx, run, root, blobs).await?;
    let sizes = absent.iter().map(|blob| blob.size);
    cx.note_expected(sizes.fold(0, u64::saturating_add));

    let manifests = to_put.iter().filter(|node| !node.is_present);
    let mut order = Order::new(manifests.map(|node| &node.manifest), &absent);
    let mut crew = Crew::new(cx, AT_ONCE);
    put_all(&mut crew, run, order.ready()).await;
    for blob in in_turns(absent) {
        let its_run = Arc::clone(run);
        crew.start(move |cx| async move {
            transfer(&cx, &its_run, &blob).await?;
            Ok(Arrived::Blob(blob.digest))
        })
        .await;
        while let Some(arrived) = crew.ended() {
            put_all(&mut crew, run, order.after(&arrived)).await;
        }
    }
    while let Some(arrived) = crew.next().await {
        put_all(&mut crew, run, order.after(&arrived)).await;
    }
    crew.join().await.map(drop)
}

async fn put_all(crew: &mut Crew<Arrived>, run: &Arc<Run>, manifests: Vec<Manifest>) {
    for manifest in manifests {
        let run = Arc::clone(run);
        crew.start(move |cx| async move {
            put(&cx, &run, &manifest).await?;
            Ok(Arrived::Manifest(manifest.digest().clone()))
        })
        .await;
    }
}

/// Forgets what was believed about the destination and asks it for every manifest.
///
/// # Errors
///
/// The destination cannot be asked.
pub(super) async fn recheck(cx: &Context, run: &Arc<Run>, nodes: &mut [Node]) -> Result<(), Error> {
    run.ask_always();
    for digest in Graph::blobs(nodes.iter()).keys() {
        run.doubt(digest);
    }
    let mut crew = Crew::new(cx, AT_ONCE);
    for node in &*nodes {
        let digest = node.manifest.digest().clone();
        run.doubt(&digest);
        let run = Arc::clone(run);
        crew.start(move |cx| async move {
            let is_present = run.is_present(&cx, &digest).await?;
            Ok((digest, is_present))
        })
        .await;
    }
    let found = crew.join().await?;
    for node in nodes {
        let is_found = |(digest, is_present): &_| *is_present && digest == node.manifest.digest();
        node.is_present = found.iter().any(is_found);
    }
    Ok(())
}

/// Those blobs that the destination lacks, asked in one call.
async fn absent(
    cx: &Context,
    run: &Run,
    root: &Digest,
    mut blobs: Vec<Descriptor>,
) -> Result<Vec<Descriptor>, Error> {
    let at = |blob: &Descriptor| run.at_destination(&blob.digest);
    blobs.retain(|blob| !run.shared.present.contains(&at(blob)));
    if blobs.is_empty() || !run.asks() {
        return Ok(blobs);
    }
    let failed = |error| Error::new(Side::Destination, Step::CheckBlobs, root, error);
    let present = flat(cx.run(run.destination.present_blobs(cx, &blobs)).await).map_err(failed)?;
    let (present, absent) = blobs
        .into_iter()
        .partition::<Vec<_>, _>(|blob| present.contains(&blob.digest));
    for blob in &present {
        run.has_blob(&blob.digest);
    }
    Ok(absent)
}

/// Puts a manifest under its digest, unless another copy just did.
pub(super) async fn put(cx: &Context, run: &Run, manifest: &Manifest) -> Result<(), Error> {
    let digest = manifest.digest();
    let failed = |error| Error::new(Side::Destination, Step::WriteManifest, digest, error);
    let stopped = |stopped: crate::task::Stopped| failed(stopped.into());
    let there = run.at_destination(digest);
    let _turn = run
        .shared
        .writing
        .take(cx, there.clone())
        .await
        .map_err(stopped)?;
    if run.shared.present.contains(&there) {
        return Ok(());
    }
    // Without a permit for a request: many may wait for one destination's quota.
    if manifest.subject().is_some() {
        let putting = run.destination.put_referrer(cx, manifest);
        let lister = flat(cx.settle(GRACE, putting).await).map_err(failed)?;
        if lister == Lister::Registry {
            run.shared.listed.note(there);
        }
    } else {
        let putting = run.destination.put_manifest(cx, manifest, None);
        flat(cx.settle(GRACE, putting).await).map_err(failed)?;
    }
    run.has_manifest(manifest);
    Ok(())
}

/// Blobs and manifests of one copy that have a task. Permits, quotas and the host's limit decide how
/// many of them move.
const AT_ONCE: usize = 256;

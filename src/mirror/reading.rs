//! Single manifests and small blobs of a source, read once for everybody who wants them.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt as _;

use super::engine::Engine;
use super::run::{flat, verify};
use super::shared::{Shared, permit};
use super::verified::{Origin, Reader, Verdict};
use crate::content::{Error, Listed, Source, entries, listed};
use crate::oci::{Descriptor, Digest, Manifest};
use crate::task::Context;

impl Engine {
    /// Reads a manifest of a source for whoever wants to know more before a copy, which will find it
    /// here. Counts as a pull where pulls are counted, unless a copy in this engine has read it.
    ///
    /// # Errors
    ///
    /// As [`Source::manifest`] says.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn read_manifest(
        &self,
        cx: &Context,
        source: &Arc<dyn Source>,
        digest: &Digest,
    ) -> Result<Manifest, Error> {
        manifest(self.shared(), cx, &**source, digest).await
    }

    /// What refers to a manifest, each once: signatures, attestations, bills of materials. Where
    /// the registry keeps no list, the one that clients keep under a tag is read as any manifest.
    ///
    /// That something is listed proves nothing: whether it really refers to the manifest, its own
    /// text says.
    ///
    /// # Errors
    ///
    /// The list cannot be read.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn referrers(
        &self,
        cx: &Context,
        source: &Arc<dyn Source>,
        digest: &Digest,
    ) -> Result<Vec<Descriptor>, Error> {
        Ok(match listed(&**source, cx, digest).await? {
            Listed::ByRegistry(entries) => entries,
            Listed::ByClients(index) => {
                let index = self.read_manifest(cx, source, &index.digest).await?;
                entries(&index, digest)
            }
            Listed::Nowhere => Vec::new(),
        })
    }

    /// Reads a small blob of a source as a whole, verified. It is held in memory: whoever calls this
    /// has looked at the size that is announced.
    ///
    /// # Errors
    ///
    /// As [`Source::open_blob`] says, or that the bytes are not those of the digest.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn read_blob(
        &self,
        cx: &Context,
        source: &Arc<dyn Source>,
        blob: &Descriptor,
    ) -> Result<Bytes, Error> {
        small_blob(self.shared(), cx, source, blob).await
    }
}

/// Reads a manifest at a source, unless a copy in this process has read it, wherever. Those who want
/// the same one at the same moment cause one read.
pub(super) async fn manifest(
    shared: &Shared,
    cx: &Context,
    source: &dyn Source,
    digest: &Digest,
) -> Result<Manifest, Error> {
    let _turn = shared.reading.take(cx, digest.clone()).await?;
    if let Some(manifest) = shared.manifests.get(digest) {
        return Ok(manifest);
    }
    let manifest = match pull(shared, cx, source, digest).await {
        Err(error) if error.has_wrong_bytes() => {
            cx.note_retry();
            pull(shared, cx, source, digest).await
        }
        pulled => pulled,
    }?;
    shared.manifests.put(manifest.clone());
    Ok(manifest)
}

async fn pull(
    shared: &Shared,
    cx: &Context,
    source: &dyn Source,
    digest: &Digest,
) -> Result<Manifest, Error> {
    let _permit = permit(cx, &shared.pulls).await?;
    let manifest = flat(cx.run(source.manifest(cx, digest)).await)?;
    verify(&manifest, digest)?;
    Ok(manifest)
}

/// A small blob as a whole, verified. Another copy may have read it, and the transfer finds it too.
pub(super) async fn small_blob(
    shared: &Shared,
    cx: &Context,
    source: &Arc<dyn Source>,
    blob: &Descriptor,
) -> Result<Bytes, Error> {
    let _claim = shared.fetching.wait(cx, &blob.digest).await?;
    if let Some(bytes) = shared.configs.get(&blob.digest) {
        return Ok(bytes);
    }
    let verdict = Verdict::default();
    let origin = Origin::Source(Arc::clone(source));
    let reader = Reader::new(cx.clone(), origin, blob.clone());
    let mut stream = reader.into_stream(verdict.clone());
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.next().await {
        match chunk {
            Ok(chunk) => bytes.extend_from_slice(&chunk),
            Err(error) => return Err(verdict.take().unwrap_or(error)),
        }
    }
    let bytes = Bytes::from(bytes);
    shared.configs.put(blob.digest.clone(), bytes.clone());
    Ok(bytes)
}

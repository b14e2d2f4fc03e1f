//! A repository in memory as a destination.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;

use super::*;

/// A repository as a destination; uploads keep it alive.
#[derive(Clone)]
pub(in crate::mirror) struct Target(pub(in crate::mirror) Arc<Memory>);

impl Target {
    fn open(&self, blob: &Descriptor) -> Box<dyn Upload> {
        self.0.state.lock().unwrap().uploads += 1;
        Box::new(Open {
            memory: Arc::clone(&self.0),
            blob: blob.clone(),
        })
    }
}

#[async_trait]
impl Destination for Target {
    fn repository(&self) -> &Repository {
        &self.0.repository
    }

    fn probing(&self) -> Probing {
        self.0.state.lock().unwrap().manners.probing
    }

    async fn resolve(&self, cx: &Context, version: &Version) -> Result<Option<Descriptor>, Error> {
        let event = Event::Resolve(version.clone());
        match self.0.enter(cx, On::Resolve, event).await? {
            Some(What::Show(digest)) => Ok(Some(foreign(&digest))),
            _ => Ok(self.0.lookup(version)),
        }
    }

    async fn manifest(&self, cx: &Context, digest: &Digest) -> Result<Option<Manifest>, Error> {
        let event = Event::ReadManifest(digest.clone());
        self.0.enter(cx, On::ReadManifest, event).await?;
        Ok(self.0.stored(digest))
    }

    async fn present_blobs(
        &self,
        cx: &Context,
        blobs: &[Descriptor],
    ) -> Result<HashSet<Digest>, Error> {
        let event = Event::CheckBlobs(blobs.len());
        self.0.enter(cx, On::CheckBlobs, event).await?;
        let state = self.0.state.lock().unwrap();
        let digests = blobs.iter().map(|blob| blob.digest.clone());
        Ok(digests
            .filter(|digest| state.blobs.contains_key(digest))
            .collect())
    }

    async fn read_back(
        &self,
        cx: &Context,
        blob: &Descriptor,
        offset: u64,
    ) -> Result<ByteStream, Error> {
        self.0.serve(cx, blob, offset).await
    }

    async fn upload_ticket(&self, cx: &Context) -> Result<Option<Ticket>, Error> {
        let bucket = self.0.state.lock().unwrap().bucket.clone();
        match bucket {
            Some(bucket) => Ok(Some(cx.run(bucket.ticket()).await?)),
            None => Ok(None),
        }
    }

    async fn begin_upload(
        &self,
        cx: &Context,
        blob: &Descriptor,
        ticket: Option<Ticket>,
    ) -> Result<Box<dyn Upload>, Error> {
        if let Some(ticket) = ticket {
            ticket.spend().accepted();
        }
        let event = Event::BeginUpload(blob.digest.clone());
        self.0.enter(cx, On::BeginUpload, event).await?;
        Ok(self.open(blob))
    }

    fn mounts(&self) -> bool {
        self.0.state.lock().unwrap().manners.mounts.is_some()
    }

    async fn mount_blob(
        &self,
        cx: &Context,
        blob: &Descriptor,
        from: &Repository,
        ticket: Option<Ticket>,
    ) -> Result<Mounted, Error> {
        if let Some(ticket) = ticket {
            ticket.spend().accepted();
        }
        let event = Event::MountBlob(blob.digest.clone(), from.path().to_owned());
        self.0.enter(cx, On::BeginUpload, event).await?;
        if self.0.blob(&blob.digest).is_some() {
            return Ok(Mounted::Here);
        }
        match self.0.neighbour(from).and_then(|it| it.blob(&blob.digest)) {
            Some(bytes) => {
                self.0.add_blob(bytes);
                Ok(Mounted::Here)
            }
            None => Ok(Mounted::Not(self.open(blob))),
        }
    }

    async fn listed_referrers(
        &self,
        cx: &Context,
        digest: &Digest,
    ) -> Result<Option<Vec<Descriptor>>, Error> {
        Source::listed_referrers(&*self.0, cx, digest).await
    }

    async fn put_referrer(&self, cx: &Context, manifest: &Manifest) -> Result<Lister, Error> {
        self.put_manifest(cx, manifest, None).await?;
        let state = self.0.state.lock().unwrap();
        Ok(match state.lists_referrers {
            true => Lister::Registry,
            false => Lister::Clients,
        })
    }

    async fn put_manifest(
        &self,
        cx: &Context,
        manifest: &Manifest,
        tag: Option<&Tag>,
    ) -> Result<Receipt, Error> {
        let digest = manifest.digest().clone();
        let event = Event::PutManifest(digest, tag.cloned());
        let what = self.0.enter(cx, On::PutManifest, event).await?;
        self.0.state.lock().unwrap().put(manifest, tag)?;
        answer(cx, what).await?;
        Ok(self.0.state.lock().unwrap().manners.receipt)
    }
}

#[async_trait]
impl Upload for Open {
    async fn commit(self: Box<Self>, cx: &Context, bytes: ByteStream) -> Result<(), Error> {
        let done = self.receive(cx, bytes).await;
        self.close();
        done
    }

    async fn cancel(self: Box<Self>) {
        let event = Event::CancelUpload(self.blob.digest.clone());
        self.memory.state.lock().unwrap().log.push(event);
        self.close();
    }
}

//! The verbs that both sides of a copy share, without saying how they are spoken.
//!
//! # Invariants
//!
//! - Nothing here knows HTTP. The engine above can be tested against memory.
//! - What a source hands out is not verified; whoever reads it verifies it.
//! - Every verb ends soon after its context does, and then says [`ErrorKind::Stopped`].

mod error;
mod referrers;

use std::collections::HashSet;
use std::fmt;
use std::pin::Pin;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::Stream;

pub use error::{Error, ErrorKind, PullBudget};
pub use referrers::{Attachments, Listed, attachments, entries, listed};

use crate::oci::{Descriptor, Digest, Manifest, Repository, Tag, Version};
use crate::task::{Context, Ticket};

/// Bytes of a blob, in order. An error ends the stream.
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, Error>> + Send>>;

/// A repository that content is read from.
#[async_trait]
pub trait Source: Send + Sync {
    /// Its name, for caches and messages.
    fn repository(&self) -> &Repository;

    /// Whether reading a manifest uses up an allowance, as far as it is known.
    fn counts_pulls(&self) -> bool;

    /// What a tag or digest stands for now, without a pull where the registry allows it.
    /// Not there is [`ErrorKind::NotFound`].
    async fn resolve(&self, cx: &Context, version: &Version) -> Result<Descriptor, Error>;

    /// The same, where it is nothing unusual that it is not there.
    async fn find(&self, cx: &Context, version: &Version) -> Result<Option<Descriptor>, Error> {
        match self.resolve(cx, version).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if *error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads a manifest by digest; its bytes have been verified against it. Where that uses up an
    /// allowance, as at Docker Hub, it is noted with [`Context::note_pull`].
    async fn manifest(&self, cx: &Context, digest: &Digest) -> Result<Manifest, Error>;

    /// What the registry itself lists as referring to a manifest; `None` when it keeps no such
    /// lists. Costs no pull.
    async fn listed_referrers(
        &self,
        cx: &Context,
        digest: &Digest,
    ) -> Result<Option<Vec<Descriptor>>, Error>;

    /// Opens a blob at an offset below its size. The stream ends after the last byte of the blob;
    /// fewer bytes are an error of the stream. The bytes are not verified.
    async fn open_blob(
        &self,
        cx: &Context,
        blob: &Descriptor,
        offset: u64,
    ) -> Result<ByteStream, Error>;
}

/// A repository that content is written to.
#[async_trait]
pub trait Destination: Send + Sync {
    /// Its name, for caches and messages.
    fn repository(&self) -> &Repository;

    /// What it takes to find out what it has.
    fn probing(&self) -> Probing;

    /// What a tag or digest stands for now; `None` when it is definitely not there.
    async fn resolve(&self, cx: &Context, version: &Version) -> Result<Option<Descriptor>, Error>;

    /// Reads a manifest by digest, verified; `None` when it is definitely not there.
    async fn manifest(&self, cx: &Context, digest: &Digest) -> Result<Option<Manifest>, Error>;

    /// Those of these blobs that are already in this repository.
    async fn present_blobs(
        &self,
        cx: &Context,
        blobs: &[Descriptor],
    ) -> Result<HashSet<Digest>, Error>;

    /// Opens a blob that is here, as [`Source::open_blob`] does. Some registries refuse to until an
    /// image refers to it.
    async fn read_back(
        &self,
        cx: &Context,
        blob: &Descriptor,
        offset: u64,
    ) -> Result<ByteStream, Error>;

    /// Waits until the other side takes one more upload, as far as it counts them. To be called
    /// before anything is held that others could use meanwhile.
    async fn upload_ticket(&self, cx: &Context) -> Result<Option<Ticket>, Error> {
        let _nobody_counts = cx;
        Ok(None)
    }

    /// Opens an upload for a blob, with what [`Destination::upload_ticket`] gave. Without a ticket
    /// it may have to wait for one.
    async fn begin_upload(
        &self,
        cx: &Context,
        blob: &Descriptor,
        ticket: Option<Ticket>,
    ) -> Result<Box<dyn Upload>, Error>;

    /// Whether [`Destination::mount_blob`] can do more than open an upload.
    fn mounts(&self) -> bool {
        false
    }

    /// Takes a blob from a repository of the same registry, which may be this one: then it only
    /// finds out whether the blob is here. Otherwise this opens an upload; it takes no more
    /// requests than that.
    async fn mount_blob(
        &self,
        cx: &Context,
        blob: &Descriptor,
        from: &Repository,
        ticket: Option<Ticket>,
    ) -> Result<Mounted, Error> {
        let _nowhere = from;
        let begun = self.begin_upload(cx, blob, ticket).await;
        begun.map(Mounted::Not)
    }

    /// What the registry itself lists as referring to a manifest; `None` when it keeps no such
    /// lists, or has no such repository.
    async fn listed_referrers(
        &self,
        cx: &Context,
        digest: &Digest,
    ) -> Result<Option<Vec<Descriptor>>, Error>;

    /// Stores a manifest that refers to another one under its digest, and tells whose list it is
    /// in. Its children are present.
    async fn put_referrer(&self, cx: &Context, manifest: &Manifest) -> Result<Lister, Error>;

    /// Stores a manifest under its digest and, if given, under a tag. Its children are present.
    async fn put_manifest(
        &self,
        cx: &Context,
        manifest: &Manifest,
        tag: Option<&Tag>,
    ) -> Result<Receipt, Error>;
}

/// What it takes to find out what a destination has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probing {
    /// Nothing: the repository is new, and has only what copies of this process put there.
    Needless,
    /// One request for many blobs.
    Cheap,
    /// A request for each blob.
    Costly,
}

/// What came of taking a blob from another repository.
pub enum Mounted {
    /// It is here.
    Here,
    /// It has to be uploaded.
    Not(Box<dyn Upload>),
}

/// What a destination said when it stored a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// It stated the digest, and shows it from now on.
    Stated,
    /// It accepted it. Readers may have to wait.
    Accepted,
}

/// Who keeps the list of what refers to a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lister {
    /// The registry, which has noted what it was given.
    Registry,
    /// Its clients, under a tag.
    Clients,
}

impl fmt::Debug for Mounted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Here => "Here",
            Self::Not(_) => "Not",
        })
    }
}

/// An open upload of one blob.
#[async_trait]
pub trait Upload: Send {
    /// Sends the whole blob and makes it readable under its digest. The stream must yield exactly
    /// the announced size and must fail before its last byte when the bytes are wrong: an error
    /// of the stream leaves nothing behind. Before this returns such an error, or after the context
    /// ended, the upload is given up as by [`Upload::cancel`]. One that the registry itself refused
    /// or lost is left to it.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future may leave the blob committed, never a part of it.
    async fn commit(self: Box<Self>, cx: &Context, bytes: ByteStream) -> Result<(), Error>;

    /// Gives the upload up, as far as the registry lets us. Best effort, at most two seconds.
    async fn cancel(self: Box<Self>);
}

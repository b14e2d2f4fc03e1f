//! What is asked of a repository in memory, and what goes wrong.

use std::sync::Arc;

use tokio::sync::{Notify, Semaphore};

use crate::content::{Error, ErrorKind};
use crate::oci::{Digest, Tag, Version};
use crate::task::Context;

/// What was asked of a repository, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::mirror) enum Event {
    Resolve(Version),
    ReadManifest(Digest),
    ListReferrers(Digest),
    OpenBlob(Digest, u64),
    CheckBlobs(usize),
    BeginUpload(Digest),
    /// From the repository with this path.
    MountBlob(Digest, String),
    CommitBlob(Digest),
    CancelUpload(Digest),
    PutManifest(Digest, Option<Tag>),
}

/// Where a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mirror) enum On {
    Resolve,
    ReadManifest,
    ListReferrers,
    OpenBlob,
    CheckBlobs,
    BeginUpload,
    CommitBlob,
    PutManifest,
}

/// What a fault does.
#[derive(Clone, Debug)]
pub(in crate::mirror) enum What {
    /// Nothing is done.
    Fail(ErrorKind),
    /// Everything is done, and then the answer is lost.
    LoseAnswer(ErrorKind),
    /// Everything is done, and the answer waits here until the gate is opened or the context ends.
    HoldAnswer(Arc<Gate>),
    /// Part of the request is done; the stream is cut after so many bytes.
    Cut(usize),
    /// The stream stays silent after so many bytes.
    Silence(usize),
    /// A byte differs.
    WrongByte,
    /// One byte too many.
    Longer,
    /// The blobs of the repository disappear, and the request fails with a missing child.
    LoseBlobs,
    /// Blobs and manifests disappear, and the request fails with a missing child.
    LoseEverything,
    /// A tag shows this, whatever was put.
    Show(Digest),
    /// Somebody else sets this tag just before.
    SetTag(Tag, Digest),
    /// The request waits here until the gate is opened or the context ends.
    Wait(Arc<Gate>),
    /// The request never ends, whatever the context says.
    Hang,
    /// Nothing is done, once another request waits at the gate.
    FailAfter(Arc<Gate>, ErrorKind),
}

/// A fault: on which request, whose subject contains what, after how many, how often.
#[derive(Clone, Debug)]
pub(in crate::mirror) struct Fault {
    pub(in crate::mirror) on: On,
    pub(in crate::mirror) subject: String,
    pub(in crate::mirror) skip: usize,
    pub(in crate::mirror) times: usize,
    pub(in crate::mirror) what: What,
}

/// A place at which a request can be held.
#[derive(Debug)]
pub(in crate::mirror) struct Gate {
    reached: Notify,
    open: Semaphore,
}

impl Gate {
    pub(in crate::mirror) fn closed() -> Arc<Self> {
        Arc::new(Self {
            reached: Notify::new(),
            open: Semaphore::new(0),
        })
    }

    pub(in crate::mirror) async fn reached(&self) {
        self.reached.notified().await;
    }

    pub(in crate::mirror) fn open(&self) {
        self.open.add_permits(1_000);
    }

    pub(super) async fn pass(&self, cx: &Context) -> Result<(), Error> {
        self.reached.notify_one();
        drop(cx.run(self.open.acquire()).await?);
        Ok(())
    }
}

impl Fault {
    pub(in crate::mirror) fn once(on: On, what: What) -> Self {
        Self {
            on,
            subject: String::new(),
            skip: 0,
            times: 1,
            what,
        }
    }

    pub(in crate::mirror) fn times(self, times: usize) -> Self {
        Self { times, ..self }
    }

    pub(in crate::mirror) fn skip(self, skip: usize) -> Self {
        Self { skip, ..self }
    }

    pub(in crate::mirror) fn of(self, subject: impl ToString) -> Self {
        Self {
            subject: subject.to_string(),
            ..self
        }
    }
}

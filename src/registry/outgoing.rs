//! The bytes of an upload on their way out: counted, and watched for standing still.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context as TaskContext, Poll};

use bytes::Bytes;
use futures_util::Stream;
use tokio::time::Instant;

use crate::content::{self, ByteStream, ErrorKind};
use crate::net::limits;
use crate::net::transport::{TransportError, TransportErrorKind};
use crate::task::monotonic;

/// Passes chunks through, and fails before the last byte when there are fewer or more of them
/// than announced.
pub(super) struct Outgoing {
    bytes: ByteStream,
    left: u64,
    size: u64,
    state: State,
}

/// What is known about an upload under way. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct State(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    /// When the wire last took something, or asked for something.
    moved: Instant,
    is_sent: bool,
    /// The source is being waited for; its own limits apply.
    is_starved: bool,
    error: Option<content::Error>,
}

impl Outgoing {
    pub(super) fn new(bytes: ByteStream, size: u64) -> Self {
        Self {
            bytes,
            left: size,
            size,
            state: State(Arc::new(Mutex::new(Inner {
                moved: monotonic(),
                is_sent: size == 0,
                is_starved: false,
                error: None,
            }))),
        }
    }

    pub(super) fn state(&self) -> State {
        self.state.clone()
    }

    fn fail(&self, error: content::Error) -> Poll<Option<io::Result<Bytes>>> {
        let text = error.to_string();
        self.state.with(|inner| inner.error = Some(error));
        Poll::Ready(Some(Err(io::Error::other(text))))
    }

    fn wrong_size(&self) -> Poll<Option<io::Result<Bytes>>> {
        self.fail(
            ErrorKind::WrongSize {
                expected: self.size,
            }
            .into(),
        )
    }
}

impl State {
    fn with<T>(&self, work: impl FnOnce(&mut Inner) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The wire can take something from now on.
    pub(super) fn begin(&self) {
        self.with(|inner| inner.moved = monotonic());
    }

    /// What the source said, if it failed.
    pub(super) fn take_error(&self) -> Option<content::Error> {
        self.with(|inner| inner.error.take())
    }

    /// Whether the wire has taken everything.
    pub(super) fn is_sent(&self) -> bool {
        self.with(|inner| inner.is_sent)
    }

    /// Whether the wire would take more, and there is nothing.
    pub(super) fn is_starved(&self) -> bool {
        self.with(|inner| inner.is_starved)
    }

    /// Until when the wire may stand still.
    fn limit(&self) -> Instant {
        self.with(|inner| {
            let patience = if inner.is_sent || inner.is_starved {
                limits::COMMIT_ANSWER
            } else {
                limits::SEND_STALL
            };
            inner.moved + patience
        })
    }
}

impl Stream for Outgoing {
    type Item = io::Result<Bytes>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<io::Result<Bytes>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let chunk = self.bytes.as_mut().poll_next(cx);
        match chunk {
            Poll::Pending => {
                self.state.with(|inner| inner.is_starved = true);
                Poll::Pending
            }
            Poll::Ready(None) => self.wrong_size(),
            Poll::Ready(Some(Err(error))) => self.fail(error),
            Poll::Ready(Some(Ok(chunk))) => {
                let length = chunk.len() as u64;
                if length > self.left {
                    return self.wrong_size();
                }
                self.left -= length;
                let is_sent = self.left == 0;
                self.state.with(|inner| {
                    inner.moved = monotonic();
                    inner.is_sent = is_sent;
                    inner.is_starved = false;
                });
                Poll::Ready(Some(Ok(chunk)))
            }
        }
    }
}

/// Waits for the answer to an upload as long as bytes move, and [`limits::COMMIT_ANSWER`] after
/// the last one. While the source is waited for, its own limits apply.
pub(super) async fn watch<T>(
    state: &State,
    answer: impl Future<Output = Result<T, TransportError>>,
) -> Result<T, TransportError> {
    let mut answer = std::pin::pin!(answer);
    loop {
        let limit = state.limit();
        if let Ok(answered) = tokio::time::timeout_at(limit, &mut answer).await {
            return answered;
        }
        if state.limit() <= limit {
            return Err(TransportErrorKind::Timeout.into());
        }
    }
}

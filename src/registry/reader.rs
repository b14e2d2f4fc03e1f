//! The bytes of a blob on their way: counted, and never waited for without a limit.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes};
use futures_util::Stream;
use tokio::time::{Instant, Sleep, sleep};

use super::error::{Error, Fault, Subject, transport};
use crate::content;
use crate::net::limits;
use crate::net::transport::{Incoming, TransportErrorKind};
use crate::task::{Context, Stopped, monotonic};

/// Passes chunks through as they were received, exactly as many bytes as were announced.
///
/// Fewer bytes, a broken connection or [`limits::STALL`] of waiting for fewer than
/// [`limits::TRICKLE`] bytes end the stream with [`content::ErrorKind::Interrupted`]; more bytes
/// with `WrongSize`; the end of the context with `Stopped`. Time in which nobody asks for bytes
/// does not count.
pub(super) struct BlobReader {
    subject: Subject,
    body: Incoming,
    /// Bytes still to skip, because the server ignored the offset.
    skip: u64,
    /// Bytes still to hand out.
    left: u64,
    /// Bytes handed out.
    passed: u64,
    /// Runs while a chunk is waited for.
    stall: Pin<Box<Sleep>>,
    /// Since when a chunk is waited for.
    waiting: Option<Instant>,
    /// How much longer may be waited for [`limits::TRICKLE`] bytes, and how many have come.
    patience: Duration,
    trickled: u64,
    stopped: Pin<Box<dyn Future<Output = Stopped> + Send>>,
    is_done: bool,
}

impl BlobReader {
    pub(super) fn new(
        cx: &Context,
        subject: Subject,
        body: Incoming,
        length: u64,
        skip: u64,
    ) -> Self {
        let cx = cx.clone();
        Self {
            subject,
            body,
            skip,
            left: length,
            passed: 0,
            stall: Box::pin(idle()),
            waiting: None,
            patience: limits::STALL,
            trickled: 0,
            stopped: Box::pin(async move { cx.stopped().await }),
            is_done: false,
        }
    }

    fn take(&mut self, mut chunk: Bytes) -> Result<Bytes, Fault> {
        let skipped = self.skip.min(chunk.len() as u64);
        self.skip -= skipped;
        // No more than the length of the chunk, so it fits.
        chunk.advance(usize::try_from(skipped).unwrap_or(chunk.len()));
        let length = chunk.len() as u64;
        if length > self.left {
            return Err(Fault::Size {
                expected: self.passed + self.left,
                found: self.passed + length,
            });
        }
        self.left -= length;
        self.passed += length;
        Ok(chunk)
    }

    /// Counts what came against the time it was waited for.
    fn count(&mut self, length: u64) {
        if let Some(since) = self.waiting.take() {
            self.patience = self.patience.saturating_sub(since.elapsed());
        }
        self.trickled += length;
        if self.trickled >= limits::TRICKLE {
            self.trickled = 0;
            self.patience = limits::STALL;
        }
    }

    /// The next chunk with something in it; `None` at the end.
    fn poll_chunk(&mut self, cx: &mut TaskContext<'_>) -> Poll<Option<Result<Bytes, Fault>>> {
        loop {
            match Pin::new(&mut self.body).poll_next(cx) {
                Poll::Ready(Some(Ok(chunk))) => {
                    self.count(chunk.len() as u64);
                    match self.take(chunk) {
                        Ok(chunk) if chunk.is_empty() => {}
                        other => return Poll::Ready(Some(other)),
                    }
                }
                Poll::Ready(Some(Err(error))) => {
                    return Poll::Ready(Some(Err(transport(error))));
                }
                Poll::Ready(None) if self.left > 0 || self.skip > 0 => {
                    return Poll::Ready(Some(Err(cut())));
                }
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => return self.poll_limits(cx),
            }
        }
    }

    fn poll_limits(&mut self, cx: &mut TaskContext<'_>) -> Poll<Option<Result<Bytes, Fault>>> {
        if let Poll::Ready(reason) = self.stopped.as_mut().poll(cx) {
            return Poll::Ready(Some(Err(Fault::Stopped {
                reason,
                pending: None,
            })));
        }
        if self.waiting.is_none() {
            let now = monotonic();
            self.waiting = Some(now);
            self.stall.as_mut().reset(now + self.patience);
        }
        match self.stall.as_mut().poll(cx) {
            Poll::Ready(()) => {
                Poll::Ready(Some(Err(transport(TransportErrorKind::Stalled.into()))))
            }
            Poll::Pending => Poll::Pending,
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a limit on waiting, not a wait: it is raced against the next chunk"
)]
fn idle() -> Sleep {
    sleep(limits::STALL)
}

fn cut() -> Fault {
    transport(TransportErrorKind::Cut.into())
}

impl Stream for BlobReader {
    type Item = Result<Bytes, content::Error>;

    fn poll_next(
        self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Bytes, content::Error>>> {
        let reader = self.get_mut();
        if reader.is_done {
            return Poll::Ready(None);
        }
        let chunk = match reader.poll_chunk(cx) {
            Poll::Ready(chunk) => chunk,
            Poll::Pending => return Poll::Pending,
        };
        reader.is_done = !matches!(chunk, Some(Ok(_)));
        Poll::Ready(
            chunk.map(|chunk| chunk.map_err(|fault| Error::new(&reader.subject, fault).into())),
        )
    }
}

//! Bodies that break off, stop or lie.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http_body::Frame;
use tokio::sync::watch;

use crate::exchange::Body;

/// What happens to a body on its way.
#[derive(Debug)]
pub(crate) enum Shape {
    /// An error after so many bytes.
    Cut(u64),
    /// Nothing after so many bytes, until the gate opens.
    Stall(u64, watch::Receiver<bool>),
    /// The byte at this place has its lowest bit flipped.
    Wrong(u64),
}

/// The body with that happening to it.
pub(crate) fn shaped(body: Body, shape: Shape) -> Body {
    let (limit, ending) = match shape {
        Shape::Cut(limit) => (limit, Ending::Cut),
        Shape::Stall(limit, mut gate) => {
            let opened = async move {
                // A gate that is gone holds nothing.
                gate.wait_for(|is_open| *is_open).await.ok();
            };
            (limit, Ending::Stall(Box::pin(opened)))
        }
        Shape::Wrong(at) => (u64::MAX, Ending::None { flip: at }),
    };
    Body::wrapping(Shaped {
        body,
        limit,
        ending,
        passed: 0,
        held: None,
        is_flushed: false,
    })
}

struct Shaped {
    body: Body,
    limit: u64,
    ending: Ending,
    passed: u64,
    held: Option<Bytes>,
    is_flushed: bool,
}

enum Ending {
    Cut,
    Stall(Pin<Box<dyn Future<Output = ()> + Send + Sync>>),
    None { flip: u64 },
}

impl http_body::Body for Shaped {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        if this.passed >= this.limit && !this.is_at_end() {
            std::task::ready!(this.poll_limit(cx))?;
        }
        let mut bytes = match this.held.take() {
            Some(held) => held,
            None => match std::task::ready!(Pin::new(&mut this.body).poll_frame(cx)?) {
                Some(frame) => frame.into_data().unwrap_or_default(),
                None => return Poll::Ready(None),
            },
        };
        if let Ok(room) = usize::try_from(this.limit.saturating_sub(this.passed))
            && room < bytes.len()
        {
            this.held = Some(bytes.split_off(room));
        }
        if let Ending::None { flip } = this.ending {
            bytes = with_flipped(bytes, flip.checked_sub(this.passed));
        }
        this.passed += bytes.len() as u64;
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    fn size_hint(&self) -> http_body::SizeHint {
        // The length stays declared as the original: that is the point of breaking off.
        let mut hint = self.body.size_hint();
        if let (Some(held), Some(exact)) = (&self.held, hint.exact()) {
            hint.set_exact(exact + held.len() as u64);
        }
        hint
    }
}

impl Shaped {
    fn is_at_end(&self) -> bool {
        self.held.is_none() && http_body::Body::is_end_stream(&self.body)
    }

    /// Ready with nothing to go on, or with the error that ends the body.
    fn poll_limit(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.ending {
            // One idle turn first, so that the connection writes out what it has: an error makes it
            // drop its buffer.
            Ending::Cut if !self.is_flushed => {
                self.is_flushed = true;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Ending::Cut => Poll::Ready(Err(io::Error::other("cut by a fault"))),
            Ending::Stall(opened) => {
                std::task::ready!(opened.as_mut().poll(cx));
                self.limit = u64::MAX;
                Poll::Ready(Ok(()))
            }
            Ending::None { .. } => Poll::Ready(Ok(())),
        }
    }
}

impl fmt::Debug for Shaped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shaped")
            .field("passed", &self.passed)
            .finish_non_exhaustive()
    }
}

fn with_flipped(bytes: Bytes, at: Option<u64>) -> Bytes {
    let place = at.and_then(|at| usize::try_from(at).ok());
    let mut changed = BytesMut::from(bytes.as_ref());
    match place.and_then(|place| changed.get_mut(place)) {
        Some(byte) => {
            *byte ^= 1;
            changed.freeze()
        }
        None => bytes,
    }
}

//! How often a registry takes the requests that it counts per account.

use std::sync::{Arc, Mutex, PoisonError};

use http::StatusCode;

use super::answer::asked_pause;
use crate::net::host_limiter::Slot;
use crate::net::transport::Response;
use crate::task::{Bucket, Context, Rate, Spent, Ticket};

/// The quotas of one account, each for one kind of request. Whoever reads and writes its
/// repositories shares one pace, whichever repository it is and whoever asks.
#[derive(Debug)]
pub struct Pace {
    /// POST of an upload.
    pub(super) open_upload: Arc<Bucket>,
    /// PUT of an upload, which closes it.
    pub(super) close_upload: Arc<Bucket>,
    /// PUT of a manifest.
    pub(super) put_manifest: Arc<Bucket>,
    /// GET of a manifest.
    pub(super) read_manifest: Arc<Bucket>,
}

impl Pace {
    /// The same rate for each kind of request.
    #[must_use]
    pub fn new(rate: Rate) -> Arc<Self> {
        Arc::new(Self {
            open_upload: Bucket::new(rate),
            close_upload: Bucket::new(rate),
            put_manifest: Bucket::new(rate),
            read_manifest: Bucket::new(rate),
        })
    }
}

/// Waits until a request may be sent once more, as far as somebody counts.
///
/// # Cancel safety
///
/// Cancel safe.
pub(super) async fn ticket(cx: &Context, bucket: Option<&Arc<Bucket>>) -> Option<Ticket> {
    let bucket = bucket?;
    let _waits = cx.waits_for("a turn within the quotas of the account");
    Some(bucket.ticket().await)
}

/// The quota that a call counts against, and a ticket that was taken ahead of it.
#[derive(Clone, Debug)]
pub(super) struct Counted {
    bucket: Arc<Bucket>,
    ahead: Arc<Mutex<Option<Ticket>>>,
}

impl Counted {
    pub(super) fn new(bucket: &Arc<Bucket>, ahead: Option<Ticket>) -> Self {
        Self {
            bucket: Arc::clone(bucket),
            ahead: Arc::new(Mutex::new(ahead)),
        }
    }

    /// A ticket for sending it once.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub(super) async fn ticket(&self, cx: &Context) -> Option<Ticket> {
        match self.take_ahead() {
            Some(ticket) => Some(ticket),
            None => ticket(cx, Some(&self.bucket)).await,
        }
    }

    /// One from before the last refusal would not keep the pause that came with it.
    fn take_ahead(&self) -> Option<Ticket> {
        let mut ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        ahead.take().filter(|ticket| !ticket.is_stale())
    }
}

/// A request under way, and who learns from its answer. That an account asks too often says
/// nothing about how much its host can take at once, and the other way round.
#[derive(Debug)]
pub(super) struct UnderWay {
    slot: Slot,
    spent: Option<Spent>,
}

impl UnderWay {
    /// To be called right before it is sent.
    pub(super) fn new(slot: Slot, ticket: Option<Ticket>) -> Self {
        Self {
            slot,
            spent: ticket.map(Ticket::spend),
        }
    }

    /// Learns from the head of the answer.
    pub(super) fn answered(self, response: &Response) {
        match self.spent {
            Some(spent) if response.status == StatusCode::TOO_MANY_REQUESTS => {
                spent.refused(asked_pause(&response.headers));
            }
            Some(spent) => {
                if !response.status.is_server_error() {
                    spent.accepted();
                }
                self.slot.answered(response);
            }
            None => self.slot.answered(response),
        }
    }
}

//! How often something may be done: a token bucket that learns from whoever set the limit.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};
use tokio::time::Instant;

use super::monotonic;

/// So many at once, and so many per second in the long run.
///
/// First come, first served. The rate begins at what is documented. Each refusal lowers it, each
/// acceptance raises it a little again, and it never rises above what it was at first: a limit that
/// is found by exceeding it is found by errors.
#[derive(Debug)]
pub struct Bucket {
    rate: Rate,
    /// Whoever waits for a ticket stands here; the first in line waits for the clock.
    line: Semaphore,
    /// A ticket was spent or given back.
    changed: Notify,
    state: Mutex<State>,
}

/// What a [`Bucket`] allows as long as nobody complains.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// In the long run.
    pub per_second: f64,
    /// At once, after a rest. At least one.
    pub burst: u32,
}

/// Virtual scheduling (ITU-T I.371): instead of tokens, the time at which the bucket will be full
/// again. Whole nanoseconds, so nothing is lost by rounding, however long it runs.
#[derive(Debug)]
struct State {
    per_second: f64,
    full_at: Instant,
    /// Tickets that are out, and not spent yet.
    held: u32,
    /// How often the rate was lowered.
    lowerings: u64,
}

/// Leave to do it once, soon. Given back when it is dropped.
///
/// The clock of the bucket runs from when a ticket is spent: those who hold one for a while can
/// never come all at once with more than the bucket allows at that moment. That also means that no
/// more tickets are out than the burst.
#[derive(Debug)]
pub struct Ticket {
    bucket: Arc<Bucket>,
    lowerings: u64,
}

/// It is being done; what comes of it teaches the bucket.
#[derive(Debug)]
#[must_use = "the bucket learns from the answer"]
pub struct Spent {
    bucket: Arc<Bucket>,
    lowerings: u64,
}

impl Bucket {
    /// A bucket that is full.
    #[must_use]
    pub fn new(rate: Rate) -> Arc<Self> {
        Arc::new(Self {
            rate,
            line: Semaphore::new(1),
            changed: Notify::new(),
            state: Mutex::new(State {
                per_second: rate.per_second,
                full_at: monotonic(),
                held: 0,
                lowerings: 0,
            }),
        })
    }

    /// Waits in line for a ticket.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe; the place in line is given up.
    pub async fn ticket(self: &Arc<Self>) -> Ticket {
        // Nobody closes it.
        let _first_in_line = self.line.acquire().await;
        loop {
            // Only the first in line listens, and what it was told while it did not is kept.
            let changed = self.changed.notified();
            match self.try_hold() {
                Ok(ticket) => return ticket,
                Err(None) => changed.await,
                Err(Some(at)) => tokio::select! {
                    () = changed => {}
                    () = tokio::time::sleep_until(at) => {}
                },
            }
        }
    }

    /// A ticket, or from when there is one, if that is only a matter of time.
    fn try_hold(self: &Arc<Self>) -> Result<Ticket, Option<Instant>> {
        let mut state = self.lock();
        let rest = self.rate.burst.max(1) - 1;
        let spare = rest.checked_sub(state.held).ok_or(None)?;
        let lead = state.interval() * spare;
        let now = monotonic();
        if state.full_at > now + lead {
            return Err(Some(state.full_at - lead));
        }
        state.held += 1;
        Ok(Ticket {
            bucket: Arc::clone(self),
            lowerings: state.lowerings,
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn interval(&self) -> Duration {
        Duration::from_secs_f64(1.0 / self.per_second)
    }
}

impl Ticket {
    /// Whether the bucket was told to slow down since this was handed out.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.bucket.lock().lowerings != self.lowerings
    }

    /// To be called right before it is done.
    pub fn spend(self) -> Spent {
        let mut state = self.bucket.lock();
        state.full_at = state.full_at.max(monotonic()) + state.interval();
        let lowerings = state.lowerings;
        drop(state);
        Spent {
            bucket: Arc::clone(&self.bucket),
            lowerings,
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.bucket.lock().held -= 1;
        self.bucket.changed.notify_one();
    }
}

impl Spent {
    /// It was not too much.
    pub fn accepted(self) {
        let full = self.bucket.rate.per_second;
        let mut state = self.bucket.lock();
        if state.lowerings == self.lowerings {
            state.per_second = (state.per_second + full * GROWTH).min(full);
        }
    }

    /// It was too much: the other side has nothing left, and wants peace for so long.
    ///
    /// Of those that were under way together, the first refusal counts: the others say nothing
    /// about the lowered rate. How long to wait, each of them may say.
    pub fn refused(self, retry_after: Option<Duration>) {
        let rate = self.bucket.rate;
        let mut state = self.bucket.lock();
        if state.lowerings == self.lowerings {
            state.per_second = (state.per_second * REDUCTION).max(rate.per_second * FLOOR);
            state.lowerings += 1;
            tracing::debug!(per_second = state.per_second, "asked to slow down");
        }
        let interval = state.interval();
        let pause = retry_after.map_or(interval, |asked| asked.clamp(interval, LONGEST_PAUSE));
        let empty = monotonic() + pause + interval * (rate.burst.max(1) - 1);
        state.full_at = state.full_at.max(empty);
    }
}

/// What is left of the rate after a refusal.
const REDUCTION: f64 = 0.7;

/// The least that is ever left of it, so that it can be found out when better times come.
const FLOOR: f64 = 0.1;

/// What one acceptance adds. At ten per second, a single refusal is made good in seven seconds.
const GROWTH: f64 = 1.0 / 200.0;

/// The longest pause that another side can ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(120);

#[cfg(test)]
mod tests;

//! The only loop that waits, and the policies it is given.

use std::fmt::Display;
use std::future::Future;
use std::time::Duration;

use super::backoff::Backoff;
use super::transport::TransportErrorKind;
use crate::task::{Context, Stopped, monotonic};

/// How long we insist, and on what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RetryPolicy {
    /// Tries in all, the first included.
    pub(crate) max_attempts: u32,
    /// How long to wait between two tries when the other side does not say.
    pub(crate) backoff: Backoff,
    /// The longest wait that another side can ask for; longer ones are cut to this.
    pub(crate) max_retry_after: Duration,
    /// What is worth another try.
    pub(crate) retries: Failures,
}

/// Requests whose body is absent or in memory: six tries, in the worst case about 15 seconds of
/// waiting on average, so that a registry which restarts is waited for and one which is down is
/// not waited for long.
pub(crate) const REPEATABLE: RetryPolicy = RetryPolicy {
    max_attempts: 6,
    backoff: Backoff {
        base: Duration::from_millis(500),
        cap: Duration::from_secs(30),
    },
    max_retry_after: Duration::from_secs(120),
    retries: Failures::CONNECT
        .or(Failures::BROKEN)
        .or(Failures::THROTTLED)
        .or(Failures::UNAVAILABLE),
};

/// A set of reasons to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failures(u8);

impl Failures {
    /// No connection.
    pub(crate) const CONNECT: Self = Self(1);
    /// A connection that ended or went silent.
    pub(crate) const BROKEN: Self = Self(1 << 1);
    /// Too many requests.
    pub(crate) const THROTTLED: Self = Self(1 << 2);
    /// A status that says "not now".
    pub(crate) const UNAVAILABLE: Self = Self(1 << 3);
    /// Nothing helps.
    pub(crate) const NONE: Self = Self(0);

    /// Those of both sets.
    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` are in this set. Nothing is in no set.
    pub(crate) fn contains(self, other: Self) -> bool {
        other.0 != 0 && self.0 & other.0 == other.0
    }

    /// What a transport error is, as a reason to try again.
    pub(crate) fn of_transport(kind: TransportErrorKind) -> Self {
        match kind {
            TransportErrorKind::Connect => Self::CONNECT,
            TransportErrorKind::Closed
            | TransportErrorKind::Timeout
            | TransportErrorKind::Stalled
            | TransportErrorKind::Cut => Self::BROKEN,
            TransportErrorKind::Tls | TransportErrorKind::Invalid => Self::NONE,
        }
    }

    /// What a status is, as a reason to try again: those that say "not now", in HTTP's own words
    /// or in the words of proxies that are common in front of registries (499, 522).
    pub(crate) fn of_status(status: u16) -> Self {
        match status {
            429 => Self::THROTTLED,
            408 | 425 | 499 | 500 | 502 | 503 | 504 | 522 => Self::UNAVAILABLE,
            _ => Self::NONE,
        }
    }
}

/// An error that knows whether another try can help.
pub(crate) trait Retryable {
    /// Which failure it is.
    fn failure(&self) -> Failures;

    /// How long the other side asked us to wait.
    fn retry_after(&self) -> Option<Duration>;
}

/// What was left when no further try was made.
#[derive(Debug)]
pub(crate) struct GaveUp<E> {
    /// The last error; `None` if the first try was never made or finished.
    pub(crate) error: Option<E>,
    /// Why no further try was made, unless the policy forbade it.
    pub(crate) stopped: Option<Stopped>,
    /// Tries made.
    pub(crate) attempts: u32,
    /// How long all of them took, waits included.
    pub(crate) elapsed: Duration,
}

/// Tries until it works, the policy is exhausted or the context ends.
///
/// When the next wait would last longer than the context, the last error is returned at once: it
/// says more than "out of time" does. The closure is dropped when the context ends, so it must be
/// cancel safe.
///
/// # Errors
///
/// The last error, with tries and time; and why it stopped, if it was stopped.
pub(crate) async fn run<T, E: Retryable + Display + Sync, F: Future<Output = Result<T, E>>>(
    cx: &Context,
    policy: &RetryPolicy,
    mut attempt: impl FnMut(u32) -> F,
) -> Result<T, GaveUp<E>> {
    let started = monotonic();
    let mut attempts = 0;
    let mut last = None;
    loop {
        let outcome = cx.run(attempt(attempts)).await;
        let gave_up = |error, stopped, attempts| GaveUp {
            error,
            stopped,
            attempts,
            elapsed: started.elapsed(),
        };
        let error = match outcome {
            Ok(Ok(done)) => {
                cx.note_step();
                return Ok(done);
            }
            Ok(Err(error)) => error,
            Err(stopped) => return Err(gave_up(last, Some(stopped), attempts)),
        };
        attempts += 1;
        if attempts >= policy.max_attempts || !policy.retries.contains(error.failure()) {
            return Err(gave_up(Some(error), None, attempts));
        }
        let wait = policy.wait(attempts, error.retry_after());
        let is_too_late = cx
            .deadline()
            .is_some_and(|deadline| monotonic() + wait >= deadline);
        if is_too_late {
            return Err(gave_up(Some(error), None, attempts));
        }
        let paused = pause(cx, wait, &error).await;
        last = Some(error);
        if let Err(stopped) = paused {
            return Err(gave_up(last, Some(stopped), attempts));
        }
        cx.note_retry();
    }
}

impl RetryPolicy {
    /// "At once" does not say how long to wait: all tries would be used up in a moment.
    fn wait(&self, failed: u32, asked: Option<Duration>) -> Duration {
        asked.filter(|asked| !asked.is_zero()).map_or_else(
            || self.backoff.delay(failed, fastrand::f64()),
            |asked| asked.min(self.max_retry_after),
        )
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that waits")]
async fn pause<E: Retryable + Display + Sync>(
    cx: &Context,
    wait: Duration,
    error: &E,
) -> Result<(), Stopped> {
    let whose = match error.retry_after() {
        Some(_) => "that the other side asked for",
        None => "before another try",
    };
    let seconds = wait.as_secs_f64();
    let _waits = cx.waits_for(format!(
        "the end of a pause of {seconds:.1} seconds {whose}: {error}"
    ));
    cx.run(tokio::time::sleep(wait)).await
}

/// Reads a `Retry-After`: seconds, or a date to be compared with `now`.
///
/// RFC 9110, *Retry-After*. Nonsense is treated as absent, a date in the past as zero.
pub(crate) fn retry_after(value: &str, now: std::time::SystemTime) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests;

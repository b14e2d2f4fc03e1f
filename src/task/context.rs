//! What everything that waits is handed first: may it go on, until when, and who wants to know.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Activity, monotonic};

/// Cancellation and deadline of one piece of work, and where it is noted. Cheap to clone; clones
/// share all of it.
#[derive(Clone, Debug, Default)]
pub struct Context {
    token: CancellationToken,
    deadline: Option<Deadline>,
    pub(super) activity: Option<Activity>,
}

#[derive(Clone, Copy, Debug)]
struct Deadline {
    at: Instant,
    limit: Limit,
}

/// How long work may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// So long.
    pub length: Duration,
    /// What it is called by whoever can change it, if there is somebody.
    pub name: Option<&'static str>,
}

impl From<Duration> for Limit {
    fn from(length: Duration) -> Self {
        Self { length, name: None }
    }
}

/// Why work ended before it was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// Terraform asked the provider to stop, or the connection to it went away.
    #[error("the operation was cancelled")]
    Cancelled,
    /// The deadline of the whole operation passed.
    #[error("the operation did not finish within {}", humane(.0.length))]
    DeadlineExceeded(Limit),
}

impl Context {
    /// A context that nobody has cancelled and that has no deadline.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A context governed by a token that somebody else holds.
    #[must_use]
    pub fn with_token(token: CancellationToken) -> Self {
        Self {
            token,
            ..Self::default()
        }
    }

    /// A context that ends with this one and can be cancelled by itself.
    #[must_use]
    pub fn child(&self) -> Self {
        Self {
            token: self.token.child_token(),
            ..self.clone()
        }
    }

    /// A context that nobody has cancelled and that has no deadline, for cleaning up after this one
    /// has ended. What is done under it is noted in the same place.
    #[must_use]
    pub fn apart(&self) -> Self {
        Self {
            activity: self.activity.clone(),
            ..Self::default()
        }
    }

    /// A child that must be done within `limit`. An earlier deadline of the parent stays in force.
    #[must_use]
    pub fn within(&self, limit: impl Into<Limit>) -> Self {
        let limit = limit.into();
        let ours = Deadline {
            at: monotonic() + limit.length,
            limit,
        };
        let deadline = match self.deadline {
            Some(theirs) if theirs.at <= ours.at => theirs,
            _ => ours,
        };
        Self {
            deadline: Some(deadline),
            ..self.child()
        }
    }

    /// Cancels this context and its children.
    pub fn cancel(&self) {
        self.token.cancel();
    }

    /// The token itself, for parts that need a drop guard.
    #[must_use]
    pub fn token(&self) -> &CancellationToken {
        &self.token
    }

    /// When this context ends by itself, if it does.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline.map(|deadline| deadline.at)
    }

    /// Whether work should go on.
    ///
    /// # Errors
    ///
    /// Says why not.
    pub fn check(&self) -> Result<(), Stopped> {
        if self.token.is_cancelled() {
            return Err(Stopped::Cancelled);
        }
        match self.deadline {
            Some(deadline) if monotonic() >= deadline.at => {
                Err(Stopped::DeadlineExceeded(deadline.limit))
            }
            _ => Ok(()),
        }
    }

    /// Completes when this context ends, and says why.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn stopped(&self) -> Stopped {
        let Some(deadline) = self.deadline else {
            self.token.cancelled().await;
            return Stopped::Cancelled;
        };
        tokio::select! {
            biased;
            () = self.token.cancelled() => Stopped::Cancelled,
            () = tokio::time::sleep_until(deadline.at) => Stopped::DeadlineExceeded(deadline.limit),
        }
    }

    /// Runs `work` until it is done or this context ends. The future is dropped in that case, so
    /// it must be cancel safe.
    ///
    /// # Errors
    ///
    /// Says why the work was dropped.
    pub async fn run<T>(&self, work: impl Future<Output = T>) -> Result<T, Stopped> {
        self.check()?;
        tokio::select! {
            biased;
            stopped = self.stopped() => Err(stopped),
            done = work => Ok(done),
        }
    }
}

/// Waiting.
impl Context {
    /// Does nothing for so long.
    ///
    /// # Errors
    ///
    /// Says why the wait ended early.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn pause(&self, length: Duration) -> Result<(), Stopped> {
        let _waits = self.waits_for(format!("the end of a pause of {}", humane(length)));
        self.run(tokio::time::sleep_until(monotonic() + length))
            .await
    }

    /// Lets `work` that was handed this context end by itself, so that it can clean up. Only when
    /// it is not done `grace` after this context ended is it dropped.
    ///
    /// # Errors
    ///
    /// Says why the context ended, when the work had to be dropped.
    pub async fn settle<T>(
        &self,
        grace: Duration,
        work: impl Future<Output = T>,
    ) -> Result<T, Stopped> {
        let too_late = async {
            let stopped = self.stopped().await;
            tokio::time::sleep_until(monotonic() + grace).await;
            stopped
        };
        tokio::select! {
            biased;
            done = work => Ok(done),
            stopped = too_late => Err(stopped),
        }
    }
}

fn humane(limit: Duration) -> String {
    let seconds = limit.as_secs();
    match (seconds / 3600, seconds % 3600 / 60, seconds % 60) {
        (0, 0, _) => format!("{:.3}s", limit.as_secs_f64()).replace(".000s", "s"),
        (0, minutes, 0) => format!("{minutes}m"),
        (0, minutes, rest) => format!("{minutes}m{rest}s"),
        (hours, 0, 0) => format!("{hours}h"),
        (hours, minutes, rest) => format!("{hours}h{minutes}m{rest}s"),
    }
}

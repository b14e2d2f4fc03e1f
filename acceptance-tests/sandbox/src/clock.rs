//! What time the sandbox thinks it is.
//!
//! The clock follows the machine's, plus an offset that only grows. A test that needs an expired
//! token moves the clock instead of waiting.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use time::OffsetDateTime;

/// A handle to the sandbox's one clock. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    ahead_ms: Arc<AtomicU64>,
}

impl Clock {
    /// The time now, in UTC, to the millisecond: what the services report.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the sandbox's one reading of the machine's clock"
    )]
    pub fn now(&self) -> OffsetDateTime {
        let wall = OffsetDateTime::from(std::time::SystemTime::now());
        let now = wall + Duration::from_millis(self.ahead_ms.load(Ordering::SeqCst));
        now.replace_millisecond(now.millisecond()).unwrap_or(now)
    }

    /// Seconds since 1970.
    pub fn unix(&self) -> i64 {
        self.now().unix_timestamp()
    }

    /// How far this clock runs ahead of the machine's.
    ///
    /// Clients date their signatures by the machine's clock, so the skew of a signature is measured
    /// against `now() - ahead()`.
    pub(crate) fn ahead(&self) -> Duration {
        Duration::from_millis(self.ahead_ms.load(Ordering::SeqCst))
    }

    /// Moves the clock forward. Tokens, sessions and pull windows age with it.
    pub fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX / 4);
        self.ahead_ms.fetch_add(by, Ordering::SeqCst);
    }
}

//! The two clocks. Everything that needs the time asks here.

/// The monotonic clock, which tests can pause.
#[must_use]
pub fn monotonic() -> tokio::time::Instant {
    tokio::time::Instant::now()
}

/// The wall clock, for expiry times that somebody else wrote down.
#[cfg(not(test))]
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the wall clock"
)]
pub fn wall() -> std::time::SystemTime {
    std::time::SystemTime::now()
}

/// The wall clock as tests have it: it goes as fast as [`monotonic`], so that whoever moves one of
/// the clocks moves both.
#[cfg(test)]
#[must_use]
#[expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the moment from which both clocks are counted"
)]
pub fn wall() -> std::time::SystemTime {
    use std::sync::LazyLock;
    use std::time::{Instant, SystemTime};
    static BOTH: LazyLock<(Instant, SystemTime)> =
        LazyLock::new(|| (Instant::now(), SystemTime::now()));
    let (instant, wall) = *BOTH;
    wall + monotonic().into_std().saturating_duration_since(instant)
}

//! The two clocks. Everything that needs the time asks here.

/// The monotonic clock, which tests can pause.
#[must_use]
pub fn monotonic() -> tokio::time::Instant {
    tokio::time::Instant::now()
}

/// The wall clock, for expiry times that somebody else wrote down.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the wall clock"
)]
pub fn wall() -> std::time::SystemTime {
    std::time::SystemTime::now()
}

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

/// The clocks of a test that stand still unless they are told to go on, whatever is waited for.
///
/// A paused clock of the runtime jumps to the next timer as soon as nothing else is to be done, and
/// waiting for a socket is nothing to it. So a thread of the runtime is kept at work, for a minute at
/// most: a test that waits for what never comes goes on then, into its limits.
#[cfg(test)]
#[derive(Debug)]
pub(crate) struct StoppedClock {
    _at_work: std::sync::mpsc::Sender<()>,
}

#[cfg(test)]
impl StoppedClock {
    pub(crate) fn begin() -> Self {
        let (at_work, done) = std::sync::mpsc::channel();
        let minute = std::time::Duration::from_secs(60);
        tokio::task::spawn_blocking(move || done.recv_timeout(minute).ok());
        tokio::time::pause();
        Self { _at_work: at_work }
    }

    /// Lets time pass.
    pub(crate) async fn pass(&self, time: std::time::Duration) {
        tokio::time::advance(time).await;
    }

    /// From here on time passes by itself.
    pub(crate) fn end(&self) {
        tokio::time::resume();
    }
}

//! The end of the process: begun by anybody, waited for by the main thread.
//!
//! The main thread takes no part in the runtime, so it can end the process even when every other
//! thread is stuck.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// Begins the end. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Ending {
    token: CancellationToken,
    begun: Arc<AtomicBool>,
    events: Sender<Event>,
}

/// Waits for the end.
#[derive(Debug)]
pub(super) struct Waiting(Receiver<Event>);

/// Says, when dropped, that nothing is left to do.
#[derive(Debug)]
pub(super) struct Done(Sender<Event>);

#[derive(Debug)]
enum Event {
    Begun,
    Done,
}

/// Both sides of an end.
pub(super) fn ending() -> (Ending, Waiting) {
    let (events, waiting) = channel();
    let ending = Ending {
        token: CancellationToken::new(),
        begun: Arc::default(),
        events,
    };
    (ending, Waiting(waiting))
}

impl Ending {
    /// The process is to end; returns at once.
    pub(super) fn begin(&self) {
        if !self.begun.swap(true, Ordering::Relaxed) {
            // Nobody listens any more when the process is ending already.
            drop(self.events.send(Event::Begun));
            self.token.cancel();
        }
    }

    /// Cancelled once the end has begun.
    pub(super) fn token(&self) -> &CancellationToken {
        &self.token
    }

    /// To be held by whoever does the work of the process.
    pub(super) fn done_when_dropped(&self) -> Done {
        Done(self.events.clone())
    }
}

impl Drop for Done {
    fn drop(&mut self) {
        drop(self.0.send(Event::Done));
    }
}

impl Waiting {
    /// Waits until everything is done, or until [`GRACE`] is over after the end has begun. Says
    /// whether everything was done.
    pub(super) fn wait(self) -> bool {
        match self.0.recv() {
            Ok(Event::Done) | Err(_) => true,
            Ok(Event::Begun) => self.0.recv_timeout(GRACE).is_ok(),
        }
    }
}

/// The host kills after two seconds; half a second stays for the rest of the way out.
pub(super) const GRACE: Duration = Duration::from_millis(1500);

const _: () = assert!(GRACE.as_millis() <= 1500, "the host kills after 2000");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_comes_when_everything_is_done() {
        let (ending, waiting) = ending();
        let done = ending.done_when_dropped();
        ending.begin();
        ending.begin();
        drop(done);
        assert!(ending.token().is_cancelled());
        assert!(waiting.wait());
    }

    #[test]
    fn the_end_comes_although_something_is_stuck() {
        let (ending, waiting) = ending();
        let _stuck = ending.done_when_dropped();
        ending.begin();
        assert!(!waiting.wait());
    }
}

//! The end of the process: begun by anybody, waited for by the main thread.
//!
//! The main thread takes no part in the runtime, so it can end the process even when every other
//! thread is stuck.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::failure::Failure;

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
pub(super) struct Done {
    events: Sender<Event>,
    failure: Option<Failure>,
}

#[derive(Debug)]
enum Event {
    Begun,
    Done(Option<Failure>),
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
        Done {
            events: self.events.clone(),
            failure: None,
        }
    }
}

impl Done {
    /// Nothing is left to do, because of this.
    pub(super) fn failed(&mut self, failure: Failure) {
        self.failure = Some(failure);
    }
}

impl Drop for Done {
    fn drop(&mut self) {
        drop(self.events.send(Event::Done(self.failure.take())));
    }
}

impl Waiting {
    /// Waits until everything is done, or until [`GRACE`] is over after the end has begun. Says
    /// whether everything was done.
    ///
    /// # Errors
    ///
    /// There was nothing left to do because something failed.
    pub(super) fn wait(self) -> Result<bool, Failure> {
        let failure = match self.0.recv() {
            Ok(Event::Done(failure)) => failure,
            Err(_) => None,
            Ok(Event::Begun) => match self.0.recv_timeout(GRACE) {
                Ok(Event::Done(failure)) => failure,
                Ok(Event::Begun) | Err(_) => return Ok(false),
            },
        };
        failure.map_or(Ok(true), Err)
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
        assert!(waiting.wait().unwrap());
    }

    #[test]
    fn the_end_comes_although_something_is_stuck() {
        let (ending, waiting) = ending();
        let _stuck = ending.done_when_dropped();
        ending.begin();
        assert!(!waiting.wait().unwrap());
    }

    #[test]
    fn a_failure_is_the_end_and_comes_with_it() {
        for begins in [false, true] {
            let (ending, waiting) = ending();
            let mut done = ending.done_when_dropped();
            if begins {
                ending.begin();
            }
            done.failed(std::io::Error::other("broken").into());
            drop(done);
            let failure = waiting.wait().unwrap_err();
            assert!(matches!(failure, Failure::System(_)), "{failure:?}");
        }
    }
}

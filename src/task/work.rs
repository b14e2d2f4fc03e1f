//! What a process is doing, and how all of it is asked to stop.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Context;

/// The work of a process: contexts for what begins now, and a tracker for what must end before the
/// process does. Cheap to clone; clones are the same work.
#[derive(Clone, Debug, Default)]
pub struct Work {
    current: Arc<Mutex<CancellationToken>>,
    tracker: TaskTracker,
}

impl Work {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A context for something that begins now. It ends with the next [`Work::stop`].
    #[must_use]
    pub fn context(&self) -> Context {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        Context::with_token(current.child_token())
    }

    /// Cancels everything that has begun, and returns at once. What begins afterwards is not
    /// affected.
    pub fn stop(&self) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *current).cancel();
    }

    /// Runs something that must come to its end even if nobody waits for it any more.
    pub fn spawn<F>(&self, work: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        self.tracker.spawn(work)
    }

    /// Completes when nothing is left of what was spawned.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn finished(&self) {
        self.tracker.close();
        self.tracker.wait().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stop_ends_what_has_begun_and_nothing_that_begins_later() {
        let work = Work::new();
        let before = work.context();
        work.stop();
        let after = work.context();
        assert!(before.check().is_err());
        assert!(after.check().is_ok());
    }

    #[tokio::test]
    async fn work_is_finished_when_the_last_task_is() {
        let work = Work::new();
        let cx = work.context();
        let stopping = cx.clone();
        let task = work.spawn(async move { stopping.stopped().await });
        let finished = work.finished();
        tokio::pin!(finished);
        tokio::select! {
            biased;
            () = &mut finished => panic!("a task is still running"),
            () = std::future::ready(()) => {}
        }
        work.stop();
        finished.await;
        assert!(task.is_finished());
    }
}

//! Tasks that end together: the first error stops the others, and all are joined.

use std::future::Future;

use tokio::task::{JoinError, JoinSet};
use tracing::Instrument as _;

use super::error::Error;
use crate::task::Context;

/// A group of tasks under one context.
///
/// # Cancel safety
///
/// Dropping it aborts its tasks.
#[derive(Debug)]
pub(super) struct Crew<T> {
    cx: Context,
    tasks: JoinSet<Result<T, Error>>,
    done: Vec<T>,
    failed: Option<Error>,
    at_once: usize,
}

impl<T: Send + 'static> Crew<T> {
    /// A crew whose tasks end with `cx`, at most `at_once` of them alive.
    pub(super) fn new(cx: &Context, at_once: usize) -> Self {
        Self {
            cx: cx.child(),
            tasks: JoinSet::new(),
            done: Vec::new(),
            failed: None,
            at_once: at_once.max(1),
        }
    }

    /// Starts a task, after waiting for one to end if there are too many. After a failure nothing
    /// is started any more.
    pub(super) async fn start<F>(&mut self, work: impl FnOnce(Context) -> F)
    where
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        while self.tasks.len() >= self.at_once {
            self.join_one().await;
        }
        if self.failed.is_none() {
            let task = work(self.cx.clone());
            self.tasks.spawn(task.in_current_span());
        }
    }

    /// What a task returned that has ended by now.
    pub(super) fn ended(&mut self) -> Option<T> {
        self.done.pop()
    }

    /// What a task returned, after waiting for one to end; `None` when there is none left.
    pub(super) async fn next(&mut self) -> Option<T> {
        while self.done.is_empty() && !self.tasks.is_empty() {
            self.join_one().await;
        }
        self.done.pop()
    }

    /// Waits for all, and returns what they returned, in the order in which they ended.
    ///
    /// # Errors
    ///
    /// The first error that says more than that work was stopped.
    pub(super) async fn join(mut self) -> Result<Vec<T>, Error> {
        while !self.tasks.is_empty() {
            self.join_one().await;
        }
        self.failed.map_or(Ok(self.done), Err)
    }

    async fn join_one(&mut self) {
        match self.tasks.join_next().await {
            Some(Ok(Ok(value))) => self.done.push(value),
            Some(Ok(Err(error))) => self.fail(error),
            Some(Err(ended)) => resume(ended),
            None => {}
        }
    }

    fn fail(&mut self, error: Error) {
        self.cx.cancel();
        let says_more = self.failed.as_ref().is_none_or(Error::is_stop) && !error.is_stop();
        if self.failed.is_none() || says_more {
            self.failed = Some(error);
        }
    }
}

/// A panic goes on in the caller, where the fence is; dropping the crew ends the other tasks.
fn resume(ended: JoinError) {
    if let Ok(panic) = ended.try_into_panic() {
        std::panic::resume_unwind(panic);
    }
}

#[cfg(test)]
mod tests;

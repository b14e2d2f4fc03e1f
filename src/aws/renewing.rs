//! A value that one caller makes, everybody shares, and somebody makes anew once it is stale.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

/// Holds at most one value.
///
/// However many callers find it missing or stale at the same moment, one of them makes it and the
/// others wait for that one. No lock is held while waiting.
pub(super) struct Renewing<T> {
    slot: Mutex<Arc<OnceCell<Arc<T>>>>,
}

impl<T> Default for Renewing<T> {
    fn default() -> Self {
        Self {
            slot: Mutex::default(),
        }
    }
}

impl<T> Renewing<T> {
    /// The value, made by `make` when there is none or when it is not fresh.
    ///
    /// `make` is given the stale value, if there is one.
    ///
    /// # Cancel safety
    ///
    /// When the caller that makes the value goes away, one of those that wait takes over.
    pub(super) async fn get<F: Future<Output = T> + Send>(
        &self,
        is_fresh: impl Fn(&T) -> bool + Send,
        make: impl FnOnce(Option<Arc<T>>) -> F + Send,
    ) -> Arc<T>
    where
        T: Send + Sync,
    {
        let (cell, stale) = self.current(is_fresh);
        let made = cell.get_or_init(|| async { Arc::new(make(stale).await) });
        Arc::clone(made.await)
    }

    /// Drops the value, so that the next caller makes a new one.
    ///
    /// Only the value that `is_meant` accepts is dropped: two callers that found the same value
    /// refused make one new value, not two.
    pub(super) fn forget(&self, is_meant: impl Fn(&T) -> bool) {
        let mut slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.get().is_some_and(|value| is_meant(value)) {
            *slot = Arc::default();
        }
    }

    fn current(&self, is_fresh: impl Fn(&T) -> bool) -> (Arc<OnceCell<Arc<T>>>, Option<Arc<T>>) {
        let mut slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
        let stale = slot.get().filter(|value| !is_fresh(value)).map(Arc::clone);
        if stale.is_some() {
            *slot = Arc::default();
        }
        (Arc::clone(&slot), stale)
    }
}

impl<T> fmt::Debug for Renewing<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Renewing")
    }
}

//! A value that one caller makes, everybody shares, and somebody makes anew once it is stale.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

/// Holds at most one value, and the one before it while a new one is made.
///
/// However many callers find it missing or stale at the same moment, one of them makes it. The
/// others wait for that one, unless the value before it still serves them. No lock on the value is
/// held while waiting.
pub(super) struct Renewing<T> {
    slot: Mutex<Slot<T>>,
    /// Held by the caller that replaces a value.
    turn: tokio::sync::Mutex<()>,
}

struct Slot<T> {
    cell: Arc<OnceCell<Arc<T>>>,
    before: Option<Arc<T>>,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self {
            cell: Arc::default(),
            before: None,
        }
    }
}

impl<T> Default for Renewing<T> {
    fn default() -> Self {
        Self {
            slot: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        }
    }
}

impl<T> Renewing<T> {
    /// The value, made by `make` when there is none or when it is not fresh. A value that is not
    /// fresh any more and `serves` is what everybody gets but the caller that replaces it.
    ///
    /// `make` is given the stale value, if there is one.
    ///
    /// # Cancel safety
    ///
    /// When the caller that makes the value goes away, one of those that wait takes over.
    pub(super) async fn get<F: Future<Output = T> + Send>(
        &self,
        is_fresh: impl Fn(&T) -> bool + Send,
        serves: impl Fn(&T) -> bool + Send,
        make: impl FnOnce(Option<Arc<T>>) -> F + Send,
    ) -> Arc<T>
    where
        T: Send + Sync,
    {
        let (cell, stale) = self.current(is_fresh);
        let _turn = match (&stale, self.turn.try_lock()) {
            (Some(stale), Err(_)) if cell.get().is_none() && serves(stale) => {
                return Arc::clone(stale);
            }
            (_, turn) => turn,
        };
        let made = cell.get_or_init(|| async { Arc::new(make(stale).await) });
        Arc::clone(made.await)
    }

    /// Drops the value, so that the next caller makes a new one.
    ///
    /// Only the value that `is_meant` accepts is dropped: two callers that found the same value
    /// refused make one new value, not two.
    pub(super) fn forget(&self, is_meant: impl Fn(&T) -> bool) {
        let mut slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.cell.get().is_some_and(|value| is_meant(value)) {
            slot.cell = Arc::default();
        }
        slot.before = slot.before.take().filter(|value| !is_meant(value));
    }

    fn current(&self, is_fresh: impl Fn(&T) -> bool) -> (Arc<OnceCell<Arc<T>>>, Option<Arc<T>>) {
        let mut slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
        let stale = slot.cell.get().filter(|value| !is_fresh(value));
        if let Some(stale) = stale.map(Arc::clone) {
            *slot = Slot {
                cell: Arc::default(),
                before: Some(stale),
            };
        }
        if slot.cell.get().is_some() {
            // It has been replaced.
            slot.before = None;
        }
        (Arc::clone(&slot.cell), slot.before.clone())
    }
}

impl<T> fmt::Debug for Renewing<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Renewing")
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use tokio::sync::Notify;

    use super::*;

    /// Numbers below the limit are not fresh, and those above zero still serve.
    async fn get(
        renewing: &Renewing<u32>,
        limit: u32,
        make: impl Future<Output = u32> + Send,
    ) -> u32 {
        let is_fresh = |value: &u32| *value >= limit;
        *renewing.get(is_fresh, |value| *value > 0, |_| make).await
    }

    async fn never() -> u32 {
        std::future::pending().await
    }

    #[tokio::test]
    async fn while_one_caller_renews_the_others_get_what_still_serves() {
        let renewing = Renewing::default();
        assert_eq!(get(&renewing, 1, async { 1 }).await, 1);
        let (begun, answered) = (Notify::new(), Notify::new());
        let renewed = get(&renewing, 2, async {
            begun.notify_one();
            answered.notified().await;
            2
        });
        let others = async {
            begun.notified().await;
            assert_eq!(get(&renewing, 2, never()).await, 1);
            answered.notify_one();
        };
        assert_eq!(tokio::join!(renewed, others).0, 2);
        assert_eq!(get(&renewing, 2, never()).await, 2);
    }

    #[tokio::test]
    async fn what_serves_no_more_is_waited_for() {
        let renewing = Renewing::default();
        assert_eq!(get(&renewing, 0, async { 0 }).await, 0);
        let begun = Notify::new();
        let renewed = get(&renewing, 1, async {
            begun.notify_one();
            tokio::task::yield_now().await;
            1
        });
        let others = async {
            begun.notified().await;
            get(&renewing, 1, never()).await
        };
        assert_eq!(tokio::join!(renewed, others), (1, 1));
    }

    #[tokio::test]
    async fn when_the_caller_that_renews_goes_away_the_next_one_does() {
        let renewing = Renewing::default();
        get(&renewing, 1, async { 1 }).await;
        assert!(get(&renewing, 2, never()).now_or_never().is_none());
        assert_eq!(get(&renewing, 2, async { 2 }).await, 2);
    }

    #[tokio::test]
    async fn what_is_forgotten_serves_nobody_while_it_is_replaced() {
        let renewing = Renewing::default();
        get(&renewing, 1, async { 1 }).await;
        let (begun, answered) = (Notify::new(), Notify::new());
        let renewed = get(&renewing, 2, async {
            begun.notify_one();
            answered.notified().await;
            2
        });
        let others = async {
            begun.notified().await;
            renewing.forget(|value| *value == 1);
            assert!(get(&renewing, 2, never()).now_or_never().is_none());
            answered.notify_one();
        };
        assert_eq!(tokio::join!(renewed, others).0, 2);
    }
}

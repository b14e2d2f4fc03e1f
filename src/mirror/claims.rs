//! One at a time per key, for those who must not wait while they hold something: they learn at once
//! whether it is their turn, and wait for the end of whoever has it with empty hands.

use std::collections::HashMap;
use std::fmt::Display;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use crate::task::{Context, Stopped};

/// Who works on which key.
#[derive(Debug)]
pub(super) struct Claims<K: Eq + Hash> {
    /// Each with what tells the others of its end.
    claimed: Mutex<HashMap<K, CancellationToken>>,
}

/// The right to work on a key until it is dropped.
#[derive(Debug)]
pub(super) struct Claim<K: Eq + Hash> {
    claims: Arc<Claims<K>>,
    key: K,
}

impl<K: Eq + Hash + Clone + Display + Send + Sync> Claims<K> {
    pub(super) fn new() -> Self {
        Self {
            claimed: Mutex::default(),
        }
    }

    /// Claims `key`, unless somebody has.
    pub(super) fn claim(self: &Arc<Self>, key: &K) -> Option<Claim<K>> {
        let mut claimed = self.claimed.lock().unwrap_or_else(PoisonError::into_inner);
        if claimed.contains_key(key) {
            return None;
        }
        claimed.insert(key.clone(), CancellationToken::new());
        drop(claimed);
        Some(Claim {
            claims: Arc::clone(self),
            key: key.clone(),
        })
    }

    /// Waits until whoever works on `key` now has ended, done or not; `false` if nobody does.
    ///
    /// # Errors
    ///
    /// The context ended.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub(super) async fn over(&self, cx: &Context, key: &K) -> Result<bool, Stopped> {
        let ended = {
            let claimed = self.claimed.lock().unwrap_or_else(PoisonError::into_inner);
            claimed.get(key).cloned()
        };
        let Some(ended) = ended else {
            return Ok(false);
        };
        let _waits = cx.waits_for(format!("another copy that reads {key} from a source"));
        cx.run(ended.cancelled()).await.map(|()| true)
    }

    /// Waits until `key` can be claimed, for those who hold nothing.
    ///
    /// # Errors
    ///
    /// The context ended.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub(super) async fn wait(self: &Arc<Self>, cx: &Context, key: &K) -> Result<Claim<K>, Stopped> {
        loop {
            if let Some(claim) = self.claim(key) {
                return Ok(claim);
            }
            self.over(cx, key).await?;
        }
    }

    /// How many keys somebody works on.
    #[cfg(test)]
    pub(super) fn taken(&self) -> usize {
        self.claimed.lock().unwrap().len()
    }
}

impl<K: Eq + Hash> Drop for Claim<K> {
    fn drop(&mut self) {
        let claimed = self.claims.claimed.lock();
        let ended = claimed
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.key);
        if let Some(ended) = ended {
            ended.cancel();
        }
    }
}

//! One at a time per key: whoever comes second waits, and then finds the work done, or does it.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::task::{Context, Stopped};

/// Hands out turns, first come first served, by key.
///
/// A leader that fails or is cancelled gives its turn back by dropping it, and the next in line
/// does the work: one failure is never everybody's failure.
#[derive(Debug)]
pub(super) struct Turns<K: Eq + Hash> {
    slots: Mutex<HashMap<K, Arc<Semaphore>>>,
}

/// The right to work on a key until it is dropped.
#[derive(Debug)]
pub(super) struct Turn<K: Eq + Hash> {
    // Dropped before the place, in this order: the place must be the last to hold the slot.
    _permit: OwnedSemaphorePermit,
    _place: Place<K>,
}

/// A place in line. The last one to leave takes the slot away.
#[derive(Debug)]
struct Place<K: Eq + Hash> {
    turns: Arc<Turns<K>>,
    key: K,
    slot: Arc<Semaphore>,
}

impl<K: Eq + Hash + Clone> Turns<K> {
    pub(super) fn new() -> Self {
        Self {
            slots: Mutex::default(),
        }
    }

    /// Waits until nobody else works on `key`.
    ///
    /// # Errors
    ///
    /// The context ended.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe; the place in line is given up.
    pub(super) async fn take(self: &Arc<Self>, cx: &Context, key: K) -> Result<Turn<K>, Stopped> {
        let slot = {
            let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
            let fresh = || Arc::new(Semaphore::new(1));
            Arc::clone(slots.entry(key.clone()).or_insert_with(fresh))
        };
        let place = Place {
            turns: Arc::clone(self),
            key,
            slot,
        };
        let permit = cx.run(Arc::clone(&place.slot).acquire_owned()).await?;
        match permit {
            Ok(permit) => Ok(Turn {
                _permit: permit,
                _place: place,
            }),
            Err(_closed) => Err(Stopped::Cancelled), // nobody closes it
        }
    }

    /// How many keys somebody works on or waits for.
    #[cfg(test)]
    pub(super) fn taken(&self) -> usize {
        self.slots.lock().unwrap().len()
    }
}

impl<K: Eq + Hash> Drop for Place<K> {
    fn drop(&mut self) {
        let slots = self.turns.slots.lock();
        let mut slots = slots.unwrap_or_else(PoisonError::into_inner);
        // The table and this place: nobody else is in line, and nobody can join under the lock.
        if Arc::strong_count(&self.slot) == 2 {
            slots.remove(&self.key);
        }
    }
}

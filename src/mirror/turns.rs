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
    lines: Mutex<HashMap<K, Line>>,
    /// Who has the turn, in the eyes of those who wait for it.
    describe: fn(&K) -> String,
}

/// Those who work on a key or wait for it. It exists as long as there is somebody.
#[derive(Debug)]
struct Line {
    turn: Arc<Semaphore>,
    length: usize,
}

/// The right to work on a key until it is dropped.
#[derive(Debug)]
pub(super) struct Turn<K: Eq + Hash> {
    _permit: OwnedSemaphorePermit,
    _place: Place<K>,
}

/// A place in line, left when it is dropped.
#[derive(Debug)]
struct Place<K: Eq + Hash> {
    turns: Arc<Turns<K>>,
    key: K,
}

impl<K: Eq + Hash + Clone> Turns<K> {
    pub(super) fn new(describe: fn(&K) -> String) -> Self {
        Self {
            lines: Mutex::default(),
            describe,
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
        let _waits = cx.waits_for((self.describe)(&key));
        let (place, turn) = self.join(key);
        let permit = cx.run(turn.acquire_owned()).await?;
        match permit {
            Ok(permit) => Ok(Turn {
                _permit: permit,
                _place: place,
            }),
            Err(_closed) => Err(Stopped::Cancelled), // nobody closes it
        }
    }

    fn join(self: &Arc<Self>, key: K) -> (Place<K>, Arc<Semaphore>) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let line = lines.entry(key.clone()).or_insert_with(|| Line {
            turn: Arc::new(Semaphore::new(1)),
            length: 0,
        });
        line.length += 1;
        let place = Place {
            turns: Arc::clone(self),
            key,
        };
        (place, Arc::clone(&line.turn))
    }

    /// How many keys somebody works on or waits for.
    #[cfg(test)]
    pub(super) fn taken(&self) -> usize {
        self.lines.lock().unwrap().len()
    }
}

impl<K: Eq + Hash> Drop for Place<K> {
    fn drop(&mut self) {
        let lines = self.turns.lines.lock();
        let mut lines = lines.unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = lines.get_mut(&self.key) {
            line.length -= 1;
            if line.length == 0 {
                lines.remove(&self.key);
            }
        }
    }
}

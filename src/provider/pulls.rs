//! Pulls, where a registry counts them: who may spend one now, and whether a plan needs too many.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::content::{self, ErrorKind, PullBudget};
use crate::oci::Digest;
use crate::task::Context;

/// `pull_budget` of the provider block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PullSettings {
    /// Pulls to leave to others.
    pub(crate) reserve: u64,
    /// What an image does for which none is left.
    pub(crate) on_exhausted: OnExhausted,
}

/// What an image does for which no pull is left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum OnExhausted {
    /// It fails before anything of it is written.
    #[default]
    Fail,
    /// It waits within its timeout.
    Wait,
}

/// Some pulls are left, but not for us.
#[derive(Debug, thiserror::Error)]
#[error("{left} pulls are left, and {reserve} are reserved for others")]
pub(crate) struct Reserved {
    /// What is left.
    pub(crate) left: u64,
    /// What is to be left.
    pub(crate) reserve: u64,
}

/// The pulls of one run. One per provider configuration.
#[derive(Debug)]
pub(crate) struct Pulls {
    settings: PullSettings,
    state: Mutex<State>,
    /// Counts pulls that have ended.
    ended: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    /// By host, those whose answer is outstanding.
    under_way: HashMap<String, u64>,
    /// By host, what the plans of this run will read, each image once.
    planned: HashMap<String, HashMap<Digest, u64>>,
    /// Hosts about which a plan has warned.
    warned: HashSet<String>,
    is_applying: bool,
}

/// One pull under way.
#[derive(Debug)]
pub(crate) struct Pull {
    pulls: Arc<Pulls>,
    host: String,
}

/// Whether one more pull may be spent.
#[derive(Debug)]
pub(crate) enum Granted {
    /// It may.
    Yes(Pull),
    /// Perhaps when one of those under way has ended.
    Later,
    /// None is left.
    No,
}

/// The next end of a pull.
#[derive(Debug)]
pub(crate) struct Ended(watch::Receiver<u64>);

/// A plan that needs more pulls than are left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shortage {
    /// At least so many.
    pub(crate) needed: u64,
    /// What the registry says.
    pub(crate) budget: PullBudget,
    /// How it is dealt with.
    pub(crate) settings: PullSettings,
}

impl Pulls {
    pub(crate) fn new(settings: PullSettings) -> Self {
        Self {
            settings,
            state: Mutex::default(),
            ended: watch::Sender::new(0),
        }
    }

    /// Pulls to leave to others.
    pub(crate) fn reserve(&self) -> u64 {
        self.settings.reserve
    }

    /// Whether an image waits when no pull is left.
    pub(crate) fn waits(&self) -> bool {
        self.settings.on_exhausted == OnExhausted::Wait
    }

    /// The next end of a pull after now.
    pub(crate) fn ended(&self) -> Ended {
        Ended(self.ended.subscribe())
    }

    /// Spends one of `left` pulls, if some are left besides those under way and those of others.
    pub(crate) fn try_take(self: &Arc<Self>, host: &str, left: u64) -> Granted {
        let mut state = self.lock();
        let under_way = state.under_way.entry(host.to_owned()).or_default();
        if left > under_way.saturating_add(self.settings.reserve) {
            *under_way += 1;
            return Granted::Yes(Pull {
                pulls: Arc::clone(self),
                host: host.to_owned(),
            });
        }
        match *under_way {
            0 => Granted::No,
            _ => Granted::Later,
        }
    }

    /// What happens when none is left: an error, or a pause after which it makes sense to ask again.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::PullLimit`], or that `cx` has ended.
    pub(crate) async fn exhausted(
        &self,
        cx: &Context,
        host: &str,
        budget: PullBudget,
    ) -> Result<(), content::Error> {
        let reserve = self.settings.reserve;
        let left = budget.remaining.unwrap_or(0);
        if !self.waits() {
            return Err(match left {
                0 => ErrorKind::PullLimit(budget).into(),
                _ => content::Error::new(ErrorKind::PullLimit(budget), Reserved { left, reserve }),
            });
        }
        tracing::warn!(host, left, reserve, "no pull is left, waiting for more");
        let _waits = cx.waits_for(format!(
            "pulls of `{host}`: {left} are left, and {reserve} are reserved"
        ));
        Ok(cx.pause(REFILL).await?)
    }

    /// Notes what a plan will read, at least; and says so when it first is more than is left. An
    /// image that several instances want is read once.
    pub(crate) fn plan(
        &self,
        host: &str,
        image: &Digest,
        pulls: u64,
        budget: &PullBudget,
    ) -> Option<Shortage> {
        let left = budget.remaining?;
        let mut state = self.lock();
        if state.is_applying {
            return None;
        }
        let planned = state.planned.entry(host.to_owned()).or_default();
        let known = planned.entry(image.clone()).or_default();
        *known = pulls.max(*known);
        let needed = planned.values().sum();
        let is_short = needed > left.saturating_sub(self.settings.reserve);
        (is_short && state.warned.insert(host.to_owned())).then(|| Shortage {
            needed,
            budget: budget.clone(),
            settings: self.settings,
        })
    }

    /// From now on plans are those of an apply, which repeat what was said.
    pub(crate) fn apply_begins(&self) {
        self.lock().is_applying = true;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ended {
    /// Waits for it.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub(crate) async fn wait(mut self) {
        // The sender lives as long as whoever asks.
        let _gone = self.0.changed().await;
    }
}

impl Drop for Pull {
    fn drop(&mut self) {
        let mut state = self.pulls.lock();
        if let Some(under_way) = state.under_way.get_mut(&self.host) {
            *under_way = under_way.saturating_sub(1);
        }
        drop(state);
        self.pulls.ended.send_modify(|ended| *ended += 1);
    }
}

/// Docker Hub's window slides, so that pulls come back one by one; and asking is free.
const REFILL: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests;

//! What a piece of work has done so far, and what it waits for.

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::{Context, monotonic};

/// The counters of one piece of work. Cheap to clone; clones are the same activity.
///
/// Those who do the work find it in their [`Context`], and those who watch it have a clone. Nobody
/// waits for the other.
#[derive(Clone, Debug, Default)]
pub struct Activity(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    requests: AtomicU64,
    retries: AtomicU64,
    pulls: AtomicU64,
    expected_bytes: AtomicU64,
    moved_bytes: AtomicU64,
    /// Grows with everything that brings the work nearer to its end.
    steps: AtomicU64,
    waits: Mutex<Waits>,
}

/// Waits that have not ended, in the order in which they began.
#[derive(Debug, Default)]
struct Waits {
    open: BTreeMap<u64, Wait>,
    begun: u64,
}

struct Wait {
    since: Instant,
    what: Box<dyn Display + Send>,
}

/// Somebody waits until this is dropped.
#[derive(Debug)]
#[must_use]
pub struct Waiting(Option<(Activity, u64)>);

impl Activity {
    /// Requests sent, each try and each hop of a redirect by itself.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.0.requests.load(Ordering::Relaxed)
    }

    /// How often something was tried again.
    #[must_use]
    pub fn retries(&self) -> u64 {
        self.0.retries.load(Ordering::Relaxed)
    }

    /// Manifests asked for where that uses up an allowance.
    #[must_use]
    pub fn pulls(&self) -> u64 {
        self.0.pulls.load(Ordering::Relaxed)
    }

    /// Bytes that have come, those of tries that are still under way included.
    #[must_use]
    pub fn moved_bytes(&self) -> u64 {
        self.0.moved_bytes.load(Ordering::Relaxed)
    }

    /// Bytes that there are to move, as far as that is known yet.
    #[must_use]
    pub fn expected_bytes(&self) -> u64 {
        self.0.expected_bytes.load(Ordering::Relaxed)
    }

    /// A number that is another one after each bit of progress.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.0.steps.load(Ordering::Relaxed)
    }

    /// What is waited for at this moment and since when, the longest wait first.
    #[must_use]
    pub fn waits(&self) -> Vec<(String, Duration)> {
        let waits = self.waits_lock();
        let open = waits.open.values();
        open.map(|wait| (wait.what.to_string(), wait.since.elapsed()))
            .filter(|(what, _)| !what.is_empty())
            .collect()
    }

    fn step(&self) {
        self.0.steps.fetch_add(1, Ordering::Relaxed);
    }

    fn waits_lock(&self) -> MutexGuard<'_, Waits> {
        self.0.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Telling those who watch. All of it is free where nobody does.
impl Context {
    /// A child whose work is noted in this activity.
    #[must_use]
    pub fn noted_in(&self, activity: &Activity) -> Self {
        let mut child = self.child();
        child.activity = Some(activity.clone());
        child
    }

    /// Where work under this context is noted, if somebody watches it.
    #[must_use]
    pub fn activity(&self) -> Option<&Activity> {
        self.activity.as_ref()
    }

    /// A request is being sent.
    pub fn note_request(&self) {
        if let Some(activity) = &self.activity {
            activity.0.requests.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Something is tried again.
    pub fn note_retry(&self) {
        if let Some(activity) = &self.activity {
            activity.0.retries.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A manifest is asked for that counts as a pull.
    pub fn note_pull(&self) {
        if let Some(activity) = &self.activity {
            activity.0.pulls.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Something was brought to its end.
    pub fn note_step(&self) {
        if let Some(activity) = &self.activity {
            activity.step();
        }
    }

    /// So many bytes have come.
    pub fn note_moved(&self, bytes: u64) {
        if let Some(activity) = &self.activity {
            activity.0.moved_bytes.fetch_add(bytes, Ordering::Relaxed);
            activity.step();
        }
    }

    /// So many of the bytes that have come are worth nothing, and will come again.
    pub fn note_lost(&self, bytes: u64) {
        if let Some(activity) = &self.activity {
            activity.0.moved_bytes.fetch_sub(bytes, Ordering::Relaxed);
        }
    }

    /// So many bytes more are to be moved.
    pub fn note_expected(&self, bytes: u64) {
        if let Some(activity) = &self.activity {
            activity
                .0
                .expected_bytes
                .fetch_add(bytes, Ordering::Relaxed);
        }
    }

    /// So many of those bytes need not be moved after all: somebody else did.
    pub fn note_spared(&self, bytes: u64) {
        if let Some(activity) = &self.activity {
            activity
                .0
                .expected_bytes
                .fetch_sub(bytes, Ordering::Relaxed);
            activity.step();
        }
    }

    /// From now on, until the answer is dropped, work waits for this: a noun. What it is displayed
    /// as may change meanwhile; nothing means that the wait is somebody else's at the moment.
    pub fn waits_for(&self, what: impl Display + Send + 'static) -> Waiting {
        Waiting(self.activity.as_ref().map(|activity| {
            let mut waits = activity.waits_lock();
            waits.begun += 1;
            let number = waits.begun;
            let wait = Wait {
                since: monotonic(),
                what: Box::new(what),
            };
            waits.open.insert(number, wait);
            drop(waits);
            (activity.clone(), number)
        }))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some((activity, number)) = &self.0 {
            activity.waits_lock().open.remove(number);
        }
    }
}

impl fmt::Debug for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} since {:?}", self.what, self.since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_are_noted_where_their_parent_is() {
        let activity = Activity::default();
        let cx = Context::new().noted_in(&activity);
        cx.note_request();
        cx.child().within(Duration::from_secs(1)).note_request();
        cx.child().note_retry();
        cx.apart().note_retry();
        assert_eq!((activity.requests(), activity.retries()), (2, 2));
    }

    #[test]
    fn bytes_that_are_lost_do_not_count() {
        let activity = Activity::default();
        let cx = Context::new().noted_in(&activity);
        cx.note_expected(10);
        cx.note_moved(7);
        cx.note_lost(4);
        assert_eq!((activity.moved_bytes(), activity.expected_bytes()), (3, 10));
        assert_eq!(activity.steps(), 1, "a loss is no progress");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_waited_for_is_told_as_long_as_somebody_waits() {
        let activity = Activity::default();
        let cx = Context::new().noted_in(&activity);
        let first = cx.waits_for("a permit");
        tokio::time::advance(Duration::from_secs(3)).await;
        let second = cx.waits_for("an answer");
        let told = |name: &str, seconds| (name.to_owned(), Duration::from_secs(seconds));
        assert_eq!(
            activity.waits(),
            [told("a permit", 3), told("an answer", 0)]
        );
        drop(first);
        assert_eq!(activity.waits(), [told("an answer", 0)]);
        drop(second);
        assert_eq!(activity.waits(), []);
    }

    #[test]
    fn nothing_is_noted_where_nobody_watches() {
        let cx = Context::new();
        cx.note_request();
        drop(cx.waits_for("a permit"));
        assert!(cx.activity().is_none());
    }
}

//! How many requests a host gets at once: half as many after it asked to slow down, and then
//! slowly more again.
//!
//! It knows nothing of quotas: how often one account may ask is counted elsewhere, and a refusal that
//! says so never gets here.
//!
//! Retries alone would not do: those who were refused together come back together, and each of
//! them is one of the few tries that its request has.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::StatusCode;
use http::header::RETRY_AFTER;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use url::{Origin, Url};

use super::transport::Response;

/// The limiter of each host that was asked something.
#[derive(Debug, Default)]
pub(crate) struct HostLimiters(Mutex<HashMap<Origin, Arc<HostLimiter>>>);

/// The limit on requests to one host that are under way: sent, and not answered yet.
#[derive(Debug)]
pub(crate) struct HostLimiter {
    slots: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    limit: usize,
    /// Slots to be given up when they are left: they were taken under a higher limit.
    excess: usize,
    under_way: usize,
    /// How often the limit was halved.
    halvings: u64,
    /// Good answers since the limit changed.
    answers: usize,
}

/// A request under way.
#[derive(Debug)]
pub(crate) struct Slot {
    limiter: Arc<HostLimiter>,
    permit: Option<OwnedSemaphorePermit>,
    /// As many halvings as there were when it began.
    halvings: u64,
}

impl HostLimiters {
    /// The limiter of the host of a URL.
    pub(crate) fn of(&self, url: &Url) -> Arc<HostLimiter> {
        let mut limiters = lock(&self.0);
        if limiters.len() >= HOSTS {
            limiters.clear();
        }
        Arc::clone(limiters.entry(url.origin()).or_default())
    }
}

impl Default for HostLimiter {
    fn default() -> Self {
        Self {
            slots: Arc::new(Semaphore::new(AT_ONCE)),
            state: Mutex::new(State {
                limit: AT_ONCE,
                excess: 0,
                under_way: 0,
                halvings: 0,
                answers: 0,
            }),
        }
    }
}

impl HostLimiter {
    /// Waits, first come first served, until one more request may be under way.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub(crate) async fn enter(self: Arc<Self>) -> Slot {
        let permit = Arc::clone(&self.slots).acquire_owned().await;
        // Nobody closes the semaphore.
        self.slot(permit.ok())
    }

    /// A request that waits for nobody and that nobody waits for. An upload is under way as long as
    /// its bytes are: it would keep small requests waiting, and other limits count it.
    pub(crate) fn pass(self: Arc<Self>) -> Slot {
        self.slot(None)
    }

    fn slot(self: Arc<Self>, permit: Option<OwnedSemaphorePermit>) -> Slot {
        let mut state = lock(&self.state);
        state.under_way += 1;
        let halvings = state.halvings;
        drop(state);
        Slot {
            limiter: self,
            permit,
            halvings,
        }
    }

    fn halve(&self, state: &mut State) {
        let limit = (state.limit.min(state.under_way) / 2).max(1);
        let surplus = state.limit - limit;
        state.excess += surplus - self.slots.forget_permits(surplus);
        state.limit = limit;
        state.halvings += 1;
        state.answers = 0;
    }

    /// One more after as many good answers as there may be requests under way.
    fn grow(&self, state: &mut State) {
        state.answers += 1;
        if state.answers < state.limit || state.limit == AT_ONCE {
            return;
        }
        state.answers = 0;
        state.limit += 1;
        if state.excess > 0 {
            state.excess -= 1;
        } else {
            self.slots.add_permits(1);
        }
    }
}

impl Slot {
    /// Learns from the answer, and ends the slot. What was sent before the limit was halved says
    /// nothing about the halved one.
    pub(crate) fn answered(self, response: &Response) {
        let mut state = lock(&self.limiter.state);
        if state.halvings != self.halvings {
            return;
        }
        if asks_to_slow_down(response) {
            self.limiter.halve(&mut state);
        } else {
            self.limiter.grow(&mut state);
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut state = lock(&self.limiter.state);
        state.under_way -= 1;
        if state.excess > 0
            && let Some(permit) = self.permit.take()
        {
            state.excess -= 1;
            permit.forget();
        }
    }
}

/// RFC 6585, *429 Too Many Requests*; RFC 9110, *503 Service Unavailable*, which means the same
/// when it says until when.
fn asks_to_slow_down(response: &Response) -> bool {
    match response.status {
        StatusCode::TOO_MANY_REQUESTS => true,
        StatusCode::SERVICE_UNAVAILABLE => response.headers.contains_key(RETRY_AFTER),
        _ => false,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Requests to one host under way, as long as it never complained: about as many as all copies of
/// a process ask for at once.
const AT_ONCE: usize = 64;

/// Hosts remembered. Blob stores can have many names; when it is full, it starts afresh.
const HOSTS: usize = 256;

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt as _, stream};
    use http::HeaderMap;

    use super::super::transport::Incoming;
    use super::*;

    fn limiter() -> Arc<HostLimiter> {
        let url = Url::parse("https://registry.example/v2/").unwrap();
        HostLimiters::default().of(&url)
    }

    fn answer(status: u16) -> Response {
        Response {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: Incoming::new(stream::empty()),
        }
    }

    /// As many slots as can be had now, but no more than `most`.
    fn enter(limiter: &Arc<HostLimiter>, most: usize) -> Vec<Slot> {
        let slots = (0..most).map_while(|_| Arc::clone(limiter).enter().now_or_never());
        slots.collect()
    }

    #[test]
    fn a_refusal_halves_what_is_under_way() {
        let limiter = limiter();
        let mut slots = enter(&limiter, 24);
        assert_eq!(slots.len(), 24);
        slots.remove(0).answered(&answer(429));
        assert_eq!(enter(&limiter, 1).len(), 0, "23 are still under way");
        drop(slots);
        assert_eq!(enter(&limiter, 100).len(), 12);
    }

    #[test]
    fn those_who_are_refused_together_halve_it_once() {
        let limiter = limiter();
        for slot in enter(&limiter, 16) {
            slot.answered(&answer(429));
        }
        assert_eq!(enter(&limiter, 100).len(), 8);
    }

    #[test]
    fn one_at_a_time_is_always_allowed() {
        let limiter = limiter();
        for _refusal in 0..10 {
            for slot in enter(&limiter, 100) {
                slot.answered(&answer(429));
            }
        }
        assert_eq!(enter(&limiter, 100).len(), 1);
    }

    #[test]
    fn the_limit_grows_by_one_with_each_round_of_good_answers() {
        let limiter = limiter();
        for slot in enter(&limiter, 8) {
            slot.answered(&answer(429));
        }
        let mut rounds = Vec::new();
        for _round in 0..70 {
            let slots = enter(&limiter, 100);
            rounds.push(slots.len());
            for slot in slots {
                slot.answered(&answer(404));
            }
        }
        let expected: Vec<usize> = (4..=AT_ONCE).chain([AT_ONCE; 70]).take(70).collect();
        assert_eq!(rounds, expected);
    }

    #[test]
    fn an_unavailable_host_is_asked_less_only_when_it_says_until_when() {
        let limiter = limiter();
        let mut unavailable = answer(503);
        enter(&limiter, 1).remove(0).answered(&unavailable);
        assert_eq!(enter(&limiter, 100).len(), AT_ONCE);
        unavailable
            .headers
            .insert(RETRY_AFTER, "1".parse().unwrap());
        let mut slots = enter(&limiter, 4);
        slots.remove(0).answered(&unavailable);
        drop(slots);
        assert_eq!(enter(&limiter, 100).len(), 2);
    }

    #[test]
    fn an_upload_keeps_nobody_waiting_and_counts_when_it_is_refused() {
        let limiter = limiter();
        let mut uploads: Vec<Slot> = (0..8).map(|_| Arc::clone(&limiter).pass()).collect();
        assert_eq!(enter(&limiter, 100).len(), AT_ONCE);
        uploads.remove(0).answered(&answer(429));
        assert_eq!(enter(&limiter, 100).len(), 4);
    }

    #[test]
    fn who_stops_waiting_leaves_nothing_behind() {
        let limiter = limiter();
        let slots = enter(&limiter, AT_ONCE);
        assert_eq!(enter(&limiter, 1).len(), 0);
        drop(slots);
        assert_eq!(enter(&limiter, 100).len(), AT_ONCE);
        assert_eq!(lock(&limiter.state).under_way, 0);
    }

    #[test]
    fn hosts_do_not_slow_each_other_down_and_are_not_remembered_for_ever() {
        let limiters = HostLimiters::default();
        let of = |text: &str| limiters.of(&Url::parse(text).unwrap());
        for slot in enter(&of("https://a.example/1"), 4) {
            slot.answered(&answer(429));
        }
        assert_eq!(enter(&of("https://a.example/2"), 100).len(), 2);
        assert_eq!(enter(&of("https://a.example:8443/"), 100).len(), AT_ONCE);
        for number in 0..=HOSTS {
            of(&format!("https://{number}.example/"));
        }
        assert!(lock(&limiters.0).len() <= HOSTS);
    }
}

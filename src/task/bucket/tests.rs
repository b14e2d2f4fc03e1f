use futures_util::FutureExt as _;
use futures_util::future::{join, join_all};

use super::*;

const TEN: Rate = Rate {
    per_second: 10.0,
    burst: 5,
};

fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// Does it `count` times as fast as it may be done, and says when, from now on.
async fn run(bucket: &Arc<Bucket>, count: usize) -> Vec<Duration> {
    let started = monotonic();
    let mut times = Vec::new();
    for _ in 0..count {
        bucket.ticket().await.spend().accepted();
        times.push(started.elapsed());
    }
    times
}

/// As many tickets as can be had now, but no more than `most`.
fn take(bucket: &Arc<Bucket>, most: usize) -> Vec<Ticket> {
    // Nothing else runs meanwhile, so there is nobody to be considerate of.
    let ticket = |_| tokio::task::unconstrained(bucket.ticket()).now_or_never();
    (0..most).map_while(ticket).collect()
}

fn per_second(bucket: &Bucket) -> f64 {
    bucket.lock().per_second
}

/// The other side says that it was too much.
async fn refuse(bucket: &Arc<Bucket>, retry_after: Option<Duration>) {
    bucket.ticket().await.spend().refused(retry_after);
}

#[tokio::test(start_paused = true)]
async fn a_burst_and_then_one_every_tenth_of_a_second() {
    let times = run(&Bucket::new(TEN), 105).await;
    let expected = [0; 5].into_iter().chain((1..=100).map(|n| n * 100));
    assert_eq!(times, expected.map(millis).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_rest_fills_it_up_and_not_more() {
    let bucket = Bucket::new(TEN);
    run(&bucket, 5).await;
    tokio::time::advance(millis(250)).await;
    assert_eq!(run(&bucket, 3).await, [0, 0, 50].map(millis));
    tokio::time::advance(Duration::from_secs(3600)).await;
    assert_eq!(run(&bucket, 6).await, [0, 0, 0, 0, 0, 100].map(millis));
}

#[tokio::test(start_paused = true)]
async fn whoever_comes_first_is_served_first() {
    let bucket = Bucket::new(TEN);
    let order = Mutex::new(Vec::new());
    join_all((0..20).map(|number| {
        let (bucket, order) = (&bucket, &order);
        async move {
            bucket.ticket().await.spend().accepted();
            order.lock().unwrap().push(number);
        }
    }))
    .await;
    assert_eq!(order.into_inner().unwrap(), Vec::from_iter(0..20));
}

#[tokio::test(start_paused = true)]
async fn who_stops_waiting_leaves_no_gap() {
    let bucket = Bucket::new(TEN);
    run(&bucket, 5).await;
    let mut first = bucket.ticket().boxed();
    let mut second = bucket.ticket().boxed();
    assert!(first.as_mut().now_or_never().is_none());
    assert!(second.as_mut().now_or_never().is_none());
    drop(first);
    let started = monotonic();
    second.await.spend().accepted();
    assert_eq!(started.elapsed(), millis(100));
}

#[tokio::test(start_paused = true)]
async fn a_ticket_that_is_not_used_is_given_back() {
    let bucket = Bucket::new(TEN);
    for _ in 0..100 {
        assert_eq!(take(&bucket, 100).len(), 5);
    }
    assert_eq!(run(&bucket, 5).await, [millis(0); 5]);
    assert_eq!(bucket.lock().held, 0);
}

#[tokio::test(start_paused = true)]
async fn no_more_tickets_are_out_than_may_be_spent_at_once() {
    let bucket = Bucket::new(TEN);
    let mut held = take(&bucket, 100);
    assert_eq!(held.len(), 5);
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(take(&bucket, 100).len(), 0, "time alone does not help");
    for ticket in held.drain(..) {
        ticket.spend().accepted();
    }
    assert_eq!(run(&bucket, 1).await, [millis(100)]);
}

#[tokio::test(start_paused = true)]
async fn a_ticket_that_is_spent_or_dropped_wakes_the_first_in_line() {
    let bucket = Bucket::new(TEN);
    for is_spent in [false, true] {
        let mut held = take(&bucket, 5);
        let last = held.pop().unwrap();
        let give_back = async {
            tokio::task::yield_now().await;
            if is_spent {
                last.spend().accepted();
            }
        };
        let started = monotonic();
        join(bucket.ticket().map(drop), give_back).await;
        assert_eq!(started.elapsed(), millis(if is_spent { 100 } else { 0 }));
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_lowers_the_rate_and_empties_the_bucket() {
    let bucket = Bucket::new(TEN);
    refuse(&bucket, None).await;
    let times = run(&bucket, 2).await;
    assert_eq!(times[0], millis(143), "a seventh of a second");
    assert!(times[1] > millis(280), "{:?}", times[1]);
}

#[tokio::test(start_paused = true)]
async fn those_who_are_refused_together_lower_it_once() {
    let bucket = Bucket::new(TEN);
    let under_way: Vec<Spent> = take(&bucket, 5).into_iter().map(Ticket::spend).collect();
    for spent in under_way {
        spent.refused(None);
    }
    assert!((per_second(&bucket) - 7.0).abs() < 1e-9);
}

#[tokio::test(start_paused = true)]
async fn a_tenth_of_the_rate_always_stays() {
    let bucket = Bucket::new(TEN);
    for _ in 0..20 {
        refuse(&bucket, None).await;
    }
    assert!((per_second(&bucket) - 1.0).abs() < 1e-9);
    assert_eq!(run(&bucket, 1).await, [millis(1000)]);
}

#[tokio::test(start_paused = true)]
async fn acceptances_bring_the_documented_rate_back_and_no_more() {
    let bucket = Bucket::new(TEN);
    refuse(&bucket, None).await;
    let times = run(&bucket, 61).await;
    assert!(times[59] < Duration::from_secs(8), "{:?}", times[59]);
    assert!((per_second(&bucket) - 10.0).abs() < 1e-9);
    run(&bucket, 1000).await;
    assert!((per_second(&bucket) - 10.0).abs() < 1e-9);
}

#[tokio::test(start_paused = true)]
async fn what_was_sent_before_a_refusal_does_not_raise_the_rate_after_it() {
    let bucket = Bucket::new(TEN);
    let mut under_way = take(&bucket, 5).into_iter().map(Ticket::spend);
    let (first, second) = (under_way.next().unwrap(), under_way.next().unwrap());
    first.refused(None);
    second.accepted();
    assert!((per_second(&bucket) - 7.0).abs() < 1e-9);
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_was_asked_for_is_kept_by_everybody() {
    let bucket = Bucket::new(TEN);
    let early = take(&bucket, 2);
    refuse(&bucket, Some(Duration::from_secs(30))).await;
    assert!(early.iter().all(Ticket::is_stale), "they must not be spent");
    drop(early);
    assert_eq!(run(&bucket, 1).await, [Duration::from_secs(30)]);
    let waited = run(&bucket, 1).await[0];
    assert!(waited > millis(140), "no burst follows it: {waited:?}");
}

#[tokio::test(start_paused = true)]
async fn of_two_pauses_the_longer_one_counts_and_none_is_endless() {
    let bucket = Bucket::new(TEN);
    let under_way: Vec<Spent> = take(&bucket, 3).into_iter().map(Ticket::spend).collect();
    let mut under_way = under_way.into_iter();
    let mut refuse = |seconds| {
        let spent = under_way.next().unwrap();
        spent.refused(Some(Duration::from_secs(seconds)));
    };
    refuse(20);
    refuse(3);
    assert_eq!(run(&bucket, 1).await, [Duration::from_secs(20)]);
    refuse(1_000_000);
    assert_eq!(run(&bucket, 1).await, [LONGEST_PAUSE]);
}

#[tokio::test(start_paused = true)]
async fn buckets_do_not_disturb_each_other() {
    let (one, other) = (Bucket::new(TEN), Bucket::new(TEN));
    refuse(&one, Some(Duration::from_secs(60))).await;
    let (slow, fast) = join(run(&one, 1), run(&other, 15)).await;
    assert_eq!(slow, [Duration::from_secs(60)]);
    assert_eq!(fast.last(), Some(&Duration::from_secs(1)));
}

/// Whatever holders do with their tickets and whenever: a side that allows the same rate and burst
/// never sees more.
#[tokio::test(start_paused = true)]
async fn no_one_who_counts_the_same_way_ever_finds_it_too_much() {
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    let bucket = Bucket::new(TEN);
    let mut held = Vec::new();
    let mut spent: Vec<Instant> = Vec::new();
    for _ in 0..5000 {
        match random.u32(..4) {
            0 => tokio::time::advance(millis(random.u64(..200))).await,
            1 if !held.is_empty() => drop(held.swap_remove(random.usize(..held.len()))),
            2 if !held.is_empty() => {
                let ticket: Ticket = held.swap_remove(random.usize(..held.len()));
                ticket.spend().accepted();
                spent.push(monotonic());
            }
            _ => held.extend(take(&bucket, random.usize(..3))),
        }
    }
    for (index, first) in spent.iter().enumerate() {
        for (count, last) in (1..).zip(&spent[index..]) {
            let allowed = 5.0 + (*last - *first).as_secs_f64() * 10.0 + 1e-6;
            assert!(
                f64::from(count) <= allowed,
                "seed {seed}: {count} of {allowed}"
            );
        }
    }
    assert!(spent.len() > 500, "seed {seed}: only {}", spent.len());
}

use std::time::UNIX_EPOCH;

use super::*;

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("it failed")]
struct Failure(Failures, Option<Duration>);

impl Retryable for Failure {
    fn failure(&self) -> Failures {
        self.0
    }

    fn retry_after(&self) -> Option<Duration> {
        self.1
    }
}

const UNAVAILABLE: Failure = Failure(Failures::UNAVAILABLE, None);

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test(start_paused = true)]
async fn tries_end_with_the_policy_and_are_counted() {
    let gave_up = run(&Context::new(), &REPEATABLE, |_| async {
        Err::<(), _>(UNAVAILABLE)
    })
    .await
    .unwrap_err();
    assert_eq!(gave_up.attempts, 6);
    assert_eq!(gave_up.error, Some(UNAVAILABLE));
    assert_eq!(gave_up.stopped, None);
    // 0.5 + 1 + 2 + 4 + 8 seconds is the most that full jitter can draw, and a millisecond per
    // wait is what the timer rounds up by.
    assert!(
        gave_up.elapsed <= Duration::from_millis(15_505),
        "{:?}",
        gave_up.elapsed
    );
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_was_asked_for_is_kept_exactly() {
    let started = monotonic();
    let tries = run(&Context::new(), &REPEATABLE, |attempt| async move {
        match attempt {
            0 => Err(Failure(Failures::THROTTLED, Some(secs(30)))),
            _ => Ok(attempt),
        }
    })
    .await
    .unwrap();
    assert_eq!(tries, 1);
    assert_eq!(started.elapsed(), secs(30));
}

#[tokio::test(start_paused = true)]
async fn a_wait_of_six_hours_is_cut_to_two_minutes() {
    let started = monotonic();
    run(&Context::new(), &REPEATABLE, |attempt| async move {
        match attempt {
            0 => Err(Failure(Failures::THROTTLED, Some(secs(21_600)))),
            _ => Ok(()),
        }
    })
    .await
    .unwrap();
    assert_eq!(started.elapsed(), secs(120));
}

#[test]
fn being_asked_to_come_back_at_once_is_no_reason_to_do_so() {
    fastrand::seed(7);
    let own = REPEATABLE.wait(5, None);
    fastrand::seed(7);
    assert_eq!(REPEATABLE.wait(5, Some(secs(0))), own);
    assert!(own > secs(0));
}

#[tokio::test(start_paused = true)]
async fn what_the_policy_does_not_name_fails_at_once() {
    let gave_up = run(&Context::new(), &REPEATABLE, |_| async {
        Err::<(), _>(Failure(Failures::NONE, Some(secs(1))))
    })
    .await
    .unwrap_err();
    assert_eq!((gave_up.attempts, gave_up.elapsed), (1, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn a_wait_past_the_deadline_returns_the_error_at_once() {
    let cx = Context::new().within(secs(20));
    let gave_up = run(&cx, &REPEATABLE, |_| async {
        Err::<(), _>(Failure(Failures::THROTTLED, Some(secs(60))))
    })
    .await
    .unwrap_err();
    assert_eq!(gave_up.elapsed, Duration::ZERO);
    assert!(gave_up.error.is_some());
    assert_eq!(gave_up.stopped, None);
}

#[tokio::test(start_paused = true)]
async fn cancelling_ends_a_wait_and_keeps_the_cause() {
    let cx = Context::new();
    let canceller = cx.clone();
    let work = run(&cx, &REPEATABLE, |_| async {
        Err::<(), _>(Failure(Failures::THROTTLED, Some(secs(60))))
    });
    let cancel = async {
        tokio::task::yield_now().await;
        canceller.cancel();
    };
    let (gave_up, ()) = tokio::join!(work, cancel);
    let gave_up = gave_up.unwrap_err();
    assert_eq!(gave_up.stopped, Some(Stopped::Cancelled));
    assert!(gave_up.error.is_some());
    assert_eq!(gave_up.elapsed, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_ends_a_try_that_hangs() {
    let cx = Context::new().within(secs(5));
    let gave_up = run(&cx, &REPEATABLE, |_| async {
        std::future::pending::<Result<(), Failure>>().await
    })
    .await
    .unwrap_err();
    let stopped = Stopped::DeadlineExceeded(secs(5).into());
    assert_eq!(gave_up.stopped, Some(stopped));
    assert_eq!(gave_up.error, None);
}

#[test]
fn every_status_says_whether_it_is_retried() {
    let retried: Vec<u16> = (100..=999)
        .filter(|status| REPEATABLE.retries.contains(Failures::of_status(*status)))
        .collect();
    assert_eq!(retried, [408, 425, 429, 499, 500, 502, 503, 504, 522]);
}

#[test]
fn every_transport_error_says_whether_it_is_retried() {
    use TransportErrorKind as Kind;
    let retried = |kind| REPEATABLE.retries.contains(Failures::of_transport(kind));
    assert!(
        [
            Kind::Connect,
            Kind::Closed,
            Kind::Timeout,
            Kind::Stalled,
            Kind::Cut
        ]
        .into_iter()
        .all(retried)
    );
    assert!(![Kind::Tls, Kind::Invalid].into_iter().any(retried));
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    let now = UNIX_EPOCH + secs(784_111_777); // Sun, 06 Nov 1994 08:49:37 GMT
    let rows = [
        ("60", Some(secs(60))),
        (" 0 ", Some(secs(0))),
        ("Sun, 06 Nov 1994 08:50:07 GMT", Some(secs(30))),
        ("Sun, 06 Nov 1994 08:00:00 GMT", Some(secs(0))),
        ("soon", None),
        ("-1", None),
        ("", None),
        ("99999999999999999999999", None),
    ];
    for (value, expected) in rows {
        assert_eq!(retry_after(value, now), expected, "{value:?}");
    }
}

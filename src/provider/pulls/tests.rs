use super::*;

const HUB: &str = "docker.io";

fn pulls(reserve: u64, on_exhausted: OnExhausted) -> Arc<Pulls> {
    Arc::new(Pulls::new(PullSettings {
        reserve,
        on_exhausted,
    }))
}

fn left(remaining: u64) -> PullBudget {
    PullBudget {
        limit: Some(100),
        remaining: Some(remaining),
        ..PullBudget::default()
    }
}

fn image(number: u64) -> Digest {
    Digest::sha256(&number.to_be_bytes())
}

#[test]
fn those_under_way_and_those_of_others_are_not_spent() {
    let pulls = pulls(2, OnExhausted::Fail);
    let first = pulls.try_take(HUB, 4);
    let second = pulls.try_take(HUB, 4);
    assert!(matches!(
        (&first, &second),
        (Granted::Yes(_), Granted::Yes(_))
    ));
    assert!(matches!(pulls.try_take(HUB, 4), Granted::Later));
    assert!(matches!(pulls.try_take("ghcr.io", 3), Granted::Yes(_)));
    drop(first);
    assert!(matches!(pulls.try_take(HUB, 4), Granted::Yes(_)));
    drop(second);
    assert!(matches!(pulls.try_take(HUB, 2), Granted::No));
}

#[tokio::test]
async fn the_end_of_a_pull_wakes_those_who_wait() {
    let pulls = pulls(0, OnExhausted::Fail);
    let only = pulls.try_take(HUB, 1);
    let ended = pulls.ended();
    assert!(matches!(pulls.try_take(HUB, 1), Granted::Later));
    drop(only);
    ended.wait().await;
    assert!(matches!(pulls.try_take(HUB, 1), Granted::Yes(_)));
}

#[tokio::test(start_paused = true)]
async fn exhausted_is_an_error_or_a_pause() {
    let cx = Context::new();
    let failing = pulls(5, OnExhausted::Fail);
    let error = failing.exhausted(&cx, HUB, left(3)).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::PullLimit(left(3)));
    let why = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(why, "3 pulls are left, and 5 are reserved for others");

    let waiting = pulls(5, OnExhausted::Wait);
    let started = crate::task::monotonic();
    waiting.exhausted(&cx, HUB, left(3)).await.unwrap();
    assert_eq!(started.elapsed(), REFILL);
    let soon = cx.within(REFILL / 2);
    let error = waiting.exhausted(&soon, HUB, left(3)).await.unwrap_err();
    assert!(error.is_stop());
}

#[test]
fn a_plan_that_needs_too_many_is_told_once() {
    let pulls = pulls(10, OnExhausted::Fail);
    let budget = left(14);
    for number in [1, 1, 2] {
        assert_eq!(pulls.plan(HUB, &image(number), 2, &budget), None);
    }
    let shortage = pulls.plan(HUB, &image(3), 1, &budget).unwrap();
    assert_eq!(shortage.needed, 5);
    assert_eq!(shortage.settings.reserve, 10);
    assert_eq!(pulls.plan(HUB, &image(4), 1, &budget), None);
    assert!(pulls.plan("ghcr.io", &image(4), 9, &budget).is_some());
}

#[test]
fn an_apply_does_not_repeat_what_its_plan_said() {
    let pulls = pulls(0, OnExhausted::Fail);
    pulls.apply_begins();
    assert_eq!(pulls.plan(HUB, &image(1), 9, &left(1)), None);
}

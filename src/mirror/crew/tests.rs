use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

use super::*;
use crate::content::ErrorKind;
use crate::mirror::{Side, Step};
use crate::task::Stopped;

fn error(kind: ErrorKind) -> Error {
    let cause = crate::content::Error::from(kind);
    Error::new(Side::Source, Step::ReadBlob, "it", cause)
}

#[tokio::test(start_paused = true)]
async fn an_error_that_comes_after_a_stop_explains_more() {
    let mut crew: Crew<()> = Crew::new(&Context::new(), 8);
    let stopped = ErrorKind::Stopped(Stopped::Cancelled);
    crew.start(|_| async { Err(error(stopped)) }).await;
    crew.start(|cx| async move {
        cx.stopped().await;
        Err(error(ErrorKind::Denied))
    })
    .await;
    crew.start(|cx| async move {
        cx.stopped().await;
        tokio::task::yield_now().await;
        Err(error(ErrorKind::Refused))
    })
    .await;
    let failed = crew.join().await.unwrap_err();
    assert!(!failed.is_stop());
    assert!(crate::mirror::tests::chain(&failed).contains("access was denied"));
}

#[tokio::test(start_paused = true)]
async fn a_failure_stops_the_others_and_waits_for_their_end() {
    let cleaned = Arc::new(AtomicUsize::new(0));
    let ready = Arc::new(Notify::new());
    let mut crew: Crew<()> = Crew::new(&Context::new(), 8);
    let (ended, waiting) = (Arc::clone(&cleaned), Arc::clone(&ready));
    crew.start(|cx| async move {
        waiting.notify_one();
        let stopped = cx.stopped().await;
        for _turn in 0..10 {
            tokio::task::yield_now().await;
        }
        ended.fetch_add(1, Ordering::Relaxed);
        Err(error(ErrorKind::Stopped(stopped)))
    })
    .await;
    crew.start(|_| async move {
        ready.notified().await;
        Err(error(ErrorKind::Denied))
    })
    .await;
    assert!(!crew.join().await.unwrap_err().is_stop());
    assert_eq!(cleaned.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn no_more_tasks_are_alive_than_allowed_and_none_starts_after_a_failure() {
    let started = Arc::new(AtomicUsize::new(0));
    let mut crew: Crew<()> = Crew::new(&Context::new(), 2);
    for number in 0..10 {
        let started = Arc::clone(&started);
        crew.start(|_| async move {
            started.fetch_add(1, Ordering::Relaxed);
            if number == 1 {
                return Err(error(ErrorKind::Denied));
            }
            Ok(())
        })
        .await;
    }
    crew.join().await.unwrap_err();
    assert!(started.load(Ordering::Relaxed) <= 3);
}

#[tokio::test(start_paused = true)]
async fn a_failure_does_not_reach_the_context_above() {
    let cx = Context::new();
    let mut crew: Crew<()> = Crew::new(&cx, 2);
    crew.start(|_| async { Err(error(ErrorKind::Denied)) })
        .await;
    crew.join().await.unwrap_err();
    assert!(cx.check().is_ok());
}

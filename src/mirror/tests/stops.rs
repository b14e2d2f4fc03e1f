//! Stopping at every stage: nothing is left running, nothing is half there.

use std::sync::Arc;
use std::time::Duration;

use super::images::{single, usual};
use super::{World, job_with, one_tag};
use crate::blame::Blame;
use crate::content::ErrorKind;
use crate::mirror::memory::{Event, Fault, Gate, On, What};
use crate::mirror::{Cause, Error};
use crate::task::{Context, Stopped, monotonic};

/// Holds a copy of the usual image at a request, then stops it there.
async fn stopped_at(at_source: bool, on: On, skip: usize) -> (World, Error) {
    stopped_while(at_source, on, skip, What::Wait).await
}

async fn stopped_while(
    at_source: bool,
    on: On,
    skip: usize,
    held: fn(Arc<Gate>) -> What,
) -> (World, Error) {
    let world = World::new();
    usual(&world.hub);
    let gate = Gate::closed();
    let hold = Fault::once(on, held(Arc::clone(&gate))).skip(skip);
    let side = if at_source { &world.hub } else { &world.ecr };
    side.fail(hold);
    let started = monotonic();
    let stop = async {
        gate.reached().await;
        world.cx.cancel();
    };
    let jobs = job_with(&["1", "2"]);
    let (done, ()) = tokio::join!(world.run(&jobs), stop);
    assert!(started.elapsed() <= Duration::from_secs(2), "took too long");
    (world, done.unwrap_err())
}

fn is_cancelled(error: &Error) -> bool {
    let stopped = ErrorKind::Stopped(Stopped::Cancelled);
    matches!(&error.cause, Cause::Store(cause) if *cause.kind() == stopped)
}

#[tokio::test(start_paused = true)]
async fn a_stop_before_the_first_tag_leaves_no_tag() {
    let stages = [
        (true, On::Resolve, 0),
        (false, On::Resolve, 0),
        (true, On::ReadManifest, 0),
        (true, On::ReadManifest, 3),
        (false, On::Resolve, 2),
        (false, On::Resolve, 6),
        (false, On::CheckBlobs, 0),
        (true, On::OpenBlob, 0),
        (true, On::OpenBlob, 5),
        (false, On::BeginUpload, 0),
        (false, On::BeginUpload, 5),
        (false, On::CommitBlob, 0),
        (false, On::CommitBlob, 7),
        (false, On::PutManifest, 0),
        (false, On::PutManifest, 3),
        (false, On::PutManifest, 4),
    ];
    for (at_source, on, skip) in stages {
        let (world, error) = stopped_at(at_source, on, skip).await;
        assert!(is_cancelled(&error), "{on:?} {skip}: {error:?}");
        assert_eq!(error.blame(), Blame::Stopped);
        assert!(error.partial.is_none(), "{on:?} {skip}");
        assert!(world.ecr.tags().is_empty(), "{on:?} {skip}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_while_an_answer_is_outstanding_leaves_what_was_done_and_no_tag() {
    for (on, skip) in [
        (On::CommitBlob, 0),
        (On::CommitBlob, 7),
        (On::PutManifest, 0),
        (On::PutManifest, 3),
    ] {
        let (world, error) = stopped_while(false, on, skip, What::HoldAnswer).await;
        assert!(is_cancelled(&error), "{on:?} {skip}: {error:?}");
        assert!(error.partial.is_none() && world.ecr.tags().is_empty());
        let is_kept = |event: &Event| match event {
            Event::CommitBlob(blob) => world.ecr.blob(blob).is_some(),
            Event::PutManifest(put, _) => world.ecr.stored(put).is_some(),
            _ => false,
        };
        assert!(world.ecr.count(is_kept) > 0, "{on:?} {skip}");
        // The repository takes nothing twice.
        let again = World {
            cx: Context::new(),
            ..world
        };
        again.run(&job_with(&["1", "2"])).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_while_the_answer_to_a_tag_is_outstanding_says_that_it_stands() {
    let (world, error) = stopped_while(false, On::PutManifest, 4, What::HoldAnswer).await;
    assert!(is_cancelled(&error));
    assert_eq!(error.partial.unwrap().tags, one_tag());
    assert_eq!(world.ecr.tags().len(), 1, "the second was not touched");
}

#[tokio::test(start_paused = true)]
async fn a_stop_before_the_first_byte_gives_up_the_upload_that_is_open_for_it() {
    let world = World::new();
    single(&world.hub);
    let gate = Gate::closed();
    let held = Fault::once(On::OpenBlob, What::Wait(Arc::clone(&gate))).times(2);
    world.hub.fail(held);
    let job = job_with(&["1"]);
    let stop = async {
        // Config and layer.
        gate.reached().await;
        while world.ecr.open_uploads() < 2 {
            tokio::task::yield_now().await;
        }
        world.cx.cancel();
    };
    let (done, ()) = tokio::join!(world.run(&job), stop);
    assert!(is_cancelled(&done.unwrap_err()));
    let given_up = |event: &Event| matches!(event, Event::CancelUpload(_));
    assert_eq!(world.ecr.count(given_up), 2);
}

#[tokio::test(start_paused = true)]
async fn a_stop_between_two_tags_says_that_the_first_stands() {
    let (world, error) = stopped_at(false, On::PutManifest, 5).await;
    assert!(is_cancelled(&error));
    let partial = error.partial.unwrap();
    assert_eq!(partial.tags, one_tag());
    assert_eq!(world.ecr.tags().len(), 1);
    assert!(world.ecr.has_all(&partial.root.digest));
}

#[tokio::test(start_paused = true)]
async fn a_stop_while_tags_are_verified_says_that_all_stand() {
    // Each tag is looked at twice before it is set, and each of five manifests is looked for.
    let (world, error) = stopped_at(false, On::Resolve, 9).await;
    assert!(is_cancelled(&error));
    assert_eq!(error.partial.unwrap().tags.len(), 2);
    assert_eq!(world.ecr.tags().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_tag_that_was_set_when_the_stop_came_is_not_denied() {
    let world = World::new();
    single(&world.hub);
    let stopped = ErrorKind::Stopped(Stopped::Cancelled);
    let lost = Fault::once(On::PutManifest, What::LoseAnswer(stopped));
    world.ecr.fail(lost);
    let error = world.mirror().await.unwrap_err();
    assert!(is_cancelled(&error));
    assert_eq!(error.partial.unwrap().tags, one_tag());
}

#[tokio::test(start_paused = true)]
async fn a_stop_in_the_middle_of_a_silent_layer_takes_effect_at_once() {
    let world = World::new();
    single(&world.hub);
    let silence = Fault::once(On::OpenBlob, What::Silence(300)).times(2);
    world.hub.fail(silence);
    let started = monotonic();
    let limited = World {
        cx: world.cx.within(Duration::from_secs(9)),
        ..world
    };
    let error = limited.mirror().await.unwrap_err();
    assert_eq!(started.elapsed(), Duration::from_secs(9));
    let stopped = ErrorKind::Stopped(Stopped::DeadlineExceeded(Duration::from_secs(9).into()));
    assert!(matches!(&error.cause, Cause::Store(cause) if *cause.kind() == stopped));
    assert!(limited.ecr.tags().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_store_that_does_not_listen_is_left_after_two_seconds() {
    let requests = [
        (true, On::Resolve, 0),
        (true, On::ReadManifest, 0),
        (true, On::ReadManifest, 2),
        (true, On::OpenBlob, 1),
        (false, On::Resolve, 0),
        (false, On::Resolve, 1),
        (false, On::Resolve, 2),
        (false, On::CheckBlobs, 0),
        (false, On::BeginUpload, 1),
        (false, On::PutManifest, 1),
        (false, On::PutManifest, 4),
    ];
    for (at_source, on, skip) in requests {
        let world = World::new();
        usual(&world.hub);
        let side = if at_source { &world.hub } else { &world.ecr };
        side.fail(Fault::once(on, What::Hang).skip(skip).times(9));
        let limited = World {
            cx: world.cx.within(Duration::from_secs(5)),
            ..world
        };
        let started = monotonic();
        let error = limited.mirror().await.unwrap_err();
        assert_eq!(error.blame(), Blame::Stopped, "{on:?}");
        assert!(started.elapsed() <= Duration::from_secs(7), "{on:?}");
        assert!(limited.ecr.tags().is_empty() && error.partial.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn a_copy_that_is_stopped_already_asks_nobody() {
    let world = World::new();
    single(&world.hub);
    world.cx.cancel();
    let error = world.mirror().await.unwrap_err();
    assert!(is_cancelled(&error));
    assert_eq!((world.hub.log().len(), world.ecr.log().len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn after_a_stop_the_next_copy_goes_on_where_it_ended() {
    let (world, _) = stopped_at(false, On::PutManifest, 4).await;
    let again = World {
        cx: Context::new(),
        ..world
    };
    again.ecr.forget_log();
    let outcome = again.run(&job_with(&["1", "2"])).await.unwrap();
    assert_eq!((outcome.pulls, outcome.moved_bytes), (0, 0));
    assert_eq!(again.ecr.writes(), 2, "only the tags were left to do");
}

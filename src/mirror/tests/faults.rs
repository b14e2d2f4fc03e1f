//! Broken transfers: what is resumed, what is tried again, and what is said in the end.

use std::sync::Arc;
use std::time::Duration;

use super::images::{LAYER, entry, first_layer, image, layer, single, usual};
use super::{World, chain, stranger};
use crate::blame::Blame;
use crate::content::{ErrorKind, PullBudget};
use crate::mirror::memory::{Event, Fault, Gate, On, What};
use crate::mirror::{Cause, Error, Side, Step};
use crate::oci::Digest;
use crate::task::monotonic;

fn kind(error: &Error) -> &ErrorKind {
    match &error.cause {
        Cause::Store(cause) => cause.kind(),
        other => unreachable!("{other:?}"),
    }
}

/// The offsets at which a blob was opened.
fn offsets(world: &World, blob: &Digest) -> Vec<u64> {
    let log = world.hub.log().into_iter();
    log.filter_map(|event| match event {
        Event::OpenBlob(digest, offset) if digest == *blob => Some(offset),
        _ => None,
    })
    .collect()
}

fn is_begin(event: &Event) -> bool {
    matches!(event, Event::BeginUpload(_))
}

#[tokio::test(start_paused = true)]
async fn a_cut_layer_is_resumed_where_it_ended() {
    let world = World::new();
    let blob = first_layer(&single(&world.hub));
    let cut = Fault::once(On::OpenBlob, What::Cut(600)).of(&blob);
    world.hub.fail(cut);
    world.mirror().await.unwrap();
    assert_eq!(offsets(&world, &blob), [0, 600]);
    assert_eq!(world.ecr.count(is_begin), 2, "config and layer, once each");
}

#[tokio::test(start_paused = true)]
async fn a_silent_source_is_asked_again_after_thirty_seconds() {
    let world = World::new();
    let blob = first_layer(&single(&world.hub));
    let silence = Fault::once(On::OpenBlob, What::Silence(250)).of(&blob);
    world.hub.fail(silence);
    let started = monotonic();
    world.mirror().await.unwrap();
    assert_eq!(offsets(&world, &blob), [0, 250]);
    let waited = started.elapsed();
    assert!(waited > Duration::from_secs(30) && waited < Duration::from_secs(31));
}

#[tokio::test(start_paused = true)]
async fn five_cuts_without_progress_end_the_copy() {
    let world = World::new();
    let blob = first_layer(&single(&world.hub));
    let cut = Fault::once(On::OpenBlob, What::Cut(0)).of(&blob);
    world.hub.fail(cut.times(5));
    let error = world.mirror().await.unwrap_err();
    assert_eq!((error.side, error.step), (Side::Source, Step::ReadBlob));
    assert_eq!(*kind(&error), ErrorKind::Interrupted);
    assert_eq!(offsets(&world, &blob).len(), 5);
    assert_eq!(world.ecr.blob(&blob), None);
}

#[tokio::test(start_paused = true)]
async fn four_cuts_without_progress_are_borne() {
    let world = World::new();
    let blob = first_layer(&single(&world.hub));
    let cut = Fault::once(On::OpenBlob, What::Fail(ErrorKind::Interrupted)).of(&blob);
    world.hub.fail(cut.times(4));
    world.mirror().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn any_number_of_cuts_with_progress_is_borne() {
    let world = World::new();
    let root = image(
        &world.hub,
        "linux/amd64",
        &[layer(&world.hub, 1, 2_000_000)],
    );
    world.hub.set_tag("1", root.digest());
    let cut = Fault::once(On::OpenBlob, What::Cut(100_000));
    world.hub.fail(cut.of(first_layer(&root)).times(15));
    world.mirror().await.unwrap();
    assert_eq!(offsets(&world, &first_layer(&root)).len(), 16);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_gives_a_byte_per_request_is_not_followed_for_ever() {
    let world = World::new();
    let blob = first_layer(&single(&world.hub));
    let cut = Fault::once(On::OpenBlob, What::Cut(1)).of(&blob);
    world.hub.fail(cut.times(1_000));
    world.mirror().await.unwrap_err();
    assert_eq!(offsets(&world, &blob), [0, 1, 2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn wrong_bytes_are_read_once_more_from_the_start_in_another_upload() {
    for wrong in [What::WrongByte, What::Longer] {
        let world = World::new();
        let root = single(&world.hub);
        let blob = first_layer(&root);
        world.hub.fail(Fault::once(On::OpenBlob, wrong).of(&blob));
        world.mirror().await.unwrap();
        assert_eq!(offsets(&world, &blob), [0, 0]);
        assert_eq!(world.ecr.count(is_begin), 3);
        assert!(world.ecr.has_all(root.digest()));
    }
}

#[tokio::test(start_paused = true)]
async fn wrong_bytes_twice_are_never_committed_and_blame_the_source() {
    let world = World::new();
    let blob = first_layer(&single(&world.hub));
    let wrong = Fault::once(On::OpenBlob, What::WrongByte).of(&blob);
    world.hub.fail(wrong.times(2));
    let error = world.mirror().await.unwrap_err();
    assert_eq!((error.side, error.step), (Side::Source, Step::ReadBlob));
    assert_eq!(error.blame(), Blame::Remote);
    let expected = blob.clone();
    assert_eq!(*kind(&error), ErrorKind::WrongDigest { expected });
    assert!(chain(&error).contains("the source sends bytes with the digest sha256:"));
    assert_eq!(world.ecr.blob(&blob), None);
    assert!(world.ecr.tags().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_lost_upload_is_replaced_with_bytes_read_afresh() {
    let world = World::new();
    let root = single(&world.hub);
    let blob = first_layer(&root);
    let lost = Fault::once(On::CommitBlob, What::Cut(500)).of(&blob);
    world.ecr.fail(lost.times(2));
    world.mirror().await.unwrap();
    assert_eq!(offsets(&world, &blob), [0, 0, 0]);
    assert!(world.ecr.has_all(root.digest()));
}

#[tokio::test(start_paused = true)]
async fn three_lost_uploads_are_a_destination_error() {
    let world = World::new();
    let blob = first_layer(&single(&world.hub));
    let lost = Fault::once(On::CommitBlob, What::Fail(ErrorKind::UploadLost)).of(&blob);
    world.ecr.fail(lost.times(3));
    let error = world.mirror().await.unwrap_err();
    assert_eq!(
        (error.side, error.step),
        (Side::Destination, Step::WriteBlob)
    );
    assert_eq!(*kind(&error), ErrorKind::UploadLost);
    assert_eq!(error.subject, blob.to_string());
}

/// Whoever opens it has tried as often as makes sense.
#[tokio::test(start_paused = true)]
async fn an_upload_that_is_not_opened_is_not_asked_for_again() {
    let throttled = ErrorKind::Throttled { retry_after: None };
    for refused in [ErrorKind::Unavailable, throttled] {
        let world = World::new();
        let blob = first_layer(&single(&world.hub));
        let fault = Fault::once(On::BeginUpload, What::Fail(refused.clone())).of(&blob);
        world.ecr.fail(fault);
        let error = world.mirror().await.unwrap_err();
        assert_eq!(
            (error.side, error.step),
            (Side::Destination, Step::WriteBlob)
        );
        assert_eq!(*kind(&error), refused);
        let begun = Event::BeginUpload(blob);
        assert_eq!(world.ecr.count(|event| *event == begun), 1);
        assert!(world.ecr.tags().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_commit_that_comes_too_soon_is_made_again_when_the_destination_wants_it() {
    for (asked, waited) in [(7, 7), (7_200, 120)] {
        let world = World::new();
        let root = single(&world.hub);
        let retry_after = Some(Duration::from_secs(asked));
        let slow_down = What::Fail(ErrorKind::Throttled { retry_after });
        world
            .ecr
            .fail(Fault::once(On::CommitBlob, slow_down).of(first_layer(&root)));
        let started = monotonic();
        world.mirror().await.unwrap();
        assert!(world.ecr.has_all(root.digest()));
        assert_eq!(started.elapsed().as_secs(), waited);
    }
}

#[tokio::test(start_paused = true)]
async fn a_commit_whose_answer_is_lost_is_not_repeated() {
    let world = World::new();
    let blob = first_layer(&single(&world.hub));
    let lost = What::LoseAnswer(ErrorKind::Unavailable);
    world.ecr.fail(Fault::once(On::CommitBlob, lost).of(&blob));
    let outcome = world.mirror().await.unwrap();
    assert_eq!(offsets(&world, &blob), [0]);
    assert_eq!(outcome.moved_bytes, outcome.size_bytes);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_cannot_be_opened_leaves_no_upload_open() {
    let world = World::new();
    let blob = first_layer(&single(&world.hub));
    let denied = Fault::once(On::OpenBlob, What::Fail(ErrorKind::Denied)).of(&blob);
    world.hub.fail(denied);
    let error = world.mirror().await.unwrap_err();
    assert_eq!(error.blame(), Blame::Access);
    let cancelled = Event::CancelUpload(blob);
    assert!(world.ecr.log().contains(&cancelled));
}

#[tokio::test(start_paused = true)]
async fn every_kind_of_refusal_ends_the_copy_with_its_side_and_step() {
    let at_source = [
        (On::Resolve, Step::Resolve),
        (On::ReadManifest, Step::ReadManifest),
        (On::OpenBlob, Step::ReadBlob),
    ];
    let at_destination = [
        (On::Resolve, Step::Resolve),
        (On::ReadManifest, Step::ReadManifest),
        (On::CheckBlobs, Step::CheckBlobs),
        (On::BeginUpload, Step::WriteBlob),
        (On::CommitBlob, Step::WriteBlob),
        (On::PutManifest, Step::WriteManifest),
    ];
    let denied = || What::Fail(ErrorKind::Denied);
    for (on, step) in at_source {
        let world = World::new();
        usual(&world.hub);
        world.hub.fail(Fault::once(on, denied()));
        let error = world.mirror().await.unwrap_err();
        assert_eq!((error.side, error.step), (Side::Source, step));
        assert!(world.ecr.tags().is_empty() && error.partial.is_none());
    }
    for (on, step) in at_destination {
        let world = World::new();
        let root = usual(&world.hub);
        if on == On::ReadManifest {
            // What is not there is not read.
            world.ecr.add_manifest(&root);
        }
        world.ecr.fail(Fault::once(on, denied()));
        let error = world.mirror().await.unwrap_err();
        assert_eq!((error.side, error.step), (Side::Destination, step));
        assert!(world.ecr.tags().is_empty() && error.partial.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_stops_transfers_that_would_take_for_ever() {
    let world = World::new();
    let blob = first_layer(&single(&world.hub));
    let gate = Gate::closed();
    let hold = Fault::once(On::CommitBlob, What::Wait(Arc::clone(&gate)));
    world.ecr.fail(hold.of(&blob));
    let refuse = What::FailAfter(gate, ErrorKind::Refused);
    world.ecr.fail(Fault::once(On::CommitBlob, refuse));
    let error = world.mirror().await.unwrap_err();
    assert_eq!(*kind(&error), ErrorKind::Refused);
    assert_ne!(error.subject, blob.to_string());
}

#[tokio::test(start_paused = true)]
async fn an_empty_blob_with_another_digest_is_never_committed() {
    let world = World::new();
    let claimed = entry(LAYER, &stranger(), 0);
    let root = image(&world.hub, "linux/amd64", &[claimed]);
    world.hub.set_tag("1", root.digest());
    let error = world.mirror().await.unwrap_err();
    assert_eq!((error.side, error.step), (Side::Source, Step::ReadBlob));
    assert_eq!(error.subject, stranger().to_string());
}

#[tokio::test(start_paused = true)]
async fn a_real_error_wins_over_the_stop_that_it_causes() {
    for turn in 0..8 {
        let world = World::new();
        usual(&world.hub);
        let refused = Fault::once(On::CommitBlob, What::Fail(ErrorKind::Refused));
        world.ecr.fail(refused.skip(turn));
        let error = world.mirror().await.unwrap_err();
        assert_eq!(*kind(&error), ErrorKind::Refused);
    }
}

#[tokio::test(start_paused = true)]
async fn an_exhausted_pull_limit_is_passed_on_with_its_numbers() {
    let world = World::new();
    usual(&world.hub);
    let budget = PullBudget {
        limit: Some(100),
        remaining: Some(0),
        ..PullBudget::default()
    };
    let limit = What::Fail(ErrorKind::PullLimit(budget.clone()));
    world.hub.fail(Fault::once(On::ReadManifest, limit).skip(2));
    let error = world.mirror().await.unwrap_err();
    assert_eq!(*kind(&error), ErrorKind::PullLimit(budget));
    assert_eq!(
        world.ecr.writes(),
        0,
        "nothing is written before all is read"
    );
}

#[tokio::test(start_paused = true)]
async fn a_corrupt_manifest_is_read_once_more() {
    let world = World::new();
    let root = usual(&world.hub);
    let corrupt = |times| {
        let expected = root.digest().clone();
        let what = What::Fail(ErrorKind::WrongDigest { expected });
        Fault::once(On::ReadManifest, what).times(times)
    };
    world.hub.fail(corrupt(2));
    world.mirror().await.unwrap_err();
    world.hub.heal();
    world.hub.fail(corrupt(1));
    let outcome = world.mirror().await.unwrap();
    assert_eq!(outcome.pulls, 6, "both readings of the root count");
}

#[tokio::test(start_paused = true)]
async fn a_blob_that_the_source_lacks_for_a_moment_is_asked_for_once_more() {
    for (times, is_copied) in [(1, true), (2, false)] {
        let world = World::new();
        let root = single(&world.hub);
        let missing = Fault::once(On::OpenBlob, What::Fail(ErrorKind::NotFound));
        world.hub.fail(missing.of(first_layer(&root)).times(times));
        match world.mirror().await {
            Ok(_) => assert!(is_copied && world.ecr.has_all(root.digest())),
            Err(error) => {
                let layer = first_layer(&root).to_string();
                assert_eq!((error.side, error.step), (Side::Source, Step::ReadBlob));
                assert!(!is_copied && error.subject == layer);
                assert!(world.ecr.tags().is_empty());
            }
        }
    }
}

//! Tags: who may move them, when they move, what is said about them.

use std::time::Duration;

use super::images::{image, layer, single, usual};
use super::{World, chain, job, job_with, one_tag, stranger, tags};
use crate::blame::Blame;
use crate::content::ErrorKind;
use crate::mirror::memory::{Fault, On, What};
use crate::mirror::{Cause, Error, ExistingTag, MirrorJob, Step};
use crate::task::monotonic;

fn keeping(existing: &ExistingTag) -> MirrorJob {
    MirrorJob {
        tags: tags(&["1"], existing),
        ..job()
    }
}

#[tokio::test(start_paused = true)]
async fn a_foreign_tag_is_not_moved_and_nothing_is_written_or_pulled() {
    let world = World::new();
    let root = usual(&world.hub);
    world.ecr.set_tag("1", &stranger());
    let error = world.mirror().await.unwrap_err();
    assert_eq!(error.step, Step::CheckTag);
    assert_eq!(error.blame(), Blame::Practitioner);
    let Cause::TagTaken { tag, found, wanted } = &error.cause else {
        unreachable!("{error:?}")
    };
    assert_eq!(
        (tag.as_str(), found, wanted),
        ("1", &stranger(), root.digest())
    );
    assert_eq!((world.ecr.writes(), world.hub.pulls()), (0, 0));
    assert_eq!(world.ecr.tag("1"), Some(stranger()));
}

#[tokio::test(start_paused = true)]
async fn one_foreign_tag_among_several_stops_all() {
    let world = World::new();
    usual(&world.hub);
    world.ecr.set_tag("3", &stranger());
    world.run(&job_with(&["1", "2", "3"])).await.unwrap_err();
    assert_eq!(world.ecr.tags().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_foreign_tag_among_some_that_may_be_moved_stops_all() {
    let world = World::new();
    usual(&world.hub);
    let ours = [
        ExistingTag::Overwrite,
        ExistingTag::KeepUnless(Some(stranger())),
    ];
    for may_move in ours {
        world.ecr.set_tag("1", &stranger());
        world.ecr.set_tag("2", &stranger());
        let mut job = keeping(&may_move);
        job.tags
            .extend(tags(&["2"], &ExistingTag::KeepUnless(None)));
        let error = world.run(&job).await.unwrap_err();
        assert!(matches!(&error.cause, Cause::TagTaken { tag, .. } if tag.as_str() == "2"));
        assert!(error.partial.is_none());
        assert_eq!(world.ecr.writes(), 0);
        assert_eq!(world.ecr.tag("1"), Some(stranger()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_foreign_tag_is_moved_when_overwriting_is_allowed() {
    let world = World::new();
    let root = usual(&world.hub);
    world.ecr.set_tag("1", &stranger());
    world.run(&keeping(&ExistingTag::Overwrite)).await.unwrap();
    assert_eq!(world.ecr.tag("1").as_ref(), Some(root.digest()));
}

#[tokio::test(start_paused = true)]
async fn a_tag_that_shows_what_we_put_there_is_moved() {
    let world = World::new();
    let root = usual(&world.hub);
    world.ecr.set_tag("1", &stranger());
    let ours = ExistingTag::KeepUnless(Some(stranger()));
    world.run(&keeping(&ours)).await.unwrap();
    assert_eq!(world.ecr.tag("1").as_ref(), Some(root.digest()));
}

#[tokio::test(start_paused = true)]
async fn a_tag_that_shows_the_same_digest_is_adopted() {
    let world = World::new();
    usual(&world.hub);
    world.mirror().await.unwrap();
    let outcome = world.mirror().await.unwrap();
    assert_eq!(outcome.tags, one_tag());
}

#[tokio::test(start_paused = true)]
async fn a_tag_that_somebody_sets_meanwhile_is_not_moved() {
    let world = World::new();
    usual(&world.hub);
    let meanwhile = What::SetTag("1".parse().unwrap(), stranger());
    world.ecr.fail(Fault::once(On::CommitBlob, meanwhile));
    let error = world.mirror().await.unwrap_err();
    assert!(matches!(error.cause, Cause::TagTaken { .. }));
    assert_eq!(world.ecr.tag("1"), Some(stranger()));
}

/// The tags that stand although the copy failed.
fn standing(error: &Error) -> Vec<String> {
    let tags = error.partial.iter().flat_map(|outcome| &outcome.tags);
    tags.map(ToString::to_string).collect()
}

#[tokio::test(start_paused = true)]
async fn a_failure_after_the_first_tag_says_what_stands() {
    let world = World::new();
    let root = single(&world.hub);
    let refused = Fault::once(On::PutManifest, What::Fail(ErrorKind::TagImmutable));
    world.ecr.fail(refused.of("Tag(\"2\")"));
    let error = world.run(&job_with(&["1", "2", "3"])).await.unwrap_err();
    assert_eq!((error.step, error.subject.as_str()), (Step::WriteTag, "2"));
    assert_eq!(standing(&error), ["1"]);
    let partial = error.partial.unwrap();
    assert_eq!(partial.root, root.descriptor());
    assert_eq!(partial.moved_bytes, partial.size_bytes);
}

#[tokio::test(start_paused = true)]
async fn a_failure_at_the_first_tag_leaves_nothing() {
    let world = World::new();
    single(&world.hub);
    let refused = Fault::once(On::PutManifest, What::Fail(ErrorKind::Refused));
    world.ecr.fail(refused.of("Tag("));
    let error = world.run(&job_with(&["1", "2"])).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "could not set the tag `1` at the destination"
    );
    assert!(error.partial.is_none());
    assert!(world.ecr.tags().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_tag_whose_answer_is_lost_counts_as_set() {
    let world = World::new();
    single(&world.hub);
    let lost = What::LoseAnswer(ErrorKind::Unavailable);
    world
        .ecr
        .fail(Fault::once(On::PutManifest, lost).of("Tag(\"1\")"));
    let outcome = world.run(&job_with(&["1", "2"])).await.unwrap();
    assert_eq!(outcome.tags.len(), 2);
}

/// A world in which the tag shows something strange for so many looks after it was set.
fn slow_tag(looks: usize) -> World {
    let world = World::new();
    single(&world.hub);
    // Two looks come before the tag is set: at the start, and after copying.
    let strange = Fault::once(On::Resolve, What::Show(stranger())).of("Tag(\"1\")");
    world.ecr.fail(strange.skip(2).times(looks));
    world
}

#[tokio::test(start_paused = true)]
async fn a_tag_may_take_ten_seconds_to_be_seen() {
    let world = slow_tag(4);
    let started = monotonic();
    let outcome = world.mirror().await.unwrap();
    assert_eq!(started.elapsed().as_secs(), 10);
    assert_eq!(outcome.tags, one_tag());
}

#[tokio::test(start_paused = true)]
async fn a_tag_that_keeps_showing_something_else_is_an_error() {
    let world = slow_tag(5);
    let started = monotonic();
    let error = world.mirror().await.unwrap_err();
    assert_eq!(started.elapsed(), Duration::from_secs(10));
    assert!(matches!(error.cause, Cause::Unverified { .. }));
    assert!(standing(&error).is_empty() && error.partial.is_some());
    let text = chain(&error);
    assert!(
        text.contains(&format!("shows {} although", stranger())),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_moved_source_tag_moves_the_tag_and_reuses_what_is_there() {
    let world = World::new();
    let old = single(&world.hub);
    world.mirror().await.unwrap();
    let layers = [layer(&world.hub, 1, 1_000), layer(&world.hub, 2, 70)];
    let new = image(&world.hub, "linux/amd64", &layers);
    world.hub.set_tag("1", new.digest());
    let ours = ExistingTag::KeepUnless(Some(old.digest().clone()));
    let outcome = world.run(&keeping(&ours)).await.unwrap();
    assert_eq!(outcome.moved_bytes, 70);
    assert_eq!(world.ecr.tag("1").as_ref(), Some(new.digest()));
}

//! What copies of one process share.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::images::{first_layer, image, index, layer, plain_child, single, usual};
use super::{World, is_idle, job, job_with};
use crate::content::{Destination, ErrorKind, Source};
use crate::mirror::memory::{Event, Fault, Gate, Memory, On, Target, What};
use crate::mirror::{Engine, Error, Limits, MirrorJob, Outcome};
use crate::task::Context;

/// Copies from one source that run at the same time.
struct Copies {
    engine: Engine,
    source: Arc<Memory>,
    running: JoinSet<Result<Outcome, Error>>,
}

impl Copies {
    fn of(source: &Arc<Memory>, transfers: usize) -> Self {
        Self {
            engine: Engine::new(Limits { transfers }),
            source: Arc::clone(source),
            running: JoinSet::new(),
        }
    }

    fn start(&mut self, cx: &Context, job: MirrorJob, to: &Arc<Memory>) {
        let (cx, engine) = (cx.clone(), self.engine.clone());
        let source = Arc::clone(&self.source) as Arc<dyn Source>;
        let to: Arc<dyn Destination> = Arc::new(Target(Arc::clone(to)));
        self.running
            .spawn(async move { engine.mirror(&cx, &job, source, to).await });
    }

    async fn done(self) -> Vec<Result<Outcome, Error>> {
        self.running.join_all().await
    }
}

#[tokio::test(start_paused = true)]
async fn twenty_accounts_with_one_image_cause_one_read_of_each_manifest() {
    let hub = Memory::new("docker.io", "library/app");
    let root = usual(&hub);
    let mut copies = Copies::of(&hub, 8);
    let accounts: Vec<_> = (0..20)
        .map(|account| Memory::new("public.ecr.aws", &format!("a{account}/app")))
        .collect();
    for account in &accounts {
        copies.start(&Context::new(), job(), account);
    }
    let outcomes = copies.done().await;
    let pulls: u64 = outcomes
        .iter()
        .map(|done| done.as_ref().unwrap().pulls)
        .sum();
    assert_eq!((pulls, hub.pulls()), (5, 5));
    assert!(
        accounts
            .iter()
            .all(|account| account.has_all(root.digest()))
    );
}

#[tokio::test(start_paused = true)]
async fn copies_to_one_repository_write_everything_once() {
    let world = World::new();
    let root = usual(&world.hub);
    let mut copies = Copies::of(&world.hub, 8);
    for tag in ["1", "2", "3"] {
        copies.start(&Context::new(), job_with(&[tag]), &world.ecr);
    }
    let outcomes = copies.done().await;
    // The repository refuses a second commit of a blob by itself.
    let moved: u64 = outcomes
        .iter()
        .map(|done| done.as_ref().unwrap().moved_bytes)
        .sum();
    assert_eq!(moved, outcomes[0].as_ref().unwrap().size_bytes);
    let children = |event: &Event| matches!(event, Event::PutManifest(_, None));
    assert_eq!(world.ecr.count(children), 4);
    assert_eq!(world.ecr.tags().len(), 3);
    assert!(world.ecr.has_all(root.digest()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn copies_on_several_threads_write_everything_once_and_leave_nothing() {
    for round in 0..40 {
        let hub = Memory::new("docker.io", "library/app");
        let root = usual(&hub);
        hub.shuffle(round);
        let target = Memory::new("public.ecr.aws", "a/app");
        let mut copies = Copies::of(&hub, 3);
        let engine = copies.engine.clone();
        for number in 0..10 {
            let tag = format!("t{number}");
            copies.start(&Context::new(), job_with(&[&tag]), &target);
        }
        for done in copies.done().await {
            done.unwrap();
        }
        assert_eq!((hub.pulls(), target.tags().len()), (5, 10));
        assert!(target.has_all(root.digest()));
        let shared = engine.shared();
        is_idle(shared);
        assert_eq!(shared.transfers.available(), (3, 2));
    }
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_fails_hands_the_work_on() {
    let hub = Memory::new("docker.io", "library/app");
    single(&hub);
    hub.fail(Fault::once(
        On::ReadManifest,
        What::Fail(ErrorKind::Unavailable),
    ));
    let mut copies = Copies::of(&hub, 8);
    for account in ["a/app", "b/app", "c/app"] {
        copies.start(
            &Context::new(),
            job(),
            &Memory::new("public.ecr.aws", account),
        );
    }
    let outcomes = copies.done().await;
    assert_eq!(outcomes.iter().filter(|done| done.is_err()).count(), 1);
    assert_eq!(hub.pulls(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_upload_whose_copy_is_cancelled_is_taken_over() {
    let world = World::new();
    let root = single(&world.hub);
    let gate = Gate::closed();
    let wait = Fault::once(On::CommitBlob, What::Wait(Arc::clone(&gate)));
    world.ecr.fail(wait.of(first_layer(&root)));
    let leader = Context::new();
    let mut copies = Copies::of(&world.hub, 8);
    copies.start(&leader, job(), &world.ecr);
    gate.reached().await;
    copies.start(&Context::new(), job_with(&["2"]), &world.ecr);
    tokio::task::yield_now().await;
    leader.cancel();
    let outcomes = copies.done().await;
    assert_eq!(outcomes.iter().filter(|done| done.is_ok()).count(), 1);
    assert_eq!(world.ecr.tag("2").as_ref(), Some(root.digest()));
    assert_eq!((world.ecr.tag("1"), world.ecr.open_uploads()), (None, 0));
}

#[tokio::test(start_paused = true)]
async fn one_permit_is_enough_for_many_copies_of_deep_images() {
    let hub = Memory::new("docker.io", "library/app");
    let leaf = image(
        &hub,
        "linux/amd64",
        &[layer(&hub, 1, 99), layer(&hub, 2, 9)],
    );
    let inner = index(&hub, &[plain_child(&leaf)]);
    let root = index(&hub, &[plain_child(&inner), plain_child(&leaf)]);
    hub.set_tag("1", root.digest());
    let target = Memory::new("public.ecr.aws", "a/app");
    let mut copies = Copies::of(&hub, 1);
    for tag in ["1", "2", "3", "4"] {
        copies.start(&Context::new(), job_with(&[tag]), &target);
    }
    for done in copies.done().await {
        done.unwrap();
    }
    assert!(target.has_all(root.digest()));
}

#[tokio::test(start_paused = true)]
async fn big_layers_leave_a_way_for_small_ones() {
    let world = World::new();
    let big: Vec<_> = (0..4)
        .map(|seed| layer(&world.hub, seed, 1_100_000))
        .collect();
    let mut layers = big.clone();
    layers.extend((10..20).map(|seed| layer(&world.hub, seed, 50)));
    let root = image(&world.hub, "linux/amd64", &layers);
    world.hub.set_tag("1", root.digest());
    let gate = Gate::closed();
    for blob in &big {
        let digest = blob["digest"].as_str().unwrap();
        let wait = Fault::once(On::CommitBlob, What::Wait(Arc::clone(&gate)));
        world.ecr.fail(wait.of(digest));
    }
    let mut copies = Copies::of(&world.hub, 2);
    copies.start(&Context::new(), job(), &world.ecr);
    // With two permits, one big layer waits at the gate; the small ones and the configuration
    // pass it.
    gate.reached().await;
    let is_commit = |event: &Event| matches!(event, Event::CommitBlob(_));
    while world.ecr.count(is_commit) < 12 {
        tokio::task::yield_now().await;
    }
    gate.open();
    for done in copies.done().await {
        done.unwrap();
    }
    assert!(world.ecr.has_all(root.digest()));
}

#[tokio::test(start_paused = true)]
async fn no_more_blobs_are_in_flight_than_allowed() {
    let world = World::new();
    let layers: Vec<_> = (0..30).map(|seed| layer(&world.hub, seed, 50)).collect();
    let root = image(&world.hub, "linux/amd64", &layers);
    world.hub.set_tag("1", root.digest());
    let gate = Gate::closed();
    let wait = Fault::once(On::CommitBlob, What::Wait(Arc::clone(&gate)));
    world.ecr.fail(wait.times(100));
    let mut copies = Copies::of(&world.hub, 3);
    copies.start(&Context::new(), job(), &world.ecr);
    gate.reached().await;
    for _turn in 0..1_000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.ecr.open_uploads(), 3);
    gate.open();
    copies.done().await.remove(0).unwrap();
}

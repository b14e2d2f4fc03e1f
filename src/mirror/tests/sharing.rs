//! What copies of one process share.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::images::{child, first_layer, image, index, layer, plain_child, single, usual};
use super::{World, is_idle, job, job_with};
use crate::content::{Destination, ErrorKind, Source};
use crate::mirror::memory::{Event, Fault, Gate, Memory, On, Target, What};
use crate::mirror::{Engine, Error, Limits, MirrorJob, Outcome, Platforms};
use crate::oci::Version;
use crate::task::Context;

/// The distinct blobs of the usual image.
const USUAL_BLOBS: usize = 8;

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
        let source = Arc::clone(&self.source);
        self.start_from(&source, cx, job, to);
    }

    fn start_from(&mut self, source: &Arc<Memory>, cx: &Context, job: MirrorJob, to: &Arc<Memory>) {
        let (cx, engine) = (cx.clone(), self.engine.clone());
        let source = Arc::clone(source) as Arc<dyn Source>;
        let to: Arc<dyn Destination> = Arc::new(Target(Arc::clone(to)));
        self.running
            .spawn(async move { engine.mirror(&cx, &job, source, to).await });
    }

    /// What became of them. A wait that nothing can end becomes a failure here.
    async fn done(self) -> Vec<Result<Outcome, Error>> {
        let hour = Duration::from_secs(3_600);
        let done = tokio::time::timeout(hour, self.running.join_all()).await;
        is_idle(self.engine.shared());
        done.unwrap()
    }
}

fn accounts(count: usize) -> Vec<Arc<Memory>> {
    (0..count)
        .map(|account| Memory::new("public.ecr.aws", &format!("a{account}/app")))
        .collect()
}

/// What was read from a repository, sorted.
fn reads(memory: &Memory) -> Vec<String> {
    let log = memory.log().into_iter();
    let reads = log.filter(|event| matches!(event, Event::OpenBlob(..) | Event::ReadManifest(_)));
    let mut reads: Vec<String> = reads.map(|event| format!("{event:?}")).collect();
    reads.sort();
    reads
}

fn blob_reads(memory: &Memory) -> usize {
    memory.count(|event| matches!(event, Event::OpenBlob(..)))
}

/// Ten images, each in a repository of its own, on a base that they share.
fn ten_images() -> Vec<Arc<Memory>> {
    let made = (0..10).map(|number| {
        let hub = Memory::new("docker.io", &format!("library/app{number}"));
        let base = [layer(&hub, 1, 2_000), layer(&hub, 2, 700)];
        let layers = [&base[..], &[layer(&hub, 100 + number, 300)]].concat();
        let entries = ["linux/amd64", "linux/arm64/v8"].map(|platform| {
            let image = image(&hub, platform, &layers);
            child(&image, platform)
        });
        hub.set_tag("1", index(&hub, &entries).digest());
        hub
    });
    made.collect()
}

/// Brings all images to so many accounts at once, and returns what was read from the sources.
async fn ten_images_to(accounts: usize, is_shy: bool) -> Vec<String> {
    let hubs = ten_images();
    let mut copies = Copies::of(&hubs[0], 8);
    let mut targets = Vec::new();
    for account in 0..accounts {
        for (number, hub) in hubs.iter().enumerate() {
            let path = format!("a{account}/app{number}");
            let target = Memory::new("public.ecr.aws", &path);
            if is_shy {
                target.be_shy();
            }
            copies.start_from(hub, &Context::new(), job(), &target);
            targets.push((target, hub.tag("1").unwrap()));
        }
    }
    for done in copies.done().await {
        done.unwrap();
    }
    assert!(targets.iter().all(|(target, root)| target.has_all(root)));
    let mut all: Vec<String> = hubs.iter().flat_map(|hub| reads(hub)).collect();
    all.sort();
    all
}

#[tokio::test(start_paused = true)]
async fn twenty_accounts_with_one_image_cause_one_read_of_everything() {
    let hub = Memory::new("docker.io", "library/app");
    let root = usual(&hub);
    let mut copies = Copies::of(&hub, 8);
    let accounts = accounts(20);
    for account in &accounts {
        copies.start(&Context::new(), job(), account);
    }
    let outcomes = copies.done().await;
    let pulls: u64 = outcomes
        .iter()
        .map(|done| done.as_ref().unwrap().pulls)
        .sum();
    assert_eq!((pulls, hub.pulls()), (5, 5));
    assert_eq!(blob_reads(&hub), USUAL_BLOBS);
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
        assert_eq!(shared.transfers.available(), (3, 1));
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

#[tokio::test(start_paused = true)]
async fn a_blob_that_waits_for_another_attempt_lets_others_pass() {
    let world = World::new();
    let layer = first_layer(&single(&world.hub));
    let retry_after = Some(Duration::from_secs(60));
    let slow_down = What::Fail(ErrorKind::Throttled { retry_after });
    let throttled = Fault::once(On::CommitBlob, slow_down).of(&layer);
    world.ecr.fail(throttled);
    let mut copies = Copies::of(&world.hub, 1);
    copies.start(&Context::new(), job(), &world.ecr);
    copies.done().await.remove(0).unwrap();
    let log = world.ecr.log().into_iter();
    let commits = log.filter_map(|event| match event {
        Event::CommitBlob(digest) => Some(digest == layer),
        _ => None,
    });
    assert_eq!(commits.collect::<Vec<_>>(), [true, false, true]);
}

#[tokio::test(start_paused = true)]
async fn twenty_accounts_with_ten_images_read_from_the_sources_what_one_account_reads() {
    let one = ten_images_to(1, false).await;
    let mut distinct = one.clone();
    distinct.dedup();
    assert_eq!(one, distinct, "something was read twice for one account");
    assert_eq!(ten_images_to(20, false).await, one);
    assert_eq!(ten_images_to(20, true).await, one);
}

#[tokio::test(start_paused = true)]
async fn sources_that_share_a_layer_are_asked_for_it_once() {
    let [one, two] = ["one/app", "two/app"].map(|path| Memory::new("docker.io", path));
    let shared = layer(&one, 1, 1_000);
    for (number, hub) in [&one, &two].into_iter().enumerate() {
        let own = layer(hub, 10 + number as u64, 50);
        let layers = [layer(hub, 1, 1_000), own];
        let platform = ["linux/amd64", "linux/arm64"][number];
        hub.set_tag("1", image(hub, platform, &layers).digest());
    }
    let mut copies = Copies::of(&one, 8);
    for (hub, account) in [&one, &two].into_iter().zip(accounts(2)) {
        copies.start_from(hub, &Context::new(), job(), &account);
    }
    for done in copies.done().await {
        done.unwrap();
    }
    let shared = shared["digest"].as_str().unwrap();
    let of_shared = |hub: &Memory| {
        hub.count(|event| matches!(event, Event::OpenBlob(digest, _) if digest.as_str() == shared))
    };
    assert_eq!(of_shared(&one) + of_shared(&two), 1);
    assert_eq!(blob_reads(&one) + blob_reads(&two), 5);
}

#[tokio::test(start_paused = true)]
async fn a_destination_that_fails_half_way_does_not_fail_the_others() {
    let hub = Memory::new("docker.io", "library/app");
    let root = usual(&hub);
    let accounts = accounts(6);
    let denied = Fault::once(On::CommitBlob, What::Fail(ErrorKind::Denied));
    accounts[0].fail(denied.skip(2));
    let mut copies = Copies::of(&hub, 8);
    for account in &accounts {
        copies.start(&Context::new(), job(), account);
    }
    let outcomes = copies.done().await;
    assert_eq!(outcomes.iter().filter(|done| done.is_err()).count(), 1);
    assert!(accounts[0].tags().is_empty());
    assert!(accounts[1..].iter().all(|one| one.has_all(root.digest())));
    // What the one had begun to read when it was stopped is read again, once.
    assert!(blob_reads(&hub) <= 2 * USUAL_BLOBS, "{:?}", reads(&hub));
}

#[tokio::test(start_paused = true)]
async fn copies_that_are_never_served_are_replaced_by_the_source() {
    for kind in [ErrorKind::NotFound, ErrorKind::Unavailable] {
        let hub = Memory::new("docker.io", "library/app");
        let root = usual(&hub);
        let accounts = accounts(4);
        let mut copies = Copies::of(&hub, 8);
        for account in &accounts {
            let never = Fault::once(On::OpenBlob, What::Fail(kind.clone()));
            account.fail(never.times(1_000));
            copies.start(&Context::new(), job(), account);
        }
        for done in copies.done().await {
            done.unwrap();
        }
        assert!(accounts.iter().all(|one| one.has_all(root.digest())));
        assert_eq!(blob_reads(&hub), 4 * USUAL_BLOBS, "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_copy_serves_is_verified_and_resumed_like_a_source() {
    for (what, reads_of_the_source) in [(What::Cut(300), 2), (What::WrongByte, 3)] {
        let hub = Memory::new("docker.io", "library/app");
        let root = single(&hub);
        let accounts = accounts(2);
        let fault = Fault::once(On::OpenBlob, what.clone()).of(first_layer(&root));
        accounts[0].fail(fault.times(if reads_of_the_source == 3 { 2 } else { 1 }));
        let mut copies = Copies::of(&hub, 8);
        for account in &accounts {
            copies.start(&Context::new(), job(), account);
        }
        for done in copies.done().await {
            done.unwrap();
        }
        assert!(accounts.iter().all(|one| one.has_all(root.digest())));
        assert_eq!(blob_reads(&hub), reads_of_the_source, "{what:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_next_in_line_reads_when_the_one_that_reads_is_cancelled() {
    let hub = Memory::new("docker.io", "library/app");
    let root = single(&hub);
    let gate = Gate::closed();
    let wait = Fault::once(On::OpenBlob, What::Wait(Arc::clone(&gate)));
    hub.fail(wait.of(first_layer(&root)));
    let accounts = accounts(4);
    let first = Context::new();
    let mut copies = Copies::of(&hub, 8);
    copies.start(&first, job(), &accounts[0]);
    gate.reached().await;
    for account in &accounts[1..] {
        copies.start(&Context::new(), job(), account);
    }
    for _turn in 0..1_000 {
        tokio::task::yield_now().await;
    }
    assert!(accounts[1..].iter().all(|one| one.tags().is_empty()));
    first.cancel();
    let outcomes = copies.done().await;
    assert_eq!(outcomes.iter().filter(|done| done.is_ok()).count(), 3);
    assert!(accounts[1..].iter().all(|one| one.has_all(root.digest())));
    let layer = first_layer(&root);
    let of_layer = |event: &Event| matches!(event, Event::OpenBlob(digest, _) if *digest == layer);
    assert_eq!(hub.count(of_layer), 2);
}

#[tokio::test(start_paused = true)]
async fn readers_of_a_copy_do_not_wait_for_each_other() {
    let hub = Memory::new("docker.io", "library/app");
    let root = single(&hub);
    let accounts = accounts(4);
    let mut copies = Copies::of(&hub, 8);
    let gate = Gate::closed();
    let wait = Fault::once(On::OpenBlob, What::Wait(Arc::clone(&gate)));
    accounts[0].fail(wait.of(first_layer(&root)).times(2));
    for account in &accounts {
        copies.start(&Context::new(), job(), account);
    }
    // Two are held at the copy; the third passes them.
    while accounts.iter().filter(|one| one.tag("1").is_some()).count() < 2 {
        tokio::task::yield_now().await;
    }
    gate.open();
    for done in copies.done().await {
        done.unwrap();
    }
    assert_eq!(blob_reads(&hub), 2);
}

#[tokio::test(start_paused = true)]
async fn a_copy_of_an_earlier_run_spares_the_source() {
    let world = World::new();
    let root = usual(&world.hub);
    world.mirror().await.unwrap();
    world.hub.forget_log();
    let mut copies = Copies::of(&world.hub, 8);
    // An engine that knows nothing finds the image in one account, and reads it there for another.
    let engine = copies.engine.clone();
    let source = Arc::clone(&world.hub) as Arc<dyn Source>;
    let there: Arc<dyn Destination> = Arc::new(Target(Arc::clone(&world.ecr)));
    let found = engine.mirror(&Context::new(), &job(), source, there).await;
    assert_eq!(found.unwrap().moved_bytes, 0);
    let account = Memory::new("public.ecr.aws", "b/app");
    copies.start(&Context::new(), job(), &account);
    copies.done().await.remove(0).unwrap();
    assert!(account.has_all(root.digest()));
    assert_eq!(reads(&world.hub), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_job_gets_nothing_that_its_own_source_does_not_have() {
    let hub = Memory::new("docker.io", "library/app");
    let root = usual(&hub);
    let mut copies = Copies::of(&hub, 8);
    let [one, two] = <[_; 2]>::try_from(accounts(2)).ok().unwrap();
    copies.start(&Context::new(), job(), &one);
    let stranger = Memory::new("docker.io", "stranger/app");
    let by_digest = MirrorJob {
        version: Version::Digest(root.digest().clone()),
        ..job()
    };
    copies.start_from(&stranger, &Context::new(), by_digest, &two);
    let outcomes = copies.done().await;
    assert_eq!(outcomes.iter().filter(|done| done.is_ok()).count(), 1);
    assert_eq!((two.writes(), two.tags().len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_configuration_that_tells_the_platform_is_read_once_for_all() {
    let hub = Memory::new("docker.io", "library/app");
    let root = single(&hub);
    let accounts = accounts(5);
    let mut copies = Copies::of(&hub, 8);
    for account in &accounts {
        let platform = "linux/amd64".parse().unwrap();
        let chosen = MirrorJob {
            platforms: Platforms::Only([platform].into()),
            ..job()
        };
        copies.start(&Context::new(), chosen, account);
    }
    for done in copies.done().await {
        done.unwrap();
    }
    assert!(accounts.iter().all(|one| one.has_all(root.digest())));
    assert_eq!(blob_reads(&hub), 2);
}

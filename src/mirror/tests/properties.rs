//! Any graph, any faults: complete, or an error, and never half tagged.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use serde_json::Value;
use tokio::task::JoinSet;

use super::images::{attestation, child, image, index, layer, plain_child};
use super::{World, is_idle, job_with};
use crate::content::{ErrorKind, Source};
use crate::mirror::memory::{Event, Fault, Memory, On, What};
use crate::mirror::{Engine, Limits};
use crate::oci::{Child, Digest, Manifest};
use crate::task::{Context, Stopped};

const GRAPHS: u64 = 1_000;

/// Each with several copies at the same time.
const RUNS: u64 = 80;

#[tokio::test(start_paused = true)]
async fn any_graph_with_any_faults_ends_complete_or_with_an_error() {
    let mut complete = 0;
    for seed in 0..GRAPHS {
        let mut random = Rng::with_seed(seed);
        let world = World::new();
        world.hub.shuffle(random.u64(..));
        world.ecr.shuffle(random.u64(..));
        let root = graph(&mut random, &world.hub);
        seed_destination(&mut random, &world, &root);
        break_something(&mut random, &world);
        let tags = ["1", "2", "3"];
        let done = world.run(&job_with(&tags[..random.usize(1..=3)])).await;
        println!(
            "seed {seed}: {}",
            if done.is_ok() { "complete" } else { "failed" }
        );
        complete += u64::from(done.is_ok());
        let standing = match &done {
            Ok(outcome) => outcome.tags.len(),
            Err(error) => error.partial.as_ref().map_or(0, |part| part.tags.len()),
        };
        assert_eq!(world.ecr.tags().len(), standing, "seed {seed}: {done:?}");
        if standing > 0 {
            assert!(world.ecr.has_all(root.digest()), "seed {seed}");
        }
        is_once(&world.ecr.log(), seed);
        is_in_order(&world, seed);
        and_then_it_heals(world, &root, seed).await;
    }
    assert!(
        complete > GRAPHS / 4 && complete < GRAPHS,
        "{complete} complete"
    );
}

/// Several images on the same layers, each to several accounts at once, whatever breaks: every copy
/// is complete or fails, none hinders another for ever, and a registry that serves what no image
/// refers to makes no difference.
#[tokio::test(start_paused = true)]
async fn copies_at_the_same_time_with_any_faults_end_complete_or_with_an_error() {
    let mut complete = 0;
    for seed in 0..RUNS {
        let mut random = Rng::with_seed(seed);
        let engine = Engine::new(Limits {
            transfers: random.usize(1..6),
        });
        let hubs = ["one/app", "two/app", "three/app"].map(|path| {
            let hub = Memory::new("docker.io", path);
            let root = graph(&mut random, &hub);
            (hub, root)
        });
        let is_shy = random.bool();
        let mut running = JoinSet::new();
        let mut targets = Vec::new();
        for account in 0..random.usize(2..5) {
            for (hub, root) in &hubs {
                let path = format!("a{account}{}", hub_path(hub));
                let world = World {
                    cx: Context::new(),
                    engine: engine.clone(),
                    hub: Arc::clone(hub),
                    ecr: Memory::new("public.ecr.aws", &path),
                };
                world.ecr.shuffle(random.u64(..));
                if is_shy {
                    world.ecr.be_shy();
                }
                if random.u8(0..3) == 0 {
                    break_something(&mut random, &world);
                }
                targets.push((Arc::clone(&world.ecr), root.clone()));
                running.spawn(async move { world.start(&job_with(&["1", "2"])).await.is_ok() });
            }
        }
        let limit = Duration::from_secs(24 * 3_600);
        let done = tokio::time::timeout(limit, running.join_all()).await;
        let done = done.unwrap_or_else(|_| panic!("seed {seed}: somebody waits for ever"));
        complete += done.iter().filter(|is_complete| **is_complete).count();
        for (target, root) in &targets {
            let is_tagged = !target.tags().is_empty();
            assert!(!is_tagged || target.has_all(root.digest()), "seed {seed}");
            assert_eq!(target.open_uploads(), 0, "seed {seed}");
            is_once(&target.log(), seed);
        }
        is_idle(engine.shared());
    }
    assert!(complete > 300, "{complete} complete");
}

fn hub_path(hub: &Memory) -> String {
    let name = Source::repository(hub).path();
    format!("/{name}")
}

/// Without faults, the next copy completes what the last one left.
async fn and_then_it_heals(world: World, root: &Manifest, seed: u64) {
    let world = World {
        cx: Context::new(),
        ..world
    };
    world.hub.heal();
    world.ecr.heal();
    world.ecr.stop_after(usize::MAX, &Context::new());
    world.hub.stop_after(usize::MAX, &Context::new());
    let done = world.run(&job_with(&["1", "2", "3"])).await;
    assert!(done.is_ok(), "seed {seed}: {done:?}");
    assert!(world.ecr.has_all(root.digest()), "seed {seed}");
}

/// Nothing is put twice, and nothing else after the first tag. The repository itself refuses a
/// parent before its children, and a blob twice.
fn is_once(log: &[Event], seed: u64) {
    let puts: Vec<&Digest> = log
        .iter()
        .filter_map(|event| match event {
            Event::PutManifest(digest, None) => Some(digest),
            _ => None,
        })
        .collect();
    let mut distinct = puts.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(puts.len(), distinct.len(), "seed {seed}: put twice");
    let tag = log
        .iter()
        .position(|event| matches!(event, Event::PutManifest(_, Some(_))));
    let last_part = log
        .iter()
        .rposition(|event| matches!(event, Event::PutManifest(_, None) | Event::CommitBlob(_)));
    if let (Some(tag), Some(part)) = (tag, last_part) {
        assert!(part < tag, "seed {seed}: a tag came before a part");
    }
}

/// No manifest is put before everything below it. The repository would refuse it and be repaired,
/// and nobody would notice.
fn is_in_order(world: &World, seed: u64) {
    let log = world.ecr.log();
    for (position, event) in log.iter().enumerate() {
        let Event::PutManifest(digest, _) = event else {
            continue;
        };
        for part in world.hub.stored(digest).unwrap().children() {
            let part = &part.descriptor().digest;
            let too_late = log[position..].iter().any(|event| match event {
                Event::PutManifest(put, None) => put == part,
                Event::CommitBlob(blob) => blob == part,
                _ => false,
            });
            assert!(!too_late, "seed {seed}: {digest} came before {part}");
        }
    }
}

/// A random acyclic graph under tag `1`.
fn graph(random: &mut Rng, store: &Memory) -> Manifest {
    let layers: Vec<Value> = (0..random.u64(1..8))
        .map(|seed| {
            let size = random.usize(0..3_000);
            layer(store, random.u64(0..50) * 10 + seed, size)
        })
        .collect();
    let platforms = [
        "linux/amd64",
        "linux/arm64/v8",
        "linux/arm/v7",
        "windows/amd64",
    ];
    let mut made: Vec<(Manifest, Value)> = Vec::new();
    for _image in 0..random.usize(1..6) {
        let platform = platforms[random.usize(..platforms.len())];
        let count = random.usize(0..=layers.len());
        let some: Vec<Value> = random
            .choose_multiple(&layers, count)
            .into_iter()
            .cloned()
            .collect();
        let image = image(store, platform, &some);
        let entry = match made.last() {
            Some((about, _)) if random.u8(0..5) == 0 => attestation(&image, about.digest()),
            _ if random.u8(0..5) == 0 => plain_child(&image),
            _ => child(&image, platform),
        };
        made.push((image, entry));
    }
    for _index in 0..random.usize(0..4) {
        let count = random.usize(0..=made.len());
        let entries: Vec<Value> = random
            .choose_multiple(&made, count)
            .into_iter()
            .map(|(_, entry)| entry.clone())
            .collect();
        let index = index(store, &entries);
        let entry = plain_child(&index);
        made.push((index, entry));
    }
    let (root, _) = made.pop().unwrap();
    store.set_tag("1", root.digest());
    root
}

/// Some content is there already; a manifest only with all that is below it.
fn seed_destination(random: &mut Rng, world: &World, root: &Manifest) {
    let chance = random.u8(0..4);
    let mut waiting = vec![(root.clone(), false)];
    while let Some((manifest, is_parent_there)) = waiting.pop() {
        let is_there = is_parent_there || random.u8(0..10) < chance;
        if is_there {
            world.ecr.add_manifest(&manifest);
        }
        for part in manifest.children() {
            let digest = &part.descriptor().digest;
            match part {
                Child::Manifest(_) => {
                    waiting.push((world.hub.stored(digest).unwrap(), is_there));
                }
                Child::Config(_) | Child::Layer(_) if is_there || random.u8(0..10) < chance => {
                    world.ecr.add_blob(world.hub.blob(digest).unwrap());
                }
                Child::Config(_) | Child::Layer(_) => {}
            }
        }
    }
}

fn break_something(random: &mut Rng, world: &World) {
    for _fault in 0..random.usize(0..4) {
        let (side, on) = match random.u8(0..10) {
            0 => (&world.hub, On::Resolve),
            1 => (&world.hub, On::ReadManifest),
            2..5 => (&world.hub, On::OpenBlob),
            5 => (&world.ecr, On::CheckBlobs),
            6 => (&world.ecr, On::BeginUpload),
            7..9 => (&world.ecr, On::CommitBlob),
            _ => (&world.ecr, On::PutManifest),
        };
        let what = fault(random, on);
        let fault = Fault::once(on, what).times(random.usize(1..6));
        side.fail(fault.skip(random.usize(0..4)));
    }
    if random.u8(0..4) == 0 {
        let side = if random.bool() {
            &world.hub
        } else {
            &world.ecr
        };
        side.stop_after(random.usize(0..25), &world.cx);
    }
}

fn fault(random: &mut Rng, on: On) -> What {
    let kinds = [
        ErrorKind::Interrupted,
        ErrorKind::Unavailable,
        ErrorKind::Denied,
        ErrorKind::UploadLost,
        ErrorKind::Stopped(Stopped::Cancelled),
    ];
    let kind = kinds[random.usize(..kinds.len())].clone();
    match (on, random.u8(0..6)) {
        (On::OpenBlob, 0..2) => What::Cut(random.usize(0..3_000)),
        (On::OpenBlob, 2) => What::Silence(random.usize(0..3_000)),
        (On::OpenBlob, 3) => What::WrongByte,
        (On::OpenBlob, 4) => What::Longer,
        (On::CommitBlob, 0..2) => What::Cut(random.usize(0..3_000)),
        (On::CommitBlob | On::PutManifest, 2) => What::LoseAnswer(ErrorKind::Unavailable),
        _ => What::Fail(kind),
    }
}

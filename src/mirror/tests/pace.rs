//! Destinations that count how often uploads are opened.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join;

use super::images::{image, layer};
use super::{World, job};
use crate::content::{Destination, Source};
use crate::mirror::memory::{Event, Memory, Target};
use crate::mirror::{Error, Outcome};
use crate::task::{Bucket, Context, Rate, monotonic};

const EVERY_TEN_SECONDS: Rate = Rate {
    per_second: 0.1,
    burst: 1,
};

/// Twenty small layers and a configuration.
fn many_layers(hub: &Memory) {
    let layers: Vec<_> = (0..20).map(|seed| layer(hub, seed, 100)).collect();
    hub.set_tag("1", image(hub, "linux/amd64", &layers).digest());
}

async fn copy(world: &World, hub: &Arc<Memory>, to: &Arc<Memory>) -> Result<Outcome, Error> {
    let source: Arc<dyn Source> = Arc::clone(hub) as _;
    let destination: Arc<dyn Destination> = Arc::new(Target(Arc::clone(to)));
    let job = job();
    let copied = world.engine.mirror(&world.cx, &job, source, destination);
    copied.await
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_for_one_destination_hold_nothing_that_others_need() {
    let world = World::new();
    many_layers(&world.hub);
    world.ecr.pace(Bucket::new(EVERY_TEN_SECONDS));
    let (hub, other) = (
        Memory::new("ghcr.io", "library/other"),
        Memory::new("public.ecr.aws", "d4e5f6/other"),
    );
    let layers: Vec<_> = (50..80).map(|seed| layer(&hub, seed, 2 << 20)).collect();
    // The configuration is the same, so one of the two reads it for both.
    hub.set_tag("1", image(&hub, "linux/amd64", &layers).digest());
    let started = monotonic();
    let slow = async {
        copy(&world, &world.hub, &world.ecr).await.unwrap();
        started.elapsed()
    };
    let fast = async {
        world.cx.pause(Duration::from_secs(1)).await.unwrap();
        copy(&world, &hub, &other).await.unwrap();
        started.elapsed()
    };
    let (slow, fast) = join(slow, fast).await;
    assert_eq!(slow, Duration::from_secs(200), "the first of 21 is at once");
    assert_eq!(fast, Duration::from_secs(1));
    world.is_at_rest();
}

#[tokio::test(start_paused = true)]
async fn no_layer_is_opened_at_the_source_before_the_destination_takes_it() {
    let world = World::new();
    many_layers(&world.hub);
    world.ecr.pace(Bucket::new(EVERY_TEN_SECONDS));
    let look = async {
        let opened = || {
            let is_opened = |event: &Event| matches!(event, Event::OpenBlob(..));
            world.hub.count(is_opened)
        };
        let mut counts = Vec::new();
        for _ in 0..5 {
            world.cx.pause(Duration::from_secs(5)).await.unwrap();
            counts.push(opened());
        }
        counts
    };
    let (copied, counts) = join(world.mirror(), look).await;
    copied.unwrap();
    // At 0, 10 and 20 seconds, seen at 5, 10, 15, 20 and 25; at the same instant either may be first.
    assert_eq!([counts[0], counts[2], counts[4]], [1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_the_wait_for_a_destination_at_once() {
    let world = World::new();
    many_layers(&world.hub);
    world.ecr.pace(Bucket::new(EVERY_TEN_SECONDS));
    let stop = async {
        let wait = Context::new().pause(Duration::from_secs(15)).await;
        wait.unwrap();
        world.cx.cancel();
    };
    let started = monotonic();
    let (copied, ()) = join(world.mirror(), stop).await;
    assert!(copied.unwrap_err().is_stop());
    assert_eq!(started.elapsed(), Duration::from_secs(15));
}

//! What is told while copies go on, and when they have ended.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tracing::field::{Field, Visit};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context as LayerContext, SubscriberExt as _};

use super::images::{first_layer, single};
use super::{World, job};
use crate::content::ErrorKind;
use crate::mirror::Observer;
use crate::mirror::memory::{Fault, Gate, On, What};
use crate::task::Activity;

/// Lines of the log at `info` and above, as long as the guard lives.
fn listen() -> (Lines, DefaultGuard) {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::registry().with(lines.clone());
    (lines, tracing::subscriber::set_default(subscriber))
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: LayerContext<'_, S>) {
        if *event.metadata().level() <= Level::INFO {
            let mut line = Line(event.metadata().level().to_string());
            event.record(&mut line);
            self.0.lock().unwrap().push(line.0);
        }
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() != "elapsed_ms" {
            self.0 += &format!(" {field}={value:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_copy_ends_with_one_line_about_what_it_took() {
    let world = World::new();
    let root = single(&world.hub);
    let cut = Fault::once(On::OpenBlob, What::Cut(600)).of(first_layer(&root));
    world.hub.fail(cut);
    let (lines, _guard) = listen();
    let outcome = world.mirror().await.unwrap();
    let moved = outcome.moved_bytes;
    assert!(moved > 600);
    let names = "source=docker.io/library/app (1) destination=public.ecr.aws/a1b2c3/app";
    assert_eq!(
        lines.take(),
        [format!(
            "INFO message=image mirrored {names} digest={} moved_bytes={moved} reused_bytes=0 \
             pulls=1 requests=0 retries=1",
            root.digest()
        )]
    );
    world.mirror().await.unwrap();
    assert_eq!(
        lines.take(),
        [format!(
            "INFO message=image mirrored {names} digest={} moved_bytes=0 reused_bytes={moved} \
             pulls=0 requests=0 retries=0",
            root.digest()
        )]
    );
}

#[tokio::test(start_paused = true)]
async fn a_copy_that_fails_says_what_it_took_as_well() {
    let world = World::new();
    let blob = first_layer(&single(&world.hub));
    let gone = Fault::once(On::OpenBlob, What::Fail(ErrorKind::Denied)).of(&blob);
    world.hub.fail(gone);
    let (lines, _guard) = listen();
    world.mirror().await.unwrap_err();
    let lines = lines.take();
    let [line] = &*lines else {
        panic!("{lines:?}");
    };
    let told = [
        "INFO message=image not mirrored source=docker.io/library/app (1) \
         destination=public.ecr.aws/a1b2c3/app moved_bytes=",
        " pulls=1 requests=0 retries=0 error=",
        &format!("read the blob `{blob}` at the source"),
    ];
    for part in told {
        assert!(line.contains(part), "`{part}` is not in: {line}");
    }
}

fn warnings(lines: &Lines) -> Vec<String> {
    let mut lines = lines.take();
    lines.retain(|line| line.starts_with("WARN"));
    lines
}

#[tokio::test(start_paused = true)]
async fn a_silent_source_is_named_once_for_each_time_it_is_silent() {
    let world = World::new();
    let blob = first_layer(&single(&world.hub));
    let silence = Fault::once(On::OpenBlob, What::Silence(250)).of(&blob);
    world.hub.fail(silence);
    // After the next bytes it is silent again.
    let again = Fault::once(On::OpenBlob, What::Silence(500)).of(&blob);
    world.hub.fail(again);
    let (lines, _guard) = listen();
    world.mirror().await.unwrap();
    let warnings = warnings(&lines);
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    for warning in warnings {
        let told = format!("waits_for=\"bytes of {blob} from `docker.io/library/app` (for 2");
        assert!(warning.contains(&told), "{warning}");
        assert!(
            warning.starts_with("WARN message=the copy stands still "),
            "{warning}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_another_copy_says_so() {
    let world = World::new();
    let blob = first_layer(&single(&world.hub));
    let gate = Gate::closed();
    let held = Fault::once(On::OpenBlob, What::Wait(Arc::clone(&gate))).of(&blob);
    world.hub.fail(held);
    let (lines, _guard) = listen();
    let job = job();
    let opens = async {
        tokio::time::advance(Duration::from_secs(100)).await;
        gate.open();
    };
    let later = async {
        gate.reached().await;
        tokio::join!(world.start(&job), hold(opens)).0
    };
    let (first, second) = tokio::join!(world.start(&job), later);
    first.unwrap();
    second.unwrap();
    let warnings = warnings(&lines);
    let told = format!("another copy that brings {blob} to `public.ecr.aws/a1b2c3/app`");
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    let naming = warnings.iter().filter(|warning| warning.contains(&told));
    assert_eq!(naming.count(), 1, "{warnings:?}");
}

/// Gives everything else the time to begin waiting.
async fn hold(then: impl Future<Output = ()>) {
    tokio::time::timeout(Duration::from_secs(60), std::future::pending::<()>())
        .await
        .unwrap_err();
    then.await;
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_permit_says_so() {
    let world = World::new();
    single(&world.hub);
    let shared = world.engine.shared();
    let mut permits = Vec::new();
    for _ in 0..super::TRANSFERS {
        let place = shared.transfers.line_up(&world.cx, 1).await.unwrap();
        permits.push(place.permit(&world.cx).await.unwrap());
    }
    let (lines, _guard) = listen();
    let job = job();
    let frees = hold(async { permits.clear() });
    let (copied, ()) = tokio::join!(world.start(&job), frees);
    copied.unwrap();
    let warnings = warnings(&lines);
    let told = "waits_for=\"a permit: as many others as may be are under way (for 20 s); a permit";
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains(told), "{warnings:?}");
}

/// A name and what it began with, or the end.
type Seen = (String, Option<Activity>);

#[derive(Clone, Debug, Default)]
struct Watcher(Arc<Mutex<Vec<Seen>>>);

/// Notes the end.
struct Ends(Watcher);

impl Observer for Watcher {
    fn begins(&self, name: &str, activity: &Activity) -> Box<dyn Send> {
        let begun = (name.to_owned(), Some(activity.clone()));
        self.0.lock().unwrap().push(begun);
        Box::new(Ends(self.clone()))
    }
}

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.0.lock().unwrap().push(("end".to_owned(), None));
    }
}

#[tokio::test(start_paused = true)]
async fn an_observer_sees_the_bytes_go_by_and_those_that_are_lost_go_back() {
    let mut world = World::new();
    let watcher = Watcher::default();
    world.engine = world.engine.clone().observed_by(Arc::new(watcher.clone()));
    let blob = first_layer(&single(&world.hub));
    let lost = Fault::once(On::CommitBlob, What::Cut(700)).of(&blob);
    world.ecr.fail(lost);
    let outcome = world.mirror().await.unwrap();
    let seen = watcher.0.lock().unwrap().clone();
    let names: Vec<_> = seen.iter().map(|(name, _)| &**name).collect();
    let name = "docker.io/library/app:1 to public.ecr.aws/a1b2c3/app";
    assert_eq!(names, [name, "end"]);
    let activity = seen[0].1.as_ref().unwrap();
    let moved = outcome.moved_bytes;
    let bytes = (activity.moved_bytes(), activity.expected_bytes());
    assert_eq!(bytes, (moved, moved));
    assert_eq!(activity.retries(), 1);
    assert_eq!(activity.waits(), [], "nobody waits any more");
}

#[tokio::test(start_paused = true)]
async fn a_blob_that_somebody_else_brings_is_not_waited_for_in_bytes() {
    let mut world = World::new();
    let watcher = Watcher::default();
    world.engine = world.engine.clone().observed_by(Arc::new(watcher.clone()));
    single(&world.hub);
    let job = job();
    let (first, second) = tokio::join!(world.start(&job), world.start(&job));
    let moved = first.unwrap().moved_bytes + second.unwrap().moved_bytes;
    let seen = watcher.0.lock().unwrap().clone();
    let activities = seen.iter().filter_map(|(_, activity)| activity.as_ref());
    let mut sum = 0;
    for activity in activities {
        assert_eq!(activity.moved_bytes(), activity.expected_bytes());
        sum += activity.moved_bytes();
    }
    assert_eq!(sum, moved);
}

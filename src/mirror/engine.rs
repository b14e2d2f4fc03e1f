//! The phases of one copy.

use std::error::Error as StdError;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::attach::attach;
use super::choose::{Target, choose};
use super::complete::{Scope, complete, recheck};
use super::error::{Error, Side, Step};
use super::job::{Attached, Contents, Limits, MirrorJob, Outcome, OwnTags, Referrers};
use super::observer::Observer;
use super::outcome::{outcome, unchanged};
use super::referrers::{Hanging, discover, subjects};
use super::restore::{Restored, restore};
use super::run::{Located, Run, flat};
use super::shared::Shared;
use super::tags::Tags;
use super::walk::{Graph, Missing, walk};
use super::watch::watched;
use crate::content::{Destination, Source};
use crate::oci::{Descriptor, Digest, Manifest, Version};
use crate::task::{Activity, Context, monotonic};

/// Copies images; holds what copies of one process share. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Engine {
    shared: Arc<Shared>,
    observer: Option<Arc<dyn Observer>>,
}

impl Engine {
    /// An engine with nothing known yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            shared: Arc::new(Shared::new(&limits)),
            observer: None,
        }
    }

    /// The same engine, with somebody who is told of its copies.
    #[must_use]
    pub fn observed_by(self, observer: Arc<dyn Observer>) -> Self {
        Self {
            observer: Some(observer),
            ..self
        }
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Brings one image to one repository.
    ///
    /// When every tag shows the image already, nothing is written, and apart from a choice of
    /// platforms nothing is read from the source but what its tag stands for. Otherwise whatever
    /// the destination has by digest is left alone, the rest is copied, children before parents,
    /// and the tags are set last. A destination that has to be asked for each digest is asked only
    /// when one of the tags exists, or when the source counts pulls: else it most likely has
    /// nothing, and learns of what it has while uploads are opened.
    ///
    /// Copies in one engine share what they read: each manifest and each blob is read once from a
    /// source, whichever of them it is, and written once to each destination repository. A blob
    /// that one destination has is read there for the others, with the credentials of whoever
    /// wrote it. One copy that fails or is stopped hands what it was doing to the next.
    ///
    /// Memory does not depend on the size of blobs, and hardly on the number of images: see
    /// [`Limits`].
    ///
    /// After `cx` ends, this returns within two seconds, with no task left.
    ///
    /// # Errors
    ///
    /// Says on which side which step failed on what. Unless `partial` says otherwise, no tag was
    /// changed.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops its tasks but may leave an upload open at the destination, and a
    /// tag set that nobody learns of. End `cx` instead.
    #[tracing::instrument(name = "mirror", skip_all)]
    pub async fn mirror(
        &self,
        cx: &Context,
        job: &MirrorJob,
        source: Arc<dyn Source>,
        destination: Arc<dyn Destination>,
    ) -> Result<Outcome, Error> {
        let started = monotonic();
        let activity = Activity::default();
        let cx = cx.noted_in(&activity);
        let run = Run::new(&self.shared, &activity, source, destination);
        let run = Arc::new(run);
        let name = name(&run, &job.version);
        let copied = self.watch(&name, &activity, copy(&cx, &run, job)).await;
        report(&run, job, &activity, started.elapsed(), &copied);
        copied
    }

    /// Makes sure that everything below an image is really at the destination, and copies from the
    /// source what is missing.
    ///
    /// The destination is asked for every manifest and every blob, whatever this process believes
    /// about it; the source only for what is missing. The image itself, which a tag shows, is read at
    /// the destination: nobody else may have it, for example if it is a choice of platforms. No tag
    /// is set, and none is looked at.
    ///
    /// # Errors
    ///
    /// As [`Engine::mirror`]. What was copied before a failure stays.
    ///
    /// # Cancel safety
    ///
    /// As [`Engine::mirror`].
    #[tracing::instrument(skip_all)]
    pub async fn restore(
        &self,
        cx: &Context,
        root: &Digest,
        source: Arc<dyn Source>,
        destination: Arc<dyn Destination>,
    ) -> Result<Restored, Error> {
        let started = monotonic();
        let activity = Activity::default();
        let cx = cx.noted_in(&activity);
        let run = Arc::new(Run::new(&self.shared, &activity, source, destination));
        let name = name(&run, &Version::Digest(root.clone()));
        let restored = self.watch(&name, &activity, restore(&cx, &run, root)).await;
        tracing::info!(
            source = %run.source.repository(),
            destination = %run.destination.repository(),
            digest = %root,
            moved_bytes = run.moved_bytes.load(Ordering::Relaxed),
            pulls = activity.pulls(),
            requests = activity.requests(),
            retries = activity.retries(),
            elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            error = restored.as_ref().err().map(|error| error as &dyn StdError),
            "{}",
            match restored {
                Ok(_) => "image complete",
                Err(_) => "image not completed",
            }
        );
        restored
    }

    /// Does it while somebody is told of it, and notices when it stands still.
    async fn watch<T>(&self, name: &str, activity: &Activity, work: impl Future<Output = T>) -> T {
        let observer = self.observer.as_ref();
        let _observed = observer.map(|observer| observer.begins(name, activity));
        watched(activity, Box::pin(work)).await
    }
}

/// The one line about a copy.
fn report(
    run: &Run,
    job: &MirrorJob,
    activity: &Activity,
    elapsed: Duration,
    copied: &Result<Outcome, Error>,
) {
    let (stands, error) = match copied {
        Ok(outcome) => (Some(outcome), None),
        Err(error) => (error.partial.as_deref(), Some(error as &dyn StdError)),
    };
    let message = match error {
        None => "image mirrored",
        Some(_) => "image not mirrored",
    };
    tracing::info!(
        source = %format_args!("{} ({})", run.source.repository(), job.version),
        destination = %run.destination.repository(),
        digest = stands.map(|outcome| tracing::field::display(&outcome.root.digest)),
        moved_bytes = run.moved_bytes.load(Ordering::Relaxed),
        reused_bytes = stands.map(|outcome| outcome.reused_bytes),
        pulls = activity.pulls(),
        requests = activity.requests(),
        retries = activity.retries(),
        elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
        error,
        "{message}"
    );
}

/// What a copy is called where people watch it: the image, and where it goes.
fn name(run: &Run, version: &Version) -> String {
    let between = match version {
        Version::Tag(_) => ':',
        Version::Digest(_) => '@',
    };
    let (source, destination) = (run.source.repository(), run.destination.repository());
    format!("{source}{between}{version} to {destination}")
}

async fn copy(cx: &Context, run: &Arc<Run>, job: &MirrorJob) -> Result<Outcome, Error> {
    let mut tags = Tags::of(job);
    let (found, ()) = tokio::try_join!(resolve(cx, run, job), tags.look(cx, run))?;
    run.expect(tags.any_exists());
    let target = choose(cx, run, &job.platforms, &found).await?;
    tags.guard(target.digest())?;
    let is_shown = tags.all_show(target.digest());
    let is_all_there = is_shown && job.referrers == Referrers::None;
    if is_all_there && job.contents == Contents::OfCopies {
        let showing = tags.showing(target.digest());
        return Ok(unchanged(run, &target, &found, showing));
    }
    if is_shown && let Some(root) = run.read_there(cx, target.digest()).await? {
        let graph = walk(cx, run, present(root), Missing::LeaveOut).await?;
        note_present(run, &graph);
        let hanging = hanging(cx, run, job, &graph, &target, &found).await?;
        let attached = match hanging {
            Some((own, hanging)) => Some(attach(cx, run, graph.root(), own, hanging).await?),
            None => None,
        };
        let outcome = finish(run, &graph, &target, &found, &tags);
        return Ok(Outcome {
            attached,
            ..outcome
        });
    }
    if is_shown {
        // Somebody removed the image after we had looked, and with it the tags.
        tags.look(cx, run).await?;
    }
    let root = root(cx, run, &target).await?;
    let mut graph = walk(cx, run, root, Missing::Read).await?;
    note_present(run, &graph);
    let hanging = hanging(cx, run, job, &graph, &target, &found).await?;
    let mut attached = None;
    let mut writing = Writing {
        tags: &mut tags,
        hanging,
        attached: &mut attached,
    };
    let copied = write(cx, run, &mut graph, &mut writing).await;
    let outcome = Outcome {
        attached,
        ..finish(run, &graph, &target, &found, &tags)
    };
    copied.map_err(|error| Error {
        partial: tags.is_committed().then(|| Box::new(outcome.clone())),
        ..error
    })?;
    Ok(outcome)
}

/// What is set once everything below the root is there.
struct Writing<'a> {
    tags: &'a mut Tags,
    /// What hangs on the image, if it comes along.
    hanging: Option<(&'a OwnTags, Hanging)>,
    attached: &'a mut Option<Attached>,
}

/// What hangs on the image, if the job wants it. Nothing of the image has to be at the destination.
async fn hanging<'a>(
    cx: &Context,
    run: &Arc<Run>,
    job: &'a MirrorJob,
    graph: &Graph,
    target: &Target,
    found: &Descriptor,
) -> Result<Option<(&'a OwnTags, Hanging)>, Error> {
    let Referrers::All(own) = &job.referrers else {
        return Ok(None);
    };
    let subjects = subjects(graph, target, found)?;
    let hanging = discover(cx, run, subjects).await?;
    Ok(Some((own, hanging)))
}

/// What the job's tag or digest stands for at the source.
async fn resolve(cx: &Context, run: &Run, job: &MirrorJob) -> Result<Descriptor, Error> {
    let resolved = flat(cx.run(run.source.resolve(cx, &job.version)).await);
    resolved.map_err(|error| Error::new(Side::Source, Step::Resolve, &job.version, error))
}

/// The root, and whether the destination has it.
async fn root(cx: &Context, run: &Run, target: &Target) -> Result<Located, Error> {
    match &target.manifest {
        Some(manifest) => Ok(Located {
            is_present: run.asks() && run.is_present(cx, target.digest()).await?,
            manifest: manifest.clone(),
        }),
        None => run.locate(cx, target.digest()).await,
    }
}

/// Everything below the root, then the tags. A destination that misses something although it
/// seemed to have it gets one repair.
async fn write(
    cx: &Context,
    run: &Arc<Run>,
    graph: &mut Graph,
    writing: &mut Writing<'_>,
) -> Result<(), Error> {
    let root = graph.root().clone();
    match commit(cx, run, graph, writing, Scope::Missing).await {
        Err(error) if error.is_child_missing() && !writing.tags.is_committed() => {
            tracing::warn!(digest = %root.digest(), "the destination lost content, copying it again");
            recheck(cx, run, &mut graph.nodes).await?;
            commit(cx, run, graph, writing, Scope::Everything).await?;
        }
        done => done?,
    }
    writing.tags.verify(cx, run, root.digest()).await
}

async fn commit(
    cx: &Context,
    run: &Arc<Run>,
    graph: &Graph,
    writing: &mut Writing<'_>,
    scope: Scope,
) -> Result<(), Error> {
    let root = graph.root();
    let tags = &mut *writing.tags;
    let is_incomplete =
        scope == Scope::Everything || graph.nodes.iter().any(|node| !node.is_present);
    let is_work = is_incomplete || writing.hanging.is_some();
    if is_incomplete {
        complete(cx, run, graph, scope).await?;
    }
    if let Some((own, hanging)) = &writing.hanging {
        *writing.attached = Some(attach(cx, run, root, own, hanging.clone()).await?);
    }
    if is_work {
        // Copying took time in which somebody may have set a tag.
        if tags.are_guarded() {
            tags.look(cx, run).await?;
            tags.guard(root.digest())?;
        }
    }
    tags.set(cx, run, root).await
}

fn finish(run: &Run, graph: &Graph, target: &Target, found: &Descriptor, tags: &Tags) -> Outcome {
    let showing = tags.showing(target.digest());
    outcome(run, graph, target, found, showing)
}

/// Lets others know what can be read at the destination.
fn note_present(run: &Run, graph: &Graph) {
    for node in graph.nodes.iter().filter(|node| node.is_present) {
        run.has_manifest(&node.manifest);
    }
}

fn present(manifest: Manifest) -> Located {
    Located {
        manifest,
        is_present: true,
    }
}

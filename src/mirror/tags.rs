//! Tags: who may move them, when they move, and what they show afterwards.

use std::time::Duration;

use futures_util::future::{join_all, try_join_all};

use super::error::{Cause, Error, Side, Step};
use super::job::{ExistingTag, MirrorJob};
use super::run::{Run, flat};
use super::shared::permit;
use super::transfer::GRACE;
use crate::content::{self, ErrorKind, Receipt};
use crate::oci::{Digest, Manifest, Tag, Version};
use crate::task::Context;

/// The tags of a job, and what they showed when the destination was last asked.
#[derive(Debug)]
pub(super) struct Tags {
    tags: Vec<Shown>,
}

#[derive(Debug)]
struct Shown {
    tag: Tag,
    existing: ExistingTag,
    digest: Option<Digest>,
    /// Whether this copy put it there.
    is_ours: bool,
    /// Whether the destination stated, when this copy set the tag, what it shows.
    is_stated: bool,
}

impl Tags {
    /// The tags of a job. They show nothing until the destination is asked.
    pub(super) fn of(job: &MirrorJob) -> Self {
        let tags = job.tags.iter().map(|(tag, existing)| Shown {
            tag: tag.clone(),
            existing: existing.clone(),
            digest: None,
            is_ours: false,
            is_stated: false,
        });
        Self {
            tags: tags.collect(),
        }
    }

    /// Asks what the tags show, all at once.
    pub(super) async fn look(&mut self, cx: &Context, run: &Run) -> Result<(), Error> {
        let asked = self.tags.iter().map(|shown| ask(cx, run, &shown.tag));
        let digests = try_join_all(asked).await?;
        for (shown, digest) in self.tags.iter_mut().zip(digests) {
            shown.digest = digest;
        }
        Ok(())
    }

    /// Whether one of them exists.
    pub(super) fn any_exists(&self) -> bool {
        self.tags.iter().any(|shown| shown.digest.is_some())
    }

    /// Whether there is one that must not be moved by all means.
    pub(super) fn are_guarded(&self) -> bool {
        let mut tags = self.tags.iter();
        tags.any(|shown| shown.existing != ExistingTag::Overwrite)
    }

    /// Whether every tag shows this.
    pub(super) fn all_show(&self, root: &Digest) -> bool {
        let mut tags = self.tags.iter();
        !self.tags.is_empty() && tags.all(|shown| shown.digest.as_ref() == Some(root))
    }

    /// Those that show this, in order.
    pub(super) fn showing(&self, root: &Digest) -> Vec<Tag> {
        let tags = self.tags.iter();
        tags.filter(|shown| shown.digest.as_ref() == Some(root))
            .map(|shown| shown.tag.clone())
            .collect()
    }

    /// Whether the commit point is behind us.
    pub(super) fn is_committed(&self) -> bool {
        self.tags.iter().any(|shown| shown.is_ours)
    }

    /// Whether every tag may show `root`.
    ///
    /// # Errors
    ///
    /// [`Cause::TagTaken`] for the first that must not be moved.
    pub(super) fn guard(&self, root: &Digest) -> Result<(), Error> {
        let mut tags = self.tags.iter();
        let Some((tag, found)) = tags.find_map(|shown| Some((&shown.tag, shown.kept(root)?)))
        else {
            return Ok(());
        };
        let cause = Cause::TagTaken {
            tag: tag.clone(),
            found: found.clone(),
            wanted: root.clone(),
        };
        Err(Error::new(Side::Destination, Step::CheckTag, tag, cause))
    }

    /// Sets the tags that do not show the root, one after the other. Setting the first one stores
    /// the root as well.
    ///
    /// # Errors
    ///
    /// The first failure; the tags before it are set.
    pub(super) async fn set(
        &mut self,
        cx: &Context,
        run: &Run,
        root: &Manifest,
    ) -> Result<(), Error> {
        let rest = self.tags.iter_mut();
        for shown in rest.filter(|shown| shown.digest.as_ref() != Some(root.digest())) {
            let put = put(cx, run, root, &shown.tag).await;
            let is_set = match &put {
                Ok(receipt) => {
                    shown.is_stated = *receipt == Receipt::Stated;
                    true
                }
                Err(error) => is_doubtful(error) && shows(run, &shown.tag, root.digest()).await,
            };
            if is_set {
                shown.digest = Some(root.digest().clone());
                shown.is_ours = true;
                // Others may wait for an image that refers to its blobs.
                run.has_manifest(root);
            }
            match put {
                Err(error) if !is_set || error.is_stop() => {
                    return Err(failed(Step::WriteTag, &shown.tag, error));
                }
                Ok(_) | Err(_) => {}
            }
        }
        Ok(())
    }

    /// Makes sure that the tags we set show the root, as far as the destination has not said so.
    /// Tags may take a moment to be seen.
    ///
    /// # Errors
    ///
    /// [`Cause::Unverified`] after ten seconds; such a tag does not count as showing the root.
    pub(super) async fn verify(
        &mut self,
        cx: &Context,
        run: &Run,
        root: &Digest,
    ) -> Result<(), Error> {
        let tags = self.tags.iter_mut();
        let ours = tags.filter(|shown| shown.is_ours && !shown.is_stated);
        let verified = join_all(ours.map(|shown| shown.verify(cx, run, root))).await;
        let errors = verified.into_iter().filter_map(Result::err);
        let first = errors.reduce(|first, next| if first.is_stop() { next } else { first });
        first.map_or(Ok(()), Err)
    }
}

impl Shown {
    /// What it shows, if it must not be moved to `root`.
    fn kept(&self, root: &Digest) -> Option<&Digest> {
        let found = self.digest.as_ref().filter(|found| *found != root)?;
        match &self.existing {
            ExistingTag::Overwrite => None,
            ExistingTag::KeepUnless(ours) => (ours.as_ref() != Some(found)).then_some(found),
        }
    }

    async fn verify(&mut self, cx: &Context, run: &Run, root: &Digest) -> Result<(), Error> {
        let mut found = None;
        for delay in VERIFY_AFTER {
            let paused = cx.pause(delay).await;
            paused.map_err(|stopped| failed(Step::Verify, &self.tag, stopped.into()))?;
            found = ask(cx, run, &self.tag).await.map_err(|error| Error {
                step: Step::Verify,
                ..error
            })?;
            if found.as_ref() == Some(root) {
                return Ok(());
            }
        }
        self.digest.clone_from(&found);
        let cause = Cause::Unverified {
            tag: self.tag.clone(),
            found,
            wanted: root.clone(),
        };
        Err(Error::new(
            Side::Destination,
            Step::Verify,
            &self.tag,
            cause,
        ))
    }
}

pub(super) async fn ask(cx: &Context, run: &Run, tag: &Tag) -> Result<Option<Digest>, Error> {
    let asked = async {
        let _permit = permit(cx, &run.shared.requests).await?;
        let version = Version::Tag(tag.clone());
        flat(cx.run(run.destination.resolve(cx, &version)).await)
    };
    let found = asked
        .await
        .map_err(|error| failed(Step::Resolve, tag, error))?;
    Ok(found.map(|descriptor| descriptor.digest))
}

pub(super) async fn put(
    cx: &Context,
    run: &Run,
    root: &Manifest,
    tag: &Tag,
) -> Result<Receipt, content::Error> {
    let putting = run.destination.put_manifest(cx, root, Some(tag));
    flat(cx.settle(GRACE, putting).await)
}

/// Whether a tag shows the root after a put whose answer did not arrive. Asked although we may
/// have been told to stop: state must not deny a tag that was moved.
pub(super) async fn shows(run: &Run, tag: &Tag, root: &Digest) -> bool {
    let brief = Context::new().within(GRACE);
    let version = Version::Tag(tag.clone());
    let found = flat(brief.run(run.destination.resolve(&brief, &version)).await);
    matches!(found, Ok(Some(found)) if found.digest == *root)
}

/// Whether a failed put may have succeeded.
pub(super) fn is_doubtful(error: &content::Error) -> bool {
    error.is_stop()
        || matches!(
            error.kind(),
            ErrorKind::Interrupted | ErrorKind::Unavailable | ErrorKind::Protocol
        )
}

pub(super) fn failed(step: Step, tag: &Tag, error: content::Error) -> Error {
    Error::new(Side::Destination, step, tag, error)
}

/// The waits before each look at a tag that was just set: five looks in ten seconds.
const VERIFY_AFTER: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_millis(500),
    Duration::from_millis(1500),
    Duration::from_secs(3),
    Duration::from_secs(5),
];

//! Whether a source image is signed as it is asked for: found out once per run.
//!
//! - `find`: where signatures of an image are, and what is there.
//! - `rule`: what has to be signed so that a copy is covered.
//!
//! # Invariants
//!
//! - Nothing is written before the answer is there.
//! - That signatures cannot be read now is an error and no answer.
//! - Whatever a registry hands out is bounded: so many manifests, so many signatures, so many bytes.

mod find;
mod rule;

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use crate::content::{self, Source};
use crate::mirror::Engine;
use crate::oci::{Digest, Platform, Repository};
use crate::signature::{Asked, Policy, Refusal, Signed};
use crate::task::Context;

/// What was found out. One per provider configuration.
///
/// However many instances want an image, its signatures are read once for the same keys and
/// annotations. Failures are not kept.
#[derive(Debug, Default)]
pub(crate) struct Signatures {
    checked: Mutex<HashMap<Question, Arc<OnceCell<Verdict>>>>,
}

/// An image, and what is asked of its signatures.
type Question = (Repository, Digest, Asked);

/// Who has signed an image, or what was found instead.
type Verdict = Result<Signed, Arc<Findings>>;

/// Signatures of an image that do not count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Findings {
    /// Why not, one for each.
    pub(crate) refusals: Vec<Refusal>,
    /// Whether there were more than anybody reads.
    pub(crate) has_more: bool,
}

/// An image of a source, and what of it is to be copied.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    /// What the source shows.
    pub(crate) root: &'a Digest,
    /// The platforms of it, empty for all.
    pub(crate) platforms: &'a BTreeSet<Platform>,
}

/// An image does not count as signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unsigned {
    /// What the source shows.
    pub(crate) root: Digest,
    /// What was found for it.
    pub(crate) findings: Arc<Findings>,
    /// The first of the chosen images that does not count either, where signatures of those would
    /// have been enough.
    pub(crate) chosen: Option<(Digest, Arc<Findings>)>,
}

/// Why an image cannot be copied.
#[derive(Debug)]
pub(crate) enum NotVerified {
    /// It is not signed.
    Unsigned(Box<Unsigned>),
    /// Its signatures, or what they would be for, could not be read.
    Unread(Digest, content::Error),
}

/// From where signatures are read, and how.
#[derive(Clone, Copy)]
pub(crate) struct Reading<'a> {
    /// What everything that waits is handed.
    pub(crate) cx: &'a Context,
    /// What was read already.
    pub(crate) engine: &'a Engine,
    /// The repository of the image, where its signatures are too.
    pub(crate) source: &'a Arc<dyn Source>,
}

impl Signatures {
    /// Makes sure that an image is signed.
    ///
    /// # Errors
    ///
    /// It is not, or that could not be found out.
    pub(crate) async fn verify(
        &self,
        reading: Reading<'_>,
        subject: Subject<'_>,
        policy: &Policy,
    ) -> Result<(), NotVerified> {
        let root = subject.root;
        let Err(findings) = self.verdict(reading, root, policy).await? else {
            return Ok(());
        };
        let instead = rule::instead_of(reading, subject).await?;
        let chosen = self.first_unsigned(reading, &instead, policy).await?;
        if chosen.is_none() && !instead.is_empty() {
            return Ok(());
        }
        Err(NotVerified::Unsigned(Box::new(Unsigned {
            root: root.clone(),
            findings,
            chosen,
        })))
    }

    async fn first_unsigned(
        &self,
        reading: Reading<'_>,
        images: &[Digest],
        policy: &Policy,
    ) -> Result<Option<(Digest, Arc<Findings>)>, NotVerified> {
        for image in images {
            if let Err(findings) = self.verdict(reading, image, policy).await? {
                return Ok(Some((image.clone(), findings)));
            }
        }
        Ok(None)
    }

    async fn verdict(
        &self,
        reading: Reading<'_>,
        image: &Digest,
        policy: &Policy,
    ) -> Result<Verdict, NotVerified> {
        let Reading { cx, source, .. } = reading;
        let repository = source.repository();
        let cell = self.cell((repository.clone(), image.clone(), policy.asked()));
        let _waits = cx.waits_for(format!("signatures of {image} in `{repository}`"));
        let asked = cell.get_or_try_init(|| find::verdict(reading, image, policy));
        let found = match cx.run(asked).await {
            Ok(found) => found.cloned(),
            Err(stopped) => Err(stopped.into()),
        };
        found.map_err(|error| NotVerified::Unread(image.clone(), error))
    }

    fn cell(&self, question: Question) -> Arc<OnceCell<Verdict>> {
        let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(checked.entry(question).or_default())
    }
}

#[cfg(test)]
mod tests;

//! Looking at sources without reading anything: one question for each reference and run.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;

use crate::content::{self, ErrorKind, Source};
use crate::oci::{Descriptor, Repository, Version};
use crate::task::{Context, Limit, Stopped};

/// What a source showed, or why that could not be found out.
pub(crate) type Seen = Result<Descriptor, Arc<content::Error>>;

type Look = OnceCell<Seen>;

/// What was seen. One per provider configuration.
///
/// A copy insists; whoever only looks does not. A failure is kept for the run, and a registry that
/// has not answered once is not asked about other images: an outage takes a plan of hundreds of
/// images as long as a plan of one.
#[derive(Debug, Default)]
pub(crate) struct Looks {
    seen: Mutex<HashMap<(Repository, Version), Arc<Look>>>,
    silent: Mutex<HashMap<String, Arc<content::Error>>>,
}

impl Looks {
    /// What a tag or digest stands for.
    ///
    /// # Errors
    ///
    /// Only that `cx` has ended.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub(crate) async fn look(
        &self,
        cx: &Context,
        source: &dyn Source,
        version: &Version,
    ) -> Result<Seen, Stopped> {
        let cell = self.cell(source.repository(), version);
        let seen = cell.get_or_try_init(|| self.ask(cx, source, version));
        cx.run(seen).await?.cloned()
    }

    fn cell(&self, repository: &Repository, version: &Version) -> Arc<Look> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let named = (repository.clone(), version.clone());
        Arc::clone(seen.entry(named).or_default())
    }

    async fn ask(
        &self,
        cx: &Context,
        source: &dyn Source,
        version: &Version,
    ) -> Result<Seen, Stopped> {
        let host = source.repository().registry();
        if let Some(error) = self.silence().get(host) {
            return Ok(Err(Arc::clone(error)));
        }
        let patient = cx.within(Limit::from(PATIENCE));
        let error = match source.resolve(&patient, version).await {
            Ok(shown) => return Ok(Ok(shown)),
            Err(error) => Arc::new(error),
        };
        // When all of it has ended, nothing was learned about the registry.
        cx.check()?;
        if is_silence(error.kind()) {
            self.silence().insert(host.to_owned(), Arc::clone(&error));
        }
        Ok(Err(error))
    }

    fn silence(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<content::Error>>> {
        self.silent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a failure is about the registry and not about one image.
fn is_silence(kind: &ErrorKind) -> bool {
    match kind {
        ErrorKind::PullLimit(_)
        | ErrorKind::Throttled { .. }
        | ErrorKind::DataLimit
        | ErrorKind::Interrupted
        | ErrorKind::Unavailable
        | ErrorKind::Misconfigured
        | ErrorKind::Stopped(_) => true,
        ErrorKind::NotFound
        | ErrorKind::RepositoryNotFound
        | ErrorKind::Denied
        | ErrorKind::WrongDigest { .. }
        | ErrorKind::WrongSize { .. }
        | ErrorKind::UploadLost
        | ErrorKind::ChildMissing
        | ErrorKind::TagImmutable
        | ErrorKind::Refused
        | ErrorKind::TooLarge { .. }
        | ErrorKind::Protocol => false,
    }
}

/// For one question. A registry that is there answers in less than a second; the rest is for tries
/// after short failures.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests;

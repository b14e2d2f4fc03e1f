//! Docker official images, read where nobody counts pulls.
//!
//! Docker publishes its official images in ECR Public too, as `docker/library/<name>`, with the same
//! digests. What a tag stands for is asked at Docker Hub, for free; content that is known by its
//! digest is then read here, with the login of the account that it goes to.
//!
//! # Invariants
//!
//! - Nothing here is an error: whoever gets nothing reads Docker Hub.
//! - A manifest is verified before it is handed out. A blob is asked for here once for each copy,
//!   so that bytes which turn out wrong are read from Docker Hub the next time.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::content::{self, ByteStream, ErrorKind, Source};
use crate::oci::{Descriptor, Digest, Manifest, Repository};
use crate::registry::Registry;
use crate::task::{Context, Limit};

use super::registry_settings::ECR_PUBLIC;

/// What is known about the official images of ECR Public. One per provider configuration.
#[derive(Clone, Debug, Default)]
pub(crate) struct OfficialImages(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// ECR Public gives us nothing, whatever we ask for.
    is_closed: bool,
    /// Images that it does not have.
    missing: HashSet<Repository>,
    /// Images of which it gave us a manifest.
    proven: HashSet<Repository>,
}

/// An official image at ECR Public, for one copy.
#[derive(Debug)]
pub(crate) struct OfficialImage {
    registry: Registry,
    known: OfficialImages,
    asked: Mutex<HashSet<Digest>>,
}

/// Where ECR Public has an image of Docker Hub, if it is an official one.
pub(crate) fn at_ecr_public(source: &Repository) -> Option<Repository> {
    if !source.is_docker_hub() || !source.path().starts_with("library/") {
        return None;
    }
    Repository::new(ECR_PUBLIC, &format!("docker/{}", source.path())).ok()
}

impl OfficialImages {
    /// An image, behind the registry's handle.
    pub(crate) fn image(&self, registry: Registry) -> OfficialImage {
        OfficialImage {
            registry,
            known: self.clone(),
            asked: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OfficialImage {
    /// Reads a manifest, if it is there.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub(crate) async fn manifest(&self, cx: &Context, digest: &Digest) -> Option<Manifest> {
        if !self.may_have_manifests() {
            return None;
        }
        let patient = cx.within(Limit::from(PATIENCE));
        match Source::manifest(&self.registry, &patient, digest).await {
            Ok(manifest) => {
                self.known.lock().proven.insert(self.repository().clone());
                Some(manifest)
            }
            Err(error) => {
                self.learn(cx, digest, &error);
                None
            }
        }
    }

    /// Opens a blob at an offset, if it is likely to be there and was not asked for before.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub(crate) async fn open_blob(
        &self,
        cx: &Context,
        blob: &Descriptor,
        offset: u64,
    ) -> Option<ByteStream> {
        if !self.may_have_blobs() || !self.is_asked_first(&blob.digest) {
            return None;
        }
        match self.registry.open_blob(cx, blob, offset).await {
            Ok(bytes) => Some(bytes),
            Err(error) => {
                self.learn(cx, &blob.digest, &error);
                None
            }
        }
    }

    fn repository(&self) -> &Repository {
        Source::repository(&self.registry)
    }

    fn may_have_manifests(&self) -> bool {
        let known = self.known.lock();
        !known.is_closed && !known.missing.contains(self.repository())
    }

    fn may_have_blobs(&self) -> bool {
        let known = self.known.lock();
        !known.is_closed && known.proven.contains(self.repository())
    }

    fn is_asked_first(&self, digest: &Digest) -> bool {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.insert(digest.clone())
    }

    /// What a failure says about other content.
    fn learn(&self, cx: &Context, digest: &Digest, error: &content::Error) {
        // When all of it has ended, nothing was learned.
        if cx.check().is_err() {
            return;
        }
        tracing::debug!(
            repository = %self.repository(),
            %digest,
            error = error as &dyn std::error::Error,
            "no official image at ECR Public, reading Docker Hub"
        );
        match error.kind() {
            ErrorKind::RepositoryNotFound => {
                self.known.lock().missing.insert(self.repository().clone());
            }
            // Newer than what ECR Public has, or damaged there.
            ErrorKind::NotFound
            | ErrorKind::WrongDigest { .. }
            | ErrorKind::WrongSize { .. }
            | ErrorKind::TooLarge { .. }
            | ErrorKind::Refused
            | ErrorKind::Protocol => {}
            ErrorKind::Denied
            | ErrorKind::PullLimit(_)
            | ErrorKind::Throttled { .. }
            | ErrorKind::DataLimit
            | ErrorKind::Interrupted
            | ErrorKind::UploadLost
            | ErrorKind::ChildMissing
            | ErrorKind::TagImmutable
            | ErrorKind::Unavailable
            | ErrorKind::Misconfigured
            | ErrorKind::Stopped(_) => self.known.lock().is_closed = true,
        }
    }
}

/// For one manifest. Docker Hub is there too, so nobody has to be waited for.
const PATIENCE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests;

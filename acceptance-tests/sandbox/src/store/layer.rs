//! Layers of a repository.

use super::{Store, StoreError};
use crate::accounts::AccountId;
use crate::blob::Blob;
use crate::digest::Digest;

/// What is known about one asked-for layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerCheck {
    /// The digest as it was asked for.
    pub digest: String,
    /// Its size when it is there, or why it could not be looked up.
    pub outcome: Result<Option<u64>, LayerFailure>,
}

/// Why a layer could not be looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LayerFailure {
    /// The text is no digest.
    InvalidLayerDigest,
    /// There was no text.
    MissingLayerDigest,
}

impl LayerFailure {
    /// The `failureCode` of the service.
    pub fn code(self) -> &'static str {
        match self {
            Self::InvalidLayerDigest => "InvalidLayerDigest",
            Self::MissingLayerDigest => "MissingLayerDigest",
        }
    }
}

impl Store {
    /// Says which layers are in the repository.
    ///
    /// # Errors
    ///
    /// `RepositoryNotFound`; `InvalidParameter` unless 1 to 100 are asked for.
    pub fn check_layers(
        &self,
        account: &AccountId,
        repository: &str,
        digests: &[String],
    ) -> Result<Vec<LayerCheck>, StoreError> {
        if !(1..=100).contains(&digests.len()) {
            return Err(StoreError::invalid("layerDigests", "1 to 100 items"));
        }
        self.read(account, repository, |repo| {
            let check = |text: &String| match text.parse::<Digest>() {
                Ok(digest) => Ok(repo.layers.get(&digest).map(Blob::size)),
                Err(_) if text.is_empty() => Err(LayerFailure::MissingLayerDigest),
                Err(_) => Err(LayerFailure::InvalidLayerDigest),
            };
            let checked = digests.iter().map(|text| LayerCheck {
                digest: text.clone(),
                outcome: check(text),
            });
            Ok(checked.collect())
        })
    }

    /// A layer's bytes, if the repository has it.
    ///
    /// # Errors
    ///
    /// `RepositoryNotFound`.
    pub fn layer(
        &self,
        account: &AccountId,
        repository: &str,
        digest: &Digest,
    ) -> Result<Option<Blob>, StoreError> {
        self.read(account, repository, |repo| {
            Ok(repo.layers.get(digest).cloned())
        })
    }

    /// The digests of all layers of a repository, sorted.
    ///
    /// # Errors
    ///
    /// `RepositoryNotFound`.
    pub fn layers(&self, account: &AccountId, repository: &str) -> Result<Vec<Digest>, StoreError> {
        self.read(account, repository, |repo| {
            let mut digests: Vec<Digest> = repo.layers.keys().cloned().collect();
            digests.sort();
            Ok(digests)
        })
    }

    /// Removes a layer behind everybody's back: a defect of the service, for tests of repair.
    ///
    /// # Errors
    ///
    /// `RepositoryNotFound`.
    pub fn lose_layer(
        &self,
        account: &AccountId,
        repository: &str,
        digest: &Digest,
    ) -> Result<bool, StoreError> {
        self.write(account, repository, |repo| {
            Ok(repo.layers.remove(digest).is_some())
        })
    }
}

//! Quotas that do not refill. Amazon ECR Public User Guide, *Service quotas*.

use serde::{Deserialize, Serialize};

use super::{Store, StoreError};
use crate::lock::lock;

/// How much an account may have. What was there before a limit was lowered stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Repositories of an account.
    pub repositories_per_registry: u64,
    /// Images of a repository, with the members of indexes.
    pub images_per_repository: u64,
    /// Tags of one image.
    pub tags_per_image: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            repositories_per_registry: 10_000,
            images_per_repository: 100_000,
            tags_per_image: 1000,
        }
    }
}

impl Store {
    /// Other limits from now on.
    pub fn set_limits(&self, limits: Limits) {
        *lock(self.limits_cell()) = limits;
    }

    pub(super) fn limits(&self) -> Limits {
        *lock(self.limits_cell())
    }
}

/// Fails when one more would be too many.
pub(super) fn require_below(
    quota: &'static str,
    limit: u64,
    present: usize,
) -> Result<(), StoreError> {
    if present as u64 >= limit {
        return Err(StoreError::LimitExceeded { quota, limit });
    }
    Ok(())
}

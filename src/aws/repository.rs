//! What ECR Public holds, as far as this provider looks at it.

use std::time::SystemTime;

use super::AccountId;

/// The registry of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicRegistry {
    /// The account.
    pub account: AccountId,
    /// Its primary alias, if it has one yet.
    pub alias: Option<String>,
    /// Every active alias.
    pub aliases: Vec<String>,
}

/// A repository of ECR Public.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicRepository {
    /// Its ARN.
    pub arn: String,
    /// `public.ecr.aws/<alias>/<name>`
    pub uri: String,
    /// The account.
    pub account: AccountId,
    /// Its name.
    pub name: String,
}

/// An image as the API describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageDetail {
    /// Its digest.
    pub digest: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its media type.
    pub media_type: Option<String>,
    /// When it was stored.
    pub pushed_at: Option<SystemTime>,
}

/// An image to find or to delete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageId {
    /// By digest.
    pub digest: Option<String>,
    /// By tag; with a digest, both must agree.
    pub tag: Option<String>,
}

impl ImageId {
    /// Whatever has this digest.
    pub fn of_digest(digest: impl ToString) -> Self {
        Self {
            digest: Some(digest.to_string()),
            tag: None,
        }
    }

    /// Whatever this tag shows.
    pub fn of_tag(tag: impl ToString) -> Self {
        Self {
            digest: None,
            tag: Some(tag.to_string()),
        }
    }
}

/// Why an image was not deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeleteFailure {
    /// Which.
    pub image: ImageId,
    /// The service's code, such as `ImageReferencedByManifestList`.
    pub code: String,
    /// Its words.
    pub reason: String,
}

//! What the service refuses, by the names it uses.

use crate::accounts::AccountId;
use crate::digest::Digest;

/// Where something happened: a repository of a registry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The account, which is also the registry id.
    pub account: AccountId,
    /// The repository's name.
    pub repository: String,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "the repository with name '{}' in the registry with id '{}'",
            self.repository, self.account
        )
    }
}

/// A refusal. [`StoreError::exception`] is the name in the service model, `Display` its message.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Upload without a byte.
    #[error("The upload with id '{upload}' in {place} has no layer parts")]
    EmptyUpload {
        /// Where.
        place: Place,
        /// The upload.
        upload: String,
    },
    /// The same manifest is there under the same tag already.
    #[error("Image with digest '{digest}' and tag '{tag}' already exists in {place}")]
    ImageAlreadyExists {
        /// Where.
        place: Place,
        /// The digest of the manifest.
        digest: Digest,
        /// The tag, or the word null.
        tag: String,
    },
    /// The digest that came with a manifest is not that of its bytes.
    #[error(
        "The image digest '{given}' does not match the digest '{computed}' of the image manifest"
    )]
    ImageDigestDoesNotMatch {
        /// What the caller said.
        given: String,
        /// What the bytes have.
        computed: Digest,
    },
    /// No such image.
    #[error("The image with imageId {image} does not exist within {place}")]
    ImageNotFound {
        /// Where.
        place: Place,
        /// The id, as the service prints it.
        image: String,
    },
    /// None of the digests is that of the uploaded bytes.
    #[error(
        "None of the provided layer digests match the calculated digest '{computed}' of the upload with id '{upload}' in {place}"
    )]
    InvalidLayer {
        /// Where.
        place: Place,
        /// The upload.
        upload: String,
        /// The digest of what was uploaded.
        computed: Digest,
    },
    /// A part that does not continue the upload.
    #[error("{reason}")]
    InvalidLayerPart {
        /// Where.
        place: Place,
        /// The upload.
        upload: String,
        /// The last byte that was accepted; nothing while there is none.
        last_valid_byte: Option<u64>,
        /// What is wrong with it.
        reason: String,
    },
    /// A value the service does not take.
    #[error("Invalid parameter at '{parameter}' failed to satisfy constraint: '{constraint}'")]
    InvalidParameter {
        /// Its path in the request.
        parameter: String,
        /// What it must satisfy.
        constraint: String,
    },
    /// A tag on a resource that is not allowed.
    #[error("Invalid tag: {0}")]
    InvalidTagParameter(String),
    /// The layer was there before.
    #[error("The layer with digest '{digest}' already exists in {place}")]
    LayerAlreadyExists {
        /// Where.
        place: Place,
        /// The layer.
        digest: Digest,
    },
    /// A part, other than the last, below 5 MiB.
    #[error(
        "A part of the upload with id '{upload}' in {place} is smaller than the minimum of 5242880 bytes"
    )]
    LayerPartTooSmall {
        /// Where.
        place: Place,
        /// The upload.
        upload: String,
    },
    /// A manifest names layers the repository does not have.
    #[error("Layers with digests '[{}]' required for pushing image into {place} do not exist", join(.digests))]
    LayersNotFound {
        /// Where.
        place: Place,
        /// Those missing.
        digests: Vec<String>,
    },
    /// A quota that does not refill.
    #[error("The operation would exceed the limit '{limit}' of {quota}")]
    LimitExceeded {
        /// The name of the quota.
        quota: &'static str,
        /// Its value.
        limit: u64,
    },
    /// An index names manifests the repository does not have.
    #[error("Images with digests '[{}]' required for pushing image into {place} do not exist", join(.digests))]
    ReferencedImagesNotFound {
        /// Where.
        place: Place,
        /// Those missing.
        digests: Vec<String>,
    },
    /// The name is taken.
    #[error(
        "The repository with name '{}' already exists in the registry with id '{}'",
        .0.repository, .0.account
    )]
    RepositoryAlreadyExists(Place),
    /// It still has images.
    #[error("{0} cannot be deleted because it still contains images")]
    RepositoryNotEmpty(Place),
    /// No such repository.
    #[error(
        "The repository with name '{}' does not exist in the registry with id '{}'",
        .0.repository, .0.account
    )]
    RepositoryNotFound(Place),
    /// It has no policy.
    #[error("Repository policy does not exist for {0}")]
    RepositoryPolicyNotFound(Place),
    /// More than 50 tags on a resource.
    #[error("The repository would have {0} tags; at most 50 are allowed")]
    TooManyTags(usize),
    /// No such upload, or no longer.
    #[error("The upload with id '{upload}' cannot be found in {place}")]
    UploadNotFound {
        /// Where.
        place: Place,
        /// The upload.
        upload: String,
    },
    /// The sandbox itself failed: a full disk, mostly. The request body failed: a client gone.
    #[error("the sandbox could not store it: {0}")]
    Server(#[from] std::io::Error),
}

impl StoreError {
    /// The name in the service model, which API answers carry in `__type`.
    pub fn exception(&self) -> &'static str {
        match self {
            Self::EmptyUpload { .. } => "EmptyUploadException",
            Self::ImageAlreadyExists { .. } => "ImageAlreadyExistsException",
            Self::ImageDigestDoesNotMatch { .. } => "ImageDigestDoesNotMatchException",
            Self::ImageNotFound { .. } => "ImageNotFoundException",
            Self::InvalidLayer { .. } => "InvalidLayerException",
            Self::InvalidLayerPart { .. } => "InvalidLayerPartException",
            Self::InvalidParameter { .. } => "InvalidParameterException",
            Self::InvalidTagParameter(_) => "InvalidTagParameterException",
            Self::LayerAlreadyExists { .. } => "LayerAlreadyExistsException",
            Self::LayerPartTooSmall { .. } => "LayerPartTooSmallException",
            Self::LayersNotFound { .. } => "LayersNotFoundException",
            Self::LimitExceeded { .. } => "LimitExceededException",
            Self::ReferencedImagesNotFound { .. } => "ReferencedImagesNotFoundException",
            Self::RepositoryAlreadyExists(_) => "RepositoryAlreadyExistsException",
            Self::RepositoryNotEmpty(_) => "RepositoryNotEmptyException",
            Self::RepositoryNotFound(_) => "RepositoryNotFoundException",
            Self::RepositoryPolicyNotFound(_) => "RepositoryPolicyNotFoundException",
            Self::TooManyTags(_) => "TooManyTagsException",
            Self::UploadNotFound { .. } => "UploadNotFoundException",
            Self::Server(_) => "ServerException",
        }
    }

    pub(crate) fn invalid(parameter: &str, constraint: impl Into<String>) -> Self {
        Self::InvalidParameter {
            parameter: parameter.to_owned(),
            constraint: constraint.into(),
        }
    }
}

fn join(digests: &[String]) -> String {
    digests.join(", ")
}

//! What ECR Public holds: repositories with their layers, images, tags and open uploads.
//!
//! One store serves both the API and the registry face. It knows accounts only as names: who may do
//! what is decided before it is asked.
//!
//! # Invariants
//!
//! - A layer belongs to one repository; no other repository sees it.
//! - An image is stored only when every layer and every image it names is in its repository.
//! - No lock is held while bytes move: uploads of different layers never wait for each other.
//! - At most 1 MiB per layer or upload is held in memory; the rest is in files of `folder`.

mod delete;
mod error;
mod image;
mod layer;
mod limits;
mod listing;
mod manifest;
mod page;
mod publish;
mod repository;
mod upload;

pub use delete::{Deleted, ImageFailure};
pub use error::{Place, StoreError};
pub use image::{Image, ImageDetail, ImageId, NewImage, TagDetail};
pub use layer::{LayerCheck, LayerFailure};
pub use limits::Limits;
pub use manifest::MEDIA_TYPES;
pub use page::{Page, Paged};
pub use repository::{CatalogData, NewRepository, Repository, Store};
pub use upload::{PART_BYTES_MAX, PART_BYTES_MIN, UploadStarted};

pub(crate) use manifest::{DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST};
pub(crate) use repository::check_name;
pub(crate) use upload::PartReceived;

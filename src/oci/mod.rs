//! The nouns of the OCI specifications: references, digests, descriptors, manifests.
//!
//! # Invariants
//!
//! - Text is checked once, here. What has one of these types is well formed.
//! - A manifest is the bytes that were received; nothing here can write one from its view. A choice
//!   of platforms makes a new index, from pieces of the received text, and so does a list of
//!   referrers that grows.

mod descriptor;
mod digest;
mod manifest;
mod reference;
mod referrers;
mod select;

pub use descriptor::{Descriptor, InvalidPlatform, MediaType, Platform};
pub use digest::{Digest, Hasher, InvalidDigest};
pub use manifest::{Child, InvalidManifest, Manifest, ManifestKind};
pub use reference::{InvalidReference, Reference, Repository, Tag, Version};
pub use referrers::{CosignTag, fallback_tag, is_attachment, with_referrers};
pub use select::{Selection, SelectionError, can_mean, images, select};

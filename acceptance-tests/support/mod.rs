//! What the scenarios are told with.

pub(crate) mod by_hand;
#[cfg(feature = "interoperability")]
pub(crate) mod daemon;
pub(crate) mod evidence;
pub(crate) mod landing_zone;
pub(crate) mod messages;
pub(crate) mod official;
pub(crate) mod packages;
#[cfg(feature = "interoperability")]
pub(crate) mod programs;
pub(crate) mod provider_block;
pub(crate) mod scenario;
pub(crate) mod signer;
pub(crate) mod sigstore;
pub(crate) mod sts;
pub(crate) mod tables;
pub(crate) mod terraform;
pub(crate) mod wanted;
pub(crate) mod zone;

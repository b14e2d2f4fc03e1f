//! What the scenarios are told with.

#[cfg(feature = "interoperability")]
pub(crate) mod daemon;
pub(crate) mod messages;
pub(crate) mod packages;
#[cfg(feature = "interoperability")]
pub(crate) mod programs;
pub(crate) mod scenario;
pub(crate) mod terraform;

//! What the scenarios are told with.

pub(crate) mod packages;
pub(crate) mod terraform;

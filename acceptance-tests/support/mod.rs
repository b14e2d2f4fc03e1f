//! What scenarios are made of.

pub(crate) mod terraform;

//! A plugin host of our own: what Terraform does, without Terraform.
//!
//! Nothing of the provider's own protocol code is used, so that a mistake cannot cancel itself
//! out: values are written and read here, and the messages are the client half of `proto/`.

pub(crate) mod dial;
pub(crate) mod frame;
pub(crate) mod host;
pub(crate) mod session;
pub(crate) mod value;
pub(crate) mod wire;

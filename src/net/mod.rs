//! HTTP as the rest of the program needs it: one transport, one retry loop, limits and redaction.

pub mod redact;

pub use redact::{SafeUrl, Secret};

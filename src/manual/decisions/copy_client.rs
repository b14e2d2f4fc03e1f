//! Why our own registry client?
//!
//! # The choice
//!
//! [`registry`](crate::registry) speaks the OCI distribution protocol over `hyper`.
//!
//! # Other options
//!
//! The crate `oci-client`, successor of `oci-distribution`, reads and writes registries well. A
//! mirror needs what it keeps to itself:
//!
//! - response headers: the pull budget of Docker Hub and `Retry-After` are there and nowhere else;
//! - errors that say what was refused, by whom, and whether to try again;
//! - resuming inside a layer, in both directions;
//! - manifests as bytes, because their digest is that of the bytes;
//! - an HTTP client of ours: proxies, certificate authorities, limits, and redirects that are
//!   followed by hand so that credentials stay where they belong.
//!
//! It is a development dependency instead. Where it and we disagree about the stand-ins, a test
//! fails.
//!
//! # What would change our mind
//!
//! The same list, met by a crate.

//! Why is there a module that knows registries, the plugin protocol and values at once?
//!
//! # The choice
//!
//! `fuzzing` names the parsers of what strangers send: references, challenges, locations, ranges,
//! manifests, values, the environment of the handshake. Each is a function of bytes that panics
//! when a promise is broken. A fuzzer needs them to be public, and they are private to their
//! layers for good reasons; so each layer has a hidden `fuzzing` module of its own, and the one at
//! the top collects them. Nothing imports it.
//!
//! # Other options
//!
//! - Public parsers: everybody could take headers apart then, and not only `registry`.
//! - Fuzzing whole requests through the public interface: a thousand times slower, and inputs would
//!   have to get past HTTP before they meet the code in question.
//! - A feature that makes the parsers public: a build that is fuzzed would not be the build that is
//!   shipped.
//!
//! The fuzzer itself is a workspace of its own in `acceptance-tests/fuzz`. Its corpora are
//! replayed by a unit test, so that a promise that was broken once stays kept without it.
//!
//! # What would change our mind
//!
//! A layer that has to know another one to be fuzzed.

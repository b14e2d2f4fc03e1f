//! Which signatures does `verify` look at, and when?
//!
//! # The choice
//!
//! - Signatures by keys: cosign's first format under its tag, and Sigstore bundles that refer to the
//!   image. The keys are in the configuration; nothing else is trusted, and nobody is asked.
//! - Signatures with certificates (keyless) as bundles, against a trusted root that is in the
//!   configuration too. The crate `sigstore-verify` checks them; see below.
//! - They are checked in the apply, for the digest that is copied then, before the repository is
//!   created. The digest is fixed by the check: a tag that moves after it changes nothing.
//! - What has to be signed is in one place: `provider::signatures::rule`. The image that the source
//!   shows, or every image that `platforms` chooses.
//! - They are checked whenever a tag is set, and when `verify` changes. Refresh does not check.
//!
//! # Other options
//!
//! - *In the plan.* A bundle can only be found by reading lists, and what it says by reading it,
//!   which costs pulls; plans cost none. To look only for cosign's tag, which is free, would warn
//!   about every image that is signed the other way.
//! - *Any statement of a bundle.* Cosign 3 takes every attestation by the key for a verification of
//!   the image. A statement that an image has faults is signed too. Only cosign's own statement that
//!   it signs the image counts.
//! - *Bare signatures in bundles* (`messageSignature`). A key that signs files would sign images
//!   with them, if a file reads like a manifest. Cosign does not take them for images either.
//! - *Transparency logs of signatures by keys.* They prove when a key was used, not whether. Who wants
//!   to know that a key was stolen watches the log.
//! - *Cosign's first format with certificates.* Its proofs stand in annotations of their own, which the
//!   crate does not read. Cosign 3 has written bundles since.
//! - *A trusted root inside the provider.* It would age with the release. Whoever runs the apply has a
//!   current one, or an instance of their own.
//! - *Patterns for subjects.* They are easily wider than meant. A list of names is not.
//! - *The reference in the payload.* It names the image where it was signed. Copies have other names,
//!   and mirrors are what this provider makes. It is written to the log.
//! - *GPG signatures* and Notary. Another format, and a key store of another kind.
//!
//! # Which crate checks certificates
//!
//! Counted with `cargo tree -e normal` in an empty package in November 2026; *new* are the crates that
//! the provider does not have anyway.
//!
//! | crate | release | crates | new | brings |
//! |---|---|--:|--:|---|
//! | `sigstore-verify` without default features, with `aws-lc-rs` | 0.15.1 | 54 | 24 | no HTTP, no runtime, our crypto provider |
//! | `sigstore` with `bundle` and `rustls-tls` | 0.15.0 | 234 | 96 | `reqwest`, `openidconnect`, a web browser's launcher |
//! | `sigstore-verification` with `rustls` | 0.2.8 | 335 | 161 | two versions of `reqwest`, `ring`, `oci-client`, `tough` |
//!
//! `sigstore-verify` is kept by the Sigstore project itself, had eleven releases with changes in 2026,
//! runs the project's conformance suite, and never asks anybody. It is not at 1.0 yet, so it is called
//! in one place only: `signature::keyless`. What was signed is taken from the bundle that it
//! checked, never from another reading of the same text.
//!
//! # What would change our mind
//!
//! A listing of signatures that costs no pull would let the plan warn. A second statement that says
//! "signed" would count too.

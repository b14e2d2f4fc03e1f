//! Which signatures does `verify` look at, and when?
//!
//! # The choice
//!
//! - Signatures by keys: cosign's first format under its tag, and Sigstore bundles that refer to the
//!   image. The keys are in the configuration; nothing else is trusted, and nobody is asked.
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
//! - *Transparency logs.* For a key they prove when it was used, not whether. Who wants to know that a
//!   key was stolen watches the log.
//! - *The reference in the payload.* It names the image where it was signed. Copies have other names,
//!   and mirrors are what this provider makes. It is written to the log.
//! - *GPG signatures* and Notary. Another format, and a key store of another kind.
//!
//! # What would change our mind
//!
//! A listing of signatures that costs no pull would let the plan warn. A second statement that says
//! "signed" would count too.

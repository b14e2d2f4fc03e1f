//! How one `terraform apply` travels through the program.
//!
//! # The layers
//!
//! ```text
//! plugin      the process contract: handshake, TLS, stopping, log lines
//! protocol    remote procedure calls <-> tf
//! provider    schemas, configuration, resources; words for people
//! ------------------------------------------------------ edge above, engine below
//! mirror      what to copy, in which order, how many at once
//! registry    distribution client      aws    credentials, roles, ECR Public
//! content     the verbs both sides of a copy share
//! net         HTTP, retries, limits, redaction
//! ------------------------------------------------------ I/O above, pure below
//! signature  tf  oci  task  blame
//! ```
//!
//! Imports point downward. The exact arrows are data in `acceptance-tests/architecture.rs`, and a
//! test fails on one that is missing there.
//!
//! Three absences carry most of the weight:
//!
//! - [`mirror`](crate::mirror) has not heard of HTTP, AWS or Terraform. It walks a graph between
//!   a [`Source`](crate::content::Source) and a [`Destination`](crate::content::Destination), so
//!   that it can be tested on random graphs in memory.
//! - [`protocol`](crate::protocol) and [`provider`](crate::provider) do not know each other. Both
//!   know the traits in [`tf`](crate::tf); `main.rs` introduces them. Protobuf stops at that door.
//! - Nothing below [`provider`](crate::provider) writes for practitioners. Errors carry facts, and
//!   [`Blame`](crate::blame::Blame) says whose move it is.
//!
//! # An apply
//!
//! 1. Terraform starts the binary. The `plugin` layer answers the handshake with one line on
//!    stdout, serves mutual TLS on a socket, and from then on listens for a request to stop.
//! 2. The provider block becomes a typed configuration. No credential is fetched yet, except to
//!    learn who the provider is.
//! 3. The plan of a resource is worked out from configuration, prior state and what was observed.
//!    See [`decisions::plan_and_digest`](super::decisions::plan_and_digest) for what it may state.
//! 4. Apply turns the planned values, all known now, into a
//!    [`MirrorJob`](crate::mirror::MirrorJob).
//! 5. The path of roles is walked to the account, and the account is compared with the one that
//!    was expected. Then the repository is looked up, or created.
//! 6. The engine walks the image: children before parents, each digest once, nothing held in
//!    memory but a bounded number of chunks. Every byte is hashed on its way, and what has another
//!    digest than it should is never committed.
//! 7. The tags are written last. *The first tag is the point of no return*: before it, no reader
//!    has seen a change, and a failure leaves no state; after it, state is returned whatever else
//!    happens.
//!
//! # Stopping
//!
//! Ctrl-C reaches the whole process group. The provider ignores the signal and waits for the
//! request that Terraform sends it: that cancels every [`Context`](crate::task::Context) in
//! flight. Copies stop between two chunks, give up their open uploads, and answer with what is
//! true by then. Whatever was uploaded completely is found by the next apply.

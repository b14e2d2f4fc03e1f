//! Which connections does a request travel on?
//!
//! # The choice
//!
//! `net::client` is `hyper` with two pools for each registry. Questions, manifests and the opening
//! of uploads go over HTTP/2 where the registry offers it: one connection, one handshake, and
//! nothing waits for anything. The bytes of blobs go over HTTP/1.1, one connection for each blob in
//! flight. Without TLS there is one pool.
//!
//! # What was measured
//!
//! CNCF Distribution over TLS, 40 ms away at 1 Gbit/s, medians:
//!
//! | seconds, 40 ms | 24 blobs, 41 MB | 101 blobs, 26 MB |
//! |---|--:|--:|
//! | blobs HTTP/1.1, the rest HTTP/2 | 1.18 | 1.55 |
//! | everything HTTP/1.1 | 1.28 | 1.53 |
//! | everything HTTP/2 | 2.49 | 2.04 |
//!
//! Over one HTTP/2 connection all blobs share one TCP window, and the loss or delay of one packet is
//! everybody's. For the first image it also took twice the processor time, for framing and flow
//! control. Measured by `acceptance-tests/bench/compare.py wan-tls`, with the names of protocols in
//! `HttpClient::new` changed by hand.
//!
//! # Buffers
//!
//! A connection reads at most 128 KiB at once and takes about twice that for sending before it waits
//! for the wire. That bounds the memory of a blob in flight to half a MiB, whatever its size. A
//! quarter of a MiB more per buffer saved nothing that could be told from noise; `reqwest`, which we
//! used before, does not let one choose.
//!
//! # What would change our mind
//!
//! Several HTTP/2 connections for each registry in `hyper-util`'s pool, or HTTP/3 at registries.

//! What `build.rs` makes of `proto/plugin.proto` and `proto/health.proto`.
#![allow(
    dead_code,
    missing_docs,
    unnameable_types,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    clippy::restriction,
    reason = "generated"
)]

pub(super) mod plugin {
    include!(concat!(env!("OUT_DIR"), "/server/plugin.rs"));
}

pub(super) mod health {
    include!(concat!(env!("OUT_DIR"), "/server/grpc.health.v1.rs"));
}

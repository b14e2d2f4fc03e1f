//! What `build.rs` makes of `proto/plugin.proto` and `proto/health.proto`.
#![allow(
    dead_code,
    missing_docs,
    unnameable_types,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    clippy::allow_attributes_without_reason,
    clippy::clone_on_ref_ptr,
    clippy::missing_errors_doc,
    clippy::semicolon_if_nothing_returned,
    clippy::too_many_lines,
    clippy::use_self,
    reason = "generated"
)]

pub(super) mod plugin {
    include!(concat!(env!("OUT_DIR"), "/server/plugin.rs"));
}

pub(super) mod health {
    include!(concat!(env!("OUT_DIR"), "/server/grpc.health.v1.rs"));
}

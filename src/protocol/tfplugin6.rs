//! What `build.rs` makes of `proto/tfplugin6.proto`.
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

include!(concat!(env!("OUT_DIR"), "/server/tfplugin6.rs"));

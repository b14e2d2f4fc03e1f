//! The resource `ecrpublic_mirrored_image`.
//!
//! - `schema`, `model`: what practitioners write, and the same as a struct.
//! - `validate`, `plan`: pure. What is wrong, and what will be.
//! - `place`: account, roles and repository of an instance.
//! - `apply`, `copy`, `remove`: create and update, one copy, destroy; `verify`: what has to be
//!   signed before.
//! - `read`, `observe`, `import`, `import_id`: what is there; `follow`: what the source shows.
//! - `list`: what an account has, whoever made it.
//! - `private`: what is remembered besides the state.
//!
//! # Invariants
//!
//! - Only `apply` and `remove` write, and only after the account was found to be the right one.
//! - Whatever fails, the state that is returned lists what exists and nothing else.

mod apply;
mod copy;
mod follow;
mod import;
mod import_id;
mod list;
mod model;
mod observe;
mod place;
mod plan;
mod private;
mod read;
mod referrers;
mod remove;
mod resource;
mod schema;
mod validate;
mod verify;

#[cfg(test)]
mod tests;

pub(crate) use list::MirroredImageList;
pub(crate) use resource::MirroredImages;

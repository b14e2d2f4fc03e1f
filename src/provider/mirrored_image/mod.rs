//! The resource `ecrpublic_mirrored_image`.

mod model;
mod plan;
mod private;
mod schema;
mod validate;

//! The provider: schemas, configuration, resources; the only place that writes for people.

mod aws_settings;
mod aws_tags;
mod config;
mod duration;
mod facts;
mod known;
mod mirrored_image;
mod registry_settings;
mod repository_name;
mod role;
mod schema;
mod settings;

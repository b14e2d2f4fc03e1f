//! What goes wrong at which stage of a copy, with everything of the provider but Terraform between
//! the stand-ins, and what the stand-ins hold afterwards.
//!
//! - `world`: the stand-ins, a copy, and the judgement from outside.
//! - `stages`: every request that a copy makes.
//! - `passing`: what goes wrong once, at every stage.
//! - `lasting`: what does not pass, at every stage.
//! - `bytes`: what is on the way.
//! - `existence`: what is said to be there or not there.
//! - `limits`: what the destination does not take; `quotas`: how often it may be asked.
//! - `expiry`: credentials that end while a copy lasts.
//! - `large`, with `servers`: layers that nobody holds as a whole, and dishonest answers to a
//!   request for the rest.
//!
//! The manual has the whole list: [`faults`](crate::manual::faults).

mod bytes;
mod existence;
mod expiry;
mod large;
mod lasting;
mod limits;
mod passing;
mod quotas;
mod servers;
mod stages;
mod world;

//! Tests of the whole module against services on loopback.

mod ecr_public;
mod guard;
mod hops;
mod instance;
mod limits;
mod login;
mod mock;
mod refusals;
mod sources;
mod transport;

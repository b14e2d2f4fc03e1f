//! Tests of the whole module against services on loopback.

mod container;
mod ecr_public;
mod guard;
mod home;
mod hops;
mod instance;
mod limits;
mod login;
mod mock;
mod process;
mod proxies;
mod refusals;
mod single_sign_on;
mod sources;
mod transport;

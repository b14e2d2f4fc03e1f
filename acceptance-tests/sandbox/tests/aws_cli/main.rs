//! The AWS CLI judges STS and the ECR Public API: its serialiser, its signer and its parsers were
//! written by others, from the service models.
//!
//! Every operation is called well and badly: [`operations`] has the lists that the tests tick off.

mod answers;
mod cli;
mod operations;
mod refusals;
mod sts;
mod world;

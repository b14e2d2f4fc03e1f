//! Where does a role chain start?
//!
//! # The choice
//!
//! The `assume_role` of a resource starts from whom the provider has become in the end: after its
//! own `assume_role_with_web_identity` and all its `assume_role` blocks. So does `account_role`. A
//! resource uses one of the two: its own `assume_role` where it has one.
//!
//! # Why
//!
//! It is what *chain* means to users of repeated `assume_role` blocks in `hashicorp/aws`, and it
//! is how organisations are built: a pipeline may become the tooling role and nothing else; the
//! tooling role may become the publisher role of each account. One provider block then serves all
//! accounts, and the trust policies name one principal.
//!
//! # The price
//!
//! Every hop of a resource is a chained call, for which STS allows one hour at most. Sessions are
//! renewed by walking the cached hops again, so a copy may take longer than that.
//!
//! # Roles in state
//!
//! Refresh and destroy get the prior state, not the configuration. The hops of a resource are
//! therefore ordinary attributes, and a role that was renamed is seen only after an apply.
//! `account_role` has no such delay, since nothing about it is in state: prefer it.
//!
//! # What would change our mind
//!
//! A host that hands the configuration to refresh and destroy.

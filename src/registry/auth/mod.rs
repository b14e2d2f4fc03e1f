//! Who we are to a registry: challenges, credentials and tokens.
//!
//! # Invariants
//!
//! - A credential goes to the origin of its registry, or to the token service which that registry
//!   names over a connection that can be trusted, and nowhere else.
//! - A token is obtained before a body is sent.
//! - What stands in a cache or an error can be printed.

mod authoriser;
mod challenge;
mod credential;
mod exchange;
mod token;

pub(super) use authoriser::{Access, Asker, Authoriser, Next, Shown};
pub(super) use credential::Account;
pub use credential::{Credential, CredentialSource};

use http::HeaderMap;
use url::Url;

use super::endpoint::Base;
use super::error::Fault;

/// The token service that the challenge in these headers names, if it may be asked; `None` without
/// a challenge for a token.
pub(super) fn token_service(headers: &HeaderMap, base: &Base) -> Option<Result<Url, Fault>> {
    match challenge::strongest(headers)? {
        challenge::Challenge::Bearer(bearer) => Some(exchange::realm(&bearer, base)),
        challenge::Challenge::Basic => None,
    }
}

//! Tokens: the exchange at `/token/`, and what a bearer says about its holder.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::request::Parts;
use http::{HeaderMap, Response, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::error::denied;
use crate::accounts::{Identity, LoginRefused};
use crate::exchange::{Body, With as _, empty, header_text, json};
use crate::fault::TokenExpired;
use crate::oci::refusal;
use crate::world::World;

/// Life of an exchanged token, seen to be about an hour.
const TOKEN_SECONDS: i64 = 3600;

/// Who sent a request.
#[derive(Debug, Clone)]
pub(super) enum Holder {
    /// The bearer of an anonymous token: may read.
    Anonymous,
    /// Somebody who logged in.
    Known(Box<Identity>),
}

#[derive(Serialize, Deserialize)]
struct Claims {
    /// The login that was exchanged; nothing for an anonymous token.
    password: Option<String>,
}

/// Answers `GET /token/`: anonymous, or with the login as `Basic AWS:<password>`.
///
/// `expires_in` is left out: the real service has not been seen to promise it.
pub(super) fn exchange(world: &World, parts: &Parts) -> Response<Body> {
    let password = match header_text(&parts.headers, "authorization") {
        None => None,
        Some(authorization) => match basic_password(authorization) {
            Some(password) => Some(password),
            None => return invalid(),
        },
    };
    if let Some(password) = &password {
        let is_struck = parts.extensions.get::<TokenExpired>().is_some();
        match world.accounts.login(password) {
            Err(LoginRefused::Unknown) => return invalid(),
            Ok(_) if !is_struck => {}
            Ok(_) | Err(LoginRefused::Expired) => {
                return denied(
                    "Your authorization token has expired. Reauthenticate and try again.",
                );
            }
        }
    }
    let token = world.signer.seal(Claims { password }, TOKEN_SECONDS);
    json(StatusCode::OK, &json!({ "token": token }))
}

/// Who holds the token of a request. The refusal is the answer to give.
///
/// An exchanged token and the login itself, as `GetAuthorizationToken` returns it, are both good.
pub(super) fn holder(
    world: &World,
    headers: &HeaderMap,
    origin: &str,
) -> Result<Holder, Response<Body>> {
    let Some(authorization) = header_text(headers, "authorization") else {
        return Err(challenge(origin));
    };
    let Some(bearer) = authorization.strip_prefix("Bearer ") else {
        // Basic is taken at the token endpoint only.
        return Err(denied("Your Authorization Token is invalid."));
    };
    let password = match world.signer.open::<Claims>(bearer) {
        Ok(Claims { password: None }) => return Ok(Holder::Anonymous),
        Ok(Claims {
            password: Some(password),
        }) => password,
        Err(_) => login_password(bearer).ok_or_else(invalid)?,
    };
    let identity = world.accounts.login(&password).map_err(|_| invalid())?;
    Ok(Holder::Known(Box::new(identity)))
}

/// 400 and no challenge, which a client that renews on 401 never recovers from.
pub(super) fn invalid() -> Response<Body> {
    refusal(
        StatusCode::BAD_REQUEST,
        "DENIED",
        "Your Authorization Token is invalid.",
    )
}

fn challenge(origin: &str) -> Response<Body> {
    let challenge =
        format!(r#"Bearer realm="{origin}/token/",service="public.ecr.aws",scope="aws""#);
    empty(StatusCode::UNAUTHORIZED).with("www-authenticate", challenge)
}

fn basic_password(authorization: &str) -> Option<String> {
    login_password(authorization.strip_prefix("Basic ")?)
}

/// The password in base64 of `AWS:<password>`.
fn login_password(encoded: &str) -> Option<String> {
    let bytes = STANDARD.decode(encoded).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    text.strip_prefix("AWS:").map(str::to_owned)
}

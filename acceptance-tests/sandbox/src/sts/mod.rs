//! AWS Security Token Service: the calls a role chain needs, with the refusals of the real one.
//!
//! The Query protocol: form data in, XML out. API version 2011-06-15.
//!
//! # Invariants
//!
//! - Whether a role exists is not revealed: an unknown one is refused like one that does not trust
//!   the caller.
//! - Nothing is issued before the signature, the parameters, both policies and the duration were
//!   found good.

mod assume_role;
mod caller;
mod error;
mod form;
mod session;
mod web_identity;
mod xml;

#[cfg(test)]
mod tests;

use bytes::Bytes;
use http::{Method, Request, Response, header};
use http_body_util::Full;

use self::error::StsError;
use self::form::Form;
use self::xml::Xml;
use crate::accounts::Accounts;
use crate::fault::{Diverted, TokenExpired};
use crate::sigv4::Scope;

const VERSION: &str = "2011-06-15";

/// Operations of the service model that no role chain needs.
const NOT_OFFERED: [&str; 6] = [
    "AssumeRoleWithSAML",
    "AssumeRoot",
    "DecodeAuthorizationMessage",
    "GetDelegatedAccessToken",
    "GetFederationToken",
    "GetWebIdentityToken",
];

const SCOPE: Scope = Scope {
    service: "sts",
    has_region: is_commercial_region,
};

/// Answers one request to STS.
pub(crate) fn answer(accounts: &Accounts, request: Request<Bytes>) -> Response<Full<Bytes>> {
    let request_id = crate::request_id::fresh();
    let (status, body) = match dispatch(accounts, request) {
        Ok((action, result)) => {
            let document = Xml::document(&format!("{action}Response"), |xml| {
                xml.nest(&format!("{action}Result"), |xml| xml.raw(&result))
                    .nest("ResponseMetadata", |xml| {
                        xml.text("RequestId", &request_id);
                    });
            });
            (http::StatusCode::OK, document)
        }
        Err(refusal) => {
            let document = Xml::document("ErrorResponse", |xml| {
                xml.nest("Error", |xml| {
                    xml.text("Type", "Sender")
                        .text("Code", refusal.code())
                        .text("Message", &refusal.to_string());
                })
                .text("RequestId", &request_id);
            });
            (refusal.status(), document)
        }
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static("text/xml"),
    );
    if let Ok(value) = header::HeaderValue::from_str(&request_id) {
        headers.insert("x-amzn-requestid", value);
    }
    response
}

fn dispatch(accounts: &Accounts, request: Request<Bytes>) -> Result<(String, String), StsError> {
    let (parts, body) = request.into_parts();
    let mut form = match parts.method {
        Method::POST => Form::parse(&body),
        Method::GET => Form::parse(parts.uri.query().unwrap_or_default().as_bytes()),
        _ => return Err(StsError::MissingAction),
    };
    let action = form
        .get("Action")
        .ok_or(StsError::MissingAction)?
        .to_owned();
    let version = form.get("Version").unwrap_or_default().to_owned();
    let unknown = || {
        let action: String = action.chars().take(128).collect();
        let version: String = version.chars().take(32).collect();
        StsError::InvalidAction(format!(
            "Could not find operation {action} for version {version}"
        ))
    };
    if version != VERSION {
        return Err(unknown());
    }
    if NOT_OFFERED.contains(&action.as_str()) {
        return Err(StsError::InvalidAction(format!(
            "The sandbox does not offer the operation {action}"
        )));
    }
    form.well_formed()?;
    if action == "AssumeRoleWithWebIdentity" {
        let is_struck = parts.extensions.get::<TokenExpired>().is_some();
        let result = web_identity::answer(accounts, &mut form, is_struck)?;
        return Ok((action, result));
    }
    let caller = accounts.authenticate(&parts, &body, SCOPE)?;
    let result = match action.as_str() {
        "AssumeRole" => {
            let diverted = parts.extensions.get::<Diverted>();
            assume_role::answer(accounts, &caller, &mut form, diverted)?
        }
        "GetCallerIdentity" => caller::identity(&caller),
        "GetSessionToken" => caller::session_token(accounts, &caller, &mut form)?,
        "GetAccessKeyInfo" => caller::access_key_info(accounts, &mut form)?,
        _ => return Err(unknown()),
    };
    Ok((action, result))
}

/// Whether the text has the form of a region of the commercial partition: `eu-west-1`.
fn is_commercial_region(region: &str) -> bool {
    const AREAS: [&str; 9] = ["af", "ap", "ca", "eu", "il", "me", "mx", "sa", "us"];
    let parts: Vec<&str> = region.split('-').collect();
    match parts[..] {
        [area, direction, number] => {
            AREAS.contains(&area)
                && (3..=9).contains(&direction.len())
                && direction.bytes().all(|byte| byte.is_ascii_lowercase())
                && number.len() == 1
                && number.bytes().all(|byte| byte.is_ascii_digit())
        }
        _ => false,
    }
}

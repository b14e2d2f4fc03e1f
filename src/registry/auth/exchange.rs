//! One exchange with a token service: credential in, token out.
//!
//! CNCF Distribution, *Token Authentication Specification* (GET) and *OAuth2 Token
//! Authentication* (POST).

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{Method, StatusCode};
use url::{Url, form_urlencoded};

use super::challenge::Bearer;
use super::credential::Credential;
use super::token::{Token, TokenAnswer, basic};
use crate::net::SafeUrl;
use crate::net::limits::{self, ReadError};
use crate::net::transport::{Body, Lane, Request, Response, Transport, TransportErrorKind};
use crate::registry::answer::Refusal;
use crate::registry::endpoint::Base;
use crate::registry::error::{Fault, transport};
use crate::task::Context;

/// How the OAuth2 form of the exchange names us.
const CLIENT_ID: &str = env!("CARGO_PKG_NAME");

/// The token service that a challenge names, if it may be asked.
pub(super) fn realm(bearer: &Bearer, base: &Base) -> Result<Url, Fault> {
    let refuse = |target: String, reason| Err(Fault::Realm { target, reason });
    let Ok(url) = Url::parse(&bearer.realm) else {
        let target = bearer.realm.chars().filter(|c| !c.is_control()).take(80);
        return refuse(target.collect(), "is no URL");
    };
    let target = SafeUrl(url.clone()).to_string();
    let is_plain = url.scheme() == "http" && base.is_plain_http();
    if url.scheme() != "https" && !is_plain {
        return refuse(target, "does not use HTTPS");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refuse(target, "has a user in it");
    }
    match base.objection(&url) {
        Some(reason) => refuse(target, reason),
        None => Ok(url),
    }
}

/// Gets a token. One attempt; a refresh token that the service does not take by POST is tried by
/// GET.
pub(super) async fn exchange(
    cx: &Context,
    wire: &dyn Transport,
    realm: &Url,
    service: Option<&str>,
    scope: &str,
    credential: &Credential,
) -> Result<Token, Fault> {
    let get = |username: &str, password: &str| {
        let header = basic(username, password);
        get_request(realm, service, scope, header)
    };
    match credential {
        Credential::Anonymous | Credential::Bearer(_) => {
            let request = get_request(realm, service, scope, None);
            read(send(cx, wire, request).await?, &[]).await
        }
        Credential::Basic { username, password } => {
            let request = get(username, password.reveal());
            read(send(cx, wire, request).await?, &[password.reveal()]).await
        }
        Credential::Identity(token) => {
            let post = post_request(realm, service, scope, token.reveal());
            let response = send(cx, wire, post).await?;
            // Absent at GCR (404), refused at Artifactory (401), ACR (400) and elsewhere (405).
            let response = match response.status.as_u16() {
                400 | 401 | 404 | 405 => send(cx, wire, get("", token.reveal())).await?,
                _ => response,
            };
            read(response, &[token.reveal()]).await
        }
    }
}

fn get_request(
    realm: &Url,
    service: Option<&str>,
    scope: &str,
    authorization: Option<HeaderValue>,
) -> Request {
    let mut url = realm.clone();
    {
        let mut query = url.query_pairs_mut();
        if let Some(service) = service {
            query.append_pair("service", service);
        }
        // A challenge can ask for several resources at once; each is a parameter of its own here.
        for scope in scope.split_ascii_whitespace() {
            query.append_pair("scope", scope);
        }
    }
    if url.query() == Some("") {
        url.set_query(None);
    }
    let mut headers = json();
    if let Some(authorization) = authorization {
        headers.insert(AUTHORIZATION, authorization);
    }
    Request {
        method: Method::GET,
        url,
        headers,
        body: Body::Empty,
        lane: Lane::Control,
    }
}

fn post_request(realm: &Url, service: Option<&str>, scope: &str, token: &str) -> Request {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "refresh_token");
    if let Some(service) = service {
        form.append_pair("service", service);
    }
    form.append_pair("client_id", CLIENT_ID)
        .append_pair("scope", scope)
        .append_pair("refresh_token", token);
    let mut headers = json();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/x-www-form-urlencoded"),
    );
    Request {
        method: Method::POST,
        url: realm.clone(),
        headers,
        body: Body::Whole(Bytes::from(form.finish())),
        lane: Lane::Control,
    }
}

fn json() -> HeaderMap {
    HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json"))])
}

async fn send(cx: &Context, wire: &dyn Transport, request: Request) -> Result<Response, Fault> {
    let host = request.url.host_str().unwrap_or_default();
    let _waits = cx.waits_for(format!("a token from `{host}`"));
    cx.note_request();
    tokio::time::timeout(limits::ANSWER, wire.send(request))
        .await
        .unwrap_or_else(|_elapsed| Err(TransportErrorKind::Timeout.into()))
        .map_err(transport)
}

async fn read(response: Response, secrets: &[&str]) -> Result<Token, Fault> {
    let Response {
        status,
        headers,
        body,
    } = response;
    if status != StatusCode::OK {
        let (body, _) = limits::read_up_to(body, limits::ERROR_BODY_BYTES)
            .await
            .unwrap_or_default();
        let refusal = Refusal::read(status.as_u16(), &headers, &body, secrets);
        return Err(Fault::Refused(Box::new(refusal)));
    }
    let body = match limits::read_at_most(body, limits::TOKEN_BYTES).await {
        Ok(body) => body,
        Err(ReadError::TooLong(limit)) => return Err(Fault::TooLong { limit }),
        Err(ReadError::Transport(error)) => return Err(transport(error)),
    };
    serde_json::from_slice::<TokenAnswer>(&body)
        .ok()
        .and_then(|answer| answer.token())
        .ok_or(Fault::Token)
}

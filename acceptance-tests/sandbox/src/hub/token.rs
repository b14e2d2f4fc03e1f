//! Docker Hub's token service. Distribution documentation, *Token authentication specification*.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use time::format_description::well_known::Rfc3339;

use super::Hub;
use crate::exchange::{Body, empty, header_text, json};
use crate::journal::Notes;
use crate::world::World;

const SERVICE: &str = "registry.docker.io";
const TOKEN_SECONDS: i64 = 300;
const REFRESH_SECONDS: i64 = 30 * 24 * 3600;
const FORM_BYTES: usize = 64 * 1024;

/// What a token says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Claims {
    pub(super) user: Option<String>,
    /// Repositories that may be read.
    pub(super) readable: Vec<String>,
}

/// What a refresh token says.
#[derive(Debug, Serialize, Deserialize)]
struct Refresh {
    refreshes: String,
}

/// A request for a token, in either of its two forms.
#[derive(Debug, Default)]
struct Asked {
    service: Option<String>,
    scopes: Vec<String>,
    wants_refresh: bool,
    grant: Option<String>,
    username: Option<String>,
    password: Option<String>,
    refresh_token: Option<String>,
}

/// Answers one request to the token service.
pub(crate) async fn token(world: &World, hub: &Hub, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    if parts.uri.path() != "/token" {
        return empty(StatusCode::NOT_FOUND);
    }
    let asked = match read(&parts, body).await {
        Ok(asked) => asked,
        Err(refusal) => return refusal,
    };
    if asked.service.as_deref() != Some(SERVICE) {
        return refused(StatusCode::BAD_REQUEST, "service is not registry.docker.io");
    }
    let user = match user(world, hub, &parts.headers, &asked) {
        Ok(user) => user,
        Err(refusal) => return refusal,
    };
    if let (Some(user), Some(notes)) = (&user, parts.extensions.get::<Notes>()) {
        notes.caller("docker hub", user);
    }
    issue(world, hub, user, &asked)
}

async fn read(parts: &Parts, body: Body) -> Result<Asked, Response<Body>> {
    let form;
    let pairs = match parts.method {
        Method::GET => parts.uri.query().unwrap_or_default().as_bytes(),
        Method::POST => {
            let bytes = body.collect(FORM_BYTES).await;
            form = bytes.map_err(|_| empty(StatusCode::PAYLOAD_TOO_LARGE))?;
            form.as_ref()
        }
        _ => return Err(empty(StatusCode::METHOD_NOT_ALLOWED)),
    };
    let is_form = parts.method == Method::POST;
    let mut asked = Asked::default();
    for (name, value) in url::form_urlencoded::parse(pairs) {
        let value = value.into_owned();
        match name.as_ref() {
            "service" => asked.service = Some(value),
            "scope" => asked.scopes.extend(value.split(' ').map(str::to_owned)),
            "offline_token" => asked.wants_refresh = value == "true",
            "access_type" => asked.wants_refresh = value == "offline",
            "grant_type" if is_form => asked.grant = Some(value),
            "username" if is_form => asked.username = Some(value),
            "password" if is_form => asked.password = Some(value),
            "refresh_token" if is_form => asked.refresh_token = Some(value),
            _ => {}
        }
    }
    if is_form && asked.grant.is_none() {
        return Err(refused(StatusCode::BAD_REQUEST, "grant_type is missing"));
    }
    Ok(asked)
}

/// Who asks: nobody in particular, or a user who has proved it.
fn user(
    world: &World,
    hub: &Hub,
    headers: &HeaderMap,
    asked: &Asked,
) -> Result<Option<String>, Response<Body>> {
    let wrong = || refused(StatusCode::UNAUTHORIZED, "incorrect username or password");
    let (name, password) = match asked.grant.as_deref() {
        Some("refresh_token") => {
            let token = asked.refresh_token.as_deref().unwrap_or_default();
            let refresh = world.signer.open::<Refresh>(token).map_err(|_| wrong())?;
            return Ok(Some(refresh.refreshes));
        }
        Some("password") => match (&asked.username, &asked.password) {
            (Some(name), Some(password)) => (name.clone(), password.clone()),
            _ => return Err(wrong()),
        },
        Some(_) => return Err(refused(StatusCode::BAD_REQUEST, "unsupported grant_type")),
        None => match header_text(headers, "authorization") {
            None => return Ok(None),
            Some(authorization) => basic(authorization).ok_or_else(wrong)?,
        },
    };
    hub.user(&name, &password)
        .map(|user| Some(user.name))
        .ok_or_else(wrong)
}

/// Grants what may be granted, which may be nothing: the registry then says so.
fn issue(world: &World, hub: &Hub, user: Option<String>, asked: &Asked) -> Response<Body> {
    let readable = asked.scopes.iter().filter_map(|scope| pulled(scope));
    let readable = readable.filter(|name| hub.may_read(name, user.as_deref()));
    let claims = Claims {
        user: user.clone(),
        readable: readable.map(str::to_owned).collect(),
    };
    let token = world.signer.seal(claims, TOKEN_SECONDS);
    let mut answer = json!({
        "token": token,
        "access_token": token,
        "expires_in": TOKEN_SECONDS,
        "issued_at": world.clock.now().format(&Rfc3339).unwrap_or_default(),
    });
    if let (true, Some(user), Some(answer)) = (asked.wants_refresh, user, answer.as_object_mut()) {
        let refresh = world
            .signer
            .seal(Refresh { refreshes: user }, REFRESH_SECONDS);
        answer.insert("refresh_token".to_owned(), refresh.into());
    }
    json(StatusCode::OK, &answer)
}

/// The repository of `repository:<name>:…pull…`.
fn pulled(scope: &str) -> Option<&str> {
    let (name, actions) = scope.strip_prefix("repository:")?.rsplit_once(':')?;
    actions
        .split(',')
        .any(|action| matches!(action, "pull" | "*"))
        .then_some(name)
}

fn basic(authorization: &str) -> Option<(String, String)> {
    let bytes = STANDARD
        .decode(authorization.strip_prefix("Basic ")?)
        .ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (name, password) = text.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

fn refused(status: StatusCode, details: &str) -> Response<Body> {
    json(status, &json!({ "details": details }))
}

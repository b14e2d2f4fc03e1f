//! Pulling from a source registry.

use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use serde_json::json;

use super::Hub;
use super::accounting::{Budget, Source};
use super::token::Claims;
use crate::cdn::{self, Claim};
use crate::exchange::{Body, With as _, header_text, json, query_value, respond, text};
use crate::face::Face;
use crate::fault::TokenExpired;
use crate::journal::Notes;
use crate::oci::{Target, referrer, referrers, refusal};
use crate::server::address;
use crate::sign::Unproven;
use crate::world::World;

/// One request, with what was found out about it.
struct Visit<'w> {
    world: &'w World,
    hub: &'w Hub,
    parts: Parts,
    user: Option<String>,
}

/// Answers one request to a source registry.
pub(crate) async fn registry(
    world: &World,
    hub: &Hub,
    face: Face,
    request: Request<Body>,
) -> Response<Body> {
    let (parts, _) = request.into_parts();
    if !hub.count_request(address(&parts)) {
        return text(
            StatusCode::TOO_MANY_REQUESTS,
            "Too Many Requests (HAP429)\n",
        )
        .with("retry-after", "60");
    }
    let answered = route(world, hub, face, parts).await;
    let response = answered.unwrap_or_else(|refusal| refusal);
    response.with("docker-distribution-api-version", "registry/2.0")
}

async fn route(
    world: &World,
    hub: &Hub,
    face: Face,
    parts: Parts,
) -> Result<Response<Body>, Response<Body>> {
    let path = parts.uri.path().to_owned();
    let target = Target::of(&path);
    if target == Target::Unknown {
        return Err(refusal(StatusCode::NOT_FOUND, "NOT_FOUND", "no such page"));
    }
    let user = if hub.is_docker_hub() {
        authorise(world, &target, &parts)?
    } else {
        None
    };
    if let (Some(user), Some(notes)) = (&user, parts.extensions.get::<Notes>()) {
        notes.caller("docker hub", user);
    }
    let visit = Visit {
        world,
        hub,
        parts,
        user,
    };
    if let Some(name) = target.name()
        && !hub.exists(name)
    {
        let message = "repository name not known to registry";
        return Err(refusal(StatusCode::NOT_FOUND, "NAME_UNKNOWN", message));
    }
    let is_read = matches!(visit.parts.method, Method::GET | Method::HEAD);
    match target {
        Target::Base => Ok(json(StatusCode::OK, &json!({}))),
        Target::Manifest(name, reference) if is_read => visit.manifest(name, reference),
        Target::Blob(name, digest) if is_read => visit.blob(face, name, digest).await,
        Target::Tags(name) if is_read => Ok(visit.tags(name)),
        Target::Referrers(name, digest) if is_read => visit.referrers(name, digest),
        _ => Err(refusal(
            StatusCode::METHOD_NOT_ALLOWED,
            "UNSUPPORTED",
            "this copy is read-only",
        )),
    }
}

/// The user of a token that is good for the target.
fn authorise(
    world: &World,
    target: &Target<'_>,
    parts: &Parts,
) -> Result<Option<String>, Response<Body>> {
    let scope = target.name().map(|name| format!("repository:{name}:pull"));
    let challenge = |error: Option<&str>| unauthorised(world, scope.as_deref(), error);
    let bearer = header_text(&parts.headers, "authorization");
    let Some(bearer) = bearer.and_then(|value| value.strip_prefix("Bearer ")) else {
        return Err(challenge(None));
    };
    let claims = match world.signer.open::<Claims>(bearer) {
        Ok(claims) if parts.extensions.get::<TokenExpired>().is_none() => claims,
        Ok(_) | Err(Unproven::Expired | Unproven::Forged) => {
            return Err(challenge(Some("invalid_token")));
        }
    };
    match target.name() {
        Some(name) if !claims.readable.iter().any(|readable| readable == name) => {
            Err(challenge(Some("insufficient_scope")))
        }
        _ => Ok(claims.user),
    }
}

fn unauthorised(world: &World, scope: Option<&str>, error: Option<&str>) -> Response<Body> {
    let mut challenge = format!(
        r#"Bearer realm="{}/token",service="registry.docker.io""#,
        world.url(Face::HubAuth)
    );
    for (name, value) in [("scope", scope), ("error", error)] {
        if let Some(value) = value {
            challenge += &format!(r#",{name}="{value}""#);
        }
    }
    refusal(
        StatusCode::UNAUTHORIZED,
        "UNAUTHORIZED",
        "authentication required",
    )
    .with("www-authenticate", challenge)
}

impl Visit<'_> {
    fn manifest(&self, name: &str, reference: &str) -> Result<Response<Body>, Response<Body>> {
        let is_head = self.parts.method == Method::HEAD;
        if !self.hub.is_docker_hub() {
            return self.found(name, reference, is_head);
        }
        let (source, is_limited) = self.source();
        // Whether a failed GET counts is not documented: assume the worse.
        let is_allowed = is_head || self.hub.count_pull(&source, is_limited);
        let budget = self.hub.budget(&source).filter(|_| is_limited);
        if !is_allowed {
            return Err(limited(exhausted(), budget, &source));
        }
        let answer = self.found(name, reference, is_head);
        match answer {
            Ok(response) => Ok(limited(response, budget, &source)),
            Err(response) => Err(limited(response, budget, &source)),
        }
    }

    fn found(
        &self,
        name: &str,
        reference: &str,
        is_head: bool,
    ) -> Result<Response<Body>, Response<Body>> {
        let unknown = || {
            refusal(
                StatusCode::NOT_FOUND,
                "MANIFEST_UNKNOWN",
                "manifest unknown",
            )
        };
        let manifest = self.hub.find(name, reference).ok_or_else(unknown)?;
        let body = if is_head {
            Body::empty()
        } else {
            Body::from(manifest.bytes.clone())
        };
        Ok(respond(StatusCode::OK, body)
            .with("content-type", &manifest.media_type)
            .with("content-length", manifest.bytes.len().to_string())
            .with("docker-content-digest", manifest.digest.as_str()))
    }

    async fn blob(
        &self,
        face: Face,
        name: &str,
        digest: &str,
    ) -> Result<Response<Body>, Response<Body>> {
        let unknown = || {
            refusal(
                StatusCode::NOT_FOUND,
                "BLOB_UNKNOWN",
                "blob unknown to registry",
            )
        };
        let parsed = digest.parse().map_err(|_| unknown())?;
        let blob = self.hub.blob(name, &parsed).ok_or_else(unknown)?;
        let is_head = self.parts.method == Method::HEAD;
        if face == Face::Hub && !is_head {
            let (repository, digest) = (name.to_owned(), digest.to_owned());
            let claim = Claim {
                account: None,
                repository,
                digest,
            };
            return Ok(cdn::redirect(self.world, Face::HubCdn, &claim));
        }
        let range = header_text(&self.parts.headers, "range");
        let response = cdn::send(&blob, range, is_head).await;
        Ok(response.with("docker-content-digest", digest))
    }

    fn tags(&self, name: &str) -> Response<Body> {
        let query = self.parts.uri.query();
        let last = query_value(query, "last").unwrap_or_default();
        let most = query_value(query, "n")
            .and_then(|n| n.parse().ok())
            .unwrap_or(usize::MAX);
        let mut rest = self.hub.tags(name).into_iter().filter(|tag| *tag > last);
        let tags: Vec<String> = rest.by_ref().take(most).collect();
        let response = json(StatusCode::OK, &json!({ "name": name, "tags": tags }));
        match tags.last().filter(|_| rest.next().is_some()) {
            Some(last) => {
                let next = format!("/v2/{name}/tags/list?n={most}&last={last}");
                response.with("link", format!("<{next}>; rel=\"next\""))
            }
            None => response,
        }
    }

    fn referrers(&self, name: &str, digest: &str) -> Result<Response<Body>, Response<Body>> {
        if !self.hub.lists_referrers() {
            return Err(refusal(StatusCode::NOT_FOUND, "NOT_FOUND", "no such page"));
        }
        let wanted = query_value(self.parts.uri.query(), "artifactType");
        let manifests = self.hub.manifests(name);
        let entries = manifests.iter().filter_map(|manifest| {
            let name = manifest.digest.as_str();
            referrer(&manifest.media_type, name, &manifest.bytes, digest)
        });
        Ok(referrers(entries.collect(), wanted.as_deref()))
    }

    /// Whose budget this is, and whether it has an end.
    fn source(&self) -> (Source, bool) {
        match &self.user {
            Some(user) => (Source::User(user.clone()), !self.hub.is_unlimited(user)),
            None => (Source::Address(address(&self.parts)), true),
        }
    }
}

fn exhausted() -> Response<Body> {
    let message = "You have reached your pull rate limit. You may increase the limit by \
        authenticating and upgrading: https://www.docker.com/increase-rate-limit";
    refusal(StatusCode::TOO_MANY_REQUESTS, "toomanyrequests", message)
}

/// Adds what Docker Hub tells about the budget.
fn limited(response: Response<Body>, budget: Option<Budget>, source: &Source) -> Response<Body> {
    let Some(Budget {
        limit,
        remaining,
        window_seconds,
    }) = budget
    else {
        return response;
    };
    response
        .with("ratelimit-limit", format!("{limit};w={window_seconds}"))
        .with(
            "ratelimit-remaining",
            format!("{remaining};w={window_seconds}"),
        )
        .with("docker-ratelimit-source", source.to_string())
}

//! From a request to the one function that answers it.

use http::{Method, Request, Response, StatusCode};

use super::access::Access;
use super::token::{self, Holder};
use super::{blobs, manifests, uploads};
use crate::exchange::{Body, With as _, empty, header_text};
use crate::face::Face;
use crate::fault::TokenExpired;
use crate::journal::Notes;
use crate::oci::{Target, refusal};
use crate::world::World;

/// Answers one request to the registry.
pub(crate) async fn answer(world: &World, request: Request<Body>) -> Response<Body> {
    let answered = route(world, request).await;
    let response = answered.unwrap_or_else(|refusal| refusal);
    response.with("docker-distribution-api-version", "registry/2.0")
}

async fn route(world: &World, request: Request<Body>) -> Result<Response<Body>, Response<Body>> {
    let (parts, body) = request.into_parts();
    if parts.uri.path().trim_end_matches('/') == "/token" {
        return Ok(token::exchange(world, &parts));
    }
    let origin = match header_text(&parts.headers, "host") {
        Some(host) => format!("http://{host}"),
        None => world.url(Face::Registry),
    };
    let holder = token::holder(world, &parts.headers, &origin)?;
    if let (Holder::Known(identity), Some(notes)) = (&holder, parts.extensions.get::<Notes>()) {
        notes.caller(identity.account.as_str(), &identity.arn);
    }
    if parts.extensions.get::<TokenExpired>().is_some() {
        return Err(token::invalid());
    }
    let target = Target::of(parts.uri.path());
    let Some(path) = target.name() else {
        return match target {
            Target::Base => Ok(empty(StatusCode::OK)),
            _ => Err(refusal(StatusCode::NOT_FOUND, "NOT_FOUND", "no such page")),
        };
    };
    let access = Access::to(world, path, origin, holder)?;
    let query = parts.uri.query();
    match (&parts.method, target) {
        (&Method::GET | &Method::HEAD, Target::Manifest(_, reference)) => {
            manifests::read(&access, reference, &parts)
        }
        (&Method::PUT, Target::Manifest(_, reference)) => {
            manifests::put(&access, reference, &parts.headers, body).await
        }
        (&Method::GET, Target::Tags(_)) => manifests::tags(&access, query),
        (&Method::HEAD, Target::Blob(_, digest)) => blobs::head(&access, digest),
        (&Method::GET, Target::Blob(_, digest)) => blobs::redirect(&access, digest),
        (&Method::POST, Target::Uploads(_)) => uploads::open(&access),
        (&Method::PATCH, Target::Upload(_, id)) => {
            uploads::append(&access, id, &parts.headers, body).await
        }
        (&Method::PUT, Target::Upload(_, id)) => uploads::close(&access, id, &parts, body).await,
        // There is no asking how far an upload is.
        (&Method::GET, Target::Upload(..)) => Err(refusal(
            StatusCode::NOT_FOUND,
            "BLOB_UPLOAD_UNKNOWN",
            "upload status unknown",
        )),
        (&Method::DELETE, Target::Upload(_, id)) => uploads::cancel(&access, id),
        (&Method::GET, Target::Referrers(_, digest)) => {
            manifests::referrers(&access, digest, &parts)
        }
        _ => Err(refusal(
            StatusCode::METHOD_NOT_ALLOWED,
            "UNSUPPORTED",
            "not offered here",
        )),
    }
}

//! The object storage behind redirects. An address is good for a while, and for itself.
//!
//! It refuses a request that carries credentials, as object storage with signed addresses does, and
//! writes it down as a violation: credentials must not leave the host they belong to.

use http::{Method, Request, Response, StatusCode};
use serde::{Deserialize, Serialize};

use crate::accounts::AccountId;
use crate::blob::Blob;
use crate::digest::Digest;
use crate::exchange::{Body, With as _, empty, header_text, query_value, respond, text};
use crate::face::Face;
use crate::fault::TokenExpired;
use crate::world::World;

/// How long a signed address works.
const ADDRESS_SECONDS: i64 = 1200;

/// What an address gives access to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Claim {
    /// The account, for a blob of ECR Public.
    pub(crate) account: Option<String>,
    pub(crate) repository: String,
    pub(crate) digest: String,
}

/// Sends a client to the storage.
pub(crate) fn redirect(world: &World, storage: Face, claim: &Claim) -> Response<Body> {
    let signature = world.signer.seal(claim, ADDRESS_SECONDS);
    let path = claim.digest.replace(':', "/");
    let address = format!(
        "{}/blobs/{path}/data?signature={signature}",
        world.url(storage)
    );
    empty(StatusCode::TEMPORARY_REDIRECT).with("location", address)
}

/// Answers one request to the storage.
pub(crate) async fn answer(world: &World, face: Face, request: Request<Body>) -> Response<Body> {
    let headers = request.headers();
    if headers.contains_key("authorization") {
        let path = request.uri().path();
        world
            .journal
            .violation(format!("{face}: {path} was asked for with credentials"));
        return text(StatusCode::BAD_REQUEST, "Only one auth mechanism allowed");
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return empty(StatusCode::METHOD_NOT_ALLOWED);
    }
    let signature = query_value(request.uri().query(), "signature").unwrap_or_default();
    let claim = world.signer.open::<Claim>(&signature);
    let is_struck = request.extensions().get::<TokenExpired>().is_some();
    let Some(claim) = claim.ok().filter(|_| !is_struck) else {
        return text(
            StatusCode::FORBIDDEN,
            "the address has expired or was changed",
        );
    };
    let Some(blob) = find(world, &claim) else {
        return text(StatusCode::NOT_FOUND, "no such object");
    };
    let range = header_text(headers, "range").map(str::to_owned);
    send(&blob, range.as_deref(), request.method() == Method::HEAD).await
}

/// The blob, or the part of it that `Range` asks for.
pub(crate) async fn send(blob: &Blob, range: Option<&str>, is_head: bool) -> Response<Body> {
    let size = blob.size();
    let (status, start, length) = match range.map(|range| span(range, size)) {
        None | Some(Span::Ignored) => (StatusCode::OK, 0, size),
        Some(Span::Part(start, length)) => (StatusCode::PARTIAL_CONTENT, start, length),
        Some(Span::Outside) => {
            return empty(StatusCode::RANGE_NOT_SATISFIABLE)
                .with("content-range", format!("bytes */{size}"));
        }
    };
    let body = match Body::of_blob(blob, start, length).await {
        Ok(_) if is_head => Body::empty(),
        Ok(body) => body,
        Err(error) => return text(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    };
    let response = respond(status, body)
        .with("content-type", "application/octet-stream")
        .with("content-length", length.to_string())
        .with("accept-ranges", "bytes");
    if status == StatusCode::PARTIAL_CONTENT {
        let last = start + length - 1;
        return response.with("content-range", format!("bytes {start}-{last}/{size}"));
    }
    response
}

enum Span {
    Ignored,
    Part(u64, u64),
    Outside,
}

/// One range of bytes with a start; other forms are legally ignored. RFC 9110, section 14.
fn span(range: &str, size: u64) -> Span {
    let parsed = range.strip_prefix("bytes=").and_then(|range| {
        let (first, last) = range.split_once('-')?;
        let first: u64 = first.parse().ok()?;
        let last = if last.is_empty() {
            u64::MAX
        } else {
            last.parse().ok()?
        };
        (first <= last).then_some((first, last))
    });
    match parsed {
        None => Span::Ignored,
        Some((first, _)) if first >= size => Span::Outside,
        Some((first, last)) => Span::Part(first, last.min(size - 1) - first + 1),
    }
}

fn find(world: &World, claim: &Claim) -> Option<Blob> {
    let digest: Digest = claim.digest.parse().ok()?;
    match &claim.account {
        None => world.hub.blob(&claim.repository, &digest),
        Some(account) => {
            let account: AccountId = account.parse().ok()?;
            world
                .store
                .layer(&account, &claim.repository, &digest)
                .ok()?
        }
    }
}

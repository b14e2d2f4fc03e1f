//! Manifests and tags.

use std::sync::atomic::Ordering;

use http::request::Parts;
use http::{HeaderMap, Method, Response, StatusCode};
use serde_json::{Value, json};

use super::access::{Access, stored};
use super::convert::{converted, covers};
use super::error::refused;
use crate::digest::Digest;
use crate::exchange::{
    Body, Unreadable, With as _, empty, header_text, json, query_value, respond,
};
use crate::oci::{self, refusal};
use crate::store::{ImageId, NewImage, Page, StoreError};

/// Manifests longer than this are not even read to their end.
const READ_MAX: usize = 4_194_304;

/// Answers GET and HEAD.
///
/// The digest header comes with HEAD only, as with the real service. By tag, a stored type that
/// `Accept` does not name is converted: other bytes, another digest.
pub(super) fn read(
    access: &Access<'_>,
    reference: &str,
    parts: &Parts,
) -> Result<Response<Body>, Response<Body>> {
    if parts.method == Method::GET {
        access.may_pull(parts)?;
    }
    let by_digest = reference.contains(':');
    let name = Some(reference.to_owned());
    let id = if by_digest {
        ImageId {
            digest: name,
            tag: None,
        }
    } else {
        ImageId {
            digest: None,
            tag: name,
        }
    };
    let image = stored(
        access
            .world
            .store
            .image(&access.account, &access.repository, &id),
    )?;
    let (media_type, bytes) = if by_digest || covers(&parts.headers, &image.media_type) {
        (image.media_type, image.manifest)
    } else {
        converted(&image, &parts.headers)
    };
    let digest = Digest::of(&bytes);
    let length = bytes.len().to_string();
    if parts.method == Method::HEAD {
        let response = empty(StatusCode::OK).with("content-type", media_type);
        return Ok(response
            .with("content-length", length)
            .with("docker-content-digest", digest.as_str()));
    }
    Ok(respond(StatusCode::OK, bytes).with("content-type", media_type))
}

/// Answers PUT: by digest, or by tag, which moves it.
pub(super) async fn put(
    access: &Access<'_>,
    reference: &str,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response<Body>, Response<Body>> {
    access.may("PutImage")?;
    let too_large = || {
        refusal(
            StatusCode::PAYLOAD_TOO_LARGE,
            "SIZE_INVALID",
            "manifest too large",
        )
    };
    let manifest = body
        .collect(READ_MAX)
        .await
        .map_err(|unreadable| match unreadable {
            Unreadable::TooLarge(_) => too_large(),
            Unreadable::Broken => refusal(StatusCode::BAD_REQUEST, "MANIFEST_INVALID", "broke off"),
        })?;
    let digest = Digest::of(&manifest);
    let subject = noted_subject(access, &manifest);
    let content_type = header_text(headers, "content-type").unwrap_or_default();
    let media_type = content_type
        .split(';')
        .next()
        .map(str::trim)
        .filter(|text| !text.is_empty());
    let by_digest = reference.contains(':');
    let name = Some(reference.to_owned());
    let new = NewImage {
        manifest,
        media_type: media_type.map(str::to_owned),
        tag: name.clone().filter(|_| !by_digest),
        digest: name.filter(|_| by_digest),
    };
    match access
        .world
        .store
        .put_image(&access.account, &access.repository, new)
    {
        // Nothing to do is a success here.
        Ok(_) | Err(StoreError::ImageAlreadyExists { .. }) => {
            let location = access.url(&format!("manifests/{digest}"));
            let response = empty(StatusCode::CREATED)
                .with("location", location)
                .with("docker-content-digest", digest.as_str());
            Ok(match subject {
                Some(subject) => response.with("oci-subject", subject),
                None => response,
            })
        }
        Err(error) => Err(refused(&error)),
    }
}

/// Answers who refers to a manifest.
pub(super) fn referrers(
    access: &Access<'_>,
    digest: &str,
    parts: &Parts,
) -> Result<Response<Body>, Response<Body>> {
    if !access.world.lists_referrers.load(Ordering::Relaxed) {
        return Err(refusal(StatusCode::NOT_FOUND, "NOT_FOUND", "no such page"));
    }
    access.may_pull(parts)?;
    let store = &access.world.store;
    let (account, repository) = (&access.account, &access.repository);
    let mut entries = Vec::new();
    for name in stored(store.image_digests(account, repository))? {
        let id = ImageId {
            digest: Some(name.to_string()),
            tag: None,
        };
        let image = stored(store.image(account, repository, &id))?;
        let entry = oci::referrer(&image.media_type, name.as_str(), &image.manifest, digest);
        entries.extend(entry);
    }
    let wanted = query_value(parts.uri.query(), "artifactType");
    Ok(oci::referrers(entries, wanted.as_deref()))
}

/// What a manifest refers to, if that is noted.
fn noted_subject(access: &Access<'_>, manifest: &[u8]) -> Option<String> {
    let parsed: Value = serde_json::from_slice(manifest).ok()?;
    let subject = parsed["subject"]["digest"].as_str()?.to_owned();
    let is_noted = access.world.lists_referrers.load(Ordering::Relaxed);
    is_noted.then_some(subject)
}

/// Answers the tag list.
pub(super) fn tags(
    access: &Access<'_>,
    query: Option<&str>,
) -> Result<Response<Body>, Response<Body>> {
    let asked = query_value(query, "n").map(|n| n.parse::<usize>().unwrap_or(usize::MAX));
    if asked.is_some_and(|n| n > 1000) {
        let message = "Invalid parameter at 'maxResults' failed to satisfy constraint: 'Member \
            must have value less than or equal to 1000'";
        return Err(refusal(
            StatusCode::METHOD_NOT_ALLOWED,
            "UNSUPPORTED",
            message,
        ));
    }
    access.exists()?;
    let mut page = Page {
        token: query_value(query, "next_token"),
        max: asked.or(Some(1000)),
    };
    if let Some(last) = query_value(query, "last") {
        page = page.starting_after(&last);
    }
    let tags = stored(
        access
            .world
            .store
            .image_tags(&access.account, &access.repository, &page),
    )?;
    let names: Vec<&str> = tags.items.iter().map(|tag| tag.tag.as_str()).collect();
    let response = json(
        StatusCode::OK,
        &json!({ "name": access.path, "tags": names }),
    );
    Ok(match names.last().filter(|_| tags.next.is_some()) {
        Some(last) => {
            let next = access.url(&format!("tags/list?n={}&last={last}", names.len()));
            response.with("link", format!("<{next}>; rel=\"next\""))
        }
        None => response,
    })
}

//! What registries send that is taken apart before it can be trusted.

use http::header::{CONTENT_RANGE, HeaderMap, HeaderName, HeaderValue, LOCATION, WWW_AUTHENTICATE};
use url::Url;

use super::auth;
use super::blobs;
use super::endpoint::{Base, Endpoint};
use super::request;
use crate::net::address;

/// The registry that everything here claims to come from.
fn base() -> Option<Base> {
    Endpoint::new("registry.example").base().ok()
}

/// `WWW-Authenticate`, one value a line.
pub fn challenge(data: &[u8]) {
    let Some(base) = base() else { return };
    let mut headers = HeaderMap::new();
    for line in data.split(|byte| *byte == b'\n') {
        add(&mut headers, &WWW_AUTHENTICATE, line);
    }
    if let Some(Ok(realm)) = auth::token_service(&headers, &base) {
        may_be_asked(&realm);
        assert_eq!(realm.scheme(), "https");
    }
}

/// `Location`: of a redirect or of an upload.
pub fn location(data: &[u8]) {
    let Some(base) = base() else { return };
    let mut headers = HeaderMap::new();
    add(&mut headers, &LOCATION, data);
    if let Ok(target) = request::target(&base, base.url(), &headers) {
        may_be_asked(&target);
        assert_eq!(target.scheme(), "https", "HTTPS was given up");
    }
}

/// `Content-Range`, after an offset and a size of eight bytes each.
pub fn range(data: &[u8]) {
    let Some((offset, rest)) = data.split_first_chunk() else {
        return;
    };
    let Some((size, rest)) = rest.split_first_chunk() else {
        return;
    };
    let (offset, size) = (u64::from_be_bytes(*offset), u64::from_be_bytes(*size));
    let mut headers = HeaderMap::new();
    add(&mut headers, &CONTENT_RANGE, rest);
    if blobs::is_the_rest(&headers, offset, size).is_ok() {
        assert!(offset < size, "there is no rest");
    }
}

/// What no stranger may lead us to, whatever else they may say.
fn may_be_asked(url: &Url) {
    assert!(url.has_host(), "{url}");
    assert!(!address::is_private(url), "{url}");
    assert!(!address::is_link_local(url), "{url}");
    assert!(
        url.username().is_empty() && url.password().is_none(),
        "{url}"
    );
}

fn add(headers: &mut HeaderMap, name: &HeaderName, value: &[u8]) {
    if let Ok(value) = HeaderValue::from_bytes(value) {
        headers.append(name, value);
    }
}

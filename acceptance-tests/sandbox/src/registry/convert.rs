//! The conversion trap: an `Accept` header that does not name the stored type gets another document.

use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Value, json};

use crate::store::{DOCKER_LIST, DOCKER_MANIFEST, Image, OCI_INDEX, OCI_MANIFEST};

const SCHEMA1: &str = "application/vnd.docker.distribution.manifest.v1+prettyjws";

/// Whether `Accept` names this type. `*/*` names none: the service then chooses by itself.
pub(super) fn covers(headers: &HeaderMap, media_type: &str) -> bool {
    let values = headers
        .get_all(http::header::ACCEPT)
        .iter()
        .filter_map(|it| it.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|item| {
        item.split(';')
            .next()
            .is_some_and(|name| name.trim() == media_type)
    })
}

/// The document a client gets that did not ask for the stored type: OCI becomes Docker schema 2,
/// and schema 2 becomes schema 1.
pub(super) fn converted(image: &Image, headers: &HeaderMap) -> (String, Bytes) {
    match image.media_type.as_str() {
        OCI_INDEX => (DOCKER_LIST.to_owned(), renamed(&image.manifest)),
        OCI_MANIFEST => {
            let docker = renamed(&image.manifest);
            if covers(headers, SCHEMA1) && !covers(headers, DOCKER_MANIFEST) {
                return (SCHEMA1.to_owned(), schema1(&docker));
            }
            (DOCKER_MANIFEST.to_owned(), docker)
        }
        DOCKER_MANIFEST => (SCHEMA1.to_owned(), schema1(&image.manifest)),
        other => (other.to_owned(), image.manifest.clone()),
    }
}

/// The same manifest under Docker's names.
fn renamed(manifest: &[u8]) -> Bytes {
    let names = [
        (OCI_INDEX, DOCKER_LIST),
        (OCI_MANIFEST, DOCKER_MANIFEST),
        (
            "application/vnd.oci.image.config.v1+json",
            "application/vnd.docker.container.image.v1+json",
        ),
        (
            "application/vnd.oci.image.layer.v1.tar+gzip",
            "application/vnd.docker.image.rootfs.diff.tar.gzip",
        ),
    ];
    let text = String::from_utf8_lossy(manifest).into_owned();
    names
        .iter()
        .fold(text, |text, (oci, docker)| text.replace(oci, docker))
        .into()
}

/// A schema 1 document with the same layers. It is not signed: nobody should get as far as checking.
fn schema1(manifest: &[u8]) -> Bytes {
    let parsed: Value = serde_json::from_slice(manifest).unwrap_or_default();
    let layers = parsed
        .get("layers")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let layers: Vec<Value> = layers
        .map(|layer| json!({ "blobSum": layer["digest"] }))
        .collect();
    let history: Vec<Value> = layers
        .iter()
        .map(|_| json!({ "v1Compatibility": "{}" }))
        .collect();
    let document = json!({ "schemaVersion": 1, "fsLayers": layers, "history": history });
    document.to_string().into()
}

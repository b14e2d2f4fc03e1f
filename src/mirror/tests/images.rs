//! Images for tests, made in code.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::mirror::memory::Memory;
use crate::oci::{Descriptor, Digest, Manifest, MediaType};

pub(super) const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
pub(super) const CONFIG: &str = "application/vnd.oci.image.config.v1+json";

/// A descriptor as it stands in a manifest.
pub(super) fn entry(media_type: &str, digest: &Digest, size: usize) -> Value {
    json!({ "mediaType": media_type, "digest": digest.as_str(), "size": size })
}

/// Adds a blob, and returns its descriptor.
pub(super) fn blob(store: &Memory, media_type: &str, bytes: &[u8]) -> Value {
    let digest = store.add_blob(Bytes::copy_from_slice(bytes));
    entry(media_type, &digest, bytes.len())
}

/// A layer of so many bytes, different for each `seed`.
pub(super) fn layer(store: &Memory, seed: u64, size: usize) -> Value {
    let mut random = fastrand::Rng::with_seed(seed);
    let bytes: Vec<u8> = std::iter::repeat_with(|| random.u8(..))
        .take(size)
        .collect();
    blob(store, LAYER, &bytes)
}

pub(super) fn manifest(store: &Memory, media_type: &str, body: &Value) -> Manifest {
    let bytes = serde_json::to_vec(body).unwrap();
    let manifest = Manifest::parse(bytes.into(), &MediaType::new(media_type)).unwrap();
    store.add_manifest(&manifest);
    manifest
}

/// An image for a platform, with these layers.
pub(super) fn image(store: &Memory, platform: &str, layers: &[Value]) -> Manifest {
    let mut parts = platform.split('/');
    let config = json!({
        "os": parts.next(), "architecture": parts.next(), "variant": parts.next(),
        "rootfs": { "type": "layers" },
    });
    let config = blob(store, CONFIG, config.to_string().as_bytes());
    manifest(
        store,
        MediaType::OCI_MANIFEST,
        &json!({
            "schemaVersion": 2, "mediaType": MediaType::OCI_MANIFEST,
            "config": config, "layers": layers,
        }),
    )
}

/// How an image stands in an index.
pub(super) fn child(manifest: &Manifest, platform: &str) -> Value {
    let mut parts = platform.split('/');
    let mut entry = plain_child(manifest);
    entry["platform"] = json!({ "os": parts.next(), "architecture": parts.next() });
    if let Some(variant) = parts.next() {
        entry["platform"]["variant"] = json!(variant);
    }
    entry
}

/// How a manifest stands in an index that does not say what it is for.
pub(super) fn plain_child(manifest: &Manifest) -> Value {
    let size = manifest.bytes().len();
    entry(manifest.media_type().as_str(), manifest.digest(), size)
}

/// How an attestation stands in an index.
pub(super) fn attestation(manifest: &Manifest, about: &Digest) -> Value {
    let mut entry = child(manifest, "unknown/unknown");
    entry["annotations"] = json!({
        "vnd.docker.reference.type": "attestation-manifest",
        "vnd.docker.reference.digest": about.as_str(),
    });
    entry
}

pub(super) fn index(store: &Memory, entries: &[Value]) -> Manifest {
    manifest(
        store,
        MediaType::OCI_INDEX,
        &json!({
            "schemaVersion": 2, "mediaType": MediaType::OCI_INDEX, "manifests": entries,
            "annotations": { "org.opencontainers.image.title": "app" },
        }),
    )
}

/// Two platforms that share a layer, each with an attestation, under tag `1`.
pub(super) fn usual(store: &Memory) -> Manifest {
    let shared = layer(store, 1, 1_000);
    let amd = image(
        store,
        "linux/amd64",
        &[shared.clone(), layer(store, 2, 300)],
    );
    let arm = image(store, "linux/arm64/v8", &[shared, layer(store, 3, 40)]);
    let about = |platform: &str, seed| image(store, platform, &[layer(store, seed, 20)]);
    let entries = [
        child(&amd, "linux/amd64"),
        child(&arm, "linux/arm64/v8"),
        attestation(&about("unknown/unknown", 4), amd.digest()),
        attestation(&about("unknown/unknown", 5), arm.digest()),
    ];
    let index = index(store, &entries);
    store.set_tag("1", index.digest());
    index
}

/// One image with one layer of 1000 bytes, under tag `1`.
pub(super) fn single(store: &Memory) -> Manifest {
    let image = image(store, "linux/amd64", &[layer(store, 1, 1_000)]);
    store.set_tag("1", image.digest());
    image
}

/// The digest of the first layer of an image.
pub(super) fn first_layer(image: &Manifest) -> Digest {
    let children = image.children();
    children[1].descriptor().digest.clone()
}

/// The descriptors that an index lists.
pub(super) fn listed(index: &Manifest) -> Vec<Descriptor> {
    let children = index.children().iter();
    children.map(|child| child.descriptor().clone()).collect()
}

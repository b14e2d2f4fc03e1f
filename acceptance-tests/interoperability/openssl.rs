//! Signatures that OpenSSL makes and skopeo puts beside an image.
//!
//! Debian's skopeo neither makes nor checks such signatures itself: it was built without.

use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ecr_public_sandbox::Digest;
use serde_json::{Value, json};

use crate::support::programs::run;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// How OpenSSL makes a key, and how it signs with one.
pub(super) struct Algorithm {
    pub(super) name: &'static str,
    key: &'static [&'static str],
    signs: &'static str,
}

pub(super) const P256: Algorithm = Algorithm {
    name: "p256",
    key: &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    signs: "openssl dgst -sha256 -sign key.pem payload.json > signature",
};

pub(super) const ED25519: Algorithm = Algorithm {
    name: "ed25519",
    key: &["-algorithm", "ED25519"],
    signs: "openssl pkeyutl -sign -rawin -inkey key.pem -in payload.json -out signature",
};

/// Makes a key in a folder, and returns its public half.
pub(super) async fn key_pair(folder: &Path, algorithm: &Algorithm) -> String {
    let key = folder.join("key.pem");
    let key = key.to_str().unwrap();
    let arguments = [&["genpkey", "-out", key], algorithm.key].concat();
    run("openssl", &arguments).await;
    run("openssl", &["pkey", "-in", key, "-pubout"]).await
}

/// Signs an image, and pushes the signature beside it as cosign would.
pub(super) async fn sign(folder: &Path, algorithm: &Algorithm, repository: &str, image: &str) {
    let payload = json!({
        "critical": {
            "identity": { "docker-reference": repository },
            "image": { "docker-manifest-digest": image },
            "type": "cosign container image signature",
        },
        "optional": { "by": "openssl" },
    })
    .to_string();
    std::fs::write(folder.join("payload.json"), &payload).unwrap();
    let script = format!("cd '{}' && {}", folder.display(), algorithm.signs);
    run("sh", &["-c", &script]).await;
    let signature = std::fs::read(folder.join("signature")).unwrap();

    let layout = folder.join("signed");
    let blobs = layout.join("blobs/sha256");
    std::fs::create_dir_all(&blobs).unwrap();
    let put = |media_type: &str, bytes: &str| -> Value {
        let digest = Digest::of(bytes.as_bytes());
        std::fs::write(blobs.join(digest.hex()), bytes).unwrap();
        json!({ "mediaType": media_type, "digest": digest.as_str(), "size": bytes.len() })
    };
    let config = put("application/vnd.oci.image.config.v1+json", "{}");
    let mut layer = put("application/vnd.dev.cosign.simplesigning.v1+json", &payload);
    let encoded = BASE64_STANDARD.encode(signature);
    layer["annotations"] = json!({ "dev.cosignproject.cosign/signature": encoded });
    let manifest = json!({
        "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer],
    });
    let mut manifest = put(MANIFEST, &manifest.to_string());
    manifest["annotations"] = json!({ "org.opencontainers.image.ref.name": "signature" });
    let index = json!({ "schemaVersion": 2, "manifests": [manifest] });
    std::fs::write(layout.join("index.json"), index.to_string()).unwrap();
    let version = "{\"imageLayoutVersion\":\"1.0.0\"}";
    std::fs::write(layout.join("oci-layout"), version).unwrap();
    let source = format!("oci:{}:signature", layout.display());
    let target = format!("docker://{repository}:{}.sig", image.replace(':', "-"));
    let insecure = ["--insecure-policy", "copy", "--dest-tls-verify=false"];
    run("skopeo", &[&insecure[..], &[&source, &target]].concat()).await;
}

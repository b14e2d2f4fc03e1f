//! Signatures by OpenSSL, in Debian's registry, put there by skopeo: nothing of ours made them.
//!
//! Debian's skopeo does not sign itself; it was built without.

use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ecr_public_sandbox::Digest;
use serde_json::{Value, json};

use super::judges::{docker_registry, inspect, push_busybox};
use crate::support::landing_zone::{role, two_targets};
use crate::support::programs::run;
use crate::support::provider_block::block;
use crate::support::scenario::{FIRST, IT, Scenario, TOOLING, it};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// How OpenSSL makes a key, and how it signs with one.
struct Algorithm {
    name: &'static str,
    key: &'static [&'static str],
    signs: &'static str,
}

const ALGORITHMS: [Algorithm; 2] = [
    Algorithm {
        name: "p256",
        key: &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
        signs: "openssl dgst -sha256 -sign key.pem payload.json > signature",
    },
    Algorithm {
        name: "ed25519",
        key: &["-algorithm", "ED25519"],
        signs: "openssl pkeyutl -sign -rawin -inkey key.pem -in payload.json -out signature",
    },
];

/// Makes a key in a folder, and returns its public half.
async fn key_pair(folder: &Path, algorithm: &Algorithm) -> String {
    let key = folder.join("key.pem");
    let key = key.to_str().unwrap();
    let arguments = [&["genpkey", "-out", key], algorithm.key].concat();
    run("openssl", &arguments).await;
    run("openssl", &["pkey", "-in", key, "-pubout"]).await
}

/// Signs an image, and pushes the signature beside it as cosign would.
async fn sign(folder: &Path, algorithm: &Algorithm, repository: &str, image: &str) {
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

#[tokio::test]
async fn signatures_that_openssl_made_are_found_in_a_registry_of_others_and_count() {
    let folder = tempfile::tempdir().unwrap();
    let from = docker_registry(folder.path()).await;
    for algorithm in ALGORITHMS {
        let folder = tempfile::tempdir_in(folder.path()).unwrap();
        let name = format!("library/{}", algorithm.name);
        let repository = format!("{}/{name}", from.address);
        push_busybox(folder.path(), &format!("{repository}:1")).await;
        let image = inspect(&format!("{repository}:1")).await["Digest"].clone();

        let scenario = Scenario::seeded(two_targets(), "").await;
        let key = key_pair(folder.path(), &algorithm).await;
        scenario.terraform.write("cosign.pub", &key);
        let settings = format!(
            "  assume_role {{\n    role_arn = \"{}\"\n  }}\n  account_role {{\n    role_arn = \
             \"{}\"\n  }}\n  registry {{\n    host = \"registry.example.com\"\n    endpoint = \
             \"http://{}\"\n    plain_http = true\n  }}\n",
            role(TOOLING, "tooling"),
            role("{account_id}", "ecr-publisher"),
            from.address,
        );
        let arguments = format!(
            "source = \"registry.example.com/{name}:1\"\naccount_id = \"{FIRST}\"\nverify {{\n  \
             public_keys = [file(\"cosign.pub\")]\n  annotations = {{ by = \"openssl\" }}\n}}\n"
        );
        scenario.configure_with(&block(&scenario.sandbox, &settings), &it(&arguments));
        let unsigned = scenario.terraform.apply(&[]).await.failed();
        unsigned.says("Error: Image is not signed");
        sign(
            folder.path(),
            &algorithm,
            &repository,
            image.as_str().unwrap(),
        )
        .await;
        scenario.terraform.apply(&[]).await.succeeded();
        assert_eq!(scenario.terraform.attributes(IT).await["digest"], image);
        scenario.terraform.converged().await;
        scenario.was_clean().await;
    }
}

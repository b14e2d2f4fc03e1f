//! A signature that comes along with a copy is found by skopeo and counts for OpenSSL, which know
//! nothing of us.
//!
//! Debian's skopeo neither makes nor checks such signatures itself: it was built without.

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

/// Signs an image with OpenSSL, and pushes the signature beside it as cosign would.
async fn sign(folder: &Path, repository: &str, image: &str) {
    let payload = json!({
        "critical": {
            "identity": { "docker-reference": repository },
            "image": { "docker-manifest-digest": image },
            "type": "cosign container image signature",
        },
        "optional": {},
    })
    .to_string();
    std::fs::write(folder.join("payload"), &payload).unwrap();
    let script = "openssl ecparam -name prime256v1 -genkey -noout -out key && \
                  openssl ec -in key -pubout -out key.pub && \
                  openssl dgst -sha256 -sign key -out signature payload";
    let script = format!("cd '{}' && {script}", folder.display());
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

/// A script that pulls the signature of an image with skopeo, lets OpenSSL check it, and says what
/// was signed.
fn check(folder: &Path, repository: &str, image: &str) -> String {
    let tag = format!("{}.sig", image.replace(':', "-"));
    format!(
        "cd '{}' && rm -rf pulled && skopeo --insecure-policy copy --src-tls-verify=false \
         'docker://{repository}:{tag}' dir:pulled >&2 && \
         payload=$(grep -l critical pulled/*) && \
         tr -d ' \\n' < pulled/manifest.json | \
         sed 's/.*cosign\\/signature\":\"\\([^\"]*\\)\".*/\\1/' | base64 -d > found && \
         openssl dgst -sha256 -verify key.pub -signature found \"$payload\" && cat \"$payload\" || \
         echo nothing",
        folder.display()
    )
}

#[tokio::test]
async fn a_signature_by_openssl_comes_along_from_a_registry_of_others_and_still_counts() {
    let folder = tempfile::tempdir().unwrap();
    let from = docker_registry(folder.path()).await;
    let repository = format!("{}/library/busybox", from.address);
    push_busybox(folder.path(), &format!("{repository}:1")).await;
    let image = inspect(&format!("{repository}:1")).await["Digest"].clone();
    let image = image.as_str().unwrap();
    sign(folder.path(), &repository, image).await;
    let signed = run("sh", &["-c", &check(folder.path(), &repository, image)]).await;
    assert!(signed.starts_with("Verified OK\n"), "{signed}");
    assert!(signed.contains(image), "{signed}");

    let scenario = Scenario::seeded(two_targets(), "").await;
    let settings = format!(
        "  assume_role {{\n    role_arn = \"{}\"\n  }}\n  account_role {{\n    role_arn = \"{}\"\n  \
         }}\n  registry {{\n    host = \"registry.example.com\"\n    endpoint = \"http://{}\"\n    \
         plain_http = true\n  }}\n",
        role(TOOLING, "tooling"),
        role("{account_id}", "ecr-publisher"),
        from.address,
    );
    let provider = block(&scenario.sandbox, &settings);
    let arguments =
        format!("source = \"registry.example.com/library/busybox:1\"\naccount_id = \"{FIRST}\"\n");
    scenario.configure_with(&provider, &it(&arguments));
    scenario.terraform.apply(&[]).await.succeeded();
    let uri = scenario.terraform.attributes(IT).await["repository_uri"].clone();
    let registry = scenario.sandbox.registry_url();
    let registry = registry.trim_start_matches("http://");
    let copy = uri
        .as_str()
        .unwrap()
        .replacen("public.ecr.aws", registry, 1);
    let checks = check(folder.path(), &copy, image);
    assert_eq!(run("sh", &["-c", &checks]).await, "nothing\n");

    let arguments = format!("{arguments}referrers = \"all\"\n");
    scenario.configure_with(&provider, &it(&arguments));
    scenario.terraform.apply(&[]).await.succeeded();
    assert_eq!(run("sh", &["-c", &checks]).await, signed);
    scenario.terraform.converged().await;
    scenario.terraform.destroy().await.succeeded();
    scenario.was_clean().await;
}

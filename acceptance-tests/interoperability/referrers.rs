//! A signature that comes along with a copy counts for skopeo, which knows nothing of us.

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

/// A script that pulls an image with skopeo, which accepts only what the key has signed for
/// `repository`, and says how that went.
fn pull(folder: &Path, repository: &str, image: &str) -> String {
    let lookaside = folder.join("registries.d");
    std::fs::create_dir_all(&lookaside).unwrap();
    let attachments = "default-docker:\n  use-sigstore-attachments: true\n";
    std::fs::write(lookaside.join("all.yaml"), attachments).unwrap();
    let signed = json!([{
        "type": "sigstoreSigned",
        "keyPath": folder.join("key.pub"),
        "signedIdentity": { "type": "exactRepository", "dockerRepository": repository },
    }]);
    let policy = json!({
        "default": [{ "type": "reject" }], "transports": { "docker": { "": signed } },
    });
    std::fs::write(folder.join("policy.json"), policy.to_string()).unwrap();
    format!(
        "cd '{}' && rm -rf pulled && skopeo --policy policy.json --registries.d registries.d copy \
         --src-tls-verify=false 'docker://{image}' dir:pulled > said 2>&1 && echo accepted || \
         cat said",
        folder.display()
    )
}

#[tokio::test]
async fn skopeo_accepts_the_copy_of_a_signed_image_once_the_signature_came_along() {
    let folder = tempfile::tempdir().unwrap();
    let from = docker_registry(folder.path()).await;
    let repository = format!("{}/library/busybox", from.address);
    push_busybox(folder.path(), &format!("{repository}:1")).await;
    let image = inspect(&format!("{repository}:1")).await["Digest"].clone();
    sign(folder.path(), &repository, image.as_str().unwrap()).await;
    let accepted = run(
        "sh",
        &[
            "-c",
            &pull(folder.path(), &repository, &format!("{repository}:1")),
        ],
    )
    .await;
    assert_eq!(accepted, "accepted\n", "the signature is one");

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
    let uri = scenario.terraform.attributes(IT).await["image_uri"].clone();
    let registry = scenario.sandbox.registry_url();
    let registry = registry.trim_start_matches("http://");
    let copy = uri
        .as_str()
        .unwrap()
        .replacen("public.ecr.aws", registry, 1);
    let pulls = pull(folder.path(), &repository, &copy);
    let said = run("sh", &["-c", &pulls]).await;
    assert!(said.contains("signature was required"), "{said}");

    let arguments = format!("{arguments}referrers = \"all\"\n");
    scenario.configure_with(&provider, &it(&arguments));
    scenario.terraform.apply(&[]).await.succeeded();
    assert_eq!(run("sh", &["-c", &pulls]).await, "accepted\n");
    scenario.terraform.converged().await;
    scenario.terraform.destroy().await.succeeded();
    scenario.was_clean().await;
}

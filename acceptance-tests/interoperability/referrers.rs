//! A signature that comes along with a copy is found by skopeo and counts for OpenSSL, which know
//! nothing of us.
//!
//! Debian's skopeo neither makes nor checks such signatures itself: it was built without.

use std::path::Path;

use super::judges::{docker_registry, inspect, push_busybox};
use super::openssl::{P256, key_pair, sign};
use crate::support::landing_zone::{role, two_targets};
use crate::support::programs::run;
use crate::support::provider_block::block;
use crate::support::scenario::{FIRST, IT, Scenario, TOOLING, it};

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
    let key = key_pair(folder.path(), &P256).await;
    std::fs::write(folder.path().join("key.pub"), key).unwrap();
    sign(folder.path(), &P256, &repository, image).await;
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

//! From registries of others into ECR Public under real Terraform, judged by skopeo and umoci.

use std::collections::BTreeMap;

use ecr_public_sandbox::{Compression, Format, RepositorySeed, Seed, image};

use super::judges::{docker_registry, inspect, pull, push_busybox, raw, run_busybox};
use crate::support::landing_zone::{role, two_targets};
use crate::support::provider_block::block;
use crate::support::scenario::{FIRST, Scenario, TOOLING};

/// The roles, and a registry of this name that is at this address.
fn settings(host: &str, endpoint: &str) -> String {
    format!(
        r#"
  assume_role {{
    role_arn = "{}"
  }}
  account_role {{
    role_arn = "{}"
  }}
  registry {{
    host       = "{host}"
    endpoint   = "{endpoint}"
    plain_http = true
  }}"#,
        role(TOOLING, "tooling"),
        role("{account_id}", "ecr-publisher"),
    )
}

/// Where skopeo finds what is at a `public.ecr.aws/…` address.
fn in_sandbox(scenario: &Scenario, address: &str) -> String {
    let registry = scenario.sandbox.registry_url();
    let registry = registry.trim_start_matches("http://");
    address.replacen("public.ecr.aws", registry, 1)
}

#[tokio::test]
async fn a_real_image_goes_from_docker_registry_into_ecr_public_and_runs() {
    let folder = tempfile::tempdir().unwrap();
    let from = docker_registry(folder.path()).await;
    let source = format!("{}/library/busybox:1.35", from.address);
    push_busybox(folder.path(), &source).await;
    let scenario = Scenario::seeded(two_targets(), "").await;
    let settings = settings("registry.example.com", &format!("http://{}", from.address));
    scenario.configure_with(
        &block(&scenario.sandbox, &settings),
        &format!(
            "resource \"ecrpublic_mirrored_image\" \"it\" {{\n  \
             source = \"registry.example.com/library/busybox:1.35\"\n  account_id = \"{FIRST}\"\n}}\n"
        ),
    );
    scenario.terraform.apply(&[]).await.succeeded();

    let state = scenario
        .terraform
        .attributes("ecrpublic_mirrored_image.it")
        .await;
    let by_tag = in_sandbox(&scenario, state["tag_uris"]["1.35"].as_str().unwrap());
    let by_digest = in_sandbox(&scenario, state["image_uri"].as_str().unwrap());
    assert_eq!(raw(&by_tag).await, raw(&source).await);
    assert_eq!(raw(&by_digest).await, raw(&source).await);
    assert_eq!(inspect(&by_tag).await["Digest"], state["digest"]);
    assert_eq!(
        inspect(&by_tag).await["Layers"],
        inspect(&source).await["Layers"]
    );
    assert_eq!(run_busybox(folder.path(), &by_tag).await, "mirrored\n");
    scenario.terraform.converged().await;
    scenario.terraform.destroy().await.succeeded();
    scenario.was_clean().await;
}

/// Shapes of content that a client which knows only images would break.
fn shapes() -> Seed {
    let plain = |name: &str| image(name).platforms(["linux/amd64"]).layers([32 << 10]);
    let two = |name: &str| {
        image(name)
            .platforms(["linux/amd64", "linux/arm64/v8"])
            .layers([9_000])
    };
    let shapes = [
        ("nested", plain("nested").index().nested()),
        (
            "artifact",
            image("chart")
                .layers([4_000])
                .artifact("application/vnd.acme.chart"),
        ),
        ("zstd", plain("zstd").compression(Compression::Zstd)),
        ("docker", plain("docker").format(Format::Docker)),
        ("docker-list", two("list").format(Format::Docker)),
        ("index", two("index")),
    ];
    let mut seed = two_targets();
    for (name, shape) in shapes {
        let repository = RepositorySeed {
            tags: [("1".to_owned(), shape)].into(),
            readers: None,
        };
        seed.generic
            .repositories
            .insert(format!("acme/{name}"), repository);
    }
    seed
}

#[tokio::test]
async fn indexes_artifacts_zstd_and_docker_formats_are_the_same_for_skopeo() {
    let seed = shapes();
    let names: Vec<String> = seed.generic.repositories.keys().cloned().collect();
    let scenario = Scenario::seeded(seed, "").await;
    let generic = scenario.sandbox.generic_url();
    let settings = settings("registry.example.com", &generic);
    scenario.configure_with(
        &block(&scenario.sandbox, &settings),
        &format!(
            "resource \"ecrpublic_mirrored_image\" \"all\" {{\n  for_each   = toset({names:?})\n  \
             source     = \"registry.example.com/${{each.key}}:1\"\n  account_id = \"{FIRST}\"\n}}\n\n\
             output \"uris\" {{\n  value = {{ for name, image in ecrpublic_mirrored_image.all : \
             name => image.image_uri }}\n}}\n"
        ),
    );
    scenario.terraform.apply(&[]).await.succeeded();

    let shown = scenario.terraform.show().await;
    let uris = &shown["values"]["outputs"]["uris"]["value"];
    let uris: BTreeMap<String, String> = serde_json::from_value(uris.clone()).unwrap();
    assert_eq!(uris.len(), names.len());
    let folder = tempfile::tempdir().unwrap();
    for (name, uri) in &uris {
        let source = format!("{}/{name}:1", generic.trim_start_matches("http://"));
        let destination = in_sandbox(&scenario, uri);
        assert_eq!(raw(&destination).await, raw(&source).await, "{name}");
        // skopeo verifies each digest of what it copies. It cannot copy an index in an index, and
        // takes no artifact for an image.
        if !name.ends_with("nested") && !name.ends_with("artifact") {
            pull(folder.path(), name, &destination).await;
        }
    }
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

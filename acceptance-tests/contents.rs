//! What images consist of, looked up while planning: read where nobody counts, and nowhere else.

use ecr_public_sandbox::{BuiltImage, Effect, Face, Fault, ImageSpec, image};
use serde_json::{Value, json};

use crate::support::official::{publish, with_official_images};
use crate::support::scenario::Scenario;

fn lookup(source: &str) -> String {
    format!(
        "data \"ecrpublic_source_image\" \"it\" {{\n  source = \"{source}\"\n  \
         read_content = true\n}}\noutput \"it\" {{\n  value = data.ecrpublic_source_image.it\n}}\n"
    )
}

fn labelled(name: &str) -> ImageSpec {
    let content = image(name).platforms(["linux/amd64", "linux/arm64/v8"]);
    content.layers([2048, 1024]).label("org.example.team", name)
}

/// The digest of what an image has for a platform, and the bytes of its blobs.
fn of_platform(built: &BuiltImage, platform: &str) -> (String, u64) {
    let mut manifests = built.manifests.iter();
    let manifest = manifests.find(|manifest| manifest.platform.as_deref() == Some(platform));
    let manifest = manifest.unwrap();
    let parsed: Value = serde_json::from_slice(&manifest.bytes).unwrap();
    let layers = parsed["layers"].as_array().unwrap().iter();
    let blobs = layers.chain([&parsed["config"]]);
    let bytes = blobs.map(|blob| blob["size"].as_u64().unwrap()).sum();
    (manifest.digest.to_string(), bytes)
}

#[track_caller]
fn is_all_of(found: &Value, built: &BuiltImage, name: &str) {
    let (amd, amd_bytes) = of_platform(built, "linux/amd64");
    let (arm, arm_bytes) = of_platform(built, "linux/arm64/v8");
    assert_eq!(found["digest"], built.digest.to_string());
    assert_eq!(found["platforms"], json!(["linux/amd64", "linux/arm64/v8"]));
    let images = json!({ "linux/amd64": amd, "linux/arm64/v8": arm });
    assert_eq!(found["images"], images);
    let sizes = json!({ "linux/amd64": amd_bytes, "linux/arm64/v8": arm_bytes });
    assert_eq!(found["sizes"], sizes);
    let labels = json!({ "org.example.team": name });
    let labels = json!({ "linux/amd64": labels, "linux/arm64/v8": labels });
    assert_eq!(found["labels"], labels);
    assert_eq!(found["size_bytes"], amd_bytes + arm_bytes);
}

#[tokio::test]
async fn a_registry_that_does_not_count_tells_platforms_sizes_and_labels() {
    let scenario = Scenario::with("").await;
    let generic = scenario.sandbox.generic();
    let built = generic.push("acme/base", "1", &labelled("base")).unwrap();
    let host = scenario.sandbox.generic_url();
    let host = host.trim_start_matches("http://").trim_end_matches('/');
    let block = format!("  registry {{\n    host = \"{host}\"\n    plain_http = true\n  }}\n");
    let block = scenario.provider_with(&block);
    scenario.configure_with(&block, &lookup(&format!("{host}/acme/base:1")));
    scenario.terraform.apply(&[]).await.succeeded();
    is_all_of(&scenario.terraform.output("it").await, &built, "base");
    scenario.terraform.converged().await;

    // Without being asked, nothing is read.
    let source = format!("{host}/acme/base:1");
    let asked = lookup(&source).replace("read_content = true", "read_content = false");
    scenario.configure_with(&block, &asked);
    scenario.terraform.apply(&[]).await.succeeded();
    let found = scenario.terraform.output("it").await;
    for name in ["platforms", "images", "size_bytes", "sizes", "labels"] {
        assert_eq!(found[name], json!(null), "{name}");
    }
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn official_images_are_read_where_nobody_counts() {
    let scenario = Scenario::seeded(with_official_images(), "").await;
    let hub = scenario.sandbox.hub();
    let built = publish(&scenario, "app", &labelled("app"));
    hub.set_anonymous_remaining(0);
    scenario.configure(&lookup("app:1.0"));
    scenario.terraform.apply(&[]).await.succeeded();
    is_all_of(&scenario.terraform.output("it").await, &built, "app");
    scenario.terraform.converged().await;

    // What is not there yet, or cannot be read, is not read at Docker Hub instead.
    let newer = labelled("app rebuilt");
    hub.push("library/app", "1.0", &newer).unwrap();
    let run = scenario.terraform.plan().await.failed();
    run.says("Error: Content would cost a pull")
        .says("`public.ecr.aws/docker/library/app` does not have `sha256:");
    scenario.configure(&lookup("alpine:3.22"));
    let run = scenario.terraform.plan().await.failed();
    run.says("Error: Content would cost a pull");
    let denied = Fault::on(Face::Registry, Effect::status(403)).always();
    scenario.sandbox.faults().add(denied);
    let run = scenario.terraform.plan().await.failed();
    run.says("Error: Source registry denied access")
        .says("public.ecr.aws/docker/library/alpine");
    assert_eq!(scenario.sandbox.hub().pulls(), 0);
    assert_eq!(scenario.reads(), [""; 0], "nothing was read at Docker Hub");
    scenario.was_clean().await;
}

#[tokio::test]
async fn nothing_that_counts_as_a_pull_is_read_in_a_plan() {
    let scenario = Scenario::seeded(with_official_images(), "").await;
    let hub = scenario.sandbox.hub();
    hub.push("bitnami/app", "1", &labelled("bitnami")).unwrap();
    scenario.configure(&lookup("bitnami/app:1"));
    let run = scenario.terraform.plan().await.failed();
    run.says("Error: Content would cost a pull")
        .says("read_content = true")
        .says("`docker.io` counts pulls")
        .says("Remove `read_content`.");
    let block = scenario.provider_with("  prefer_mirrors = false\n");
    scenario.configure_with(&block, &lookup("alpine:3.22"));
    let run = scenario.terraform.plan().await.failed();
    run.says("Error: Content would cost a pull")
        .says("Remove `prefer_mirrors = false`")
        .says("public.ecr.aws/docker/library/alpine");
    assert_eq!(scenario.sandbox.hub().pulls(), 0);
    assert_eq!(scenario.reads(), [""; 0], "nothing was read at Docker Hub");
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_registry_that_says_that_it_counts_is_taken_at_its_word() {
    let scenario = Scenario::with("").await;
    // The stand-in for Docker Hub under another name: it says in its headers that it counts.
    let host = scenario.sandbox.url(Face::Hub);
    let host = host.trim_start_matches("http://").trim_end_matches('/');
    let block = format!("  registry {{\n    host = \"{host}\"\n    plain_http = true\n  }}\n");
    let block = scenario.provider_with(&block);
    scenario.configure_with(&block, &lookup(&format!("{host}/library/alpine:3.22")));
    let run = scenario.terraform.plan().await.failed();
    run.says("Error: Content would cost a pull")
        .says("counts pulls");
    assert_eq!(scenario.sandbox.hub().pulls(), 0);
    assert_eq!(scenario.reads(), [""; 0]);
    scenario.was_clean().await;
}

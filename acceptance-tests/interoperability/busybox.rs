//! A real root file system on its way through registries, judged by skopeo and umoci, and run.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use terraform_provider_ecrpublic::content;
use terraform_provider_ecrpublic::mirror::{
    Engine, ExistingTag, Limits, MirrorJob, Outcome, Platforms,
};
use terraform_provider_ecrpublic::net::HttpSettings;
use terraform_provider_ecrpublic::oci::{Reference, Tag};
use terraform_provider_ecrpublic::registry::{
    Client, Credential, CredentialSource, Endpoint, Registry,
};
use terraform_provider_ecrpublic::task::Context;

use crate::support::daemon::Daemon;
use crate::support::programs::{quiet, run};

#[tokio::test]
async fn an_image_between_two_docker_registries_keeps_its_digest_and_runs() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (
        docker_registry(folder.path()).await,
        docker_registry(folder.path()).await,
    );
    let source = format!("{}/library/busybox:1.35", from.address);
    let destination = format!("{}/mirrored/busybox:1.35", to.address);
    push_busybox(folder.path(), &source).await;

    let outcome = mirror(&source, &destination).await;

    assert_eq!(raw(&source).await, raw(&destination).await);
    let inspected = inspect(&destination).await;
    assert_eq!(inspected["Digest"], outcome.root.digest.to_string());
    assert_eq!(run_busybox(folder.path(), &destination).await, "mirrored\n");
}

#[tokio::test]
async fn a_second_copy_moves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (
        docker_registry(folder.path()).await,
        docker_registry(folder.path()).await,
    );
    let source = format!("{}/library/busybox:1.35", from.address);
    let destination = format!("{}/mirrored/busybox:1.35", to.address);
    push_busybox(folder.path(), &source).await;

    let first = mirror(&source, &destination).await;
    let second = mirror(&source, &destination).await;

    assert!(first.moved_bytes > 1 << 20); // busybox alone is larger
    assert_eq!(second.moved_bytes, 0);
    assert_eq!(second.root, first.root);
}

/// Debian's `docker-registry` with a store of its own.
async fn docker_registry(folder: &Path) -> Daemon {
    let folder = tempfile::tempdir_in(folder).unwrap().keep();
    let configuration = format!(
        "version: 0.1\nlog: {{level: info}}\nstorage:\n  filesystem: {{rootdirectory: {:?}}}\n\
         http: {{addr: '127.0.0.1:0'}}\n",
        folder.join("store")
    );
    let path = folder.join("registry.yml");
    std::fs::write(&path, configuration).unwrap();
    let mut command = quiet("docker-registry");
    command.arg("serve").arg(path);
    Daemon::start(&mut command, "listening on ").await
}

/// Builds an image around Debian's static busybox and pushes it.
async fn push_busybox(folder: &Path, reference: &str) {
    let layout = folder.join("layout");
    let layout = layout.to_str().unwrap();
    let image = format!("{layout}:busybox");
    let busybox = run("sh", &["-c", "command -v busybox"]).await;
    run("umoci", &["init", "--layout", layout]).await;
    run("umoci", &["new", "--image", &image]).await;
    run(
        "umoci",
        &[
            "insert",
            "--rootless",
            "--image",
            &image,
            busybox.trim(),
            "/bin/busybox",
        ],
    )
    .await;
    let source = format!("oci:{image}");
    let target = format!("docker://{reference}");
    run(
        "skopeo",
        &[
            "--insecure-policy",
            "copy",
            "--dest-tls-verify=false",
            &source,
            &target,
        ],
    )
    .await;
}

/// Copies with the engine.
async fn mirror(source: &str, destination: &str) -> Outcome {
    let client = Client::new(&HttpSettings::default()).unwrap();
    let (source, version) = repository(&client, source);
    let (destination, tag) = repository(&client, destination);
    let job = MirrorJob {
        version: version.version(),
        platforms: Platforms::All,
        tags: vec![tag.tag().cloned().unwrap()],
        existing: ExistingTag::KeepUnless(None),
    };
    let engine = Engine::new(Limits { transfers: 4 });
    let cx = Context::new().within(Duration::from_secs(60));
    let outcome = engine
        .mirror(&cx, &job, Arc::new(source), Arc::new(destination))
        .await;
    let outcome = outcome.unwrap();
    assert_eq!(outcome.tags, [tag.tag().cloned().unwrap()] as [Tag; 1]);
    outcome
}

fn repository(client: &Client, reference: &str) -> (Registry, Reference) {
    let reference: Reference = reference.parse().unwrap();
    let repository = reference.repository().clone();
    let endpoint = Endpoint {
        plain_http: true,
        ..Endpoint::new(repository.registry())
    };
    (
        client.repository(&endpoint, repository, Arc::new(Anonymous)),
        reference,
    )
}

#[derive(Debug)]
struct Anonymous;

#[async_trait]
impl CredentialSource for Anonymous {
    async fn credential(&self, _: &Context) -> Result<Credential, content::Error> {
        Ok(Credential::Anonymous)
    }

    async fn refused(&self) {}
}

async fn inspect(reference: &str) -> Value {
    let reference = format!("docker://{reference}");
    let arguments = ["inspect", "--tls-verify=false", &reference];
    serde_json::from_str(&run("skopeo", &arguments).await).unwrap()
}

/// The manifest, byte for byte.
async fn raw(reference: &str) -> String {
    let reference = format!("docker://{reference}");
    run(
        "skopeo",
        &["inspect", "--raw", "--tls-verify=false", &reference],
    )
    .await
}

/// Pulls with skopeo, unpacks with umoci, and runs what comes out.
async fn run_busybox(folder: &Path, reference: &str) -> String {
    let pulled = folder.join("pulled");
    let bundle = folder.join("bundle");
    let image = format!("{}:busybox", pulled.display());
    let (source, target) = (format!("docker://{reference}"), format!("oci:{image}"));
    run(
        "skopeo",
        &[
            "--insecure-policy",
            "copy",
            "--src-tls-verify=false",
            &source,
            &target,
        ],
    )
    .await;
    run(
        "umoci",
        &[
            "unpack",
            "--rootless",
            "--image",
            &image,
            bundle.to_str().unwrap(),
        ],
    )
    .await;
    let busybox: PathBuf = bundle.join("rootfs/bin/busybox");
    run(busybox.to_str().unwrap(), &["echo", "mirrored"]).await
}

//! A real root file system on its way through registries, judged by skopeo and umoci, and run.

use std::sync::Arc;
use std::time::Duration;

use terraform_provider_ecrpublic::mirror::{
    Contents, Engine, ExistingTag, Limits, MirrorJob, Outcome, Platforms, Referrers,
};
use terraform_provider_ecrpublic::net::HttpSettings;
use terraform_provider_ecrpublic::oci::{Reference, Tag};
use terraform_provider_ecrpublic::registry::{Client, Credential, Endpoint, Registry};
use terraform_provider_ecrpublic::task::Context;

use super::judges::{docker_registry, inspect, push_busybox, raw, run_busybox};

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

/// Copies with the engine.
async fn mirror(source: &str, destination: &str) -> Outcome {
    let client = Client::new(&HttpSettings::default()).unwrap();
    let (source, version) = repository(&client, source);
    let (destination, tag) = repository(&client, destination);
    let job = MirrorJob {
        contents: Contents::Always,
        version: version.version(),
        platforms: Platforms::All,
        tags: [(tag.tag().cloned().unwrap(), ExistingTag::KeepUnless(None))].into(),
        referrers: Referrers::None,
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
        client.repository(&endpoint, repository, Arc::new(Credential::Anonymous)),
        reference,
    )
}

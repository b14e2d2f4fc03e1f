use std::sync::Arc;

use super::*;
use crate::net::memory::{Memory, Reply};
use crate::registry::{Client, Credential, Endpoint};

const MANIFEST: &str =
    r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#;

/// ECR Public, with this answer to every request for content.
fn ecr_public(answer: impl Fn() -> Reply + Send + Sync + 'static) -> Memory {
    Memory::new(move |_| answer())
}

fn manifest() -> Reply {
    Reply::status(200)
        .header("content-type", "application/vnd.oci.image.index.v1+json")
        .body(MANIFEST)
}

fn unknown(code: &str) -> Reply {
    Reply::status(404).body(format!(r#"{{"errors":[{{"code":"{code}"}}]}}"#))
}

fn digest() -> Digest {
    Digest::sha256(MANIFEST.as_bytes())
}

fn image(wire: &Memory, known: &OfficialImages, name: &str) -> OfficialImage {
    let client = Client::over(Arc::new(wire.clone()));
    let repository = Repository::new("docker.io", &format!("library/{name}")).unwrap();
    let registry = client.repository(
        &Endpoint::new(ECR_PUBLIC),
        at_ecr_public(&repository).unwrap(),
        Arc::new(Credential::Anonymous),
    );
    known.image(registry)
}

#[test]
fn only_official_images_of_docker_hub_are_there() {
    let rows = [
        ("docker.io", "library/nginx", Some("docker/library/nginx")),
        ("docker.io", "acme/library/nginx", None),
        ("docker.io", "libraryfoo/nginx", None),
        ("quay.io", "library/nginx", None),
    ];
    for (registry, path, expected) in rows {
        let found = at_ecr_public(&Repository::new(registry, path).unwrap());
        let found = found.as_ref().map(|found| {
            assert_eq!(found.registry(), "public.ecr.aws");
            found.path()
        });
        assert_eq!(found, expected, "{registry}/{path}");
    }
}

#[tokio::test]
async fn an_image_that_is_not_there_is_asked_for_once() {
    let wire = ecr_public(|| unknown("NAME_UNKNOWN"));
    let known = OfficialImages::default();
    for _copy in 0..3 {
        let image = image(&wire, &known, "absent");
        assert!(image.manifest(&Context::new(), &digest()).await.is_none());
    }
    assert_eq!(wire.log().len(), 1);
    let other = image(&wire, &known, "other");
    assert!(other.manifest(&Context::new(), &digest()).await.is_none());
    assert_eq!(wire.log().len(), 2, "another image may be there");
}

#[tokio::test]
async fn content_that_is_not_there_yet_says_nothing_about_the_rest() {
    let wire = ecr_public(|| unknown("MANIFEST_UNKNOWN"));
    let image = image(&wire, &OfficialImages::default(), "new");
    for asked in 1..=2 {
        assert!(image.manifest(&Context::new(), &digest()).await.is_none());
        assert_eq!(wire.log().len(), asked);
    }
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_refuses_or_is_down_is_left_alone_for_the_run() {
    for status in [403, 503] {
        let wire = ecr_public(move || Reply::status(status));
        let known = OfficialImages::default();
        let first = image(&wire, &known, "first");
        assert!(first.manifest(&Context::new(), &digest()).await.is_none());
        let asked = wire.log().len();
        let second = image(&wire, &known, "second");
        assert!(second.manifest(&Context::new(), &digest()).await.is_none());
        assert_eq!(wire.log().len(), asked, "{status}");
    }
}

#[tokio::test]
async fn a_copy_that_was_stopped_has_learned_nothing() {
    let wire = ecr_public(manifest);
    let known = OfficialImages::default();
    let image = image(&wire, &known, "nginx");
    let stopped = Context::new();
    stopped.cancel();
    assert!(image.manifest(&stopped, &digest()).await.is_none());
    let read = image.manifest(&Context::new(), &digest()).await;
    assert_eq!(*read.unwrap().digest(), digest());
}

#[tokio::test]
async fn bytes_that_are_wrong_are_not_handed_out() {
    let wire = ecr_public(|| {
        Reply::status(200)
            .header("content-type", "application/vnd.oci.image.index.v1+json")
            .body(MANIFEST.replace("[]", "[ ]"))
    });
    let image = image(&wire, &OfficialImages::default(), "nginx");
    assert!(image.manifest(&Context::new(), &digest()).await.is_none());
}

#[tokio::test]
async fn a_blob_is_asked_for_once_and_only_where_a_manifest_came_from() {
    let wire = Memory::new(|seen| match seen.url.path().contains("/blobs/") {
        true => Reply::status(200)
            .header("content-length", "4")
            .body("blob"),
        false => manifest(),
    });
    let blob = Descriptor {
        media_type: crate::oci::MediaType::new(crate::oci::MediaType::OCI_MANIFEST),
        digest: Digest::sha256(b"blob"),
        size: 4,
        platform: None,
        artifact_type: None,
        annotations: std::collections::BTreeMap::new(),
    };
    let known = OfficialImages::default();
    let cx = Context::new();
    let first = image(&wire, &known, "nginx");
    assert!(first.open_blob(&cx, &blob, 0).await.is_none());
    assert_eq!(wire.log().len(), 0);
    first.manifest(&cx, &digest()).await.unwrap();
    assert!(first.open_blob(&cx, &blob, 0).await.is_some());
    assert!(first.open_blob(&cx, &blob, 0).await.is_none());
    let second = image(&wire, &known, "nginx");
    assert!(second.open_blob(&cx, &blob, 0).await.is_some());
}

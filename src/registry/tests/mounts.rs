//! Mounting a blob from another repository, or finding that it is here.

use super::*;
use crate::content::{Destination as _, Mounted};
use crate::oci::Repository;

fn neighbour() -> Repository {
    Repository::new("registry.example", "team/base").unwrap()
}

/// Asks for the blob `abc`, to be taken from the neighbour.
async fn mount(registry: &Registry) -> Result<Mounted, content::Error> {
    let cx = Context::new();
    registry
        .mount_blob(&cx, &blob(b"abc"), &neighbour(), None)
        .await
}

fn mounting() -> String {
    let digest = Digest::sha256(b"abc").as_str().replace(':', "%3A");
    format!("POST {BASE}/blobs/uploads/?mount={digest}&from=team%2Fbase")
}

#[tokio::test]
async fn a_mount_is_one_request() {
    let (registry, memory) = open(|_| {
        let digest = Digest::sha256(b"abc");
        Reply::status(201).header("docker-content-digest", digest.as_str())
    });
    assert!(matches!(mount(&registry).await, Ok(Mounted::Here)));
    assert_eq!(memory.lines(), [mounting()]);
}

#[tokio::test]
async fn a_registry_that_does_not_mount_has_opened_an_upload() {
    let (registry, memory) = open(|seen| match seen.method.as_str() {
        "POST" => Reply::status(202).header("location", "/v2/team/app/blobs/uploads/1"),
        _ => Reply::status(201),
    });
    let Mounted::Not(upload) = mount(&registry).await.unwrap() else {
        panic!("nothing was mounted");
    };
    let sent = upload.commit(&Context::new(), chunks(&["abc"])).await;
    sent.unwrap();
    assert_eq!(memory.lines().len(), 2);
}

#[tokio::test]
async fn a_registry_that_refuses_to_mount_is_asked_for_an_upload() {
    for status in [400, 403, 404, 405] {
        let (registry, memory) = open(move |seen| {
            if seen.url.query().is_some() {
                Reply::status(status)
            } else {
                Reply::status(202).header("location", "/v2/team/app/blobs/uploads/1")
            }
        });
        let mounted = mount(&registry).await;
        let Ok(Mounted::Not(upload)) = mounted else {
            panic!("{status}: {mounted:?}");
        };
        assert_eq!(
            memory.lines(),
            [mounting(), format!("POST {BASE}/blobs/uploads/")]
        );
        upload.cancel().await;
    }
}

#[tokio::test]
async fn a_mount_of_another_blob_is_an_error() {
    let (registry, _) = open(|_| {
        let digest = Digest::sha256(b"other");
        Reply::status(201).header("docker-content-digest", digest.as_str())
    });
    let expected = Digest::sha256(b"abc");
    let error = mount(&registry).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::WrongDigest { expected });
}

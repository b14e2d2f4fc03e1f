use std::collections::BTreeSet;

use tokio::task::JoinSet;

use super::*;
use crate::client::{Answer, try_send};

/// The largest manifest the service takes.
const MANIFEST_BYTES: usize = 4_194_304;

impl Registry {
    /// Sends a part of an upload, which starts at a byte.
    async fn part(&self, upload: &str, first: usize, bytes: &[u8]) -> Answer {
        let range = format!("{first}-{}", first + bytes.len() - 1);
        let patch = request(Method::PATCH, upload, bytes.to_vec());
        send(self.own(with(patch, "content-range", &range))).await
    }

    async fn close(&self, upload: &str, digest: &str) -> Answer {
        let url = format!("{upload}?digest={digest}");
        send(self.own(request(Method::PUT, &url, ""))).await
    }

    /// The digests of the repository's layers.
    fn layers(&self) -> BTreeSet<String> {
        let store = self.sandbox.store();
        let layers = store.layers(&ACCOUNT.parse().unwrap(), REPOSITORY).unwrap();
        layers.iter().map(ToString::to_string).collect()
    }
}

#[tokio::test]
async fn a_mount_is_answered_with_an_upload() {
    let registry = Registry::start().await;
    let digest = registry.push(b"layer").await;
    let query = format!("?mount={digest}&from=acme/team/app");
    let url = registry.url(&format!("blobs/uploads/{query}"));
    let url = url.replace("team/app/blobs", "team/other/blobs");
    let answer = send(registry.own(request(Method::POST, &url, ""))).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    let location = answer.header("location").unwrap();
    let expected = format!(
        "{}/v2/acme/team/other/blobs/uploads/",
        registry.sandbox.registry_url()
    );
    assert!(location.starts_with(&expected), "{location}");
    let blob = registry.url(&format!("blobs/{digest}"));
    let absent = send(registry.own(head(&blob.replace("team/app", "team/other")))).await;
    assert_eq!(absent.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_stream_is_accepted_and_parts_are_created_while_their_range_stands_still() {
    let registry = Registry::start().await;
    let upload = registry.open().await;
    let patch = request(Method::PATCH, &upload, "a stream");
    let streamed = send(registry.own(patch)).await;
    assert_eq!(streamed.status, StatusCode::ACCEPTED);
    assert_eq!(streamed.header("range"), Some("0-7"));
    let digest = Digest::of(b"a stream");
    let closed = registry.close(&upload, digest.as_str()).await;
    assert_eq!(closed.status, StatusCode::CREATED);

    let part = vec![7_u8; usize::try_from(PART_BYTES_MIN).unwrap()];
    let upload = registry.open().await;
    for number in 0..2 {
        let taken = registry.part(&upload, number * part.len(), &part).await;
        assert_eq!(taken.status, StatusCode::CREATED);
        assert_eq!(taken.header("range"), Some("0-5242879"));
        assert_eq!(taken.header("location"), Some(upload.as_str()));
    }
    let whole = [&part[..], &part[..], b"end"].concat();
    let digest = Digest::of(&whole).to_string();
    let url = format!("{upload}?digest={digest}");
    let put = request(Method::PUT, &url, "end");
    let first = 2 * part.len();
    let put = with(put, "content-range", &format!("{first}-{}", first + 2));
    let closed = send(registry.own(put)).await;
    assert_eq!(closed.status, StatusCode::CREATED, "{}", closed.text());
    assert_eq!(closed.header("docker-content-digest"), Some(&*digest));
    assert!(registry.layers().contains(&digest));
}

#[tokio::test]
async fn a_part_out_of_order_is_told_which_byte_is_expected() {
    let registry = Registry::start().await;
    let upload = registry.open().await;
    let part = vec![1_u8; usize::try_from(PART_BYTES_MIN).unwrap()];
    registry.part(&upload, 0, &part).await;
    for (first, expected) in [(0, "0"), (9_000_000, "9000000")] {
        let refused = registry.part(&upload, first, b"part").await;
        assert_eq!(refused.refusal(), (416, "BLOB_UPLOAD_INVALID".to_owned()));
        let text = format!("First byte of the layer part is {expected} instead of 5242880");
        assert_eq!(refused.message(), text);
    }
    let status = send(registry.own(get(&upload))).await;
    assert_eq!(status.status, StatusCode::NOT_FOUND, "there is no asking");
    registry.part(&upload, part.len(), b"end").await;
    let digest = Digest::of(&[&part[..], b"end"].concat());
    let closed = registry.close(&upload, digest.as_str()).await;
    assert_eq!(closed.status, StatusCode::CREATED);
}

#[tokio::test]
async fn what_is_no_layer_is_refused_and_leaves_nothing() {
    let registry = Registry::start().await;
    let invalid = (400, "BLOB_UPLOAD_INVALID".to_owned());
    let digest = Digest::of(b"right").to_string();

    let empty = registry.open().await;
    assert_eq!(registry.close(&empty, &digest).await.refusal(), invalid);

    let wrong = registry.open().await;
    registry.part(&wrong, 0, b"wrong").await;
    let refused = registry.close(&wrong, &digest).await;
    assert_eq!(refused.refusal(), invalid);
    let text = "None of the provided layer digests match";
    assert!(refused.message().starts_with(text), "{}", refused.message());

    let small = registry.open().await;
    registry.part(&small, 0, b"ri").await;
    registry.part(&small, 2, b"ght").await;
    assert_eq!(registry.close(&small, &digest).await.refusal(), invalid);

    let large = registry.open().await;
    let part = vec![0_u8; 10 * 1024 * 1024 + 1];
    let refused = registry.part(&large, 0, &part).await;
    assert_eq!(refused.refusal(), (405, "UNSUPPORTED".to_owned()));

    let short = registry.open().await;
    let patch = request(Method::PATCH, &short, "right");
    let refused = send(registry.own(with(patch, "content-range", "0-9"))).await;
    assert_eq!(refused.refusal(), (416, "BLOB_UPLOAD_INVALID".to_owned()));

    let cancelled = registry.open().await;
    let gone = send(registry.own(request(Method::DELETE, &cancelled, ""))).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    let refused = registry.part(&cancelled, 0, b"right").await;
    assert_eq!(refused.refusal(), (404, "BLOB_UPLOAD_UNKNOWN".to_owned()));
    assert!(registry.layers().is_empty());
}

#[tokio::test]
async fn a_lost_answer_has_committed_the_layer() {
    let registry = Registry::start().await;
    let upload = registry.open().await;
    let fault = Fault::on(Face::Registry, Effect::LoseAnswer);
    let lost = registry.sandbox.faults().add(fault.method("PUT"));
    let digest = Digest::of(b"layer").to_string();
    let url = format!("{upload}?digest={digest}");
    let put = request(Method::PUT, &url, "layer");
    assert!(try_send(registry.own(put)).await.is_err());
    assert_eq!(lost.hits(), 1);
    let blob = registry.url(&format!("blobs/{digest}"));
    let found = send(registry.own(head(&blob))).await;
    assert_eq!(found.status, StatusCode::OK);
    let again = send(registry.own(request(Method::PUT, &url, "layer"))).await;
    assert_eq!(again.refusal(), (404, "BLOB_UPLOAD_UNKNOWN".to_owned()));
    assert_eq!(registry.push(b"layer").await, digest, "there already: fine");
}

#[tokio::test]
async fn a_manifest_is_refused_while_something_it_names_is_missing() {
    let registry = Registry::start().await;
    let (config, layer) = (Digest::of(b"{}"), Digest::of(b"layer"));
    let image = image_of(config.as_str(), layer.as_str());
    registry.push(b"{}").await;
    let refused = registry
        .put_manifest("v1", OCI_MANIFEST, image.clone())
        .await;
    assert_eq!(refused.refusal(), (404, "BLOB_UPLOAD_UNKNOWN".to_owned()));
    assert!(refused.message().contains(layer.as_str()));
    let child = Digest::of(image.as_bytes()).to_string();
    let index = json!({
        "schemaVersion": 2,
        "mediaType": OCI_INDEX,
        "manifests": [{ "mediaType": OCI_MANIFEST, "digest": child, "size": image.len() }],
    })
    .to_string();
    let refused = registry.put_manifest("all", OCI_INDEX, index.clone()).await;
    assert_eq!(refused.refusal(), (404, "MANIFEST_BLOB_UNKNOWN".to_owned()));
    registry.push(b"layer").await;
    for (reference, media_type, manifest) in
        [(&*child, OCI_MANIFEST, &image), ("all", OCI_INDEX, &index)]
    {
        for _ in 0..2 {
            let put = registry.put_manifest(reference, media_type, manifest.clone());
            assert_eq!(put.await.status, StatusCode::CREATED, "twice is once");
        }
    }
}

#[tokio::test]
async fn a_manifest_that_is_not_what_it_says_is_refused() {
    let registry = Registry::start().await;
    let image = image_of(&registry.push(b"{}").await, &registry.push(b"layer").await);
    let elsewhere = Digest::of(b"another").to_string();
    let refused = registry
        .put_manifest(&elsewhere, OCI_MANIFEST, image.clone())
        .await;
    assert_eq!(refused.refusal(), (400, "DIGEST_INVALID".to_owned()));
    let unsupported = (405, "UNSUPPORTED".to_owned());
    for (media_type, manifest) in [
        (OCI_INDEX, image.clone()),
        (OCI_MANIFEST, "{".to_owned()),
        (OCI_MANIFEST, image.replace("tar+gzip", "tar+gzip; a=b")),
        ("text/plain", image.clone()),
    ] {
        let refused = registry.put_manifest("v1", media_type, manifest).await;
        assert_eq!(refused.refusal(), unsupported, "{media_type}");
    }
    let padded = |length: usize| {
        let open = image.replacen('{', r#"{"annotations":{"pad":""},"#, 1);
        let pad = "x".repeat(length - open.len());
        open.replacen(r#""pad":"""#, &format!(r#""pad":"{pad}""#), 1)
    };
    let largest = registry.put_manifest("v1", OCI_MANIFEST, padded(MANIFEST_BYTES));
    assert_eq!(largest.await.status, StatusCode::CREATED);
    let larger = registry.put_manifest("v2", OCI_MANIFEST, padded(MANIFEST_BYTES + 1));
    assert_eq!(larger.await.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_uploads_at_once_all_arrive() {
    let registry = Registry::start().await;
    let opened = request(Method::POST, &registry.url("blobs/uploads/"), "");
    let mut pushes = JoinSet::new();
    for number in 0..200_u32 {
        // Every eighth is large enough to be kept in a file.
        let length = if number % 8 == 0 { 1_200_000 } else { 20_000 };
        let mut bytes = number.to_be_bytes().to_vec();
        bytes.resize(length, 0xa5);
        let (uri, token) = (opened.uri().to_string(), registry.token.clone());
        pushes.spawn(async move {
            let open = send(bearer(request(Method::POST, &uri, ""), &token)).await;
            let upload = open.header("location").unwrap().to_owned();
            let digest = Digest::of(&bytes).to_string();
            let url = format!("{upload}?digest={digest}");
            let put = send(bearer(request(Method::PUT, &url, bytes), &token)).await;
            assert_eq!(put.status, StatusCode::CREATED, "{}", put.text());
            digest
        });
    }
    let pushed: BTreeSet<String> = pushes.join_all().await.into_iter().collect();
    assert_eq!(pushed.len(), 200);
    assert_eq!(registry.layers(), pushed);
    let account = ACCOUNT.parse().unwrap();
    let store = registry.sandbox.store();
    for digest in store.layers(&account, REPOSITORY).unwrap() {
        let layer = store.layer(&account, REPOSITORY, &digest).unwrap().unwrap();
        assert_eq!(Digest::of(&layer.bytes().await.unwrap()), digest);
    }
    assert_eq!(store.open_uploads(&account, REPOSITORY).unwrap(), 0);
}

use std::time::Duration;

use super::*;
use crate::content::{Destination as _, Source as _};
use crate::net::limits;
use crate::net::memory::Chunk;
use crate::net::transport::TransportErrorKind;
use crate::task::{Stopped, monotonic};

const CONTENT: &[u8] = b"0123456789";

async fn read(
    registry: &Registry,
    offset: u64,
) -> Result<(Vec<u8>, Option<content::Error>), content::Error> {
    let opened = registry
        .open_blob(&Context::new(), &blob(CONTENT), offset)
        .await?;
    Ok(collect(opened).await)
}

#[tokio::test]
async fn a_blob_is_passed_through_in_the_chunks_it_came_in() {
    let (registry, memory) = open(|_| {
        Reply::status(200)
            .header("content-length", "10")
            .body("012")
            .body("")
            .body("3456789")
    });
    let opened = registry
        .open_blob(&Context::new(), &blob(CONTENT), 0)
        .await
        .unwrap();
    let chunks: Vec<Bytes> = opened.map(Result::unwrap).collect().await;
    assert_eq!(chunks, ["012", "3456789"]);
    assert_eq!(
        memory.lines(),
        [format!("GET {BASE}/blobs/{}", Digest::sha256(CONTENT))]
    );
    assert_eq!(memory.log()[0].header("range"), None);
    assert_eq!(memory.log()[0].header("accept-encoding"), Some("identity"));
}

#[tokio::test]
async fn the_rest_of_a_blob_is_asked_for_by_range() {
    for range in ["bytes 4-9/10", "bytes 4-9/*"] {
        let (registry, memory) = open(move |_| {
            Reply::status(206)
                .header("content-range", range)
                .body("456789")
        });
        let (bytes, error) = read(&registry, 4).await.unwrap();
        assert_eq!((bytes.as_slice(), error.is_none()), (&b"456789"[..], true));
        assert_eq!(memory.log()[0].header("range"), Some("bytes=4-"));
    }
}

#[tokio::test]
async fn a_server_that_ignores_the_range_is_read_past_the_offset() {
    let (registry, _) = open(|_| Reply::status(200).body("01").body("23456").body("789"));
    assert_eq!(read(&registry, 4).await.unwrap().0, b"456789");
}

#[tokio::test]
async fn a_range_that_is_not_satisfiable_starts_again_at_zero() {
    let (registry, memory) = open(|seen| match seen.header("range") {
        Some(_) => Reply::status(416),
        None => Reply::status(200).body(CONTENT),
    });
    assert_eq!(read(&registry, 4).await.unwrap().0, b"456789");
    assert_eq!(memory.log().len(), 2);
}

#[tokio::test]
async fn a_partial_answer_must_be_the_part_that_was_asked_for() {
    for range in [
        "bytes 0-9/10",
        "bytes 5-9/10",
        "bytes 4-8/10",
        "bytes 4-10/11",
        "bytes 4-9/11",
        "bytes 4-9",
        "items 4-9/10",
        "",
    ] {
        let (registry, _) = open(move |_| {
            Reply::status(206)
                .header("content-range", range)
                .body("456789")
        });
        let refused = kind(read(&registry, 4).await);
        let is_size = range.ends_with("/11");
        let expected = if is_size {
            ErrorKind::WrongSize { expected: 10 }
        } else {
            ErrorKind::Protocol
        };
        assert_eq!(refused, expected, "{range}");
    }
    let (registry, _) = open(|_| {
        Reply::status(206)
            .header("content-range", "bytes 0-9/10")
            .body(CONTENT)
    });
    assert_eq!(kind(read(&registry, 0).await), ErrorKind::Protocol);
}

#[tokio::test]
async fn an_encoded_or_mis_sized_answer_is_refused_before_its_first_byte() {
    let (registry, _) = open(|_| {
        Reply::status(200)
            .header("content-encoding", "gzip")
            .body(CONTENT)
    });
    assert_eq!(kind(read(&registry, 0).await), ErrorKind::Protocol);
    for length in ["9", "11"] {
        let (registry, _) = open(move |_| Reply::status(200).header("content-length", length));
        assert_eq!(
            kind(read(&registry, 0).await),
            ErrorKind::WrongSize { expected: 10 }
        );
    }
}

#[tokio::test]
async fn a_body_that_ends_early_is_interrupted() {
    let replies: [fn() -> Reply; 3] = [
        || Reply::status(200).body("0123"),
        || {
            Reply::status(200)
                .body("0123")
                .chunk(Chunk::Fail(TransportErrorKind::Cut))
        },
        || {
            Reply::status(200)
                .body("0123")
                .chunk(Chunk::Fail(TransportErrorKind::Stalled))
        },
    ];
    for (row, reply) in replies.into_iter().enumerate() {
        let (registry, _) = open(move |_| reply());
        let (bytes, error) = read(&registry, 0).await.unwrap();
        assert_eq!(bytes, b"0123");
        assert_eq!(*error.unwrap().kind(), ErrorKind::Interrupted, "{row}");
    }
}

#[tokio::test]
async fn a_body_that_does_not_end_is_refused_at_the_first_byte_too_many() {
    let (registry, _) = open(|_| {
        Reply::status(200)
            .body("01234")
            .body("567890")
            .chunk(Chunk::Hang)
    });
    let (bytes, error) = read(&registry, 0).await.unwrap();
    assert_eq!(bytes, b"01234");
    assert_eq!(
        *error.unwrap().kind(),
        ErrorKind::WrongSize { expected: 10 }
    );
}

#[tokio::test(start_paused = true)]
async fn a_body_that_stalls_is_interrupted_after_thirty_seconds() {
    let (registry, _) = open(|_| Reply::status(200).body("0123").chunk(Chunk::Hang));
    let started = monotonic();
    let (_, error) = read(&registry, 0).await.unwrap();
    assert_eq!(*error.unwrap().kind(), ErrorKind::Interrupted);
    assert_eq!(started.elapsed(), limits::STALL);
}

#[tokio::test(start_paused = true)]
async fn the_context_ends_a_body_that_is_waited_for() {
    let (registry, _) = open(|_| Reply::status(200).body("0123").chunk(Chunk::Hang));
    let limit = Duration::from_secs(5);
    let cx = Context::new().within(limit);
    let opened = registry.open_blob(&cx, &blob(CONTENT), 0).await.unwrap();
    let (_, error) = collect(opened).await;
    assert_eq!(
        *error.unwrap().kind(),
        ErrorKind::Stopped(Stopped::DeadlineExceeded(limit.into()))
    );
}

#[tokio::test]
async fn the_end_of_a_blob_needs_no_request_and_an_empty_blob_needs_one() {
    let (registry, memory) = open(unexpected);
    let (bytes, error) = read(&registry, 10).await.unwrap();
    assert!(bytes.is_empty() && error.is_none() && memory.log().is_empty());

    let (registry, _) = open(|_| Reply::status(200).header("content-length", "0"));
    let opened = registry
        .open_blob(&Context::new(), &blob(b""), 0)
        .await
        .unwrap();
    assert!(collect(opened).await.0.is_empty());
}

#[tokio::test]
async fn a_missing_blob_is_not_found() {
    let (registry, memory) = open(|_| {
        Reply::status(404)
            .body(r#"{"errors":[{"code":"BLOB_UNKNOWN","message":"blob unknown to registry"}]}"#)
    });
    let error = read(&registry, 0).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::NotFound);
    assert_eq!(facts(&error).digest(), Some(&Digest::sha256(CONTENT)));
    assert_eq!(memory.log().len(), 1);
}

#[tokio::test]
async fn present_blobs_are_asked_for_one_by_one_by_head() {
    let (registry, memory) = open(|seen| {
        assert_eq!(seen.method, "HEAD");
        let digest = seen.url.path().rsplit('/').next().unwrap().to_owned();
        match digest {
            digest if digest == Digest::sha256(b"there").to_string() => {
                Reply::status(200).header("content-length", "5")
            }
            digest if digest == Digest::sha256(b"unsized").to_string() => Reply::status(200),
            digest if digest == Digest::sha256(b"other size").to_string() => {
                Reply::status(200).header("content-length", "1")
            }
            digest if digest == Digest::sha256(b"no head").to_string() => Reply::status(405),
            _ => Reply::status(404),
        }
    });
    let all: Vec<Descriptor> = ["there", "unsized", "other size", "no head", "missing"]
        .iter()
        .map(|text| blob(text.as_bytes()))
        .collect();
    let found = registry.present_blobs(&Context::new(), &all).await.unwrap();
    let expected = [Digest::sha256(b"there"), Digest::sha256(b"unsized")];
    assert_eq!(found, expected.into_iter().collect());
    assert_eq!(memory.log().len(), 5);
}

#[tokio::test]
async fn a_lookup_that_is_denied_fails() {
    let (registry, _) = open(|_| Reply::status(403));
    let found = registry
        .present_blobs(&Context::new(), &[blob(CONTENT)])
        .await;
    assert_eq!(kind(found), ErrorKind::Denied);
}

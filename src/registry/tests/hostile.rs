//! A registry that means harm: what it can send, over real sockets where bytes matter, and what
//! becomes of it. Which test holds which class is in `src/manual/hostile.rs`.

use std::time::Duration;

use super::stand_in::{Answer, Impatient, StandIn, Then, http};
use super::*;
use crate::content::{Destination, Source};
use crate::net::limits;
use crate::oci::Manifest;
use crate::task::monotonic;

/// More than any buffer between two sockets of this machine holds.
const BUFFERS: u64 = 32 * 1024 * 1024;

fn ok(headers: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{headers}\r\n")
}

fn manifest_head(headers: &str) -> String {
    ok(&format!(
        "content-type: {}\r\n{headers}",
        MediaType::OCI_MANIFEST
    ))
}

async fn manifest(registry: &Registry) -> Result<Manifest, content::Error> {
    Source::manifest(registry, &Context::new(), &manifest_digest()).await
}

async fn read(registry: &Registry, bytes: &[u8]) -> (Vec<u8>, Option<content::Error>) {
    let opened = registry.open_blob(&Context::new(), &blob(bytes), 0).await;
    match opened {
        Ok(stream) => collect(stream).await,
        Err(error) => (Vec::new(), Some(error)),
    }
}

#[track_caller]
fn says(error: &content::Error, words: &str) {
    let text = chain(error);
    assert!(text.contains(words), "{text}");
}

#[track_caller]
fn is_left(stand_in: &StandIn, limit: u64) {
    let sent = stand_in.sent() as u64;
    assert!(sent < limit + BUFFERS, "{sent} bytes were taken");
}

#[tokio::test]
async fn a_manifest_without_an_end_is_left_after_four_mebibytes() {
    let stand_in =
        StandIn::start(|_| Answer::new(manifest_head("")).then(Then::Repeat(&[b' '; 65_536])))
            .await;
    let error = manifest(&stand_in.registry(http())).await.unwrap_err();
    says(&error, "longer than 4194304 bytes");
    is_left(&stand_in, limits::MANIFEST_BYTES);
    assert_eq!(stand_in.seen().len(), 1);
}

#[tokio::test]
async fn a_refusal_without_an_end_is_left_and_still_understood() {
    let head = "HTTP/1.1 404 Not Found\r\n\r\ngone ";
    let stand_in =
        StandIn::start(move |_| Answer::new(head).then(Then::Repeat(&[b'x'; 65_536]))).await;
    let error = manifest(&stand_in.registry(http())).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::NotFound);
    says(&error, "404: gone xxx");
    assert!(chain(&error).len() < 4_000);
    is_left(&stand_in, limits::ERROR_BODY_BYTES);
}

#[tokio::test]
async fn a_token_without_an_end_is_left_after_64_kibibytes() {
    let stand_in = StandIn::start(|head| match head {
        head if head.starts_with("GET /token") => {
            Answer::new(ok("")).then(Then::Repeat(br#"{"token":"#))
        }
        head => {
            let host = head
                .split("host: ")
                .nth(1)
                .and_then(|rest| rest.split("\r\n").next());
            Answer::new(format!(
                "HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nwww-authenticate: Bearer \
                 realm=\"http://{}/token\"\r\n\r\n",
                host.unwrap()
            ))
        }
    })
    .await;
    let error = manifest(&stand_in.registry(http())).await.unwrap_err();
    says(&error, "getting a token");
    says(&error, "longer than 65536 bytes");
    is_left(&stand_in, limits::TOKEN_BYTES);
    assert_eq!(stand_in.seen().len(), 2);
}

#[tokio::test]
async fn a_blob_without_an_end_is_left_at_the_first_byte_too_many() {
    let stand_in =
        StandIn::start(|_| Answer::new(ok("")).then(Then::Repeat(&[b'x'; 65_536]))).await;
    let (bytes, error) = read(&stand_in.registry(http()), b"abc").await;
    let error = error.unwrap();
    assert!(bytes.len() < 4, "{} bytes were passed on", bytes.len());
    assert_eq!(*error.kind(), ErrorKind::WrongSize { expected: 3 });
    says(&error, "instead of 3");
    is_left(&stand_in, 3);
}

#[tokio::test]
async fn a_header_without_an_end_is_no_answer() {
    let stand_in = StandIn::start(|_| {
        Answer::new("HTTP/1.1 200 OK\r\nx: ").then(Then::Repeat(&[b'y'; 65_536]))
    })
    .await;
    let error = manifest(&stand_in.registry(Impatient::new()))
        .await
        .unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Unavailable);
    says(&error, "no complete answer came");
    assert_eq!(stand_in.seen().len(), 6);
    is_left(&stand_in, 6 * BUFFERS);
}

#[tokio::test(start_paused = true)]
async fn a_head_that_trickles_is_given_up_after_a_minute() {
    let stand_in = StandIn::start(|_| {
        let second = Duration::from_secs(1);
        Answer::new("HTTP/1.1 200 OK\r\nx: ").then(Then::Trickle(b"y", second))
    })
    .await;
    let cx = Context::new().within(limits::ANSWER * 3);
    let digest = manifest_digest();
    let started = monotonic();
    let error = Source::manifest(&stand_in.registry(http()), &cx, &digest)
        .await
        .unwrap_err();
    says(&error, "no answer came in time");
    assert!(started.elapsed() <= limits::ANSWER * 3);
    assert!(stand_in.seen().len() > 1, "it was tried again");
}

#[tokio::test(start_paused = true)]
async fn a_manifest_that_trickles_is_given_up_after_two_minutes() {
    let stand_in = StandIn::start(|_| {
        let pause = Duration::from_secs(20);
        Answer::new(manifest_head("")).then(Then::Trickle(b" ", pause))
    })
    .await;
    let cx = Context::new().within(limits::HELD_BODY * 3);
    let digest = manifest_digest();
    let error = Source::manifest(&stand_in.registry(http()), &cx, &digest)
        .await
        .unwrap_err();
    says(&error, "the answer stood still for too long");
    assert!(stand_in.seen().len() > 1, "it was tried again");
}

#[tokio::test(start_paused = true)]
async fn a_blob_that_trickles_is_cut_so_that_its_progress_is_judged() {
    let stand_in = StandIn::start(|_| {
        let pause = Duration::from_secs(10);
        Answer::new(ok("")).then(Then::Trickle(b"x", pause))
    })
    .await;
    let started = monotonic();
    let (bytes, error) = read(&stand_in.registry(http()), &[b'x'; 100_000]).await;
    let error = error.unwrap();
    assert_eq!(*error.kind(), ErrorKind::Interrupted);
    says(&error, "the answer stood still for too long");
    assert!(bytes.len() < 10, "{}", bytes.len());
    assert!(started.elapsed() <= limits::STALL * 2);
}

#[tokio::test]
async fn an_answer_that_is_no_http_is_no_answer() {
    for nonsense in [
        "NONSENSE 200 OK\r\n\r\n",
        "HTTP/9.9 200 OK\r\n\r\n",
        "HTTP/1.1 99999 OK\r\n\r\n",
        "HTTP/1.1 -200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx: a\u{0}b\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "\u{0}\u{1}\u{2}\u{3}\r\n\r\n",
    ] {
        never_answers(nonsense).await;
    }
}

#[tokio::test]
async fn lengths_that_are_absurd_or_contradict_each_other_are_no_answer() {
    for lengths in [
        "content-length: -1",
        "content-length: +5",
        "content-length: 18446744073709551616",
        "content-length: 5\r\ncontent-length: 6",
        "content-length: 5, 6",
    ] {
        never_answers(&manifest_head(&format!("{lengths}\r\n"))).await;
    }
}

#[tokio::test]
async fn chunks_that_lie_about_their_length_end_the_body() {
    for body in [
        "FFFFFFFFFFFFFFFFFF\r\nabc",
        "-1\r\nabc",
        "2\r\nabc\r\n0\r\n\r\n",
        "x\r\n",
    ] {
        never_answers(&manifest_head(&format!(
            "transfer-encoding: chunked\r\n\r\n{body}"
        )))
        .await;
    }
}

/// Whatever this is, it is tried again as often as allowed, and never taken for a manifest.
async fn never_answers(answer: &str) {
    let answer = Answer::new(answer);
    let stand_in = StandIn::start(move |_| answer.clone()).await;
    let client = Impatient::new();
    let error = manifest(&stand_in.registry(client.clone())).await;
    client.run_clock();
    let error = error.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Unavailable, "{}", chain(&error));
    says(&error, "no complete answer came");
    assert_eq!(stand_in.seen().len(), 6);
}

#[tokio::test]
async fn a_body_that_ends_with_the_connection_must_still_be_whole() {
    let half = &MANIFEST[..MANIFEST.len() / 2];
    for version in ["HTTP/1.0", "HTTP/1.1"] {
        let head = manifest_head("").replace("HTTP/1.1", version);
        let answer = Answer::new(format!("{head}{half}"));
        let stand_in = StandIn::start(move |_| answer.clone()).await;
        let error = manifest(&stand_in.registry(http())).await.unwrap_err();
        says(&error, &format!("instead of {}", manifest_digest()));
    }
}

#[tokio::test]
async fn content_that_would_have_to_be_unpacked_is_refused_packed() {
    for encoding in ["gzip", "br", "gzip, identity"] {
        let stand_in = StandIn::start(move |_| {
            let head = manifest_head(&format!("content-encoding: {encoding}\r\n"));
            Answer::new(head).then(Then::Listen)
        })
        .await;
        let error = manifest(&stand_in.registry(http())).await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Protocol);
        says(&error, "the header `content-encoding`");
    }
}

#[tokio::test]
async fn a_blob_that_is_confirmed_before_its_end_is_not_taken_for_stored() {
    let stand_in = StandIn::start(|head| match head {
        head if head.starts_with("POST") => {
            Answer::new("HTTP/1.1 202 Accepted\r\nlocation: /u/1\r\ncontent-length: 0\r\n\r\n")
        }
        _ => Answer::new("HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n").then(Then::Listen),
    })
    .await;
    let registry = stand_in.registry(http());
    let cx = Context::new();
    let upload = registry
        .begin_upload(&cx, &blob(b"abc"), None)
        .await
        .unwrap();
    // The last byte is withheld until it is known to be right.
    let withheld = chunks(&["ab"]).chain(stream::pending());
    let error = upload.commit(&cx, Box::pin(withheld)).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::UploadLost);
    says(&error, "confirmed the blob before it had all of it");
}

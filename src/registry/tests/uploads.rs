use std::time::Duration;

use super::*;
use crate::content::{Destination as _, Upload};
use crate::net::limits;
use crate::net::transport::{
    Body, Request, Response, Transport, TransportError, TransportErrorKind,
};
use crate::task::monotonic;

async fn begin(registry: &Registry, bytes: &[u8]) -> Result<Box<dyn Upload>, content::Error> {
    registry
        .begin_upload(&Context::new(), &blob(bytes), None)
        .await
}

/// Opens an upload and sends these chunks for a blob of three bytes, `abc`.
async fn send(registry: &Registry, bytes: ByteStream) -> Result<(), content::Error> {
    let upload = begin(registry, b"abc").await?;
    upload.commit(&Context::new(), bytes).await
}

fn opened(location: &str) -> Reply {
    Reply::status(202).header("location", location)
}

/// A registry that opens uploads at `location` and answers whatever is done there.
fn at(
    location: &'static str,
    mut there: impl FnMut(&Seen) -> Reply + Send + 'static,
) -> (Registry, Memory) {
    open(move |seen| match seen.method.as_str() {
        "POST" => opened(location),
        _ => there(seen),
    })
}

#[tokio::test]
async fn a_blob_is_one_post_and_one_put_with_a_known_length() {
    let (registry, memory) = at("/v2/team/app/blobs/uploads/1", |_| Reply::status(201));
    send(&registry, chunks(&["a", "bc"])).await.unwrap();
    assert_eq!(
        memory.lines(),
        [
            format!("POST {BASE}/blobs/uploads/"),
            format!(
                "PUT {BASE}/blobs/uploads/1?digest={}",
                Digest::sha256(b"abc").as_str().replace(':', "%3A")
            ),
        ]
    );
    let put = &memory.log()[1];
    assert_eq!((put.body.as_ref(), put.length), (&b"abc"[..], Some(3)));
    assert_eq!(put.header("content-type"), Some("application/octet-stream"));
}

#[tokio::test]
async fn a_location_is_resolved_and_its_query_survives() {
    let digest = Digest::sha256(b"abc").as_str().replace(':', "%3A");
    let rows = [
        ("1", format!("{BASE}/blobs/uploads/1?digest={digest}")),
        (
            "/u/1",
            format!("https://registry.example/u/1?digest={digest}"),
        ),
        (
            "/u/1?_state=a%2Bb==&x",
            format!("https://registry.example/u/1?_state=a%2Bb==&x&digest={digest}"),
        ),
        (
            "/u/1?",
            format!("https://registry.example/u/1?digest={digest}"),
        ),
        (
            "https://store.example:8443/u/1?s=1",
            format!("https://store.example:8443/u/1?s=1&digest={digest}"),
        ),
        (
            "//store.example/u",
            format!("https://store.example/u?digest={digest}"),
        ),
    ];
    for (location, expected) in rows {
        let (registry, memory) = at(location, |_| Reply::status(201));
        send(&registry, chunks(&["abc"])).await.unwrap();
        assert_eq!(memory.lines()[1], format!("PUT {expected}"), "{location}");
    }
}

#[tokio::test]
async fn credentials_do_not_go_to_an_upload_on_another_host() {
    let memory = Memory::new(
        |seen| match (seen.url.host_str(), seen.header("authorization")) {
            (Some("registry.example"), Some("Basic YWRhOnB3")) => {
                opened("https://store.example/u/1")
            }
            (Some("registry.example"), None) => {
                Reply::status(401).header("www-authenticate", "Basic realm=\"x\"")
            }
            (Some("store.example"), None) => Reply::status(201),
            _ => panic!("{} with {:?}", seen.line(), seen.header("authorization")),
        },
    );
    let registry = registry(&memory, Login::new(vec![Login::basic("ada", "pw")]));
    send(&registry, chunks(&["abc"])).await.unwrap();
    begin(&registry, b"abc").await.unwrap().cancel().await;
    assert_eq!(memory.log().last().unwrap().method, "DELETE");
}

#[tokio::test]
async fn credentials_do_go_to_an_upload_at_the_registry() {
    let memory = Memory::new(
        |seen| match (seen.method.as_str(), seen.header("authorization")) {
            ("POST", None) => Reply::status(401).header("www-authenticate", "Basic"),
            ("POST", Some("Basic YWRhOnB3")) => opened("https://registry.example/u/1"),
            ("PUT", Some("Basic YWRhOnB3")) => Reply::status(201),
            _ => unexpected(seen),
        },
    );
    let registry = registry(&memory, Login::new(vec![Login::basic("ada", "pw")]));
    send(&registry, chunks(&["abc"])).await.unwrap();
}

#[tokio::test]
async fn a_location_that_must_not_be_used_is_refused() {
    for location in [
        "http://registry.example/u/1",
        "https://127.0.0.1/u/1",
        "https://169.254.169.254/u/1",
        "https://user:pw@store.example/u/1",
        "ftp://store.example/",
        "https://[bad/",
    ] {
        let (registry, memory) = at(location, unexpected);
        assert_eq!(
            kind(begin(&registry, b"abc").await),
            ErrorKind::Protocol,
            "{location}"
        );
        assert_eq!(memory.log().len(), 1);
    }
    let (registry, _) = open(|_| Reply::status(202));
    assert_eq!(kind(begin(&registry, b"abc").await), ErrorKind::Protocol);
}

#[tokio::test]
async fn what_the_source_says_is_returned_and_the_upload_is_given_up() {
    let (registry, memory) = at("/u/1", |seen| match seen.method.as_str() {
        "PUT" => Reply::Hang,
        "DELETE" => Reply::status(204),
        _ => unexpected(seen),
    });
    let wrong = ErrorKind::WrongDigest {
        expected: Digest::sha256(b"abc"),
    };
    let failing = stream::iter([
        Ok(Bytes::from_static(b"ab")),
        Err(content::Error::from(wrong.clone())),
    ]);
    assert_eq!(kind(send(&registry, Box::pin(failing)).await), wrong);
    let log = memory.log();
    assert_eq!(log[1].body, "ab");
    assert!(log[1].cut.is_some(), "the request must not look complete");
    assert_eq!(log[2].line(), "DELETE https://registry.example/u/1");
}

#[tokio::test]
async fn fewer_or_more_bytes_than_announced_never_complete_a_request() {
    for bytes in [&["ab"][..], &[], &["ab", "cd"], &["abcd"]] {
        let (registry, memory) = at("/u/1", |_| Reply::status(204));
        let sent = send(&registry, chunks(bytes)).await;
        assert_eq!(
            kind(sent),
            ErrorKind::WrongSize { expected: 3 },
            "{bytes:?}"
        );
        assert!(memory.log()[1].cut.is_some(), "{bytes:?}");
    }
}

#[tokio::test]
async fn an_empty_blob_is_sent_without_a_body() {
    let (registry, memory) = at("/u/1", |_| Reply::status(201));
    let upload = begin(&registry, b"").await.unwrap();
    upload.commit(&Context::new(), chunks(&[])).await.unwrap();
    assert_eq!(memory.log()[1].length, None);
}

#[tokio::test]
async fn a_registry_that_stored_other_bytes_is_caught() {
    let (registry, _) = at("/u/1", |_| {
        Reply::status(201).header("docker-content-digest", Digest::sha256(b"x").as_str())
    });
    let sent = send(&registry, chunks(&["abc"])).await;
    assert!(matches!(kind(sent), ErrorKind::WrongDigest { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_looked_up() {
    for (is_stored, put) in [
        (true, Reply::Fail as fn(TransportErrorKind) -> Reply),
        (false, Reply::Fail),
        (true, |_| Reply::status(504)),
        (false, |_| Reply::status(504)),
        (true, |_| Reply::Hang),
    ] {
        let (registry, memory) = at("/u/1", move |seen| match seen.method.as_str() {
            "PUT" => put(TransportErrorKind::Closed),
            "HEAD" if is_stored => Reply::status(200),
            "HEAD" => Reply::status(404),
            _ => unexpected(seen),
        });
        let sent = send(&registry, chunks(&["abc"])).await;
        if is_stored {
            sent.unwrap();
        } else {
            assert_eq!(kind(sent), ErrorKind::UploadLost);
        }
        assert_eq!(memory.log().len(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn an_upload_may_take_hours_as_long_as_bytes_move() {
    let (registry, _) = at("/u/1", |_| Reply::status(201));
    let started = monotonic();
    let slow = stream::iter(["a", "b", "c"]).then(|chunk| async move {
        tokio::time::advance(Duration::from_secs(250)).await;
        Ok(Bytes::from_static(chunk.as_bytes()))
    });
    send(&registry, Box::pin(slow)).await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(750));
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_does_not_answer_a_whole_upload_is_given_five_minutes() {
    let (registry, _) = at("/u/1", |seen| match seen.method.as_str() {
        "PUT" => Reply::Hang,
        _ => Reply::status(404),
    });
    let started = monotonic();
    assert_eq!(
        kind(send(&registry, chunks(&["abc"])).await),
        ErrorKind::UploadLost
    );
    assert_eq!(started.elapsed(), limits::COMMIT_ANSWER);
}

/// Takes one chunk of a body, and then no more.
#[derive(Debug)]
struct Stuck(Memory);

#[async_trait]
impl Transport for Stuck {
    async fn send(&self, mut request: Request) -> Result<Response, TransportError> {
        if let Body::Stream { bytes, .. } = &mut request.body {
            bytes.next().await.unwrap().unwrap();
            return std::future::pending().await;
        }
        self.0.send(request).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_stops_taking_bytes_is_given_two_minutes() {
    let memory = Memory::new(|seen| match seen.method.as_str() {
        "POST" => opened("/u/1"),
        _ => unexpected(seen),
    });
    let client = Client::over(Arc::new(Stuck(memory)));
    let endpoint = Endpoint::new("registry.example");
    let registry = handle(&client, &endpoint, Login::anonymous());
    let started = monotonic();
    let sent = send(&registry, chunks(&["a", "bc"])).await;
    assert_eq!(kind(sent), ErrorKind::UploadLost);
    assert_eq!(started.elapsed(), limits::SEND_STALL);
}

#[tokio::test(start_paused = true)]
async fn giving_up_takes_two_seconds_at_most() {
    let (registry, memory) = at("/u/1", |_| Reply::Hang);
    let upload = begin(&registry, b"abc").await.unwrap();
    let started = monotonic();
    upload.cancel().await;
    assert_eq!(started.elapsed(), limits::CANCEL);
    assert_eq!(memory.lines()[1], "DELETE https://registry.example/u/1");
}

#[tokio::test(start_paused = true)]
async fn stopping_ends_an_upload_and_gives_it_up() {
    let (registry, memory) = at("/u/1", |seen| match seen.method.as_str() {
        "DELETE" => Reply::status(204),
        _ => unexpected(seen),
    });
    let cx = Context::new().within(Duration::from_secs(5));
    let upload = registry
        .begin_upload(&cx, &blob(b"abc"), None)
        .await
        .unwrap();
    let sent = upload.commit(&cx, Box::pin(stream::pending())).await;
    assert!(matches!(kind(sent), ErrorKind::Stopped(_)));
    assert_eq!(memory.lines()[1], "DELETE https://registry.example/u/1");
}

#[tokio::test(start_paused = true)]
async fn stopping_while_the_answer_is_outstanding_gives_the_upload_up() {
    let (registry, memory) = at("/u/1", |seen| match seen.method.as_str() {
        "PUT" => Reply::Hang,
        "DELETE" => Reply::Hang,
        _ => unexpected(seen),
    });
    let cx = Context::new();
    let upload = registry
        .begin_upload(&cx, &blob(b"abc"), None)
        .await
        .unwrap();
    let stop = async {
        while memory.log().len() < 2 {
            tokio::task::yield_now().await;
        }
        cx.cancel();
    };
    let started = monotonic();
    let (sent, ()) = tokio::join!(upload.commit(&cx, chunks(&["abc"])), stop);
    assert!(matches!(kind(sent), ErrorKind::Stopped(_)));
    assert_eq!(
        started.elapsed(),
        limits::CANCEL,
        "its answer is not waited for"
    );
    let lines = memory.lines();
    assert!(lines[1].starts_with("PUT https://registry.example/u/1"));
    assert_eq!(lines[2], "DELETE https://registry.example/u/1");
}

#[tokio::test]
async fn a_token_that_ends_before_the_body_is_replaced_for_the_next_upload() {
    let refusals: [fn() -> Reply; 2] = [
        || {
            Reply::status(401).header(
                "www-authenticate",
                r#"Bearer realm="https://auth.example/t",scope="aws""#,
            )
        },
        || {
            Reply::status(400).body(r#"{"errors":[{"code":"DENIED","message":"Your Authorization Token is invalid."}]}"#)
        },
    ];
    for refusal in refusals {
        let mut tokens = 0;
        let memory = Memory::new(move |seen| {
            match (
                seen.url.host_str(),
                seen.method.as_str(),
                seen.header("authorization"),
            ) {
                (Some("auth.example"), ..) => {
                    tokens += 1;
                    Reply::status(200).body(format!(r#"{{"token":"t{tokens}"}}"#))
                }
                (_, "POST", None) => Reply::status(401).header(
                    "www-authenticate",
                    r#"Bearer realm="https://auth.example/t",scope="aws""#,
                ),
                (_, "POST", Some(_)) => opened("/u/1"),
                (_, "PUT", Some("Bearer t1")) => refusal(),
                (_, "PUT", Some("Bearer t2")) => Reply::status(201),
                (_, "HEAD", _) => Reply::status(404),
                _ => unexpected(seen),
            }
        });
        let registry = registry(&memory, Login::anonymous());
        assert_eq!(
            kind(send(&registry, chunks(&["abc"])).await),
            ErrorKind::UploadLost
        );
        send(&registry, chunks(&["abc"])).await.unwrap();
    }
}

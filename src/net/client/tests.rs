//! Against real sockets and real time: what the HTTP library does, we rely on.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::HeaderMap;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use super::*;
use crate::net::proxy_stand_in::ProxyStandIn;

/// A server that takes one request, up to `until`, and answers with these bytes.
async fn exchange(
    url: &str,
    request: impl FnOnce(Url) -> Request,
    until: &str,
    answer: &[u8],
) -> (
    Result<(u16, HeaderMap, Result<Vec<u8>, TransportErrorKind>), TransportError>,
    String,
) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let client = HttpClient::new(&HttpSettings::default()).unwrap();
    let request = request(Url::parse(&format!("http://{address}{url}")).unwrap());
    let serve = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let seen = read_until(&mut stream, until).await;
        stream.write_all(answer).await.unwrap();
        stream.shutdown().await.unwrap();
        seen
    };
    let ask = async {
        let answered = client.send(request).await?;
        Ok((
            answered.status.as_u16(),
            answered.headers,
            collect(answered.body).await,
        ))
    };
    tokio::join!(ask, serve)
}

async fn read_until(stream: &mut TcpStream, until: &str) -> String {
    let mut seen = String::new();
    let mut buffer = [0; 1024];
    while !seen.contains(until) {
        match stream.read(&mut buffer).await.unwrap() {
            0 => break,
            count => seen.push_str(&String::from_utf8_lossy(&buffer[..count])),
        }
    }
    seen
}

async fn collect(mut body: Incoming) -> Result<Vec<u8>, TransportErrorKind> {
    let mut all = Vec::new();
    while let Some(chunk) = body.next().await {
        all.extend_from_slice(&chunk.map_err(|error| error.kind)?);
    }
    Ok(all)
}

fn request(method: Method, body: Body) -> impl FnOnce(Url) -> Request {
    move |url| Request {
        method,
        url,
        headers: HeaderMap::new(),
        body,
        lane: Lane::Control,
    }
}

#[test]
fn the_user_agent_names_the_program_and_ends_with_the_suffix() {
    let plain = user_agent(None).unwrap();
    assert!(
        plain
            .to_str()
            .unwrap()
            .starts_with("terraform-provider-ecrpublic/")
    );
    let suffixed = user_agent(Some("landing-zone/7")).unwrap();
    assert!(suffixed.to_str().unwrap().ends_with(" landing-zone/7"));
    assert!(matches!(
        user_agent(Some("a\r\nHost: b")),
        Err(InvalidSettings::UserAgent)
    ));
}

#[tokio::test]
async fn redirects_are_not_followed_and_bodies_not_decoded() {
    let answer = b"HTTP/1.1 302 Found\r\nlocation: /other\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\nhi";
    let (answered, seen) = exchange(
        "/a?b=c",
        request(Method::GET, Body::Empty),
        "\r\n\r\n",
        answer,
    )
    .await;
    let (status, headers, body) = answered.unwrap();
    assert_eq!((status, body.unwrap().as_slice()), (302, &b"hi"[..]));
    assert_eq!(headers["location"], "/other");
    assert!(seen.starts_with("GET /a?b=c HTTP/1.1\r\n"), "{seen}");
    let seen = seen.to_ascii_lowercase();
    assert!(
        !seen.contains("accept-encoding") && !seen.contains("referer"),
        "{seen}"
    );
    assert!(!seen.contains("content-length"), "{seen}");
}

#[tokio::test]
async fn an_empty_post_says_how_little_it_carries() {
    let answer = b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n";
    let (answered, seen) =
        exchange("/", request(Method::POST, Body::Empty), "\r\n\r\n", answer).await;
    assert_eq!(answered.unwrap().0, 202);
    assert!(
        seen.to_ascii_lowercase()
            .contains("\r\ncontent-length: 0\r\n"),
        "{seen}"
    );
}

#[tokio::test]
async fn a_streamed_body_has_a_length_and_is_not_chunked() {
    let bytes = stream::iter(["ab", "cde"]).map(|chunk| Ok(Bytes::from_static(chunk.as_bytes())));
    let body = Body::Stream {
        length: 5,
        bytes: Box::pin(bytes),
    };
    let answer = b"HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n";
    let (answered, seen) = exchange("/", request(Method::PUT, body), "abcde", answer).await;
    assert_eq!(answered.unwrap().0, 201);
    let (head, sent) = seen.split_once("\r\n\r\n").unwrap();
    assert!(
        head.to_ascii_lowercase().contains("content-length: 5"),
        "{head}"
    );
    assert!(
        !head.to_ascii_lowercase().contains("transfer-encoding"),
        "{head}"
    );
    assert_eq!(sent, "abcde");
}

#[tokio::test]
async fn a_streamed_body_that_fails_never_looks_complete() {
    let bytes = stream::iter([
        Ok(Bytes::from_static(b"ab")),
        Err(io::Error::other("wrong")),
    ]);
    let body = Body::Stream {
        length: 5,
        bytes: Box::pin(bytes),
    };
    let (answered, seen) = exchange("/", request(Method::PUT, body), "no such text", b"").await;
    assert_eq!(answered.unwrap_err().kind, TransportErrorKind::Closed);
    // The server saw the connection end before the fifth byte.
    let sent = seen.split_once("\r\n\r\n").map_or("", |(_, sent)| sent);
    assert!(sent.len() < 5, "{seen}");
}

#[tokio::test]
async fn a_body_that_ends_early_is_cut_and_no_answer_is_closed() {
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab";
    let (answered, _) = exchange("/", request(Method::GET, Body::Empty), "\r\n\r\n", answer).await;
    assert_eq!(answered.unwrap().2, Err(TransportErrorKind::Cut));

    let (answered, _) = exchange("/", request(Method::GET, Body::Empty), "\r\n\r\n", b"").await;
    assert_eq!(answered.unwrap_err().kind, TransportErrorKind::Closed);
}

#[tokio::test]
async fn a_body_whose_connection_is_reset_is_cut() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let client = HttpClient::new(&HttpSettings::default()).unwrap();
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    let serve = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_until(&mut stream, "\r\n\r\n").await;
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab";
        stream.write_all(answer).await.unwrap();
        has_begun.await.unwrap();
        stream.set_zero_linger().unwrap();
    };
    let ask = async {
        let request = request(Method::GET, Body::Empty)(Url::parse(&url).unwrap());
        let answered = client.send(request).await.unwrap();
        begun.send(()).unwrap();
        collect(answered.body).await
    };
    let (read, ()) = tokio::join!(ask, serve);
    assert_eq!(read, Err(TransportErrorKind::Cut));
}

#[tokio::test]
async fn more_headers_than_the_limit_are_no_answer() {
    let mut answer = b"HTTP/1.1 200 OK\r\n".to_vec();
    for number in 0..=limits::HEADERS {
        answer.extend_from_slice(format!("x-{number}: y\r\n").as_bytes());
    }
    answer.extend_from_slice(b"content-length: 0\r\n\r\n");
    let (answered, _) = exchange("/", request(Method::GET, Body::Empty), "\r\n\r\n", &answer).await;
    assert_eq!(answered.unwrap_err().kind, TransportErrorKind::Closed);
}

#[tokio::test]
async fn nobody_listening_is_no_connection_and_the_url_is_not_in_the_error() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!(
        "http://{}/x?signature=s3cr3t",
        listener.local_addr().unwrap()
    );
    drop(listener);
    let client = HttpClient::new(&HttpSettings::default()).unwrap();
    let request = request(Method::GET, Body::Empty)(Url::parse(&url).unwrap());
    let error = client.send(request).await.unwrap_err();
    assert_eq!(error.kind, TransportErrorKind::Connect);
    let text = format!("{error:?}");
    assert!(!text.contains("s3cr3t"), "{text}");
}

/// The resolver refuses a label of more than 63 characters without asking anybody.
#[tokio::test]
async fn a_name_that_nobody_knows_is_no_connection() {
    let client = HttpClient::new(&HttpSettings::default()).unwrap();
    let url = format!("http://{}.example/", "x".repeat(64));
    let request = request(Method::GET, Body::Empty)(Url::parse(&url).unwrap());
    let error = client.send(request).await.unwrap_err();
    assert_eq!(error.kind, TransportErrorKind::Connect);
}

/// The system takes the connection, and nobody ever speaks on it.
#[tokio::test(start_paused = true)]
async fn a_handshake_that_does_not_come_to_an_end_is_no_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let client = HttpClient::new(&HttpSettings::default()).unwrap();
    let started = crate::task::monotonic();
    let request = request(Method::GET, Body::Empty)(Url::parse(&url).unwrap());
    let error = client.send(request).await.unwrap_err();
    assert_eq!(error.kind, TransportErrorKind::Connect);
    assert_eq!(started.elapsed(), limits::CONNECT);
}

/// A TLS server for `localhost` that answers one request, and its certificate.
async fn tls_server(protocols: &[&[u8]]) -> (TcpListener, tokio_rustls::TlsAcceptor, String) {
    tls_server_for("localhost", protocols).await
}

async fn tls_server_for(
    name: &str,
    protocols: &[&[u8]],
) -> (TcpListener, tokio_rustls::TlsAcceptor, String) {
    let key = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![key.cert.der().clone()],
            rustls::pki_types::PrivateKeyDer::Pkcs8(key.signing_key.serialize_der().into()),
        )
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    (listener, Arc::new(config).into(), key.cert.pem())
}

fn trusting(pem: &str) -> (HttpClient, tempfile::NamedTempFile) {
    let bundle = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(bundle.path(), pem).unwrap();
    let settings = HttpSettings {
        ca_bundle: Some(bundle.path().to_owned()),
        ..HttpSettings::default()
    };
    (HttpClient::new(&settings).unwrap(), bundle)
}

#[tokio::test]
async fn a_bundle_is_trusted_and_bulk_stays_on_http_1() {
    for (lane, expected) in [(Lane::Control, &b"h2"[..]), (Lane::Bulk, b"http/1.1")] {
        let (listener, acceptor, pem) = tls_server(&[b"h2", b"http/1.1"]).await;
        let (client, _bundle) = trusting(&pem);
        let port = listener.local_addr().unwrap().port();
        let url = Url::parse(&format!("https://localhost:{port}/")).unwrap();
        let request = Request {
            lane,
            ..request(Method::GET, Body::Empty)(url)
        };
        let serve = async {
            let (stream, _) = listener.accept().await.unwrap();
            let stream = acceptor.accept(stream).await.unwrap();
            stream.get_ref().1.alpn_protocol().unwrap().to_vec()
        };
        // The server says nothing after the handshake, so there is no answer.
        let (answered, spoken) = tokio::join!(client.send(request), serve);
        assert!(answered.is_err());
        assert_eq!(spoken, expected);
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_told_from_no_connection() {
    let (listener, acceptor, _) = tls_server(&[]).await;
    let (_, _, other) = tls_server(&[]).await;
    let (client, _bundle) = trusting(&other);
    let port = listener.local_addr().unwrap().port();
    let url = Url::parse(&format!("https://localhost:{port}/")).unwrap();
    let serve = async {
        let (stream, _) = listener.accept().await.unwrap();
        acceptor.accept(stream).await.is_err()
    };
    let ask = client.send(request(Method::GET, Body::Empty)(url));
    let (answered, is_refused) = tokio::join!(ask, serve);
    assert_eq!(answered.unwrap_err().kind, TransportErrorKind::Tls);
    assert!(is_refused);
}

#[tokio::test]
async fn a_server_without_tls_is_told_from_no_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = HttpClient::new(&HttpSettings::default()).unwrap();
    let url = Url::parse(&format!("https://{}/", listener.local_addr().unwrap())).unwrap();
    let serve = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .await
            .unwrap();
        read_until(&mut stream, "no such text").await;
    };
    let ask = client.send(request(Method::GET, Body::Empty)(url));
    let (answered, ()) = tokio::join!(ask, serve);
    assert_eq!(answered.unwrap_err().kind, TransportErrorKind::Tls);
}

/// What is answered behind a proxy to whoever asks for a name that only the proxy knows.
async fn behind(settings: HttpSettings, url: &str) -> Result<u16, TransportErrorKind> {
    let client = HttpClient::new(&settings).unwrap();
    let request = request(Method::GET, Body::Empty)(Url::parse(url).unwrap());
    let answered = client.send(request).await;
    let answered = answered.map_err(|error| error.kind)?;
    Ok(answered.status.as_u16())
}

#[tokio::test]
async fn a_registry_is_asked_through_a_forward_proxy_that_has_its_own_password() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = ProxyStandIn::to(listener.local_addr().unwrap()).await;
    let settings = HttpSettings {
        http_proxy: Some(proxy.url.replace("http://", "http://user:hidden@")),
        no_proxy: Some(".elsewhere.example".to_owned()),
        ..HttpSettings::default()
    };
    let serve = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let seen = read_until(&mut stream, "\r\n\r\n").await;
        let answer = b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(answer).await.unwrap();
        seen
    };
    let ask = behind(settings.clone(), "http://registry.example/v2/");
    let (status, seen) = tokio::join!(ask, serve);
    assert_eq!(status, Ok(401));
    assert_eq!(proxy.taken(), ["GET http://registry.example/v2/"]);
    assert_eq!(proxy.passwords(), ["Basic dXNlcjpoaWRkZW4="]);
    assert!(!seen.to_ascii_lowercase().contains("proxy-auth"), "{seen}");

    let unknown = format!("http://{}.elsewhere.example/v2/", "x".repeat(64));
    let direct = behind(settings, &unknown).await;
    assert_eq!(direct, Err(TransportErrorKind::Connect));
    assert_eq!(proxy.taken(), [""; 0]);
}

#[tokio::test]
async fn a_registry_with_tls_is_asked_through_a_tunnel() {
    let (listener, acceptor, pem) = tls_server_for("registry.example", &[]).await;
    let proxy = ProxyStandIn::to(listener.local_addr().unwrap()).await;
    let bundle = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(bundle.path(), pem).unwrap();
    let settings = HttpSettings {
        https_proxy: Some(proxy.url.clone()),
        ca_bundle: Some(bundle.path().to_owned()),
        ..HttpSettings::default()
    };
    let serve = async {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = acceptor.accept(stream).await.unwrap();
        let mut head = [0; 64];
        let read = stream.read(&mut head).await.unwrap();
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(answer).await.unwrap();
        String::from_utf8_lossy(&head[..read]).into_owned()
    };
    let ask = behind(settings, "https://registry.example/v2/");
    let (status, head) = tokio::join!(ask, serve);
    assert_eq!(status, Ok(200));
    assert!(head.starts_with("GET /v2/ HTTP/1.1\r\n"), "{head}");
    assert_eq!(proxy.taken(), ["CONNECT registry.example:443"]);
}

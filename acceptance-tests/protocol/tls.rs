//! Automatic mTLS: the host that started the process, and nobody else.

use std::io;

use futures_util::FutureExt as _;
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

use super::support::dial::{self, Identity, nobody};
use super::support::host::{Handshake, Launch, Plugin};
use super::support::session::Session;

async fn started() -> (Plugin, Handshake, CertificateDer<'static>) {
    let mut plugin = Launch::by_host().start();
    let handshake = plugin.handshake().await;
    let certificate = handshake.certificate();
    (plugin, handshake, certificate)
}

/// Whether the server hangs up on this client instead of talking HTTP/2 with it.
async fn refusal(socket: &str, config: ClientConfig) -> io::Error {
    let mut stream = match dial::tls(socket, config).await {
        Ok(stream) => stream,
        Err(refused) => return refused,
    };
    let read = stream.read_u8().await;
    read.expect_err("the server said something to a stranger")
}

#[tokio::test]
async fn the_host_is_let_in_with_either_version_of_tls() {
    let (plugin, handshake, server) = started().await;
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        let mut config = plugin.identity.client_of(&[version], &server);
        config.alpn_protocols = vec![b"http/1.1".to_vec(), b"h2".to_vec()];
        let stream = dial::tls(handshake.socket(), config).await.unwrap();
        let (_, connection) = stream.get_ref();
        assert_eq!(connection.protocol_version(), Some(version.version));
        assert_eq!(connection.alpn_protocol(), Some(&b"h2"[..]));
        Session::over(dial::channel(stream).await).await;
    }
}

#[tokio::test]
async fn strangers_are_refused_and_the_host_is_served_after_them() {
    let (mut plugin, handshake, server) = started().await;
    let socket = handshake.socket();
    let stranger = Identity::of_a_host();

    refusal(socket, nobody(&server)).await;
    refusal(socket, stranger.client(&server)).await;
    let stolen = plugin.identity.with_the_key_of(&stranger, &server);
    refusal(socket, stolen).await;

    let session = Session::over(plugin.connect().await).await;
    session.shut_down().await;
    plugin.ended().await.orderly();
}

#[tokio::test]
async fn plain_text_is_refused() {
    let (_plugin, handshake, _) = started().await;
    let mut stream = UnixStream::connect(handshake.socket()).await.unwrap();
    stream
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
        .await
        .unwrap();
    let mut answer = Vec::new();
    // At most an alert, then the end.
    let end = stream.read_to_end(&mut answer).await;
    assert!(end.is_ok() || end.unwrap_err().kind() == io::ErrorKind::ConnectionReset);
    assert!(matches!(*answer, [] | [0x15, ..]), "{answer:?}");
}

#[tokio::test]
async fn a_client_that_cannot_speak_http_2_is_refused() {
    let (plugin, handshake, server) = started().await;
    let mut config = plugin.identity.client(&server);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    refusal(handshake.socket(), config).await;
}

#[tokio::test]
async fn a_client_that_says_nothing_holds_nobody_up() {
    let (mut plugin, handshake, _) = started().await;
    let mut silent = UnixStream::connect(handshake.socket()).await.unwrap();
    let session = Session::over(plugin.connect().await).await;
    let hung_up = silent.read_u8().now_or_never();
    assert!(
        hung_up.is_none(),
        "the host was served while the other one still waits"
    );
    session.shut_down().await;
    plugin.ended().await.orderly();
}

#[tokio::test]
async fn without_a_certificate_of_the_host_there_is_no_tls_and_no_certificate_of_ours() {
    let mut plugin = Launch::by_host().unset("PLUGIN_CLIENT_CERT").start();
    let handshake = plugin.handshake().await;
    assert_eq!(handshake.fields.len(), 6);
    assert_eq!(handshake.fields[5], "");
    let stream = UnixStream::connect(handshake.socket()).await.unwrap();
    let session = Session::over(dial::channel(stream).await).await;
    session.shut_down().await;
    plugin.ended().await.orderly();
}

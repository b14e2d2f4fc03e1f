//! HTTP/2 over TLS, against a real server that refuses streams and says goodbye.

use std::collections::VecDeque;
use std::sync::Mutex;

use h2::Reason;
use h2::server::{Connection, SendResponse};
use http::{Method, Response, StatusCode};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::server::TlsStream;

use super::*;
use crate::content::{Destination, Source};
use crate::net::HttpSettings;
use crate::oci::Manifest;

/// What the server does with a request.
#[derive(Clone, Copy, Debug)]
enum Turn {
    /// Resets its stream: it was not looked at.
    Refuse,
    /// Resets its stream in the middle of the answer.
    Break,
    /// Ends the connection, and says so.
    Goodbye(Reason),
    /// Ends the connection without a word.
    Leave,
    /// Answers.
    Answer,
}

/// A request that was answered.
#[derive(Debug)]
struct Asked {
    method: Method,
    body: Vec<u8>,
}

/// What to do with the next requests, whatever connection they come on; and what was answered.
#[derive(Debug, Default)]
struct Script {
    turns: Mutex<VecDeque<Turn>>,
    answered: Mutex<Vec<Asked>>,
    connections: AtomicUsize,
}

impl Script {
    fn next(&self) -> Turn {
        self.turns.lock().unwrap().pop_front().unwrap()
    }
}

/// A server for `localhost` on a port of its own, until it is dropped.
struct Server {
    registry: Registry,
    script: Arc<Script>,
    _bundle: tempfile::NamedTempFile,
    _tasks: JoinSet<()>,
}

impl Server {
    async fn start(turns: &[Turn]) -> Self {
        let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
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
        config.alpn_protocols = vec![b"h2".to_vec()];
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = format!("localhost:{}", listener.local_addr().unwrap().port());
        let script = Arc::new(Script {
            turns: Mutex::new(turns.iter().copied().collect()),
            ..Script::default()
        });
        let mut tasks = JoinSet::new();
        let served = Arc::clone(&script);
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                served.connections.fetch_add(1, Ordering::SeqCst);
                let stream = acceptor.accept(stream).await.unwrap();
                connections.spawn(serve(stream, Arc::clone(&served)));
            }
        });
        let bundle = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(bundle.path(), key.cert.pem()).unwrap();
        let client = Client::new(&HttpSettings {
            ca_bundle: Some(bundle.path().to_owned()),
            ..HttpSettings::default()
        });
        let registry = handle(&client.unwrap(), &Endpoint::new(host), Login::anonymous());
        Self {
            registry,
            script,
            _bundle: bundle,
            _tasks: tasks,
        }
    }

    fn connections(&self) -> usize {
        self.script.connections.load(Ordering::SeqCst)
    }
}

async fn serve(stream: TlsStream<TcpStream>, script: Arc<Script>) {
    let mut connection: Connection<_, Bytes> = h2::server::handshake(stream).await.unwrap();
    let mut answers = JoinSet::new();
    while let Some(accepted) = connection.accept().await {
        // The other side may end it at any time.
        let Ok((request, mut respond)) = accepted else {
            return;
        };
        match script.next() {
            Turn::Refuse => respond.send_reset(Reason::REFUSED_STREAM),
            Turn::Break => {
                let head = manifest_head();
                let mut body = respond.send_response(head, false).unwrap();
                body.send_data(Bytes::from_static(&MANIFEST.as_bytes()[..5]), false)
                    .unwrap();
                body.send_reset(Reason::INTERNAL_ERROR);
            }
            Turn::Goodbye(reason) => connection.abrupt_shutdown(reason),
            Turn::Leave => return,
            Turn::Answer => {
                answers.spawn(answer(request, respond, Arc::clone(&script)));
            }
        }
    }
    drop(answers.join_all().await);
}

fn manifest_head() -> Response<()> {
    Response::builder()
        .status(StatusCode::OK)
        .header("content-type", MediaType::OCI_MANIFEST)
        .header("content-length", MANIFEST.len())
        .header("docker-content-digest", manifest_digest().as_str())
        .body(())
        .unwrap()
}

/// Fails when the connection has gone meanwhile.
async fn answer(
    request: http::Request<h2::RecvStream>,
    mut respond: SendResponse<Bytes>,
    script: Arc<Script>,
) -> Result<(), h2::Error> {
    let (head, mut incoming) = request.into_parts();
    let mut body = Vec::new();
    while let Some(chunk) = incoming.data().await {
        let chunk = chunk?;
        incoming.flow_control().release_capacity(chunk.len())?;
        body.extend_from_slice(&chunk);
    }
    match head.method {
        Method::GET => {
            let mut body = respond.send_response(manifest_head(), false)?;
            body.send_data(Bytes::from_static(MANIFEST.as_bytes()), true)?;
        }
        Method::HEAD => drop(respond.send_response(manifest_head(), true)?),
        _ => {
            let mut created = Response::new(());
            *created.status_mut() = StatusCode::CREATED;
            respond.send_response(created, true)?;
        }
    }
    script.answered.lock().unwrap().push(Asked {
        method: head.method,
        body,
    });
    Ok(())
}

/// Everything that can go wrong with a stream before, or in place of, its answer.
const WRONG: [Turn; 5] = [
    Turn::Refuse,
    Turn::Goodbye(Reason::NO_ERROR),
    Turn::Goodbye(Reason::ENHANCE_YOUR_CALM),
    Turn::Goodbye(Reason::INTERNAL_ERROR),
    Turn::Leave,
];

#[tokio::test]
async fn a_lookup_that_meets_a_goodbye_or_a_refused_stream_is_made_again() {
    for wrong in WRONG {
        let server = Server::start(&[wrong, Turn::Answer]).await;
        let resolved = Source::resolve(&server.registry, &Context::new(), &tag("v1")).await;
        assert_eq!(resolved.unwrap().digest, manifest_digest(), "{wrong:?}");
        assert_eq!(server.script.answered.lock().unwrap().len(), 1, "{wrong:?}");
        // Only a refused stream leaves the connection good for more.
        let expected = if matches!(wrong, Turn::Refuse) { 1 } else { 2 };
        assert_eq!(server.connections(), expected, "{wrong:?}");
    }
}

#[tokio::test]
async fn a_manifest_that_meets_a_goodbye_or_a_refused_stream_is_stored_as_a_whole() {
    let bytes = Bytes::from_static(MANIFEST.as_bytes());
    let manifest = Manifest::parse(bytes, &MediaType::new(MediaType::OCI_MANIFEST)).unwrap();
    for wrong in WRONG {
        let server = Server::start(&[wrong, wrong, Turn::Answer]).await;
        let cx = Context::new();
        let put = server.registry.put_manifest(&cx, &manifest, None).await;
        put.unwrap_or_else(|error| panic!("{wrong:?}: {}", chain(&error)));
        let answered = server.script.answered.lock().unwrap();
        let bodies: Vec<(&Method, &[u8])> = answered
            .iter()
            .map(|asked| (&asked.method, &asked.body[..]))
            .collect();
        assert_eq!(bodies, [(&Method::PUT, MANIFEST.as_bytes())], "{wrong:?}");
    }
}

#[tokio::test]
async fn an_answer_whose_stream_is_reset_in_the_middle_is_asked_for_again() {
    let server = Server::start(&[Turn::Break, Turn::Answer]).await;
    let digest = manifest_digest();
    let read = Source::manifest(&server.registry, &Context::new(), &digest).await;
    assert_eq!(read.unwrap().bytes(), MANIFEST.as_bytes());
    assert_eq!(
        server.connections(),
        1,
        "the connection is as good as before"
    );
}

/// Other streams of the connection are none of its business.
#[tokio::test]
async fn requests_at_the_same_time_survive_a_goodbye() {
    let turns = [
        Turn::Goodbye(Reason::NO_ERROR),
        Turn::Answer,
        Turn::Answer,
        Turn::Answer,
        Turn::Answer,
        // Those that shared the connection come again as well.
        Turn::Answer,
        Turn::Answer,
        Turn::Answer,
    ];
    let server = Server::start(&turns).await;
    let cx = Context::new();
    let version = tag("v1");
    let asked = (0..4).map(|_| Source::resolve(&server.registry, &cx, &version));
    for resolved in futures_util::future::join_all(asked).await {
        assert_eq!(resolved.unwrap().digest, manifest_digest());
    }
}

//! A registry that makes its content up, and one that throws away what it gets.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use futures_util::stream;
use http::{Method, Request, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// An image with a config and one layer, all of its own.
pub(crate) struct Image {
    manifest: Bytes,
    config: Content,
    layer: Content,
}

/// So many bytes, the same few over and over.
#[derive(Clone)]
struct Content {
    piece: Bytes,
    size: u64,
}

impl Content {
    fn digest(&self) -> String {
        let mut hash = Context::new(&SHA256);
        for piece in self.pieces() {
            hash.update(&piece);
        }
        hex(hash.finish().as_ref())
    }

    fn pieces(&self) -> impl Iterator<Item = Bytes> + Send + 'static {
        let (piece, mut left) = (self.piece.clone(), self.size);
        std::iter::from_fn(move || {
            let length = left.min(piece.len() as u64);
            left -= length;
            let end = usize::try_from(length).unwrap();
            (length > 0).then(|| piece.slice(..end))
        })
    }
}

impl Image {
    pub(crate) fn new(number: u64, layer_bytes: u64) -> Self {
        let config = format!(r#"{{"os":"linux","architecture":"amd64","number":{number}}}"#);
        let config = Content {
            size: config.len() as u64,
            piece: config.into(),
        };
        let piece = number.to_le_bytes().repeat(128 * 1024 / 8);
        let layer = Content {
            piece: piece.into(),
            size: layer_bytes,
        };
        let entry = |kind: &str, content: &Content| {
            let (digest, size) = (content.digest(), content.size);
            let media = format!("application/vnd.oci.image.{kind}");
            format!(r#"{{"mediaType":"{media}","digest":"{digest}","size":{size}}}"#)
        };
        let manifest = format!(
            r#"{{"schemaVersion":2,"mediaType":"{MANIFEST}","config":{},"layers":[{}]}}"#,
            entry("config.v1+json", &config),
            entry("layer.v1.tar", &layer),
        );
        Self {
            manifest: manifest.into(),
            config,
            layer,
        }
    }

    /// What a copy of it sends.
    pub(crate) fn bytes(&self) -> u64 {
        self.config.size + self.layer.size
    }
}

/// Both registries, until this is dropped.
pub(crate) struct Registries {
    source: SocketAddr,
    sink: SocketAddr,
    seen: Arc<Seen>,
    _serving: JoinSet<()>,
}

/// What the sink knows.
#[derive(Default)]
struct Seen {
    child: AtomicU32,
    peak: AtomicU64,
    received: AtomicU64,
}

type Answer = Response<BoxBody<Bytes, Infallible>>;

impl Registries {
    pub(crate) async fn serve(images: Vec<Image>) -> Self {
        let seen = Arc::new(Seen::default());
        let mut serving = JoinSet::new();
        let made_up = Arc::new(MadeUp::of(images));
        let (source, connections) = listen().await;
        serving.spawn(connections.serve(move |request| {
            let made_up = Arc::clone(&made_up);
            async move { made_up.answer(&request) }
        }));
        let (sink, connections) = listen().await;
        let knows = Arc::clone(&seen);
        serving.spawn(connections.serve(move |request| {
            let seen = Arc::clone(&knows);
            async move { seen.answer(request).await }
        }));
        Self {
            source,
            sink,
            seen,
            _serving: serving,
        }
    }

    /// What `mirror sync` reads.
    pub(crate) fn pairs(&self, count: usize) -> String {
        let Self { source, sink, .. } = self;
        let mut pairs = String::new();
        for number in 0..count {
            writeln!(pairs, "{source}/from/{number}:1 {sink}/to/{number}:1").unwrap();
        }
        pairs
    }

    /// Notes the peak of this process with each tag that it sets.
    pub(crate) fn watch(&self, child: u32) {
        self.seen.child.store(child, Ordering::SeqCst);
    }

    /// The peak when the last tag was set, in bytes.
    pub(crate) fn peak(&self) -> u64 {
        let peak = self.seen.peak.load(Ordering::SeqCst);
        assert!(peak > 0, "no tag was set");
        peak
    }

    /// Bytes of blobs received.
    pub(crate) fn received(&self) -> u64 {
        self.seen.received.load(Ordering::SeqCst)
    }
}

struct Connections(TcpListener);

async fn listen() -> (SocketAddr, Connections) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    (listener.local_addr().unwrap(), Connections(listener))
}

impl Connections {
    async fn serve<F, A>(self, answer: F)
    where
        F: Fn(Request<Incoming>) -> A + Clone + Send + 'static,
        A: Future<Output = Answer> + Send + 'static,
    {
        let mut connections = JoinSet::new();
        while let Ok((connection, _)) = self.0.accept().await {
            connections.spawn(talk(connection, answer.clone()));
        }
    }
}

async fn talk<F, A>(connection: TcpStream, answer: F)
where
    F: Fn(Request<Incoming>) -> A + Send + 'static,
    A: Future<Output = Answer> + Send + 'static,
{
    let service = service_fn(move |request| {
        let answered = answer(request);
        async move { Ok::<_, Infallible>(answered.await) }
    });
    let served = http1::Builder::new().serve_connection(TokioIo::new(connection), service);
    // The child ends its connections as it likes.
    drop(served.await);
}

/// The source: answers by path.
struct MadeUp {
    manifests: HashMap<String, Bytes>,
    blobs: HashMap<String, Content>,
}

impl MadeUp {
    fn of(images: Vec<Image>) -> Self {
        let mut made_up = Self {
            manifests: HashMap::new(),
            blobs: HashMap::new(),
        };
        for (number, image) in images.into_iter().enumerate() {
            let base = format!("/v2/from/{number}");
            let digest = sha256(&image.manifest);
            for name in ["1", &digest] {
                let path = format!("{base}/manifests/{name}");
                made_up.manifests.insert(path, image.manifest.clone());
            }
            for blob in [image.config, image.layer] {
                let path = format!("{base}/blobs/{}", blob.digest());
                made_up.blobs.insert(path, blob);
            }
        }
        made_up
    }

    fn answer(&self, request: &Request<Incoming>) -> Answer {
        let path = request.uri().path();
        let is_head = request.method() == Method::HEAD;
        if let Some(manifest) = self.manifests.get(path) {
            let body = if is_head {
                Bytes::new()
            } else {
                manifest.clone()
            };
            return Response::builder()
                .header("content-type", MANIFEST)
                .header("content-length", manifest.len())
                .header("docker-content-digest", sha256(manifest))
                .body(Full::new(body).boxed())
                .unwrap();
        }
        let Some(blob) = self.blobs.get(path) else {
            return status(StatusCode::NOT_FOUND);
        };
        let pieces = blob.pieces().map(|piece| Ok(Frame::data(piece)));
        Response::builder()
            .header("content-length", blob.size)
            .body(BodyExt::boxed(StreamBody::new(stream::iter(pieces))))
            .unwrap()
    }
}

impl Seen {
    /// The sink: takes everything, has nothing.
    async fn answer(&self, request: Request<Incoming>) -> Answer {
        let path = request.uri().path().to_owned();
        match *request.method() {
            Method::POST => Response::builder()
                .status(StatusCode::ACCEPTED)
                .header("location", format!("{path}1"))
                .body(BoxBody::default())
                .unwrap(),
            Method::PUT if path.contains("/manifests/") => {
                let manifest = request.into_body().collect().await.unwrap().to_bytes();
                if path.ends_with("/manifests/1") {
                    self.look();
                }
                Response::builder()
                    .status(StatusCode::CREATED)
                    .header("docker-content-digest", sha256(&manifest))
                    .body(BoxBody::default())
                    .unwrap()
            }
            Method::PUT => {
                let mut body = request.into_body();
                while let Some(frame) = body.frame().await {
                    let length = frame.unwrap().data_ref().map_or(0, Bytes::len);
                    self.received.fetch_add(length as u64, Ordering::SeqCst);
                }
                status(StatusCode::CREATED)
            }
            _ => status(StatusCode::NOT_FOUND),
        }
    }

    /// Notes how much memory the child has had at most.
    fn look(&self) {
        let child = self.child.load(Ordering::SeqCst);
        let told = fs::read_to_string(format!("/proc/{child}/status")).unwrap();
        let line = told.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let number = line.and_then(|line| line.trim().strip_suffix(" kB"));
        let kibibytes: u64 = number.unwrap().trim().parse().unwrap();
        self.peak.fetch_max(kibibytes * 1024, Ordering::SeqCst);
    }
}

fn status(status: StatusCode) -> Answer {
    let answer = Response::builder().status(status);
    answer.body(BoxBody::default()).unwrap()
}

fn sha256(bytes: &[u8]) -> String {
    hex(aws_lc_rs::digest::digest(&SHA256, bytes).as_ref())
}

fn hex(digest: &[u8]) -> String {
    let mut text = "sha256:".to_owned();
    for byte in digest {
        write!(text, "{byte:02x}").unwrap();
    }
    text
}

//! Two small registries: one that makes up its only layer, and one that keeps nothing but hashes.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::oci::{Digest, MediaType};

/// The digest of `{}`, which nobody has to send.
const EMPTY: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

const BLOCK: u64 = 1 << 20;

/// Bytes that are made up when they are needed.
#[derive(Clone)]
pub(super) struct Layer {
    block: Arc<[u8]>,
    size: u64,
    pub(super) digest: Digest,
}

impl Layer {
    pub(super) fn of(size: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(7);
        let block: Vec<u8> = std::iter::repeat_with(|| random.u8(..))
            .take(usize::try_from(BLOCK).unwrap())
            .collect();
        let mut layer = Self {
            block: block.into(),
            size,
            digest: EMPTY.parse().unwrap(),
        };
        let mut hasher = layer.digest.hasher();
        let mut offset = 0;
        while offset < size {
            let piece = layer.piece(offset);
            hasher.update(&piece);
            offset += piece.len() as u64;
        }
        layer.digest = hasher.finish();
        layer
    }

    /// From here to the end of a block. Blocks begin with their number and are alike otherwise.
    fn piece(&self, offset: u64) -> Vec<u8> {
        let number = offset / BLOCK;
        let end = BLOCK.min(self.size - number * BLOCK);
        let mut block = self.block[..usize::try_from(end).unwrap()].to_vec();
        block[..8].copy_from_slice(&number.to_be_bytes());
        block.split_off(usize::try_from(offset % BLOCK).unwrap())
    }
}

/// How a request for the rest is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resume {
    Honest,
    /// With everything, and status 200.
    Whole,
    /// With 416, as if there were no rest.
    NotSatisfiable,
    /// From one byte later on.
    WrongStart,
    /// Without the last byte.
    WrongEnd,
    /// Of a layer that is longer.
    WrongTotal,
    /// Without saying what it is.
    NoRange,
    /// In the form that is meant for several ranges.
    Multipart,
}

/// A registry with one image.
pub(super) struct Source {
    pub(super) port: u16,
    pub(super) root: Digest,
    state: Arc<SourceState>,
    _tasks: JoinSet<()>,
}

struct SourceState {
    manifest: String,
    layer: Layer,
    resume: Resume,
    cuts_left: AtomicU64,
    cut_after: u64,
    sent: AtomicU64,
    asked: Mutex<Vec<u64>>,
}

impl Source {
    /// Cuts the layer so often, after so many bytes each time.
    pub(super) async fn start(layer: Layer, resume: Resume, cuts: u64, cut_after: u64) -> Self {
        let manifest = serde_json::json!({
            "schemaVersion": 2,
            "mediaType": MediaType::OCI_MANIFEST,
            "config": {
                "mediaType": "application/vnd.oci.empty.v1+json",
                "digest": EMPTY,
                "size": 2,
            },
            "layers": [{
                "mediaType": "application/vnd.oci.image.layer.v1.tar",
                "digest": layer.digest.to_string(),
                "size": layer.size,
            }],
        });
        let manifest = manifest.to_string();
        let root = Digest::sha256(manifest.as_bytes());
        let state = Arc::new(SourceState {
            manifest,
            layer,
            resume,
            cuts_left: AtomicU64::new(cuts),
            cut_after,
            sent: AtomicU64::new(0),
            asked: Mutex::default(),
        });
        let served = Arc::clone(&state);
        let (port, tasks) = serve(move |connection| {
            let state = Arc::clone(&served);
            async move { state.converse(connection).await }
        })
        .await;
        Self {
            port,
            root,
            state,
            _tasks: tasks,
        }
    }

    /// Bytes of the layer that were handed to connections.
    pub(super) fn sent(&self) -> u64 {
        self.state.sent.load(Ordering::SeqCst)
    }

    /// The offsets from which on the layer was asked for.
    pub(super) fn asked(&self) -> Vec<u64> {
        self.state.asked.lock().unwrap().clone()
    }
}

impl SourceState {
    /// `None` ends the connection.
    async fn converse(&self, mut connection: Connection) -> Option<()> {
        loop {
            let request = connection.request().await?;
            let is_head = request.method == "HEAD";
            if request.path.contains("/manifests/") {
                let root = Digest::sha256(self.manifest.as_bytes());
                let head = format!(
                    "200 OK\r\ncontent-type: {}\r\ndocker-content-digest: {root}\r\n\
                     content-length: {}",
                    MediaType::OCI_MANIFEST,
                    self.manifest.len()
                );
                connection.head(&head).await?;
                if !is_head {
                    connection.send(self.manifest.as_bytes()).await?;
                }
            } else {
                self.send_layer(&mut connection, request.offset).await?;
            }
        }
    }

    async fn send_layer(&self, connection: &mut Connection, asked: Option<u64>) -> Option<()> {
        self.asked.lock().unwrap().push(asked.unwrap_or(0));
        let size = self.layer.size;
        let (head, start) = match asked {
            None => (format!("200 OK\r\ncontent-length: {size}"), 0),
            Some(offset) => self.rest(offset),
        };
        connection.head(&head).await?;
        if head.starts_with("416") {
            return Some(());
        }
        let mut offset = start;
        while offset < size {
            if offset - start >= self.cut_after && self.cut() {
                return None;
            }
            let mut piece = self.layer.piece(offset);
            let is_to_be_cut = self.cuts_left.load(Ordering::SeqCst) > 0;
            let until_cut = usize::try_from(self.cut_after - (offset - start).min(self.cut_after));
            if let (true, Ok(until_cut @ 1..)) = (is_to_be_cut, until_cut) {
                piece.truncate(until_cut);
            }
            connection.send(&piece).await?;
            offset += piece.len() as u64;
            self.sent.fetch_add(piece.len() as u64, Ordering::SeqCst);
        }
        Some(())
    }

    fn cut(&self) -> bool {
        let one_less = |left: u64| left.checked_sub(1);
        let cuts = &self.cuts_left;
        cuts.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less)
            .is_ok()
    }

    /// The head of the answer to a request for the rest, and where the bytes after it begin.
    fn rest(&self, offset: u64) -> (String, u64) {
        let size = self.layer.size;
        let last = size - 1;
        let length = size - offset;
        let partial = |range: String, length: u64, start: u64| {
            let head = format!("206 Partial Content\r\n{range}\r\ncontent-length: {length}");
            (head, start)
        };
        let range = |first: u64, last: u64, total: u64| {
            format!("content-range: bytes {first}-{last}/{total}")
        };
        match self.resume {
            Resume::Honest => partial(range(offset, last, size), length, offset),
            Resume::Whole => (format!("200 OK\r\ncontent-length: {size}"), 0),
            Resume::NotSatisfiable => {
                let head = format!(
                    "416 Range Not Satisfiable\r\ncontent-range: bytes */{size}\r\n\
                     content-length: 0"
                );
                (head, 0)
            }
            Resume::WrongStart => partial(range(offset + 1, last, size), length - 1, offset + 1),
            Resume::WrongEnd => partial(range(offset, last - 1, size), length, offset),
            Resume::WrongTotal => partial(range(offset, last, size + 1), length, offset),
            Resume::NoRange => partial("accept-ranges: bytes".to_owned(), length, offset),
            Resume::Multipart => partial(
                "content-type: multipart/byteranges; boundary=THIS".to_owned(),
                length,
                offset,
            ),
        }
    }
}

/// A registry that takes everything and keeps hashes.
pub(super) struct Destination {
    pub(super) port: u16,
    state: Arc<Mutex<Kept>>,
    _tasks: JoinSet<()>,
}

#[derive(Default)]
struct Kept {
    /// Sizes of blobs, by the digest that was found.
    blobs: BTreeMap<String, u64>,
    tag: Option<String>,
    opened: u64,
    given_up: u64,
}

impl Destination {
    pub(super) async fn start() -> Self {
        let state: Arc<Mutex<Kept>> = Arc::default();
        let served = Arc::clone(&state);
        let (port, tasks) = serve(move |connection| {
            let state = Arc::clone(&served);
            async move { keep(&state, connection).await }
        })
        .await;
        Self {
            port,
            state,
            _tasks: tasks,
        }
    }

    /// The size of a blob that was stored.
    pub(super) fn stored(&self, digest: &Digest) -> Option<u64> {
        let kept = self.state.lock().unwrap();
        kept.blobs.get(digest.as_str()).copied()
    }

    /// What the tag shows.
    pub(super) fn tag(&self) -> Option<String> {
        self.state.lock().unwrap().tag.clone()
    }

    /// Uploads that were opened, and those that were given up.
    pub(super) fn uploads(&self) -> (u64, u64) {
        let kept = self.state.lock().unwrap();
        (kept.opened, kept.given_up)
    }
}

/// `None` ends the connection.
async fn keep(state: &Mutex<Kept>, mut connection: Connection) -> Option<()> {
    loop {
        let request = connection.request().await?;
        let found = connection.hashed(request.length).await?;
        let path = request.path.as_str();
        let answer = match request.method.as_str() {
            "POST" => {
                state.lock().unwrap().opened += 1;
                "202 Accepted\r\nlocation: /v2/team/app/blobs/uploads/1".to_owned()
            }
            "PUT" if path.contains("/blobs/") => {
                // A body that ends early never gets here.
                let mut kept = state.lock().unwrap();
                kept.blobs.insert(found.to_string(), request.length);
                assert!(
                    path.ends_with(&found.as_str().replace(':', "%3A")),
                    "{path}"
                );
                "201 Created".to_owned()
            }
            "PUT" => {
                if path.ends_with("/manifests/1") {
                    state.lock().unwrap().tag = Some(found.to_string());
                }
                "201 Created".to_owned()
            }
            "DELETE" => {
                state.lock().unwrap().given_up += 1;
                "204 No Content".to_owned()
            }
            _ => {
                let tag = state.lock().unwrap().tag.clone();
                match tag.filter(|_| path.ends_with("/manifests/1")) {
                    Some(tag) => format!(
                        "200 OK\r\ncontent-type: {}\r\ndocker-content-digest: {tag}",
                        MediaType::OCI_MANIFEST
                    ),
                    None => "404 Not Found".to_owned(),
                }
            }
        };
        connection
            .head(&format!("{answer}\r\ncontent-length: 0"))
            .await?;
    }
}

/// What is needed of a request.
struct Request {
    method: String,
    path: String,
    /// Of the body.
    length: u64,
    /// From which byte on something is wanted.
    offset: Option<u64>,
}

/// HTTP/1.1, as far as it is needed. `None`: the other side is gone.
struct Connection(BufReader<TcpStream>);

impl Connection {
    async fn request(&mut self) -> Option<Request> {
        let line = self.line().await?;
        let mut words = line.split(' ');
        let mut request = Request {
            method: words.next()?.to_owned(),
            path: words.next()?.to_owned(),
            length: 0,
            offset: None,
        };
        loop {
            let line = self.line().await?.to_ascii_lowercase();
            match line.split_once(": ") {
                None => return Some(request),
                Some(("content-length", length)) => request.length = length.parse().unwrap(),
                Some(("range", range)) => {
                    let offset = range.strip_prefix("bytes=").unwrap();
                    request.offset = Some(offset.strip_suffix('-').unwrap().parse().unwrap());
                }
                Some(_) => {}
            }
        }
    }

    async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        self.0.read_line(&mut line).await.ok()?;
        let line = line.strip_suffix("\r\n")?;
        Some(line.to_owned())
    }

    /// The digest of so many bytes.
    async fn hashed(&mut self, length: u64) -> Option<Digest> {
        let mut hasher = EMPTY.parse::<Digest>().unwrap().hasher();
        let mut buffer = vec![0; 128 << 10];
        let mut left = length;
        while left > 0 {
            let most = usize::try_from(left).unwrap().min(buffer.len());
            match self.0.read(&mut buffer[..most]).await {
                Ok(read @ 1..) => {
                    hasher.update(&buffer[..read]);
                    left -= read as u64;
                }
                Ok(0) | Err(_) => return None,
            }
        }
        Some(hasher.finish())
    }

    async fn head(&mut self, head: &str) -> Option<()> {
        self.send(format!("HTTP/1.1 {head}\r\n\r\n").as_bytes())
            .await
    }

    async fn send(&mut self, bytes: &[u8]) -> Option<()> {
        self.0.get_mut().write_all(bytes).await.ok()
    }
}

/// Serves connections until the tasks are dropped.
async fn serve<F: Future<Output = Option<()>> + Send + 'static>(
    converse: impl Fn(Connection) -> F + Send + 'static,
) -> (u16, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            connections.spawn(converse(Connection(BufReader::new(stream))));
        }
    });
    (port, tasks)
}

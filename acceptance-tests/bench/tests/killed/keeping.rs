//! A registry in this process that keeps what it gets, and that refuses what is incomplete.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// One repository; its name is not looked at.
pub(crate) struct Registry {
    address: SocketAddr,
    store: Arc<Mutex<Store>>,
    connections: watch::Receiver<usize>,
    _serving: JoinSet<()>,
}

#[derive(Default)]
struct Store {
    blobs: HashMap<String, Bytes>,
    /// Media type and text.
    manifests: HashMap<String, (String, Bytes)>,
    tags: HashMap<String, String>,
    commits: usize,
}

type Answer = Response<Full<Bytes>>;

impl Registry {
    pub(crate) async fn serve() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let store = Arc::<Mutex<Store>>::default();
        let mut serving = JoinSet::new();
        let kept = Arc::clone(&store);
        let (counter, connections) = watch::channel(0);
        serving.spawn(async move {
            let mut talking = JoinSet::new();
            while let Ok((connection, _)) = listener.accept().await {
                let store = Arc::clone(&kept);
                let service = service_fn(move |request| {
                    let store = Arc::clone(&store);
                    async move { Ok::<_, Infallible>(answer(&store, request).await) }
                });
                counter.send_modify(|open| *open += 1);
                let counter = counter.clone();
                talking.spawn(async move {
                    let connection = TokioIo::new(connection);
                    let served = http1::Builder::new().serve_connection(connection, service);
                    // Who is killed ends its connections anywhere.
                    drop(served.await);
                    counter.send_modify(|open| *open -= 1);
                });
            }
        });
        Self {
            address,
            store,
            connections,
            _serving: serving,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until what was sent before a connection ended has been taken in.
    pub(crate) async fn settle(&mut self) {
        self.connections.wait_for(|open| *open == 0).await.unwrap();
    }

    pub(crate) fn add_blob(&self, bytes: Vec<u8>) {
        self.lock().blobs.insert(digest(&bytes), bytes.into());
    }

    pub(crate) fn add_manifest(&self, media_type: &str, bytes: &[u8], tag: Option<&str>) {
        let digest = digest(bytes);
        let mut store = self.lock();
        let manifest = (media_type.to_owned(), Bytes::copy_from_slice(bytes));
        store.manifests.insert(digest.clone(), manifest);
        if let Some(tag) = tag {
            store.tags.insert(tag.to_owned(), digest);
        }
    }

    /// How many blobs there are.
    pub(crate) fn blobs(&self) -> usize {
        self.lock().blobs.len()
    }

    pub(crate) fn tag(&self, tag: &str) -> Option<String> {
        self.lock().tags.get(tag).cloned()
    }

    /// How many blobs were sent since this was last forgotten.
    pub(crate) fn commits(&self) -> usize {
        self.lock().commits
    }

    pub(crate) fn forget_commits(&self) {
        self.lock().commits = 0;
    }

    /// Whether a manifest and everything below it is here.
    pub(crate) fn has_all(&self, root: &str) -> bool {
        let store = self.lock();
        let mut waiting = vec![root.to_owned()];
        while let Some(digest) = waiting.pop() {
            match store.manifests.get(&digest) {
                Some((_, text)) => waiting.extend(children(text)),
                None if store.blobs.contains_key(&digest) => {}
                None => return false,
            }
        }
        true
    }

    fn lock(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap()
    }
}

/// OCI Distribution Specification 1.1, as far as a copy needs it.
async fn answer(store: &Mutex<Store>, request: Request<Incoming>) -> Answer {
    let (head, body) = request.into_parts();
    let path = head.uri.path().to_owned();
    let name = path.rsplit('/').next().unwrap_or_default().to_owned();
    let query = head.uri.query().unwrap_or_default().replace("%3A", ":");
    let asked = |key: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs
            .find(|(found, _)| *found == key)
            .map(|(_, value)| value.to_owned())
    };
    let Ok(body) = body.collect().await else {
        return status(StatusCode::BAD_REQUEST);
    };
    let body = body.to_bytes();
    let mut store = store.lock().unwrap();
    match head.method {
        Method::POST if asked("mount").is_some_and(|blob| store.blobs.contains_key(&blob)) => {
            status(StatusCode::CREATED)
        }
        Method::POST => {
            let mut opened = status(StatusCode::ACCEPTED);
            let location = format!("{}/1", path.trim_end_matches('/'));
            opened
                .headers_mut()
                .insert("location", location.parse().unwrap());
            opened
        }
        Method::PUT if path.contains("/manifests/") => {
            let media_type = head.headers["content-type"].to_str().unwrap().to_owned();
            store.put(&name, media_type, body)
        }
        Method::PUT => match asked("digest") {
            Some(stated) if stated == digest(&body) => {
                store.commits += 1;
                store.blobs.insert(stated, body);
                status(StatusCode::CREATED)
            }
            _ => status(StatusCode::BAD_REQUEST),
        },
        _ if path.contains("/manifests/") => store.show(&name, head.method == Method::HEAD),
        _ => match store.blobs.get(&name) {
            Some(bytes) => Response::new(Full::new(bytes.clone())),
            None => status(StatusCode::NOT_FOUND),
        },
    }
}

impl Store {
    fn put(&mut self, name: &str, media_type: String, text: Bytes) -> Answer {
        let is_here = |digest: &String| {
            self.blobs.contains_key(digest) || self.manifests.contains_key(digest)
        };
        if !children(&text).iter().all(is_here) {
            return status(StatusCode::BAD_REQUEST);
        }
        let digest = digest(&text);
        if !name.starts_with("sha256:") {
            self.tags.insert(name.to_owned(), digest.clone());
        }
        self.manifests.insert(digest.clone(), (media_type, text));
        let mut stored = status(StatusCode::CREATED);
        stored
            .headers_mut()
            .insert("docker-content-digest", digest.parse().unwrap());
        stored
    }

    fn show(&self, name: &str, is_head: bool) -> Answer {
        let digest = self.tags.get(name).map_or(name, String::as_str);
        let Some((media_type, text)) = self.manifests.get(digest) else {
            return status(StatusCode::NOT_FOUND);
        };
        let body = if is_head { Bytes::new() } else { text.clone() };
        Response::builder()
            .header("content-type", media_type)
            .header("content-length", text.len())
            .header("docker-content-digest", digest)
            .body(Full::new(body))
            .unwrap()
    }
}

/// The digests that a manifest lists.
fn children(text: &[u8]) -> Vec<String> {
    let text = std::str::from_utf8(text).unwrap();
    let listed = text.split(r#""digest":""#).skip(1);
    listed
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect()
}

fn status(status: StatusCode) -> Answer {
    let mut answer = Answer::default();
    *answer.status_mut() = status;
    answer
}

pub(crate) fn digest(bytes: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    let hex = digest.as_ref().iter().map(|byte| format!("{byte:02x}"));
    format!("sha256:{}", hex.collect::<String>())
}

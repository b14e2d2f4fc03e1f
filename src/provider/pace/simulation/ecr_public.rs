//! The registry of ECR Public as far as its quotas matter, on the clock of the test.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::{HeaderMap, Method, StatusCode};
use tokio::time::Instant;

use crate::net::transport::{Body, Incoming, Request, Response, Transport, TransportError};
use crate::oci::Digest;
use crate::task::{Context, monotonic};

/// Everybody's registry. The first part of a repository's path is its account.
#[derive(Debug)]
pub(super) struct EcrPublic {
    /// Of each kind of request, for each account; and as many at once.
    per_second: f64,
    /// Of everything that is uploaded.
    bytes_per_second: f64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// What is left of the quotas, and when that was.
    quotas: HashMap<(String, Kind), (f64, Instant)>,
    /// What was asked for and not refused.
    taken: HashMap<Kind, u32>,
    refused: u32,
    bytes: u64,
    /// When the line will have carried everything that was given to it.
    line_free_at: Instant,
    manifests: HashMap<String, (Bytes, String)>,
    random: fastrand::Rng,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    OpenUpload,
    CloseUpload,
    PutManifest,
    Pull,
}

impl EcrPublic {
    pub(super) fn new(per_second: f64, bytes_per_second: f64) -> Arc<Self> {
        Arc::new(Self {
            per_second,
            bytes_per_second,
            state: Mutex::new(State {
                quotas: HashMap::new(),
                taken: HashMap::new(),
                refused: 0,
                bytes: 0,
                line_free_at: monotonic(),
                manifests: HashMap::new(),
                random: fastrand::Rng::with_seed(7),
            }),
        })
    }

    pub(super) fn per_second(&self) -> f64 {
        self.per_second
    }

    pub(super) fn bytes_per_second(&self) -> f64 {
        self.bytes_per_second
    }

    pub(super) fn taken(&self, kind: Kind) -> u32 {
        let state = self.state.lock().unwrap();
        state.taken.get(&kind).copied().unwrap_or_default()
    }

    pub(super) fn refused(&self) -> u32 {
        self.state.lock().unwrap().refused
    }

    pub(super) fn bytes(&self) -> u64 {
        self.state.lock().unwrap().bytes
    }

    fn take(&self, account: &str, kind: Kind) -> bool {
        let mut state = self.state.lock().unwrap();
        let (rate, now) = (self.per_second, monotonic());
        let quota = state.quotas.entry((account.to_owned(), kind));
        let (left, counted_at) = quota.or_insert((rate, now));
        let gained = (now - *counted_at).as_secs_f64() * rate;
        // A billionth: this counts in fractions, and 0.1 has none.
        *left = (*left + gained).min(rate) + 1e-9;
        *counted_at = now;
        let is_granted = *left >= 1.0;
        if is_granted {
            *left -= 1.0;
            *state.taken.entry(kind).or_default() += 1;
        } else {
            state.refused += 1;
        }
        is_granted
    }

    /// Between 5 and 50 milliseconds, each way, so that requests overtake each other.
    async fn travel(&self) {
        let millis = self.state.lock().unwrap().random.u64(5..50);
        wait(Duration::from_millis(millis)).await;
    }

    async fn receive(&self, body: Body) {
        let Body::Stream { mut bytes, .. } = body else {
            return;
        };
        while let Some(chunk) = bytes.next().await {
            let length = chunk.unwrap().len();
            let until = {
                let mut state = self.state.lock().unwrap();
                state.bytes += length as u64;
                let begins = state.line_free_at.max(monotonic());
                let takes = u32::try_from(length).map(f64::from).unwrap() / self.bytes_per_second;
                state.line_free_at = begins + Duration::from_secs_f64(takes);
                state.line_free_at
            };
            wait(until - monotonic()).await;
        }
    }

    async fn answer(&self, request: Request) -> Response {
        let path = request.url.path().to_owned();
        let account = path.split('/').nth(2).unwrap().to_owned();
        let kind = match (&request.method, path.contains("/manifests/")) {
            (&Method::POST, _) => Some(Kind::OpenUpload),
            (&Method::PUT, false) => Some(Kind::CloseUpload),
            (&Method::PUT, true) => Some(Kind::PutManifest),
            (&Method::GET, true) => Some(Kind::Pull),
            _ => None,
        };
        if kind.is_some_and(|kind| !self.take(&account, kind)) {
            return reply(429, &[], Bytes::new());
        }
        match kind {
            Some(Kind::OpenUpload) => {
                reply(202, &[("location", &format!("{path}1"))], Bytes::new())
            }
            Some(Kind::CloseUpload) => {
                self.receive(request.body).await;
                reply(201, &[], Bytes::new())
            }
            Some(Kind::PutManifest) => self.store(&path, request),
            Some(Kind::Pull) | None => self.find(&path, &request.method),
        }
    }

    fn store(&self, path: &str, request: Request) -> Response {
        let Body::Whole(bytes) = request.body else {
            panic!("a manifest is sent whole");
        };
        let media_type = request.headers["content-type"].to_str().unwrap().to_owned();
        let (place, _) = path.rsplit_once('/').unwrap();
        let by_digest = format!("{place}/{}", Digest::sha256(&bytes));
        let mut state = self.state.lock().unwrap();
        for path in [path.to_owned(), by_digest] {
            state
                .manifests
                .insert(path, (bytes.clone(), media_type.clone()));
        }
        reply(201, &[], Bytes::new())
    }

    fn find(&self, path: &str, method: &Method) -> Response {
        let found = self.state.lock().unwrap().manifests.get(path).cloned();
        let Some((bytes, media_type)) = found else {
            return reply(404, &[], Bytes::new());
        };
        let digest = Digest::sha256(&bytes);
        let headers = [
            ("content-type", media_type.as_str()),
            ("content-length", &bytes.len().to_string()),
            ("docker-content-digest", digest.as_str()),
        ];
        let is_head = method == Method::HEAD;
        reply(200, &headers, if is_head { Bytes::new() } else { bytes })
    }
}

#[async_trait]
impl Transport for EcrPublic {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.travel().await;
        let response = self.answer(request).await;
        self.travel().await;
        Ok(response)
    }
}

pub(super) async fn wait(length: Duration) {
    Context::new().pause(length).await.unwrap();
}

fn reply(status: u16, headers: &[(&'static str, &str)], body: Bytes) -> Response {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(*name, value.parse().unwrap());
    }
    Response {
        status: StatusCode::from_u16(status).unwrap(),
        headers: map,
        body: Incoming::new(stream::iter([Ok(body)])),
    }
}

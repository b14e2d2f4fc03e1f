//! A server on loopback that knows no HTTP: it reads the head of a request and writes what a test
//! tells it to, over a connection for each answer.

use std::net::SocketAddr;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::TryStreamExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::*;
use crate::net::client::HttpClient;
use crate::net::transport::{Incoming, Request, Response, Transport, TransportError};

/// What is written as the answer to a request.
#[derive(Clone)]
pub(super) struct Answer {
    pub(super) head: Vec<u8>,
    pub(super) then: Then,
}

/// What follows.
#[derive(Clone)]
pub(super) enum Then {
    /// The end of the connection.
    Close,
    /// The same bytes for ever.
    Repeat(&'static [u8]),
    /// The same bytes for ever, with a pause before each.
    Trickle(&'static [u8], Duration),
    /// Silence, until the other side ends the connection.
    Listen,
}

impl Answer {
    pub(super) fn new(head: impl Into<Vec<u8>>) -> Self {
        Self {
            head: head.into(),
            then: Then::Close,
        }
    }

    pub(super) fn then(self, then: Then) -> Self {
        Self { then, ..self }
    }
}

type Script = dyn Fn(&str) -> Answer + Send + Sync;

pub(super) struct StandIn {
    pub(super) address: SocketAddr,
    /// The heads of the requests.
    seen: Arc<Mutex<Vec<String>>>,
    /// Bytes that the system took from us, those in its buffers included.
    sent: Arc<AtomicUsize>,
    /// Ends with this.
    _server: JoinSet<()>,
}

impl StandIn {
    pub(super) async fn start(script: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (seen, sent) = (Arc::default(), Arc::default());
        let mut server = JoinSet::new();
        let talk = Talk {
            script: Arc::new(script),
            seen: Arc::clone(&seen),
            sent: Arc::clone(&sent),
        };
        server.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(talk.clone().answer(stream));
            }
        });
        Self {
            address,
            seen,
            sent,
            _server: server,
        }
    }

    pub(super) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    pub(super) fn sent(&self) -> usize {
        self.sent.load(Ordering::SeqCst)
    }

    /// `team/app` there, through the real client.
    pub(super) fn registry(&self, client: impl Transport + 'static) -> Registry {
        let endpoint = Endpoint {
            plain_http: true,
            ..Endpoint::new(self.address.to_string())
        };
        let client = Client::over(Arc::new(client));
        handle(&client, &endpoint, Login::anonymous())
    }
}

#[derive(Clone)]
struct Talk {
    script: Arc<Script>,
    seen: Arc<Mutex<Vec<String>>>,
    sent: Arc<AtomicUsize>,
}

impl Talk {
    async fn answer(self, mut stream: TcpStream) {
        let Some(head) = read_head(&mut stream).await else {
            return;
        };
        let answer = (self.script)(&head);
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(head);
        if !self.write(&mut stream, &answer.head).await {
            return;
        }
        match answer.then {
            Then::Close => {}
            Then::Repeat(bytes) => while self.write(&mut stream, bytes).await {},
            Then::Trickle(bytes, pause) => {
                let cx = Context::new();
                while cx.pause(pause).await.is_ok() && self.write(&mut stream, bytes).await {}
            }
            Then::Listen => {
                let mut rest = [0; 1024];
                while matches!(stream.read(&mut rest).await, Ok(length) if length > 0) {}
            }
        }
    }

    async fn write(&self, stream: &mut TcpStream, bytes: &[u8]) -> bool {
        let is_written = stream.write_all(bytes).await.is_ok();
        if is_written {
            self.sent.fetch_add(bytes.len(), Ordering::SeqCst);
        }
        is_written
    }
}

async fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

/// The real client, for a test whose clock can be paused by itself.
pub(super) fn http() -> HttpClient {
    HttpClient::new(&crate::net::HttpSettings::default()).unwrap()
}

/// The real client on a clock that runs while something can arrive, and jumps over the waits
/// between two tries.
#[derive(Clone, Debug)]
pub(super) struct Impatient {
    client: HttpClient,
    is_paused: Arc<AtomicBool>,
}

impl Impatient {
    pub(super) fn new() -> Self {
        Self {
            client: http(),
            is_paused: Arc::default(),
        }
    }

    /// Lets the clock run, for what comes after this client.
    pub(super) fn run_clock(&self) {
        if self.is_paused.swap(false, Ordering::SeqCst) {
            tokio::time::resume();
        }
    }

    fn pause(&self) {
        if !self.is_paused.swap(true, Ordering::SeqCst) {
            tokio::time::pause();
        }
    }
}

#[async_trait]
impl Transport for Impatient {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.run_clock();
        let answer = self.client.send(request).await;
        let response = answer.inspect_err(|_| self.pause())?;
        let clock = self.clone();
        let body = response.body.inspect_err(move |_| clock.pause());
        Ok(Response {
            body: Incoming::new(body),
            ..response
        })
    }
}

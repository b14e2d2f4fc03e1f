//! A transport without a network, for tests.

use std::fmt;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, stream};
use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, Method, StatusCode};
use url::Url;

use super::transport::{
    Body, Incoming, Request, Response, Transport, TransportError, TransportErrorKind,
};

/// A request as the other side saw it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    /// The body, as far as it came.
    pub(crate) body: Bytes,
    /// Why it did not come to its end.
    pub(crate) cut: Option<String>,
    /// The number of bytes that were announced.
    pub(crate) length: Option<u64>,
}

impl Seen {
    /// `METHOD url`, for matching.
    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.method, self.url)
    }

    /// A header as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// What the other side answers.
pub(crate) enum Reply {
    /// A status with headers and a body in pieces.
    Answer {
        status: u16,
        headers: HeaderMap,
        chunks: Vec<Chunk>,
    },
    /// No answer: the error of the wire.
    Fail(TransportErrorKind),
    /// No answer ever.
    Hang,
}

/// A piece of a body.
pub(crate) enum Chunk {
    Bytes(Bytes),
    Fail(TransportErrorKind),
    Hang,
}

impl Reply {
    /// A status with nothing else.
    pub(crate) fn status(status: u16) -> Self {
        Self::Answer {
            status,
            headers: HeaderMap::new(),
            chunks: Vec::new(),
        }
    }

    /// Adds a header.
    #[must_use]
    pub(crate) fn header(mut self, name: &str, value: impl AsRef<str>) -> Self {
        if let Self::Answer { headers, .. } = &mut self {
            headers.append(
                name.parse::<HeaderName>().unwrap(),
                HeaderValue::from_str(value.as_ref()).unwrap(),
            );
        }
        self
    }

    /// Adds a piece of the body.
    #[must_use]
    pub(crate) fn chunk(mut self, chunk: Chunk) -> Self {
        if let Self::Answer { chunks, .. } = &mut self {
            chunks.push(chunk);
        }
        self
    }

    /// Adds bytes to the body.
    #[must_use]
    pub(crate) fn body(self, bytes: impl Into<Bytes>) -> Self {
        self.chunk(Chunk::Bytes(bytes.into()))
    }
}

type Handler = Box<dyn FnMut(&Seen) -> Reply + Send>;

/// A function from request to reply, and the log of what was asked.
#[derive(Clone)]
pub(crate) struct Memory {
    handler: Arc<Mutex<Handler>>,
    log: Arc<Mutex<Vec<Seen>>>,
}

impl Memory {
    /// A transport answered by `handler`, which must panic on what the test did not foresee.
    pub(crate) fn new(handler: impl FnMut(&Seen) -> Reply + Send + 'static) -> Self {
        Self {
            handler: Arc::new(Mutex::new(Box::new(handler))),
            log: Arc::default(),
        }
    }

    /// Everything that was asked so far.
    pub(crate) fn log(&self) -> Vec<Seen> {
        self.log.lock().unwrap().clone()
    }

    /// Everything that was asked so far, one line each.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.log().iter().map(Seen::line).collect()
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Memory")
    }
}

#[async_trait]
impl Transport for Memory {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let seen = receive(request).await;
        let cut = seen.cut.is_some();
        let reply = (self.handler.lock().unwrap())(&seen);
        self.log.lock().unwrap().push(seen);
        match reply {
            _ if cut => Err(TransportErrorKind::Closed.into()),
            Reply::Fail(kind) => Err(kind.into()),
            Reply::Hang => std::future::pending().await,
            Reply::Answer {
                status,
                headers,
                chunks,
            } => Ok(Response {
                status: StatusCode::from_u16(status).unwrap(),
                headers,
                body: Incoming::new(stream::iter(chunks).then(send_chunk)),
            }),
        }
    }
}

async fn receive(request: Request) -> Seen {
    let mut seen = Seen {
        method: request.method,
        url: request.url,
        headers: request.headers,
        body: Bytes::new(),
        cut: None,
        length: None,
    };
    match request.body {
        Body::Empty => {}
        Body::Whole(bytes) => {
            seen.length = Some(bytes.len() as u64);
            seen.body = bytes;
        }
        Body::Stream { length, mut bytes } => {
            seen.length = Some(length);
            let mut whole = BytesMut::new();
            while let Some(chunk) = bytes.next().await {
                match chunk {
                    Ok(chunk) => whole.extend_from_slice(&chunk),
                    Err(error) => {
                        seen.cut = Some(error.to_string());
                        break;
                    }
                }
            }
            seen.body = whole.freeze();
            if seen.cut.is_none() && seen.body.len() as u64 != length {
                seen.cut = Some(format!("{} of {length} bytes", seen.body.len()));
            }
        }
    }
    seen
}

async fn send_chunk(chunk: Chunk) -> Result<Bytes, TransportError> {
    match chunk {
        Chunk::Bytes(bytes) => Ok(bytes),
        Chunk::Fail(kind) => Err(kind.into()),
        Chunk::Hang => std::future::pending().await,
    }
}

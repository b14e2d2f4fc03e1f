//! The seam between those who speak HTTP and the wire: one request out, one answer in.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::Stream;
use http::{HeaderMap, Method, StatusCode};
use url::Url;

use super::redact::SafeUrl;

/// Sends requests. The real one is [`super::client::HttpClient`]; tests bring their own.
#[async_trait]
pub(crate) trait Transport: fmt::Debug + Send + Sync {
    /// Sends one request and waits for the head of its answer, however long that takes.
    ///
    /// # Errors
    ///
    /// No answer came.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection or resets the stream; whether the other side has
    /// acted on the request is unknown then.
    async fn send(&self, request: Request) -> Result<Response, TransportError>;
}

/// One request.
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
    pub(crate) lane: Lane,
}

/// What a request carries.
pub(crate) enum Body {
    /// Nothing. `Content-Length` is still sent with methods that may carry something.
    Empty,
    /// Bytes that can be sent again.
    Whole(Bytes),
    /// Bytes that can be sent once, and how many there will be.
    Stream {
        length: u64,
        bytes: Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>,
    },
}

/// Which connections a request travels on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Small and latency-bound: HTTP/2 where the other side offers it.
    Control,
    /// Bulk: a connection of its own, so that big bodies do not share one TCP window.
    Bulk,
}

/// The head of an answer, and its body still on the way.
pub(crate) struct Response {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Incoming,
}

/// The bytes of an answer as they arrive. Chunks are passed through as received.
pub(crate) struct Incoming(Pin<Box<dyn Stream<Item = Result<Bytes, TransportError>> + Send>>);

/// No answer came, or it ended early.
#[derive(Debug, thiserror::Error)]
#[error("{kind}")]
pub(crate) struct TransportError {
    pub(crate) kind: TransportErrorKind,
    #[source]
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What went wrong on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TransportErrorKind {
    /// No name, no route, nobody listening, or no handshake in time.
    #[error("no connection could be made")]
    Connect,
    /// Certificate not trusted, or the other side does not speak TLS.
    #[error("no secure connection could be made")]
    Tls,
    /// Connected, then closed before an answer.
    #[error("the connection was closed before an answer came")]
    Closed,
    /// Connected, then no answer for too long.
    #[error("no answer came in time")]
    Timeout,
    /// Nothing more of the answer arrived for too long.
    #[error("the answer stood still for too long")]
    Stalled,
    /// The answer stopped before its end.
    #[error("the answer was cut")]
    Cut,
    /// The request could not be written down.
    #[error("the request is not valid HTTP")]
    Invalid,
}

impl TransportError {
    /// An error with what the layer below said.
    pub(crate) fn new(
        kind: TransportErrorKind,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self {
            kind,
            source: Some(source.into()),
        }
    }
}

impl From<TransportErrorKind> for TransportError {
    fn from(kind: TransportErrorKind) -> Self {
        Self { kind, source: None }
    }
}

impl Incoming {
    /// Wraps a stream of chunks.
    pub(crate) fn new(
        chunks: impl Stream<Item = Result<Bytes, TransportError>> + Send + 'static,
    ) -> Self {
        Self(Box::pin(chunks))
    }
}

impl Stream for Incoming {
    type Item = Result<Bytes, TransportError>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Bytes, TransportError>>> {
        self.0.as_mut().poll_next(cx)
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("url", &SafeUrl(self.url.clone()))
            .field("body", &self.body)
            .field("lane", &self.lane)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("Empty"),
            Self::Whole(bytes) => write!(f, "Whole({} bytes)", bytes.len()),
            Self::Stream { length, .. } => write!(f, "Stream({length} bytes)"),
        }
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Incoming")
    }
}

//! The real transport.

use std::error::Error as StdError;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};
use http::header::{CONTENT_LENGTH, HeaderValue, PROXY_AUTHORIZATION, USER_AGENT};
use http::{Method, Uri};
use http_body_util::BodyDataStream;
use hyper::body::{Frame, SizeHint};
use hyper_util::client::legacy::{Client, Error as ClientError};
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::connect::Connector;
use super::limits;
use super::proxy;
use super::settings::{HttpSettings, InvalidSettings};
use super::tls;
use super::transport::{
    Body, Incoming, Lane, Request, Response, Transport, TransportError, TransportErrorKind,
};

/// HTTP/1.1 and HTTP/2 over pooled connections.
///
/// It follows no redirects, decodes nothing, keeps no cookies and sends no `Referer`. Connecting
/// is bounded by [`limits::CONNECT`]; the caller bounds everything after that.
#[derive(Clone, Debug)]
pub(crate) struct HttpClient {
    control: Client<Connector, Outgoing>,
    bulk: Client<Connector, Outgoing>,
    user_agent: HeaderValue,
    proxies: Arc<Matcher>,
}

/// How many idle connections to one host are kept: about as many as a copy has blobs in flight.
const IDLE_CONNECTIONS: usize = 32;

/// How long an idle connection is kept: below the 60 seconds after which common load balancers
/// close theirs, so that a request rarely meets a connection that is just being closed.
const IDLE: Duration = Duration::from_secs(50);

/// What one connection reads at once, and what it takes before it waits for the wire. Less costs
/// system calls, more costs memory: a blob in flight has one connection on each side.
const BUFFER_BYTES: usize = 128 << 10;

impl HttpClient {
    /// A client for these settings.
    ///
    /// # Errors
    ///
    /// They cannot work as they are written.
    pub(crate) fn new(settings: &HttpSettings) -> Result<Self, InvalidSettings> {
        let user_agent = user_agent(settings.user_agent_suffix.as_deref())?;
        let tls = tls::client_config(settings.ca_bundle.as_deref())?;
        let proxies = Arc::new(proxy::proxies(settings, |name| std::env::var(name).ok())?);
        let with_protocols = |protocols: &[&[u8]]| {
            let mut tls = tls.clone();
            tls.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
            pool(Connector::new(tls, Arc::clone(&proxies)))
        };
        Ok(Self {
            control: with_protocols(&[b"h2", b"http/1.1"]),
            bulk: with_protocols(&[b"http/1.1"]),
            user_agent,
            proxies,
        })
    }

    /// Without TLS there is no HTTP/2 and so no reason for two pools.
    fn lane(&self, request: &Request) -> &Client<Connector, Outgoing> {
        match request.lane {
            Lane::Control if request.url.scheme() == "https" => &self.control,
            Lane::Control | Lane::Bulk => &self.bulk,
        }
    }

    fn prepare(&self, request: Request) -> Result<http::Request<Outgoing>, TransportError> {
        let uri = Uri::try_from(request.url.as_str())
            .map_err(|error| TransportError::new(TransportErrorKind::Invalid, error))?;
        let takes_body = !matches!(request.method, Method::GET | Method::HEAD | Method::DELETE);
        let length = match &request.body {
            // Some registries answer 411 to a POST that does not say how little it carries.
            Body::Empty => takes_body.then_some(0),
            Body::Whole(bytes) => Some(bytes.len() as u64),
            // The length keeps hyper from chunked transfer coding, which ECR may refuse.
            Body::Stream { length, .. } => Some(*length),
        };
        let mut prepared = http::Request::new(Outgoing::from(request.body));
        *prepared.method_mut() = request.method;
        *prepared.headers_mut() = request.headers;
        let headers = prepared.headers_mut();
        headers.insert(USER_AGENT, self.user_agent.clone());
        if let Some(length) = length {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        // In a tunnel the proxy was told already.
        if request.url.scheme() == "http"
            && let Some(credential) = self.proxies.intercept(&uri)
            && let Some(credential) = credential.basic_auth()
        {
            headers.insert(PROXY_AUTHORIZATION, credential.clone());
        }
        *prepared.uri_mut() = uri;
        Ok(prepared)
    }
}

fn pool(connector: Connector) -> Client<Connector, Outgoing> {
    Client::builder(TokioExecutor::new())
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(IDLE_CONNECTIONS)
        .http1_max_buf_size(BUFFER_BYTES)
        .http1_max_headers(limits::HEADERS)
        .http2_max_header_list_size(limits::HEADER_BYTES)
        .http2_adaptive_window(true)
        .build(connector)
}

fn user_agent(suffix: Option<&str>) -> Result<HeaderValue, InvalidSettings> {
    const OURS: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
    match suffix.map(str::trim) {
        None | Some("") => Ok(HeaderValue::from_static(OURS)),
        Some(suffix) => HeaderValue::from_str(&format!("{OURS} {suffix}"))
            .map_err(|_invalid| InvalidSettings::UserAgent),
    }
}

#[async_trait]
impl Transport for HttpClient {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let client = self.lane(&request);
        let answer = client.request(self.prepare(request)?).await;
        let (head, body) = answer.map_err(sort)?.into_parts();
        Ok(Response {
            status: head.status,
            headers: head.headers,
            body: Incoming::new(
                BodyDataStream::new(body)
                    .map_err(|error| TransportError::new(TransportErrorKind::Cut, error)),
            ),
        })
    }
}

/// The body of a request on its way.
enum Outgoing {
    Whole(Option<Bytes>),
    Stream {
        left: u64,
        bytes: Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>,
    },
}

impl From<Body> for Outgoing {
    fn from(body: Body) -> Self {
        match body {
            Body::Empty => Self::Whole(None),
            Body::Whole(bytes) => Self::Whole(Some(bytes).filter(|bytes| !bytes.is_empty())),
            Body::Stream { length, bytes } => Self::Stream {
                left: length,
                bytes,
            },
        }
    }
}

impl hyper::body::Body for Outgoing {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match self.get_mut() {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Stream { left, bytes } => bytes.as_mut().poll_next(cx).map_ok(|chunk| {
                *left = left.saturating_sub(chunk.len() as u64);
                Frame::data(chunk)
            }),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(match self {
            Self::Whole(bytes) => bytes.as_ref().map_or(0, |bytes| bytes.len() as u64),
            Self::Stream { left, .. } => *left,
        })
    }
}

/// Sorts an error by what can be done about it.
fn sort(error: ClientError) -> TransportError {
    let kind = if is_tls(&error) {
        TransportErrorKind::Tls
    } else if error.is_connect() {
        TransportErrorKind::Connect
    } else {
        TransportErrorKind::Closed
    };
    TransportError::new(kind, error)
}

/// Whether TLS itself failed, which another try does not heal; a handshake that was cut is an
/// input/output error and not this.
fn is_tls(error: &(dyn StdError + 'static)) -> bool {
    // What an input/output error wraps is not its source: `source()` skips over it.
    let wrapped = error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref);
    error.is::<rustls::Error>()
        || wrapped.is_some_and(|inner| is_tls(inner))
        || error.source().is_some_and(is_tls)
}

#[cfg(test)]
mod tests;

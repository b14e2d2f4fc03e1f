//! The real transport.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::TryStreamExt;
use http::Method;
use http::header::{CONTENT_LENGTH, HeaderValue};

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
    control: reqwest::Client,
    bulk: reqwest::Client,
}

/// How many idle connections to one host are kept: about as many as a copy has blobs in flight.
const IDLE_CONNECTIONS: usize = 32;

/// How long an idle connection is kept: below the 60 seconds after which common load balancers
/// close theirs, so that a request rarely meets a connection that is just being closed.
const IDLE: Duration = Duration::from_secs(50);

impl HttpClient {
    /// A client for these settings.
    ///
    /// # Errors
    ///
    /// They cannot work as they are written.
    pub(crate) fn new(settings: &HttpSettings) -> Result<Self, InvalidSettings> {
        let tls = tls::client_config(settings.ca_bundle.as_deref())?;
        let with_protocols = |protocols: &[&[u8]]| {
            let mut tls = tls.clone();
            tls.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
            tls
        };
        Ok(Self {
            control: build(settings, with_protocols(&[b"h2", b"http/1.1"]))?,
            bulk: build(settings, with_protocols(&[b"http/1.1"]))?,
        })
    }

    /// Without TLS there is no HTTP/2 and so no reason for two pools.
    fn lane(&self, request: &Request) -> &reqwest::Client {
        match request.lane {
            Lane::Control if request.url.scheme() == "https" => &self.control,
            Lane::Control | Lane::Bulk => &self.bulk,
        }
    }
}

fn build(
    settings: &HttpSettings,
    tls: rustls::ClientConfig,
) -> Result<reqwest::Client, InvalidSettings> {
    let user_agent = user_agent(settings.user_agent_suffix.as_deref())?;
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .user_agent(user_agent)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        // These do nothing today; they keep a decoder off that a dependency might switch on.
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        .connect_timeout(limits::CONNECT)
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(IDLE_CONNECTIONS)
        .http1_max_headers(limits::HEADERS)
        .http2_max_header_list_size(limits::HEADER_BYTES)
        .http2_adaptive_window(true)
        .tcp_nodelay(true)
        .no_proxy();
    for proxy in proxy::proxies(settings, |name| std::env::var(name).ok())? {
        builder = builder.proxy(proxy);
    }
    builder
        .build()
        .map_err(|error| InvalidSettings::Client(error.without_url().into()))
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
        let answer = client.execute(prepare(request)).await;
        let mut answer = answer.map_err(lower)?;
        Ok(Response {
            status: answer.status(),
            headers: std::mem::take(answer.headers_mut()),
            body: Incoming::new(answer.bytes_stream().map_err(|error| {
                TransportError::new(TransportErrorKind::Cut, error.without_url())
            })),
        })
    }
}

fn prepare(request: Request) -> reqwest::Request {
    let takes_body = !matches!(request.method, Method::GET | Method::HEAD | Method::DELETE);
    let mut prepared = reqwest::Request::new(request.method, request.url);
    *prepared.headers_mut() = request.headers;
    let (length, body) = match request.body {
        // Some registries answer 411 to a POST that does not say how little it carries.
        Body::Empty => (takes_body.then_some(0), None),
        Body::Whole(bytes) => (Some(bytes.len() as u64), Some(bytes.into())),
        // The length keeps hyper from chunked transfer coding, which ECR may refuse.
        Body::Stream { length, bytes } => (Some(length), Some(reqwest::Body::wrap_stream(bytes))),
    };
    *prepared.body_mut() = body;
    if let Some(length) = length {
        prepared
            .headers_mut()
            .insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    prepared
}

/// Strips the URL, which may be signed, and sorts the error.
fn lower(error: reqwest::Error) -> TransportError {
    let error = error.without_url();
    let kind = if is_tls(&error) {
        TransportErrorKind::Tls
    } else if error.is_connect() {
        TransportErrorKind::Connect
    } else if error.is_timeout() {
        TransportErrorKind::Timeout
    } else if error.is_builder() {
        TransportErrorKind::Invalid
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

//! Connections: to the other side itself, or through a proxy.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use http::Uri;
use http::uri::Scheme;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tower_service::Service;

use super::limits;

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Connecting<T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>;

/// Connects to where a URL leads, TLS included, in [`limits::CONNECT`].
#[derive(Clone, Debug)]
pub(super) struct Connector(HttpsConnector<Dialler>);

/// Reaches the other side of a URL, so that TLS with it can begin where the URL wants TLS.
#[derive(Clone, Debug)]
struct Dialler {
    direct: HttpConnector,
    /// To a proxy, which may want TLS of its own.
    to_proxy: HttpsConnector<HttpConnector>,
    proxies: Arc<Matcher>,
}

/// A connection as far as [`Dialler`] brings it.
#[derive(Debug)]
pub(super) struct Dialled {
    stream: MaybeHttpsStream<TokioIo<TcpStream>>,
    /// To a proxy that forwards requests, which must say then where they are bound for.
    is_forwarded: bool,
}

/// Connecting took too long.
#[derive(Debug, thiserror::Error)]
#[error("no connection within {} seconds", .0.as_secs())]
struct TooLong(Duration);

impl Connector {
    /// A connector with this configuration of TLS.
    pub(super) fn new(tls: ClientConfig, proxies: Arc<Matcher>) -> Self {
        let mut direct = HttpConnector::new();
        direct.enforce_http(false);
        direct.set_nodelay(true);
        direct.set_keepalive(Some(KEEP_ALIVE));
        let mut to_proxy = tls.clone();
        to_proxy.alpn_protocols.clear();
        let dialler = Dialler {
            to_proxy: HttpsConnector::from((direct.clone(), to_proxy)),
            direct,
            proxies,
        };
        Self(HttpsConnector::from((dialler, Arc::new(tls))))
    }
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<Dialled>;
    type Error = BoxError;
    type Future = Connecting<Self::Response>;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let connecting = self.0.call(target);
        Box::pin(async {
            match tokio::time::timeout(limits::CONNECT, connecting).await {
                Ok(connected) => connected,
                Err(_elapsed) => Err(TooLong(limits::CONNECT).into()),
            }
        })
    }
}

impl Service<Uri> for Dialler {
    type Response = Dialled;
    type Error = BoxError;
    type Future = Connecting<Dialled>;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let Some(proxy) = self.proxies.intercept(&target) else {
            let connecting = self.direct.call(target);
            return Box::pin(async {
                Ok(Dialled {
                    stream: MaybeHttpsStream::Http(connecting.await?),
                    is_forwarded: false,
                })
            });
        };
        if target.scheme() == Some(&Scheme::HTTPS) {
            let mut tunnel = Tunnel::new(proxy.uri().clone(), self.to_proxy.clone());
            if let Some(credential) = proxy.basic_auth() {
                tunnel = tunnel.with_auth(credential.clone());
            }
            return Box::pin(async move {
                Ok(Dialled {
                    stream: tunnel.call(target).await?,
                    is_forwarded: false,
                })
            });
        }
        let connecting = self.to_proxy.call(proxy.uri().clone());
        Box::pin(async {
            Ok(Dialled {
                stream: connecting.await?,
                is_forwarded: true,
            })
        })
    }
}

impl Connection for Dialled {
    fn connected(&self) -> Connected {
        self.stream.connected().proxy(self.is_forwarded)
    }
}

impl Read for Dialled {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl Write for Dialled {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bytes)
    }
}

/// How long an idle connection may be silent before the system asks whether it still exists.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

//! Where the host connects: a Unix socket, or loopback TCP where there are none.

use std::io;
#[cfg(any(not(unix), test))]
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context as Waker, Poll};
use std::time::Duration;

use futures_util::Stream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tonic::transport::server::Connected;

use crate::task::Context;

/// Where the host wants the plugin to listen.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// Folder for the socket; `None` means the one for temporary files.
    pub(super) directory: Option<PathBuf>,
    /// Group that may connect as well, by name or number.
    pub(super) group: Option<String>,
    /// Ports to choose from where there are no sockets.
    #[cfg(any(not(unix), test))]
    pub(super) ports: RangeInclusive<u16>,
}

/// What holds when no host asks for anything. The ports are those that hosts name.
impl Default for Place {
    fn default() -> Self {
        Self {
            directory: None,
            group: None,
            #[cfg(any(not(unix), test))]
            ports: 10_000..=25_000,
        }
    }
}

/// Where the plugin listens, in the words of the handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// `unix` or `tcp`.
    pub(super) network: &'static str,
    /// A path, or host and port.
    pub(super) text: String,
}

/// An open socket. Its file goes with it.
#[derive(Debug)]
pub(super) enum Listener {
    /// A Unix socket.
    #[cfg(unix)]
    Unix(tokio::net::UnixListener),
    /// Loopback TCP.
    #[cfg(any(not(unix), test))]
    Tcp(tokio::net::TcpListener),
}

impl Listener {
    async fn accept(&self) -> io::Result<Connection> {
        match self {
            #[cfg(unix)]
            Self::Unix(listener) => Ok(Connection::new(listener.accept().await?.0)),
            #[cfg(any(not(unix), test))]
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                Ok(Connection::new(stream))
            }
        }
    }

    /// The connections of clients that have proved who they are, in the order in which they did.
    /// A client that stalls holds up nobody else.
    pub(super) fn connections(
        self,
        tls: Option<TlsAcceptor>,
    ) -> impl Stream<Item = io::Result<Connection>> {
        let door = Door {
            listener: self,
            tls,
            greetings: JoinSet::new(),
        };
        futures_util::stream::unfold(door, |mut door| async {
            let connection = door.next().await;
            Some((Ok(connection), door))
        })
    }
}

struct Door {
    listener: Listener,
    tls: Option<TlsAcceptor>,
    greetings: JoinSet<io::Result<Connection>>,
}

impl Door {
    async fn next(&mut self) -> Connection {
        loop {
            tokio::select! {
                biased;
                Some(greeted) = self.greetings.join_next() => match greeted {
                    Ok(Ok(connection)) => return connection,
                    Ok(Err(error)) => tracing::warn!(%error, "a client was refused"),
                    Err(error) => tracing::warn!(%error, "a client was lost"),
                },
                accepted = self.listener.accept(), if self.greetings.len() < MAX_GREETINGS => {
                    match accepted {
                        Ok(connection) => {
                            self.greetings.spawn(greet(self.tls.clone(), connection));
                        }
                        Err(error) => {
                            tracing::warn!(%error, "no connection could be accepted");
                            Context::new().within(ACCEPT_PAUSE).stopped().await;
                        }
                    }
                }
            }
        }
    }
}

async fn greet(tls: Option<TlsAcceptor>, connection: Connection) -> io::Result<Connection> {
    let Some(tls) = tls else {
        return Ok(connection);
    };
    let greeted = Context::new()
        .within(GREETING)
        .run(tls.accept(connection))
        .await;
    greeted
        .map_err(|stopped| io::Error::new(io::ErrorKind::TimedOut, stopped))?
        .map(Connection::new)
}

/// One client.
pub(super) struct Connection(Box<dyn Duplex>);

trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

impl Connection {
    fn new(stream: impl Duplex + 'static) -> Self {
        Self(Box::new(stream))
    }
}

impl Connected for Connection {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Waker<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, into)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Waker<'_>,
        from: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, from)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Waker<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Waker<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Waker<'_>,
        from: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, from)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }
}

/// Clients that are proving who they are at the same time. The host is one; more are strangers.
const MAX_GREETINGS: usize = 32;

/// How long a client may take to prove who it is. Both ends are on this machine.
const GREETING: Duration = Duration::from_secs(10);

/// How long to wait after the system refused to hand out a connection, mostly for lack of file
/// descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

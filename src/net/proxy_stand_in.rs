//! A proxy on loopback: it forwards, it tunnels, and it notes what it was asked for.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// The proxy. Whatever host it is asked for, it leads to one server.
#[derive(Debug)]
pub(crate) struct ProxyStandIn {
    pub(crate) url: String,
    noted: Arc<Noted>,
    _server: JoinSet<()>,
}

#[derive(Debug, Default)]
struct Noted {
    requests: Mutex<Vec<String>>,
    passwords: Mutex<Vec<String>>,
}

impl ProxyStandIn {
    /// A proxy in front of this server.
    pub(crate) async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let noted = Arc::<Noted>::default();
        let mut accepting = JoinSet::new();
        let shared = Arc::clone(&noted);
        accepting.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let noted = Arc::clone(&shared);
                connections.spawn(async move {
                    // Whoever hangs up is heard of at the other end.
                    lead(stream, server, &noted).await.ok();
                });
            }
        });
        Self {
            url,
            noted,
            _server: accepting,
        }
    }

    /// Methods and targets of the requests since it was last asked.
    pub(crate) fn taken(&self) -> Vec<String> {
        std::mem::take(&mut locked(&self.noted.requests))
    }

    /// The credentials that it was shown.
    pub(crate) fn passwords(&self) -> Vec<String> {
        locked(&self.noted.passwords).clone()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn lead(stream: TcpStream, server: SocketAddr, noted: &Noted) -> std::io::Result<()> {
    let mut client = BufReader::new(stream);
    let mut first = String::new();
    client.read_line(&mut first).await?;
    let (request, version) = first.trim_end().rsplit_once(' ').unwrap_or_default();
    locked(&noted.requests).push(request.to_owned());
    let mut headers = String::new();
    loop {
        let mut line = String::new();
        client.read_line(&mut line).await?;
        if line.trim().is_empty() {
            break;
        }
        match line.split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("proxy-authorization") => {
                locked(&noted.passwords).push(value.trim().to_owned());
            }
            _ => headers.push_str(&line),
        }
    }
    let mut to_server = TcpStream::connect(server).await?;
    match request.split_once(' ') {
        Some(("CONNECT", _)) => client.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").await?,
        Some((method, target)) => {
            let path = target.splitn(4, '/').nth(3).unwrap_or_default();
            // One request for each connection, so that the next one is noted too.
            let head = format!("{method} /{path} {version}\r\nconnection: close\r\n{headers}\r\n");
            to_server.write_all(head.as_bytes()).await?;
        }
        None => return Ok(()),
    }
    tokio::io::copy_bidirectional(&mut client, &mut to_server).await?;
    Ok(())
}

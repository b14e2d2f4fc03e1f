//! The world beyond this machine: a proxy that writes down who was to be reached, and refuses.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// A proxy in front of everything that is not on this machine.
#[derive(Debug)]
pub(super) struct Outside {
    /// Its address.
    pub(super) url: String,
    asked: Arc<Mutex<BTreeSet<String>>>,
    _server: JoinSet<()>,
}

impl Outside {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::default());
        let mut server = JoinSet::new();
        let noting = Arc::clone(&asked);
        server.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(refuse(stream, Arc::clone(&noting)));
            }
        });
        Self {
            url,
            asked,
            _server: server,
        }
    }

    /// The hosts that were asked for.
    pub(super) fn asked(&self) -> BTreeSet<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// Reads the head of one request, and does nothing for it.
async fn refuse(stream: TcpStream, asked: Arc<Mutex<BTreeSet<String>>>) {
    let mut stream = BufReader::new(stream);
    let mut first = String::new();
    let mut line = String::new();
    while stream.read_line(&mut line).await.is_ok_and(|read| read > 0) && line != "\r\n" {
        if first.is_empty() {
            first.clone_from(&line);
        }
        line.clear();
    }
    let host = first.split(' ').nth(1).unwrap_or_default();
    asked.lock().unwrap().insert(host.to_owned());
    let refusal = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    // A client that has hung up needs no answer.
    stream.write_all(refusal).await.ok();
}

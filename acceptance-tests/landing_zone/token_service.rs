//! Stands in for the service that hands tokens to the jobs of GitHub Actions.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

const PASSWORD: &str = "of-this-job-only";

/// The service, until it is dropped.
#[derive(Debug)]
pub(super) struct TokenService {
    address: String,
    handed_out: Arc<AtomicUsize>,
    _server: JoinSet<()>,
}

impl TokenService {
    /// Hands out this token to whoever asks as a job is told to ask.
    pub(super) async fn start(token: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let handed_out = Arc::new(AtomicUsize::new(0));
        let (token, counter) = (token.to_owned(), Arc::clone(&handed_out));
        let mut server = JoinSet::new();
        server.spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                if answer(stream, &token).await {
                    counter.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        Self {
            address,
            handed_out,
            _server: server,
        }
    }

    /// What a job finds in `ACTIONS_ID_TOKEN_REQUEST_URL`.
    pub(super) fn url(&self) -> String {
        format!("http://{}/token?api-version=2.0", self.address)
    }

    /// What a job finds in `ACTIONS_ID_TOKEN_REQUEST_TOKEN`.
    pub(super) fn password() -> String {
        PASSWORD.to_owned()
    }

    /// How many tokens it has handed out.
    pub(super) fn handed_out(&self) -> usize {
        self.handed_out.load(Ordering::Relaxed)
    }
}

/// Answers one request; whether with a token.
async fn answer(mut stream: TcpStream, token: &str) -> bool {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await.unwrap());
    }
    let request = String::from_utf8(request).unwrap();
    let asks = request.starts_with("GET /token?api-version=2.0&audience=sts.amazonaws.com HTTP/");
    let may = format!("authorization: bearer {PASSWORD}\r\n");
    let is_good = asks && request.to_lowercase().contains(&may);
    let (status, body) = match is_good {
        true => ("200 OK", serde_json::json!({ "value": token }).to_string()),
        false => ("403 Forbidden", String::new()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n",
        body.len()
    );
    stream
        .write_all(format!("{head}\r\n{body}").as_bytes())
        .await
        .unwrap();
    is_good
}

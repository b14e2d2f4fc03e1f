//! A client for unit tests: follows nothing, retries nothing, and shows what really came.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, Request, StatusCode, Uri};
use http_body_util::BodyExt as _;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpSocket;

use crate::exchange::Body;
use crate::{Face, Sandbox};

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Whether the body ended as its headers promised.
    pub(crate) is_complete: bool,
}

/// The connection ended without an answer.
#[derive(Debug)]
pub(crate) struct NoAnswer;

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Status, and code of the first error of a registry's error document.
    pub(crate) fn refusal(&self) -> (u16, String) {
        let code = self.json()["errors"][0]["code"].as_str().map(str::to_owned);
        (self.status.as_u16(), code.unwrap_or_default())
    }

    pub(crate) fn message(&self) -> String {
        let message = self.json()["errors"][0]["message"]
            .as_str()
            .map(str::to_owned);
        message.unwrap_or_default()
    }
}

/// A request with this body to an address.
pub(crate) fn request(method: Method, url: &str, body: impl Into<Bytes>) -> Request<Body> {
    let body: Bytes = body.into();
    let request = Request::builder().method(method).uri(url);
    request
        .header("content-length", body.len())
        .body(body.into())
        .unwrap()
}

pub(crate) fn get(url: &str) -> Request<Body> {
    request(Method::GET, url, Bytes::new())
}

pub(crate) fn head(url: &str) -> Request<Body> {
    request(Method::HEAD, url, Bytes::new())
}

/// The same request with one more header.
pub(crate) fn with(mut request: Request<Body>, name: &'static str, value: &str) -> Request<Body> {
    request.headers_mut().insert(name, value.parse().unwrap());
    request
}

/// The same request with a bearer token.
pub(crate) fn bearer(request: Request<Body>, token: &str) -> Request<Body> {
    with(request, "authorization", &format!("Bearer {token}"))
}

/// The same request with a name and a password.
pub(crate) fn basic(request: Request<Body>, name: &str, password: &str) -> Request<Body> {
    let credentials = STANDARD.encode(format!("{name}:{password}"));
    with(request, "authorization", &format!("Basic {credentials}"))
}

/// Sends a request that is answered.
pub(crate) async fn send(request: Request<Body>) -> Answer {
    try_send(request).await.unwrap()
}

/// Sends a request on a connection of its own.
pub(crate) async fn try_send(request: Request<Body>) -> Result<Answer, NoAnswer> {
    send_from(Ipv4Addr::LOCALHOST.into(), request).await
}

/// The same from another address of this machine.
pub(crate) async fn send_from(from: IpAddr, request: Request<Body>) -> Result<Answer, NoAnswer> {
    let (mut parts, body) = request.into_parts();
    let authority = parts.uri.authority().unwrap().to_string();
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(from, 0)).unwrap();
    let stream = socket.connect(authority.parse().unwrap()).await.unwrap();
    let path = parts.uri.path_and_query().unwrap().to_string();
    parts.uri = path.parse::<Uri>().unwrap();
    if !parts.headers.contains_key("host") {
        parts.headers.insert("host", authority.parse().unwrap());
    }
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .unwrap();
    let exchange = async move {
        let answered = sender.send_request(Request::from_parts(parts, body)).await;
        let (parts, mut incoming) = answered.map_err(|_| NoAnswer)?.into_parts();
        let (mut body, mut is_complete) = (BytesMut::new(), true);
        while let Some(frame) = incoming.frame().await {
            match frame {
                Ok(frame) => body.extend_from_slice(&frame.into_data().unwrap_or_default()),
                Err(_) => {
                    is_complete = false;
                    break;
                }
            }
        }
        Ok(Answer {
            status: parts.status,
            headers: parts.headers,
            body: body.freeze(),
            is_complete,
        })
    };
    // How the connection ends shows in the answer.
    let (answer, _) = tokio::join!(exchange, connection);
    answer
}

impl Sandbox {
    /// A token of Docker Hub for pulling from a repository.
    pub(crate) async fn hub_token(&self, repository: &str, user: Option<(&str, &str)>) -> String {
        let request = get(&self.hub_token_url(repository));
        let request = match user {
            Some((name, password)) => basic(request, name, password),
            None => request,
        };
        let answer = send(request).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        answer.json()["token"].as_str().unwrap().to_owned()
    }

    pub(crate) fn hub_token_url(&self, repository: &str) -> String {
        format!(
            "{}/token?service=registry.docker.io&scope=repository:{repository}:pull",
            self.url(Face::HubAuth)
        )
    }
}

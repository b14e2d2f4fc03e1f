//! Loopback listeners, and what happens to every request around its handler.
//!
//! A handler is an async function from request to response. Journal and faults are applied here, so
//! no handler knows of them.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::exchange::{Body, With as _, empty, header_text, respond};
use crate::face::Face;
use crate::fault::{Armed, Diverted, Effect, Shape, Subject, TokenExpired, shaped};
use crate::journal::{Notes, Progress};
use crate::world::World;
use crate::{api, cdn, hub, registry, sts};

/// AWS requests up to this size are read before faults are matched, so that faults can look inside.
const LOOK_INSIDE_BYTES: u64 = 64 * 1024;
/// The largest AWS request: a part of 20 971 520 bytes in base64, and its envelope.
const AWS_REQUEST_BYTES: usize = 28 * 1024 * 1024;
/// So many AWS requests beyond [`LOOK_INSIDE_BYTES`] are held in memory at once; others wait.
pub(crate) const LARGE_REQUESTS: usize = 16;
/// How long a stopping sandbox waits for answers in progress.
const GRACE: Duration = Duration::from_secs(1);

/// The address a request came from, in its extensions.
#[derive(Debug, Clone, Copy)]
struct Peer(SocketAddr);

/// The address a request came from; this machine's when it came from no connection.
pub(crate) fn address(parts: &Parts) -> IpAddr {
    let peer = parts.extensions.get::<Peer>();
    peer.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |peer| peer.0.ip())
}

/// The connection is to end without an answer.
#[derive(Debug, thiserror::Error)]
#[error("cut by a fault")]
struct Cut;

/// Opens the port, or any port when there is none given.
pub(crate) async fn bind(port: Option<u16>) -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port.unwrap_or(0))).await
}

/// Serves one face until stopped. Connections end with it.
pub(crate) async fn serve(
    world: Arc<World>,
    face: Face,
    listener: TcpListener,
    stop: CancellationToken,
) {
    let mut connections = JoinSet::new();
    let graceful = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        // An accept fails for its connection only: reset, or out of descriptors for a moment.
        let Ok((stream, peer)) = accepted else {
            continue;
        };
        stream.set_nodelay(true).ok();
        let world = Arc::clone(&world);
        let service = service_fn(move |request| serve_one(Arc::clone(&world), face, peer, request));
        let builder = auto::Builder::new(TokioExecutor::new());
        let connection = builder
            .serve_connection(TokioIo::new(stream), service)
            .into_owned();
        connections.spawn(graceful.watch(connection));
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    tokio::time::timeout(GRACE, graceful.shutdown()).await.ok();
    connections.shutdown().await;
}

async fn serve_one(
    world: Arc<World>,
    face: Face,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Result<Response<Body>, Cut> {
    let (mut parts, body) = request.into_parts();
    parts.extensions.insert(Peer(peer));
    let (body, seen) = look_inside(face, &parts, body.into())
        .await
        .map_err(|_| Cut)?;
    let operation = operation(&parts, &seen);
    let notes = world.journal.begin(face, &parts, operation.clone());
    parts.extensions.insert(notes.clone());
    if face == Face::Sts {
        notes.update(|entry| entry.parameters = parameters(&seen));
    }
    let inside = String::from_utf8_lossy(&seen);
    let inside = form_decoded(face, &inside);
    let fault = world.faults.strike(&Subject {
        face,
        method: parts.method.as_str(),
        path: parts.uri.path(),
        operation: operation.as_deref(),
        body: &inside,
    });
    let is_head = parts.method == Method::HEAD;
    let answered = struck(&world, face, parts, body, fault.as_deref(), &notes).await;
    let Ok(response) = answered else {
        notes.update(|entry| entry.progress = Progress::Broken);
        return Err(Cut);
    };
    notes.update(|entry| {
        entry.status = Some(response.status().as_u16());
        entry.progress = Progress::Answering;
    });
    Ok(response.map(|body| {
        let body = match fault.as_deref().map(|armed| (armed, armed.effect())) {
            Some((_, Effect::CutResponse { after_bytes })) => {
                shaped(body, Shape::Cut(*after_bytes))
            }
            Some((armed, Effect::Stall { after_bytes })) => {
                shaped(body, Shape::Stall(*after_bytes, armed.gate()))
            }
            Some((_, Effect::WrongByte { at })) => shaped(body, Shape::Wrong(*at)),
            _ => body,
        };
        Body::wrapping(Sent {
            body,
            notes,
            bytes: 0,
            is_complete: is_head,
        })
    }))
}

/// Lets the handler answer, with what the fault does before and instead.
async fn struck(
    world: &World,
    face: Face,
    mut parts: Parts,
    mut body: Body,
    fault: Option<&Armed>,
    notes: &Notes,
) -> Result<Response<Body>, Cut> {
    let mut is_lost = false;
    match fault.map(|armed| (armed, armed.effect())) {
        Some((
            _,
            Effect::Answer {
                status,
                headers,
                body: text,
            },
        )) => {
            drain(body).await;
            return Ok(canned(*status, headers, text));
        }
        Some((armed, Effect::Delay { milliseconds })) => {
            let delay = Duration::from_millis(*milliseconds);
            // Released or over: either way the request goes on.
            tokio::time::timeout(delay, armed.opened()).await.ok();
        }
        Some((armed, Effect::Hold)) => armed.opened().await,
        Some((_, Effect::CutRequest { after_bytes: 0 })) => return Err(Cut),
        Some((_, Effect::CutRequest { after_bytes })) => {
            body = shaped(body, Shape::Cut(*after_bytes));
        }
        Some((_, Effect::ExpireToken)) => {
            parts.extensions.insert(TokenExpired);
        }
        Some((_, Effect::SessionOf { role_arn })) => {
            parts.extensions.insert(Diverted(role_arn.clone()));
        }
        Some((_, Effect::LoseAnswer)) => is_lost = true,
        _ => {}
    }
    let is_broken = Arc::new(AtomicBool::new(false));
    let received = Received {
        body,
        notes: notes.clone(),
        is_broken: Arc::clone(&is_broken),
    };
    let request = Request::from_parts(parts, Body::wrapping(received));
    let response = dispatch(world, face, request).await;
    if is_lost || is_broken.load(Ordering::SeqCst) {
        Err(Cut)
    } else {
        Ok(response)
    }
}

async fn dispatch(world: &World, face: Face, request: Request<Body>) -> Response<Body> {
    match face {
        Face::Hub => hub::registry(world, &world.hub, face, request).await,
        Face::HubAuth => hub::token(world, &world.hub, request).await,
        Face::Generic => hub::registry(world, &world.generic, face, request).await,
        Face::HubCdn | Face::RegistryCdn => cdn::answer(world, face, request).await,
        Face::Registry => registry::answer(world, request).await,
        Face::Sts | Face::Api => aws(world, face, request).await,
    }
}

/// The AWS faces take whole requests: a signature covers the body.
async fn aws(world: &World, face: Face, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let is_small = declared_length(&parts).is_some_and(|length| length <= LOOK_INSIDE_BYTES);
    let turn = async {
        // The semaphore is never closed.
        world.large_requests.acquire().await.ok()
    };
    let _turn = if is_small { None } else { turn.await };
    let Ok(bytes) = body.collect(AWS_REQUEST_BYTES).await else {
        return empty(StatusCode::PAYLOAD_TOO_LARGE);
    };
    let request = Request::from_parts(parts, bytes);
    match face {
        Face::Sts => sts::answer(&world.accounts, request).map(full),
        _ => api::answer(world, request).await.map(full),
    }
}

fn full(body: http_body_util::Full<Bytes>) -> Body {
    Body::wrapping(body.map_err(|never| match never {}))
}

/// Reads a small AWS request, and hands back what was read beside an equal body.
async fn look_inside(face: Face, parts: &Parts, body: Body) -> io::Result<(Body, Bytes)> {
    let is_small = declared_length(parts).is_some_and(|length| length <= LOOK_INSIDE_BYTES);
    if !is_small || !matches!(face, Face::Sts | Face::Api) {
        return Ok((body, Bytes::new()));
    }
    let seen = body
        .collect(AWS_REQUEST_BYTES)
        .await
        .map_err(io::Error::other)?;
    Ok((Body::from(seen.clone()), seen))
}

fn declared_length(parts: &Parts) -> Option<u64> {
    header_text(&parts.headers, CONTENT_LENGTH.as_str())?
        .parse()
        .ok()
}

/// The operation of an AWS request: a header in the JSON protocol, a field in the Query protocol.
fn operation(parts: &Parts, body: &[u8]) -> Option<String> {
    if let Some(target) = header_text(&parts.headers, "x-amz-target") {
        return target.rsplit('.').next().map(str::to_owned);
    }
    let mut pairs = url::form_urlencoded::parse(body);
    pairs
        .find(|(name, _)| name == "Action")
        .map(|(_, value)| value.into_owned())
}

/// What a form says, without what would let somebody else sign in.
fn parameters(form: &[u8]) -> std::collections::BTreeMap<String, String> {
    let pairs = url::form_urlencoded::parse(form).into_owned();
    pairs
        .filter(|(name, _)| !matches!(name.as_str(), "WebIdentityToken" | "TokenCode"))
        .collect()
}

/// `name=value` lines in place of a form, so that a fault can name a role by its ARN.
fn form_decoded(face: Face, body: &str) -> String {
    if face != Face::Sts {
        return body.to_owned();
    }
    let pairs = url::form_urlencoded::parse(body.as_bytes());
    pairs
        .map(|(name, value)| format!("{name}={value}\n"))
        .collect()
}

fn canned(
    status: u16,
    headers: &std::collections::BTreeMap<String, String>,
    text: &str,
) -> Response<Body> {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let response = respond(status, Bytes::from(text.to_owned()));
    headers.iter().fold(
        response,
        |response, (name, value)| match http::HeaderName::from_bytes(name.as_bytes()) {
            Ok(name) => response.with(name, value),
            Err(_) => response,
        },
    )
}

/// Reads what is still coming, so that the client gets to see the answer.
async fn drain(mut body: Body) {
    while let Some(Ok(_)) = body.frame().await {}
}

/// A request body that is counted and whose breaking is noticed.
#[derive(Debug)]
struct Received {
    body: Body,
    notes: Notes,
    is_broken: Arc<AtomicBool>,
}

impl http_body::Body for Received {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let frame = std::task::ready!(Pin::new(&mut self.body).poll_frame(cx));
        match &frame {
            Some(Ok(frame)) => {
                let length = frame.data_ref().map_or(0, Bytes::len) as u64;
                self.notes.update(|entry| entry.bytes_in += length);
            }
            Some(Err(_)) => self.is_broken.store(true, Ordering::SeqCst),
            None => {}
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}

/// A response body that is counted; its end is noted when the connection lets go of it.
#[derive(Debug)]
struct Sent {
    body: Body,
    notes: Notes,
    bytes: u64,
    is_complete: bool,
}

impl http_body::Body for Sent {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let frame = std::task::ready!(Pin::new(&mut self.body).poll_frame(cx));
        match &frame {
            Some(Ok(frame)) => self.bytes += frame.data_ref().map_or(0, Bytes::len) as u64,
            Some(Err(_)) => {}
            None => self.is_complete = true,
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        let is_complete = self.is_complete || http_body::Body::is_end_stream(&self.body);
        let bytes = self.bytes;
        self.notes.update(|entry| {
            entry.bytes_out = bytes;
            entry.progress = if is_complete {
                Progress::Answered
            } else {
                Progress::Broken
            };
        });
    }
}

#[cfg(test)]
mod tests;

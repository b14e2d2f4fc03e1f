//! Requests and responses as every face sees them.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _, stream};
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use http_body::{Frame, SizeHint};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::Incoming;
use serde::Serialize;
use tokio::io::AsyncReadExt as _;

use crate::blob::{Blob, Reader};

/// The body of a request or response, in memory or streamed.
#[derive(Debug)]
pub(crate) struct Body(BoxBody<Bytes, io::Error>);

/// Why a request body could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("the body is longer than {0} bytes")]
    TooLarge(usize),
    #[error("the body broke off")]
    Broken,
}

impl Body {
    pub(crate) fn empty() -> Self {
        Self::from(Bytes::new())
    }

    /// A body of known length that is read while it is sent.
    pub(crate) async fn of_blob(blob: &Blob, start: u64, length: u64) -> io::Result<Self> {
        Ok(match blob.reader(start, length).await? {
            Reader::Memory(bytes) => Self::from(bytes),
            Reader::File { file, left } => {
                let pieces = stream::try_unfold((file, left), |(mut file, left)| async move {
                    const PIECE: u64 = 64 * 1024;
                    let want = usize::try_from(left.min(PIECE)).unwrap_or(0);
                    let mut piece = BytesMut::zeroed(want);
                    let got = file.read(&mut piece).await?;
                    piece.truncate(got);
                    let next = (file, left - got as u64);
                    Ok::<_, io::Error>((got > 0).then(|| (Frame::data(piece.freeze()), next)))
                });
                Self(BodyExt::boxed(StreamBody::new(pieces)))
            }
        })
    }

    pub(crate) fn wrapping(
        body: impl http_body::Body<Data = Bytes, Error = io::Error> + Send + Sync + 'static,
    ) -> Self {
        Self(body.boxed())
    }

    /// All bytes, as long as there are no more than `most`.
    pub(crate) async fn collect(self, most: usize) -> Result<Bytes, Unreadable> {
        match Limited::new(self.0, most).collect().await {
            Ok(all) => Ok(all.to_bytes()),
            Err(error) if error.is::<http_body_util::LengthLimitError>() => {
                Err(Unreadable::TooLarge(most))
            }
            Err(_) => Err(Unreadable::Broken),
        }
    }

    /// The pieces as they arrive.
    pub(crate) fn pieces(self) -> impl Stream<Item = io::Result<Bytes>> + Send {
        self.0.into_data_stream().map(|piece| piece)
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self(Full::new(bytes).map_err(|never| match never {}).boxed())
    }
}

impl From<Incoming> for Body {
    fn from(incoming: Incoming) -> Self {
        Self(incoming.map_err(io::Error::other).boxed())
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        Pin::new(&mut self.0).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

/// A response without a body.
pub(crate) fn empty(status: StatusCode) -> Response<Body> {
    respond(status, Body::empty())
}

/// A response with this body and no headers of its own.
pub(crate) fn respond(status: StatusCode, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response
}

/// A response with a text.
pub(crate) fn text(status: StatusCode, text: impl Into<String>) -> Response<Body> {
    let text: String = text.into();
    respond(status, Bytes::from(text)).with(header::CONTENT_TYPE, "text/plain; charset=utf-8")
}

/// A response with a JSON document.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response<Body> {
    // The documents of this crate are maps with text keys, which always serialise.
    let bytes = serde_json::to_vec(value).unwrap_or_default();
    respond(status, Bytes::from(bytes)).with(header::CONTENT_TYPE, "application/json")
}

/// Adding headers in passing.
pub(crate) trait With: Sized {
    /// Sets a header; a value that is no header value is left out.
    fn with(self, name: impl header::IntoHeaderName, value: impl AsRef<str>) -> Self;
}

impl With for Response<Body> {
    fn with(mut self, name: impl header::IntoHeaderName, value: impl AsRef<str>) -> Self {
        if let Ok(value) = HeaderValue::from_str(value.as_ref()) {
            self.headers_mut().insert(name, value);
        }
        self
    }
}

/// The value of a header as text, if it is there and is text.
pub(crate) fn header_text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// The first value of a query parameter, decoded.
pub(crate) fn query_value(query: Option<&str>, name: &str) -> Option<String> {
    let mut pairs = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    pairs
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

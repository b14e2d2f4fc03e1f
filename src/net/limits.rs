//! Named limits on what strangers send, and reads that keep to them.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;

use super::transport::{Incoming, TransportError, TransportErrorKind};
use crate::task::monotonic;

/// The largest manifest, in bytes. OCI Distribution Specification 1.1, *Pushing Manifests*:
/// registries should accept at least this much; ECR Public accepts no more.
pub(crate) const MANIFEST_BYTES: u64 = 4 * 1024 * 1024;

/// How many pages a list of referrers may have. Registries put hundreds on one, and with what a
/// page may hold this is far more than anybody attaches to an image.
pub(crate) const REFERRER_PAGES: usize = 32;

/// How large all pages of a list of referrers may be together, in bytes.
pub(crate) const REFERRERS_BYTES: u64 = MANIFEST_BYTES;

/// The largest answer of a token service, in bytes. Real ones stay below 8 KiB; an ECR login is
/// about 2 KiB.
pub(crate) const TOKEN_BYTES: u64 = 64 * 1024;

/// One page of a list of tags, in bytes. A thousand of the longest tags fit; registries that give all
/// tags at once stay below it with the largest repositories.
pub(crate) const TAG_PAGE_BYTES: u64 = 8 * 1024 * 1024;

/// How much of an error body is read, in bytes. The rest is dropped with the connection.
pub(crate) const ERROR_BODY_BYTES: u64 = 64 * 1024;

/// How many headers an answer may have over HTTP/1.1; what hyper allows by default, stated here
/// because we rely on it.
pub(crate) const HEADERS: usize = 100;

/// The largest header section over HTTP/2, in bytes.
pub(crate) const HEADER_BYTES: u32 = 64 * 1024;

/// How many redirects are followed for one request.
pub(crate) const REDIRECTS: usize = 10;

/// How long a connection may take to be ready, TLS included.
pub(crate) const CONNECT: Duration = Duration::from_secs(10);

/// How long the head of an answer may take once a small request is out. Registries ask their
/// storage in this time.
pub(crate) const ANSWER: Duration = Duration::from_secs(60);

/// How long the answer to a whole upload may take: the registry hashes and moves the blob now.
pub(crate) const COMMIT_ANSWER: Duration = Duration::from_secs(300);

/// How long a body of an upload may stand still at the wire. Longer than [`STALL`], because half
/// a megabyte is buffered below us and a slow line needs time to take it.
pub(crate) const SEND_STALL: Duration = Duration::from_secs(120);

/// How long the body of an answer may pause.
pub(crate) const STALL: Duration = Duration::from_secs(30);

/// The least that the body of a blob must bring in [`STALL`] of waiting, in bytes. A byte now and
/// then would otherwise keep a connection, and the permit of whoever reads it, for ever.
pub(crate) const TRICKLE: u64 = 16 * 1024;

/// How long a body that is held in memory may take as a whole. The largest is a manifest.
pub(crate) const HELD_BODY: Duration = Duration::from_secs(120);

/// How long giving up an upload may take.
pub(crate) const CANCEL: Duration = Duration::from_secs(2);

/// A body could not be read to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    /// Longer than allowed.
    #[error("it is longer than {0} bytes")]
    TooLong(u64),
    /// Cut or stalled.
    #[error(transparent)]
    Transport(#[from] TransportError),
}

/// Reads a body of at most `limit` bytes; one more is an error. Each chunk must come within
/// [`STALL`], all of them within [`HELD_BODY`].
pub(crate) async fn read_at_most(body: Incoming, limit: u64) -> Result<Bytes, ReadError> {
    let (bytes, is_whole) = read_up_to(body, limit).await?;
    if is_whole {
        Ok(bytes)
    } else {
        Err(ReadError::TooLong(limit))
    }
}

/// Reads at most `limit` bytes and says whether that was all.
pub(crate) async fn read_up_to(
    mut body: Incoming,
    limit: u64,
) -> Result<(Bytes, bool), TransportError> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut first: Option<Bytes> = None;
    let mut rest = BytesMut::new();
    let mut length = 0;
    let end = monotonic() + HELD_BODY;
    while let Some(chunk) = tokio::time::timeout_at(end.min(monotonic() + STALL), body.next())
        .await
        .map_err(|_elapsed| TransportErrorKind::Stalled)?
    {
        let mut chunk = chunk?;
        let is_over = chunk.len() > limit - length;
        chunk.truncate(limit - length);
        length += chunk.len();
        // A body of one chunk is handed on without a copy.
        match &first {
            None => first = Some(chunk),
            Some(_) => rest.extend_from_slice(&chunk),
        }
        if is_over {
            return Ok((joined(first, rest), false));
        }
    }
    Ok((joined(first, rest), true))
}

fn joined(first: Option<Bytes>, rest: BytesMut) -> Bytes {
    match first {
        None => Bytes::new(),
        Some(first) if rest.is_empty() => first,
        Some(first) => {
            let mut whole = BytesMut::with_capacity(first.len() + rest.len());
            whole.extend_from_slice(&first);
            whole.extend_from_slice(&rest);
            whole.freeze()
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    fn body(chunks: &[&'static str]) -> Incoming {
        let chunks: Vec<_> = chunks
            .iter()
            .map(|chunk| Ok(Bytes::from_static(chunk.as_bytes())))
            .collect();
        Incoming::new(stream::iter(chunks))
    }

    #[tokio::test]
    async fn a_body_of_exactly_the_limit_is_read() {
        let bytes = read_at_most(body(&["abc", "", "de"]), 5).await.unwrap();
        assert_eq!(bytes, "abcde");
    }

    #[tokio::test]
    async fn one_byte_more_than_the_limit_is_refused() {
        let error = read_at_most(body(&["abc", "def"]), 5).await.unwrap_err();
        assert!(matches!(error, ReadError::TooLong(5)), "{error:?}");
    }

    #[tokio::test]
    async fn an_endless_body_is_left_at_the_limit() {
        let endless = Incoming::new(stream::repeat_with(|| Ok(Bytes::from_static(b"12345678"))));
        let (bytes, is_whole) = read_up_to(endless, 20).await.unwrap();
        assert_eq!(bytes, "12345678123456781234");
        assert!(!is_whole);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stalls_is_given_up() {
        let stalled =
            Incoming::new(stream::iter([Ok(Bytes::from_static(b"x"))]).chain(stream::pending()));
        let started = monotonic();
        let error = read_up_to(stalled, 20).await.unwrap_err();
        assert_eq!(error.kind, TransportErrorKind::Stalled);
        assert_eq!(started.elapsed(), STALL);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_trickles_is_given_up() {
        let trickle = stream::unfold((), |()| async {
            let paused = crate::task::Context::new().pause(STALL / 2).await;
            paused.unwrap();
            Some((Ok(Bytes::from_static(b"x")), ()))
        });
        let started = monotonic();
        let error = read_up_to(Incoming::new(trickle), 1_000).await.unwrap_err();
        assert_eq!(error.kind, TransportErrorKind::Stalled);
        assert_eq!(started.elapsed(), HELD_BODY);
    }
}

//! The bytes of a blob as they come from a store: resumed when cut, hashed on the way, and never
//! complete unless they are right.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _, stream};

use crate::content::{ByteStream, Destination, Error, ErrorKind, Source};
use crate::oci::{Descriptor, Digest, Hasher};
use crate::task::Context;

/// Where the bytes of a blob come from.
#[derive(Clone)]
pub(super) enum Origin {
    /// Where the job says.
    Source(Arc<dyn Source>),
    /// A destination that has it already.
    Copy(Arc<dyn Destination>),
    /// Nowhere: they are known.
    Known(Bytes),
}

/// Reads one blob.
///
/// The last chunk is withheld until size and digest of the whole are known to be right, so whoever
/// consumes the stream cannot complete a wrong blob. A cut or stalled transfer is taken up where
/// it ended. No chunk of the store's stream is held but that one.
pub(super) struct Reader {
    cx: Context,
    origin: Origin,
    blob: Descriptor,
    stream: Option<ByteStream>,
    received: u64,
    /// `None` once the digest was found right.
    hasher: Option<Hasher>,
    held: Option<Bytes>,
    patience: Patience,
}

/// Why a reader gave up. Its stream tells the consumer only the kind.
#[derive(Clone, Debug, Default)]
pub(super) struct Verdict(Arc<Mutex<Option<Error>>>);

/// Failures since the last progress.
#[derive(Debug, Default)]
struct Patience {
    failures: u32,
    /// The offset that the failures are counted from.
    since: u64,
}

/// How a transfer broke without an error of the store.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("no byte arrived for {} seconds", .0.as_secs())]
    Stalled(Duration),
    #[error("the transfer ended after {received} of {size} bytes")]
    EndedEarly { received: u64, size: u64 },
    #[error("the source sends more than the announced {size} bytes")]
    Longer { size: u64 },
    #[error("the source sends bytes with the digest {found}")]
    Differs { found: String },
}

impl Reader {
    /// A reader at the start of a blob; nothing is asked for yet.
    pub(super) fn new(cx: Context, origin: Origin, blob: Descriptor) -> Self {
        Self {
            hasher: Some(blob.digest.hasher()),
            cx,
            origin,
            blob,
            stream: None,
            received: 0,
            held: None,
            patience: Patience::default(),
        }
    }

    /// Asks for the first byte. A blob without bytes is checked at once.
    ///
    /// # Errors
    ///
    /// The blob cannot be opened, or was interrupted too often.
    pub(super) async fn start(&mut self) -> Result<(), Error> {
        if self.blob.size == 0 {
            return self.finish().map(drop);
        }
        loop {
            match self.open().await {
                Ok(stream) => {
                    self.stream = Some(stream);
                    return Ok(());
                }
                Err(error) => self.bear(error).await?,
            }
        }
    }

    /// The bytes as a stream; `verdict` gets the error that ends it, if one does.
    pub(super) fn into_stream(self, verdict: Verdict) -> ByteStream {
        Box::pin(stream::try_unfold(
            (self, verdict),
            |(mut reader, verdict)| async {
                match reader.next().await {
                    Ok(chunk) => Ok(chunk.map(|chunk| (chunk, (reader, verdict)))),
                    Err(error) => {
                        let kind = error.kind().clone();
                        verdict.set(error);
                        Err(kind.into())
                    }
                }
            },
        ))
    }

    /// The next bytes that may be passed on; `None` after the last.
    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        while self.received < self.blob.size {
            let chunk = self.receive().await?;
            if self.received < self.blob.size {
                return Ok(Some(chunk));
            }
            self.held = Some(chunk);
        }
        self.finish()
    }

    /// Releases the last chunk if everything is right.
    fn finish(&mut self) -> Result<Option<Bytes>, Error> {
        let Some(hasher) = self.hasher.take() else {
            return Ok(None);
        };
        // Lets the store see the end of its answer if it is there already, so that it can keep the
        // connection. Whatever else comes is of no interest: size and digest decide.
        let trailing = self.stream.take();
        let _end = trailing.and_then(|mut stream| stream.next().now_or_never());
        let found = hasher.finish();
        if found == self.blob.digest {
            return Ok(self.held.take());
        }
        let differs = Broken::Differs {
            found: found.to_string(),
        };
        let expected = self.blob.digest.clone();
        Err(Error::new(ErrorKind::WrongDigest { expected }, differs))
    }

    /// At least one more byte, hashed.
    async fn receive(&mut self) -> Result<Bytes, Error> {
        loop {
            let error = match self.attempt().await {
                Ok(chunk) if chunk.is_empty() => continue,
                Ok(chunk) => return self.accept(chunk),
                Err(error) => error,
            };
            self.bear(error).await?;
        }
    }

    async fn attempt(&mut self) -> Result<Bytes, Error> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => self.open().await?,
        };
        let chunk = self.next_of(&mut stream).await?;
        self.stream = Some(stream);
        Ok(chunk)
    }

    async fn next_of(&mut self, stream: &mut ByteStream) -> Result<Bytes, Error> {
        // What is there already is waited for by nobody.
        self.cx.check()?;
        let mut next = stream.next();
        let chunk = match (&mut next).now_or_never() {
            Some(chunk) => Ok(chunk),
            None => {
                let _waits = self.cx.waits_for(Awaited {
                    digest: self.blob.digest.clone(),
                    origin: self.origin.clone(),
                });
                self.cx.run(tokio::time::timeout(STALL, next)).await?
            }
        };
        let (received, size) = (self.received, self.blob.size);
        match chunk {
            Ok(Some(chunk)) => chunk,
            Ok(None) => Err(interrupted(Broken::EndedEarly { received, size })),
            Err(_elapsed) => Err(interrupted(Broken::Stalled(STALL))),
        }
    }

    async fn open(&mut self) -> Result<ByteStream, Error> {
        let opening = self.origin.open_blob(&self.cx, &self.blob, self.received);
        self.cx.run(opening).await?
    }

    fn accept(&mut self, chunk: Bytes) -> Result<Bytes, Error> {
        let size = self.blob.size;
        let received = self.received.saturating_add(chunk.len() as u64);
        if received > size {
            let longer = Broken::Longer { size };
            return Err(Error::new(ErrorKind::WrongSize { expected: size }, longer));
        }
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&chunk);
        }
        self.received = received;
        self.cx.note_step();
        Ok(chunk)
    }

    /// Waits before another try, if another try makes sense.
    async fn bear(&mut self, error: Error) -> Result<(), Error> {
        if *error.kind() != ErrorKind::Interrupted {
            return Err(error);
        }
        let Some(delay) = self.patience.failed_at(self.received) else {
            return Err(error);
        };
        tracing::debug!(
            digest = %self.blob.digest,
            bytes = self.received,
            attempt = self.patience.failures,
            "blob transfer interrupted, resuming"
        );
        self.cx.pause(delay).await?;
        self.cx.note_retry();
        Ok(())
    }
}

/// What a reader waits for.
struct Awaited {
    digest: Digest,
    origin: Origin,
}

impl fmt::Display for Awaited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let repository = match &self.origin {
            Origin::Source(source) => source.repository(),
            Origin::Copy(copy) => copy.repository(),
            Origin::Known(_) => return write!(f, "bytes of {}", self.digest),
        };
        write!(f, "bytes of {} from `{repository}`", self.digest)
    }
}

impl Origin {
    async fn open_blob(
        &self,
        cx: &Context,
        blob: &Descriptor,
        offset: u64,
    ) -> Result<ByteStream, Error> {
        match self {
            Self::Source(source) => source.open_blob(cx, blob, offset).await,
            Self::Copy(copy) => copy.read_back(cx, blob, offset).await,
            Self::Known(bytes) => {
                let offset = usize::try_from(offset).unwrap_or(usize::MAX);
                let rest = bytes.slice(offset.min(bytes.len())..);
                Ok(Box::pin(stream::iter([Ok(rest)])))
            }
        }
    }
}

impl Patience {
    /// How long to wait after a failure at this offset; `None` when it was one too many.
    fn failed_at(&mut self, offset: u64) -> Option<Duration> {
        if offset.saturating_sub(self.since) >= PROGRESS_BYTES {
            self.failures = 0;
            self.since = offset;
        }
        self.failures += 1;
        (self.failures < FAILURES).then(|| backoff(self.failures))
    }
}

/// Doubles from [`FIRST_DELAY`], the upper half of it random, so that many copies which fail
/// together do not come back together.
pub(super) fn backoff(failures: u32) -> Duration {
    let full = FIRST_DELAY * 2_u32.saturating_pow(failures.saturating_sub(1).min(6));
    full / 2 + (full / 2).mul_f64(fastrand::f64())
}

impl Verdict {
    fn set(&self, error: Error) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }

    /// The error that ended the stream, if one did.
    pub(super) fn take(&self) -> Option<Error> {
        let mut error = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        error.take()
    }
}

fn interrupted(broken: Broken) -> Error {
    Error::new(ErrorKind::Interrupted, broken)
}

/// Without a byte for so long, a connection counts as dead.
const STALL: Duration = Duration::from_secs(30);

/// So many failures without progress end a transfer.
const FAILURES: u32 = 5;

/// Fewer bytes than this between two failures are no progress: a source that gives one byte per
/// request would keep us busy for ever.
const PROGRESS_BYTES: u64 = 64 << 10;

/// The wait after the first failure. Five failures take at most 8 seconds.
const FIRST_DELAY: Duration = Duration::from_millis(500);

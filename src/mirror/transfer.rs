//! Moving blobs: each once per destination, each read once from a source, each verified before it is
//! committed.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;

use super::error::{Error, Side, Step};
use super::passed::Passed;
use super::places::{Choice, Reading, Waiting};
use super::run::{Run, flat};
use super::shared::{Permit, Place, is_big};
use super::verified::{Origin, Reader, Verdict, backoff};
use crate::content::{self, ByteStream, ErrorKind, Mounted, Upload};
use crate::oci::Descriptor;
use crate::task::{Context, Ticket};

/// The largest first, and small ones in between, so that neither waits for all of the other: a big
/// one, a small one, a big one; each kind by size, largest first.
pub(super) fn in_turns(mut blobs: Vec<Descriptor>) -> impl Iterator<Item = Descriptor> {
    blobs.sort_by(|a, b| (b.size, &b.digest).cmp(&(a.size, &a.digest)));
    let (big, small): (VecDeque<_>, VecDeque<_>) =
        blobs.into_iter().partition(|blob| is_big(blob.size));
    let mut next = (big, small);
    std::iter::from_fn(move || {
        let blob = next.0.pop_front().or_else(|| next.1.pop_front());
        next = (std::mem::take(&mut next.1), std::mem::take(&mut next.0));
        blob
    })
}

/// Brings one blob to the destination, unless another copy does so at this moment: then this one
/// waits without a permit, and takes over if the other one fails.
///
/// # Errors
///
/// What kept the blob from being read or written.
pub(super) async fn transfer(cx: &Context, run: &Run, blob: &Descriptor) -> Result<(), Error> {
    let stopped = |stopped| Error::new(Side::Destination, Step::WriteBlob, &blob.digest, stopped);
    let there = run.at_destination(&blob.digest);
    loop {
        let turn = run.shared.writing.take(cx, there.clone()).await;
        let turn = turn.map_err(stopped)?;
        if run.shared.present.contains(&there) {
            cx.note_spared(blob.size);
            return Ok(());
        }
        let Some(waiting) = come_by(cx, run, blob).await? else {
            return Ok(());
        };
        // Others may need the turn before what we wait for can happen.
        drop(turn);
        waiting.over(cx).await.map_err(stopped)?;
    }
}

/// Brings one blob from where it is best read: another destination that has it, else the source.
/// Returns what to wait for when another copy has it, and it cannot be read there yet.
///
/// One at a time asks a source for a blob: the first that may move it. Whoever finds it being read
/// there waits, without a permit, and then reads the copy. So the one that reads waits for nothing,
/// not even for the quota of its own destination, and nor do those who hold a permit.
async fn come_by(cx: &Context, run: &Run, blob: &Descriptor) -> Result<Option<Waiting>, Error> {
    if let Some(bytes) = known(run, blob) {
        bring(cx, run, blob, &Origin::Known(bytes), None).await?;
        return Ok(None);
    }
    let shared = &run.shared;
    let wanted_at = run.destination.repository();
    let stopped = |stopped| Error::new(Side::Source, Step::ReadBlob, &blob.digest, stopped);
    let mut ready = None;
    loop {
        let choice = shared.places.choose(&run.author, wanted_at, &blob.digest);
        let readiness = ready.take();
        match (choice, readiness) {
            (Choice::Read(reading), ready) => {
                drop(ready);
                if bring_copy(cx, run, blob, reading).await? {
                    return Ok(None);
                }
            }
            (Choice::Wait(waiting), _) => return Ok(Some(waiting)),
            (Choice::Source, Some((_claim, admitted))) => {
                bring(cx, run, blob, &run.origin(), Some(admitted)).await?;
                return Ok(None);
            }
            (Choice::Source, None) => {
                if shared
                    .fetching
                    .over(cx, &blob.digest)
                    .await
                    .map_err(stopped)?
                {
                    continue;
                }
                let admitted = admit(cx, run, blob).await?;
                let claim = shared.fetching.claim(&blob.digest);
                // Somebody may have read it meanwhile, so the choice is made once more.
                ready = claim.map(|claim| (claim, admitted));
            }
        }
    }
}

/// Brings one blob from another destination; `false` when it cannot be read there.
async fn bring_copy(
    cx: &Context,
    run: &Run,
    blob: &Descriptor,
    reading: Reading,
) -> Result<bool, Error> {
    let copy = Origin::Copy(Arc::clone(reading.destination()));
    let Err(error) = bring(cx, run, blob, &copy, None).await else {
        return Ok(true);
    };
    match error.store() {
        Some(kind) if error.side == Side::Source && !error.is_stop() => {
            tracing::debug!(
                digest = %blob.digest,
                copy = %reading.destination().repository(),
                %error,
                "the copy cannot be read, looking elsewhere"
            );
            reading.failed(kind);
            Ok(false)
        }
        _ => Err(error),
    }
}

/// Brings one blob from one origin.
async fn bring(
    cx: &Context,
    run: &Run,
    blob: &Descriptor,
    origin: &Origin,
    admitted: Option<Admitted>,
) -> Result<(), Error> {
    let came = insist(cx, run, blob, origin, admitted).await?;
    run.has_blob(&blob.digest);
    match came {
        Came::Moved => run.count_moved(blob),
        Came::Taken => cx.note_spared(blob.size),
    }
    Ok(())
}

/// How a blob came to the destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Came {
    /// Its bytes were sent.
    Moved,
    /// It was there, or was mounted.
    Taken,
}

/// Why one attempt failed.
enum Fault {
    Source(content::Error),
    /// No upload was opened, although the destination was asked as often as makes sense.
    Unopened(content::Error),
    Destination(content::Error),
}

/// The registry does not take blobs without bytes. Some registries, ECR Public among them, do not.
#[derive(Debug, thiserror::Error)]
#[error("the blob is empty, and the registry does not take empty blobs")]
struct EmptyBlob(#[source] content::Error);

/// Attempts a transfer until it is done or does not make sense any more. The origin may send wrong
/// bytes once, a source may not have the blob once (its object storage can lag behind), and the
/// destination may lose an upload twice. Between attempts others have the permit.
async fn insist(
    cx: &Context,
    run: &Run,
    blob: &Descriptor,
    origin: &Origin,
    mut admitted: Option<Admitted>,
) -> Result<Came, Error> {
    let from = |error| Error::new(Side::Source, Step::ReadBlob, &blob.digest, error);
    let to = |error| Error::new(Side::Destination, Step::WriteBlob, &blob.digest, error);
    let (mut was_wrong, mut was_missing) = (false, false);
    let (mut lost, mut is_first) = (0, true);
    loop {
        if !std::mem::take(&mut is_first) {
            cx.note_retry();
        }
        let Admitted { permit, ticket } = match admitted.take() {
            Some(admitted) => admitted,
            None => admit(cx, run, blob).await?,
        };
        let attempted = attempt(cx, run, blob, origin, ticket).await;
        drop(permit);
        match attempted {
            Ok(came) => return Ok(came),
            Err(Fault::Source(error)) if error.has_wrong_bytes() && !was_wrong => {
                was_wrong = true;
                tracing::warn!(digest = %blob.digest, "the source sent wrong bytes, trying again");
            }
            Err(Fault::Source(error)) if is_missing(&error, origin) && !was_missing => {
                was_missing = true;
                tracing::debug!(digest = %blob.digest, "the source lacks a blob it lists, trying again");
                let paused = cx.pause(backoff(1)).await;
                paused.map_err(|stopped| from(stopped.into()))?;
            }
            Err(Fault::Source(error)) => return Err(from(error)),
            Err(Fault::Destination(error)) if is_lost(&error) && lost + 1 < UPLOADS => {
                lost += 1;
                tracing::debug!(digest = %blob.digest, attempt = lost, "upload lost, opening another");
                let why = format!("another try to upload {}: {error}", blob.digest);
                let _waits = cx.waits_for(why);
                let pause = asked_pause(&error).unwrap_or_else(|| backoff(lost));
                let paused = cx.pause(pause).await;
                paused.map_err(|stopped| to(stopped.into()))?;
                // The answer may be what got lost.
                if is_there(cx, run, blob).await.map_err(to)? {
                    return Ok(Came::Moved);
                }
            }
            Err(Fault::Unopened(error) | Fault::Destination(error)) => {
                return Err(to(explained(error, blob)));
            }
        }
    }
}

/// What a blob needs before anything is opened for it.
struct Admitted {
    permit: Permit,
    /// Where the destination counts uploads.
    ticket: Option<Ticket>,
}

/// Waits until a blob may move. For the destination before the permit: many may wait for one
/// destination, and those who go elsewhere need the permits meanwhile. Nothing is opened yet,
/// neither here nor there.
///
/// Neither is waited for while the other is held: an upload that is refused waits for another
/// ticket with its permit in hand.
async fn admit(cx: &Context, run: &Run, blob: &Descriptor) -> Result<Admitted, Error> {
    let admitted = async {
        let transfers = &run.shared.transfers;
        let mut place = transfers.line_up(cx, blob.size).await?;
        loop {
            let ticket = run.destination.upload_ticket(cx).await?;
            place = match place.try_permit() {
                Ok(permit) => return Ok::<_, content::Error>(Admitted { permit, ticket }),
                Err(place) => place,
            };
            drop(ticket);
            let permit = place.permit(cx).await?;
            if let Some(ticket) = run.destination.upload_ticket(cx).now_or_never() {
                let ticket = ticket?;
                return Ok(Admitted { permit, ticket });
            }
            place = Place::without(permit, transfers);
        }
    };
    let admitted = admitted.await;
    admitted.map_err(|error| Error::new(Side::Destination, Step::WriteBlob, &blob.digest, error))
}

/// One upload, with bytes read from the start; or none, if the destination has the blob or takes
/// it from another repository.
async fn attempt(
    cx: &Context,
    run: &Run,
    blob: &Descriptor,
    origin: &Origin,
    ticket: Option<Ticket>,
) -> Result<Came, Fault> {
    let verdict = Verdict::default();
    let passed = Passed::new(cx);
    let bytes = open(cx, origin, blob, &verdict);
    let begin = cx.settle(GRACE, begin(cx, run, blob, origin, ticket));
    let (bytes, begun) = if is_mountable(run, origin) {
        // It is unlikely that bytes are needed.
        match flat(begin.await).map_err(Fault::Unopened)? {
            Mounted::Here => return Ok(Came::Taken),
            Mounted::Not(upload) => (bytes.await, Ok(Mounted::Not(upload))),
        }
    } else {
        // Both sides at once: that saves a round trip, and the upload does not wait long for bytes.
        let (bytes, begun) = tokio::join!(bytes, begin);
        (bytes, flat(begun))
    };
    let (bytes, upload) = match (bytes, begun) {
        (_, Ok(Mounted::Here)) => return Ok(Came::Taken),
        (Ok(bytes), Ok(Mounted::Not(upload))) => (bytes, upload),
        (Err(error), Ok(Mounted::Not(upload))) => {
            give_up(upload).await;
            return Err(Fault::Source(error));
        }
        (Err(source), Err(destination)) if source.is_stop() => {
            return Err(Fault::Destination(destination));
        }
        (Err(error), Err(_)) => return Err(Fault::Source(error)),
        (Ok(_), Err(error)) => return Err(Fault::Unopened(error)),
    };
    let bytes = passed.count(bytes);
    let committed = flat(cx.settle(2 * GRACE, upload.commit(cx, bytes)).await);
    if committed.is_err() {
        passed.was_in_vain();
    }
    committed
        .map(|()| Came::Moved)
        .map_err(|error| match verdict.take() {
            // A stop reaches both sides; where the bytes stopped is of no interest.
            Some(cause) if !cause.is_stop() => Fault::Source(cause),
            Some(_) | None => Fault::Destination(error),
        })
}

/// Opens an upload. Where the destination may do without, the same request finds out.
async fn begin(
    cx: &Context,
    run: &Run,
    blob: &Descriptor,
    origin: &Origin,
    ticket: Option<Ticket>,
) -> Result<Mounted, content::Error> {
    let destination = &run.destination;
    match origin {
        Origin::Copy(copy) if is_mountable(run, origin) => {
            destination
                .mount_blob(cx, blob, copy.repository(), ticket)
                .await
        }
        _ if destination.mounts() && !run.asks() => {
            let here = destination.repository();
            destination.mount_blob(cx, blob, here, ticket).await
        }
        _ => {
            let begun = destination.begin_upload(cx, blob, ticket).await;
            begun.map(Mounted::Not)
        }
    }
}

/// Whether the destination can take a blob from there without its bytes.
fn is_mountable(run: &Run, origin: &Origin) -> bool {
    let here = run.destination.repository();
    matches!(origin, Origin::Copy(copy)
        if run.destination.mounts() && copy.repository().registry() == here.registry())
}

/// The bytes of a blob.
async fn open(
    cx: &Context,
    origin: &Origin,
    blob: &Descriptor,
    verdict: &Verdict,
) -> Result<ByteStream, content::Error> {
    let mut reader = Reader::new(cx.clone(), origin.clone(), blob.clone());
    reader.start().await?;
    Ok(reader.into_stream(verdict.clone()))
}

/// Leaves no open upload behind, if the registry answers soon enough.
async fn give_up(upload: Box<dyn Upload>) {
    if tokio::time::timeout(GRACE, upload.cancel()).await.is_err() {
        tracing::debug!("an open upload could not be cancelled in time");
    }
}

async fn is_there(cx: &Context, run: &Run, blob: &Descriptor) -> Result<bool, content::Error> {
    let blobs = std::slice::from_ref(blob);
    let present = flat(cx.run(run.destination.present_blobs(cx, blobs)).await)?;
    Ok(present.contains(&blob.digest))
}

/// The bytes of a blob, if they are known without asking anybody.
fn known(run: &Run, blob: &Descriptor) -> Option<Bytes> {
    let bytes = if blob.digest.as_str() == EMPTY_CONFIG {
        Bytes::from_static(b"{}")
    } else {
        run.shared.configs.get(&blob.digest)?
    };
    (bytes.len() as u64 == blob.size).then_some(bytes)
}

/// Whether a source does not have what one of its manifests lists.
fn is_missing(error: &content::Error, origin: &Origin) -> bool {
    matches!(origin, Origin::Source(_)) && *error.kind() == ErrorKind::NotFound
}

/// Whether another upload can help. Our bytes are right, so a registry that finds them wrong has
/// lost some. One that asks to slow down may do so when all bytes are sent, and nobody below could
/// send them again.
fn is_lost(error: &content::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::UploadLost
            | ErrorKind::Interrupted
            | ErrorKind::Unavailable
            | ErrorKind::Throttled { .. }
    ) || error.has_wrong_bytes()
}

/// How long a registry asked to wait, as far as it makes sense to wait that long.
fn asked_pause(error: &content::Error) -> Option<Duration> {
    match error.kind() {
        ErrorKind::Throttled { retry_after } => retry_after
            .filter(|asked| !asked.is_zero())
            .map(|asked| asked.min(LONGEST_PAUSE)),
        _ => None,
    }
}

fn explained(error: content::Error, blob: &Descriptor) -> content::Error {
    if blob.size == 0 && *error.kind() == ErrorKind::Refused {
        content::Error::new(ErrorKind::Refused, EmptyBlob(error))
    } else {
        error
    }
}

/// OCI Image Specification 1.1, *Guidance for an empty descriptor*: the digest of `{}`.
const EMPTY_CONFIG: &str =
    "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

/// Uploads opened for one blob before the destination counts as unable to take it.
const UPLOADS: u32 = 3;

/// The longest wait that a registry can ask for before another upload.
const LONGEST_PAUSE: Duration = Duration::from_secs(120);

/// After a stop, each of at most two steps of cleaning up may take so long.
pub(super) const GRACE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;

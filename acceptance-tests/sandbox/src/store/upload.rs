//! Uploads of layers: parts in order, hashed on the way, visible only when complete.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use futures_util::{Stream, StreamExt as _, pin_mut, stream};
use time::OffsetDateTime;

use super::repository::Repo;
use super::{Place, Store, StoreError};
use crate::accounts::AccountId;
use crate::blob::{Mark, Spool};
use crate::digest::Digest;

/// The smallest part other than the last: 5 MiB.
pub const PART_BYTES_MIN: u64 = 5 * 1024 * 1024;
/// The largest part, and the one the service asks for: 10 MiB.
pub const PART_BYTES_MAX: u64 = 10 * 1024 * 1024;
const PARTS_MAX: usize = 1000;
const LAYER_BYTES_MAX: u64 = PARTS_MAX as u64 * PART_BYTES_MAX;
/// More uploads than these are not open at once in a repository: somebody forgets to close them.
const OPEN_MAX: usize = 10_000;
const LIFE: Duration = Duration::from_secs(24 * 3600);

/// An upload that was opened.
#[derive(Debug, Clone)]
pub struct UploadStarted {
    /// Its id, a UUID in form.
    pub id: String,
    /// How large the parts should be.
    pub part_bytes: u64,
}

/// How far an upload is after a part.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PartReceived {
    /// The last byte there is.
    pub(crate) last_byte: u64,
    /// The last byte of the first part: what the registry reports instead.
    pub(crate) first_part_last_byte: u64,
}

#[derive(Debug)]
pub(super) struct Upload {
    started_at: OffsetDateTime,
    spool: Spool,
    parts: Vec<u64>,
    /// Where to go back to when the part being received does not end well.
    unfinished: Option<Mark>,
}

impl Store {
    /// Opens an upload. One that is not completed within a day is forgotten.
    ///
    /// # Errors
    ///
    /// `RepositoryNotFound`.
    pub fn initiate_upload(
        &self,
        account: &AccountId,
        repository: &str,
    ) -> Result<UploadStarted, StoreError> {
        let started_at = self.shared.clock.now();
        let id = upload_id(self.next_number());
        let upload = Upload {
            started_at,
            spool: Spool::new(self.folder(), self.space()),
            parts: Vec::new(),
            unfinished: None,
        };
        self.write(account, repository, |repo| {
            repo.uploads.retain(|_, open| {
                // One that is locked is being written to, so it is alive.
                open.try_lock()
                    .map_or(true, |open| started_at - open.started_at < LIFE)
            });
            if repo.uploads.len() >= OPEN_MAX {
                let message = format!("{OPEN_MAX} uploads are open in one repository");
                return Err(io::Error::new(io::ErrorKind::StorageFull, message).into());
            }
            repo.uploads
                .insert(id.clone(), Arc::new(tokio::sync::Mutex::new(upload)));
            Ok(UploadStarted {
                id,
                part_bytes: PART_BYTES_MAX,
            })
        })
    }

    /// Takes a part as the API sends it: with both ends declared. Returns the last byte received.
    ///
    /// # Errors
    ///
    /// `InvalidLayerPart` with the last valid byte, when the part does not continue the upload or
    /// is not as long as declared; `InvalidParameter` above 10 MiB; `UploadNotFound`;
    /// `LimitExceeded` after 1000 parts.
    pub async fn upload_part(
        &self,
        account: &AccountId,
        repository: &str,
        upload: &str,
        range: (u64, u64),
        bytes: Bytes,
    ) -> Result<u64, StoreError> {
        let part = stream::iter([Ok(bytes)]);
        let received = self
            .receive_part(account, repository, upload, range, part)
            .await?;
        Ok(received.last_byte)
    }

    /// The same, for a part that arrives piece by piece.
    ///
    /// # Cancel safety
    ///
    /// A part that was not received completely leaves nothing behind.
    pub(crate) async fn receive_part(
        &self,
        account: &AccountId,
        repository: &str,
        id: &str,
        (first, last): (u64, u64),
        bytes: impl Stream<Item = io::Result<Bytes>> + Send,
    ) -> Result<PartReceived, StoreError> {
        let open = self.open_upload(account, repository, id)?;
        let mut upload = open.lock().await;
        upload.recover().await?;
        let refuse = |upload: &Upload, reason: String| StoreError::InvalidLayerPart {
            place: place(account, repository),
            upload: id.to_owned(),
            last_valid_byte: upload.spool.size().checked_sub(1),
            reason,
        };
        let expected = upload.spool.size();
        if first != expected {
            let reason = format!("First byte of the layer part is {first} instead of {expected}");
            return Err(refuse(&upload, reason));
        }
        let length = last.checked_sub(first).map(|span| span + 1);
        let Some(length) = length.filter(|length| *length <= PART_BYTES_MAX) else {
            let constraint = format!("a part of 1 to {PART_BYTES_MAX} bytes");
            return Err(StoreError::invalid("layerPartBlob", constraint));
        };
        if upload.parts.len() >= PARTS_MAX {
            let limit = PARTS_MAX as u64;
            return Err(StoreError::LimitExceeded {
                quota: "parts per layer",
                limit,
            });
        }
        let received = upload.receive(bytes, length).await?;
        if received != length {
            upload.recover().await?;
            let reason = format!("The layer part has {received} bytes instead of {length}");
            return Err(refuse(&upload, reason));
        }
        upload.unfinished = None;
        upload.parts.push(length);
        let first_part = upload.parts.first().copied().unwrap_or(length);
        Ok(PartReceived {
            last_byte: upload.spool.size() - 1,
            first_part_last_byte: first_part - 1,
        })
    }

    /// Takes bytes of any length without declared ends, as the registry does. Returns the size so
    /// far.
    ///
    /// # Cancel safety
    ///
    /// A body that breaks off leaves nothing behind.
    pub(crate) async fn receive_stream(
        &self,
        account: &AccountId,
        repository: &str,
        id: &str,
        bytes: impl Stream<Item = io::Result<Bytes>> + Send,
    ) -> Result<u64, StoreError> {
        let open = self.open_upload(account, repository, id)?;
        let mut upload = open.lock().await;
        upload.recover().await?;
        let room = LAYER_BYTES_MAX - upload.spool.size().min(LAYER_BYTES_MAX);
        if upload.receive(bytes, room).await? > room {
            upload.recover().await?;
            return Err(StoreError::LimitExceeded {
                quota: "layer size",
                limit: LAYER_BYTES_MAX,
            });
        }
        upload.unfinished = None;
        Ok(upload.spool.size())
    }

    /// Makes the uploaded bytes a layer of the repository, under whichever of `digests` they have.
    ///
    /// The upload is closed whatever the outcome, except for an unknown repository.
    ///
    /// # Errors
    ///
    /// `EmptyUpload`, `LayerPartTooSmall`, `InvalidLayer` when no digest matches,
    /// `LayerAlreadyExists`, `UploadNotFound`, `RepositoryNotFound`.
    pub async fn complete_upload(
        &self,
        account: &AccountId,
        repository: &str,
        id: &str,
        digests: &[String],
    ) -> Result<Digest, StoreError> {
        let open = self.open_upload(account, repository, id)?;
        let mut upload = open.lock().await;
        upload.recover().await?;
        self.cancel_upload(account, repository, id)?;
        let at = place(account, repository);
        let (place, name) = (|| at.clone(), || id.to_owned());
        if upload.spool.size() == 0 {
            return Err(StoreError::EmptyUpload {
                place: place(),
                upload: name(),
            });
        }
        let (_, but_last) = upload.parts.split_last().unwrap_or((&0, &[]));
        if but_last.iter().any(|part| *part < PART_BYTES_MIN) {
            return Err(StoreError::LayerPartTooSmall {
                place: place(),
                upload: name(),
            });
        }
        let computed = upload.spool.digest();
        if !digests.iter().any(|digest| digest == computed.as_str()) {
            return Err(StoreError::InvalidLayer {
                place: place(),
                upload: name(),
                computed,
            });
        }
        let spool = std::mem::replace(&mut upload.spool, Spool::new(self.folder(), self.space()));
        let layer = spool.finish().await?;
        self.write(account, repository, |repo| {
            if repo.layers.contains_key(&computed) {
                let digest = computed.clone();
                return Err(StoreError::LayerAlreadyExists {
                    place: repo.place(),
                    digest,
                });
            }
            repo.layers.insert(computed.clone(), layer);
            Ok(())
        })?;
        Ok(computed)
    }

    /// Forgets an upload.
    ///
    /// # Errors
    ///
    /// `UploadNotFound`, `RepositoryNotFound`.
    pub fn cancel_upload(
        &self,
        account: &AccountId,
        repository: &str,
        id: &str,
    ) -> Result<(), StoreError> {
        self.write(account, repository, |repo| match repo.uploads.remove(id) {
            Some(_) => Ok(()),
            None => Err(no_upload(repo, id)),
        })
    }

    /// How many uploads are open in a repository.
    ///
    /// # Errors
    ///
    /// `RepositoryNotFound`.
    pub fn open_uploads(&self, account: &AccountId, repository: &str) -> Result<usize, StoreError> {
        self.read(account, repository, |repo| Ok(repo.uploads.len()))
    }

    fn open_upload(
        &self,
        account: &AccountId,
        repository: &str,
        id: &str,
    ) -> Result<Arc<tokio::sync::Mutex<Upload>>, StoreError> {
        self.read(account, repository, |repo| {
            repo.uploads
                .get(id)
                .map(Arc::clone)
                .ok_or_else(|| no_upload(repo, id))
        })
    }
}

impl Upload {
    /// Undoes a part that was cut off, by an error or because its request went away.
    async fn recover(&mut self) -> io::Result<()> {
        match self.unfinished.take() {
            Some(mark) => self.spool.rewind(mark).await,
            None => Ok(()),
        }
    }

    /// Appends the stream and returns its length; stops reading once it exceeds `most`.
    ///
    /// Until the caller clears `unfinished`, what was appended is undone by `recover`.
    async fn receive(
        &mut self,
        bytes: impl Stream<Item = io::Result<Bytes>> + Send,
        most: u64,
    ) -> io::Result<u64> {
        self.unfinished = Some(self.spool.mark());
        let before = self.spool.size();
        pin_mut!(bytes);
        while let Some(piece) = bytes.next().await {
            let piece = piece?;
            if self.spool.size() - before + piece.remaining() as u64 > most {
                return Ok(self.spool.size() - before + piece.remaining() as u64);
            }
            self.spool.write(&piece).await?;
        }
        Ok(self.spool.size() - before)
    }
}

fn place(account: &AccountId, repository: &str) -> Place {
    Place {
        account: account.clone(),
        repository: repository.to_owned(),
    }
}

fn no_upload(repo: &Repo, id: &str) -> StoreError {
    StoreError::UploadNotFound {
        place: repo.place(),
        upload: id.to_owned(),
    }
}

/// Looks like a UUID, and is the same in every run.
fn upload_id(number: u64) -> String {
    let seed = Digest::of(format!("upload {number}").as_bytes());
    let hex = seed.hex();
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!(
        "{}-{}-4{}-8{}-{}",
        part(0, 8),
        part(8, 12),
        part(13, 16),
        part(17, 20),
        part(20, 32)
    )
}

#[cfg(test)]
mod tests;

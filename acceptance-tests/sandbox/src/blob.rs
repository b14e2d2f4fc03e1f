//! Blobs: small ones in memory, large ones in files of the sandbox's own folder.

use std::io::{self, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use tempfile::TempPath;
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};

use crate::digest::{Digest, Hasher};
use crate::space::{Share, Space};

/// Content above this size lives in a file, so 200 uploads at once hold at most 200 MiB.
pub(crate) const SPILL_BYTES: usize = 1024 * 1024;

/// Some stored bytes. Clones share them; the file goes with the last clone.
#[derive(Debug, Clone)]
pub struct Blob(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    size: u64,
    content: Content,
    /// What the content takes of its store's space. Content built by a test takes none.
    _share: Option<Share>,
}

#[derive(Debug)]
enum Content {
    Memory(Bytes),
    File(TempPath),
}

/// Where a blob's bytes come from when it is read front to back.
#[derive(Debug)]
pub(crate) enum Reader {
    Memory(Bytes),
    File { file: File, left: u64 },
}

impl Blob {
    /// A blob held in memory, whatever its size: for content built by a test.
    pub fn from_bytes(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let size = bytes.len() as u64;
        Self(Arc::new(Inner {
            size,
            content: Content::Memory(bytes),
            _share: None,
        }))
    }

    /// Its length in bytes.
    pub fn size(&self) -> u64 {
        self.0.size
    }

    /// All of it. Meant for configs and test assertions: a layer is better streamed.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub async fn bytes(&self) -> io::Result<Bytes> {
        match self.reader(0, self.size()).await? {
            Reader::Memory(bytes) => Ok(bytes),
            Reader::File { file, left } => {
                let mut bytes = Vec::with_capacity(usize::try_from(left).unwrap_or(0));
                file.take(left).read_to_end(&mut bytes).await?;
                Ok(bytes.into())
            }
        }
    }

    /// Reads `length` bytes from `start`; both are clipped to the blob.
    pub(crate) async fn reader(&self, start: u64, length: u64) -> io::Result<Reader> {
        let start = start.min(self.size());
        let length = length.min(self.size() - start);
        match &self.0.content {
            Content::Memory(bytes) => {
                let from = usize::try_from(start).map_err(io::Error::other)?;
                let to = usize::try_from(start + length).map_err(io::Error::other)?;
                Ok(Reader::Memory(bytes.slice(from..to)))
            }
            Content::File(path) => {
                let mut file = File::open(path).await?;
                file.seek(SeekFrom::Start(start)).await?;
                Ok(Reader::File { file, left: length })
            }
        }
    }
}

/// A blob being written: hashed on the way, moved to a file once it is large.
#[derive(Debug)]
pub(crate) struct Spool {
    folder: PathBuf,
    held: Vec<u8>,
    file: Option<(File, TempPath)>,
    hasher: Hasher,
    size: u64,
    space: Space,
    share: Share,
}

/// A point a spool can return to.
#[derive(Debug)]
pub(crate) struct Mark {
    hasher: Hasher,
    size: u64,
}

impl Spool {
    pub(crate) fn new(folder: &Path, space: &Space) -> Self {
        Self {
            folder: folder.to_owned(),
            held: Vec::new(),
            file: None,
            hasher: Hasher::new(),
            size: 0,
            space: space.clone(),
            share: space.memory.share(),
        }
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Appends bytes, in memory as long as there are few of them and there is room.
    ///
    /// # Errors
    ///
    /// `StorageFull`, or what the file system says.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let length = bytes.len() as u64;
        let is_small = self.held.len() + bytes.len() <= SPILL_BYTES;
        if self.file.is_none() && !(is_small && self.share.grow(length).is_ok()) {
            self.spill().await?;
        }
        match &mut self.file {
            Some((file, _)) => {
                self.share.grow(length)?;
                file.write_all(bytes).await?;
            }
            None => self.held.extend_from_slice(bytes),
        }
        self.hasher.update(bytes);
        self.size += length;
        Ok(())
    }

    /// Moves what is held in memory to a file.
    async fn spill(&mut self) -> io::Result<()> {
        let mut share = self.space.disk.share();
        share.grow(self.held.len() as u64)?;
        let (file, path) = tempfile::NamedTempFile::new_in(&self.folder)?.into_parts();
        let mut file = File::from_std(file);
        file.write_all(&self.held).await?;
        self.held = Vec::new();
        self.file = Some((file, path));
        self.share = share;
        Ok(())
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark {
            hasher: self.hasher.clone(),
            size: self.size,
        }
    }

    /// Forgets everything written since `mark`.
    pub(crate) async fn rewind(&mut self, mark: Mark) -> io::Result<()> {
        match &mut self.file {
            Some((file, _)) => {
                file.flush().await?;
                file.set_len(mark.size).await?;
                file.seek(SeekFrom::Start(mark.size)).await?;
            }
            None => self
                .held
                .truncate(usize::try_from(mark.size).map_err(io::Error::other)?),
        }
        self.share.shrink_to(mark.size);
        self.hasher = mark.hasher;
        self.size = mark.size;
        Ok(())
    }

    /// The digest of what has been written so far.
    pub(crate) fn digest(&self) -> Digest {
        self.hasher.clone().finish()
    }

    pub(crate) async fn finish(self) -> io::Result<Blob> {
        let content = match self.file {
            Some((mut file, path)) => {
                file.flush().await?;
                Content::File(path)
            }
            None => Content::Memory(self.held.into()),
        };
        Ok(Blob(Arc::new(Inner {
            size: self.size,
            content,
            _share: Some(self.share),
        })))
    }
}

/// The same for content that is built rather than received: written by a plain writer.
#[derive(Debug)]
pub(crate) struct FileSpool {
    folder: PathBuf,
    held: Vec<u8>,
    file: Option<io::BufWriter<tempfile::NamedTempFile>>,
    hasher: Hasher,
    size: u64,
}

impl FileSpool {
    pub(crate) fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            held: Vec::new(),
            file: None,
            hasher: Hasher::new(),
            size: 0,
        }
    }

    pub(crate) fn finish(self) -> io::Result<(Digest, Blob)> {
        let content = match self.file {
            Some(file) => {
                let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
                Content::File(file.into_temp_path())
            }
            None => Content::Memory(self.held.into()),
        };
        let blob = Blob(Arc::new(Inner {
            size: self.size,
            content,
            _share: None,
        }));
        Ok((self.hasher.finish(), blob))
    }
}

impl io::Write for FileSpool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.file.is_none() && self.held.len() + bytes.len() > SPILL_BYTES {
            let file = tempfile::NamedTempFile::new_in(&self.folder)?;
            let mut file = io::BufWriter::with_capacity(SPILL_BYTES, file);
            file.write_all(&self.held)?;
            self.held = Vec::new();
            self.file = Some(file);
        }
        match &mut self.file {
            Some(file) => file.write_all(bytes)?,
            None => self.held.extend_from_slice(bytes),
        }
        self.hasher.update(bytes);
        self.size += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_large_blob_lives_in_a_file_that_goes_with_its_last_user() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::new(folder.path(), &Space::default());
        let chunk = vec![7u8; 600 * 1024];
        spool.write(&chunk).await.unwrap();
        spool.write(&chunk).await.unwrap();
        let digest = spool.digest();
        let blob = spool.finish().await.unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert_eq!(Digest::of(&blob.bytes().await.unwrap()), digest);
        drop(blob);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_rewound_spool_continues_as_if_nothing_had_been_written() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::new(folder.path(), &Space::default());
        spool.write(b"head").await.unwrap();
        let mark = spool.mark();
        spool.write(&vec![1u8; 2 * SPILL_BYTES]).await.unwrap();
        spool.rewind(mark).await.unwrap();
        spool.write(b"tail").await.unwrap();
        assert_eq!(spool.digest(), Digest::of(b"headtail"));
        assert_eq!(
            spool.finish().await.unwrap().bytes().await.unwrap(),
            "headtail"
        );
    }

    #[tokio::test]
    async fn without_room_in_memory_even_a_small_blob_goes_to_a_file_and_then_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let space = Space::new(4, 10, 0);
        let mut small = Spool::new(folder.path(), &space);
        small.write(b"abcd").await.unwrap();
        let mut next = Spool::new(folder.path(), &space);
        next.write(b"efgh").await.unwrap();
        assert_eq!((space.memory.taken(), space.disk.taken()), (4, 4));
        let refused = next.write(b"too much").await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::StorageFull);
        let blob = next.finish().await.unwrap();
        assert_eq!(blob.bytes().await.unwrap(), "efgh");
        drop((small, blob));
        assert_eq!((space.memory.taken(), space.disk.taken()), (0, 0));
    }
}

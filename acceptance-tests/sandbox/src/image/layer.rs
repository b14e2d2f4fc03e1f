//! Layers: a tar, packed, hashed before and after packing.

use std::fs::File;
use std::io::{self, BufReader, Write};
use std::path::Path;

use flate2::GzBuilder;
use flate2::write::GzEncoder;

use super::{Compression, tar};
use crate::blob::{Blob, FileSpool};
use crate::digest::{Digest, Hasher};

/// A layer, ready to be named in a manifest.
pub(super) struct Layer {
    pub(super) digest: Digest,
    /// The digest of the tar, which the config lists.
    pub(super) diff_id: Digest,
    pub(super) blob: Blob,
}

/// A layer with one file of `size` bytes that depend on the seed only.
pub(super) fn arbitrary(
    seed: &str,
    size: u64,
    compression: Compression,
    folder: &Path,
) -> io::Result<Layer> {
    // The content does not compress, so gzip does not try: building large layers stays quick.
    pack(compression, flate2::Compression::none(), folder, |out| {
        let name = Digest::of(seed.as_bytes());
        tar::folder(out, "data/")?;
        tar::file(
            out,
            &format!("data/{}", name.hex().get(..12).unwrap_or_default()),
            size,
            0o644,
        )?;
        noise(seed, size, out)?;
        tar::pad(out, size)?;
        tar::end(out)
    })
}

/// A layer with the content of a tar file.
pub(super) fn of_tar(file: &Path, compression: Compression, folder: &Path) -> io::Result<Layer> {
    let mut tar = BufReader::new(File::open(file)?);
    pack(compression, flate2::Compression::fast(), folder, |out| {
        io::copy(&mut tar, out).map(|_| ())
    })
}

/// A blob of an artifact: `size` bytes that are no tar.
pub(super) fn opaque(seed: &str, size: u64, folder: &Path) -> io::Result<Layer> {
    pack(
        Compression::None,
        flate2::Compression::none(),
        folder,
        |out| noise(seed, size, out),
    )
}

fn noise(seed: &str, size: u64, out: &mut dyn Write) -> io::Result<()> {
    let digest = Digest::of(seed.as_bytes());
    let seed = u64::from_str_radix(digest.hex().get(..16).unwrap_or("1"), 16).unwrap_or(1);
    let mut random = fastrand::Rng::with_seed(seed);
    let mut left = size;
    let mut piece = vec![0; 64 * 1024];
    while left > 0 {
        random.fill(&mut piece);
        let length = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len());
        out.write_all(piece.get(..length).unwrap_or_default())?;
        left -= length as u64;
    }
    Ok(())
}

fn pack(
    compression: Compression,
    effort: flate2::Compression,
    folder: &Path,
    write: impl FnOnce(&mut Packer) -> io::Result<()>,
) -> io::Result<Layer> {
    let spool = FileSpool::new(folder);
    let packing = match compression {
        // No time and no name in the header: the same bytes in every run.
        Compression::Gzip => Packing::Gzip(GzBuilder::new().mtime(0).write(spool, effort)),
        Compression::Zstd => Packing::Zstd(Stored::begin(spool)?),
        Compression::None => Packing::None(spool),
    };
    let mut packer = Packer {
        packing,
        hasher: Hasher::new(),
    };
    write(&mut packer)?;
    let diff_id = packer.hasher.finish();
    let spool = match packer.packing {
        Packing::Gzip(gzip) => gzip.finish()?,
        Packing::Zstd(zstd) => zstd.finish()?,
        Packing::None(spool) => spool,
    };
    let (digest, blob) = spool.finish()?;
    Ok(Layer {
        digest,
        diff_id,
        blob,
    })
}

struct Packer {
    packing: Packing,
    hasher: Hasher,
}

enum Packing {
    Gzip(GzEncoder<FileSpool>),
    Zstd(Stored<FileSpool>),
    None(FileSpool),
}

impl Write for Packer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.packing {
            Packing::Gzip(gzip) => gzip.write_all(bytes)?,
            Packing::Zstd(zstd) => zstd.write_all(bytes)?,
            Packing::None(spool) => spool.write_all(bytes)?,
        }
        self.hasher.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A Zstandard frame of raw blocks: valid for every decoder, and compressing nothing.
///
/// RFC 8878, section 3.1.1.
struct Stored<W> {
    out: W,
    block: Vec<u8>,
}

impl<W: Write> Stored<W> {
    /// The largest block that a window of 1 MiB allows.
    const BLOCK: usize = 128 * 1024;

    fn begin(mut out: W) -> io::Result<Self> {
        const MAGIC: [u8; 4] = 0xFD2F_B528_u32.to_le_bytes();
        // No content size, no checksum, no dictionary; a window of 2^(10 + 10) bytes.
        const HEADER: [u8; 2] = [0, 10 << 3];
        out.write_all(&MAGIC)?;
        out.write_all(&HEADER)?;
        Ok(Self {
            out,
            block: Vec::new(),
        })
    }

    fn finish(mut self) -> io::Result<W> {
        self.emit(true)?;
        Ok(self.out)
    }

    fn emit(&mut self, is_last: bool) -> io::Result<()> {
        let size = u32::try_from(self.block.len()).map_err(io::Error::other)?;
        let header = (size << 3) | u32::from(is_last);
        let [low, middle, high, _] = header.to_le_bytes();
        self.out.write_all(&[low, middle, high])?;
        self.out.write_all(&self.block)?;
        self.block.clear();
        Ok(())
    }
}

impl<W: Write> Write for Stored<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = Self::BLOCK - self.block.len();
        let taken = bytes.len().min(room);
        self.block.extend(bytes.iter().take(taken));
        if self.block.len() == Self::BLOCK {
            self.emit(false)?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

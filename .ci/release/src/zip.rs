//! As much of the zip format as an archive of a few files needs: compressed entries with Unix modes.
//!
//! Nothing depends on the moment or the machine, so the same files give the same bytes.

use std::io::Write as _;

use anyhow::Context as _;
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

/// An archive that grows.
#[derive(Debug, Default)]
pub(crate) struct Zip {
    bytes: Vec<u8>,
    /// The directory at the end, which repeats what is in front of each file.
    directory: Vec<u8>,
    files: u16,
}

/// Version 2.0 of the format has everything that is used.
const VERSION: u16 = 20;
/// Made on Unix, which gives the modes their meaning.
const MADE_BY: u16 = (3 << 8) | VERSION;
const DEFLATED: u16 = 8;
/// Midnight of the first day that the format knows: no time, 1 January 1980.
const MOMENT: [u8; 4] = [0, 0, 0b0010_0001, 0];
/// The type of a regular file in a mode of Unix.
const REGULAR: u32 = 0o100_000;

impl Zip {
    /// Adds a file.
    pub(crate) fn add(&mut self, name: &str, mode: u32, content: &[u8]) -> anyhow::Result<()> {
        let mut crc = Crc::new();
        crc.update(content);
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(content)?;
        let compressed = encoder.finish()?;
        let offset = length(self.bytes.len())?;

        // What the entry says of the file, in both places.
        let mut about = Vec::new();
        about.extend(VERSION.to_le_bytes());
        about.extend(0_u16.to_le_bytes()); // flags
        about.extend(DEFLATED.to_le_bytes());
        about.extend(MOMENT);
        about.extend(crc.sum().to_le_bytes());
        about.extend(length(compressed.len())?);
        about.extend(length(content.len())?);
        let name_length = u16::try_from(name.len()).context("a name is too long")?;
        about.extend(name_length.to_le_bytes());
        about.extend(0_u16.to_le_bytes()); // extra fields

        self.bytes.extend(*b"PK\x03\x04");
        self.bytes.extend(&about);
        self.bytes.extend(name.as_bytes());
        self.bytes.extend(compressed);

        self.directory.extend(*b"PK\x01\x02");
        self.directory.extend(MADE_BY.to_le_bytes());
        self.directory.extend(&about);
        self.directory.extend([0; 6]); // no comment, first disk, not marked as text
        self.directory
            .extend(((REGULAR | mode) << 16).to_le_bytes());
        self.directory.extend(offset);
        self.directory.extend(name.as_bytes());
        self.files += 1;
        Ok(())
    }

    /// The whole archive.
    pub(crate) fn finish(mut self) -> anyhow::Result<Vec<u8>> {
        let offset = length(self.bytes.len())?;
        let size = length(self.directory.len())?;
        self.bytes.append(&mut self.directory);
        self.bytes.extend(*b"PK\x05\x06\0\0\0\0"); // the only disk
        self.bytes.extend(self.files.to_le_bytes());
        self.bytes.extend(self.files.to_le_bytes());
        self.bytes.extend(size);
        self.bytes.extend(offset);
        self.bytes.extend([0; 2]); // no comment
        Ok(self.bytes)
    }
}

/// A length as the format writes it. Beyond 4 GiB it would need another one.
fn length(length: usize) -> anyhow::Result<[u8; 4]> {
    let length = u32::try_from(length).context("the archive is too large for its format")?;
    Ok(length.to_le_bytes())
}

#[cfg(test)]
mod tests {
    use super::{MOMENT, Zip};

    #[test]
    fn an_archive_of_one_file_is_what_the_format_says() {
        let mut zip = Zip::default();
        zip.add("a", 0o755, b"").unwrap();
        let bytes = zip.finish().unwrap();
        let local = 30 + 1 + 2; // the header, the name, nothing compressed
        assert_eq!(bytes.len(), local + 46 + 1 + 22);
        assert_eq!(bytes[..4], *b"PK\x03\x04");
        assert_eq!(bytes[10..14], MOMENT);
        assert_eq!(bytes[local..local + 4], *b"PK\x01\x02");
        let mode = &bytes[local + 38..local + 42];
        assert_eq!(mode, (0o100_755_u32 << 16).to_le_bytes());
        let end = local + 46 + 1;
        assert_eq!(bytes[end..end + 4], *b"PK\x05\x06");
        assert_eq!(
            bytes[end + 16..end + 20],
            u32::try_from(local).unwrap().to_le_bytes()
        );
    }
}

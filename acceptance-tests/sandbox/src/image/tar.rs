//! As much of the tar format as a layer needs. POSIX.1-1988, *ustar*.

use std::io::{self, Write};

const BLOCK: usize = 512;

/// Writes a regular file's header; the content and [`pad`] must follow.
pub(super) fn file(out: &mut impl Write, path: &str, size: u64, mode: u32) -> io::Result<()> {
    header(out, path, size, mode, b'0')
}

/// Writes a folder.
pub(super) fn folder(out: &mut impl Write, path: &str) -> io::Result<()> {
    header(out, path, 0, 0o755, b'5')
}

/// Fills up the last block of a file.
pub(super) fn pad(out: &mut impl Write, size: u64) -> io::Result<()> {
    let rest = usize::try_from(size % BLOCK as u64).unwrap_or(0);
    let zeros = [0; BLOCK];
    out.write_all(zeros.get(..(BLOCK - rest) % BLOCK).unwrap_or_default())
}

/// Two empty blocks end an archive.
pub(super) fn end(out: &mut impl Write) -> io::Result<()> {
    out.write_all(&[0; 2 * BLOCK])
}

fn header(out: &mut impl Write, path: &str, size: u64, mode: u32, kind: u8) -> io::Result<()> {
    // Name, mode, owner, group, size, time, checksum as eight blanks, type, and the rest empty.
    let mut text = format!(
        "{path:\0<100}{mode:07o}\0{:07o}\0{:07o}\0{size:011o}\0{:011o}\0",
        0, 0, 0
    );
    text += "        ";
    text.push(char::from(kind));
    text += &"\0".repeat(100);
    text += "ustar\x0000root";
    let mut block = text.into_bytes();
    block.resize(297, 0);
    block.extend_from_slice(b"root");
    block.resize(BLOCK, 0);
    let sum: u32 = block.iter().copied().map(u32::from).sum();
    let checksum = format!("{sum:06o}\0 ");
    for (place, byte) in block.iter_mut().skip(148).zip(checksum.bytes()) {
        *place = byte;
    }
    out.write_all(&block)
}

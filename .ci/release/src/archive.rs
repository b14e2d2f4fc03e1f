//! The zip of one platform.

use std::fs;
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::platform::Platform;
use crate::{NAME, VERSION, root};

/// Writes the archive of a platform and returns its path. The same program gives the same bytes.
///
/// # Errors
///
/// When a file cannot be read or written.
pub fn write(
    out: &Path,
    platform: &Platform,
    program: &[u8],
    notices: &str,
) -> anyhow::Result<PathBuf> {
    let path = out.join(format!("{NAME}_{VERSION}_{}.zip", platform.name));
    let licence = fs::read(root().join("LICENSE")).context("cannot read LICENSE")?;
    let program_name = format!("{NAME}_v{VERSION}{}", platform.suffix());
    // Terraform takes the modes as they are here: without 0755 it installs a program that nobody can
    // start. No other name may begin like that of the program.
    let files: [(&str, u32, &[u8]); 3] = [
        ("LICENSE", 0o644, &licence),
        ("THIRD-PARTY-NOTICES.md", 0o644, notices.as_bytes()),
        (&program_name, 0o755, program),
    ];
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, mode, content) in files {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(9))
            // The first moment that the format knows: archives do not tell when they were made.
            .last_modified_time(DateTime::default())
            .unix_permissions(mode);
        zip.start_file(name, options)?;
        zip.write_all(content)?;
    }
    let bytes = zip.finish()?.into_inner();
    fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

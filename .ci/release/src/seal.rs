//! Manifest, checksums and signature of all archives.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};
use aws_lc_rs::digest::{SHA256, digest};
use serde_json::json;

use crate::{NAME, VERSION, output};

/// Whose key signs.
#[derive(Clone, Copy, Debug)]
pub struct Signer<'a> {
    /// The key, as GnuPG finds it.
    pub key: &'a str,
    /// Where GnuPG has it, if that is an unusual place.
    pub folder: Option<&'a Path>,
}

impl Signer<'_> {
    fn gpg(&self) -> Command {
        let mut command = Command::new("gpg");
        command.arg("--batch");
        if let Some(folder) = self.folder {
            command.arg("--homedir").arg(folder);
        }
        command
    }
}

/// Writes what belongs to the archives of a folder, and returns the paths.
///
/// # Errors
///
/// When there is no archive, or when the key cannot sign for a registry.
pub fn write(out: &Path, signer: Option<&Signer<'_>>) -> anyhow::Result<Vec<PathBuf>> {
    let prefix = format!("{NAME}_{VERSION}");
    let manifest = format!("{prefix}_manifest.json");
    let mut names = Vec::new();
    for entry in fs::read_dir(out).with_context(|| format!("cannot list {}", out.display()))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.starts_with(&format!("{prefix}_")) && name.ends_with(".zip") {
            names.push(name);
        }
    }
    ensure!(
        !names.is_empty(),
        "there is no archive of version {VERSION} in {}",
        out.display()
    );
    // Without it, registries take the provider for one of protocol 5.
    let content = json!({ "version": 1, "metadata": { "protocol_versions": ["6.0"] } });
    fs::write(
        out.join(&manifest),
        serde_json::to_string_pretty(&content)? + "\n",
    )?;
    names.push(manifest.clone());
    names.sort();

    let mut lines = String::new();
    for name in names {
        let content = fs::read(out.join(&name)).with_context(|| format!("cannot read {name}"))?;
        for byte in digest(&SHA256, &content).as_ref() {
            write!(lines, "{byte:02x}")?;
        }
        writeln!(lines, "  {name}")?;
    }
    let sums = out.join(format!("{prefix}_SHA256SUMS"));
    fs::write(&sums, lines)?;
    let mut written = vec![out.join(manifest), sums.clone()];
    let signature = out.join(format!("{prefix}_SHA256SUMS.sig"));
    match signer {
        Some(signer) => {
            sign(&sums, &signature, signer)?;
            written.push(signature);
        }
        // One that was made before is not about these checksums.
        None => match fs::remove_file(&signature) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => (),
        },
    }
    Ok(written)
}

/// A detached signature in the binary form, by a key of which registries know the algorithm.
fn sign(sums: &Path, signature: &Path, signer: &Signer<'_>) -> anyhow::Result<()> {
    let key = signer.key;
    let mut list = signer.gpg();
    list.args(["--with-colons", "--list-secret-keys", key]);
    let keys = output(&mut list).context("the key to sign with is not there")?;
    let primary = keys.lines().find(|line| line.starts_with("sec:"));
    let algorithm = primary.and_then(|line| line.split(':').nth(3));
    ensure!(
        matches!(algorithm, Some("1" | "17")),
        "the key {key} is neither RSA nor DSA, and registries verify no other"
    );
    let mut command = signer.gpg();
    command.args(["--yes", "--detach-sign", "--local-user", key]);
    command.arg("--output").arg(signature).arg(sums);
    output(&mut command).context("the checksums were not signed")?;
    Ok(())
}

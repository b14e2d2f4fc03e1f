//! The command line.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

pub(crate) const USAGE: &str = "\
mirror [OPTIONS] copy SRC DST     host/repository:tag each
mirror [OPTIONS] sync PAIRS_FILE  lines of `SRC DST`

  --plain-http      speak HTTP to both registries
  --ca-bundle FILE  trust these certificates (PEM) and no others
  --jobs N          blobs in flight (default 32)
";

/// What was asked for.
#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) command: Command,
    pub(crate) plain_http: bool,
    pub(crate) ca_bundle: Option<PathBuf>,
    pub(crate) jobs: usize,
}

/// What to do.
#[derive(Debug)]
pub(crate) enum Command {
    Copy(String, String),
    Sync(PathBuf),
    Help,
}

impl Arguments {
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Self> {
        let mut parsed = Self {
            command: Command::Help,
            plain_http: false,
            ca_bundle: None,
            jobs: 32,
        };
        while let Some(word) = words.next() {
            let mut value = || {
                words
                    .next()
                    .with_context(|| format!("{word} needs a value"))
            };
            match word.as_str() {
                "--plain-http" => parsed.plain_http = true,
                "--ca-bundle" => parsed.ca_bundle = Some(value()?.into()),
                "--jobs" => parsed.jobs = value()?.parse().context("--jobs needs a number")?,
                "--help" => return Ok(parsed),
                "copy" => parsed.command = Command::Copy(value()?, value()?),
                "sync" => parsed.command = Command::Sync(value()?.into()),
                _ => bail!("unknown argument `{word}`\n\n{USAGE}"),
            }
        }
        if matches!(parsed.command, Command::Help) {
            bail!("nothing to do\n\n{USAGE}");
        }
        Ok(parsed)
    }
}

//! The sandbox as a program.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use ecr_public_sandbox::{Face, Sandbox, Seed};

const HELP: &str = "\
Stand-ins for Docker Hub, AWS STS and Amazon ECR Public on loopback.

Usage: ecr-public-sandbox [--seed FILE] [--port-base N] [--print-seed]

  --seed FILE    what it holds at the start, as JSON; without it, a demonstration
  --port-base N  eight ports from N on; without it, ports that are free
  --print-seed   writes the demonstration as a seed file and ends
  --help         this text

A seed file names accounts with users, roles and aliases, images by repository and tag, limits, and
faults: what --print-seed writes, of which every part may be left out. A misspelt name is refused.

It runs until Ctrl-C or SIGTERM and keeps nothing.
";

#[derive(Default)]
struct Options {
    seed: Option<PathBuf>,
    port_base: Option<u16>,
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "a program for people")]
async fn main() -> anyhow::Result<()> {
    let Some(options) = options(std::env::args().skip(1))? else {
        return Ok(());
    };
    // Before there is anything to leave behind.
    let ending = Ending::listen().context("cannot listen for signals")?;
    let seed = match &options.seed {
        Some(file) => Seed::read(file)?,
        None => Seed::demo(),
    };
    let sandbox = Sandbox::start_at(seed, options.port_base).await?;
    for face in Face::ALL {
        println!("# {face:<20} {}", sandbox.url(face));
    }
    println!("\n# Environment for Terraform, the AWS CLI and others:");
    for (name, value) in sandbox.environment() {
        println!("export {name}='{value}'");
    }
    println!("\n# Provider block:\n{}", sandbox.provider_block());
    println!("# Running until Ctrl-C.");
    ending.told().await.context("cannot wait for signals")?;
    sandbox.stop().await;
    Ok(())
}

/// The ways to tell the program that it may end.
#[derive(Debug)]
struct Ending {
    #[cfg(unix)]
    signals: [tokio::signal::unix::Signal; 2],
}

impl Ending {
    /// Listens from now on: for Ctrl-C, and where there is such a thing for SIGTERM, which is what a
    /// service manager sends.
    fn listen() -> std::io::Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let signals = [
                signal(SignalKind::interrupt())?,
                signal(SignalKind::terminate())?,
            ];
            Ok(Self { signals })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    /// Waits for the first of them since then.
    async fn told(self) -> std::io::Result<()> {
        #[cfg(unix)]
        {
            let [mut interrupt, mut terminate] = self.signals;
            tokio::select! {
                _ = interrupt.recv() => Ok(()),
                _ = terminate.recv() => Ok(()),
            }
        }
        #[cfg(not(unix))]
        tokio::signal::ctrl_c().await
    }
}

/// The options; nothing when there is nothing left to do.
#[expect(clippy::print_stdout, reason = "a program for people")]
fn options(mut arguments: impl Iterator<Item = String>) -> anyhow::Result<Option<Options>> {
    let mut options = Options::default();
    while let Some(argument) = arguments.next() {
        let mut value = || {
            arguments
                .next()
                .with_context(|| format!("{argument} needs a value"))
        };
        match argument.as_str() {
            "--seed" => options.seed = Some(value()?.into()),
            "--port-base" => {
                let port = value()?
                    .parse()
                    .context("--port-base needs a port number")?;
                options.port_base = Some(port);
            }
            "--print-seed" => {
                println!("{}", serde_json::to_string_pretty(&Seed::demo())?);
                return Ok(None);
            }
            "--help" | "-h" => {
                print!("{HELP}");
                return Ok(None);
            }
            other => bail!("unknown argument {other}\n\n{HELP}"),
        }
    }
    Ok(Some(options))
}

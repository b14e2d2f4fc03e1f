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

It runs until Ctrl-C and keeps nothing.
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
    told_to_stop().await.context("cannot wait for signals")?;
    sandbox.stop().await;
    Ok(())
}

/// Waits for Ctrl-C, or for SIGTERM: what a service manager sends is no reason to leave files behind.
async fn told_to_stop() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
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

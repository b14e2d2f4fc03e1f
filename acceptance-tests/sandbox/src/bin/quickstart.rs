//! Shows the provider at work on this machine alone: no AWS account, no container engine, no
//! internet. `cargo quickstart`.

#![expect(
    clippy::print_stdout,
    reason = "this program talks to a person at a terminal"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, bail, ensure};
use ecr_public_sandbox::{Sandbox, Seed};

const ADDRESS: &str = "registry.terraform.io/ecrpublic/ecrpublic";
const VERSION: &str = env!("CARGO_PKG_VERSION");

#[tokio::main]
async fn main() -> ExitCode {
    let keep = match std::env::args().skip(1).collect::<Vec<_>>().as_slice() {
        [] => false,
        [flag] if flag == "--keep" => true,
        _ => {
            println!("usage: cargo quickstart [--keep]");
            return ExitCode::from(2);
        }
    };
    match run(keep).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("\nquickstart stopped: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(keep: bool) -> anyhow::Result<()> {
    let terraform = terraform()?;
    say("Building the provider. The first time this takes some minutes.");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    let binary = build(&root)?;

    say("Starting stand-ins for Docker Hub, AWS STS and Amazon ECR Public on loopback.");
    let sandbox = Sandbox::start(Seed::demo()).await?;
    println!("   Docker Hub {}   STS {}", sandbox.hub_url(), sandbox.sts_url());
    println!("   ECR Public API {}   registry {}", sandbox.api_url(), sandbox.registry_url());

    let folder = tempfile::Builder::new().prefix("ecrpublic-quickstart-").tempdir()?;
    let work = Work::prepare(&folder, &root, &binary, terraform, &sandbox)?;
    say("Mirroring two images into two accounts with examples/landing-zone.");
    println!("   folder: {}", work.folder.display());
    work.run(&["init", "-input=false"], 0)?;
    work.run(&["plan", "-input=false", "-out=tfplan"], 0)?;
    work.run(&["apply", "-input=false", "tfplan"], 0)?;

    say("Reading every image back by digest from the stand-in ECR Public.");
    read_back(&work, &sandbox)?;
    say("What the stand-in Docker Hub was asked for (only GET counts as a pull there).");
    show_pulls(&sandbox)?;

    say("Planning again: nothing is left to do.");
    work.run(&["plan", "-input=false", "-detailed-exitcode"], 0)?;
    if keep {
        return work.keep(folder, &sandbox).await;
    }
    say("Destroying what was made.");
    work.run(&["destroy", "-auto-approve", "-input=false"], 0)?;
    nothing_left(&sandbox)?;
    sandbox.stop().await;
    say("Done. `cargo quickstart --keep` leaves everything running to play with.");
    Ok(())
}

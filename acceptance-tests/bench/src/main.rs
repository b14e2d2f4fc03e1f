//! Copies images between two registries with the engine of the provider, and with nothing of
//! Terraform or AWS. It exists to be measured beside other tools; see `README.md` here.
//!
//! Any tag that exists at a destination is overwritten. Registries are asked anonymously.

mod arguments;

use std::fs;
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread::available_parallelism;

use anyhow::{Context as _, Result};
use terraform_provider_ecrpublic::mirror::{
    Contents, Engine, ExistingTag, Limits, MirrorJob, Outcome, Platforms, Referrers,
};
use terraform_provider_ecrpublic::oci::{Reference, Repository, Tag};
use terraform_provider_ecrpublic::registry::{
    Client, Credential, Endpoint, HttpSettings, Registry,
};
use terraform_provider_ecrpublic::task::Context;
use tokio::runtime::Builder;
use tokio::task::JoinSet;

use self::arguments::{Arguments, Command, USAGE};

/// As many images of a list at once.
const IMAGES: usize = 50;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let told = writeln!(std::io::stderr(), "mirror: {error:#}");
            drop(told);
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let arguments = Arguments::parse(std::env::args().skip(1))?;
    let pairs = match &arguments.command {
        Command::Copy(from, to) => vec![Pair::new(from, to)?],
        Command::Sync(list) => pairs(list)?,
        Command::Help => return Ok(std::io::stdout().write_all(USAGE.as_bytes())?),
    };
    // As many threads as the plugin has.
    let cores = available_parallelism().map_or(1, NonZeroUsize::get);
    let runtime = Builder::new_multi_thread()
        .worker_threads(cores.min(4))
        .enable_all()
        .build()?;
    let copying = copy_all(Copier::new(&arguments)?, pairs);
    runtime.block_on(copying)
}

/// One image, from where to where.
#[derive(Clone, Debug)]
struct Pair {
    from: Reference,
    to: Repository,
    tag: Tag,
}

impl Pair {
    fn new(from: &str, to: &str) -> Result<Self> {
        let from: Reference = from.parse().with_context(|| from.to_owned())?;
        let to: Reference = to.parse().with_context(|| to.to_owned())?;
        let tag = to.tag().context("the destination has no tag")?.clone();
        Ok(Self {
            from,
            to: to.repository().clone(),
            tag,
        })
    }
}

fn pairs(list: &Path) -> Result<Vec<Pair>> {
    let text = fs::read_to_string(list).with_context(|| list.display().to_string())?;
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| {
            let (from, to) = line.trim().split_once(' ').context("not `SRC DST`")?;
            Pair::new(from, to.trim())
        })
        .collect()
}

async fn copy_all(copier: Copier, pairs: Vec<Pair>) -> Result<()> {
    let cx = Context::new();
    let mut running = JoinSet::new();
    let mut failed = None;
    let mut waiting = pairs.into_iter();
    loop {
        while failed.is_none() && running.len() < IMAGES {
            let Some(pair) = waiting.next() else { break };
            let (copier, cx) = (copier.clone(), cx.child());
            running.spawn(async move { copier.copy(&cx, &pair).await });
        }
        tokio::select! {
            ended = running.join_next() => match ended {
                None => break,
                Some(ended) => if let Err(error) = ended? {
                    cx.cancel();
                    failed.get_or_insert(error);
                },
            },
            interrupt = tokio::signal::ctrl_c() => {
                interrupt?;
                cx.cancel();
            }
        }
    }
    failed.map_or(Ok(()), Err)
}

/// The engine, and how the registries are reached.
#[derive(Clone, Debug)]
struct Copier {
    engine: Engine,
    client: Client,
    plain_http: bool,
}

impl Copier {
    fn new(arguments: &Arguments) -> Result<Self> {
        let settings = HttpSettings {
            ca_bundle: arguments.ca_bundle.clone(),
            ..HttpSettings::default()
        };
        Ok(Self {
            engine: Engine::new(Limits {
                transfers: arguments.jobs,
            }),
            client: Client::new(&settings)?,
            plain_http: arguments.plain_http,
        })
    }

    async fn copy(&self, cx: &Context, pair: &Pair) -> Result<()> {
        let job = MirrorJob {
            version: pair.from.version(),
            platforms: Platforms::All,
            tags: [(pair.tag.clone(), ExistingTag::Overwrite)].into(),
            contents: Contents::OfCopies,
            referrers: Referrers::None,
        };
        let source = Arc::new(self.registry(pair.from.repository()));
        let destination = Arc::new(self.registry(&pair.to));
        let outcome = self.engine.mirror(cx, &job, source, destination).await;
        let outcome = outcome.map_err(|error| {
            anyhow::Error::new(error).context(format!("{} to {}", pair.from, pair.to))
        })?;
        tell(pair, &outcome)
    }

    fn registry(&self, repository: &Repository) -> Registry {
        let endpoint = Endpoint {
            plain_http: self.plain_http,
            insecure: self.plain_http,
            ..Endpoint::new(repository.registry())
        };
        let anonymous = Arc::new(Credential::Anonymous);
        self.client
            .repository(&endpoint, repository.clone(), anonymous)
    }
}

fn tell(pair: &Pair, outcome: &Outcome) -> Result<()> {
    let Pair { to, tag, .. } = pair;
    let line = format!("{to}:{tag}@{}\n", outcome.root.digest);
    Ok(std::io::stdout().write_all(line.as_bytes())?)
}

//! The provider block, read: every value has its type, and nothing is unknown.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::aws::{self, Environment};
use crate::mirror::Limits;
use crate::net::HttpSettings;
use crate::registry::Endpoint;
use crate::tf::{Diagnostic, Diagnostics, Path};

use super::aws_settings;
use super::aws_tags;
use super::config::{ProviderConfig, Whole, known_blocks};
use super::known;
use super::pulls::{OnExhausted, PullSettings};
use super::registry_settings::{self, SourceRegistry};

/// What the provider block and the environment say together.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// How to get into AWS.
    pub(crate) aws: aws::Config,
    /// How HTTP leaves this machine.
    pub(crate) http: HttpSettings,
    /// Where ECR Public's registry is.
    pub(crate) ecr_public: Endpoint,
    /// Registries with a block of their own, by host.
    pub(crate) registries: BTreeMap<String, SourceRegistry>,
    /// Where other registries' credentials come from.
    pub(crate) docker_config: DockerConfigFile,
    /// For every repository that is created.
    pub(crate) default_tags: BTreeMap<String, String>,
    /// How much at once.
    pub(crate) limits: Limits,
    /// How many pulls may be spent.
    pub(crate) pulls: PullSettings,
    /// Whether official images are read where nobody counts pulls.
    pub(crate) prefers_mirrors: bool,
}

/// Which Docker configuration file is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DockerConfigFile {
    /// The one that Docker itself would read.
    Usual,
    /// This one.
    At(PathBuf),
    /// None.
    Off,
}

/// Reads the provider block, and tells what is wrong with what is known, without asking anybody.
/// `None` when something is wrong or not known yet.
pub(crate) fn read(
    config: &ProviderConfig,
    environment: &Environment,
    problems: &mut Diagnostics,
) -> Option<Settings> {
    let aws = aws_settings::read(config, environment, problems);
    let registries = registry_settings::sources(config, environment, problems);
    let ecr_public = registry_settings::ecr_public(config, environment, problems);
    let default_tags = default_tags(config, problems);
    let limits = limits(config, problems);
    let pulls = pulls(config, problems);
    if problems.has_errors() || config.has_unknown() {
        return None;
    }
    let aws = aws?;
    Some(Settings {
        http: http(&aws, environment),
        aws,
        ecr_public: ecr_public?,
        registries,
        docker_config: docker_config(config, environment),
        default_tags,
        limits: limits?,
        pulls: pulls?,
        prefers_mirrors: config.prefer_mirrors.known() != Some(&false),
    })
}

/// The settings of AWS hold for registries too: a machine has one way out.
fn http(aws: &aws::Config, environment: &Environment) -> HttpSettings {
    let bundle = || {
        let path = environment.get("AWS_CA_BUNDLE")?;
        Some(environment.expand(std::path::Path::new(&path)))
    };
    HttpSettings {
        ca_bundle: aws.ca_bundle.clone().or_else(bundle),
        http_proxy: aws.http_proxy.clone(),
        https_proxy: aws.proxy_for_https().map(str::to_owned),
        no_proxy: aws.no_proxy.clone(),
        user_agent_suffix: aws.user_agent_suffix.clone(),
    }
}

fn docker_config(config: &ProviderConfig, environment: &Environment) -> DockerConfigFile {
    match config.docker_config.known() {
        None => DockerConfigFile::Usual,
        Some(path) if path.is_empty() => DockerConfigFile::Off,
        Some(path) => DockerConfigFile::At(environment.expand(std::path::Path::new(path))),
    }
}

fn default_tags(config: &ProviderConfig, problems: &mut Diagnostics) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for (position, block) in known_blocks(&config.default_tags) {
        let at = Path::root("default_tags").index(position).attribute("tags");
        aws_tags::check(&block.tags, &at, problems);
        all.extend(known::text_map(&block.tags).unwrap_or_default());
    }
    all
}

fn limits(config: &ProviderConfig, problems: &mut Diagnostics) -> Option<Limits> {
    let transfers = whole(
        config.max_concurrent_transfers.known(),
        "max_concurrent_transfers",
        1..=64,
        problems,
    )?;
    let transfers = transfers.unwrap_or(DEFAULT_TRANSFERS);
    Some(Limits {
        transfers: usize::try_from(transfers).ok()?,
    })
}

fn pulls(config: &ProviderConfig, problems: &mut Diagnostics) -> Option<PullSettings> {
    let Some(block) = config.pull_budget.known() else {
        return Some(PullSettings::default());
    };
    let reserve = whole(
        block.reserve.known(),
        "pull_budget.reserve",
        0..=1_000_000,
        problems,
    );
    let on_exhausted = match block.on_exhausted.known().map(String::as_str) {
        None | Some("fail") => Some(OnExhausted::Fail),
        Some("wait") => Some(OnExhausted::Wait),
        Some(other) => {
            problems.push(
                Diagnostic::error("Invalid pull budget")
                    .at(Path::root("pull_budget").attribute("on_exhausted"))
                    .detail(format!(
                        "`on_exhausted` is `fail` or `wait`, not `{}`.",
                        super::role::excerpt(other)
                    )),
            );
            None
        }
    };
    Some(PullSettings {
        reserve: u64::from(reserve?.unwrap_or(0)),
        on_exhausted: on_exhausted?,
    })
}

/// Reads a number. `None` when it is wrong, `Some(None)` when there is none.
#[expect(
    clippy::option_option,
    reason = "unusable, absent and present are three different facts"
)]
pub(crate) fn whole(
    number: Option<&Whole>,
    name: &str,
    range: std::ops::RangeInclusive<u32>,
    problems: &mut Diagnostics,
) -> Option<Option<u32>> {
    let Some(number) = number else {
        return Some(None);
    };
    let read = number.within(range.clone());
    if read.is_none() {
        problems.push(
            Diagnostic::error("Invalid number")
                .at(Path::root(name))
                .detail(format!(
                    "`{name}` is a whole number from {} to {}, not `{}`.",
                    range.start(),
                    range.end(),
                    number.0
                )),
        );
    }
    read.map(Some)
}

/// Reads account numbers.
pub(crate) fn accounts(
    attr: &known::Texts,
    name: &str,
    problems: &mut Diagnostics,
) -> BTreeSet<aws::AccountId> {
    let mut accounts = BTreeSet::new();
    for text in known::some_texts(attr) {
        match text.parse() {
            Ok(account) => drop(accounts.insert(account)),
            Err(error) => problems.push(invalid_account(text, Path::root(name), &error)),
        }
    }
    accounts
}

/// Tells that this is no account number.
pub(crate) fn invalid_account(text: &str, at: Path, error: &aws::InvalidAccountId) -> Diagnostic {
    Diagnostic::error("Invalid AWS account ID")
        .at(at)
        .detail(format!(
            "`{}` is not an account: {error}.",
            super::role::excerpt(text)
        ))
        .hint("Write it as a string, so that leading zeros stay: `\"012345678901\"`.")
}

/// Enough to fill a fast link with layers of usual size, few enough for a small machine.
const DEFAULT_TRANSFERS: u32 = 16;

#[cfg(test)]
mod tests;

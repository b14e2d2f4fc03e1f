//! `ecrpublic_source_tags`: tags of a source, and which of them are wanted.
//!
//! - `choice`: which; `version`: versions in tags, and ranges of them.

mod choice;
mod version;

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use regex_lite::Regex;

use crate::oci::{Reference, Repository, Tag};
use crate::task::Context;
use crate::tf::{Attr, Attribute, Block, DataSource, Diagnostic, Diagnostics, Path, Schema, Type};

use super::super::config::Whole;
use super::super::connection::Connection;
use super::super::diagnose;
use super::super::known::{self, Texts};
use super::super::role::excerpt;
use super::super::settings;
use super::super::source_reference;
use super::PATIENCE;
use choice::{Choice, Versions};
use version::{Prereleases, Range};

/// The data source `ecrpublic_source_tags`.
#[derive(Clone, Debug)]
pub(crate) struct SourceTags {
    /// The way out, once there is one.
    pub(crate) connection: Arc<Connection>,
}

crate::model! {
    /// Its configuration and result.
    pub(crate) struct SourceTagsModel {
        pub(crate) source: Attr<String>,
        pub(crate) matches: Attr<String>,
        pub(crate) semver: Attr<String>,
        pub(crate) include_prereleases: Attr<bool>,
        pub(crate) newest: Attr<Whole>,
        pub(crate) tags: Texts,
    }
}

#[async_trait]
impl DataSource for SourceTags {
    type Model = SourceTagsModel;

    fn schema(&self) -> Schema {
        Schema {
            version: 0,
            block: Block {
                attributes: attributes(),
                blocks: Vec::new(),
                description: DESCRIPTION.to_owned(),
            },
        }
    }

    fn validate(&self, config: &SourceTagsModel) -> Diagnostics {
        let mut problems = Diagnostics::new();
        repository(&config.source, &mut problems);
        choice(config, &mut problems);
        without_range(config, &mut problems);
        problems
    }

    async fn read(
        &self,
        cx: &Context,
        config: SourceTagsModel,
    ) -> Result<SourceTagsModel, Diagnostic> {
        let clients = self.connection.clients();
        let clients = clients.ok_or_else(diagnose::not_configured)?;
        let mut problems = Diagnostics::new();
        let repository = repository(&config.source, &mut problems);
        let choice = choice(&config, &mut problems);
        let (Some(repository), Some(choice)) = (repository, choice) else {
            let problem = problems.into_iter().next();
            return Err(problem.unwrap_or_else(|| diagnose::invalid_state("source")));
        };
        let tags = clients
            .tags(&cx.within(PATIENCE), &repository)
            .boxed()
            .await;
        let tags = tags.map_err(|error| diagnose::tags_not_listed(&repository, &error))?;
        let chosen = choice.of(tags.iter().map(Tag::as_str));
        if chosen.is_empty() {
            return Err(nothing_chosen(&repository, tags.len()));
        }
        Ok(SourceTagsModel {
            tags: known::to_texts(chosen),
            ..config
        })
    }
}

fn attributes() -> Vec<Attribute> {
    vec![
        Attribute::required(
            "source",
            Type::String,
            "Repository whose tags are listed, as an image reference without a tag: `nginx`, \
             `ghcr.io/org/app`.",
        ),
        Attribute::optional(
            "matches",
            Type::String,
            "Regular expression that a tag has to match somewhere; `^` and `$` are its ends. The \
             syntax is that of the Rust crate `regex-lite`, which is near to that of Terraform's \
             `regex`. If it has a group named `version`, `semver` reads the version from there: \
             `^(?<version>[0-9.]+)-alpine$`.",
        ),
        Attribute::optional(
            "semver",
            Type::String,
            "Range that the version of a tag has to be in: `>=1.26, <2`, `~> 1.26`, `^1.26`, \
             `1.26.*`, `*`. A version is one to three numbers, with `v` before them or not, so that \
             `1.27` counts as 1.27.0 and `24.04` as 24.4.0. Tags that are no versions are left \
             out, as are prereleases, and `1.27.3-alpine` is one: read the version with `matches`.",
        ),
        Attribute::optional(
            "include_prereleases",
            Type::Bool,
            "Take prereleases of the versions in `semver` too. Without it they are taken only \
             where the range itself names one. Default: `false`.",
        ),
        Attribute::optional(
            "newest",
            Type::Number,
            "Take only so many tags, those with the newest versions. Needs `semver`; `*` is every \
             version.",
        ),
        Attribute::computed(
            "tags",
            Type::list(Type::String),
            "The tags: with `semver` the newest version first, and tags of one version in \
             alphabetical order; without it all in alphabetical order. Never empty: that no tag is \
             left is an error, because `for_each` would destroy everything.",
        ),
    ]
}

/// Reads a reference that has only a repository.
fn repository(source: &Attr<String>, problems: &mut Diagnostics) -> Option<Repository> {
    let reference: Reference = source_reference::read(source, problems)?;
    let text = source.known()?;
    let has_tag = reference
        .tag()
        .is_some_and(|tag| text.ends_with(&format!(":{tag}")));
    if has_tag || reference.digest().is_some() {
        let what = if has_tag { "tag" } else { "digest" };
        problems.push(
            Diagnostic::error("Invalid source repository")
                .at(Path::root("source"))
                .detail(format!(
                    "`{}` has a {what}, and what is listed here are the tags of a repository.",
                    excerpt(text)
                ))
                .hint(format!("Write it without the {what}.")),
        );
        return None;
    }
    Some(reference.repository().clone())
}

/// Reads what is wanted, and tells what is wrong with it. `None` when something is wrong or not
/// known yet.
fn choice(config: &SourceTagsModel, problems: &mut Diagnostics) -> Option<Choice> {
    let newest = settings::whole(config.newest.known(), "newest", 1..=100_000, problems);
    let matches = match &config.matches {
        Attr::Known(text) => expression(text, problems).map(Some),
        Attr::Null => Some(None),
        Attr::Unknown => None,
    };
    let range = match &config.semver {
        Attr::Known(text) => range(text, problems).map(Some),
        Attr::Null => Some(None),
        Attr::Unknown => None,
    };
    let newest = newest?.map(|newest| usize::try_from(newest).unwrap_or(usize::MAX));
    let prereleases = match config.include_prereleases.known() {
        Some(true) => Prereleases::Included,
        Some(false) | None => Prereleases::Excluded,
    };
    Some(Choice {
        matches: matches?,
        versions: range?.map(|range| Versions {
            range,
            prereleases,
            newest,
        }),
    })
}

fn expression(text: &str, problems: &mut Diagnostics) -> Option<Regex> {
    match Regex::new(text) {
        Ok(expression) => Some(expression),
        Err(error) => {
            problems.push(
                Diagnostic::error("Invalid regular expression")
                    .at(Path::root("matches"))
                    .detail(format!("`{}` cannot be used: {error}.", excerpt(text))),
            );
            None
        }
    }
}

fn range(text: &str, problems: &mut Diagnostics) -> Option<Range> {
    match text.parse() {
        Ok(range) => Some(range),
        Err(error) => {
            let error: version::InvalidRange = error;
            problems.push(
                Diagnostic::error("Invalid range of versions")
                    .at(Path::root("semver"))
                    .detail(format!(
                        "`{}` is not a range of versions: {error}.",
                        excerpt(text)
                    )),
            );
            None
        }
    }
}

/// What only says something about versions.
fn without_range(config: &SourceTagsModel, problems: &mut Diagnostics) {
    if !config.semver.is_null() {
        return;
    }
    let used = [
        ("newest", config.newest.known().is_some()),
        (
            "include_prereleases",
            config.include_prereleases.known() == Some(&true),
        ),
    ];
    for (name, _) in used.into_iter().filter(|(_, is_used)| *is_used) {
        problems.push(
            Diagnostic::error("Range of versions is missing")
                .at(Path::root(name))
                .detail(format!(
                    "`{name}` is about versions, and without `semver` nothing is read as one."
                ))
                .hint("Add `semver = \"*\"` for every version, or a range."),
        );
    }
}

fn nothing_chosen(repository: &Repository, count: usize) -> Diagnostic {
    let listed = match count {
        0 => "has no tags".to_owned(),
        1 => "has one tag, which is not wanted".to_owned(),
        _ => format!("has {count} tags, none of which is wanted"),
    };
    Diagnostic::error("No tag is left")
        .detail(format!("`{repository}` {listed}."))
        .detail(
            "The provider does not hand on an empty list: what is made with `for_each` from it \
             would be destroyed.",
        )
        .hint("Check `source`, `matches` and `semver`.")
}

const DESCRIPTION: &str = "\
Tags of a source repository, chosen by a regular expression, by a range of versions, or both. This \
feeds `for_each`, so that new versions are mirrored without a change of the configuration.

Listing tags costs no pull, and the list is read to its end, up to 100,000 tags. Whatever goes wrong \
is an error, and nothing is planned from half a list. A tag that disappears from the list is planned \
to be destroyed at the destination, and `newest` moves on with each release: the example keeps what has \
gone out of the list.";

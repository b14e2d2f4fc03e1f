//! Names of repositories in ECR Public.

use std::fmt;
use std::str::FromStr;

use crate::oci;
use crate::tf::{Attr, Diagnostics, Path};

use super::diagnose;

/// The name of a repository in ECR Public, without the alias of its registry.
///
/// 2 to 205 characters; lower-case letters and digits, with a single `.`, `_` or `-` between them;
/// `/` between parts. This is narrower than the names of the OCI Distribution Specification, which
/// also allow `__` and several dashes (service model `ecr-public` 2020-10-30, `RepositoryName`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct RepositoryName(String);

/// The text cannot name a repository in ECR Public.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidRepositoryName {
    /// Too short or too long.
    #[error("it has {0} characters, and ECR Public takes 2 to 205")]
    Length(usize),
    /// Two separators in a row, which other registries accept.
    #[error(
        "it has `{0}`, and ECR Public takes only a single `.`, `_` or `-` between letters and \
         digits, although other registries take more"
    )]
    Separators(String),
    /// A separator without a letter or digit on both sides.
    #[error("each part between slashes has to begin and end with a lower-case letter or a digit")]
    Edge,
    /// Something else than the grammar has.
    #[error("it has {0:?}, and ECR Public takes lower-case letters, digits, `.`, `_`, `-` and `/`")]
    Character(char),
}

impl FromStr for RepositoryName {
    type Err = InvalidRepositoryName;

    fn from_str(text: &str) -> Result<Self, InvalidRepositoryName> {
        let accepted = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-/".contains(c);
        if let Some(stranger) = text.chars().find(|&c| !accepted(c)) {
            return Err(InvalidRepositoryName::Character(stranger));
        }
        if !(2..=205).contains(&text.len()) {
            return Err(InvalidRepositoryName::Length(text.len()));
        }
        for part in text.split('/') {
            check_part(part)?;
        }
        Ok(Self(text.to_owned()))
    }
}

/// Checks `repository`, wherever it is written. What is not known passes.
pub(crate) fn check(name: &Attr<String>, problems: &mut Diagnostics) {
    if let Some(name) = name.known()
        && let Err(error) = name.parse::<RepositoryName>()
    {
        let problem = diagnose::invalid_repository_name(name, &error);
        problems.push(problem.at(Path::root("repository")));
    }
}

fn check_part(part: &str) -> Result<(), InvalidRepositoryName> {
    let is_separator = |c: char| matches!(c, '.' | '_' | '-');
    if part.is_empty() || part.starts_with(is_separator) || part.ends_with(is_separator) {
        return Err(InvalidRepositoryName::Edge);
    }
    let mut runs = part.split(|c: char| !is_separator(c));
    match runs.find(|run| run.len() > 1) {
        Some(run) => Err(InvalidRepositoryName::Separators(run.to_owned())),
        None => Ok(()),
    }
}

impl RepositoryName {
    /// The name for a copy of this repository when none is chosen: its path, without the
    /// `library/` of Docker's official images.
    pub(crate) fn for_copy_of(source: &oci::Repository) -> Result<Self, InvalidRepositoryName> {
        let path = source.path();
        let short = path
            .strip_prefix("library/")
            .filter(|_| source.is_docker_hub());
        short.unwrap_or(path).parse()
    }

    /// Its text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_ecr_public_are_accepted() {
        let longest = format!("a{}", "/b".repeat(102));
        for name in ["nginx", "a1", "team/app", "a.b_c-d/e", "0/1", &longest] {
            assert_eq!(
                name.parse().map(|RepositoryName(text)| text).as_deref(),
                Ok(name)
            );
        }
    }

    #[test]
    fn names_that_only_other_registries_take_are_refused_with_the_difference() {
        use InvalidRepositoryName as Invalid;
        let too_long = "a".repeat(206);
        let rows = [
            ("a__b", Invalid::Separators("__".to_owned())),
            ("a--b", Invalid::Separators("--".to_owned())),
            ("a", Invalid::Length(1)),
            ("", Invalid::Length(0)),
            (too_long.as_str(), Invalid::Length(206)),
            ("Nginx", Invalid::Character('N')),
            ("a:b", Invalid::Character(':')),
            ("-ab", Invalid::Edge),
            ("ab/", Invalid::Edge),
            ("a//b", Invalid::Edge),
        ];
        for (name, error) in rows {
            assert_eq!(name.parse::<RepositoryName>(), Err(error), "{name}");
        }
    }

    #[test]
    fn a_copy_is_named_after_the_path_of_its_source() {
        let rows = [
            ("docker.io", "library/nginx", "nginx"),
            ("docker.io", "grafana/grafana", "grafana/grafana"),
            ("ghcr.io", "library/nginx", "library/nginx"),
        ];
        for (registry, path, name) in rows {
            let source = oci::Repository::new(registry, path).unwrap();
            assert_eq!(RepositoryName::for_copy_of(&source).unwrap().as_str(), name);
        }
    }
}

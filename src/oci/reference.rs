//! Image references.

use std::fmt;
use std::str::FromStr;

use super::digest::{Digest, InvalidDigest};

/// A registry and a repository in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Repository {
    registry: String,
    path: String,
}

/// A tag: `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`.
///
/// OCI Distribution Specification 1.1, *Pulling manifests*.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(String);

/// Which manifest of a repository is meant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    /// The one that the tag points to now.
    Tag(Tag),
    /// The one with these bytes.
    Digest(Digest),
}

/// An image reference, with the shorthand rules of Docker: `nginx` is
/// `docker.io/library/nginx:latest`.
///
/// When both a tag and a digest are given, the digest decides and the tag is only recorded.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reference {
    repository: Repository,
    tag: Option<Tag>,
    digest: Option<Digest>,
}

/// The text is not an image reference, repository or tag.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidReference {
    /// There is nothing.
    #[error("the reference is empty")]
    Empty,
    /// It starts with `https://` or the like.
    #[error("an image reference has no scheme such as `https://`")]
    Scheme,
    /// The host part is not a host name, with or without a port.
    #[error("`{0}` is not a registry host")]
    Host(String),
    /// The repository path breaks the grammar.
    #[error(
        "`{0}` is not a repository name: lower-case letters and digits, separated by `.`, `_`, \
         `__`, dashes or `/`"
    )]
    Name(String),
    /// Host and path together are longer than 255 characters.
    #[error("registry and repository together have {0} characters, at most 255 are allowed")]
    TooLong(usize),
    /// The tag breaks the grammar.
    #[error(
        "`{0}` is not a tag: up to 128 letters, digits, `.`, `_` or `-`, the first none of `.` and `-`"
    )]
    Tag(String),
    /// The digest breaks the grammar.
    #[error("{0}")]
    Digest(InvalidDigest),
}

impl Repository {
    /// The name that stands for Docker Hub in references.
    pub const DOCKER_HUB: &str = "docker.io";
    /// The host of ECR Public, which serves all accounts.
    pub const ECR_PUBLIC: &str = "public.ecr.aws";

    /// A repository at a registry, both checked. The host is kept in lower case.
    ///
    /// # Errors
    ///
    /// Says which part breaks which rule.
    pub fn new(registry: &str, path: &str) -> Result<Self, InvalidReference> {
        if !is_host(registry) {
            return Err(InvalidReference::Host(excerpt(registry)));
        }
        if !is_name(path) {
            return Err(InvalidReference::Name(excerpt(path)));
        }
        let length = registry.len() + 1 + path.len();
        if length > 255 {
            return Err(InvalidReference::TooLong(length));
        }
        Ok(Self {
            registry: registry.to_ascii_lowercase(),
            path: path.to_owned(),
        })
    }

    /// The registry host, with its port if it has one. Docker Hub is `docker.io`.
    #[must_use]
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The repository within the registry. Docker official images start with `library/`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether it is on Docker Hub.
    #[must_use]
    pub fn is_docker_hub(&self) -> bool {
        self.registry == Self::DOCKER_HUB
    }
}

impl Reference {
    /// The repository.
    #[must_use]
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// The tag, if one was written or implied.
    #[must_use]
    pub fn tag(&self) -> Option<&Tag> {
        self.tag.as_ref()
    }

    /// The digest, if one was written.
    #[must_use]
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// What decides: the digest if there is one, else the tag.
    #[must_use]
    pub fn version(&self) -> Version {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => Version::Digest(digest.clone()),
            (None, Some(tag)) => Version::Tag(tag.clone()),
            (None, None) => Version::Tag(Tag("latest".to_owned())),
        }
    }
}

impl FromStr for Reference {
    type Err = InvalidReference;

    fn from_str(text: &str) -> Result<Self, InvalidReference> {
        if text.is_empty() {
            return Err(InvalidReference::Empty);
        }
        if text.contains("://") {
            return Err(InvalidReference::Scheme);
        }
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (
                rest,
                Some(digest.parse().map_err(InvalidReference::Digest)?),
            ),
            None => (text, None),
        };
        // A colon after the last slash starts a tag; one before it belongs to a port.
        let name_start = rest.rfind('/').map_or(0, |slash| slash + 1);
        let (name, tag) = match rest.split_at(name_start).1.split_once(':') {
            Some((last, tag)) => (rest.split_at(name_start + last.len()).0, Some(tag.parse()?)),
            None => (rest, None),
        };
        let tag = match (tag, &digest) {
            (None, None) => Some(Tag("latest".to_owned())),
            (tag, _) => tag,
        };
        Ok(Self {
            repository: shorthand(name)?,
            tag,
            digest,
        })
    }
}

/// Applies Docker's rules for what is left out.
fn shorthand(name: &str) -> Result<Repository, InvalidReference> {
    let is_host =
        |first: &str| first.contains(['.', ':']) || first.eq_ignore_ascii_case("localhost");
    let (registry, path) = match name.split_once('/') {
        Some((first, rest)) if is_host(first) => (first, rest),
        _ => (Repository::DOCKER_HUB, name),
    };
    match registry.to_ascii_lowercase().as_str() {
        Repository::DOCKER_HUB | "index.docker.io" | "registry-1.docker.io" => {
            if path.contains('/') {
                Repository::new(Repository::DOCKER_HUB, path)
            } else {
                Repository::new(Repository::DOCKER_HUB, &format!("library/{path}"))
                    .map_err(|error| without_library(error, path))
            }
        }
        _ => Repository::new(registry, path),
    }
}

/// Shows the practitioner what they wrote, not what we made of it.
fn without_library(error: InvalidReference, path: &str) -> InvalidReference {
    match error {
        InvalidReference::Name(_) => InvalidReference::Name(excerpt(path)),
        other => other,
    }
}

impl FromStr for Tag {
    type Err = InvalidReference;

    fn from_str(text: &str) -> Result<Self, InvalidReference> {
        let starts = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if starts && text.len() <= 128 && text.chars().all(fits) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidReference::Tag(excerpt(text)))
        }
    }
}

impl Tag {
    /// The tag that belongs to a digest, with something appended that tags may end with.
    pub(super) fn from_digest(digest: &Digest, suffix: &str) -> Self {
        let algorithm = digest.as_str().split(':').next().unwrap_or_default();
        let encoded: String = digest.encoded().chars().take(64).collect();
        Self(format!("{algorithm}-{encoded}{suffix}"))
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.path)
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => tag.fmt(f),
            Self::Digest(digest) => digest.fmt(f),
        }
    }
}

/// The canonical form, nothing left out.
impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.repository.fmt(f)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        self.digest
            .as_ref()
            .map_or(Ok(()), |digest| write!(f, "@{digest}"))
    }
}

/// A host name, IPv4 address or bracketed IPv6 address, with or without a port.
fn is_host(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let port_fits = port.is_none_or(is_port);
    let host_fits = match host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => host.split('.').all(is_label),
    };
    port_fits && host_fits
}

/// `parse` alone would take a sign.
fn is_port(port: &str) -> bool {
    let is_digits = port.bytes().all(|byte| byte.is_ascii_digit());
    is_digits && port.parse::<u16>().is_ok_and(|port| port != 0)
}

fn is_label(label: &str) -> bool {
    !label.is_empty()
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// OCI Distribution Specification 1.1, *Pulling manifests*, `<name>`.
fn is_name(path: &str) -> bool {
    path.split('/').all(is_component)
}

fn is_component(component: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let mut separators = component.split(|c: char| c.is_ascii() && is_word(c as u8));
    let ends_with_words = component.bytes().next().is_some_and(is_word)
        && component.bytes().next_back().is_some_and(is_word);
    ends_with_words
        && separators.all(|separator| {
            matches!(separator, "" | "." | "_" | "__") || separator.bytes().all(|b| b == b'-')
        })
}

/// At most 80 characters of something a stranger wrote, for a message.
fn excerpt(text: &str) -> String {
    let mut short: String = text.chars().take(80).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests;

//! One file: what it says about which registry.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use serde::Deserialize;

use super::InvalidDockerConfig;
use crate::net::Secret;
use crate::oci::Repository;
use crate::registry::auth::Credential;

/// How large the file may be, in bytes. Thousands of logins fit.
const FILE_BYTES: u64 = 1024 * 1024;

/// The key under which Docker keeps the login of Docker Hub, and what helpers are asked for.
const DOCKER_HUB_KEY: &str = "https://index.docker.io/v1/";

/// A parsed file.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct File {
    auths: BTreeMap<String, Entry>,
    cred_helpers: BTreeMap<String, String>,
    creds_store: Option<String>,
}

/// What a file says about a registry.
#[derive(Debug)]
pub(super) enum Choice {
    /// The credential is in the file.
    Stored(Credential),
    /// A helper has to be asked.
    Helper {
        name: String,
        /// What to ask it for.
        server: String,
        /// What to use when it has nothing.
        otherwise: Credential,
    },
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
    registrytoken: Option<String>,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<hidden>")
    }
}

impl File {
    pub(super) fn read(path: &Path) -> Result<Self, InvalidDockerConfig> {
        let unreadable = |source| InvalidDockerConfig::Unreadable {
            path: path.to_owned(),
            source,
        };
        let file = std::fs::File::open(path).map_err(unreadable)?;
        let mut bytes = Vec::new();
        let limited = &mut file.take(FILE_BYTES + 1);
        limited.read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() as u64 > FILE_BYTES {
            return Err(InvalidDockerConfig::TooLarge {
                path: path.to_owned(),
                limit: FILE_BYTES,
            });
        }
        if bytes.trim_ascii().is_empty() {
            return Ok(Self::default());
        }
        // The words of the parser quote the file, so only the place is kept.
        serde_json::from_slice(&bytes).map_err(|error| InvalidDockerConfig::Broken {
            path: path.to_owned(),
            line: error.line(),
            column: error.column(),
        })
    }

    /// What this file says about a repository, if it says something.
    pub(super) fn choose(&self, repository: &Repository) -> Option<Choice> {
        let stored = best(&self.auths, repository).and_then(Entry::credential);
        let helper = best(&self.cred_helpers, repository)
            .or(self.creds_store.as_ref())
            .filter(|name| !name.is_empty());
        match (helper, stored) {
            (Some(name), stored) => Some(Choice::Helper {
                name: name.clone(),
                server: server(repository),
                otherwise: stored.unwrap_or(Credential::Anonymous),
            }),
            (None, Some(stored)) => Some(Choice::Stored(stored)),
            (None, None) => None,
        }
    }
}

impl Entry {
    /// `{}` stands beside a helper and is none.
    fn credential(&self) -> Option<Credential> {
        let secret = |text: &Option<String>| {
            text.clone()
                .filter(|text| !text.is_empty())
                .map(Secret::new)
        };
        if let Some(token) = secret(&self.identitytoken) {
            return Some(Credential::Identity(token));
        }
        if let Some(token) = secret(&self.registrytoken) {
            return Some(Credential::Bearer(token));
        }
        let (username, password) = match &self.auth {
            Some(auth) if !auth.is_empty() => pair(auth)?,
            _ => (self.username.clone()?, self.password.clone()?),
        };
        (!username.is_empty()).then(|| Credential::Basic {
            username,
            password: Secret::new(password),
        })
    }
}

/// `user:password` in base64. Some writers pad it with zero bytes, some not at all.
fn pair(auth: &str) -> Option<(String, String)> {
    let auth = auth.trim();
    let bytes = STANDARD
        .decode(auth)
        .or_else(|_padding| STANDARD_NO_PAD.decode(auth))
        .ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (username, password) = text.split_once(':')?;
    Some((
        username.to_owned(),
        password.trim_end_matches('\0').to_owned(),
    ))
}

/// What a helper is asked for.
fn server(repository: &Repository) -> String {
    if repository.is_docker_hub() {
        DOCKER_HUB_KEY.to_owned()
    } else {
        repository.registry().to_owned()
    }
}

/// The entry whose key covers the repository, the longest key first.
fn best<'a, T>(entries: &'a BTreeMap<String, T>, repository: &Repository) -> Option<&'a T> {
    entries
        .iter()
        .filter_map(|(key, entry)| Some((covered(key, repository)?, entry)))
        .max_by_key(|(length, _)| *length)
        .map(|(_, entry)| entry)
}

/// How much of the repository path a key names, if it covers the repository.
///
/// With a scheme it is one of Docker's and its path (`/v1/`) means nothing; without one the path
/// names a part of the registry.
fn covered(key: &str, repository: &Repository) -> Option<usize> {
    let (rest, has_scheme) = match key.split_once("://") {
        Some((_, rest)) => (rest, true),
        None => (key, false),
    };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    if canonical(host) != canonical(repository.registry()) {
        return None;
    }
    let path = path.trim_end_matches('/');
    if has_scheme || matches!(path, "" | "v1" | "v2") {
        return Some(0);
    }
    let rest = repository.path().strip_prefix(path)?;
    (rest.is_empty() || rest.starts_with('/')).then_some(path.len())
}

fn canonical(host: &str) -> String {
    match host.to_ascii_lowercase().as_str() {
        "index.docker.io" | "registry-1.docker.io" => Repository::DOCKER_HUB.to_owned(),
        other => other.to_owned(),
    }
}

//! The Docker configuration file, as a source of credentials.
//!
//! Docker CLI, *docker login*, *Credential stores* and *Credential helpers*;
//! containers-auth.json(5) for the files of Podman, whose keys may name a part of a registry.

mod file;
mod helper;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use self::file::{Choice, File};
use self::helper::Helper;
use super::auth::{Credential, CredentialSource};
use crate::oci::Repository;

/// Credentials from Docker's configuration, its helpers included. Cheap to clone; clones share
/// what helpers have answered.
#[derive(Clone, Debug, Default)]
pub struct DockerConfig(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    files: Vec<File>,
    helpers: Mutex<HashMap<(String, String), Arc<Helper>>>,
}

/// The configuration cannot be used. What is in it is not shown: it may be secret.
#[derive(Debug, thiserror::Error)]
pub enum InvalidDockerConfig {
    /// It is not there, or may not be read.
    #[error("the Docker configuration `{}` cannot be read", path.display())]
    Unreadable {
        /// Where it should be.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is larger than any such file is.
    #[error("the Docker configuration `{}` is larger than {limit} bytes", path.display())]
    TooLarge {
        /// Where it is.
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },
    /// It is not JSON, or a field has another type.
    #[error(
        "the Docker configuration `{}` is broken in line {line}, column {column}",
        path.display()
    )]
    Broken {
        /// Where it is.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
    },
}

impl DockerConfig {
    /// Reads the file at `path`; without one, those that are there of `$REGISTRY_AUTH_FILE`,
    /// `$DOCKER_CONFIG/config.json` or `~/.docker/config.json`, and Podman's two. The first that
    /// has something for a registry decides.
    ///
    /// # Errors
    ///
    /// A file that was asked for is not there, or one that is there is broken.
    pub fn load(path: Option<&Path>) -> Result<Self, InvalidDockerConfig> {
        let files = match path {
            Some(path) => vec![File::read(path)?],
            None => read_present(&default_paths(|name| {
                std::env::var_os(name).map(PathBuf::from)
            }))?,
        };
        Ok(Self(Arc::new(Shared {
            files,
            helpers: Mutex::default(),
        })))
    }

    /// A configuration with nothing in it: every registry is met anonymously.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Where the credentials for this repository come from. Helpers are run when they are needed
    /// first, not now.
    #[must_use]
    pub fn credentials(&self, repository: &Repository) -> Arc<dyn CredentialSource> {
        let choice = self.0.files.iter().find_map(|file| file.choose(repository));
        match choice {
            None => Arc::new(Credential::Anonymous),
            Some(Choice::Stored(credential)) => Arc::new(credential),
            Some(Choice::Helper {
                name,
                server,
                otherwise,
            }) => self.helper(name, server, otherwise),
        }
    }

    fn helper(&self, name: String, server: String, otherwise: Credential) -> Arc<Helper> {
        let mut helpers = self
            .0
            .helpers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let helper = helpers
            .entry((name, server))
            .or_insert_with_key(|(name, server)| {
                Arc::new(Helper::new(name, server.clone(), otherwise))
            });
        Arc::clone(helper)
    }
}

fn read_present(paths: &[PathBuf]) -> Result<Vec<File>, InvalidDockerConfig> {
    let mut files = Vec::new();
    for path in paths {
        match File::read(path) {
            Ok(file) => files.push(file),
            Err(InvalidDockerConfig::Unreadable { source, .. })
                if source.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(files)
}

fn default_paths(environment: impl Fn(&str) -> Option<PathBuf>) -> Vec<PathBuf> {
    let set = |name| environment(name).filter(|value| !value.as_os_str().is_empty());
    let home = set("HOME").or_else(|| set("USERPROFILE"));
    let docker = set("DOCKER_CONFIG").or_else(|| home.as_ref().map(|home| home.join(".docker")));
    [
        set("REGISTRY_AUTH_FILE"),
        docker.map(|folder| folder.join("config.json")),
        set("XDG_RUNTIME_DIR").map(|folder| folder.join("containers/auth.json")),
        home.map(|home| home.join(".config/containers/auth.json")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests;

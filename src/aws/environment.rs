//! The environment variables, handed in so that tests never touch those of the process.

use std::path::PathBuf;

use aws_types::os_shim_internal::Env;

/// Where environment variables are read.
///
/// The default is the environment of the process. Its debug form shows no values, since some of
/// them are keys.
#[derive(Clone, Default)]
pub struct Environment(Env);

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Environment")
    }
}

impl Environment {
    /// These variables and no others.
    #[must_use]
    pub fn of(variables: &[(&str, &str)]) -> Self {
        Self(Env::from_slice(variables))
    }

    /// A variable that is set and not empty.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).ok().filter(|value| !value.is_empty())
    }

    /// The first of several names that is set, with its name.
    pub(super) fn first(&self, names: &[&'static str]) -> Option<(&'static str, String)> {
        names
            .iter()
            .find_map(|name| self.get(name).map(|value| (*name, value)))
    }

    /// The home directory.
    pub(super) fn home(&self) -> Option<PathBuf> {
        self.first(&["HOME", "USERPROFILE"])
            .map(|(_, home)| PathBuf::from(home))
    }

    /// A path with a leading `~` in place of the home directory.
    pub(super) fn expand(&self, path: &std::path::Path) -> PathBuf {
        match (path.strip_prefix("~"), self.home()) {
            (Ok(rest), Some(home)) => home.join(rest),
            _ => path.to_owned(),
        }
    }

    pub(super) fn shim(&self) -> &Env {
        &self.0
    }
}

//! The shared configuration: `~/.aws/config`, `~/.aws/credentials`, and files named in their place.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use aws_runtime::env_config::error::EnvConfigFileLoadError;
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_runtime::env_config::property::PropertiesKey;
use aws_runtime::env_config::section::{EnvConfigSections, Profile, SsoSession};
use aws_types::os_shim_internal::Fs;

use super::error::{Error, ErrorKind, NamedBy};
use super::{Config, Environment};

/// The files, read once, and the profile that is selected in them.
#[derive(Clone, Debug)]
pub(super) struct SharedConfig {
    /// Everything that was looked for, whether it exists or not.
    paths: Vec<PathBuf>,
    sections: EnvConfigSections,
    selected: Selected,
}

/// The profile to use.
#[derive(Clone, Debug)]
struct Selected {
    name: String,
    /// Who named it; `None` for `default`, which need not exist then.
    named_by: Option<NamedBy>,
}

impl SharedConfig {
    /// Reads the files.
    ///
    /// # Errors
    ///
    /// A file that is there cannot be read or understood, or a profile that somebody named does not
    /// exist.
    pub(super) async fn read(config: &Config) -> Result<Self, Error> {
        let environment = &config.environment;
        let paths = Paths::choose(config, environment).await?;
        let selected = Selected::choose(config, environment);
        let name = Cow::Owned(selected.name.clone());
        let sections =
            aws_config::profile::load(&Fs::real(), environment.shim(), &paths.files, Some(name))
                .await
                .map_err(|error| unreadable(&error))?;
        let shared = Self {
            paths: paths.all,
            sections,
            selected,
        };
        shared.check_selected()?;
        Ok(shared)
    }

    /// The name of the selected profile.
    pub(super) fn selected(&self) -> &str {
        &self.selected.name
    }

    /// Whether the provider block names the profile, which puts it before the environment.
    pub(super) fn is_configured(&self) -> bool {
        self.selected.named_by == Some(NamedBy::Configuration)
    }

    /// A profile by its name.
    pub(super) fn profile(&self, name: &str) -> Option<&Profile> {
        self.sections.get_profile(name)
    }

    /// A key of the selected profile that is not empty.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.sections.get(key).filter(|value| !value.is_empty())
    }

    /// A section with what the sign-ins of several profiles share.
    pub(super) fn sign_on_session(&self, name: &str) -> Option<&SsoSession> {
        self.sections.sso_session(name)
    }

    /// `endpoint_url` of a service in the section that the selected profile names by `services`.
    pub(super) fn service_endpoint(&self, service: &str) -> Option<&str> {
        let key = PropertiesKey::builder()
            .section_key("services")
            .section_name(self.get("services")?)
            .property_name(service)
            .sub_property_name("endpoint_url")
            .build()
            .ok()?;
        let url = self.sections.other_sections().get(&key)?;
        (!url.is_empty()).then_some(url)
    }

    /// Reports a profile that somebody named and that is not there.
    pub(super) fn missing(&self, profile: &str, named_by: NamedBy) -> Error {
        ErrorKind::ProfileNotFound {
            profile: profile.to_owned(),
            named_by,
            files: self.paths.clone(),
        }
        .into()
    }

    fn check_selected(&self) -> Result<(), Error> {
        match &self.selected.named_by {
            Some(named_by) if self.profile(&self.selected.name).is_none() => {
                Err(self.missing(&self.selected.name, named_by.clone()))
            }
            _ => Ok(()),
        }
    }
}

impl Selected {
    fn choose(config: &Config, environment: &Environment) -> Self {
        if let Some(name) = config.profile.clone().filter(|name| !name.is_empty()) {
            return Self {
                name,
                named_by: Some(NamedBy::Configuration),
            };
        }
        match environment.first(&["AWS_PROFILE", "AWS_DEFAULT_PROFILE"]) {
            Some((variable, name)) => Self {
                name,
                named_by: Some(NamedBy::Environment(variable)),
            },
            None => Self {
                name: "default".to_owned(),
                named_by: None,
            },
        }
    }
}

/// Which files to read.
struct Paths {
    /// Those that exist.
    files: EnvConfigFiles,
    all: Vec<PathBuf>,
}

impl Paths {
    async fn choose(config: &Config, environment: &Environment) -> Result<Self, Error> {
        let kinds = [
            (
                EnvConfigFileKind::Config,
                &config.shared_config_files,
                "AWS_CONFIG_FILE",
                "config",
            ),
            (
                EnvConfigFileKind::Credentials,
                &config.shared_credentials_files,
                "AWS_SHARED_CREDENTIALS_FILE",
                "credentials",
            ),
        ];
        // The builder ends the process over a set without files.
        let mut files = EnvConfigFiles::builder().with_contents(EnvConfigFileKind::Config, "");
        let mut all = Vec::new();
        for (kind, configured, variable, name) in kinds {
            for path in wanted(environment, configured, variable, name) {
                if is_there(&path).await? {
                    files = files.with_file(kind, &path);
                }
                all.push(path);
            }
        }
        Ok(Self {
            files: files.build(),
            all,
        })
    }
}

/// The files of the provider block, or else the one of the environment or in the home directory.
///
/// Any of them may be missing: one block serves the laptop that has them and the pipeline that has
/// keys in its environment.
fn wanted(
    environment: &Environment,
    configured: &[PathBuf],
    variable: &'static str,
    name: &str,
) -> Vec<PathBuf> {
    if !configured.is_empty() {
        let paths = configured.iter();
        return paths.map(|path| environment.expand(path)).collect();
    }
    let path = match environment.get(variable) {
        Some(path) => Some(environment.expand(Path::new(&path))),
        None => environment.home().map(|home| home.join(".aws").join(name)),
    };
    path.into_iter().collect()
}

async fn is_there(path: &Path) -> Result<bool, Error> {
    let is_there = tokio::fs::try_exists(path).await;
    is_there.map_err(|error| {
        ErrorKind::SharedConfig {
            path: Some(path.to_owned()),
            profile: None,
            problem: error.to_string(),
        }
        .into()
    })
}

fn unreadable(error: &EnvConfigFileLoadError) -> Error {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    let problem = match cause {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    };
    ErrorKind::SharedConfig {
        path: None,
        profile: None,
        problem,
    }
    .into()
}

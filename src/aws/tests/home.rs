//! A home directory with shared configuration files, and the services that it leads to.

use std::path::PathBuf;
use std::time::Duration;

use super::mock::{Mock, connect};
use crate::aws::timing::Timing;
use crate::aws::{Aws, Config, Environment, Error};
use crate::task::Context;

/// Keys of two profiles, told apart by the account in them.
pub(super) const PROFILE: &str = "AKIA100000000003AAAA";
pub(super) const DEFAULT: &str = "AKIA100000000004AAAA";

/// Less than the five minutes for which credentials must last to be used again.
pub(super) const ALMOST_OVER: Duration = Duration::from_secs(200);

pub(super) struct Home {
    folder: tempfile::TempDir,
    pub(super) mock: Mock,
}

impl Home {
    pub(super) async fn with(credentials: &str, config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(".aws")).unwrap();
        let home = Self {
            folder,
            mock: Mock::start().await,
        };
        std::fs::write(home.path(".aws/credentials"), credentials).unwrap();
        std::fs::write(home.path(".aws/config"), config).unwrap();
        home
    }

    pub(super) async fn usual() -> Self {
        let credentials = format!(
            "[default]\naws_access_key_id={DEFAULT}\naws_secret_access_key=s\n\
             [named]\naws_access_key_id={PROFILE}\naws_secret_access_key=s\n"
        );
        Self::with(&credentials, "").await
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn config(&self, variables: &[(&str, &str)]) -> Config {
        let home = self.folder.path().to_str().unwrap();
        let mut all = vec![("HOME", home)];
        all.extend(variables);
        Config {
            environment: Environment::of(&all),
            ..self.mock.keyless()
        }
    }

    /// The key that the caller identity was asked with.
    pub(super) async fn key_of(&self, config: Config) -> String {
        connect(config).await.unwrap();
        self.mock
            .seen("GetCallerIdentity")
            .pop()
            .unwrap()
            .key
            .unwrap()
    }
}

pub(super) async fn refused(config: Config) -> Error {
    connect(config).await.unwrap_err()
}

/// A provider that uses what is about to end once, in place of half a minute.
pub(super) async fn impatient(config: Config) -> Aws {
    let timing = Timing {
        patience: Duration::ZERO,
        ..Timing::default()
    };
    Aws::connect_with(&Context::new(), config, timing)
        .await
        .unwrap()
}

/// A moment from now on, as credentials have it.
pub(super) fn ends_in(time: Duration) -> String {
    use aws_smithy_types::DateTime;
    use aws_smithy_types::date_time::Format;
    let end = DateTime::from(crate::task::wall() + time);
    DateTime::from_secs(end.secs())
        .fmt(Format::DateTime)
        .unwrap()
}

//! The file in which the AWS CLI leaves the token of a sign-in.
//!
//! AWS SDKs and Tools Reference Guide, *IAM Identity Center credential provider*: JSON in
//! `~/.aws/sso/cache`, under the SHA-1 of the name of the session or of the start page.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::SystemTime;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde_json::{Map, Value};
use tokio::io::AsyncWriteExt as _;

use crate::aws::Environment;
use crate::aws::container;
use crate::aws::error::SignIn;
use crate::net::Secret;

/// Where it is, if there is a home directory.
#[derive(Debug)]
pub(super) struct Cached(Option<PathBuf>);

/// A sign-in. It has no debug form: there are tokens in it.
pub(super) struct SignedIn {
    pub(super) token: Secret<String>,
    pub(super) ends: SystemTime,
    file: Map<String, Value>,
}

/// What a renewal takes.
pub(super) struct Refreshing<'a> {
    pub(super) client_id: &'a str,
    pub(super) client_secret: &'a str,
    pub(super) refresh_token: &'a str,
    /// Everything that is in the file.
    pub(super) file: &'a Map<String, Value>,
}

impl Cached {
    /// The place of a sign-in of this name.
    pub(super) fn of(environment: &Environment, name: &str) -> Self {
        let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, name.as_bytes());
        let mut file = String::with_capacity(45);
        for byte in hash.as_ref() {
            // Writing to a string cannot fail.
            write!(file, "{byte:02x}").ok();
        }
        file.push_str(".json");
        let home = environment.home();
        Self(home.map(|home| home.join(".aws/sso/cache").join(file)))
    }

    /// The file.
    pub(super) fn path(&self) -> Option<&PathBuf> {
        self.0.as_ref()
    }

    /// Reads the sign-in.
    ///
    /// # Errors
    ///
    /// There is none.
    pub(super) async fn read(&self) -> Result<SignedIn, SignIn> {
        let path = self.0.as_ref().ok_or(SignIn::NoHome)?;
        let text = tokio::fs::read(path).await.map_err(|error| {
            if error.kind() == std::io::ErrorKind::NotFound {
                SignIn::Missing(path.clone())
            } else {
                SignIn::Unreadable(Some(path.clone()))
            }
        })?;
        let file: Option<Map<String, Value>> = serde_json::from_slice(&text).ok();
        let signed_in = file.and_then(SignedIn::of);
        signed_in.ok_or_else(|| SignIn::Unreadable(Some(path.clone())))
    }

    /// Writes down what was renewed, and everything else as it was. Whoever reads at the same
    /// moment finds the one or the other.
    pub(super) async fn write(
        &self,
        file: &Map<String, Value>,
        token: &str,
        refresh_token: Option<&str>,
        ends: SystemTime,
    ) -> std::io::Result<()> {
        let Some(path) = &self.0 else {
            return Ok(());
        };
        let mut file = file.clone();
        let ends = DateTime::from_secs(DateTime::from(ends).secs());
        let ends = ends.fmt(Format::DateTime).map_err(std::io::Error::other)?;
        file.insert("accessToken".to_owned(), token.into());
        file.insert("expiresAt".to_owned(), ends.into());
        if let Some(token) = refresh_token {
            file.insert("refreshToken".to_owned(), token.into());
        }
        let beside = path.with_extension(format!("{}.tmp", uuid::Uuid::new_v4().simple()));
        let mut options = tokio::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        options.mode(0o600);
        let mut written = options.open(&beside).await?;
        let text = Value::Object(file).to_string();
        written.write_all(text.as_bytes()).await?;
        written.flush().await?;
        tokio::fs::rename(&beside, path).await
    }
}

impl SignedIn {
    fn of(file: Map<String, Value>) -> Option<Self> {
        let token = file.get("accessToken")?.as_str()?.to_owned();
        let ends = moment(file.get("expiresAt")?.as_str()?)?;
        Some(Self {
            token: Secret::new(token),
            ends,
            file,
        })
    }

    /// What renews it, if it can be renewed: older sign-ins cannot.
    pub(super) fn refreshing(&self, now: SystemTime) -> Option<Refreshing<'_>> {
        let text = |name: &str| self.file.get(name)?.as_str();
        let registered_until = moment(text("registrationExpiresAt")?)?;
        if registered_until <= now {
            return None;
        }
        Some(Refreshing {
            client_id: text("clientId")?,
            client_secret: text("clientSecret")?,
            refresh_token: text("refreshToken")?,
            file: &self.file,
        })
    }
}

/// Older versions of the CLI write `UTC` for `Z`.
fn moment(text: &str) -> Option<SystemTime> {
    container::moment(&text.replace("UTC", "Z")).ok()
}

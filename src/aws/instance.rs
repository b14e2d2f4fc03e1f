//! Credentials of the instance that this process runs on.
//!
//! The SDK's own provider asks the process environment whether it may, whatever the provider block
//! says. Here the decision is made before, in [`super::base`].

use std::time::{Duration, SystemTime};

use aws_config::imds;
use aws_config::imds::client::error::ImdsError;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde::Deserialize;

use crate::task;

/// The role that is attached to the instance.
#[derive(Debug)]
pub(super) struct InstanceRole(pub(super) imds::Client);

impl ProvideCredentials for InstanceRole {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.ask())
    }
}

impl InstanceRole {
    async fn ask(&self) -> Result<Credentials, CredentialsError> {
        let names = self.get(ROLES).await?;
        let Some(name) = names.as_ref().lines().find(|name| !name.is_empty()) else {
            return Err(CredentialsError::not_loaded(NO_ROLE));
        };
        let document = self.get(&format!("{ROLES}{name}")).await?;
        understood(document.as_ref())
    }

    async fn get(&self, path: &str) -> Result<impl AsRef<str> + use<>, CredentialsError> {
        self.0.get(path).await.map_err(|error| match error {
            ImdsError::ErrorResponse(answer) if answer.response().status().as_u16() == 404 => {
                CredentialsError::not_loaded(NO_ROLE)
            }
            error => CredentialsError::provider_error(error),
        })
    }
}

/// What the service says about a role. It has no debug form: there are keys in it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    code: Option<String>,
    message: Option<String>,
    access_key_id: Option<String>,
    secret_access_key: Option<String>,
    token: Option<String>,
    expiration: Option<String>,
}

fn understood(text: &str) -> Result<Credentials, CredentialsError> {
    let malformed = || CredentialsError::unhandled("the answer is not that of a role");
    // The error of the parser may quote the document.
    let document: Document = serde_json::from_str(text).map_err(|_| malformed())?;
    match document.code.as_deref() {
        None | Some("Success") => {}
        Some(code) => {
            let message = document.message.unwrap_or_default();
            return Err(CredentialsError::provider_error(format!(
                "{code}: {message}"
            )));
        }
    }
    let (Some(key), Some(secret), Some(token)) = (
        document.access_key_id,
        document.secret_access_key,
        document.token,
    ) else {
        return Err(malformed());
    };
    let ends = document
        .expiration
        .and_then(|text| DateTime::from_str(&text, Format::DateTime).ok())
        .and_then(|moment| SystemTime::try_from(moment).ok())
        .ok_or_else(malformed)?;
    // While the service is behind, AWS goes on to accept the credentials that it hands out.
    let ends = ends.max(task::wall() + EXTENSION);
    Ok(Credentials::new(
        key,
        secret,
        Some(token),
        Some(ends),
        "InstanceRole",
    ))
}

const ROLES: &str = "/latest/meta-data/iam/security-credentials/";

const NO_ROLE: &str = "no role is attached to the instance";

/// Longer than the five minutes for which credentials must last to be used.
const EXTENSION: Duration = Duration::from_secs(600);

//! Credentials for somebody who has signed in to IAM Identity Center with the AWS CLI.
//!
//! The CLI leaves a token in a file. It is good for the portal, which hands out credentials of the
//! role that the profile names. A token that can be renewed is, and is written back, as the CLI
//! itself does.

mod cache;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_credential_types::Credentials;
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use serde::Deserialize;
use serde_json::json;
use url::Url;

use crate::net::Secret;
use crate::task;

use super::Environment;
use super::asking::{Asking, Question};
use super::error::{CredentialOrigin, Error, ErrorKind, SignIn, SourceProblem};
use super::http::{Http, http_url};
use super::settings::Settings;
use cache::{Cached, Refreshing};

/// What a profile says about its sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SsoProfile {
    pub(super) profile: String,
    /// The section with what several profiles share; older profiles have none.
    pub(super) session: Option<String>,
    pub(super) start_url: String,
    pub(super) region: String,
    pub(super) account: String,
    pub(super) role: String,
}

/// The sign-in, and where its credentials are.
#[derive(Debug)]
pub(super) struct SingleSignOn {
    profile: SsoProfile,
    cached: Cached,
    asking: Asking,
    portal: Url,
    oidc: Url,
}

/// What the portal hands out. It has no debug form: there are keys in it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RoleCredentials {
    access_key_id: String,
    secret_access_key: String,
    session_token: String,
    /// Milliseconds since 1970.
    expiration: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Handed {
    role_credentials: RoleCredentials,
}

/// What a renewal brings. It has no debug form: there are tokens in it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Renewed {
    access_token: String,
    expires_in: u64,
    refresh_token: Option<String>,
}

impl SingleSignOn {
    /// Prepares it, without asking anybody.
    ///
    /// # Errors
    ///
    /// The Region of the profile makes no host; this machine has no TLS.
    pub(super) fn new(
        profile: SsoProfile,
        environment: &Environment,
        settings: &Settings,
        http: &Http,
    ) -> Result<Self, Error> {
        let region = &profile.region;
        let standard = [
            format!("https://portal.sso.{region}.amazonaws.com"),
            format!("https://oidc.{region}.amazonaws.com"),
        ];
        let place = |configured: &Option<String>, standard: &str| {
            let text = configured.as_deref().unwrap_or(standard);
            http_url(text).map_err(|problem| {
                Error::from(ErrorKind::SharedConfig {
                    path: None,
                    profile: Some(profile.profile.clone()),
                    problem: format!("of `sso_region`, {problem}"),
                })
            })
        };
        let portal = place(&settings.sso_endpoint, &standard[0])?;
        let oidc = place(&settings.sso_oidc_endpoint, &standard[1])?;
        let name = profile.session.as_ref().unwrap_or(&profile.start_url);
        Ok(Self {
            cached: Cached::of(environment, name),
            asking: Asking::new(http)?,
            portal,
            oidc,
            profile,
        })
    }

    /// Whose credentials these are.
    pub(super) fn origin(&self) -> CredentialOrigin {
        CredentialOrigin::SingleSignOn(self.profile.profile.clone())
    }

    /// Asks for them.
    ///
    /// # Errors
    ///
    /// Somebody has to sign in; the role is not for whoever signed in; the portal is not there.
    pub(super) async fn issue(&self) -> Result<Credentials, Error> {
        let token = self.token().await?;
        let mut url = below(&self.portal, "federation/credentials");
        url.query_pairs_mut()
            .append_pair("role_name", &self.profile.role)
            .append_pair("account_id", &self.profile.account);
        let mut bearer = HeaderValue::from_str(token.reveal())
            .map_err(|_| self.sign_in(SignIn::Unreadable(self.cached.path().cloned())))?;
        bearer.set_sensitive(true);
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert("x-amz-sso_bearer_token", bearer);
        let question = Question {
            url,
            headers,
            body: None,
        };
        let said = self.asking.ask(&self.origin(), &question).await?;
        match said.status() {
            200 => self.understood(said.body()),
            401 => Err(self.sign_in(SignIn::Refused(said.answer()))),
            _ => {
                let refused = SourceProblem::NotAssigned {
                    account: self.profile.account.clone(),
                    role: self.profile.role.clone(),
                    answer: Box::new(said.answer()),
                };
                Err(refused.of(&self.origin()))
            }
        }
    }

    fn understood(&self, body: &[u8]) -> Result<Credentials, Error> {
        // The error of the parser may quote the answer.
        let Ok(Handed { role_credentials }) = serde_json::from_slice(body) else {
            let problem = "its answer has no credentials".to_owned();
            return Err(SourceProblem::NotUnderstood(problem).of(&self.origin()));
        };
        let ends = UNIX_EPOCH.checked_add(Duration::from_millis(role_credentials.expiration));
        let mut credentials = Credentials::builder()
            .access_key_id(role_credentials.access_key_id)
            .secret_access_key(role_credentials.secret_access_key)
            .session_token(role_credentials.session_token)
            .account_id(self.profile.account.as_str())
            .provider_name("SingleSignOn");
        credentials.set_expiry(ends);
        Ok(credentials.build())
    }

    /// The token of the sign-in, renewed when it is about to end and can be.
    async fn token(&self) -> Result<Secret<String>, Error> {
        let signed_in = self.cached.read().await;
        let signed_in = signed_in.map_err(|reason| self.sign_in(reason))?;
        let now = task::wall();
        if now + EARLY < signed_in.ends {
            return Ok(signed_in.token);
        }
        if let Some(refreshing) = signed_in.refreshing(now) {
            match self.renewed(refreshing, now).await {
                Ok(token) => return Ok(token),
                Err(error) => tracing::debug!(%error, "the sign-in was not renewed"),
            }
        }
        if now < signed_in.ends {
            return Ok(signed_in.token);
        }
        Err(self.sign_in(SignIn::Ended(signed_in.ends)))
    }

    async fn renewed(
        &self,
        refreshing: Refreshing<'_>,
        now: SystemTime,
    ) -> Result<Secret<String>, Error> {
        let body = json!({
            "clientId": refreshing.client_id,
            "clientSecret": refreshing.client_secret,
            "grantType": "refresh_token",
            "refreshToken": refreshing.refresh_token,
        });
        let json = HeaderValue::from_static("application/json");
        let question = Question {
            url: below(&self.oidc, "token"),
            headers: [(ACCEPT, json.clone()), (CONTENT_TYPE, json)]
                .into_iter()
                .collect(),
            body: Some(Bytes::from(body.to_string())),
        };
        let said = self.asking.ask(&self.origin(), &question).await?;
        if !said.is_success() {
            return Err(SourceProblem::Refused(said.answer()).of(&self.origin()));
        }
        // The error of the parser may quote the answer.
        let Ok(renewed) = serde_json::from_slice::<Renewed>(said.body()) else {
            let problem = "its answer has no token".to_owned();
            return Err(SourceProblem::NotUnderstood(problem).of(&self.origin()));
        };
        let ends = now + Duration::from_secs(renewed.expires_in);
        let saved = self.cached.write(
            refreshing.file,
            &renewed.access_token,
            renewed.refresh_token.as_deref(),
            ends,
        );
        if let Err(error) = saved.await {
            // The next process has to renew it again, or cannot; this one has its token.
            tracing::warn!(%error, "the renewed sign-in could not be written down");
        }
        Ok(Secret::new(renewed.access_token))
    }

    fn sign_in(&self, reason: SignIn) -> Error {
        ErrorKind::SsoLoginRequired {
            profile: self.profile.profile.clone(),
            start_url: self.profile.start_url.clone(),
            reason,
        }
        .into()
    }
}

fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
    url
}

/// A token is renewed this long before it ends, as the CLI does it.
const EARLY: Duration = Duration::from_secs(300);

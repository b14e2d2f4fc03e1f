//! The login of an identity at the registry of ECR Public.

use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::net::Secret;
use crate::task::{self, Context};

use super::AuthorizationToken;
use super::chain::{Chain, LOGIN_ACTION};
use super::error::{Error, ErrorKind};
use super::link::{MIN_REST, early};
use super::noted::Noted;

/// A login, or why there is none. Its debug form shows no password.
#[derive(Debug)]
pub(super) struct HeldLogin {
    pub(super) result: Result<AuthorizationToken, Error>,
    fresh_until: SystemTime,
}

impl Chain {
    /// The login: the one held, through half of its life and while the credentials it was made
    /// with last, or a new one.
    ///
    /// Whether a login outlives the role session that made it is not documented, so that is not
    /// relied on.
    ///
    /// # Errors
    ///
    /// There are no credentials, they do not allow it, or the answer is none.
    pub(super) async fn authorization_token(
        &self,
        cx: &Context,
    ) -> Result<AuthorizationToken, Error> {
        let now = task::wall();
        let is_fresh = |held: &HeldLogin| now < held.fresh_until;
        let serves = |held: &HeldLogin| {
            let login = held.result.as_ref();
            login.is_ok_and(|login| now + MIN_REST < login.expires_at)
        };
        let held = self.login.get(is_fresh, serves, |_| self.log_in(cx)).await;
        held.result.clone()
    }

    async fn log_in(&self, cx: &Context) -> HeldLogin {
        let result = self.request_login(cx).await;
        let now = task::wall();
        let soon = now + self.timing().patience;
        let fresh_until = match &result {
            Err(_) => soon,
            Ok(login) => {
                let life = login
                    .expires_at
                    .duration_since(now)
                    .unwrap_or(Duration::ZERO);
                let session = self.link.issued().await.ok();
                let session_end = session.and_then(|issued| issued.credentials.expiry());
                let half = now + life / 2;
                let renew_at = session_end.map_or(half, |end| half.min(early(end)));
                // Credentials that cannot be renewed end too; until then, not one login a call.
                renew_at.max(soon.min(login.expires_at))
            }
        };
        HeldLogin {
            result,
            fresh_until,
        }
    }

    async fn request_login(&self, cx: &Context) -> Result<AuthorizationToken, Error> {
        let call = self.begin(LOGIN_ACTION, "*");
        let _waits = call.awaited(cx);
        let sent = self
            .send(&call, |client| {
                let request = client.get_authorization_token().customize();
                request.interceptor(Noted(cx.clone())).send()
            })
            .await;
        let output = match sent {
            Ok(output) => output,
            Err(refusal) => return Err(self.explain(&call, refusal).await),
        };
        let malformed = |problem| {
            Error::from(ErrorKind::Malformed {
                action: LOGIN_ACTION,
                problem,
            })
        };
        let data = output
            .authorization_data()
            .ok_or_else(|| malformed("there is no login in it"))?;
        let expires_at = data
            .expires_at()
            .and_then(|time| SystemTime::try_from(*time).ok())
            .ok_or_else(|| malformed("the login has no end"))?;
        let (username, password) = data
            .authorization_token()
            .and_then(decode)
            .ok_or_else(|| malformed("the login is no user and password in base64"))?;
        Ok(AuthorizationToken {
            username,
            password,
            expires_at,
        })
    }
}

/// `base64(<user>:<password>)`
fn decode(token: &str) -> Option<(String, Secret<String>)> {
    let text = String::from_utf8(STANDARD.decode(token).ok()?).ok()?;
    let (username, password) = text.split_once(':')?;
    if username.is_empty() || password.is_empty() {
        return None;
    }
    Some((username.to_owned(), Secret::new(password.to_owned())))
}

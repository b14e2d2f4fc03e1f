//! Credentials, and where they come from.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use crate::content;
use crate::net::Secret;
use crate::oci::Digest;
use crate::task::Context;

/// What to show a registry.
#[derive(Clone, Debug)]
pub enum Credential {
    /// Nothing.
    Anonymous,
    /// A user and a password, or a personal access token in place of it.
    Basic {
        /// The user.
        username: String,
        /// The password.
        password: Secret<String>,
    },
    /// A ready bearer token.
    Bearer(Secret<String>),
    /// An OAuth2 refresh token, which the Docker configuration calls identity token.
    Identity(Secret<String>),
}

/// Where credentials for one registry come from. Asked before each token exchange.
#[async_trait]
pub trait CredentialSource: Debug + Send + Sync {
    /// The credential to use now.
    async fn credential(&self, cx: &Context) -> Result<Credential, content::Error>;

    /// The registry refused it as expired. A source that can renews; the next call differs then.
    async fn refused(&self);
}

/// One that was written down: there is nothing to renew.
#[async_trait]
impl CredentialSource for Credential {
    async fn credential(&self, _: &Context) -> Result<Self, content::Error> {
        Ok(self.clone())
    }

    async fn refused(&self) {}
}

/// What one credential has in common with its equals, and cannot be turned back into it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Identity(Digest);

impl Credential {
    /// Equal credentials share their tokens.
    pub(super) fn identity(&self) -> Identity {
        let (kind, user, secret) = match self {
            Self::Anonymous => ("anonymous", "", ""),
            Self::Basic { username, password } => {
                ("basic", username.as_str(), &**password.reveal())
            }
            Self::Bearer(token) => ("bearer", "", &**token.reveal()),
            Self::Identity(token) => ("identity", "", &**token.reveal()),
        };
        let text = format!("{kind}\0{user}\0{secret}");
        Identity(Digest::sha256(text.as_bytes()))
    }
}

/// A source, and what it said last.
#[derive(Debug)]
pub(in crate::registry) struct Account {
    source: Arc<dyn CredentialSource>,
    last: Mutex<Option<Credential>>,
}

impl Account {
    pub(in crate::registry) fn new(source: Arc<dyn CredentialSource>) -> Self {
        Self {
            source,
            last: Mutex::new(None),
        }
    }

    /// The credential that was used last, if any was.
    pub(super) fn last(&self) -> Option<Credential> {
        self.last
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The credential to use now.
    pub(super) async fn ask(&self, cx: &Context) -> Result<Credential, content::Error> {
        let credential = self.source.credential(cx).await?;
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(credential.clone());
        Ok(credential)
    }

    /// The credential that was used last, or the one to use now.
    pub(super) async fn last_or_ask(&self, cx: &Context) -> Result<Credential, content::Error> {
        match self.last() {
            Some(credential) => Ok(credential),
            None => self.ask(cx).await,
        }
    }

    /// The registry said that the last one has expired.
    pub(super) async fn refused(&self) {
        self.source.refused().await;
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_credentials_have_equal_identities_and_others_do_not() {
        let basic = |user: &str, password: &str| {
            Credential::Basic {
                username: user.to_owned(),
                password: Secret::new(password.to_owned()),
            }
            .identity()
        };
        let secret = || Secret::new("x".to_owned());
        assert_eq!(basic("a", "b"), basic("a", "b"));
        let all = [
            basic("a", "b"),
            basic("ab", ""),
            basic("", "x"),
            Credential::Anonymous.identity(),
            Credential::Bearer(secret()).identity(),
            Credential::Identity(secret()).identity(),
        ];
        for (index, one) in all.iter().enumerate() {
            assert!(!all[index + 1..].contains(one), "{index}");
        }
    }

    #[test]
    fn a_credential_shows_its_user_and_hides_its_secret() {
        let credential = Credential::Basic {
            username: "ada".to_owned(),
            password: Secret::new("hunter2".to_owned()),
        };
        let text = format!("{credential:?} {:?}", credential.identity());
        assert!(text.contains("ada"));
        assert!(!text.contains("hunter2"));
    }
}

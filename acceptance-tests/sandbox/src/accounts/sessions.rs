//! Temporary credentials and registry logins: issuing, finding and forgetting them.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use time::OffsetDateTime;

use super::Identity;

/// How long a registry login works, unless a test wants it to end sooner. ECR Public User Guide,
/// *Registry authentication*.
const LOGIN_LIFE: Duration = Duration::from_secs(12 * 3600);

/// How many sessions, and how many logins, are remembered.
const REMEMBERED: usize = 20_000;

/// Credentials of a session, as STS hands them out.
#[derive(Clone)]
pub struct Credentials {
    /// `ASIA…`.
    pub access_key_id: String,
    /// The secret to sign with.
    pub secret_access_key: String,
    /// What has to go along with every request.
    pub session_token: String,
    /// When they stop working.
    pub expires_at: OffsetDateTime,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("access_key_id", &self.access_key_id)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// A session to be issued.
#[derive(Clone, Debug)]
pub struct SessionRequest {
    /// Who it will be. Its expiry is set when it is issued.
    pub identity: Identity,
    /// How long it will last.
    pub seconds: u32,
}

/// What is needed to check a signature, and whose it is.
#[derive(Clone)]
pub struct Key {
    /// The secret.
    pub secret_access_key: String,
    /// The token that must go along, for temporary credentials.
    pub session_token: Option<String>,
    /// Whose key it is.
    pub identity: Identity,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("identity", &self.identity.arn)
            .finish_non_exhaustive()
    }
}

/// A login to the registry.
#[derive(Clone)]
pub struct Login {
    /// The password of the user `AWS`.
    pub password: String,
    /// When it stops working.
    pub expires_at: OffsetDateTime,
}

impl Login {
    /// The form `GetAuthorizationToken` returns: base64 of `AWS:<password>`.
    #[must_use]
    pub fn authorization_token(&self) -> String {
        STANDARD.encode(format!("AWS:{}", self.password))
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// Why a password does not log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginRefused {
    /// Nobody was given this password.
    #[error("the login is not known")]
    Unknown,
    /// It was valid once.
    #[error("the login has expired")]
    Expired,
}

/// What has been issued. The oldest entries are forgotten first.
#[derive(Debug)]
pub(super) struct Sessions {
    random: fastrand::Rng,
    keys: Remembered<Key>,
    logins: Remembered<(Identity, OffsetDateTime)>,
    login_life: Duration,
}

#[derive(Debug)]
struct Remembered<T> {
    entries: HashMap<String, T>,
    order: VecDeque<String>,
}

impl Sessions {
    /// Nothing issued. The seed makes what follows repeatable.
    pub(super) fn new(seed: u64) -> Self {
        Self {
            random: fastrand::Rng::with_seed(seed),
            keys: Remembered::default(),
            logins: Remembered::default(),
            login_life: LOGIN_LIFE,
        }
    }

    pub(super) fn issue(&mut self, request: SessionRequest, now: OffsetDateTime) -> Credentials {
        // STS states expiry in whole seconds.
        let now = now.replace_nanosecond(0).unwrap_or(now);
        let expires_at = now + Duration::from_secs(request.seconds.into());
        let credentials = Credentials {
            access_key_id: self.id("ASIA", 16),
            secret_access_key: self.text(40),
            session_token: self.text(356),
            expires_at,
        };
        let key = Key {
            secret_access_key: credentials.secret_access_key.clone(),
            session_token: Some(credentials.session_token.clone()),
            identity: Identity {
                expires_at: Some(expires_at),
                ..request.identity
            },
        };
        self.keys.insert(credentials.access_key_id.clone(), key);
        credentials
    }

    pub(super) fn key(&self, access_key_id: &str) -> Option<Key> {
        self.keys.entries.get(access_key_id).cloned()
    }

    pub(super) fn secrets(&self) -> Vec<String> {
        let keys = self.keys.entries.iter();
        let mut secrets: Vec<String> = keys
            .flat_map(|(id, key)| {
                [
                    Some(id.clone()),
                    Some(key.secret_access_key.clone()),
                    key.session_token.clone(),
                ]
            })
            .flatten()
            .collect();
        secrets.extend(self.logins.entries.keys().cloned());
        secrets
    }

    /// How long the logins to come will work.
    pub(super) fn set_login_life(&mut self, life: Duration) {
        self.login_life = life;
    }

    pub(super) fn issue_login(&mut self, identity: &Identity, now: OffsetDateTime) -> Login {
        let login = Login {
            password: self.text(1200),
            expires_at: now + self.login_life,
        };
        let entry = (identity.clone(), login.expires_at);
        self.logins.insert(login.password.clone(), entry);
        login
    }

    pub(super) fn login(
        &self,
        password: &str,
        now: OffsetDateTime,
    ) -> Result<Identity, LoginRefused> {
        let (identity, expires_at) = self
            .logins
            .entries
            .get(password)
            .ok_or(LoginRefused::Unknown)?;
        if now >= *expires_at {
            return Err(LoginRefused::Expired);
        }
        Ok(identity.clone())
    }

    /// An id as IAM makes them: a prefix and `length` of A-Z and 2-7.
    pub(super) fn id(&mut self, prefix: &str, length: usize) -> String {
        self.random_text(prefix, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", length)
    }

    /// Characters of the base64 alphabet.
    fn text(&mut self, length: usize) -> String {
        const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        self.random_text("", BASE64, length)
    }

    fn random_text(&mut self, prefix: &str, alphabet: &[u8], length: usize) -> String {
        let random = &mut self.random;
        let characters = std::iter::repeat_with(|| random.choice(alphabet).copied());
        prefix
            .chars()
            .chain(characters.take(length).flatten().map(char::from))
            .collect()
    }
}

impl<T> Remembered<T> {
    fn insert(&mut self, name: String, entry: T) {
        if self.order.len() >= REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.entries.remove(&oldest);
        }
        self.order.push_back(name.clone());
        self.entries.insert(name, entry);
    }
}

impl<T> Default for Remembered<T> {
    fn default() -> Self {
        Self {
            entries: HashMap::new(),
            order: VecDeque::new(),
        }
    }
}

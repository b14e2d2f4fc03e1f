//! Tokens, how long they live, and the cache in which callers share them.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::HeaderValue;
use serde::Deserialize;
use tokio::sync::OnceCell;
use tokio::time::Instant;
use url::{Origin, Url};

use super::credential::Identity;
use crate::content::ErrorKind;
use crate::registry::error::Error;
use crate::task::monotonic;

/// How long a token lives when the service does not say.
///
/// CNCF Distribution, *Token Authentication Specification*: "if omitted, this defaults to 60
/// seconds"; servers should not give less.
const DEFAULT_LIFE: Duration = Duration::from_secs(60);

/// A year: what nobody means, and what a clock can still add.
const LONGEST_LIFE: Duration = Duration::from_secs(365 * 24 * 3600);

/// A token is renewed at the latest this long before its end, so that none ends under way.
const MARGIN: Duration = Duration::from_secs(10);

/// Above this many, tokens that have ended are swept out of the cache.
const SWEEP_ABOVE: usize = 1024;

/// A token, ready to be shown.
#[derive(Clone, Debug)]
pub(super) struct Token {
    /// Marked as sensitive, so that its `Debug` hides it.
    pub(super) header: HeaderValue,
    renew_at: Instant,
}

/// What a token is good for. Two callers with equal keys share one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct TokenKey {
    pub(super) registry: Origin,
    pub(super) realm: Url,
    pub(super) service: Option<String>,
    pub(super) scope: String,
    pub(super) identity: Identity,
}

/// The answer of a token service.
///
/// `issued_at` is not read: with a clock that is minutes off it would make each token look
/// expired. The life is counted from receipt instead.
#[derive(Deserialize)]
pub(super) struct TokenAnswer {
    token: Option<String>,
    access_token: Option<String>,
    expires_in: Option<serde_json::Value>,
}

impl TokenAnswer {
    /// The token in it, if it can be sent in a header.
    pub(super) fn token(&self) -> Option<Token> {
        let text = [&self.token, &self.access_token]
            .into_iter()
            .flatten()
            .find(|text| !text.is_empty())?;
        Some(Token {
            header: bearer(text)?,
            renew_at: monotonic() + renew_after(self.life()),
        })
    }

    fn life(&self) -> Duration {
        let seconds = match &self.expires_in {
            Some(serde_json::Value::Number(number)) => number.as_u64(),
            Some(serde_json::Value::String(text)) => text.parse().ok(),
            _ => None,
        };
        seconds.map_or(DEFAULT_LIFE, |seconds| {
            Duration::from_secs(seconds).clamp(DEFAULT_LIFE, LONGEST_LIFE)
        })
    }
}

/// At four fifths of the life, and in any case [`MARGIN`] before its end.
fn renew_after(life: Duration) -> Duration {
    (life * 4 / 5).min(life.saturating_sub(MARGIN))
}

/// `Bearer …`, unless the token has characters that a header cannot have.
pub(super) fn bearer(token: &str) -> Option<HeaderValue> {
    sensitive(&format!("Bearer {token}"))
}

/// `Basic …`. RFC 7617.
pub(super) fn basic(username: &str, password: &str) -> Option<HeaderValue> {
    sensitive(&format!(
        "Basic {}",
        STANDARD.encode(format!("{username}:{password}"))
    ))
}

fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The cell that callers with equal keys wait at. A failure is kept for those who waited for it,
/// and only for them.
type Cell = Arc<OnceCell<Result<Token, Error>>>;

/// Tokens by what they are good for. Whoever comes first fetches, the others wait for the result.
#[derive(Debug, Default)]
pub(super) struct TokenCache {
    cells: Mutex<HashMap<TokenKey, Cell>>,
}

impl TokenCache {
    /// A token that is still good, if there is one.
    pub(super) fn ready(&self, key: &TokenKey) -> Option<Token> {
        self.cells
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(key)
            .and_then(usable)
    }

    /// A token that is still good, or a new one. When the one who fetches is stopped, the next
    /// takes over; other failures are shared with those who wait.
    pub(super) async fn get(
        &self,
        key: &TokenKey,
        fetch: impl Future<Output = Result<Token, Error>>,
    ) -> Result<Token, Error> {
        let cell = self.cell(key);
        let result = cell
            .get_or_try_init(|| async {
                match fetch.await {
                    Err(error) if matches!(error.kind(), ErrorKind::Stopped(_)) => Err(error),
                    other => Ok(other),
                }
            })
            .await
            .cloned()
            .flatten();
        if result.is_err() {
            self.remove(key, |held| Arc::ptr_eq(held, &cell));
        }
        result
    }

    /// The registry does not take this token any more. A newer one in its place is kept.
    pub(super) fn drop_token(&self, key: &TokenKey, header: &HeaderValue) {
        self.remove(
            key,
            |cell| matches!(cell.get(), Some(Ok(token)) if token.header == header),
        );
    }

    fn cell(&self, key: &TokenKey) -> Cell {
        let mut cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        if cells.len() > SWEEP_ABOVE {
            cells.retain(|_, cell| cell.get().is_none() || usable(cell).is_some());
        }
        let cell = cells.entry(key.clone()).or_default();
        if cell.get().is_some() && usable(cell).is_none() {
            *cell = Cell::default();
        }
        Arc::clone(cell)
    }

    fn remove(&self, key: &TokenKey, is_meant: impl FnOnce(&Cell) -> bool) {
        let mut cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        if cells.get(key).is_some_and(is_meant) {
            cells.remove(key);
        }
    }
}

fn usable(cell: &Cell) -> Option<Token> {
    match cell.get() {
        Some(Ok(token)) if monotonic() < token.renew_at => Some(token.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(json: &str) -> TokenAnswer {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn the_life_of_a_token_is_sixty_seconds_or_what_the_service_says() {
        let rows = [
            (r"{}", 60),
            (r#"{"expires_in":300}"#, 300),
            (r#"{"expires_in":"300"}"#, 300),
            (r#"{"expires_in":5}"#, 60),
            (r#"{"expires_in":-5}"#, 60),
            (r#"{"expires_in":null}"#, 60),
            (r#"{"expires_in":18446744073709551615}"#, 365 * 24 * 3600),
        ];
        for (json, seconds) in rows {
            assert_eq!(answer(json).life(), Duration::from_secs(seconds), "{json}");
        }
    }

    #[test]
    fn tokens_are_renewed_at_four_fifths_and_ten_seconds_before_their_end() {
        let rows = [(60, 48), (300, 240), (45, 35), (5, 0)];
        for (life, after) in rows {
            assert_eq!(
                renew_after(Duration::from_secs(life)),
                Duration::from_secs(after),
                "{life}"
            );
        }
    }

    #[tokio::test]
    async fn either_name_of_the_token_is_taken_and_it_is_hidden() {
        for json in [
            r#"{"token":"abc"}"#,
            r#"{"access_token":"abc"}"#,
            r#"{"token":"","access_token":"abc"}"#,
        ] {
            let token = answer(json).token().unwrap();
            assert_eq!(token.header, "Bearer abc");
            assert!(!format!("{token:?}").contains("abc"));
        }
    }

    #[tokio::test]
    async fn an_answer_without_a_token_that_fits_a_header_is_none() {
        for json in [r"{}", r#"{"token":""}"#, r#"{"token":"a\nb"}"#] {
            assert!(answer(json).token().is_none(), "{json}");
        }
    }
}

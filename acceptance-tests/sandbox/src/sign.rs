//! Tokens and addresses that prove themselves: what they say is in them, under a signature.
//!
//! Nothing has to be remembered to check one. The latest are, for those who look whether one of
//! them was written down where it must not be.

use std::collections::VecDeque;
use std::sync::Mutex;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::lock::lock;

/// How many are remembered.
const REMEMBERED: usize = 20_000;

/// Signs with a key of its own.
#[derive(Debug)]
pub(crate) struct Signer {
    key: hmac::Key,
    clock: Clock,
    sealed: Mutex<VecDeque<String>>,
}

/// Why a text says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unproven {
    Forged,
    Expired,
}

#[derive(Serialize, Deserialize)]
struct Sealed<T> {
    claims: T,
    until: i64,
}

impl Signer {
    /// The same key in every run, so that the same requests have the same answers. It guards a
    /// sandbox on loopback against mistakes, not against anybody.
    pub(crate) fn new(clock: Clock) -> Self {
        Self::with_key(b"ecr-public-sandbox", clock)
    }

    fn with_key(secret: &[u8], clock: Clock) -> Self {
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, secret),
            clock,
            sealed: Mutex::default(),
        }
    }

    /// A text from which the claims can be read for so many seconds.
    pub(crate) fn seal(&self, claims: impl Serialize, seconds: i64) -> String {
        let sealed = Sealed {
            claims,
            until: self.clock.unix() + seconds,
        };
        // Claims are structs of texts and numbers, which always serialise.
        let payload = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&sealed).unwrap_or_default());
        let signature = hmac::sign(&self.key, payload.as_bytes());
        let text = format!("{payload}.{}", URL_SAFE_NO_PAD.encode(signature));
        let mut sealed = lock(&self.sealed);
        if sealed.len() >= REMEMBERED {
            sealed.pop_front();
        }
        sealed.push_back(text.clone());
        text
    }

    /// The texts that were sealed, oldest first.
    pub(crate) fn sealed(&self) -> Vec<String> {
        lock(&self.sealed).iter().cloned().collect()
    }

    pub(crate) fn open<T: DeserializeOwned>(&self, text: &str) -> Result<T, Unproven> {
        let (payload, signature) = text.split_once('.').ok_or(Unproven::Forged)?;
        let signature = URL_SAFE_NO_PAD
            .decode(signature)
            .map_err(|_| Unproven::Forged)?;
        hmac::verify(&self.key, payload.as_bytes(), &signature).map_err(|_| Unproven::Forged)?;
        let payload = URL_SAFE_NO_PAD
            .decode(payload)
            .map_err(|_| Unproven::Forged)?;
        let sealed: Sealed<T> = serde_json::from_slice(&payload).map_err(|_| Unproven::Forged)?;
        if self.clock.unix() >= sealed.until {
            return Err(Unproven::Expired);
        }
        Ok(sealed.claims)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn claims_are_readable_until_they_expire_and_not_when_changed() {
        let clock = Clock::default();
        let signer = Signer::new(clock.clone());
        let text = signer.seal("alpine", 300);
        assert_eq!(signer.open::<String>(&text), Ok("alpine".to_owned()));
        assert_eq!(signer.open::<String>(&text[1..]), Err(Unproven::Forged));
        assert_eq!(
            Signer::with_key(b"another", clock.clone()).open::<String>(&text),
            Err(Unproven::Forged)
        );
        clock.advance(Duration::from_secs(300));
        assert_eq!(signer.open::<String>(&text), Err(Unproven::Expired));
    }
}

//! Requests per second, as ECR Public limits them. Off unless switched on.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::time::Instant;

use crate::accounts::AccountId;
use crate::lock::lock;

/// What is limited. Amazon ECR Public User Guide, *Service quotas*.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Metered {
    AnonymousPull,
    BatchCheckLayerAvailability,
    CompleteLayerUpload,
    GetAuthorizationToken,
    InitiateLayerUpload,
    Pull,
    PutImage,
    UploadLayerPart,
}

/// Whose requests are counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Payer {
    /// An account.
    Account(AccountId),
    /// Everybody behind an address who did not log in.
    Address(IpAddr),
}

impl Metered {
    /// What the JSON API calls it; nothing for an operation without a published limit.
    pub(crate) fn named(operation: &str) -> Option<Self> {
        Some(match operation {
            "BatchCheckLayerAvailability" => Self::BatchCheckLayerAvailability,
            "CompleteLayerUpload" => Self::CompleteLayerUpload,
            "GetAuthorizationToken" => Self::GetAuthorizationToken,
            "InitiateLayerUpload" => Self::InitiateLayerUpload,
            "PutImage" => Self::PutImage,
            "UploadLayerPart" => Self::UploadLayerPart,
            _ => return None,
        })
    }

    fn per_second(self) -> f64 {
        match self {
            Self::AnonymousPull => 1.0,
            Self::CompleteLayerUpload | Self::InitiateLayerUpload | Self::Pull | Self::PutImage => {
                10.0
            }
            Self::BatchCheckLayerAvailability | Self::GetAuthorizationToken => 200.0,
            Self::UploadLayerPart => 260.0,
        }
    }
}

/// The rate was exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Throttled;

/// One bucket per payer and operation.
#[derive(Debug, Default)]
pub(crate) struct Quotas {
    is_on: AtomicBool,
    buckets: Mutex<HashMap<(Payer, Metered), Bucket>>,
}

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    filled_at: Instant,
}

impl Quotas {
    pub(crate) fn switch(&self, on: bool) {
        self.is_on.store(on, Ordering::SeqCst);
        lock(&self.buckets).clear();
    }

    /// Counts one request; the burst is what one second allows.
    pub(crate) fn take(&self, payer: Payer, what: Metered) -> Result<(), Throttled> {
        if !self.is_on.load(Ordering::SeqCst) {
            return Ok(());
        }
        let rate = what.per_second();
        let now = Instant::now();
        let mut buckets = lock(&self.buckets);
        let full = Bucket {
            tokens: rate,
            filled_at: now,
        };
        let bucket = buckets.entry((payer, what)).or_insert(full);
        let gained = (now - bucket.filled_at).as_secs_f64() * rate;
        bucket.tokens = (bucket.tokens + gained).min(rate);
        bucket.filled_at = now;
        if bucket.tokens < 1.0 {
            return Err(Throttled);
        }
        bucket.tokens -= 1.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn ten_at_once_and_then_one_every_tenth_of_a_second() {
        let quotas = Quotas::default();
        quotas.switch(true);
        let account = Payer::Account("111111111111".parse().unwrap());
        let take = || quotas.take(account.clone(), Metered::PutImage);
        assert_eq!((0..12).filter(|_| take().is_ok()).count(), 10);
        tokio::time::advance(Duration::from_millis(200)).await;
        assert_eq!((0..5).filter(|_| take().is_ok()).count(), 2);
    }
}

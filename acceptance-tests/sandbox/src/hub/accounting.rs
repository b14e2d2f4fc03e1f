//! Who has pulled how much.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;

use time::OffsetDateTime;

use super::Limits;
use crate::digest::Digest;

/// Whose budget a pull is on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Source {
    /// Everybody behind an address who did not log in.
    Address(IpAddr),
    /// A user.
    User(String),
}

impl fmt::Display for Source {
    /// What `docker-ratelimit-source` says: the address, or the user's id.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::User(name) => f.write_str(&user_id(name)),
        }
    }
}

/// What is left of a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Pulls per window.
    pub limit: u64,
    /// Pulls left in this one.
    pub remaining: u64,
    /// The window's length.
    pub window_seconds: u32,
}

#[derive(Debug)]
struct Spent {
    window_began: OffsetDateTime,
    in_window: u64,
    ever: u64,
}

#[derive(Debug, Default)]
pub(super) struct Accounting {
    pub(super) limits: Limits,
    spent: HashMap<Source, Spent>,
    minutes: HashMap<IpAddr, (OffsetDateTime, u32)>,
}

impl Accounting {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            spent: HashMap::new(),
            minutes: HashMap::new(),
        }
    }

    /// The budget of a source; nothing when it has no limit.
    pub(super) fn budget(&mut self, source: &Source, now: OffsetDateTime) -> Option<Budget> {
        let limit = match source {
            Source::Address(_) => self.limits.anonymous,
            Source::User(_) => self.limits.authenticated,
        }?;
        let remaining = limit.saturating_sub(self.spent_by(source, now).in_window);
        Some(Budget {
            limit,
            remaining,
            window_seconds: self.limits.window_seconds,
        })
    }

    /// Counts one pull; false when the budget is exhausted, and then nothing is counted.
    pub(super) fn pull(&mut self, source: &Source, now: OffsetDateTime, is_limited: bool) -> bool {
        let budget = self.budget(source, now);
        if is_limited && budget.is_some_and(|budget| budget.remaining == 0) {
            return false;
        }
        let spent = self.spent_by(source, now);
        spent.in_window += 1;
        spent.ever += 1;
        true
    }

    pub(super) fn set_remaining(&mut self, source: &Source, now: OffsetDateTime, remaining: u64) {
        if let Some(budget) = self.budget(source, now) {
            self.spent_by(source, now).in_window = budget.limit.saturating_sub(remaining);
        }
    }

    pub(super) fn pulls(&self, source: &Source) -> u64 {
        self.spent.get(source).map_or(0, |spent| spent.ever)
    }

    pub(super) fn all_pulls(&self) -> u64 {
        self.spent.values().map(|spent| spent.ever).sum()
    }

    /// Counts one request of any kind; false above the limit on abuse.
    pub(super) fn request(&mut self, address: IpAddr, now: OffsetDateTime) -> bool {
        let Some(most) = self.limits.requests_per_minute else {
            return true;
        };
        let (began, count) = self.minutes.entry(address).or_insert((now, 0));
        if now - *began >= time::Duration::MINUTE {
            (*began, *count) = (now, 0);
        }
        *count += 1;
        *count <= most
    }

    fn spent_by(&mut self, source: &Source, now: OffsetDateTime) -> &mut Spent {
        let window = time::Duration::seconds(self.limits.window_seconds.into());
        let fresh = Spent {
            window_began: now,
            in_window: 0,
            ever: 0,
        };
        let spent = self.spent.entry(source.clone()).or_insert(fresh);
        if now - spent.window_began >= window {
            (spent.window_began, spent.in_window) = (now, 0);
        }
        spent
    }
}

/// Docker Hub names accounts by UUID: the same one in every run.
fn user_id(name: &str) -> String {
    let seed = Digest::of(format!("hub user {name}").as_bytes());
    let hex = seed.hex();
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!(
        "{}-{}-4{}-8{}-{}",
        part(0, 8),
        part(8, 12),
        part(13, 16),
        part(17, 20),
        part(20, 32)
    )
}

//! Every request the sandbox was sent, and a way to wait for one.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::HeaderMap;
use time::OffsetDateTime;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::exchange::header_text;
use crate::face::Face;
use crate::lock::lock;

/// Older entries are forgotten, so that a sandbox can run for days.
const ENTRIES_MAX: usize = 200_000;
/// More violations than these are not written down.
const VIOLATIONS_MAX: usize = 1000;
/// How long [`Journal::wait_for`] waits: far longer than anything a test does.
const PATIENCE: Duration = Duration::from_secs(60);
/// Headers whose values are kept. None of them carries a secret.
const KEPT_HEADERS: [&str; 9] = [
    "accept",
    "accept-encoding",
    "content-length",
    "content-range",
    "content-type",
    "host",
    "range",
    "transfer-encoding",
    "user-agent",
];

/// The log of requests. Clones share it.
#[derive(Debug, Clone)]
pub struct Journal(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    clock: Clock,
    state: Mutex<State>,
    changes: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    entries: VecDeque<Entry>,
    started: u64,
    violations: Vec<String>,
}

/// One request.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Counts from 0 in the order of arrival.
    pub number: u64,
    /// When it arrived, by the clock of the sandbox.
    pub at: OffsetDateTime,
    /// Who was asked.
    pub face: Face,
    /// The method.
    pub method: String,
    /// The path.
    pub path: String,
    /// The query, with the values of signatures and tokens removed.
    pub query: String,
    /// The operation of an AWS request.
    pub operation: Option<String>,
    /// The parameters of a call of STS under their names on the wire, such as
    /// `Tags.member.1.Key`; never a token.
    pub parameters: BTreeMap<String, String>,
    /// Headers that say something about the protocol and nothing about credentials.
    pub headers: BTreeMap<String, String>,
    /// Whether an `Authorization` header was sent.
    pub has_authorization: bool,
    /// The AWS account or registry user that was recognised.
    pub account: Option<String>,
    /// The ARN that was recognised.
    pub identity: Option<String>,
    /// The region an AWS request was signed for, whether the signature is good or not.
    pub signed_for: Option<String>,
    /// The status of the answer, once there is one.
    pub status: Option<u16>,
    /// Body bytes received.
    pub bytes_in: u64,
    /// Body bytes sent.
    pub bytes_out: u64,
    /// How far it is.
    pub progress: Progress,
}

/// How far a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// No answer yet.
    Received,
    /// The answer has begun.
    Answering,
    /// The answer was handed to the connection completely.
    Answered,
    /// A fault, or the client, ended the connection before that.
    Broken,
}

/// What was waited for did not happen within a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such request was seen within {} seconds", PATIENCE.as_secs())]
pub struct NotSeen;

impl Entry {
    /// Whether it went to this face with this method, to a path that contains `part`.
    pub fn is(&self, face: Face, method: &str, part: &str) -> bool {
        self.face == face && self.method == method && self.path.contains(part)
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:4} {}: {} {}",
            self.number, self.face, self.method, self.path
        )?;
        if let Some(operation) = &self.operation {
            write!(f, " {operation}")?;
        }
        match self.status {
            Some(status) => write!(f, " {status}"),
            None => write!(f, " -"),
        }
    }
}

impl Journal {
    pub(crate) fn new(clock: Clock) -> Self {
        let (changes, _) = watch::channel(0);
        Self(Arc::new(Shared {
            clock,
            state: Mutex::default(),
            changes,
        }))
    }

    /// Everything so far, oldest first.
    pub fn entries(&self) -> Vec<Entry> {
        lock(&self.0.state).entries.iter().cloned().collect()
    }

    /// The entries that `wanted` picks.
    pub fn select(&self, wanted: impl Fn(&Entry) -> bool) -> Vec<Entry> {
        lock(&self.0.state)
            .entries
            .iter()
            .filter(|entry| wanted(entry))
            .cloned()
            .collect()
    }

    /// How many entries `wanted` picks.
    pub fn count(&self, wanted: impl Fn(&Entry) -> bool) -> usize {
        lock(&self.0.state)
            .entries
            .iter()
            .filter(|entry| wanted(entry))
            .count()
    }

    /// Forgets all entries, so that what follows can be counted alone. Numbers go on.
    pub fn clear(&self) {
        lock(&self.0.state).entries.clear();
    }

    /// Waits for a request that is, or becomes, what `wanted` describes.
    ///
    /// # Errors
    ///
    /// [`NotSeen`] after a minute.
    pub async fn wait_for(
        &self,
        wanted: impl Fn(&Entry) -> bool + Send + Sync,
    ) -> Result<Entry, NotSeen> {
        self.wait_until(|entries| entries.iter().find(|entry| wanted(entry)).cloned())
            .await
    }

    /// Waits until the whole log satisfies a condition, and returns what the condition returns.
    ///
    /// # Errors
    ///
    /// [`NotSeen`] after a minute.
    pub async fn wait_until<T: Send>(
        &self,
        condition: impl Fn(&VecDeque<Entry>) -> Option<T> + Send + Sync,
    ) -> Result<T, NotSeen> {
        let mut changes = self.0.changes.subscribe();
        let search = async {
            loop {
                changes.borrow_and_update();
                let found = condition(&lock(&self.0.state).entries);
                if let Some(found) = found {
                    return Ok(found);
                }
                changes.changed().await.map_err(|_| NotSeen)?;
            }
        };
        tokio::time::timeout(PATIENCE, search)
            .await
            .unwrap_or(Err(NotSeen))
    }

    /// What a client must never do and one did: credentials sent to a foreign host, for instance.
    pub fn violations(&self) -> Vec<String> {
        lock(&self.0.state).violations.clone()
    }

    pub(crate) fn violation(&self, text: impl Into<String>) {
        let mut state = lock(&self.0.state);
        // One is enough to fail a test; a client that repeats itself must not fill the memory.
        if state.violations.len() < VIOLATIONS_MAX {
            state.violations.push(text.into());
        }
    }

    pub(crate) fn begin(
        &self,
        face: Face,
        parts: &http::request::Parts,
        operation: Option<String>,
    ) -> Notes {
        let at = self.0.clock.now();
        let mut state = lock(&self.0.state);
        let number = state.started;
        state.started += 1;
        if state.entries.len() >= ENTRIES_MAX {
            state.entries.pop_front();
        }
        state.entries.push_back(Entry {
            number,
            at,
            face,
            method: parts.method.to_string(),
            path: parts.uri.path().to_owned(),
            query: redacted(parts.uri.query()),
            operation,
            parameters: BTreeMap::new(),
            headers: kept(&parts.headers),
            has_authorization: parts.headers.contains_key(http::header::AUTHORIZATION),
            account: None,
            identity: None,
            signed_for: None,
            status: None,
            bytes_in: 0,
            bytes_out: 0,
            progress: Progress::Received,
        });
        drop(state);
        self.changed();
        Notes {
            journal: self.clone(),
            number,
        }
    }

    fn changed(&self) {
        self.0.changes.send_modify(|version| *version += 1);
    }
}

/// One entry, for those who learn more about its request. In the extensions of every request.
#[derive(Debug, Clone)]
pub(crate) struct Notes {
    journal: Journal,
    number: u64,
}

impl Notes {
    /// Who sent the request.
    pub(crate) fn caller(&self, account: &str, identity: &str) {
        self.update(|entry| {
            entry.account = Some(account.to_owned());
            entry.identity = Some(identity.to_owned());
        });
    }

    pub(crate) fn update(&self, change: impl FnOnce(&mut Entry)) {
        let mut state = lock(&self.journal.0.state);
        // The newest entries are the ones that change.
        let entry = state
            .entries
            .iter_mut()
            .rev()
            .find(|entry| entry.number == self.number);
        if let Some(entry) = entry {
            change(entry);
        }
        drop(state);
        self.journal.changed();
    }
}

fn kept(headers: &HeaderMap) -> BTreeMap<String, String> {
    let keep = |name: &&str| Some(((*name).to_owned(), header_text(headers, name)?.to_owned()));
    KEPT_HEADERS.iter().filter_map(keep).collect()
}

/// Keeps the names of all parameters and the values of those that are no secrets.
fn redacted(query: Option<&str>) -> String {
    const OPEN: [&str; 10] = [
        "digest",
        "mount",
        "from",
        "n",
        "last",
        "scope",
        "service",
        "account",
        "tag",
        "artifactType",
    ];
    let pairs = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let shown = pairs.map(|(name, value)| {
        let value = if OPEN.contains(&name.as_ref()) {
            value.as_ref()
        } else {
            "..."
        };
        format!("{name}={value}")
    });
    shown.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(uri: &str) -> http::request::Parts {
        let request = http::Request::get(uri).header("authorization", "Bearer secret");
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn secrets_of_a_request_are_not_kept() {
        let journal = Journal::new(Clock::default());
        journal.begin(
            Face::HubCdn,
            &request("/blob?digest=sha256:1&signature=hidden"),
            None,
        );
        let entry = journal.entries().remove(0);
        assert!(entry.has_authorization);
        assert_eq!(entry.query, "digest=sha256:1&signature=...");
        assert!(!format!("{entry:?}").contains("secret"));
    }

    #[tokio::test]
    async fn waiting_ends_when_an_entry_becomes_what_is_waited_for() {
        let journal = Journal::new(Clock::default());
        let notes = journal.begin(Face::Hub, &request("/v2/"), None);
        let answered = journal.wait_for(|entry| entry.status == Some(200));
        let change = async { notes.update(|entry| entry.status = Some(200)) };
        let (entry, ()) = tokio::join!(answered, change);
        assert_eq!(entry.unwrap().number, 0);
    }
}

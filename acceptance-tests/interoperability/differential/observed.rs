//! What one provider did in the situation of a row.

use std::collections::{BTreeMap, BTreeSet};

use ecr_public_sandbox::{Entry, Face, Journal, Sandbox};
use serde_json::Value as Json;
use tempfile::TempDir;

use super::accounts::seed;
use super::outside::Outside;
use super::provider::{Programs, Whose};
use super::row::{Outcome, Row, Stage};

/// What was seen.
#[derive(Debug)]
pub(super) struct Observed {
    pub(super) end: End,
    /// Calls of STS, each once, in the order of their first time.
    pub(super) calls: Vec<Call>,
    /// Who beyond this machine was to be reached.
    pub(super) hosts: BTreeSet<String>,
}

/// How it ended.
#[derive(Debug)]
pub(super) enum End {
    Reached(String),
    Nobody,
    Failed(Stage, String),
}

/// A call of STS.
#[derive(Debug)]
pub(super) struct Call {
    /// Which STS, operation, caller and region.
    pub(super) head: String,
    pub(super) parameters: BTreeMap<String, String>,
    pub(super) times: usize,
    /// Whether the name of the session was made by the provider.
    pub(super) is_named_by_provider: bool,
}

impl End {
    pub(super) fn is(&self, expected: &Outcome) -> bool {
        match (self, expected) {
            (Self::Reached(identity), Outcome::Reaches(expected)) => identity == expected,
            (Self::Nobody, Outcome::Waits) => true,
            (Self::Failed(at, text), Outcome::Fails(stage, naming)) => {
                at == stage && text.contains(naming)
            }
            _ => false,
        }
    }
}

/// The stand-ins for one provider in one row.
struct Surroundings {
    home: TempDir,
    sandbox: Sandbox,
    /// A second STS, where the row has to tell two apart.
    other: Option<Sandbox>,
    outside: Outside,
}

impl Surroundings {
    async fn of(row: &Row) -> Self {
        let home = tempfile::tempdir().unwrap();
        let needs_other = format!("{row:?}").contains("{other}");
        let surroundings = Self {
            home,
            sandbox: Sandbox::start(seed()).await.unwrap(),
            other: match needs_other {
                true => Some(Sandbox::start(seed()).await.unwrap()),
                false => None,
            },
            outside: Outside::start().await,
        };
        if let Some(fault) = &row.fault {
            surroundings.sandbox.faults().add(fault.clone());
        }
        for (name, text) in &row.files {
            let path = surroundings.home.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, surroundings.filled_in(text)).unwrap();
        }
        surroundings
    }

    fn filled_in(&self, text: &str) -> String {
        let other = self.other.as_ref().map(Sandbox::sts_url);
        text.replace("{home}", self.home.path().to_str().unwrap())
            .replace("{sts}", &self.sandbox.sts_url())
            .replace("{api}", &self.sandbox.api_url())
            .replace("{other}", &other.unwrap_or_default())
            .replace("{outside}", &self.outside.url)
    }

    fn block(&self, block: &Json) -> Json {
        match block {
            Json::String(text) => Json::String(self.filled_in(text)),
            Json::Array(each) => each.iter().map(|each| self.block(each)).collect(),
            Json::Object(members) => {
                let members = members.iter();
                let filled = members.map(|(name, value)| (name.clone(), self.block(value)));
                Json::Object(filled.collect())
            }
            other => other.clone(),
        }
    }

    /// Nothing of the person who runs the tests. Whatever is not on this machine is asked for at
    /// the proxy, by ours once; hashicorp/aws needs `max_retries` for that.
    fn variables(&self, row: &Row) -> Vec<(String, String)> {
        let common = [
            ("PATH", "/usr/bin:/bin"),
            ("HOME", "{home}"),
            ("HTTPS_PROXY", &self.outside.url),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_MAX_ATTEMPTS", "1"),
        ];
        let of_row = row.variables.iter();
        let of_row = of_row.map(|(name, value)| (*name, value.as_str()));
        let all = common.into_iter().chain(of_row);
        all.map(|(name, value)| (name.to_owned(), self.filled_in(value)))
            .collect()
    }

    fn journals(&self) -> Vec<(&'static str, &Journal)> {
        let other = self.other.as_ref().map(|other| ("other", other.journal()));
        let mut journals = vec![("sts", self.sandbox.journal())];
        journals.extend(other);
        journals
    }

    /// The calls of STS so far.
    fn calls(&self) -> Vec<Seen> {
        let mut all = Vec::new();
        for (place, journal) in self.journals() {
            let of_sts = journal.select(|entry| entry.face == Face::Sts);
            all.extend(of_sts.into_iter().map(|entry| Seen { place, entry }));
        }
        all
    }
}

struct Seen {
    place: &'static str,
    entry: Entry,
}

impl Seen {
    fn asks_who(&self) -> bool {
        self.entry.operation.as_deref() == Some("GetCallerIdentity")
    }
}

impl Observed {
    /// Puts one of the providers into the situation.
    pub(super) async fn of(row: &Row, whose: Whose, programs: &Programs) -> Self {
        let around = Surroundings::of(row).await;
        let mut provider = programs.start(whose, around.variables(row)).await;
        let written = around.block(&row.block);
        let configured = async {
            // hashicorp/aws checks all of its resources whenever it checks a provider block, which
            // takes it four seconds.
            if whose == Whose::Ours || row.is_checked {
                provider.check(&written).await?;
            }
            provider.configure(&written).await
        };
        let configured = configured.await;
        let mut calls = around.calls();
        let end = match configured {
            Err(text) => End::Failed(Stage::Configured, text),
            Ok(()) => {
                let worked = provider.work().await;
                let all = around.calls();
                let later = all.into_iter().skip(calls.len());
                // Asking who it is may be the work itself; roles are assumed when there is need.
                calls.extend(later.filter(|seen| !seen.asks_who()));
                match worked {
                    Err(text) => End::Failed(Stage::Used, text),
                    Ok(()) => around.worker(whose).map_or(End::Nobody, End::Reached),
                }
            }
        };
        Self {
            end,
            calls: distinct(&calls),
            hosts: around.outside.asked(),
        }
    }
}

impl Surroundings {
    /// Who did what the provider was last asked to do.
    fn worker(&self, whose: Whose) -> Option<String> {
        let face = match whose {
            Whose::Theirs => Face::Sts,
            Whose::Ours => Face::Api,
        };
        let journals = self.journals();
        let entries = journals.iter().flat_map(|(_, journal)| journal.entries());
        let mut of_face = entries.filter(|entry| entry.face == face);
        let identity = of_face.next_back()?.identity?;
        Some(named(&identity).0)
    }
}

fn distinct(seen: &[Seen]) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    for each in seen {
        let call = Call::of(each);
        let same = calls
            .iter_mut()
            .find(|other| other.head == call.head && other.parameters == call.parameters);
        match same {
            Some(same) => same.times += 1,
            None => calls.push(call),
        }
    }
    calls
}

impl Call {
    fn of(seen: &Seen) -> Self {
        let entry = &seen.entry;
        let caller = entry.identity.as_deref().map(|identity| named(identity).0);
        let head = format!(
            "{} {} by {} in {}",
            seen.place,
            entry.operation.as_deref().unwrap_or("?"),
            caller.as_deref().unwrap_or("nobody"),
            entry.signed_for.as_deref().unwrap_or("no region"),
        );
        let mut parameters = listed(&entry.parameters);
        let mut is_named_by_provider = false;
        if let Some(name) = parameters.get_mut("RoleSessionName") {
            (*name, is_named_by_provider) = named(name);
        }
        Self {
            head,
            parameters,
            times: 1,
            is_named_by_provider,
        }
    }
}

/// The parameters, with lists in an order of their own.
fn listed(sent: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut parameters = BTreeMap::new();
    let mut lists: BTreeMap<&str, BTreeMap<&str, Vec<&str>>> = BTreeMap::new();
    for (name, value) in sent {
        match name.split_once(".member.") {
            _ if matches!(name.as_str(), "Action" | "Version") => {}
            Some((list, element)) => {
                let number = element.split('.').next().unwrap_or_default();
                let list = lists.entry(list).or_default();
                list.entry(number).or_default().push(value);
            }
            None => {
                let json = serde_json::from_str::<Json>(value).ok();
                let json = json.filter(|_| name == "Policy");
                let value = json.map_or_else(|| value.clone(), |json| json.to_string());
                parameters.insert(name.clone(), value);
            }
        }
    }
    for (list, elements) in lists {
        let elements: BTreeSet<_> = elements.values().map(|each| each.join("=")).collect();
        let elements = Vec::from_iter(elements).join(", ");
        parameters.insert(list.to_owned(), elements);
    }
    parameters
}

/// A session name, or an ARN that ends with one, with `*` in place of one that a provider made;
/// and whether it was.
fn named(text: &str) -> (String, bool) {
    let (head, name) = text.split_at(text.rfind('/').map_or(0, |slash| slash + 1));
    let digits = |text: &str| text.len() > 15 && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_made = name.strip_prefix("aws-go-sdk-").is_some_and(digits)
        || digits(name)
        || name.strip_prefix("terraform-ecrpublic-").is_some();
    match is_made {
        true => (format!("{head}*"), true),
        false => (text.to_owned(), false),
    }
}

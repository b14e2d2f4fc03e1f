//! What a registry says when it refuses: the error envelope, bounded and cleaned.
//!
//! OCI Distribution Specification 1.1, *Error Codes*. Proxies and object stores in front of a
//! registry answer in plain text, HTML or XML instead, or with nothing.

use std::fmt;
use std::time::Duration;

use http::HeaderMap;
use http::header::RETRY_AFTER;
use serde::Deserialize;

use crate::content::PullBudget;
use crate::net::retry::retry_after;
use crate::task::wall;

/// How many characters of a message are kept.
const MESSAGE_CHARACTERS: usize = 600;

/// How many entries of an envelope are kept.
const ENTRIES: usize = 8;

/// How many characters of a code are kept; the longest of the specification has 21.
const CODE_CHARACTERS: usize = 64;

/// A refusal, as far as it can be shown to people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// Codes of the envelope in upper case; Docker Hub spells one of them in lower case.
    pub codes: Vec<String>,
    /// The first message: one line, bounded, without secrets.
    pub message: Option<String>,
    /// How long the registry asked to wait.
    pub retry_after: Option<Duration>,
    /// The pull budget that came with it.
    pub budget: PullBudget,
}

#[derive(Deserialize)]
struct Envelope {
    errors: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    code: Option<serde_json::Value>,
    #[serde(default)]
    message: Option<serde_json::Value>,
}

/// What token services and gateways answer instead.
#[derive(Deserialize)]
struct Flat {
    #[serde(alias = "code")]
    error: Option<serde_json::Value>,
    #[serde(alias = "error_description", alias = "details", alias = "detail")]
    message: Option<serde_json::Value>,
}

impl Refusal {
    /// Reads a refusal. `secrets` are what was shown to the other side: it may echo them.
    pub(super) fn read(status: u16, headers: &HeaderMap, body: &[u8], secrets: &[&str]) -> Self {
        let (stated, message) = words(body);
        let mut codes: Vec<String> = Vec::new();
        for code in stated {
            let code = clean(&code, CODE_CHARACTERS, secrets).to_ascii_uppercase();
            // Distribution repeats a code for every missing layer.
            if !code.is_empty() && !codes.contains(&code) {
                codes.push(code);
            }
        }
        Self {
            status,
            codes,
            message: message
                .map(|message| clean(&message, MESSAGE_CHARACTERS, secrets))
                .filter(|message| !message.is_empty()),
            retry_after: asked_pause(headers),
            budget: budget(headers).unwrap_or_default(),
        }
    }

    /// Whether the envelope has one of these codes.
    pub(super) fn has_code(&self, codes: &[&str]) -> bool {
        self.codes.iter().any(|code| codes.contains(&code.as_str()))
    }

    /// Whether the message has all of these words; they are given in lower case.
    pub(super) fn says(&self, words: &[&str]) -> bool {
        self.message.as_ref().is_some_and(|message| {
            let message = message.to_ascii_lowercase();
            words.iter().all(|word| message.contains(word))
        })
    }
}

/// How long these headers ask to wait, if they do.
pub(super) fn asked_pause(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    retry_after(text, wall())
}

/// The pull budget in these headers, if they speak of one.
pub(super) fn budget(headers: &HeaderMap) -> Option<PullBudget> {
    let text = |name: &str| headers.get(name)?.to_str().ok();
    let limit = text("ratelimit-limit").map(quota);
    let remaining = text("ratelimit-remaining").map(quota);
    if limit.is_none() && remaining.is_none() {
        return None;
    }
    let (limit, limit_window) = limit.unwrap_or_default();
    let (remaining, remaining_window) = remaining.unwrap_or_default();
    Some(PullBudget {
        limit,
        remaining,
        window: limit_window.or(remaining_window),
        source: text("docker-ratelimit-source").map(|source| clean(source, 64, &[])),
    })
}

/// `404 MANIFEST_UNKNOWN: manifest unknown`, as far as there is something.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        for code in &self.codes {
            write!(f, " {code}")?;
        }
        self.message
            .as_ref()
            .map_or(Ok(()), |message| write!(f, ": {message}"))
    }
}

/// Reads `100;w=21600`.
fn quota(text: &str) -> (Option<u64>, Option<Duration>) {
    let mut parts = text.split(';').map(str::trim);
    let count = parts.next().and_then(|count| count.parse().ok());
    let window = parts
        .find_map(|part| part.strip_prefix("w="))
        .and_then(|seconds| seconds.parse().ok())
        .map(Duration::from_secs);
    (count, window)
}

fn words(body: &[u8]) -> (Vec<String>, Option<String>) {
    if let Ok(envelope) = serde_json::from_slice::<Envelope>(body) {
        let entries = envelope.errors.into_iter().take(ENTRIES);
        let mut codes = Vec::new();
        let mut message = None;
        for entry in entries {
            codes.extend(entry.code.and_then(text));
            message = message.or_else(|| entry.message.and_then(text));
        }
        return (codes, message);
    }
    if let Ok(flat) = serde_json::from_slice::<Flat>(body) {
        return (
            flat.error.and_then(text).into_iter().collect(),
            flat.message.and_then(text),
        );
    }
    let body = String::from_utf8_lossy(body);
    let body = body.trim_start();
    if body.starts_with('<') {
        // S3 repeats the whole signed request in its errors: only these two are taken.
        return (
            element(body, "Code").into_iter().collect(),
            element(body, "Message").or_else(|| element(body, "title")),
        );
    }
    let first_line = body.lines().next().map(str::to_owned);
    (Vec::new(), first_line)
}

fn text(value: serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::String(text) => Some(text),
        serde_json::Value::Number(number) => Some(number.to_string()),
        serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Array(_)
        | serde_json::Value::Object(_) => None,
    }
}

fn element(body: &str, name: &str) -> Option<String> {
    let (_, rest) = body.split_once(&format!("<{name}>"))?;
    let (inner, _) = rest.split_once(&format!("</{name}>"))?;
    Some(inner.to_owned())
}

/// One line of at most `limit` characters, without control characters, secrets, and queries of
/// URLs.
fn clean(message: &str, limit: usize, secrets: &[&str]) -> String {
    let mut message = message.to_owned();
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        message = message.replace(secret, "<hidden>");
    }
    let words: Vec<String> = message.split_whitespace().map(without_query).collect();
    let mut line = String::new();
    for character in words.join(" ").chars().filter(|c| is_shown(*c)).take(limit) {
        line.push(character);
    }
    line
}

/// Control characters could write to a terminal; the others turn the direction of text.
fn is_shown(character: char) -> bool {
    !character.is_control()
        && !matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn without_query(word: &str) -> String {
    match (word.contains("://"), word.split_once('?')) {
        (true, Some((before, _))) => format!("{before}?<hidden>"),
        _ => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Refusal {
        Refusal::read(400, &HeaderMap::new(), body.as_bytes(), &["hunter2"])
    }

    fn check(body: &str, codes: &[&str], message: Option<&str>) {
        let refusal = read(body);
        assert_eq!(refusal.codes, codes, "{body}");
        assert_eq!(refusal.message.as_deref(), message, "{body}");
    }

    #[test]
    fn the_envelope_of_the_specification_is_read() {
        check(
            r#"{"errors":[{"code":"toomanyrequests","message":"slow down","detail":{}},{"code":"DENIED"}]}"#,
            &["TOOMANYREQUESTS", "DENIED"],
            Some("slow down"),
        );
    }

    #[test]
    fn other_answers_are_read_as_far_as_they_go() {
        check("", &[], None);
        check(
            "Too Many Requests (HAP429)\n",
            &[],
            Some("Too Many Requests (HAP429)"),
        );
        check(r#"{"errors":[]}"#, &[], None);
        check(r#"{"errors":[{"code":7,"message":null}]}"#, &["7"], None);
        check(
            r#"{"details":"incorrect password"}"#,
            &[],
            Some("incorrect password"),
        );
        check(r#"{"error":"invalid_grant"}"#, &["INVALID_GRANT"], None);
        check(
            "<html><head><title>502 Bad Gateway</title></head></html>",
            &[],
            Some("502 Bad Gateway"),
        );
        check("[1,2", &[], Some("[1,2"));
    }

    #[test]
    fn a_signed_request_that_s3_repeats_is_not_shown() {
        check(
            "<?xml version=\"1.0\"?><Error><Code>SignatureDoesNotMatch</Code><Message>no \
             match</Message><StringToSign>AWS4-HMAC secret</StringToSign></Error>",
            &["SIGNATUREDOESNOTMATCH"],
            Some("no match"),
        );
    }

    #[test]
    fn secrets_and_signed_queries_are_hidden() {
        check(
            r#"{"errors":[{"code":"x hunter2","message":"Bearer hunter2 at https://cdn/x?sig=abc&y=1 failed?"}]}"#,
            &["X <HIDDEN>"],
            Some("Bearer <hidden> at https://cdn/x?<hidden> failed?"),
        );
    }

    #[test]
    fn messages_are_one_line_without_control_characters_and_bounded() {
        check(
            "{\"errors\":[{\"message\":\"a\\n\\tb\\u001b[31m\\u202ec\"}]}",
            &[],
            Some("a b[31mc"),
        );
        let long = read(&"é".repeat(10_000));
        assert_eq!(long.message.unwrap().chars().count(), MESSAGE_CHARACTERS);
    }

    #[test]
    fn the_pull_budget_of_docker_hub_is_read() {
        let mut headers = HeaderMap::new();
        assert_eq!(budget(&headers), None);
        headers.insert("ratelimit-limit", "100;w=21600".parse().unwrap());
        headers.insert("ratelimit-remaining", " 76 ; w=21600".parse().unwrap());
        headers.insert("docker-ratelimit-source", "192.0.2.1".parse().unwrap());
        assert_eq!(
            budget(&headers),
            Some(PullBudget {
                limit: Some(100),
                remaining: Some(76),
                window: Some(Duration::from_secs(21_600)),
                source: Some("192.0.2.1".to_owned()),
            })
        );
    }

    #[test]
    fn a_budget_that_is_nonsense_knows_nothing() {
        let mut headers = HeaderMap::new();
        headers.insert("ratelimit-limit", "-;w=x".parse().unwrap());
        assert_eq!(budget(&headers), Some(PullBudget::default()));
    }
}

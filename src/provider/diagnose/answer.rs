//! How answers, times and budgets are written.

use std::time::{Duration, SystemTime};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::aws::error::Answer;
use crate::content::PullBudget;
use crate::registry::Refusal;

/// `AWS answered 403 AccessDenied: … (request ID …).`
pub(super) fn of_aws(answer: &Answer) -> String {
    let mut said = String::from("AWS answered");
    for part in [
        answer.status.map(|status| status.to_string()),
        answer.code.clone(),
    ]
    .into_iter()
    .flatten()
    {
        said.push(' ');
        said.push_str(&part);
    }
    with_message(&mut said, answer.message.as_deref());
    if let Some(id) = &answer.request_id {
        said.push_str(&format!(" (request ID {id})"));
    }
    said.push('.');
    said
}

/// `The registry answered 404 MANIFEST_UNKNOWN: … (6 attempts in 12.3 seconds).`
pub(super) fn of_registry(refusal: &Refusal, tries: &str) -> String {
    let mut said = format!("The registry answered {}", refusal.status);
    if let Some(code) = refusal.codes.first() {
        said.push(' ');
        said.push_str(code);
    }
    with_message(&mut said, refusal.message.as_deref());
    said.push_str(tries);
    said.push('.');
    said
}

fn with_message(said: &mut String, message: Option<&str>) {
    let message = message.map(|message| message.trim().trim_end_matches('.'));
    if let Some(message) = message.filter(|message| !message.is_empty()) {
        said.push_str(": ");
        said.push_str(message);
    }
}

/// ` (6 attempts in 12.3 seconds)`, or nothing for a single attempt.
pub(super) fn tries(attempts: u32, elapsed: Duration) -> String {
    match attempts {
        0 | 1 => String::new(),
        _ => format!(
            " ({attempts} attempts in {:.1} seconds)",
            elapsed.as_secs_f64()
        ),
    }
}

/// `6 hours`, `90 minutes`, `45 seconds`
pub(super) fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    let (count, unit) = match seconds {
        0 => (0, "second"),
        _ if seconds.is_multiple_of(3600) => (seconds / 3600, "hour"),
        _ if seconds.is_multiple_of(60) => (seconds / 60, "minute"),
        _ => (seconds, "second"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

/// The moment in UTC, as RFC 3339 writes it.
pub(crate) fn moment(time: SystemTime) -> String {
    let time = OffsetDateTime::from(time).replace_nanosecond(0);
    time.ok()
        .and_then(|time| time.format(&Rfc3339).ok())
        .unwrap_or_else(|| "an unknown time".to_owned())
}

/// What a registry said about pulls, as sentences; empty when it said nothing.
pub(super) fn budget(budget: &PullBudget) -> String {
    let window = budget
        .window
        .map(|window| format!(" in {}", span(window)))
        .unwrap_or_default();
    let limit = budget
        .limit
        .map(|limit| format!("The limit is {limit} pulls{window}."));
    let remaining = budget.remaining.map(|left| match left {
        0 => "None are left.".to_owned(),
        1 => "1 is left.".to_owned(),
        left => format!("{left} are left."),
    });
    let whose = budget
        .source
        .as_ref()
        .map(|source| format!("They are counted for `{source}`."));
    let sentences: Vec<String> = [limit, remaining, whose].into_iter().flatten().collect();
    sentences.join(" ")
}

//! Events to the log lines that the host reads from stderr.
//!
//! One JSON object per line, in the form of the host's own logger. The host takes the three keys
//! with an `@` for strings without asking, and it dies of anything else.

mod fields;
mod line;
mod panic;

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

use self::fields::Fields;
use self::line::Line;
use crate::task::wall;

/// Sends events and panics of this process to stderr.
pub(super) fn install(name: &str) {
    let level = level(name, |variable| std::env::var(variable).ok());
    let lines = Lines::new(io::stderr(), level);
    let subscriber = tracing_subscriber::registry().with(lines);
    // A second subscriber in one process is a test's; the first one stays.
    drop(tracing::subscriber::set_global_default(subscriber));
    panic::install();
}

/// The level that the practitioner asked for, the most specific variable first.
fn level(name: &str, variable: impl Fn(&str) -> Option<String>) -> LevelFilter {
    let own = format!("TF_LOG_PROVIDER_{}", name.to_uppercase().replace('-', "_"));
    let asked = [&own, "TF_LOG_PROVIDER", "TF_LOG"]
        .into_iter()
        .filter_map(variable)
        .find(|value| !value.is_empty());
    match asked.map(|value| value.to_uppercase()).as_deref() {
        None | Some("WARN") => LevelFilter::WARN,
        Some("OFF") => LevelFilter::OFF,
        Some("ERROR") => LevelFilter::ERROR,
        Some("INFO") => LevelFilter::INFO,
        Some("DEBUG") => LevelFilter::DEBUG,
        // JSON asks for everything, and so does what the host does not understand.
        Some(_) => LevelFilter::TRACE,
    }
}

/// Writes each event as one line.
struct Lines<W> {
    out: Mutex<W>,
    level: LevelFilter,
}

impl<W: Write> Lines<W> {
    fn new(out: W, level: LevelFilter) -> Self {
        let out = Mutex::new(out);
        Self { out, level }
    }
}

impl<S, W> Layer<S> for Lines<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: Write + Send + 'static,
{
    /// What an error is about is told by the spans around it, whatever their own level.
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        if metadata.is_span() {
            return is_ours(metadata) && self.level != LevelFilter::OFF;
        }
        *metadata.level() <= self.level && (is_ours(metadata) || *metadata.level() <= FOREIGN_LEVEL)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        let speaks = self.level != LevelFilter::OFF;
        Some(if speaks {
            LevelFilter::TRACE
        } else {
            LevelFilter::OFF
        })
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, cx: Context<'_, S>) {
        if let Some(span) = cx.span(id) {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, cx: Context<'_, S>) {
        if let Some(span) = cx.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, cx: Context<'_, S>) {
        let mut fields = Fields::default();
        for span in cx
            .event_scope(event)
            .into_iter()
            .flat_map(|scope| scope.from_root())
        {
            if let Some(outer) = span.extensions().get::<Fields>() {
                fields.extend(outer);
            }
        }
        event.record(&mut fields);
        let metadata = event.metadata();
        let line = Line {
            level: level_name(*metadata.level()),
            module: module(metadata.target()),
            time: wall(),
            fields,
        };
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        // A host that has closed our stderr does not want to know.
        drop(out.write_all(&line.into_bytes()));
    }
}

/// Libraries say what they like about what passes through them: at lower levels the AWS SDK prints
/// access keys and authorization tokens.
const FOREIGN_LEVEL: Level = Level::INFO;

/// Whether the crate itself speaks. Spans of others are left out for the same reason.
fn is_ours(metadata: &Metadata<'_>) -> bool {
    let rest = metadata.target().strip_prefix(env!("CARGO_CRATE_NAME"));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

fn level_name(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        _ => "trace",
    }
}

fn module(target: &str) -> String {
    let inner = target
        .strip_prefix(concat!(env!("CARGO_CRATE_NAME"), "::"))
        .unwrap_or(target);
    inner.replace("::", ".")
}

#[cfg(test)]
mod tests;

//! One log line.

use std::time::SystemTime;

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::fields::Fields;

/// What a line says.
pub(super) struct Line {
    pub(super) level: &'static str,
    pub(super) module: String,
    pub(super) time: SystemTime,
    pub(super) fields: Fields,
}

impl Line {
    /// The line with its end, below [`MAX_LINE_BYTES`] whatever it says. Long values are cut, and
    /// fields that do not fit any more are left out; the line says so then.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        let mut line = Writer::new();
        line.add("@level", &json!(self.level));
        line.add("@message", &json!(self.fields.message()));
        line.add("@module", &json!(self.module));
        line.add("@timestamp", &json!(rfc3339(self.time)));
        for (name, value) in self.fields.iter() {
            line.add(name, value);
        }
        line.end()
    }
}

struct Writer {
    text: String,
    is_cut: bool,
}

impl Writer {
    fn new() -> Self {
        Self {
            text: "{".to_owned(),
            is_cut: false,
        }
    }

    fn add(&mut self, name: &str, value: &Value) {
        let value = match value {
            Value::String(text) => self.quoted(text),
            other => other.to_string(),
        };
        let name = json!(name);
        let field = format!("{name}:{value}");
        if self.text.len() + field.len() + END.len() + 1 > MAX_LINE_BYTES {
            self.is_cut = true;
            return;
        }
        if self.text.len() > 1 {
            self.text.push(',');
        }
        self.text.push_str(&field);
    }

    fn quoted(&mut self, text: &str) -> String {
        let kept = prefix(text, MAX_VALUE_BYTES);
        if kept.len() == text.len() {
            json!(text).to_string()
        } else {
            self.is_cut = true;
            json!(format!("{kept}…")).to_string()
        }
    }

    fn end(mut self) -> Vec<u8> {
        self.text.push_str(if self.is_cut { END } else { "}\n" });
        self.text.into_bytes()
    }
}

/// The longest beginning of a text that takes at most this many bytes once it is quoted.
fn prefix(text: &str, max_bytes: usize) -> &str {
    let mut left = max_bytes;
    for (position, character) in text.char_indices() {
        let width = match character {
            '"' | '\\' => 2,
            '\0'..'\u{20}' => 6,
            other => other.len_utf8(),
        };
        match left.checked_sub(width) {
            Some(rest) => left = rest,
            None => return text.get(..position).unwrap_or_default(),
        }
    }
    text
}

/// Exactly six digits of the second; the host cannot parse any other number of them.
fn rfc3339(time: SystemTime) -> String {
    let time = OffsetDateTime::from(time);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z",
        time.year(),
        u8::from(time.month()),
        time.day(),
        time.hour(),
        time.minute(),
        time.second(),
        time.microsecond(),
    )
}

/// How a line ends that does not say everything.
const END: &str = ",\"truncated\":true}\n";

/// The host splits lines at 64 KiB, and a part of a line is not JSON. Half of that leaves room for
/// what hosts add.
pub(super) const MAX_LINE_BYTES: usize = 32 * 1024;

/// The longest value of one field. Enough for a whole diagnostic; four of them fit into a line.
const MAX_VALUE_BYTES: usize = 7 * 1024;

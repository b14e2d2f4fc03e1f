//! What Terraform prints for the practitioner.

use super::path::Path;

/// How bad it is. There is deliberately no third case: a severity that the host does not know
/// would be neither shown as an error nor stop the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The operation failed.
    Error,
    /// The operation went on; the practitioner can act on this.
    Warning,
}

/// One message, in the order in which a person reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    severity: Severity,
    summary: String,
    paragraphs: Vec<String>,
    hint: Option<Box<str>>,
    causes: Vec<String>,
    path: Option<Path>,
}

impl Diagnostic {
    /// An error. `summary`: sentence case, at most 60 characters, no values, no full stop.
    #[must_use]
    pub fn error(summary: impl Into<String>) -> Self {
        Self::new(Severity::Error, summary.into())
    }

    /// A warning. `summary` as for [`Diagnostic::error`].
    #[must_use]
    pub fn warning(summary: impl Into<String>) -> Self {
        Self::new(Severity::Warning, summary.into())
    }

    /// An error that only a new version of the provider can mend. `fact`: what was unexpected.
    #[must_use]
    pub fn defect(summary: impl Into<String>, fact: impl Into<String>) -> Self {
        Self::error(summary).detail(fact).detail(
            "This is a defect of the provider. Please report it with the version of the provider \
             and of Terraform.",
        )
    }

    fn new(severity: Severity, summary: String) -> Self {
        Self {
            severity,
            summary,
            paragraphs: Vec::new(),
            hint: None,
            causes: Vec::new(),
            path: None,
        }
    }

    /// Adds a paragraph: what was tried, then what the other side answered.
    #[must_use]
    pub fn detail(mut self, paragraph: impl Into<String>) -> Self {
        self.paragraphs.push(paragraph.into());
        self
    }

    /// The one thing to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into().into_boxed_str());
        self
    }

    /// The chain of causes of an error, outermost first, the error itself left out.
    #[must_use]
    pub fn caused_by(mut self, error: &dyn std::error::Error) -> Self {
        let mut next = error.source();
        while let Some(cause) = next {
            self.causes.push(cause.to_string());
            next = cause.source();
        }
        self
    }

    /// The place in the configuration that this is about.
    #[must_use]
    pub fn at(mut self, path: Path) -> Self {
        self.path = Some(path);
        self
    }

    /// How bad it is.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// The stable name of the message.
    #[must_use]
    pub fn summary(&self) -> &str {
        &self.summary
    }

    /// The place in the configuration, if it has one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.path.as_ref()
    }

    /// Everything below the summary, as one text with a blank line between paragraphs.
    ///
    /// Parts of it are words of strangers, a media type or a platform for example: none of them can
    /// write to the terminal, and none is longer than somebody reads.
    #[must_use]
    pub fn text(&self) -> String {
        let mut parts: Vec<String> = self.paragraphs.iter().map(|part| shown(part)).collect();
        parts.extend(self.hint.as_ref().map(|hint| format!("Hint: {hint}")));
        if !self.causes.is_empty() {
            let causes: Vec<String> = self.causes.iter().map(|cause| shown(cause)).collect();
            parts.push(format!("Caused by:\n  {}", causes.join("\n  ")));
        }
        parts.join("\n\n")
    }
}

/// Without what moves a cursor, changes colours or turns the direction of text, up to
/// [`LONGEST_PART`].
fn shown(part: &str) -> String {
    let is_shown = |letter: &char| {
        let turns = matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        *letter == '\n' || !(letter.is_control() || turns)
    };
    let mut letters = part.chars().filter(is_shown);
    let mut text: String = letters.by_ref().take(LONGEST_PART).collect();
    if letters.next().is_some() {
        text.push('…');
    }
    text
}

/// The longest paragraph or cause, in characters: what we write ourselves stays well below.
const LONGEST_PART: usize = 4_000;

/// The messages of one call, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// No messages.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a message.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Whether the call failed.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.0
            .iter()
            .any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// Whether there is nothing to say.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The messages in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, more: I) {
        self.0.extend(more);
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<I: IntoIterator<Item = Diagnostic>>(messages: I) -> Self {
        Self(messages.into_iter().collect())
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_strangers_wrote_cannot_write_to_the_terminal_or_go_on_for_ever() {
        let hostile = format!("a\u{1b}[2J\u{202e}b\r\nc{}", "x".repeat(10_000));
        let cause = anyhow::anyhow!(hostile.clone()).context("refused");
        let text = Diagnostic::error("Source refused")
            .detail(hostile)
            .caused_by(&*cause)
            .text();
        assert!(text.starts_with("a[2Jb\ncxxx"), "{text}");
        assert!(text.contains("x…\n\nCaused by:\n  a[2Jb\ncxxx"), "{text}");
        assert!(text.chars().count() < 2 * LONGEST_PART + 20, "{text}");
    }
}

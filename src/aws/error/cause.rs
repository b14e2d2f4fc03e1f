//! Foreign errors, reduced to their words.

use std::error::Error as StdError;
use std::fmt;

/// The words of a foreign error and of what caused it.
///
/// The error itself is not kept: the debug form of an SDK error holds whole responses, and with
/// them credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cause {
    text: String,
    source: Option<Box<Self>>,
}

impl Cause {
    pub(super) fn of(error: &(dyn StdError + 'static)) -> Self {
        Self::at_most(error, MAX_CAUSES)
    }

    fn at_most(error: &(dyn StdError + 'static), left: usize) -> Self {
        let source = error
            .source()
            .filter(|_| left > 0)
            .map(|source| Box::new(Self::at_most(source, left - 1)));
        Self {
            text: bounded(&error.to_string()),
            source,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl StdError for Cause {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// Cuts foreign text to [`MAX_TEXT`] bytes, at a character boundary.
pub(in crate::aws) fn bounded(text: &str) -> String {
    if text.len() <= MAX_TEXT {
        return text.to_owned();
    }
    let mut cut = text[..text.floor_char_boundary(MAX_TEXT)].to_owned();
    cut.push('…');
    cut
}

/// Longer messages than any that AWS documents.
const MAX_TEXT: usize = 2048;

/// A chain of the SDK is about six causes long for each hop.
const MAX_CAUSES: usize = 16;

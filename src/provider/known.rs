//! What of attributes is known, and whether it can be used.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use crate::tf::{Attr, Diagnostic, Diagnostics, Path};

use super::diagnose;
use super::role::excerpt;

/// A list or set of text, as models have it.
pub(crate) type Texts = Attr<Vec<Attr<String>>>;

/// A map of text, as models have it.
pub(crate) type TextMap = Attr<BTreeMap<String, Attr<String>>>;

/// Reads the text of an attribute that has been checked and is known by now.
pub(crate) fn parsed<T: FromStr>(text: &Attr<String>, attribute: &str) -> Result<T, Diagnostic> {
    let parsed = text.known().and_then(|text| text.parse().ok());
    parsed.ok_or_else(|| diagnose::invalid_state(attribute))
}

/// The elements, unless one of them, or the whole, is unknown. Null is empty.
pub(crate) fn texts(attr: &Texts) -> Option<BTreeSet<String>> {
    match attr {
        Attr::Null => Some(BTreeSet::new()),
        Attr::Unknown => None,
        Attr::Known(elements) => elements.iter().map(|each| each.known().cloned()).collect(),
    }
}

/// Those elements that are known.
pub(crate) fn some_texts(attr: &Texts) -> impl Iterator<Item = &String> {
    let elements = attr.known().into_iter().flatten();
    elements.filter_map(Attr::known)
}

/// The entries, unless one of them, or the whole, is unknown. Null is empty.
pub(crate) fn text_map(attr: &TextMap) -> Option<BTreeMap<String, String>> {
    match attr {
        Attr::Null => Some(BTreeMap::new()),
        Attr::Unknown => None,
        Attr::Known(entries) => entries
            .iter()
            .map(|(key, value)| Some((key.clone(), value.known()?.clone())))
            .collect(),
    }
}

/// The same elements as a model has them, in order.
pub(crate) fn to_texts<T: ToString>(elements: impl IntoIterator<Item = T>) -> Texts {
    let elements = elements.into_iter();
    Attr::Known(elements.map(|each| Attr::Known(each.to_string())).collect())
}

/// The same entries as a model has them.
pub(crate) fn to_text_map(entries: BTreeMap<String, String>) -> TextMap {
    let entries = entries.into_iter();
    Attr::Known(
        entries
            .map(|(key, value)| (key, Attr::Known(value)))
            .collect(),
    )
}

/// Checks each element of a set. Elements of sets have no address, so the set is the place.
pub(crate) fn check_each<T: FromStr<Err: std::fmt::Display>>(
    set: &Texts,
    name: &str,
    summary: &str,
    problems: &mut Diagnostics,
) {
    for element in set.known().into_iter().flatten() {
        let wrong = match element {
            Attr::Unknown => None,
            Attr::Null => Some("One of them is null.".to_owned()),
            Attr::Known(text) => text
                .parse::<T>()
                .err()
                .map(|error| said_of(text, &error.to_string())),
        };
        if let Some(wrong) = wrong {
            let problem = Diagnostic::error(summary).at(Path::root(name));
            problems.push(problem.detail(wrong));
        }
    }
}

/// Some errors name what they are about.
fn said_of(text: &str, error: &str) -> String {
    let named = format!("`{}`", excerpt(text));
    match error.starts_with(&named) {
        true => format!("{error}."),
        false => format!("{named} cannot be used: {error}."),
    }
}

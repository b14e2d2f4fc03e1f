//! Which tags of many are wanted. Pure.

use std::cmp::Reverse;

use regex_lite::Regex;
use semver::Version;

use super::version::{Prereleases, Range, version};

/// What a tag has to be like.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    /// An expression that it matches somewhere.
    pub(super) matches: Option<Regex>,
    /// Versions, of which there may be too many.
    pub(super) versions: Option<Versions>,
}

/// Versions that are wanted.
#[derive(Clone, Debug)]
pub(super) struct Versions {
    /// Those in a range.
    pub(super) range: Range,
    /// Whether prereleases are in it.
    pub(super) prereleases: Prereleases,
    /// Only so many, the newest.
    pub(super) newest: Option<usize>,
}

/// The group of an expression that the version is read from.
pub(super) const VERSION_GROUP: &str = "version";

impl Choice {
    /// The wanted ones of these tags: the newest version first, tags of one version in alphabetical
    /// order; without versions all in alphabetical order.
    pub(super) fn of<'t>(&self, tags: impl IntoIterator<Item = &'t str>) -> Vec<&'t str> {
        let matching = tags.into_iter().filter_map(|tag| self.matched(tag));
        let Some(versions) = &self.versions else {
            let mut tags: Vec<_> = matching.map(|(tag, _)| tag).collect();
            tags.sort_unstable();
            return tags;
        };
        let mut found: Vec<(Reverse<Version>, &str)> = matching
            .filter_map(|(tag, text)| Some((Reverse(version(text)?), tag)))
            .filter(|(version, _)| versions.range.has(&version.0, versions.prereleases))
            .collect();
        found.sort_unstable();
        found.truncate(versions.newest.unwrap_or(usize::MAX));
        found.into_iter().map(|(_, tag)| tag).collect()
    }

    /// A tag that matches, with the part of it that is the version.
    fn matched<'t>(&self, tag: &'t str) -> Option<(&'t str, &'t str)> {
        let Some(expression) = &self.matches else {
            return Some((tag, tag));
        };
        let found = expression.captures(tag)?;
        let text = found.name(VERSION_GROUP).map(|group| group.as_str());
        Some((tag, text.unwrap_or(tag)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAGS: [&str; 12] = [
        "latest",
        "1.26.1",
        "1.27",
        "1.27.0",
        "1.27.3",
        "v1.9.0",
        "1.28.0-rc.1",
        "1.27.3-alpine",
        "1.26.1-alpine",
        "1.9-alpine",
        "alpine",
        "stable-perl",
    ];

    fn choice(matches: &str, range: &str, newest: Option<usize>) -> Choice {
        let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Choice {
            matches: text(matches).map(|text| Regex::new(&text).unwrap()),
            versions: text(range).map(|range| Versions {
                range: range.parse().unwrap(),
                prereleases: Prereleases::Excluded,
                newest,
            }),
        }
    }

    #[test]
    fn an_expression_chooses_tags_in_alphabetical_order() {
        let chosen = choice("alpine$", "", None).of(TAGS);
        assert_eq!(
            chosen,
            ["1.26.1-alpine", "1.27.3-alpine", "1.9-alpine", "alpine"]
        );
        let mut all = Vec::from(TAGS);
        all.sort_unstable();
        assert_eq!(choice("", "", None).of(TAGS), all);
    }

    #[test]
    fn versions_come_with_the_newest_first_whatever_their_text_is() {
        let chosen = choice("", "^1", None).of(TAGS);
        assert_eq!(chosen, ["1.27.3", "1.27", "1.27.0", "1.26.1", "v1.9.0"]);
        let chosen = choice("", "^1", Some(2)).of(TAGS);
        assert_eq!(chosen, ["1.27.3", "1.27"]);
    }

    #[test]
    fn the_version_is_read_from_the_group_of_that_name() {
        let chosen = choice("^(?<version>.+)-alpine$", ">=1.26", None).of(TAGS);
        assert_eq!(chosen, ["1.27.3-alpine", "1.26.1-alpine"]);
    }

    #[test]
    fn the_order_of_what_a_registry_lists_does_not_matter() {
        let mut turned = TAGS;
        turned.reverse();
        for choice in [
            choice("", "", None),
            choice("", "*", Some(3)),
            choice("alpine", "*", None),
        ] {
            assert_eq!(choice.of(TAGS), choice.of(turned));
        }
    }
}

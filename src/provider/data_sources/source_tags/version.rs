//! Versions in tags, and ranges of them. Pure.

use std::str::FromStr;

use semver::{Prerelease, Version, VersionReq};

/// Reads the version that a tag stands for: one to three numbers, `v` before them or not, and
/// perhaps a prerelease behind them.
///
/// This is wider than Semantic Versioning 2.0.0 because tags are: `1.27` is 1.27.0, and `24.04` is
/// 24.4.0. What has build metadata is no tag.
pub(super) fn version(text: &str) -> Option<Version> {
    let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
    let (core, pre) = match text.split_once('-') {
        Some((_, "")) => return None,
        Some((core, pre)) => (core, Prerelease::new(pre).ok()?),
        None => (text, Prerelease::EMPTY),
    };
    let mut numbers = [0; 3];
    let mut parts = core.split('.');
    for (position, number) in numbers.iter_mut().enumerate() {
        match parts.next() {
            Some(part) => *number = whole(part)?,
            None if position == 0 => return None,
            None => {}
        }
    }
    if parts.next().is_some() {
        return None;
    }
    let [major, minor, patch] = numbers;
    Some(Version {
        pre,
        ..Version::new(major, minor, patch)
    })
}

/// `parse` alone would take a sign.
fn whole(part: &str) -> Option<u64> {
    let is_digits = part.bytes().all(|byte| byte.is_ascii_digit());
    is_digits.then(|| part.parse().ok())?
}

/// Versions that are wanted.
#[derive(Clone, Debug)]
pub(super) struct Range(VersionReq);

/// The text is no range of versions.
#[derive(Debug, thiserror::Error)]
pub(super) enum InvalidRange {
    /// A version by itself. Some take it for exactly this one, others for what is compatible.
    #[error(
        "there is no operator before `{0}`: write `={0}` for exactly this version, or `^{0}` for those \
         that are compatible with it"
    )]
    NoOperator(String),
    /// It breaks the grammar.
    #[error("{0}")]
    Grammar(semver::Error),
}

impl FromStr for Range {
    type Err = InvalidRange;

    /// Comparators of `semver`, separated by commas, and Terraform's own `~>`.
    fn from_str(text: &str) -> Result<Self, InvalidRange> {
        let comparators = text.split(',').map(|each| comparator(each.trim()));
        let comparators: Vec<String> = comparators.collect::<Result<_, _>>()?;
        let range = VersionReq::parse(&comparators.join(", "));
        range.map(Self).map_err(InvalidRange::Grammar)
    }
}

fn comparator(text: &str) -> Result<String, InvalidRange> {
    if let Some(base) = text.strip_prefix("~>") {
        let base = without_leading_zeros(base.trim());
        // The last number that is written may grow.
        return Ok(match base.split('.').count() {
            1 => format!(">={base}"),
            2 => format!("~{}, >={base}", base.split('.').next().unwrap_or_default()),
            _ => format!("~{base}"),
        });
    }
    let is_bare = text.starts_with(|c: char| c.is_ascii_digit());
    match is_bare && !text.contains(['*', 'x', 'X']) {
        true => Err(InvalidRange::NoOperator(text.to_owned())),
        false => Ok(without_leading_zeros(text)),
    }
}

/// `>=22.04` as the grammar takes it. A prerelease stays what it is.
fn without_leading_zeros(text: &str) -> String {
    let (core, pre) = text.split_at(text.find('-').unwrap_or(text.len()));
    let mut out = String::with_capacity(text.len());
    let mut letters = core.chars().peekable();
    while let Some(letter) = letters.next() {
        let begins = !out.ends_with(|c: char| c.is_ascii_digit());
        let goes_on = letters.peek().is_some_and(char::is_ascii_digit);
        if !(letter == '0' && begins && goes_on) {
            out.push(letter);
        }
    }
    out + pre
}

impl Range {
    /// Whether a version is in it.
    ///
    /// A prerelease is in it only if the range itself names one of the same version; with
    /// `prereleases`, if the version that it leads to is in it.
    pub(super) fn has(&self, version: &Version, prereleases: Prereleases) -> bool {
        let leads_to = Version::new(version.major, version.minor, version.patch);
        self.0.matches(version)
            || (prereleases == Prereleases::Included && self.0.matches(&leads_to))
    }
}

/// Whether versions count that are not out yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prereleases {
    /// They do.
    Included,
    /// They do not.
    Excluded,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(tag: &str) -> Option<String> {
        version(tag).map(|version| version.to_string())
    }

    #[test]
    fn tags_are_read_as_versions_where_they_are_some() {
        let rows = [
            ("1", "1.0.0"),
            ("1.27", "1.27.0"),
            ("1.27.3", "1.27.3"),
            ("v2.0.1", "2.0.1"),
            ("24.04", "24.4.0"),
            ("1.27.3-alpine", "1.27.3-alpine"),
            ("3.0-rc.1", "3.0.0-rc.1"),
        ];
        for (tag, version) in rows {
            assert_eq!(read(tag).as_deref(), Some(version), "{tag}");
        }
        for tag in [
            "latest",
            "",
            "1.2.3.4",
            "1.x",
            "alpine3.22",
            "v",
            "1..2",
            "1.2_3",
            "1.2-",
        ] {
            assert_eq!(read(tag), None, "{tag}");
        }
        assert_eq!(read("99999999999999999999"), None);
    }

    #[test]
    fn ranges_say_which_versions_are_in_them() {
        let rows = [
            (">=1.26, <1.28", "1.27.3", true),
            (">= 1.26, < 1.28", "1.28.0", false),
            ("~> 1.26", "1.99.0", true),
            ("~> 1.26", "1.25.9", false),
            ("~> 1.26", "2.0.0", false),
            ("~> 0.26", "0.27.0", true),
            ("~> 1.26.2", "1.26.9", true),
            ("~> 1.26.2", "1.27.0", false),
            ("~> 1", "7.0.0", true),
            ("^1.26", "1.99.0", true),
            ("1.26.*", "1.26.4", true),
            ("=1.26.4", "1.26.4", true),
            ("*", "0.0.1", true),
            (">=22.04, <24.010", "24.04", true),
            (">=100.0", "100.00", true),
        ];
        for (range, tag, is_in) in rows {
            let parsed: Range = range.parse().unwrap();
            let version = version(tag).unwrap();
            let has = parsed.has(&version, Prereleases::Excluded);
            assert_eq!(has, is_in, "{tag} in {range}");
        }
    }

    #[test]
    fn prereleases_are_in_a_range_when_they_are_asked_for() {
        let row = |range: &str, tag: &str| {
            let range: Range = range.parse().unwrap();
            let version = version(tag).unwrap();
            [Prereleases::Excluded, Prereleases::Included].map(|each| range.has(&version, each))
        };
        assert_eq!(row(">=1.0, <2.0", "1.5.0-rc.1"), [false, true]);
        assert_eq!(row(">=1.0, <2.0", "2.0.0-rc.1"), [false, false]);
        assert_eq!(row(">=1.5.0-rc.1", "1.5.0-rc.2"), [true, true]);
    }

    #[test]
    fn what_is_no_range_is_refused_with_what_to_write_instead() {
        let told = |text: &str| text.parse::<Range>().unwrap_err().to_string();
        let words = "there is no operator before `1.27`: write `=1.27` for exactly this version, or \
                     `^1.27` for those that are compatible with it";
        assert_eq!(told("1.27"), words);
        assert_eq!(told(">=1.0, 1.27"), words);
        assert!(
            told(">=latest").contains("unexpected character"),
            "{}",
            told(">=latest")
        );
        assert!(!told("").is_empty());
    }
}

//! Tags of AWS resources: what AWS accepts, and the tag that tells who made a repository.

use std::collections::BTreeMap;

use crate::tf::{Attr, Diagnostic, Diagnostics, Path};

use super::known::TextMap;

/// The key of the tag that every repository made by this provider carries.
const CREATED_BY: &str = "ecrpublic:created-by";

/// Its value.
const THIS_PROVIDER: &str = "terraform-provider-ecrpublic";

/// AWS takes 50 tags; one of them is ours.
const MOST_TAGS: usize = 49;

/// The tags of a new repository: those of the provider, over them those of the resource, and ours.
pub(crate) fn of_repository(
    defaults: &BTreeMap<String, String>,
    own: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut tags = defaults.clone();
    tags.extend(own.clone());
    tags.insert(CREATED_BY.to_owned(), THIS_PROVIDER.to_owned());
    tags
}

/// Whether a repository with these tags was made by this provider.
pub(crate) fn is_ours(tags: &BTreeMap<String, String>) -> bool {
    tags.get(CREATED_BY)
        .is_some_and(|value| value == THIS_PROVIDER)
}

/// Tells what AWS would refuse in these tags.
///
/// Tagging rules of the AWS General Reference: keys of 1 to 128 and values of up to 256
/// characters, letters, digits, spaces and `_.:/=+-@`; the prefix `aws:` is reserved.
pub(crate) fn check(tags: &TextMap, at: &Path, problems: &mut Diagnostics) {
    let Attr::Known(tags) = tags else {
        return;
    };
    if tags.len() > MOST_TAGS {
        problems.push(
            Diagnostic::error("Too many repository tags")
                .at(at.clone())
                .detail(format!(
                    "There are {} tags. A repository takes {MOST_TAGS}, besides `{CREATED_BY}`, \
                     which the provider sets.",
                    tags.len()
                )),
        );
    }
    for (key, value) in tags {
        let wrong = match value {
            Attr::Null => Some("its value is null".to_owned()),
            Attr::Unknown => wrong_key(key),
            Attr::Known(value) => wrong_key(key).or_else(|| wrong_value(value)),
        };
        if let Some(wrong) = wrong {
            problems.push(
                Diagnostic::error("Invalid repository tag")
                    .at(at.clone().key(key))
                    .detail(format!("AWS would refuse the tag `{key}`: {wrong}.")),
            );
        }
    }
}

fn wrong_key(key: &str) -> Option<String> {
    if key == CREATED_BY {
        return Some("the provider sets it itself".to_owned());
    }
    if key.to_ascii_lowercase().starts_with("aws:") {
        return Some("keys that begin with `aws:` are reserved".to_owned());
    }
    if !(1..=128).contains(&key.chars().count()) {
        return Some("a key has 1 to 128 characters".to_owned());
    }
    wrong_character(key)
}

fn wrong_value(value: &str) -> Option<String> {
    if value.chars().count() > 256 {
        return Some("a value has at most 256 characters".to_owned());
    }
    wrong_character(value)
}

fn wrong_character(text: &str) -> Option<String> {
    let accepted = |c: char| c.is_alphanumeric() || " _.:/=+-@".contains(c);
    let stranger = text.chars().find(|&c| !accepted(c))?;
    Some(format!(
        "{stranger:?} is not a letter, a digit, a space or one of `_.:/=+-@`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary_of(key: &str, value: &str) -> Option<String> {
        let tags = BTreeMap::from([(key.to_owned(), Attr::Known(value.to_owned()))]);
        let mut problems = Diagnostics::new();
        check(
            &Attr::Known(tags),
            &Path::root("repository_tags"),
            &mut problems,
        );
        problems.iter().next().map(|problem| problem.text())
    }

    #[test]
    fn tags_that_aws_takes_pass() {
        for (key, value) in [("team", "a b"), ("cost:center", ""), ("é", "1+1=2@x/y")] {
            assert_eq!(summary_of(key, value), None);
        }
    }

    #[test]
    fn tags_that_aws_refuses_are_named_with_the_reason() {
        let long = "x".repeat(257);
        for (key, value, part) in [
            ("aws:x", "", "reserved"),
            ("", "", "1 to 128"),
            ("a", long.as_str(), "at most 256"),
            ("a;b", "", "';'"),
            (CREATED_BY, "me", "itself"),
        ] {
            let text = summary_of(key, value).unwrap_or_default();
            assert!(text.contains(part), "{key}: {text}");
        }
    }

    #[test]
    fn tags_of_the_resource_win_over_those_of_the_provider() {
        let map = |value: &str| BTreeMap::from([("team".to_owned(), value.to_owned())]);
        let tags = of_repository(&map("platform"), &map("web"));
        assert_eq!(tags["team"], "web");
        assert!(is_ours(&tags));
        assert!(!is_ours(&map("platform")));
    }
}

//! What of a repository nobody needs. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::oci::Digest;

/// One manifest of a repository, as far as it matters here.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// It is needed whoever else needs it: it has a tag, or is so new that somebody may be about to
    /// give it one.
    pub(super) is_needed: bool,
    /// What it lists.
    pub(super) below: Vec<Digest>,
    /// What it is attached to.
    pub(super) subject: Option<Digest>,
}

/// Those that nobody needs, in the order in which they can go: an index before what it lists.
///
/// What something needed lists is needed, and so is what is attached to it, such as a signature, with
/// everything below.
pub(super) fn needless(images: &BTreeMap<Digest, Seen>) -> Vec<Vec<Digest>> {
    let needed = needed(images);
    let mut left: BTreeSet<&Digest> = images.keys().filter(|it| !needed.contains(it)).collect();
    let mut layers = Vec::new();
    while !left.is_empty() {
        let listed: BTreeSet<&Digest> = left.iter().flat_map(|it| &images[*it].below).collect();
        let (later, now): (BTreeSet<_>, BTreeSet<_>) =
            left.iter().copied().partition(|it| listed.contains(it));
        if now.is_empty() {
            // No digest can be below itself; whoever says so is not believed.
            break;
        }
        layers.push(now.into_iter().cloned().collect());
        left = later;
    }
    layers
}

fn needed(images: &BTreeMap<Digest, Seen>) -> BTreeSet<&Digest> {
    let mut needed = BTreeSet::new();
    let mut waiting: Vec<&Digest> = images
        .iter()
        .filter(|(_, seen)| seen.is_needed)
        .map(|(digest, _)| digest)
        .collect();
    let mut attached: BTreeMap<&Digest, Vec<&Digest>> = BTreeMap::new();
    for (digest, seen) in images {
        if let Some(subject) = &seen.subject {
            attached.entry(subject).or_default().push(digest);
        }
    }
    while let Some(next) = waiting.pop() {
        if !needed.insert(next) {
            continue;
        }
        waiting.extend(images.get(next).into_iter().flat_map(|seen| &seen.below));
        waiting.extend(attached.get(next).into_iter().flatten());
    }
    needed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(name: &str) -> Digest {
        Digest::sha256(name.as_bytes())
    }

    /// Name, whether it is needed by itself, what it lists, what it is attached to.
    type Row<'a> = (&'a str, bool, &'a [&'a str], Option<&'a str>);

    fn layers(rows: &[Row<'_>]) -> Vec<BTreeSet<String>> {
        let names: BTreeMap<Digest, &str> = rows
            .iter()
            .map(|(name, ..)| (digest(name), *name))
            .collect();
        let images = rows.iter().map(|(name, is_needed, below, subject)| {
            let seen = Seen {
                is_needed: *is_needed,
                below: below.iter().map(|name| digest(name)).collect(),
                subject: subject.map(digest),
            };
            (digest(name), seen)
        });
        let layers = needless(&images.collect());
        let named = |layer: &Vec<Digest>| layer.iter().map(|it| names[it].to_owned()).collect();
        layers.iter().map(named).collect()
    }

    fn named(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn what_has_a_tag_keeps_what_it_lists_and_what_is_attached_to_it() {
        let found = layers(&[
            ("index", true, &["amd64", "inner"], None),
            ("inner", false, &["arm64"], None),
            ("amd64", false, &[], None),
            ("arm64", false, &[], None),
            ("signature", false, &[], Some("arm64")),
            ("signature of the signature", false, &[], Some("signature")),
            ("bill of materials", false, &["part"], Some("index")),
            ("part", false, &[], None),
        ]);
        assert!(found.is_empty(), "{found:?}");
    }

    #[test]
    fn an_index_goes_before_what_it_lists_unless_somebody_else_lists_it() {
        let found = layers(&[
            ("live", true, &["shared"], None),
            ("old", false, &["shared", "amd64", "inner"], None),
            ("inner", false, &["arm64"], None),
            ("shared", false, &[], None),
            ("amd64", false, &[], None),
            ("arm64", false, &[], None),
            ("signature", false, &[], Some("old")),
            ("of what is gone", false, &[], Some("long gone")),
        ]);
        let wanted = [
            named(&["old", "signature", "of what is gone"]),
            named(&["amd64", "inner"]),
            named(&["arm64"]),
        ];
        assert_eq!(found, wanted);
    }

    #[test]
    fn whoever_claims_to_list_himself_stays() {
        let found = layers(&[("a", false, &["b"], None), ("b", false, &["a"], None)]);
        assert!(found.is_empty(), "{found:?}");
    }
}

//! Which image each tag is to show after this run.
//!
//! Terraform does not tell a provider which instance a plan is for, and may ask for the plan of one
//! instance more than once. But within one run an instance has one configuration, so two plans with
//! different images behind the same tag are two instances, which would take the tag from each other
//! with every apply. Two instances with the same image cannot be told from one.
//!
//! Terraform plans each instance again while it applies, when everything is known: what the plan
//! could not know is noticed then, before anything is written.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use crate::oci::Reference;

/// The tags that instances of this run have planned. One for each configured provider.
#[derive(Debug, Default)]
pub(crate) struct PlannedTags(Mutex<HashMap<PlannedTag, PlannedImage>>);

/// Where a tag is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PlannedTag {
    pub(crate) account: String,
    pub(crate) repository: String,
    pub(crate) tag: String,
}

/// What it is to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PlannedImage {
    pub(crate) source: Reference,
    /// Empty: the whole image.
    pub(crate) platforms: BTreeSet<String>,
}

impl PlannedTags {
    /// Notes what a tag is to show, and returns what another instance plans to have there.
    pub(crate) fn plan(&self, tag: PlannedTag, image: &PlannedImage) -> Option<PlannedImage> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let first = all.entry(tag).or_insert_with(|| image.clone());
        (first != image).then(|| first.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_image_may_be_planned_again_and_another_one_may_not() {
        let tags = PlannedTags::default();
        let tag = |tag: &str| PlannedTag {
            account: "111111111111".to_owned(),
            repository: "alpine".to_owned(),
            tag: tag.to_owned(),
        };
        let image = |source: &str| PlannedImage {
            source: source.parse().unwrap(),
            platforms: BTreeSet::new(),
        };
        let first = image("alpine:3.22");
        assert_eq!(tags.plan(tag("live"), &first), None);
        let long = image("docker.io/library/alpine:3.22");
        assert_eq!(tags.plan(tag("live"), &long), None);
        let other = image("alpine:3.21");
        assert_eq!(tags.plan(tag("next"), &other), None);
        assert_eq!(tags.plan(tag("live"), &other), Some(first.clone()));
        let part = PlannedImage {
            platforms: ["linux/amd64".to_owned()].into(),
            ..first.clone()
        };
        assert_eq!(tags.plan(tag("live"), &part), Some(first));
    }
}

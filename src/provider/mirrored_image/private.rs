//! What the provider remembers about an instance besides its state.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::mirror::Attached;
use crate::oci::{Digest, Reference, Tag};

use super::super::known;
use super::model::MirroredImage;
use super::referrers::Referrers;

/// Private data, as JSON with a version.
///
/// It remembers which tags this resource has set, also after somebody else moved or deleted them
/// and refresh took them out of the state: what was ours may be set again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Private {
    version: u32,
    /// The account that the tags are in.
    #[serde(default)]
    pub(crate) account: String,
    /// The repository that the tags are in.
    #[serde(default)]
    pub(crate) repository: String,
    /// Tag by tag, the digest that it was set to.
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, String>,
    /// Images that the tags have moved away from and that were not deleted, the latest at the end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    superseded: Vec<String>,
    /// Whether this resource created the repository.
    #[serde(default)]
    pub(crate) created_repository: bool,
    /// What the source was last seen to show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    observed: Option<Observed>,
    /// Image by image, what refers to it and was brought along.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    referrers: BTreeMap<String, Referrers>,
    /// What was last seen to refer to the image at the source: a digest over that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    observed_referrers: Option<String>,
    /// Whether the roles were not known in the plan: they may have been made in this run.
    #[serde(default)]
    pub(crate) role_was_unknown: bool,
}

/// What a tag of a source showed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Observed {
    /// `registry/repository:tag`
    #[serde(default)]
    source: String,
    #[serde(default)]
    digest: String,
}

impl Private {
    /// What to remember about tags in a repository.
    pub(crate) fn new(account: &str, repository: &str, created_repository: bool) -> Self {
        Self {
            version: VERSION,
            account: account.to_owned(),
            repository: repository.to_owned(),
            tags: BTreeMap::new(),
            superseded: Vec::new(),
            created_repository,
            observed: None,
            referrers: BTreeMap::new(),
            observed_referrers: None,
            role_was_unknown: false,
        }
    }

    /// Reads it. What is missing, broken or of a later version counts as nothing remembered:
    /// then nothing is taken for ours that might not be.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let read = serde_json::from_slice::<Self>(bytes);
        read.ok()
            .filter(|private| private.version <= VERSION)
            .unwrap_or_default()
    }

    /// Writes it.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        // A map with text for keys can always be written.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Remembers what a source was seen to show.
    pub(crate) fn observe(&mut self, source: &Reference, digest: &Digest) {
        self.observed = Some(Observed {
            source: source.to_string(),
            digest: digest.to_string(),
        });
    }

    /// Forgets what any source was seen to show.
    pub(crate) fn forget_observed(&mut self) {
        self.observed = None;
    }

    /// What this source was last seen to show.
    pub(crate) fn observed(&self, source: &Reference) -> Option<Digest> {
        let observed = self.observed.as_ref()?;
        let is_it = observed.source == source.to_string();
        observed.digest.parse().ok().filter(|_| is_it)
    }

    /// Remembers that the tags show `now` and have shown `before`.
    pub(crate) fn supersede(&mut self, before: &Digest, now: &Digest) {
        let both = [before.as_str(), now.as_str()];
        self.superseded
            .retain(|each| !both.contains(&each.as_str()));
        if before != now {
            self.superseded.push(before.to_string());
        }
        let surplus = self.superseded.len().saturating_sub(MOST_SUPERSEDED);
        self.superseded.drain(..surplus);
        let superseded = &self.superseded;
        self.referrers
            .retain(|image, _| image == now.as_str() || superseded.contains(image));
    }

    /// Remembers what was brought along with an image. What was brought before is still there.
    pub(crate) fn attach(&mut self, image: &Digest, attached: &Attached) {
        let before = self.referrers.get(image.as_str());
        let now = Referrers::of(attached, before);
        self.referrers.insert(image.to_string(), now);
        self.observed_referrers = None;
    }

    /// What was brought along with an image in this repository.
    pub(crate) fn attached(
        &self,
        account: &str,
        repository: &str,
        image: &Digest,
    ) -> Option<&Referrers> {
        let is_ours = self.is_about(account, repository);
        self.referrers.get(image.as_str()).filter(|_| is_ours)
    }

    /// What was brought along with the image of an instance.
    pub(crate) fn attached_to(&self, instance: &MirroredImage) -> Option<&Referrers> {
        let (account, repository) = (instance.account_id.known()?, instance.repository.known()?);
        let image = instance.digest.known()?.parse().ok()?;
        self.attached(account, repository, &image)
    }

    /// Tags of cosign and of lists that were set in this repository, for any image.
    pub(crate) fn referrer_tags(&self, account: &str, repository: &str) -> BTreeMap<Tag, Digest> {
        let is_ours = self.is_about(account, repository);
        let all = self.referrers.values().filter(|_| is_ours);
        all.flat_map(Referrers::tags).collect()
    }

    /// Remembers what was seen to refer to the image at the source.
    pub(crate) fn observe_referrers(&mut self, seen: &str) {
        self.observed_referrers = Some(seen.to_owned());
    }

    /// Whether everything that was brought along is there, and nobody has seen anything else at the
    /// source since. `prior`: the state after a refresh.
    pub(crate) fn has_all_referrers(&self, prior: &MirroredImage) -> bool {
        let there = known::texts(&prior.referrer_digests);
        let (Some(known), Some(there)) = (self.attached_to(prior), there) else {
            return false;
        };
        let observed = self.observed_referrers.as_deref();
        let is_unchanged = observed.is_none_or(|observed| observed == known.seen);
        is_unchanged
            && known
                .objects()
                .all(|(digest, _)| there.contains(digest.as_str()))
    }

    /// The images that the tags in this repository have moved away from, as far as they are there.
    pub(crate) fn superseded(&self, account: &str, repository: &str) -> Vec<Digest> {
        let is_ours = self.is_about(account, repository);
        let superseded = self.superseded.iter().filter(|_| is_ours);
        superseded
            .filter_map(|digest| digest.parse().ok())
            .collect()
    }

    /// Forgets an image that is gone.
    pub(crate) fn forget_superseded(&mut self, digest: &Digest) {
        self.referrers.remove(digest.as_str());
        self.superseded.retain(|each| each != digest.as_str());
    }

    /// Whether it is about this repository.
    pub(crate) fn is_about(&self, account: &str, repository: &str) -> bool {
        self.account == account && self.repository == repository
    }

    /// The digest that a tag in this repository was set to by this resource.
    pub(crate) fn digest_of(&self, account: &str, repository: &str, tag: &str) -> Option<Digest> {
        let is_ours = self.is_about(account, repository);
        let digest = self.tags.get(tag).filter(|_| is_ours)?;
        digest.parse().ok()
    }
}

const VERSION: u32 = 1;

/// Images that are remembered for their deletion. A tag that moves each night fills this in half a
/// year.
const MOST_SUPERSEDED: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_data_reads_back_what_was_written() {
        let mut private = Private::new("111111111111", "nginx", true);
        let digest = Digest::sha256(b"");
        private.tags.insert("1".to_owned(), digest.to_string());
        let read = Private::read(&private.to_bytes());
        assert_eq!(read, private);
        assert_eq!(read.digest_of("111111111111", "nginx", "1"), Some(digest));
        assert_eq!(read.digest_of("111111111111", "other", "1"), None);
    }

    #[test]
    fn what_was_observed_belongs_to_one_source() {
        let source = |text: &str| text.parse::<Reference>().unwrap();
        let mut private = Private::new("111111111111", "nginx", true);
        private.observe(&source("nginx:1"), &Digest::sha256(b"x"));
        let mut read = Private::read(&private.to_bytes());
        let observed = read.observed(&source("docker.io/library/nginx:1"));
        assert_eq!(observed, Some(Digest::sha256(b"x")));
        assert_eq!(read.observed(&source("nginx:2")), None);
        assert_eq!(read.observed(&source("ghcr.io/library/nginx:1")), None);
        read.forget_observed();
        assert_eq!(read.observed(&source("nginx:1")), None);
    }

    #[test]
    fn superseded_images_are_known_once_and_without_the_present_one() {
        let digest = |content: usize| Digest::sha256(&content.to_be_bytes());
        let mut private = Private::new("111111111111", "nginx", true);
        for (before, now) in [(1, 2), (2, 3), (3, 1), (1, 2), (2, 2)] {
            private.supersede(&digest(before), &digest(now));
        }
        let known = private.superseded("111111111111", "nginx");
        assert_eq!(known, [digest(3), digest(1)]);
        assert_eq!(private.superseded("111111111111", "other"), []);
        private.forget_superseded(&digest(3));
        assert_eq!(private.superseded("111111111111", "nginx"), [digest(1)]);
        for content in 10..500 {
            private.supersede(&digest(content), &digest(content + 1));
        }
        let known = private.superseded("111111111111", "nginx");
        assert_eq!(known.len(), MOST_SUPERSEDED);
        assert_eq!(known.last(), Some(&digest(499)));
    }

    #[test]
    fn private_data_that_cannot_be_read_claims_nothing() {
        for bytes in ["", "{", "[]", r#"{"version":2,"tags":{"1":"sha256:x"}}"#] {
            assert_eq!(
                Private::read(bytes.as_bytes()),
                Private::default(),
                "{bytes}"
            );
        }
    }

    #[test]
    fn private_data_with_more_than_we_know_is_read() {
        let later = r#"{"version":1,"repository":"a/b","observed":{"digest":"x"}}"#;
        assert_eq!(Private::read(later.as_bytes()).repository, "a/b");
    }
}

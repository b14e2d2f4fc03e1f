//! What was brought along with an image, as it is remembered, looked for and removed.
//!
//! # Invariants
//!
//! - What refers to a manifest goes after it, and only when it is gone: another instance or somebody
//!   else may have the same image in the same repository.
//! - A tag is removed together with the digest that was put there, so that one that somebody has
//!   moved since stays.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::FutureExt as _;
use serde::{Deserialize, Serialize};

use crate::aws::{self, ImageDetail, ImageId, Session};
use crate::content::{Source, entries};
use crate::mirror::{Attached, Hung};
use crate::oci::{CosignTag, Digest, Tag, fallback_tag};
use crate::task::Context;

use super::super::clients::Clients;
use super::super::repository_name::RepositoryName;
use super::remove::without_tags;

/// What refers to an image and was brought along, as the private data has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Referrers {
    /// The manifests of the image that the source was asked about.
    #[serde(default)]
    subjects: Vec<String>,
    /// A digest over what was seen of the answer without a pull.
    #[serde(default)]
    pub(super) seen: String,
    /// What came along.
    #[serde(default)]
    objects: BTreeMap<String, Object>,
    /// The tags that lead there.
    #[serde(default)]
    tags: BTreeMap<String, String>,
    /// What the tags have moved away from.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    left: BTreeSet<String>,
}

/// Something that came along.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Object {
    /// What it refers to.
    #[serde(default)]
    on: String,
    /// The tag that leads to it, unless the registry itself lists it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tag: Option<String>,
}

impl Referrers {
    /// What a copy has brought, and what those before it had brought with the same image.
    pub(super) fn of(attached: &Attached, before: Option<&Self>) -> Self {
        let object = |hung: &Hung| Object {
            on: hung.on.to_string(),
            tag: hung.tag.as_ref().map(ToString::to_string),
        };
        let objects = attached.objects.iter();
        let tags = attached.tags.iter();
        let mut now = Self {
            subjects: attached.subjects.iter().map(ToString::to_string).collect(),
            seen: fingerprint(attached.seen.iter()),
            objects: objects
                .map(|(digest, hung)| (digest.to_string(), object(hung)))
                .collect(),
            tags: tags
                .map(|(tag, digest)| (tag.to_string(), digest.to_string()))
                .collect(),
            left: attached.left.iter().map(ToString::to_string).collect(),
        };
        if let Some(before) = before {
            now.keep(before);
        }
        now
    }

    /// What the source does not have any more is still at the destination.
    fn keep(&mut self, before: &Self) {
        for (tag, digest) in &before.tags {
            let kept = self
                .tags
                .entry(tag.clone())
                .or_insert_with(|| digest.clone());
            if kept != digest {
                self.left.insert(digest.clone());
            }
        }
        self.left.extend(before.objects.keys().cloned());
        self.left.extend(before.left.iter().cloned());
        let objects = &self.objects;
        self.left.retain(|digest| !objects.contains_key(digest));
    }

    /// The manifests of the image that the source was asked about.
    pub(super) fn subjects(&self) -> Vec<Digest> {
        let subjects = self.subjects.iter();
        subjects.filter_map(|text| text.parse().ok()).collect()
    }

    /// What came along, and the tag that leads to it.
    pub(super) fn objects(&self) -> impl Iterator<Item = (&String, Option<&String>)> {
        let objects = self.objects.iter();
        objects.map(|(digest, object)| (digest, object.tag.as_ref()))
    }

    /// The tags that lead there.
    pub(super) fn tags(&self) -> impl Iterator<Item = (Tag, Digest)> {
        let tags = self.tags.iter();
        tags.filter_map(|(tag, digest)| Some((tag.parse().ok()?, digest.parse().ok()?)))
    }

    /// What came along and hangs on a manifest.
    fn hanging_on(&self, subject: &Digest) -> Vec<Digest> {
        let objects = self.objects.iter();
        let hanging = objects.filter(|(_, object)| object.on == subject.as_str());
        hanging
            .filter_map(|(digest, _)| digest.parse().ok())
            .collect()
    }

    /// The tags that lead from a manifest to what hangs on it.
    fn tags_of(&self, subject: &Digest) -> Vec<ImageId> {
        let names = CosignTag::ALL.map(|kind| kind.of(subject));
        let names = names.into_iter().chain([fallback_tag(subject)]);
        let ids = names.filter_map(|tag| {
            let digest = self.tags.get(tag.as_str())?;
            Some(ImageId {
                digest: Some(digest.clone()),
                tag: Some(tag.to_string()),
            })
        });
        ids.collect()
    }
}

/// One digest for many, whatever their order.
pub(super) fn fingerprint<'a>(digests: impl Iterator<Item = &'a Digest>) -> String {
    let sorted: BTreeSet<&Digest> = digests.collect();
    let texts: Vec<&str> = sorted.into_iter().map(Digest::as_str).collect();
    Digest::sha256(texts.join("\n").as_bytes()).to_string()
}

/// Where what was brought along is looked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Looking<'a> {
    pub(super) clients: &'a Clients,
    pub(super) session: &'a Session,
    pub(super) repository: &'a RepositoryName,
    pub(super) alias: Option<&'a str>,
}

/// What a repository has of it.
#[derive(Debug, Default)]
struct Shown {
    digests: BTreeSet<String>,
    tags: BTreeMap<String, String>,
}

impl Looking<'_> {
    /// What of it is there and can be found. While everything is as it was left, that is one
    /// question.
    ///
    /// # Errors
    ///
    /// As AWS says.
    pub(super) async fn present(
        &self,
        cx: &Context,
        known: &Referrers,
    ) -> Result<BTreeSet<String>, aws::Error> {
        let shown = self.shown(cx, known).await?;
        let mut lists: BTreeMap<&String, BTreeSet<String>> = BTreeMap::new();
        let mut present = BTreeSet::new();
        for (digest, tag) in known.objects() {
            let is_there = match tag.map(|tag| (tag, shown.tags.get(tag))) {
                None => shown.digests.contains(digest),
                Some((_, None)) => false,
                Some((tag, Some(now))) if known.tags.get(tag) == Some(now) => true,
                // What somebody else has put under a tag of cosign stays.
                Some((tag, Some(_))) if tag.contains('.') => true,
                Some((_, Some(now))) => {
                    if !lists.contains_key(now) {
                        lists.insert(now, self.list(cx, now).await?);
                    }
                    lists.get(now).is_some_and(|list| list.contains(digest))
                }
            };
            if is_there {
                present.insert(digest.clone());
            }
        }
        Ok(present)
    }

    async fn shown(&self, cx: &Context, known: &Referrers) -> Result<Shown, aws::Error> {
        let by_tag = known.tags.keys().map(ImageId::of_tag);
        // To what the registry itself lists, no tag leads.
        let listed = known.objects().filter(|(_, tag)| tag.is_none());
        let by_digest = listed.map(|(digest, _)| ImageId::of_digest(digest));
        let ids: Vec<ImageId> = by_tag.chain(by_digest).collect();
        let mut shown = Shown::default();
        for image in described(cx, self.session, self.repository.as_str(), &ids).await? {
            for tag in image.tags {
                shown.tags.insert(tag, image.digest.clone());
            }
            shown.digests.insert(image.digest);
        }
        Ok(shown)
    }

    /// What an index lists. What cannot be read lists nothing, and will be written again.
    async fn list(&self, cx: &Context, shown: &str) -> Result<BTreeSet<String>, aws::Error> {
        let account = self.session.identity(cx).await?.account;
        let place = self.alias.zip(shown.parse::<Digest>().ok());
        let reader = place.and_then(|(alias, shown)| {
            let (session, name) = (self.session, self.repository);
            let reader = self.clients.destination(session, &account, alias, name);
            Some((reader.ok()?, shown))
        });
        let Some((reader, shown)) = reader else {
            return Ok(BTreeSet::new());
        };
        let index = Source::manifest(reader.registry(), cx, &shown).await;
        let entries = index.map_or_else(|_unreadable| Vec::new(), |index| entries(&index, &shown));
        let digests = entries.iter().map(|entry| entry.digest.to_string());
        Ok(digests.collect())
    }
}

/// Those of these images that are there. While all are, one question is enough.
async fn described(
    cx: &Context,
    session: &Session,
    repository: &str,
    ids: &[ImageId],
) -> Result<Vec<ImageDetail>, aws::Error> {
    if let Some(found) = session.images(cx, repository, ids).await? {
        return Ok(found);
    }
    let mut found = Vec::new();
    for id in ids {
        found.extend(session.image(cx, repository, id).await?);
    }
    Ok(found)
}

/// Removes what was brought along, as far as what it refers to is gone.
///
/// # Errors
///
/// As AWS says. What could not be removed stays.
pub(super) async fn remove(
    cx: &Context,
    session: &Session,
    repository: &str,
    known: &Referrers,
) -> Result<(), aws::Error> {
    let mut subjects = known.subjects();
    let ids: Vec<ImageId> = subjects.iter().map(ImageId::of_digest).collect();
    let there = described(cx, session, repository, &ids).await?;
    let there: BTreeSet<String> = there.into_iter().map(|image| image.digest).collect();
    subjects.retain(|subject| !there.contains(subject.as_str()));
    // First what leads there: the service keeps what an index lists.
    let tags: Vec<ImageId> = subjects.iter().flat_map(|it| known.tags_of(it)).collect();
    delete(cx, session, repository, &tags).await?;
    if there.is_empty() {
        let left: Vec<Digest> = known.left.iter().filter_map(|it| it.parse().ok()).collect();
        delete_untagged(cx, session, repository, &left)
            .boxed()
            .await?;
    }
    let mut seen: BTreeSet<Digest> = subjects.iter().cloned().collect();
    while let Some(subject) = subjects.pop() {
        delete(cx, session, repository, &known.tags_of(&subject)).await?;
        let hanging = known.hanging_on(&subject);
        delete_untagged(cx, session, repository, &hanging)
            .boxed()
            .await?;
        // What hangs on those may go now, whether or not they were ours to remove.
        let fresh = hanging.into_iter().filter(|it| seen.insert(it.clone()));
        subjects.extend(fresh);
    }
    Ok(())
}

/// Deletes images, if there are any. What somebody else has moved or needs stays.
async fn delete(
    cx: &Context,
    session: &Session,
    repository: &str,
    ids: &[ImageId],
) -> Result<(), aws::Error> {
    if !ids.is_empty() {
        session.delete_images(cx, repository, ids).await?;
    }
    Ok(())
}

async fn delete_untagged(
    cx: &Context,
    session: &Session,
    repository: &str,
    digests: &[Digest],
) -> Result<(), aws::Error> {
    let mut ids: Vec<ImageId> = digests.iter().map(ImageId::of_digest).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let untagged = without_tags(cx, session, repository, &ids).await?;
    ids.retain(|id| id.digest.as_ref().is_some_and(|it| untagged.contains(it)));
    delete(cx, session, repository, &ids).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(name: &str) -> Digest {
        Digest::sha256(name.as_bytes())
    }

    /// These in the list of an image.
    fn attached(objects: &[&str], list: &str) -> Attached {
        let (image, tag) = (digest("image"), fallback_tag(&digest("image")));
        let objects = objects.iter().map(|name| {
            let hung = Hung {
                on: image.clone(),
                tag: Some(tag.clone()),
            };
            (digest(name), hung)
        });
        Attached {
            subjects: vec![image.clone()],
            objects: objects.collect(),
            tags: [(tag.clone(), digest(list))].into(),
            ..Attached::default()
        }
    }

    #[test]
    fn what_a_later_copy_does_not_bring_is_still_to_be_removed_one_day() {
        let first = Referrers::of(&attached(&["a", "b"], "one"), None);
        assert_eq!(first.left, BTreeSet::new());
        let second = Referrers::of(&attached(&["b", "c"], "two"), Some(&first));
        let left = ["a", "one"].map(|name| digest(name).to_string());
        assert_eq!(second.left, left.into());
        let again = Referrers::of(&attached(&["a", "b", "c"], "two"), Some(&second));
        assert_eq!(again.left, [digest("one").to_string()].into());
        let ids = again.tags_of(&digest("image"));
        let digests: Vec<_> = ids.iter().filter_map(|id| id.digest.clone()).collect();
        assert_eq!(digests, [digest("two").to_string()]);
        assert_eq!(again.hanging_on(&digest("image")).len(), 3);
        assert_eq!(again.hanging_on(&digest("a")), []);
    }

    #[test]
    fn the_order_of_what_was_seen_does_not_matter() {
        let (one, two) = (digest("1"), digest("2"));
        let forth = fingerprint([&one, &two].into_iter());
        assert_eq!(forth, fingerprint([&two, &one, &two].into_iter()));
        assert_ne!(forth, fingerprint([&one].into_iter()));
        assert_ne!(forth, fingerprint([].into_iter()));
    }
}

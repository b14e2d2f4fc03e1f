//! One copy of an image: which bytes, which tags, and what stands afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::mirror::{
    self, Contents, ExistingTag, MirrorJob, OthersTags, Outcome, OwnTags, Platforms, Referrers,
};
use crate::oci::{Digest, Platform, Reference, Tag, Version};
use crate::task::Context;
use crate::tf::{Attr, Diagnostic};

use super::super::clients::Clients;
use super::super::diagnose;
use super::super::known;
use super::model::{MirroredImage, tag_uris};
use super::place::Site;
use super::plan;
use super::private::Private;

/// What shall be copied.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) source: Reference,
    pub(super) version: Version,
    platforms: Platforms,
    /// The tags to set, and what may happen to those that exist.
    tags: BTreeMap<Tag, ExistingTag>,
    /// What the state has to be told.
    contents: Contents,
    referrers: Referrers,
}

/// A copy that failed.
#[derive(Debug)]
pub(super) struct Failed {
    /// What stands nevertheless, if a tag was set.
    pub(super) partial: Option<Outcome>,
    /// Whether everything that was asked for stands, and only the check of it failed.
    pub(super) is_complete: bool,
    /// Why.
    pub(super) diagnostic: Diagnostic,
}

impl Wanted {
    /// Reads it from a planned model, without the tags to set.
    ///
    /// Bytes that the plan promised are copied as promised, wherever the tag of the source has
    /// gone since.
    pub(super) fn of(planned: &MirroredImage, private: &Private) -> Result<Self, Diagnostic> {
        let source = planned.source.known();
        let source: Reference = source
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| diagnose::invalid_state("source"))?;
        let promised = planned.source_digest.known();
        let version = match promised.and_then(|digest| digest.parse().ok()) {
            Some(digest) => Version::Digest(digest),
            None => source.version(),
        };
        Ok(Self {
            source,
            version,
            platforms: platforms(planned)?,
            referrers: referrers(planned, private),
            contents: if planned.images.is_unknown() || planned.size_bytes.is_unknown() {
                Contents::Always
            } else {
                Contents::OfCopies
            },
            tags: BTreeMap::new(),
        })
    }

    /// The same with tags to set, and the guard of each.
    pub(super) fn with_tags(
        mut self,
        tags: impl IntoIterator<Item = (String, ExistingTag)>,
    ) -> Result<Self, Diagnostic> {
        for (tag, existing) in tags {
            let tag = tag.parse();
            let tag = tag.map_err(|_| diagnose::invalid_state("image_tags"))?;
            self.tags.insert(tag, existing);
        }
        Ok(self)
    }

    /// The same image, whatever its tag will show by then.
    pub(super) fn pinned_to(mut self, digest: Digest) -> Self {
        self.version = Version::Digest(digest);
        self
    }

    /// What is there already, as a whole and without regard to its source's tag.
    pub(super) fn standing(mut self, digest: Digest) -> Self {
        self.platforms = Platforms::All;
        self.pinned_to(digest)
    }

    /// The platforms that are chosen, if some are.
    pub(super) fn chosen(&self) -> Option<&BTreeSet<Platform>> {
        match &self.platforms {
            Platforms::All => None,
            Platforms::Only(chosen) => Some(chosen),
        }
    }

    /// Copies it.
    pub(super) async fn copy(
        &self,
        cx: &Context,
        clients: &Clients,
        site: &Site,
    ) -> Result<Outcome, Failed> {
        let turn = clients.turns.copying(cx, &site.account, &site.name).await;
        let turn = turn.map_err(|stopped| Failed {
            partial: None,
            is_complete: false,
            diagnostic: diagnose::stopped(stopped),
        })?;
        let job = MirrorJob {
            version: self.version.clone(),
            platforms: self.platforms.clone(),
            tags: self.tags.clone(),
            contents: self.contents,
            referrers: self.referrers.clone(),
        };
        let source = self.source.repository();
        let source = clients.source_for(source, &site.destination);
        let destination = Arc::new(site.destination.clone());
        let copied = clients.engine.mirror(cx, &job, source, destination).await;
        let stands = match &copied {
            Ok(outcome) => Some(outcome),
            Err(error) => error.partial.as_deref(),
        };
        if let Some(outcome) = stands {
            turn.has_set(outcome.tags.iter().map(Tag::as_str));
        }
        copied.map_err(|error| self.failed(&error, site))
    }

    fn failed(&self, error: &mirror::Error, site: &Site) -> Failed {
        let partial = error.partial.as_deref().cloned();
        let set = partial.iter().flat_map(|outcome| &outcome.tags);
        let names = diagnose::Copy {
            source: &self.source,
            account: site.account.as_str(),
            repository_uri: site.uri.as_str(),
            repository_arn: &site.arn(),
        };
        Failed {
            is_complete: set.collect::<BTreeSet<_>>() == self.tags.keys().collect(),
            diagnostic: diagnose::copy(error, &names),
            partial,
        }
    }
}

/// What comes along besides the image, and which tags of it are ours to move.
fn referrers(model: &MirroredImage, private: &Private) -> Referrers {
    if !model.brings_referrers() {
        return Referrers::None;
    }
    let place = (model.account_id.known(), model.repository.known());
    let put = match place {
        (Some(account), Some(repository)) => private.referrer_tags(account, repository),
        _ => BTreeMap::new(),
    };
    Referrers::All(OwnTags {
        put,
        others: match model.overwrite.known() {
            Some(true) => OthersTags::Move,
            _ => OthersTags::Stay,
        },
    })
}

fn platforms(model: &MirroredImage) -> Result<Platforms, Diagnostic> {
    if model.platforms.is_null() {
        return Ok(Platforms::All);
    }
    let chosen = known::texts(&model.platforms);
    let chosen: Option<BTreeSet<Platform>> = chosen
        .iter()
        .flatten()
        .map(|text| text.parse().ok())
        .collect();
    match chosen {
        Some(chosen) if !chosen.is_empty() => Ok(Platforms::Only(chosen)),
        _ => Err(diagnose::invalid_state("platforms")),
    }
}

/// The model with everything in it that was open, after a copy. What the plan stated stays as it
/// was stated.
pub(super) fn realised(planned: MirroredImage, site: &Site, outcome: &Outcome) -> MirroredImage {
    let mut state = planned.with_defaults();
    let account = site.account.as_str();
    let name = site.name.as_str();
    let tags = known::texts(&state.image_tags)
        .unwrap_or_else(|| outcome.tags.iter().map(ToString::to_string).collect());
    settle(&mut state.image_tags, || known::to_texts(&tags));
    settle(&mut state.account_id, || Attr::Known(account.to_owned()));
    settle(&mut state.id, || plan::first_id(account, name, &tags));
    settle(&mut state.repository_arn, || Attr::Known(site.arn()));
    settle(&mut state.repository_uri, || Attr::Known(site.uri.clone()));
    settle(&mut state.registry_alias, || {
        Attr::Known(site.alias.clone())
    });
    let digest = outcome.root.digest.to_string();
    settle(&mut state.source_digest, || {
        Attr::Known(outcome.source_digest.to_string())
    });
    settle(&mut state.media_type, || {
        Attr::Known(outcome.root.media_type.to_string())
    });
    settle(&mut state.size_bytes, || {
        Attr::Known(i64::try_from(outcome.size_bytes).unwrap_or(i64::MAX))
    });
    settle(&mut state.images, || images(outcome));
    settle(&mut state.referrer_digests, || referrer_digests(outcome));
    let uri = state.repository_uri.known().cloned();
    let uri = uri.unwrap_or_else(|| site.uri.clone());
    settle(&mut state.image_uri, || {
        Attr::Known(format!("{uri}@{digest}"))
    });
    settle(&mut state.digest, || Attr::Known(digest));
    if known::text_map(&state.tag_uris).is_none() {
        state.tag_uris = known::to_text_map(tag_uris(&uri, &tags));
    }
    state
}

/// The model after a copy that set only some tags: it tells of those, and of nothing else.
pub(super) fn partly_realised(
    planned: MirroredImage,
    site: &Site,
    outcome: &Outcome,
) -> MirroredImage {
    let open = MirroredImage {
        image_tags: known::to_texts(&outcome.tags),
        tag_uris: Attr::Unknown,
        digest: Attr::Unknown,
        source_digest: Attr::Unknown,
        media_type: Attr::Unknown,
        size_bytes: Attr::Unknown,
        images: Attr::Unknown,
        referrer_digests: Attr::Unknown,
        image_uri: Attr::Unknown,
        ..planned
    };
    realised(open, site, outcome)
}

/// Fills in what is open.
fn settle<T>(attr: &mut Attr<T>, value: impl FnOnce() -> Attr<T>) {
    if attr.is_unknown() {
        *attr = value();
    }
}

fn referrer_digests(outcome: &Outcome) -> known::Texts {
    let attached = outcome.attached.iter();
    known::to_texts(attached.flat_map(|attached| attached.objects.keys()))
}

fn images(outcome: &Outcome) -> known::TextMap {
    let images = outcome.images.iter();
    let images: BTreeMap<String, String> = images
        .map(|(platform, digest)| (platform.clone(), digest.to_string()))
        .collect();
    known::to_text_map(images)
}

/// What to remember after a copy: the tags that show the image, and those of before.
pub(super) fn remembered(mut private: Private, site: &Site, outcome: &Outcome) -> Private {
    if !private.is_about(site.account.as_str(), site.name.as_str()) {
        private = Private::new(site.account.as_str(), site.name.as_str(), false);
    }
    private.created_repository |= site.is_new;
    for tag in &outcome.tags {
        let digest = outcome.root.digest.to_string();
        private.tags.insert(tag.to_string(), digest);
    }
    if let Some(attached) = &outcome.attached {
        private.attach(&outcome.root.digest, attached);
    }
    private
}

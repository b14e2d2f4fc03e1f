//! The resource as a struct.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::oci::Reference;
use crate::task::Limit;
use crate::tf::Attr;

use super::super::duration;
use super::super::known::{self, TextMap, Texts};
use super::super::role::AssumeRole;
use super::verify::Verify;

crate::model! {
    /// Configuration and state of `ecrpublic_mirrored_image`.
    pub(crate) struct MirroredImage {
        pub(crate) source: Attr<String>,
        pub(crate) repository: Attr<String>,
        pub(crate) image_tags: Texts,
        pub(crate) platforms: Texts,
        pub(crate) referrers: Attr<String>,
        pub(crate) assume_role: Attr<Vec<Attr<AssumeRole>>>,
        pub(crate) account_id: Attr<String>,
        pub(crate) follow_source: Attr<bool>,
        pub(crate) create_repository: Attr<bool>,
        pub(crate) repository_tags: TextMap,
        pub(crate) overwrite: Attr<bool>,
        pub(crate) keep_on_destroy: Attr<bool>,
        pub(crate) delete_superseded: Attr<bool>,
        pub(crate) delete_repository: Attr<bool>,
        pub(crate) verify: Attr<Verify>,
        pub(crate) timeouts: Attr<Timeouts>,
        pub(crate) id: Attr<String>,
        pub(crate) digest: Attr<String>,
        pub(crate) source_digest: Attr<String>,
        pub(crate) media_type: Attr<String>,
        pub(crate) size_bytes: Attr<i64>,
        pub(crate) images: TextMap,
        pub(crate) referrer_digests: Texts,
        pub(crate) repository_arn: Attr<String>,
        pub(crate) repository_uri: Attr<String>,
        pub(crate) registry_alias: Attr<String>,
        pub(crate) image_uri: Attr<String>,
        pub(crate) tag_uris: TextMap,
    }
}

crate::model! {
    /// How long each operation may take, as Go durations.
    pub(crate) struct Timeouts {
        pub(crate) create: Attr<String>,
        pub(crate) read: Attr<String>,
        pub(crate) update: Attr<String>,
        pub(crate) delete: Attr<String>,
    }
}

/// What a timeout is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// The first copy.
    Create,
    /// Refresh.
    Read,
    /// Every later copy.
    Update,
    /// Destroy.
    Delete,
}

impl Operation {
    /// The time it may take when nothing else is said.
    ///
    /// An hour brings 30 GB over 70 Mbit/s; reading and deleting are a few small calls, and what
    /// they wait for is throttling.
    pub(crate) fn default_limit(self) -> Duration {
        let minutes = match self {
            Self::Create | Self::Update => 60,
            Self::Read => 10,
            Self::Delete => 20,
        };
        Duration::from_secs(minutes * 60)
    }

    /// The name of its timeout.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Read => "read",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

impl Timeouts {
    /// The attribute for an operation.
    pub(crate) fn of(&self, operation: Operation) -> &Attr<String> {
        match operation {
            Operation::Create => &self.create,
            Operation::Read => &self.read,
            Operation::Update => &self.update,
            Operation::Delete => &self.delete,
        }
    }
}

impl MirroredImage {
    /// How long an operation may take.
    pub(crate) fn limit(&self, operation: Operation) -> Limit {
        let timeouts = self.timeouts.known();
        let text = timeouts.and_then(|timeouts| timeouts.of(operation).known());
        let length = text.and_then(|text| duration::parse(text).ok());
        Limit {
            length: length.unwrap_or_else(|| operation.default_limit()),
            name: Some(operation.name()),
        }
    }

    /// The image to copy, once it is known. Whoever reads a model has checked it.
    pub(crate) fn reference(&self) -> Option<Reference> {
        self.source.known()?.parse().ok()
    }

    /// Whether what happens at the source matters after the first copy.
    pub(crate) fn follows(&self) -> bool {
        self.follow_source.known().copied().unwrap_or(true)
    }

    /// The tag of the source that this instance keeps up with, if it does.
    pub(crate) fn followed(&self) -> Option<Reference> {
        let source = self.reference().filter(|_| self.follows())?;
        source.digest().is_none().then_some(source)
    }

    /// Whether what refers to the image comes along.
    pub(crate) fn brings_referrers(&self) -> bool {
        self.referrers.known().map(String::as_str) == Some(ALL)
    }

    /// Says that these tags show the image, and no others.
    pub(crate) fn show_tags(&mut self, tags: &BTreeSet<String>) {
        self.image_tags = known::to_texts(tags);
        self.tag_uris = match self.repository_uri.known() {
            Some(uri) => known::to_text_map(tag_uris(uri, tags)),
            None => Attr::Null,
        };
    }

    /// The same with the defaults of what was left out.
    pub(crate) fn with_defaults(mut self) -> Self {
        for (attr, default) in [
            (&mut self.follow_source, true),
            (&mut self.create_repository, true),
            (&mut self.overwrite, false),
            (&mut self.keep_on_destroy, false),
            (&mut self.delete_superseded, false),
            (&mut self.delete_repository, false),
        ] {
            if attr.is_null() {
                *attr = Attr::Known(default);
            }
        }
        if self.referrers.is_null() {
            self.referrers = Attr::Known(NONE.to_owned());
        }
        if self.referrer_digests.is_null() && !self.referrers.is_unknown() {
            self.referrer_digests = Attr::Known(Vec::new());
        }
        self
    }
}

/// The value of `referrers` that leaves out what refers to the image.
pub(crate) const NONE: &str = "none";

/// The value of `referrers` that brings along what refers to the image.
pub(crate) const ALL: &str = "all";

/// Tag by tag, `<repository_uri>:<tag>`.
pub(crate) fn tag_uris<'a>(
    repository_uri: &str,
    tags: impl IntoIterator<Item = &'a String>,
) -> BTreeMap<String, String> {
    let tags = tags.into_iter();
    tags.map(|tag| (tag.clone(), format!("{repository_uri}:{tag}")))
        .collect()
}

//! What tags show at the destination now.

use std::collections::{BTreeMap, BTreeSet};

use crate::aws::{self, ImageId, Session};
use crate::task::Context;

/// What each tag shows; `None` where there is no such tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Observed(BTreeMap<String, Option<String>>);

impl Observed {
    /// Asks AWS about tags of a repository. An answer names all tags of an image, so one question
    /// is enough for tags that show the same one.
    ///
    /// # Errors
    ///
    /// As AWS says. That something is not there is no error.
    pub(super) async fn ask(
        cx: &Context,
        session: &Session,
        repository: &str,
        tags: &BTreeSet<String>,
    ) -> Result<Self, aws::Error> {
        let mut shown = BTreeMap::new();
        for tag in tags {
            if shown.contains_key(tag) {
                continue;
            }
            let id = ImageId::of_tag(tag);
            let Some(image) = session.image(cx, repository, &id).await? else {
                shown.insert(tag.clone(), None);
                continue;
            };
            shown.insert(tag.clone(), Some(image.digest.clone()));
            for same in image.tags.iter().filter(|same| tags.contains(*same)) {
                shown.insert(same.clone(), Some(image.digest.clone()));
            }
        }
        Ok(Self(shown))
    }

    /// The tags that show this image.
    pub(super) fn showing(&self, digest: &str) -> BTreeSet<String> {
        let shown = self.0.iter();
        shown
            .filter(|(_, shown)| shown.as_deref() == Some(digest))
            .map(|(tag, _)| tag.clone())
            .collect()
    }

    /// Whether none of the tags exists.
    pub(super) fn is_nothing(&self) -> bool {
        self.0.values().all(Option::is_none)
    }

    /// The tags that do not exist.
    pub(super) fn missing(&self) -> Vec<&str> {
        let missing = self.0.iter().filter(|(_, shown)| shown.is_none());
        missing.map(|(tag, _)| tag.as_str()).collect()
    }

    /// The images that are shown, each once.
    pub(super) fn images(&self) -> BTreeSet<&str> {
        self.0.values().filter_map(Option::as_deref).collect()
    }
}

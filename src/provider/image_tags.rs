//! `image_tags`, wherever they are written.

use crate::oci::{Reference, Tag};
use crate::tf::{Attr, Diagnostic, Diagnostics, Path};

use super::known::{self, Texts};

/// Checks them, and that there is one. Without any, the tag of the source counts.
pub(crate) fn check(tags: &Texts, source: Option<&Reference>, problems: &mut Diagnostics) {
    let at = || Path::root("image_tags");
    match tags {
        Attr::Unknown => {}
        Attr::Null => {
            if source.is_some_and(|source| source.tag().is_none()) {
                problems.push(
                    Diagnostic::error("Image tags are missing")
                        .at(at())
                        .detail(
                            "The source has a digest and no tag, so there is no tag to take over.",
                        )
                        .hint("Say which tags the image shall have: `image_tags = [\"…\"]`."),
                );
            }
        }
        Attr::Known(none) if none.is_empty() => problems.push(
            Diagnostic::error("Image tags are missing")
                .at(at())
                .detail("`image_tags` is empty, and an image needs at least one tag.")
                .hint("Leave `image_tags` out to take over the tag of `source`."),
        ),
        Attr::Known(_) => {
            known::check_each::<Tag>(tags, "image_tags", "Invalid image tag", problems);
        }
    }
}

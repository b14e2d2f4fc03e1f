//! What has to be signed so that a copy is covered.
//!
//! A signature of an index covers everything in it, because the index names it by digest. So a
//! signature of the image that the source shows is enough, whatever of it is copied. Where platforms
//! are chosen, it is enough as well that each image that is chosen is signed by itself. The
//! attestations beside them, which a rewritten index keeps, are covered by the first way only.

use crate::oci::{Digest, Manifest, ManifestKind, Selection, images, select};

use super::{NotVerified, Reading, Subject};

/// The images whose signatures would do in place of one of the root; none where only the root's
/// does. The index is read for it, which the copy would do next, so this is no pull more.
pub(super) async fn instead_of(
    reading: Reading<'_>,
    subject: Subject<'_>,
) -> Result<Vec<Digest>, NotVerified> {
    if subject.platforms.is_empty() {
        return Ok(Vec::new());
    }
    let Reading { cx, engine, source } = reading;
    let read = engine.read_manifest(cx, source, subject.root).await;
    let index = read.map_err(|error| NotVerified::Unread(subject.root.clone(), error))?;
    Ok(chosen(&index, subject))
}

/// The images of the chosen platforms, each once. Empty for an image that is no index, and for a
/// choice that is not possible.
pub(super) fn chosen(index: &Manifest, subject: Subject<'_>) -> Vec<Digest> {
    if index.kind() != ManifestKind::Index {
        return Vec::new();
    }
    let mut chosen = match select(index, subject.platforms) {
        Ok(Selection::One(entry)) => vec![entry.digest],
        Ok(Selection::Several(rest)) => {
            let images = images(&rest).map(|(_, entry)| entry.digest.clone());
            images.collect()
        }
        Err(_impossible) => Vec::new(),
    };
    chosen.sort_unstable();
    chosen.dedup();
    chosen
}

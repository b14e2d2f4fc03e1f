//! What refers to a manifest, wherever it is listed.

use std::collections::HashSet;

use super::{Error, ErrorKind, Source};
use crate::oci::{Descriptor, Digest, Version, fallback_tag};
use crate::task::Context;

/// What refers to a manifest, as [`Source::referrers`] says.
///
/// # Errors
///
/// The list cannot be read.
pub async fn referrers(
    source: &(impl Source + ?Sized),
    cx: &Context,
    digest: &Digest,
) -> Result<Vec<Descriptor>, Error> {
    let mut listed = match source.listed_referrers(cx, digest).await? {
        Some(listed) => listed,
        None => tagged(source, cx, digest).await?,
    };
    let mut seen = HashSet::from([digest.clone()]);
    listed.retain(|entry| seen.insert(entry.digest.clone()));
    Ok(listed)
}

/// The list that clients keep under a tag. That it is not there costs no pull.
async fn tagged(
    source: &(impl Source + ?Sized),
    cx: &Context,
    digest: &Digest,
) -> Result<Vec<Descriptor>, Error> {
    let tag = Version::Tag(fallback_tag(digest));
    let found = match source.resolve(cx, &tag).await {
        Ok(found) if found.media_type.is_index() => found,
        // A tag of this name can be anybody's.
        Ok(_) => return Ok(Vec::new()),
        Err(error) if *error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let index = source.manifest(cx, &found.digest).await?;
    let entries = index.children().iter();
    Ok(entries.map(|child| child.descriptor().clone()).collect())
}

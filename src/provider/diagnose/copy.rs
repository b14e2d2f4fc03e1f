//! What went wrong while an image was copied.

use crate::aws;
use crate::content::{self, ErrorKind};
use crate::mirror::{Cause, Error, Side, Step};
use crate::oci::Reference;
use crate::registry;
use crate::tf::{Diagnostic, Path};

use super::aws::{resource_aws, stopped};
use super::registry::{find, with_answer};
use super::{destination, source};

/// What is copied where, in full names.
#[derive(Clone, Debug)]
pub(crate) struct Copy<'a> {
    /// From where.
    pub(crate) source: &'a Reference,
    /// To which account.
    pub(crate) account: &'a str,
    /// `public.ecr.aws/<alias>/<repository>`
    pub(crate) repository_uri: &'a str,
    /// The ARN of that repository.
    pub(crate) repository_arn: &'a str,
}

/// Why an image was not copied, or not to its end.
pub(crate) fn copy(error: &Error, names: &Copy<'_>) -> Diagnostic {
    match &error.cause {
        Cause::Store(store) => failed(error, store, names),
        Cause::TagTaken { tag, found, wanted } => Diagnostic::error("Tag shows another image")
            .at(Path::root("image_tags"))
            .detail(format!(
                "The tag `{tag}` of `{}` in account {} shows `{found}`. It was to show \
                 `{wanted}` from `{}`. Nothing was changed.",
                names.repository_uri, names.account, names.source
            ))
            .hint("To take the tag over, set `overwrite = true`; otherwise choose another tag."),
        Cause::NoSuchPlatform { wanted, available } => {
            let is_any = !available.is_empty();
            let available: Vec<String> = available.iter().map(|each| format!("`{each}`")).collect();
            Diagnostic::error("Platform not in the image")
                .at(Path::root("platforms"))
                .detail(format!(
                    "`{}` has no image for `{wanted}`. It has {}.",
                    names.source,
                    match is_any {
                        true => available.join(", "),
                        false => "none with a platform".to_owned(),
                    }
                ))
                .detail(left_behind(error))
                .hint(match is_any {
                    true => "Choose among these, or leave `platforms` out to copy the whole image.",
                    false => "Leave `platforms` out to copy the whole image.",
                })
        }
        Cause::NotAnIndex(media_type) => Diagnostic::error("Image has no platforms to choose")
            .at(Path::root("platforms"))
            .detail(format!(
                "`{}` is a single image (`{media_type}`), not an index of images.",
                names.source
            ))
            .hint("Remove `platforms`."),
        Cause::TooComplex => too_complex(names.source).detail(left_behind(error)),
        Cause::TooManyReferrers => Diagnostic::error("Too much refers to the image")
            .at(Path::root("referrers"))
            .detail(format!(
                "More signatures, attestations and bills of materials hang on `{}`, or on each \
                 other, than anybody attaches to an image, or its index has too many images to \
                 ask about each.",
                names.source
            ))
            .detail(left_behind(error))
            .hint("Copy the image without them: `referrers = \"none\"`."),
        Cause::Unverified { tag, found, wanted } => Diagnostic::error("Tag was moved meanwhile")
            .at(Path::root("image_tags"))
            .detail(format!(
                "The tag `{tag}` of `{}` in account {} was set to `{wanted}`, and right after that \
                 it showed {}.",
                names.repository_uri,
                names.account,
                found
                    .as_ref()
                    .map_or_else(|| "nothing".to_owned(), |found| format!("`{found}`"))
            ))
            .detail(left_behind(error))
            .hint("Find out what else sets this tag, then apply again."),
    }
}

/// Nobody reads all of an index like this.
pub(super) fn too_complex(source: &Reference) -> Diagnostic {
    Diagnostic::error("Image index too complex")
        .at(Path::root("source"))
        .detail(format!(
            "The index `{source}` is nested more deeply, or has more entries, than any image \
             needs, or it contains itself."
        ))
        .hint("Name one of its images by digest: `source = \"…@sha256:…\"`.")
}

fn failed(error: &Error, store: &content::Error, names: &Copy<'_>) -> Diagnostic {
    if let ErrorKind::Stopped(reason) = store.kind() {
        return stopped(*reason).detail(left_behind(error));
    }
    if let Some(aws) = find::<aws::Error>(store) {
        return resource_aws(aws).detail(left_behind(error));
    }
    let diagnostic = match error.side {
        Side::Source => source::failed(error, store, names),
        Side::Destination => destination::failed(error, store, names),
    };
    // Where the provider itself saw that no pull is left, nobody else has said anything.
    let is_own =
        matches!(store.kind(), ErrorKind::PullLimit(_)) && find::<registry::Error>(store).is_none();
    let diagnostic = match is_own {
        true => diagnostic,
        false => with_answer(diagnostic, store),
    };
    diagnostic.detail(left_behind(error))
}

/// What stands after a copy that failed.
fn left_behind(error: &Error) -> String {
    match &error.partial {
        None if matches!(error.step, Step::Resolve | Step::SelectPlatforms) => {
            "Nothing was copied, and no tag was changed.".to_owned()
        }
        None => {
            "No tag was changed. What was copied already is reused by the next apply.".to_owned()
        }
        Some(outcome) if outcome.tags.is_empty() => "No tag shows the new image.".to_owned(),
        Some(outcome) => {
            let tags: Vec<String> = outcome.tags.iter().map(|tag| format!("`{tag}`")).collect();
            format!(
                "These tags were set before and show the new image: {}.",
                tags.join(", ")
            )
        }
    }
}

/// What was being done, as the beginning of a sentence.
pub(super) fn doing(error: &Error) -> String {
    let what = match error.step {
        Step::Resolve => "asking what is behind",
        Step::ReadManifest => "reading the manifest",
        Step::ListReferrers => "listing what refers to",
        Step::SelectPlatforms => "choosing platforms from",
        Step::CheckBlobs => "looking for the layers of",
        Step::ReadBlob => "reading the layer",
        Step::WriteBlob => "writing the layer",
        Step::WriteManifest => "writing the manifest",
        Step::CheckTag => "checking the tag",
        Step::WriteTag => "setting the tag",
        Step::Verify => "verifying the tag",
    };
    format!("The provider was {what} `{}`", error.subject)
}

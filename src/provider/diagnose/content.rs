//! Why the content of a source was not read for its own sake.

#![warn(clippy::wildcard_enum_match_arm)]

use crate::content::ErrorKind;
use crate::mirror::{Cause, Error, Step};
use crate::oci::{Reference, Repository};
use crate::provider::official;
use crate::tf::{Diagnostic, Path};

use super::copy::too_complex;
use super::source::not_told;

/// Reading it would be a pull.
pub(crate) fn content_costs_pulls(source: &Reference) -> Diagnostic {
    let host = source.repository().registry();
    let diagnostic = costs_pulls().detail(format!(
        "`{host}` counts pulls, and each manifest of `{source}` that is read may count as one. \
         Terraform reads data sources with every plan, and a plan never consumes a pull. So nothing \
         was read."
    ));
    match official::at_ecr_public(source.repository()) {
        Some(official) => diagnostic.hint(format!(
            "Remove `prefer_mirrors = false` from the provider block: then `{official}` is read, \
             where nobody counts."
        )),
        None => diagnostic.hint(
            "Remove `read_content`. `images` and `size_bytes` of `ecrpublic_mirrored_image` have it \
             after an apply, and a copy can be looked up with it: `source = \
             \"public.ecr.aws/…\"`.",
        ),
    }
}

/// Reading it did not work.
pub(crate) fn content_not_read(source: &Reference, at: &Repository, error: &Error) -> Diagnostic {
    let Cause::Store(store) = &error.cause else {
        return too_complex(source);
    };
    let is_missing = matches!(
        store.kind(),
        ErrorKind::NotFound | ErrorKind::RepositoryNotFound
    );
    if is_missing && at != source.repository() {
        return costs_pulls()
            .detail(format!(
                "`{source}` is a Docker official image. Those are read at ECR Public, where nobody \
                 counts, but `{at}` does not have `{}`. At Docker Hub it would be a pull, and a plan \
                 never consumes one.",
                error.subject
            ))
            .hint(
                "ECR Public may have it later. Until then remove `read_content`, or name a \
                 tag or digest that it has.",
            );
    }
    if let (ErrorKind::TooLarge { .. }, Step::ReadBlob) = (store.kind(), error.step) {
        return Diagnostic::error("Image configuration too large")
            .at(Path::root("read_content"))
            .detail(format!(
                "The configuration of an image in `{source}`, or its labels, are larger than any \
                 image needs: `{}`.",
                error.subject
            ))
            .hint("Remove `read_content`, or name one of its images by digest.");
    }
    let doing = format!("reading `{}` of `{at}`", error.subject);
    not_told(at, store, doing)
}

fn costs_pulls() -> Diagnostic {
    Diagnostic::error("Content would cost a pull").at(Path::root("read_content"))
}

#[cfg(test)]
mod tests;

//! What can be said about one mirrored image.

use std::collections::BTreeSet;
use std::fmt;

use crate::aws::{self, AccountId, DeleteFailure};
use crate::content;
use crate::mirror::{self, Cause, Outcome};
use crate::oci::{Digest, InvalidDigest, Tag};
use crate::tf::{Diagnostic, Path};

use super::super::planned_tags::{PlannedImage, PlannedTag};
use super::super::repository_name::{InvalidRepositoryName, RepositoryName};
use super::super::role::excerpt;
use super::aws::resource_aws;
use super::copy::Copy;
use super::registry::{find, with_answer};

/// Something is asked of a provider that has no credentials yet.
pub(crate) fn not_configured() -> Diagnostic {
    Diagnostic::error("Provider is not configured")
        .detail(
            "The provider block has values that are not known yet, so nothing can be asked of \
             AWS.",
        )
        .hint(
            "Create what those values come from first, with `terraform apply -target=…`, or \
             write them down.",
        )
}

/// A stored or planned value that cannot be read although it was checked before.
pub(crate) fn invalid_state(attribute: &str) -> Diagnostic {
    Diagnostic::error("State cannot be read")
        .at(Path::root(attribute))
        .detail(format!(
            "`{attribute}` has a value that this version of the provider does not accept."
        ))
        .detail(
            "This is a defect of the provider, unless the state was edited. Please report it \
             with the version of the provider and of Terraform.",
        )
}

/// Terraform has written the configuration of an import that did not name a source.
pub(crate) fn source_missing() -> Diagnostic {
    Diagnostic::error("Source is missing")
        .at(Path::root("source"))
        .detail(
            "The import does not say where the image comes from, so the configuration that \
             Terraform has written for it has no `source`.",
        )
        .hint("Write it there, or into the ID of the import: `…?source=<image>`.")
}

/// Two instances of one run have different images for a tag.
pub(crate) fn planned_twice(
    tag: &PlannedTag,
    image: &PlannedImage,
    first: &PlannedImage,
) -> Diagnostic {
    let PlannedTag {
        account,
        repository,
        tag,
    } = tag;
    let different = match image.source == first.source {
        true => ", with other platforms",
        false => "",
    };
    Diagnostic::error("Two instances have one tag")
        .at(Path::root("image_tags"))
        .detail(format!(
            "The tag `{tag}` of `{repository}` in account {account} is to show a copy of `{}`. \
             Another instance of this configuration has the same tag for a copy of \
             `{}`{different}. They would take it from each other with every apply.",
            image.source, first.source
        ))
        .hint("Give one of them other `image_tags`, or another `repository`.")
}

/// A name that ECR Public does not take.
pub(crate) fn invalid_repository_name(name: &str, error: &InvalidRepositoryName) -> Diagnostic {
    Diagnostic::error("Invalid ECR Public repository name").detail(format!(
        "`{}` cannot be the name of a repository in ECR Public: {error}.",
        excerpt(name)
    ))
}

/// Not every manifest could be read that may need another one.
pub(crate) fn not_pruned(
    name: &RepositoryName,
    account: &AccountId,
    digest: &Digest,
    error: &content::Error,
) -> Diagnostic {
    let diagnostic = Diagnostic::error("Repository not pruned")
        .at(Path::root("repository"))
        .detail(format!(
            "The provider was reading `{digest}` of `{name}` in account {account}, to see what it \
             needs. Nothing was deleted."
        ));
    with_answer(diagnostic, error).hint("Try again.")
}

/// An image whose digest cannot be read may need any other.
pub(crate) fn strange_image(
    name: &RepositoryName,
    account: &AccountId,
    digest: &str,
    error: &InvalidDigest,
) -> Diagnostic {
    Diagnostic::error("Repository not pruned")
        .at(Path::root("repository"))
        .detail(format!(
            "AWS says that `{name}` in account {account} has an image `{}`: {error}. What it needs \
             cannot be found out. Nothing was deleted.",
            excerpt(digest)
        ))
}

/// What tags show is to be completed, and there is no repository.
pub(crate) fn no_repository_to_complete(name: &RepositoryName, account: &AccountId) -> Diagnostic {
    Diagnostic::error("Image to complete not found")
        .at(Path::root("repository"))
        .detail(format!("Account {account} has no repository `{name}`."))
        .hint(
            "Check `repository` and `account_id`. If the repository was deleted, an apply of the \
             resource that copies into it creates it again.",
        )
}

/// What tags show is to be completed, and some of them show nothing.
pub(crate) fn no_tag_to_complete(
    missing: &[&Tag],
    name: &RepositoryName,
    account: &AccountId,
) -> Diagnostic {
    let missing: Vec<String> = missing.iter().map(|tag| format!("`{tag}`")).collect();
    Diagnostic::error("Image to complete not found")
        .at(Path::root("image_tags"))
        .detail(format!(
            "The repository `{name}` in account {account} has no tag {}. Nothing was written.",
            missing.join(", ")
        ))
        .hint(
            "An apply of the resource that has the tag sets it again. The action only completes \
             what a tag shows.",
        )
}

/// Something is missing below a tag, and the source does not have it either.
pub(crate) fn not_completable(
    subject: &str,
    error: &content::Error,
    names: &Copy<'_>,
) -> Diagnostic {
    let diagnostic = Diagnostic::error("Image cannot be completed")
        .at(Path::root("source"))
        .detail(format!(
            "`{}` is missing in `{}`, account {}, below a tag, and `{}` does not have it any more. \
             No tag was changed.",
            subject,
            names.repository_uri,
            names.account,
            names.source.repository()
        ));
    with_answer(diagnostic, error).hint(
        "Name a `source` whose repository still has it. Without one, let the resource copy an image \
         that its source has, and pull this one no more.",
    )
}

/// The repository is missing, and must not be created.
pub(crate) fn repository_missing(name: &RepositoryName, account: &AccountId) -> Diagnostic {
    Diagnostic::error("Repository not found in ECR Public")
        .at(Path::root("repository"))
        .detail(format!(
            "Account {account} has no repository `{name}`, and `create_repository` is `false`."
        ))
        .hint("Create it first, or remove `create_repository = false`.")
}

/// The tags stand, but nobody saw them afterwards.
pub(crate) fn not_verified() -> Diagnostic {
    Diagnostic::warning("Tags were not verified")
        .detail(
            "All tags were set. The provider was stopped, or got no answer, before it could see \
             that they show the image.",
        )
        .hint("Run `terraform plan`: it shows tags that are missing.")
}

/// The same choice of platforms made other bytes than it had made before.
pub(crate) fn built_differently(planned: Option<&String>, outcome: &Outcome) -> Option<Diagnostic> {
    let planned = planned?;
    let built = &outcome.root.digest;
    (planned != built.as_str()).then(|| {
        Diagnostic::error("Image has another digest than planned")
            .at(Path::root("platforms"))
            .detail(format!(
                "The plan said that the image has the digest `{planned}`. The one that was copied \
                 has `{built}`, and that is what the tags show now."
            ))
            .hint("Run `terraform apply` again: the next plan goes on from here.")
    })
}

/// The repository is not one that this resource created.
pub(crate) fn tags_left_alone() -> Diagnostic {
    Diagnostic::warning("Repository tags left alone")
        .at(Path::root("repository_tags"))
        .detail("This provider did not create the repository, so its AWS tags were not changed.")
        .hint("Change them where the repository is managed.")
}

/// A tag of cosign is somebody else's.
pub(crate) fn signature_kept(tag: &Tag, shown: &Digest, repository_uri: &str) -> Diagnostic {
    Diagnostic::warning("Signature tag left alone")
        .at(Path::root("referrers"))
        .detail(format!(
            "The tag `{tag}` of `{repository_uri}` shows `{shown}`, which this resource has not put \
             there. So what the source has under this tag was not copied."
        ))
        .hint("To replace it by that of the source, set `overwrite = true`.")
}

/// A tag that should go did not.
pub(crate) fn tag_not_removed(
    failure: &DeleteFailure,
    repository: &RepositoryName,
    account: &AccountId,
) -> Diagnostic {
    let tag = failure.image.tag.as_deref().unwrap_or_default();
    let said = [failure.code.as_str(), failure.reason.trim_end_matches('.')];
    let said = said.into_iter().filter(|part| !part.is_empty());
    Diagnostic::error("Tag could not be removed")
        .at(Path::root("image_tags"))
        .detail(format!(
            "The provider asked for the removal of the tag `{tag}` from `{repository}` in account \
             {account}."
        ))
        .detail(format!(
            "AWS answered {}.",
            said.collect::<Vec<_>>().join(": ")
        ))
        .hint(match failure.code.as_str() {
            "ImageReferencedByManifestList" => {
                "An index in the repository lists the image. Remove the index first, then apply \
                 again."
            }
            _ => {
                "Apply again. To leave the tags in place, apply `keep_on_destroy = true` before \
                 the resource is removed."
            }
        })
}

/// The tags are gone, but something that nobody needs is left.
pub(crate) fn leftovers(root: &Digest, error: &aws::Error) -> Diagnostic {
    Diagnostic::warning("Untagged images left behind")
        .detail(format!(
            "The tags were removed. Manifests of `{root}` without tags may still be there, \
             because the provider could not look for them: {error}."
        ))
        .hint("They cost storage only. Remove untagged images in the console if it matters.")
}

/// The repository could not be deleted, and why is known.
pub(crate) fn repository_left(
    repository: &RepositoryName,
    account: &AccountId,
    why: &str,
) -> Diagnostic {
    Diagnostic::warning("Repository left in place")
        .at(Path::root("delete_repository"))
        .detail(format!(
            "The repository `{repository}` in account {account} was not deleted. {why}"
        ))
        .hint("Delete it by hand if nobody needs it.")
}

/// The repository could not be deleted.
pub(crate) fn repository_not_deleted(error: &aws::Error) -> Diagnostic {
    let why = resource_aws(error);
    Diagnostic::warning("Repository left in place")
        .at(Path::root("delete_repository"))
        .detail("The image is gone, and its repository could not be deleted.")
        .detail(why.text())
}

/// The import names nothing.
pub(crate) fn invalid_import(error: &dyn fmt::Display) -> Diagnostic {
    Diagnostic::error("Invalid import ID")
        .detail(format!("The import cannot be understood: {error}."))
        .hint(
            "Write `<account>/<repository>:<tag>` or `public.ecr.aws/<alias>/<repository>:<tag>`, \
             with more tags after commas, and `?source=…&role_arn=…` if needed.",
        )
}

/// The alias is not one of the account's.
pub(crate) fn unknown_alias(alias: &str, account: &AccountId, aliases: &[String]) -> Diagnostic {
    let known: Vec<String> = aliases.iter().map(|alias| format!("`{alias}`")).collect();
    let known = match known.is_empty() {
        true => "no alias yet".to_owned(),
        false => format!("{}, not `{alias}`", known.join(", ")),
    };
    Diagnostic::error("Registry alias belongs to another account")
        .detail(format!(
            "The credentials lead into account {account}, whose registry has {known}."
        ))
        .hint("Name the account instead, and the roles that lead there with `?role_arn=…`.")
}

/// Tags that an import names do not exist.
pub(crate) fn untagged(
    missing: &[&str],
    repository: &RepositoryName,
    account: &AccountId,
) -> Diagnostic {
    Diagnostic::error("Image to import not found").detail(format!(
        "The repository `{repository}` of account {account} has no tag `{}`.",
        missing.join("`, `")
    ))
}

/// Tags that an import names do not show the same image.
pub(crate) fn different_images(images: &BTreeSet<&str>, repository: &RepositoryName) -> Diagnostic {
    let images: Vec<&str> = images.iter().copied().collect();
    Diagnostic::error("Tags show different images")
        .detail(format!(
            "One resource stands for one image. The tags of `{repository}` show these: `{}`.",
            images.join("`, `")
        ))
        .hint("Import them one by one, into one resource each.")
}

/// The image to import is there, and cannot be read.
pub(crate) fn imported_image(error: &mirror::Error, repository_uri: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error("Image to import cannot be read").detail(format!(
        "The manifest `{}` of `{repository_uri}` was to be read.",
        error.subject
    ));
    let Cause::Store(store) = &error.cause else {
        return diagnostic.caused_by(error);
    };
    match find::<aws::Error>(store) {
        Some(aws) => resource_aws(aws),
        None => with_answer(diagnostic, store),
    }
}

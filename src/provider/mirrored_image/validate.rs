//! Checks of a configuration that need nobody's answer. What is unknown passes.

use crate::oci::{Platform, Reference};
use crate::tf::{Attr, Diagnostic, Diagnostics, Path};

use super::super::aws_tags;
use super::super::diagnose;
use super::super::image_tags;
use super::super::known;
use super::super::repository_name::{self, RepositoryName};
use super::super::role::{self, excerpt};
use super::super::source_reference;
use super::super::way;
use super::model::{ALL, MirroredImage, NONE, Operation};
use super::verify;

/// Everything that is wrong with a configuration, each with its place.
pub(crate) fn validate(config: &MirroredImage) -> Diagnostics {
    let mut problems = Diagnostics::new();
    let source = source_reference::read(&config.source, &mut problems);
    repository(config, source.as_ref(), &mut problems);
    image_tags::check(&config.image_tags, source.as_ref(), &mut problems);
    platforms(config, &mut problems);
    referrers(config, &mut problems);
    way::check(&config.account_id, &config.assume_role, &mut problems);
    repository_tags(config, &mut problems);
    kept_and_deleted(config, &mut problems);
    verify::validate(&config.verify, &mut problems);
    timeouts(config, &mut problems);
    problems
}

fn repository(config: &MirroredImage, source: Option<&Reference>, problems: &mut Diagnostics) {
    match &config.repository {
        Attr::Unknown => {}
        Attr::Known(_) => repository_name::check(&config.repository, problems),
        Attr::Null => {
            let Some(source) = source.map(Reference::repository) else {
                return;
            };
            if let Err(error) = RepositoryName::for_copy_of(source) {
                problems.push(
                    diagnose::invalid_repository_name(source.path(), &error)
                        .at(Path::root("source"))
                        .hint("Choose a name that ECR Public takes: `repository = \"…\"`."),
                );
            }
        }
    }
}

fn platforms(config: &MirroredImage, problems: &mut Diagnostics) {
    match &config.platforms {
        Attr::Known(platforms) if platforms.is_empty() => problems.push(
            Diagnostic::error("Platforms are missing")
                .at(Path::root("platforms"))
                .detail("`platforms` is empty, so nothing would be copied.")
                .hint("Leave `platforms` out to copy the whole image."),
        ),
        platforms => {
            known::check_each::<Platform>(platforms, "platforms", "Invalid platform", problems);
        }
    }
}

fn referrers(config: &MirroredImage, problems: &mut Diagnostics) {
    let Some(text) = config.referrers.known() else {
        return;
    };
    if ![NONE, ALL].contains(&text.as_str()) {
        problems.push(
            Diagnostic::error("Invalid choice of referrers")
                .at(Path::root("referrers"))
                .detail(format!(
                    "`{}` is neither `{NONE}` nor `{ALL}`.",
                    excerpt(text)
                ))
                .hint(
                    "`all` brings signatures, attestations and bills of materials along, `none` \
                     leaves them out.",
                ),
        );
    }
}

fn repository_tags(config: &MirroredImage, problems: &mut Diagnostics) {
    let at = Path::root("repository_tags");
    aws_tags::check(&config.repository_tags, &at, problems);
    let has_tags = config
        .repository_tags
        .known()
        .is_some_and(|tags| !tags.is_empty());
    if has_tags && config.create_repository == Attr::Known(false) {
        problems.push(
            Diagnostic::error("Repository tags without effect")
                .at(at)
                .detail(
                    "`repository_tags` are for a repository that this resource creates, and \
                     `create_repository` is `false`.",
                )
                .hint("Remove one of them."),
        );
    }
}

fn kept_and_deleted(config: &MirroredImage, problems: &mut Diagnostics) {
    let is_on = Attr::Known(true);
    if config.keep_on_destroy == is_on && config.delete_repository == is_on {
        problems.push(
            Diagnostic::error("Repository cannot be deleted")
                .at(Path::root("delete_repository"))
                .detail(
                    "`keep_on_destroy` leaves the image in its repository, and only an empty \
                     repository is deleted.",
                )
                .hint("Remove one of them."),
        );
    }
}

fn timeouts(config: &MirroredImage, problems: &mut Diagnostics) {
    let Some(timeouts) = config.timeouts.known() else {
        return;
    };
    for operation in [
        Operation::Create,
        Operation::Read,
        Operation::Update,
        Operation::Delete,
    ] {
        let at = Path::root("timeouts").attribute(operation.name());
        let limit = role::read_duration(timeouts.of(operation), at.clone(), problems);
        if limit.flatten().is_some_and(|limit| limit.is_zero()) {
            problems.push(
                Diagnostic::error("Invalid duration")
                    .at(at)
                    .detail("The timeout is zero, so the operation would never begin."),
            );
        }
    }
}

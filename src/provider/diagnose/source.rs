//! What went wrong at the source of a copy.

#![warn(clippy::wildcard_enum_match_arm)]

use crate::content::{self, ErrorKind, PullBudget};
use crate::mirror::{Error, Step};
use crate::oci::{InvalidManifest, Reference, Repository};
use crate::registry::{self, Action, Fault};
use crate::task::Stopped;
use crate::tf::{Diagnostic, Path};

use super::answer;
use super::aws::stopped;
use super::copy::{Copy, doing};
use super::registry::{find, is_tls, with_answer};
use crate::provider::look::PATIENCE;
use crate::provider::pulls::{OnExhausted, Reserved, Shortage};

pub(super) fn failed(error: &Error, store: &content::Error, names: &Copy<'_>) -> Diagnostic {
    let host = names.source.repository().registry();
    let (summary, hint) = words(store, host);
    let diagnostic = Diagnostic::error(summary)
        .at(Path::root("source"))
        .detail(doing_here(error, names));
    let diagnostic = if let Some(reserved) = find::<Reserved>(store) {
        diagnostic.detail(format!(
            "`{host}` allows {} more pulls now, and `pull_budget` leaves {} to others.",
            reserved.left, reserved.reserve
        ))
    } else if let ErrorKind::PullLimit(budget) = store.kind() {
        with_budget(diagnostic, budget, host)
    } else {
        diagnostic
    };
    match hint {
        Some(hint) => diagnostic.hint(hint),
        None => diagnostic,
    }
}

/// A source that is new to an instance has no such image, or does not let us read it.
pub(crate) fn source_unusable(source: &Reference, store: &content::Error) -> Diagnostic {
    unusable_for(store, source, "for the plan")
}

/// What a source shows, or what is beside it, could not be read before a copy.
pub(crate) fn source_unresolved(source: &Reference, store: &content::Error) -> Diagnostic {
    unusable_for(store, source, "before copying it")
}

fn unusable_for(store: &content::Error, source: &Reference, purpose: &str) -> Diagnostic {
    let (summary, hint) = words(store, source.repository().registry());
    let diagnostic = Diagnostic::error(summary)
        .at(Path::root("source"))
        .detail(format!("The provider was looking up `{source}` {purpose}."));
    let diagnostic = with_answer(diagnostic, store);
    match hint {
        Some(hint) => diagnostic.hint(hint),
        None => diagnostic,
    }
}

/// What a source shows could not be found out, and nothing else was wanted.
pub(crate) fn source_not_found_out(source: &Reference, store: &content::Error) -> Diagnostic {
    not_told(source.repository(), store, format!("looking up `{source}`"))
}

/// The tags of a source could not be listed.
pub(crate) fn tags_not_listed(repository: &Repository, store: &content::Error) -> Diagnostic {
    not_told(
        repository,
        store,
        format!("listing the tags of `{repository}`"),
    )
}

/// A registry did not tell what it was asked.
pub(super) fn not_told(
    repository: &Repository,
    store: &content::Error,
    doing: String,
) -> Diagnostic {
    let host = repository.registry();
    let doing = format!("The provider was {doing}.");
    if let ErrorKind::Stopped(Stopped::Cancelled) = store.kind() {
        return stopped(Stopped::Cancelled);
    }
    if let ErrorKind::Stopped(Stopped::DeadlineExceeded(limit)) = store.kind() {
        return Diagnostic::error("Source registry not available")
            .at(Path::root("source"))
            .detail(doing)
            .detail(format!(
                "`{host}` did not answer within {}.",
                answer::span(limit.length)
            ))
            .hint("Try again.");
    }
    let (summary, hint) = words(store, host);
    let diagnostic = Diagnostic::error(summary).at(Path::root("source"));
    let diagnostic = with_answer(diagnostic.detail(doing), store);
    match hint {
        Some(hint) => diagnostic.hint(hint),
        None => diagnostic,
    }
}

/// Whether a source that is new to an instance exists could not be found out.
pub(crate) fn source_unseen(source: &Reference, store: &content::Error) -> Diagnostic {
    not_seen(source, store).detail("Whether it can be copied will show during the apply.")
}

/// Whether the source of an instance has moved could not be found out.
pub(crate) fn source_not_followed(source: &Reference, store: &content::Error) -> Diagnostic {
    let diagnostic = not_seen(source, store).detail(
        "What was copied stays as it is. Whether the tag has moved will show in a later plan.",
    );
    let (_, hint) = words(store, source.repository().registry());
    match hint {
        Some(hint) if is_about_the_image(store) => diagnostic.hint(hint),
        Some(_) | None => diagnostic,
    }
}

/// What refers to an image at its source could not be looked at during a refresh.
pub(crate) fn referrers_not_followed(source: &Reference, store: &content::Error) -> Diagnostic {
    let diagnostic = Diagnostic::warning("Referrers of the source image not checked")
        .at(Path::root("referrers"))
        .detail(format!(
            "The provider was looking up which signatures, attestations and bills of materials \
             `{source}` has now. What was copied stays as it is. Whether there are new ones will \
             show in a later plan."
        ));
    match store.is_stop() {
        true => diagnostic,
        false => with_answer(diagnostic, store),
    }
}

/// Whether it helps to change something about the image, and not only to wait.
pub(crate) fn is_about_the_image(store: &content::Error) -> bool {
    matches!(
        store.kind(),
        ErrorKind::NotFound | ErrorKind::RepositoryNotFound | ErrorKind::Denied
    )
}

fn not_seen(source: &Reference, store: &content::Error) -> Diagnostic {
    let diagnostic = Diagnostic::warning("Source image not checked")
        .at(Path::root("source"))
        .detail(format!(
            "The provider was looking up what `{source}` shows now."
        ));
    if !store.is_stop() {
        return with_answer(diagnostic, store);
    }
    diagnostic.detail(format!(
        "`{}` did not answer within {}.",
        source.repository().registry(),
        answer::span(PATIENCE)
    ))
}

fn doing_here(error: &Error, names: &Copy<'_>) -> String {
    if matches!(error.step, Step::Resolve) {
        return format!("The provider was looking up `{}`.", names.source);
    }
    format!("{} of `{}`.", doing(error), names.source)
}

fn words(store: &content::Error, host: &str) -> (&'static str, Option<String>) {
    let again = || Some("Apply again.".to_owned());
    match store.kind() {
        ErrorKind::NotFound => (
            "Source image not found",
            Some("Check the tag, or pin the image by digest.".to_owned()),
        ),
        ErrorKind::RepositoryNotFound => (
            "Source repository not found",
            Some("Check the name of the image.".to_owned()),
        ),
        ErrorKind::Denied => denied(store, host),
        ErrorKind::PullLimit(_) => (
            "Pull limit of the source registry reached",
            Some(format!(
                "Apply again when some are allowed again, or sign in, which gives a budget of \
                 one's own: `registry {{ host = \"{host}\" … }}` in the provider block. \
                 `platforms` makes an image cost fewer pulls."
            )),
        ),
        ErrorKind::Throttled { .. } => (
            "Source registry asks to slow down",
            Some("Apply again in a few minutes, or with a lower `-parallelism`.".to_owned()),
        ),
        ErrorKind::DataLimit => (
            "Data limit of the source registry reached",
            Some(format!(
                "Waiting does not help before the limit is renewed, which may be next month. Sign \
                 in, which gives a limit of one's own: `registry {{ host = \"{host}\" … }}` in the \
                 provider block."
            )),
        ),
        ErrorKind::WrongDigest { .. } | ErrorKind::WrongSize { .. } => (
            "Source content is damaged",
            Some(
                "Its bytes are not those that the image names. Apply again. If that gives the same \
                 result, look for a proxy or mirror between here and the registry that changes \
                 them."
                    .to_owned(),
            ),
        ),
        ErrorKind::Interrupted | ErrorKind::Unavailable if is_tls(store) => (
            "No secure connection to the source registry",
            Some(format!(
                "If a private authority signs for `{host}`, or a proxy inspects TLS here, name \
                 the file with its certificate: `ca_bundle` in `registry {{ host = \"{host}\" … \
                 }}`, or `custom_ca_bundle`."
            )),
        ),
        ErrorKind::Interrupted | ErrorKind::Unavailable => {
            ("Source registry not available", again())
        }
        ErrorKind::Refused => unusable(store),
        ErrorKind::TooLarge { .. } => (
            "Source manifest too large",
            Some(
                "ECR Public takes manifests of up to 4 MiB. Ask whoever publishes the image for a \
                 smaller one."
                    .to_owned(),
            ),
        ),
        ErrorKind::Protocol => ("Source registry broke the protocol", Some(protocol(store, host))),
        ErrorKind::Misconfigured => ("Source registry is configured wrongly", None),
        ErrorKind::UploadLost
        | ErrorKind::ChildMissing
        | ErrorKind::TagImmutable
        | ErrorKind::Stopped(_) => ("Source registry refused", again()),
    }
}

fn protocol(store: &content::Error, host: &str) -> String {
    match find::<registry::Error>(store).map(registry::Error::fault) {
        Some(Fault::Target { .. }) => format!(
            "The provider did not follow. Check the registry, and any mirror or proxy that answers \
             for `{host}`."
        ),
        _ => format!("Check that `{host}` is a registry and not a sign-in page."),
    }
}

fn denied(store: &content::Error, host: &str) -> (&'static str, Option<String>) {
    let credentials = format!(
        "Give credentials in `registry {{ host = \"{host}\" … }}` of the provider block or in the \
         Docker configuration."
    );
    let error = find::<registry::Error>(store);
    match error.map(registry::Error::fault) {
        Some(Fault::Refused(_)) if error.is_some_and(|it| it.action() == Action::GetToken) => (
            "Source registry rejected the credentials",
            Some(format!(
                "Check `username` and `password` of `registry {{ host = \"{host}\" … }}` in the \
                 provider block, or the entry for `{host}` in the Docker configuration."
            )),
        ),
        Some(Fault::MissingOrPrivate(_)) => (
            "Source image missing or private",
            Some(format!(
                "The registry does not tell a repository that is missing from one that needs \
                 credentials. Check the name. {credentials}"
            )),
        ),
        Some(Fault::CredentialsNeeded | Fault::NoUsableChallenge) => {
            ("Source registry needs credentials", Some(credentials))
        }
        _ => (
            "Source registry denied access",
            Some(format!(
                "Check that the credentials for `{host}` may read this repository."
            )),
        ),
    }
}

fn unusable(store: &content::Error) -> (&'static str, Option<String>) {
    match find::<InvalidManifest>(store) {
        Some(InvalidManifest::Schema1(_)) => (
            "Source image has an old format",
            Some(
                "Docker's schema 1 has no digests that could be verified. Push the image anew \
                 with a current tool."
                    .to_owned(),
            ),
        ),
        Some(_) => ("Source manifest cannot be copied", None),
        None => ("Source registry refused", None),
    }
}

fn with_budget(diagnostic: Diagnostic, pulls: &PullBudget, host: &str) -> Diagnostic {
    let said = answer::budget(pulls);
    diagnostic.detail(match said.is_empty() {
        true => format!("`{host}` allows no more pulls now."),
        false => format!("`{host}` allows no more pulls now. {said}"),
    })
}

/// A plan needs more pulls than are left.
pub(crate) fn too_few_pulls(host: &str, shortage: &Shortage) -> Diagnostic {
    let Shortage {
        needed,
        budget,
        settings,
    } = shortage;
    let reserved = match settings.reserve {
        0 => String::new(),
        reserve => format!(" `pull_budget` leaves {reserve} of them to others."),
    };
    Diagnostic::warning("Not enough pulls left for this plan")
        .detail(format!(
            "What is planned up to here reads at least {needed} manifests from `{host}`, each of \
             which may count as a pull. {}{reserved}",
            answer::budget(budget)
        ))
        .detail(match settings.on_exhausted {
            OnExhausted::Fail => {
                "Images for which none is left will fail during the apply, before anything of them \
                 is written. A later apply goes on with them."
            }
            OnExhausted::Wait => {
                "Images for which none is left will wait during the apply, as long as their \
                 timeouts allow."
            }
        })
        .hint(format!(
            "Sign in, which gives a budget of one's own: `registry {{ host = \"{host}\" … }}` in the \
             provider block. `platforms` makes an image cost fewer pulls."
        ))
}

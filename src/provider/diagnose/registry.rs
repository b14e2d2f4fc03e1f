//! What a registry had to say, and registries that cannot be used at all.

use std::error::Error as StdError;

use crate::content;
use crate::oci::InvalidReference;
use crate::registry::{self, InvalidDockerConfig};
use crate::tf::{Diagnostic, Path};

use super::answer;
use super::aws::ca_bundle;

/// The first error of a type among the causes of another one, itself included.
pub(super) fn find<'a, T: StdError + 'static>(
    error: &'a (dyn StdError + 'static),
) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// Whether there was no secure connection.
pub(super) fn is_tls(store: &content::Error) -> bool {
    match find::<registry::Error>(store).map(registry::Error::fault) {
        Some(registry::Fault::Transport(fault)) => fault.is_tls(),
        _ => false,
    }
}

/// Adds what the registry said, or how it failed to say anything.
pub(super) fn with_answer(diagnostic: Diagnostic, error: &content::Error) -> Diagnostic {
    let Some(error) = find::<registry::Error>(error) else {
        return diagnostic.caused_by(error);
    };
    let tries = answer::tries(error.attempts(), error.elapsed());
    match error.refusal() {
        Some(refusal) => diagnostic.detail(answer::of_registry(refusal, &tries)),
        None => diagnostic
            .detail(format!(
                "While {} `{}` at `{}`: {}{tries}.",
                error.action(),
                error.repository(),
                error.host(),
                error.fault()
            ))
            .caused_by(error),
    }
}

/// Who names the file with the certificates that a client of registries trusts.
#[derive(Clone, Debug)]
pub(crate) enum BundleOf {
    /// `custom_ca_bundle`, or the environment in its place.
    Provider { in_environment: bool },
    /// The `registry` block of this host.
    Registry { position: usize, host: String },
}

/// How HTTP leaves this machine cannot work as it is written.
pub(crate) fn http_settings(error: &content::Error, bundle: &BundleOf) -> Diagnostic {
    use crate::net::InvalidSettings as Invalid;
    let (path, problem) = match find::<Invalid>(error) {
        Some(Invalid::BundleUnreadable { path, source }) => (path, source.to_string()),
        Some(Invalid::BundleEmpty { path }) => (path, "it has no certificate".to_owned()),
        Some(Invalid::BundleBroken { path, number, .. }) => {
            (path, format!("certificate {number} is broken"))
        }
        Some(invalid @ Invalid::Proxy { .. }) => {
            return Diagnostic::error("Invalid proxy")
                .detail(format!("For connections to registries: {invalid}."))
                .hint("Write the URL of an HTTP proxy, such as `http://proxy.example.com:3128`.");
        }
        Some(invalid) => {
            return Diagnostic::error("Cannot set up HTTP")
                .detail(format!("For connections to registries: {invalid}."))
                .caused_by(invalid);
        }
        None => {
            return Diagnostic::error("Cannot set up HTTP")
                .detail(format!("The HTTP client cannot be made: {error}."))
                .caused_by(error);
        }
    };
    let (named_by, place) = match bundle {
        BundleOf::Provider {
            in_environment: true,
        } => ("`AWS_CA_BUNDLE` in the environment".to_owned(), None),
        BundleOf::Provider { .. } => (
            "the provider block".to_owned(),
            Some(Path::root("custom_ca_bundle")),
        ),
        BundleOf::Registry { position, host } => (
            format!("the `registry` block of `{host}`"),
            Some(
                Path::root("registry")
                    .index(*position)
                    .attribute("ca_bundle"),
            ),
        ),
    };
    let diagnostic = ca_bundle(path, &named_by, &problem);
    match place {
        Some(place) => diagnostic.at(place),
        None => diagnostic,
    }
}

/// The Docker configuration cannot be used.
pub(crate) fn docker_config(error: &InvalidDockerConfig) -> Diagnostic {
    Diagnostic::error("Cannot read the Docker configuration")
        .at(Path::root("docker_config"))
        .detail(format!(
            "Credentials for source registries were to come from there: {error}."
        ))
        .hint(
            "Correct the file, name another one in `docker_config`, or switch it off with \
             `docker_config = \"\"`.",
        )
        .caused_by(error)
}

/// The registry has an alias that cannot be part of a reference.
pub(crate) fn unusable_alias(alias: &str, error: &InvalidReference) -> Diagnostic {
    Diagnostic::error("Registry alias cannot be used").detail(format!(
        "AWS says that the alias of the registry is `{alias}`: {error}."
    ))
}

/// A registry of ECR Public that has no alias, and so no address.
pub(crate) fn no_alias(account: &str) -> Diagnostic {
    Diagnostic::error("Registry has no alias")
        .detail(format!(
            "AWS gives the ECR Public registry of account {account} an alias with its first \
             repository, and has not done so yet."
        ))
        .hint("Apply again in a minute.")
}

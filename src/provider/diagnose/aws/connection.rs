//! What happened on the way to AWS, and settings that lead nowhere.

use std::fmt;
use std::path::Path;

use crate::aws::ErrorKind;
use crate::aws::error::{ConnectFailure, NamedBy};
use crate::tf::Diagnostic;

use super::super::answer;
use super::credentials::named_by_words;

/// Words for what is left: connections and settings.
pub(super) fn worded(kind: &ErrorKind) -> Diagnostic {
    match kind {
        ErrorKind::Unreachable {
            host,
            action,
            proxy,
            failure,
        } => unreachable(host, action, proxy.as_deref(), *failure),
        ErrorKind::Certificate { host, bundle } => certificate(host, bundle.as_deref()),
        ErrorKind::CaBundle {
            path,
            named_by,
            problem,
        } => ca_bundle(path, &named_by_words(named_by), problem),
        ErrorKind::InvalidSetting { setting, problem } => Diagnostic::error("Invalid AWS setting")
            .detail(format!("The value of {setting} cannot be used: {problem}."))
            .hint(match &setting.named_by {
                NamedBy::Configuration => "Correct it, or leave it out.".to_owned(),
                NamedBy::Environment(name) => format!("Correct or unset `{name}`."),
                NamedBy::Profile(name) => format!("Correct it in the profile `{name}`."),
            }),
        ErrorKind::StsRegionDisabled {
            region,
            answer: said,
        } => Diagnostic::error("AWS STS is disabled in this Region")
            .detail(format!(
                "The account of the credentials has not enabled STS in `{region}`."
            ))
            .detail(answer::of_aws(said))
            .hint("Enable it, or set `sts_region` to a Region where it is."),
        ErrorKind::NotOffered { host, answer: said } => {
            Diagnostic::error("ECR Public is not available at this endpoint")
                .detail(format!("`{host}` does not offer ECR Public."))
                .detail(answer::of_aws(said))
                .hint(
                    "Remove `ecrpublic` from `endpoints`, and `AWS_ENDPOINT_URL_ECR_PUBLIC` and \
                     `AWS_ENDPOINT_URL` from the environment: the API is in `us-east-1` only.",
                )
        }
        other => Diagnostic::error("AWS request failed").detail(format!("{other}.")),
    }
}

fn unreachable(
    host: &str,
    action: &str,
    proxy: Option<&str>,
    failure: ConnectFailure,
) -> Diagnostic {
    let hint = match proxy {
        Some(_) => "Check the proxy, and whether the host belongs in `no_proxy`.",
        None => "Check the network of this machine, and whether it needs a proxy.",
    };
    Diagnostic::error("Cannot reach AWS")
        .detail(format!(
            "The provider called `{action}` at `{host}`{}; {}.",
            through(proxy),
            how(failure)
        ))
        .hint(hint)
}

pub(super) fn how(failure: ConnectFailure) -> &'static str {
    match failure {
        ConnectFailure::TimedOut => "no answer came in time",
        ConnectFailure::Connection => "there was no connection, or it broke",
    }
}

pub(super) fn through(proxy: Option<&str>) -> String {
    proxy.map_or_else(String::new, |proxy| format!(" through the proxy `{proxy}`"))
}

fn certificate(host: &str, bundle: Option<&Path>) -> Diagnostic {
    let (with, hint) = match bundle {
        Some(bundle) => (
            format!("the certificates in `{}`", bundle.display()),
            "They take the place of the certificate authorities of this machine. Add the one that \
             has signed for this host.",
        ),
        None => (
            "the certificate authorities of this machine".to_owned(),
            "If a proxy inspects TLS here, name the file with its certificate in \
             `custom_ca_bundle` or `AWS_CA_BUNDLE`.",
        ),
    };
    Diagnostic::error("Cannot verify the AWS endpoint certificate")
        .detail(format!(
            "The certificate of `{host}` cannot be verified with {with}."
        ))
        .hint(hint)
}

/// Certificates cannot be read from a file that somebody names for them.
pub(crate) fn ca_bundle(path: &Path, named_by: &str, problem: &dyn fmt::Display) -> Diagnostic {
    Diagnostic::error("Invalid custom CA bundle")
        .detail(format!(
            "The file `{}`, named by {named_by}, cannot be used: {problem}.",
            path.display()
        ))
        .hint(
            "It takes certificates in PEM form, from `-----BEGIN CERTIFICATE-----` on. Correct \
             it, or name none, so that the authorities of this machine count.",
        )
}

//! What happened on the way to AWS, and settings that lead nowhere.

use std::path::Path;

use crate::aws::ErrorKind;
use crate::aws::error::{CaBundleProblem, ConnectFailure, NamedBy};
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
        } => ca_bundle(path, named_by, problem),
        ErrorKind::InvalidSetting { setting, problem } => Diagnostic::error("Invalid AWS setting")
            .detail(format!("The value of {setting} cannot be used: {problem}.")),
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
                .hint("Remove `ecrpublic` from `endpoints`: the API is in `us-east-1` only.")
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
    let how = match failure {
        ConnectFailure::TimedOut => "no answer came in time",
        ConnectFailure::Connection => "there was no connection, or it broke",
    };
    let through = match proxy {
        Some(proxy) => format!(" through the proxy `{proxy}`"),
        None => String::new(),
    };
    let hint = match proxy {
        Some(_) => "Check the proxy, and whether the host belongs in `no_proxy`.",
        None => "Check the network of this machine, and whether it needs a proxy.",
    };
    Diagnostic::error("Cannot reach AWS")
        .detail(format!(
            "The provider called `{action}` at `{host}`{through}; {how}."
        ))
        .hint(hint)
}

fn certificate(host: &str, bundle: Option<&Path>) -> Diagnostic {
    let with = match bundle {
        Some(bundle) => format!("the certificates in `{}`", bundle.display()),
        None => "the certificate authorities of this machine".to_owned(),
    };
    Diagnostic::error("Cannot verify the AWS endpoint certificate")
        .detail(format!(
            "The certificate of `{host}` cannot be verified with {with}."
        ))
        .hint(
            "If a proxy inspects TLS here, name the file with its certificate in \
             `custom_ca_bundle`.",
        )
}

fn ca_bundle(path: &Path, named_by: &NamedBy, problem: &CaBundleProblem) -> Diagnostic {
    Diagnostic::error("Invalid custom CA bundle").detail(format!(
        "The file `{}`, named by {}, cannot be used: {problem}.",
        path.display(),
        named_by_words(named_by)
    ))
}

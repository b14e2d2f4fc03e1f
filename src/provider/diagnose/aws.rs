//! Credentials, roles, accounts, and calls of ECR Public.

#![warn(clippy::wildcard_enum_match_arm)]

use std::path::PathBuf;

use crate::aws::error::{
    AccountRule, Answer, CaBundleProblem, ConnectFailure, HopOrigin, HopPosition, KeyMember,
    NamedBy, RefusalReason, Setting, SettingName, Tried,
};
use crate::aws::{Error, ErrorKind, RoleArn};
use crate::tf::{Diagnostic, Path};

use super::super::facts;
use super::answer;

/// Whose block a message is about, and so which paths it can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    Provider,
    Resource,
}

/// An error while the provider is configured.
pub(crate) fn provider_aws(error: &Error) -> Diagnostic {
    diagnostic(error, Scope::Provider)
}

/// An error while something is done for a resource.
pub(crate) fn resource_aws(error: &Error) -> Diagnostic {
    diagnostic(error, Scope::Resource)
}

/// An error while an instance is refreshed, which knows its state and not its configuration.
pub(crate) fn during_read(error: &Error) -> Diagnostic {
    let is_recorded_role = matches!(
        error.kind(),
        ErrorKind::AssumeRole { hop, .. } | ErrorKind::InvalidHop { hop, .. }
            if hop.origin == HopOrigin::Resource
    );
    let diagnostic = resource_aws(error);
    if is_recorded_role {
        return diagnostic.hint(
            "A refresh uses the roles that the last apply stored, not those in the configuration. \
             If the configuration is right by now, run `terraform apply -refresh=false`.",
        );
    }
    diagnostic
}

fn diagnostic(error: &Error, scope: Scope) -> Diagnostic {
    let diagnostic = worded(error.kind()).caused_by(error);
    match place(error.kind(), scope) {
        Some(path) => diagnostic.at(path),
        None => diagnostic,
    }
}

fn worded(kind: &ErrorKind) -> Diagnostic {
    match kind {
        ErrorKind::NoCredentials { .. }
        | ErrorKind::ProfileNotFound { .. }
        | ErrorKind::IncompleteKeys { .. }
        | ErrorKind::SharedConfig { .. }
        | ErrorKind::SsoLoginRequired { .. }
        | ErrorKind::SourceFailed { .. }
        | ErrorKind::WebIdentityTokenFile { .. } => source_of_credentials(kind),
        ErrorKind::AssumeRole { .. }
        | ErrorKind::WebIdentity { .. }
        | ErrorKind::InvalidHop { .. }
        | ErrorKind::InvalidAccountRole { .. } => role(kind),
        ErrorKind::AccountNotAllowed { .. }
        | ErrorKind::WrongAccount { .. }
        | ErrorKind::UnknownAccount { .. }
        | ErrorKind::NoAccountRole { .. } => account(kind),
        ErrorKind::Expired { .. }
        | ErrorKind::Rejected { .. }
        | ErrorKind::StsRegionDisabled { .. }
        | ErrorKind::LoginDenied { .. }
        | ErrorKind::ActionDenied { .. } => denied(kind),
        ErrorKind::NotOffered { .. }
        | ErrorKind::Unreachable { .. }
        | ErrorKind::Certificate { .. }
        | ErrorKind::CaBundle { .. }
        | ErrorKind::InvalidSetting { .. } => connection(kind),
        ErrorKind::Throttled { .. }
        | ErrorKind::LimitExceeded { .. }
        | ErrorKind::InvalidParameter { .. }
        | ErrorKind::NotFound { .. }
        | ErrorKind::Service { .. }
        | ErrorKind::Malformed { .. }
        | ErrorKind::Stopped(_)
        | ErrorKind::Unexpected { .. } => service(kind),
    }
}

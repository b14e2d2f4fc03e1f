//! What AWS, or the way to it, had to say.

mod connection;
mod credentials;
mod notice;
mod role;
mod service;
mod source;

pub(crate) use connection::ca_bundle;
pub(crate) use notice::notice;
pub(crate) use service::stopped;

use crate::aws::error::{HopOrigin, HopPosition, NamedBy, SettingName};
use crate::aws::{Error, ErrorKind};
use crate::tf::{Diagnostic, Path};

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
    let diagnostic = resource_aws(error);
    match error.kind() {
        ErrorKind::AssumeRole { hop, .. } | ErrorKind::InvalidHop { hop, .. }
            if hop.origin == HopOrigin::Resource =>
        {
            diagnostic.hint(
                "A refresh uses the roles that the last apply stored, not those in the \
                 configuration. If the configuration is right by now, run `terraform apply \
                 -refresh=false`.",
            )
        }
        _ => diagnostic,
    }
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
        ErrorKind::NoCredentials { tried } => credentials::none(tried),
        ErrorKind::ProfileNotFound {
            profile,
            named_by,
            files,
        } => credentials::no_profile(profile, named_by, files),
        ErrorKind::IncompleteKeys { origin, missing } => credentials::incomplete(origin, *missing),
        ErrorKind::SharedConfig {
            path,
            profile,
            problem,
        } => credentials::shared_config(path.as_deref(), profile.as_deref(), problem),
        ErrorKind::SsoLoginRequired {
            profile,
            start_url,
            reason,
        } => source::sign_in(profile, start_url, reason),
        ErrorKind::SourceFailed { origin, problem } => source::failed(origin, problem),
        ErrorKind::Expired {
            origin,
            expiry,
            answer,
        } => credentials::expired(origin, *expiry, answer),
        ErrorKind::Rejected {
            origin,
            key,
            region,
            answer,
        } => credentials::rejected(origin, key.as_deref(), region, answer),
        _ => worded_role(kind),
    }
}

fn worded_role(kind: &ErrorKind) -> Diagnostic {
    match kind {
        ErrorKind::AssumeRole {
            hop,
            role,
            caller,
            reason,
            answer,
        } => role::refused(*hop, role, caller.as_deref(), *reason, answer),
        ErrorKind::WebIdentity {
            role,
            token_file,
            named_by,
            answer,
        } => role::web_identity(role, token_file.as_deref(), named_by, answer),
        ErrorKind::RoleElsewhere { role, identity } => role::elsewhere(role, identity),
        ErrorKind::WebIdentityTokenFile {
            path,
            named_by,
            role,
            problem,
        } => role::token_file(path, named_by, role, problem),
        ErrorKind::InvalidHop { hop, problem } => role::invalid(*hop, problem),
        ErrorKind::InvalidAccountRole { template, problem } => {
            role::invalid_account_role(template, problem)
        }
        ErrorKind::AccountNotAllowed {
            account,
            identity,
            rule,
        } => role::not_allowed(account, identity, rule),
        ErrorKind::WrongAccount {
            expected,
            effective,
            identity,
        } => role::wrong_account(expected, effective, identity),
        ErrorKind::WrongPartition {
            partition,
            identity,
        } => role::wrong_partition(partition, identity),
        ErrorKind::UnknownAccount { identity } => role::unknown_account(identity),
        ErrorKind::NoAccountRole {
            account,
            provider_account,
        } => super::super::facts::no_way(account, provider_account),
        _ => worded_service(kind),
    }
}

fn worded_service(kind: &ErrorKind) -> Diagnostic {
    service::worded(kind).unwrap_or_else(|| connection::worded(kind))
}

/// The place in the block that the message is about, if it is about one.
fn place(kind: &ErrorKind, scope: Scope) -> Option<Path> {
    match (kind, scope) {
        (ErrorKind::AssumeRole { hop, .. } | ErrorKind::InvalidHop { hop, .. }, _) => {
            hop_place(*hop, scope)
        }
        (
            ErrorKind::WebIdentity { named_by, .. }
            | ErrorKind::WebIdentityTokenFile { named_by, .. },
            Scope::Provider,
        ) => written(named_by).map(|()| Path::root("assume_role_with_web_identity")),
        (ErrorKind::InvalidAccountRole { .. }, Scope::Provider) => {
            Some(Path::root("account_role").attribute("role_arn"))
        }
        (ErrorKind::ProfileNotFound { named_by, .. }, Scope::Provider) => {
            written(named_by).map(|()| Path::root("profile"))
        }
        (ErrorKind::CaBundle { named_by, .. }, Scope::Provider) => {
            written(named_by).map(|()| Path::root("custom_ca_bundle"))
        }
        (ErrorKind::InvalidSetting { setting, .. }, Scope::Provider) => {
            written(&setting.named_by)?;
            setting_place(setting.name).map(Path::root)
        }
        (ErrorKind::NoAccountRole { .. } | ErrorKind::WrongAccount { .. }, Scope::Resource) => {
            Some(Path::root("account_id"))
        }
        _ => None,
    }
}

/// What somebody else names has no place in the block.
fn written(named_by: &NamedBy) -> Option<()> {
    (*named_by == NamedBy::Configuration).then_some(())
}

fn hop_place(hop: HopPosition, scope: Scope) -> Option<Path> {
    let position = hop.hop.saturating_sub(1);
    match (hop.origin, scope) {
        (HopOrigin::Provider, Scope::Provider) | (HopOrigin::Resource, Scope::Resource) => {
            Some(Path::root("assume_role").index(position))
        }
        (HopOrigin::AccountRole, Scope::Provider) => Some(Path::root("account_role")),
        (HopOrigin::AccountRole, Scope::Resource) => Some(Path::root("account_id")),
        _ => None,
    }
}

fn setting_place(name: SettingName) -> Option<&'static str> {
    match name {
        SettingName::EcrPublicEndpoint | SettingName::StsEndpoint => Some("endpoints"),
        SettingName::InstanceMetadataEndpoint => Some("ec2_metadata_service_endpoint"),
        SettingName::InstanceMetadataMode => Some("ec2_metadata_service_endpoint_mode"),
        SettingName::HttpProxy => Some("http_proxy"),
        SettingName::HttpsProxy => Some("https_proxy"),
        SettingName::MaxRetries => Some("max_retries"),
        SettingName::Region => Some("region"),
        SettingName::RetryMode => Some("retry_mode"),
        SettingName::StsRegion => Some("sts_region"),
        SettingName::ContainerCredentials
        | SettingName::SsoEndpoint
        | SettingName::SsoOidcEndpoint
        | SettingName::Switch
        | SettingName::WebIdentityRole => None,
    }
}

//! Where credentials come from, and why there are none.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::aws::error::{Answer, CredentialOrigin, KeyMember, KeysOrigin, NamedBy, Tried};
use crate::tf::Diagnostic;

use super::super::answer;

pub(super) fn none(tried: &[Tried]) -> Diagnostic {
    let lines: Vec<String> = tried
        .iter()
        .map(|each| format!("- {}: {}", each.origin, each.reason))
        .collect();
    Diagnostic::error("No valid AWS credential sources found")
        .detail(format!(
            "The provider looked for AWS credentials here:\n{}",
            lines.join("\n")
        ))
        .hint(
            "Set `profile` or `assume_role_with_web_identity`, or `AWS_ACCESS_KEY_ID` and \
             `AWS_SECRET_ACCESS_KEY` in the environment.",
        )
}

pub(super) fn no_profile(profile: &str, named_by: &NamedBy, files: &[PathBuf]) -> Diagnostic {
    let files: Vec<String> = files
        .iter()
        .map(|file| format!("`{}`", file.display()))
        .collect();
    let searched = match files.is_empty() {
        true => "There is no place to look for shared configuration files.".to_owned(),
        false => format!("It was looked for in {}.", files.join(", ")),
    };
    Diagnostic::error("AWS profile not found")
        .detail(format!(
            "The profile `{profile}`, named by {}, does not exist. {searched}",
            named_by_words(named_by)
        ))
        .hint("Correct the name, or name the file in `shared_config_files`.")
}

pub(super) fn named_by_words(named_by: &NamedBy) -> String {
    match named_by {
        NamedBy::Configuration => "the provider block".to_owned(),
        NamedBy::Environment(name) => format!("`{name}` in the environment"),
        NamedBy::Profile(name) => format!("the profile `{name}`"),
    }
}

pub(super) fn incomplete(origin: &KeysOrigin, missing: KeyMember) -> Diagnostic {
    let [key, secret] = match origin {
        KeysOrigin::Configuration => ["access_key", "secret_key"],
        KeysOrigin::Environment => ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
        KeysOrigin::Profile(_) => ["aws_access_key_id", "aws_secret_access_key"],
    };
    let missing = match missing {
        KeyMember::AccessKey => format!("`{key}` is"),
        KeyMember::SecretKey => format!("`{secret}` is"),
        KeyMember::BothKeys => format!("`{key}` and `{secret}` are"),
    };
    Diagnostic::error("Incomplete static credentials")
        .detail(format!(
            "Static credentials come from {origin}, and {missing} missing."
        ))
        .hint("Set both keys, and the session token that belongs to temporary ones.")
}

pub(super) fn shared_config(
    path: Option<&Path>,
    profile: Option<&str>,
    problem: &str,
) -> Diagnostic {
    let hint = match profile {
        Some(profile) => format!("Correct the profile `{profile}`, or name another one."),
        None => "Correct the file, or name others in `shared_config_files` and \
                 `shared_credentials_files`."
            .to_owned(),
    };
    let file = path.map(|path| format!(" in `{}`", path.display()));
    let profile = profile.map(|profile| format!("profile `{profile}` of the "));
    Diagnostic::error("Cannot read AWS shared configuration")
        .detail(format!(
            "The {}shared AWS configuration{} cannot be used: {problem}.",
            profile.unwrap_or_default(),
            file.unwrap_or_default()
        ))
        .hint(hint)
}

pub(super) fn expired(
    origin: &CredentialOrigin,
    expiry: Option<SystemTime>,
    said: &Answer,
) -> Diagnostic {
    let ended = expiry.map(|expiry| format!(" They ended at {}.", answer::moment(expiry)));
    let hint = match origin {
        CredentialOrigin::StaticKeys | CredentialOrigin::EnvironmentKeys => {
            "Temporary keys that were copied cannot be renewed: get new ones."
        }
        CredentialOrigin::Profile(_) => {
            "Sign in again for that profile, or get new keys if temporary ones were copied into it."
        }
        CredentialOrigin::Process(_) => {
            "Run the program of the profile by hand: what it hands out has ended."
        }
        CredentialOrigin::SingleSignOn(_) => "Run `aws sso login` for that profile.",
        CredentialOrigin::WebIdentity
        | CredentialOrigin::Container
        | CredentialOrigin::InstanceMetadata
        | CredentialOrigin::Role(_) => "Apply again: what is copied already stays where it is.",
    };
    Diagnostic::error("AWS credentials expired")
        .detail(format!(
            "The credentials from {origin} are no longer valid.{}",
            ended.unwrap_or_default()
        ))
        .detail(answer::of_aws(said))
        .hint(hint)
}

pub(super) fn rejected(
    origin: &CredentialOrigin,
    key: Option<&str>,
    region: &str,
    said: &Answer,
) -> Diagnostic {
    let key = key.map(|key| format!(" with the key `{key}`"));
    Diagnostic::error("AWS rejected the credentials")
        .detail(format!(
            "The request used the credentials from {origin}{} in region `{region}`.",
            key.unwrap_or_default()
        ))
        .detail(answer::of_aws(said))
        .hint(
            "Check that the key is active and complete and that the clock of this machine is \
             right. In a Region that has to be enabled first, set `sts_region` to one that need \
             not.",
        )
}

//! What a profile leads to: a source, and the roles on the way from it.
//!
//! The SDK can follow profiles by itself. It assumes their roles without the STS endpoint of the
//! provider block, ignores `duration_seconds`, and its errors do not say which role it was.

use std::collections::HashSet;
use std::time::Duration;

use aws_runtime::env_config::section::Profile;

use super::base::{BaseSource, Keys};
use super::error::{CredentialOrigin, Error, ErrorKind, KeysOrigin, NamedBy};
use super::process::Process;
use super::regions::is_region;
use super::shared_config::SharedConfig;
use super::single_sign_on::SsoProfile;
use super::{Hop, HopPlace, RoleArn, WebIdentity, WebIdentityToken};

/// Where a profile ends, and the roles from there, in the order in which they are assumed.
#[derive(Debug)]
pub(super) struct Traced {
    pub(super) source: ProfileSource,
    pub(super) hops: Vec<Hop>,
}

/// Where a profile ends.
#[derive(Debug)]
pub(super) enum ProfileSource {
    /// With something that needs no provider of the SDK.
    Ready(BaseSource),
    /// With a sign-in to IAM Identity Center.
    SingleSignOn(SsoProfile),
    /// With the keys of the environment.
    Environment,
    /// With the credentials of the container.
    Container,
    /// With the credentials of the instance.
    Instance,
    /// Nowhere, and why.
    None(&'static str),
}

/// Follows a profile to where its credentials come from.
///
/// # Errors
///
/// A profile on the way is missing, contradicts itself, or leads back to itself.
pub(super) fn trace(shared: &SharedConfig, name: &str) -> Result<Traced, Error> {
    let mut hops = Vec::new();
    let mut seen = HashSet::new();
    let mut name = name.to_owned();
    let mut named_by = None;
    let source = loop {
        let Some(profile) = shared.profile(&name) else {
            match named_by {
                None => break ProfileSource::None("there is no such profile"),
                Some(profile) => return Err(shared.missing(&name, NamedBy::Profile(profile))),
            }
        };
        let profile = Section { profile, shared };
        // Keys end the way, except in the profile that it starts from.
        if !seen.is_empty() && profile.has_keys() {
            break profile.keys()?;
        }
        if !seen.insert(name.clone()) {
            return Err(profile.wrong("`source_profile` leads back to it"));
        }
        match profile.step()? {
            Step::End(source) => break source,
            Step::Role { hop, from } => {
                hops.push(*hop);
                match from {
                    From::Source(source) => break source,
                    From::Profile(next) if next == name && profile.has_keys() => {
                        break profile.keys()?;
                    }
                    From::Profile(next) => named_by = Some(std::mem::replace(&mut name, next)),
                }
            }
        }
    };
    hops.reverse();
    Ok(Traced { source, hops })
}

enum Step {
    End(ProfileSource),
    Role { hop: Box<Hop>, from: From },
}

enum From {
    Source(ProfileSource),
    Profile(String),
}

/// A profile, read.
struct Section<'a> {
    profile: &'a Profile,
    shared: &'a SharedConfig,
}

impl Section<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.profile.get(key).filter(|value| !value.is_empty())
    }

    fn has_keys(&self) -> bool {
        self.get("aws_access_key_id").is_some() || self.get("aws_secret_access_key").is_some()
    }

    fn keys(&self) -> Result<ProfileSource, Error> {
        let name = self.profile.name();
        let keys = Keys {
            access: self.get("aws_access_key_id"),
            secret: self.get("aws_secret_access_key"),
            token: self.get("aws_session_token"),
            account: self.get("aws_account_id"),
            expiry: None,
        };
        let origin = CredentialOrigin::Profile(name.to_owned());
        let source = keys.complete(&KeysOrigin::Profile(name.to_owned()), origin)?;
        Ok(source.map_or(NO_CREDENTIALS, ProfileSource::Ready))
    }

    fn step(&self) -> Result<Step, Error> {
        let Some(role) = self.get("role_arn") else {
            return self.end().map(Step::End);
        };
        let role = role
            .parse()
            .map_err(|error| self.wrong(format!("`role_arn`: {error}")))?;
        if let Some(file) = self.get("web_identity_token_file") {
            return Ok(Step::End(self.web_identity(role, file)));
        }
        let from = match (self.get("source_profile"), self.get("credential_source")) {
            (Some(_), Some(_)) => {
                return Err(self.wrong("it has both `source_profile` and `credential_source`"));
            }
            (None, None) => {
                return Err(self.wrong(
                    "it has `role_arn`, but neither `source_profile` nor `credential_source`",
                ));
            }
            (Some(next), None) => From::Profile(next.to_owned()),
            (None, Some("Environment")) => From::Source(ProfileSource::Environment),
            (None, Some("EcsContainer")) => From::Source(ProfileSource::Container),
            (None, Some("Ec2InstanceMetadata")) => From::Source(ProfileSource::Instance),
            (None, Some(other)) => {
                return Err(self.wrong(format!("`credential_source` cannot be `{other}`")));
            }
        };
        let hop = Box::new(self.hop(role)?);
        Ok(Step::Role { hop, from })
    }

    fn end(&self) -> Result<ProfileSource, Error> {
        let is_sign_in = |key: &&str| self.get(key).is_some();
        if self.has_keys() {
            self.keys()
        } else if ["sso_session", "sso_account_id", "sso_start_url"]
            .iter()
            .any(is_sign_in)
        {
            self.single_sign_on().map(ProfileSource::SingleSignOn)
        } else if let Some(command) = self.get("credential_process") {
            let account = self.get("aws_account_id");
            let process = Process::new(self.profile.name(), command, account);
            Ok(ProfileSource::Ready(BaseSource::Process(process)))
        } else if self.get("login_session").is_some() {
            Err(self.wrong(
                "`login_session` is not supported; `credential_process = aws configure \
                 export-credentials --profile …` brings the same credentials",
            ))
        } else {
            Ok(NO_CREDENTIALS)
        }
    }

    fn single_sign_on(&self) -> Result<SsoProfile, Error> {
        let session = self.get("sso_session");
        let of_session = |key: &str| match session {
            None => Ok(self.get(key)),
            Some(name) => match self.shared.sign_on_session(name) {
                None => Err(self.wrong(format!("there is no section `[sso-session {name}]`"))),
                Some(section) => Ok(section.get(key).filter(|value| !value.is_empty())),
            },
        };
        let required = |key: &str, value: Option<&str>| {
            let missing = || self.wrong(format!("its sign-in has no `{key}`"));
            value.map(str::to_owned).ok_or_else(missing)
        };
        let region = required("sso_region", of_session("sso_region")?)?;
        if !is_region(&region, true) {
            return Err(self.wrong(format!("`sso_region` cannot be `{region}`")));
        }
        Ok(SsoProfile {
            profile: self.profile.name().to_owned(),
            session: session.map(str::to_owned),
            start_url: required("sso_start_url", of_session("sso_start_url")?)?,
            region,
            account: required("sso_account_id", self.get("sso_account_id"))?,
            role: required("sso_role_name", self.get("sso_role_name"))?,
        })
    }

    fn web_identity(&self, role_arn: RoleArn, file: &str) -> ProfileSource {
        let identity = WebIdentity {
            role_arn,
            session_name: self.get("role_session_name").map(str::to_owned),
            duration: None,
            policy: None,
            policy_arns: Default::default(),
            token: WebIdentityToken::File(file.into()),
        };
        let named_by = NamedBy::Profile(self.profile.name().to_owned());
        ProfileSource::Ready(BaseSource::WebIdentity { identity, named_by })
    }

    fn hop(&self, role_arn: RoleArn) -> Result<Hop, Error> {
        if self.get("mfa_serial").is_some() {
            return Err(self.wrong("`mfa_serial` needs somebody who types a code"));
        }
        let duration = self
            .get("duration_seconds")
            .map(|text| {
                text.parse()
                    .map(Duration::from_secs)
                    .map_err(|_| self.wrong("`duration_seconds` is no number"))
            })
            .transpose()?;
        let hop = Hop {
            session_name: self.get("role_session_name").map(str::to_owned),
            external_id: self.get("external_id").map(str::to_owned),
            duration,
            ..Hop::to(role_arn)
        };
        match hop.check(HopPlace::First).into_iter().next() {
            Some(problem) => Err(self.wrong(problem.to_string())),
            None => Ok(hop),
        }
    }

    fn wrong(&self, problem: impl Into<String>) -> Error {
        ErrorKind::SharedConfig {
            path: None,
            profile: Some(self.profile.name().to_owned()),
            problem: problem.into(),
        }
        .into()
    }
}

const NO_CREDENTIALS: ProfileSource = ProfileSource::None("it has no credentials");

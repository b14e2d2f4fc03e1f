//! Where the first credentials come from.
//!
//! The order is the one practitioners know from hashicorp/aws, which is not the one of the SDK for
//! Rust: keys of the provider block, the profile of the provider block, keys of the environment, a
//! web identity of the environment, the profile of the environment or the default one, the
//! container, the instance. A web identity of the provider block takes the place of all but the
//! first.

use std::path::Path;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;

use super::assume_role::Issued;
use super::clients::Clients;
use super::error::{
    CredentialOrigin, Error, ErrorKind, KeyMember, KeysOrigin, NamedBy, Tried, bounded,
};
use super::profile::{ProfileSource, trace};
use super::refusal::find;
use super::sdk_sources::SdkSources;
use super::shared_config::SharedConfig;
use super::web_identity::assume_role_with_web_identity;
use super::{AccountId, Config, Environment, Hop, WebIdentity, WebIdentityToken};

/// The source that was chosen, and the hops that a profile adds to it.
#[derive(Debug)]
pub(super) struct Base {
    pub(super) source: BaseSource,
    pub(super) hops: Vec<Hop>,
}

/// A source of first credentials.
#[derive(Debug)]
pub(super) enum BaseSource {
    /// Keys that are there.
    Keys {
        credentials: Credentials,
        origin: CredentialOrigin,
    },
    /// A provider of the SDK.
    Sdk {
        provider: SharedCredentialsProvider,
        origin: CredentialOrigin,
        /// The start page, when it is a single sign-on.
        sso: Option<String>,
        /// What had nothing before it.
        tried: Vec<Tried>,
    },
    /// A token of another issuer.
    WebIdentity(WebIdentity),
    /// There is none.
    Nothing { tried: Vec<Tried> },
}

impl Base {
    /// Chooses, without asking anybody yet.
    ///
    /// # Errors
    ///
    /// What is chosen is incomplete or contradicts itself.
    pub(super) fn choose(
        config: &Config,
        shared: &SharedConfig,
        sdk: &SdkSources,
    ) -> Result<Self, Error> {
        if let Some(source) = static_keys(config)? {
            return Ok(source.into());
        }
        if let Some(identity) = &config.web_identity {
            return Ok(BaseSource::WebIdentity(identity.clone()).into());
        }
        let mut tried = Vec::new();
        if !shared.is_configured() {
            if let Some(source) = environment_keys(&config.environment)? {
                return Ok(source.into());
            }
            tried.push(no_environment_keys());
            if let Some(source) = environment_web_identity(&config.environment)? {
                return Ok(source.into());
            }
            let reason = "AWS_WEB_IDENTITY_TOKEN_FILE is not set";
            tried.push(nothing(CredentialOrigin::WebIdentity, reason));
        }
        let name = shared.selected();
        let traced = trace(shared, name)?;
        match traced.source {
            ProfileSource::None(reason) => {
                tried.push(nothing(CredentialOrigin::Profile(name.to_owned()), reason));
                Ok(last_resorts(config, sdk, tried).into())
            }
            source => Ok(Self {
                source: of_profile(config, shared, sdk, source)?,
                hops: traced.hops,
            }),
        }
    }
}

impl From<BaseSource> for Base {
    fn from(source: BaseSource) -> Self {
        Self {
            source,
            hops: Vec::new(),
        }
    }
}

impl BaseSource {
    /// Obtains the credentials.
    ///
    /// # Errors
    ///
    /// The source has none, or does not deliver.
    pub(super) async fn issue(&self, clients: &Clients) -> Result<Issued, Error> {
        match self {
            Self::Keys {
                credentials,
                origin,
            } => Ok(Issued {
                credentials: credentials.clone(),
                origin: origin.clone(),
                arn: None,
            }),
            Self::WebIdentity(identity) => assume_role_with_web_identity(clients, identity).await,
            Self::Nothing { tried } => Err(ErrorKind::NoCredentials {
                tried: tried.clone(),
            }
            .into()),
            Self::Sdk {
                provider, origin, ..
            } => {
                let issued = provider.provide_credentials().await;
                issued
                    .map(|credentials| Issued {
                        credentials,
                        origin: origin.clone(),
                        arn: None,
                    })
                    .map_err(|error| self.not_delivered(&error))
            }
        }
    }

    fn not_delivered(&self, error: &(dyn std::error::Error + 'static)) -> Error {
        if let Some(ours) = find::<Error>(error) {
            return ours.clone();
        }
        let kind = match self {
            Self::Sdk {
                origin: origin @ CredentialOrigin::InstanceMetadata,
                tried,
                ..
            } => {
                let mut tried = tried.clone();
                tried.push(nothing(origin.clone(), &bounded(&innermost(error))));
                ErrorKind::NoCredentials { tried }
            }
            Self::Sdk {
                origin: CredentialOrigin::Profile(profile),
                sso: Some(start_url),
                ..
            } => ErrorKind::SsoLoginRequired {
                profile: profile.clone(),
                start_url: Some(start_url.clone()).filter(|url| !url.is_empty()),
            },
            Self::Sdk { origin, .. } | Self::Keys { origin, .. } => ErrorKind::SourceFailed {
                origin: origin.clone(),
            },
            Self::WebIdentity(_) => ErrorKind::SourceFailed {
                origin: CredentialOrigin::WebIdentity,
            },
            Self::Nothing { tried } => ErrorKind::NoCredentials {
                tried: tried.clone(),
            },
        };
        Error::from(kind).caused_by(error)
    }
}

fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

fn nothing(origin: CredentialOrigin, reason: &str) -> Tried {
    Tried {
        origin,
        reason: reason.to_owned(),
    }
}

fn no_environment_keys() -> Tried {
    nothing(
        CredentialOrigin::EnvironmentKeys,
        "AWS_ACCESS_KEY_ID is not set",
    )
}

fn static_keys(config: &Config) -> Result<Option<BaseSource>, Error> {
    let secret = config
        .secret_key
        .as_ref()
        .map(|secret| secret.reveal().as_str());
    let token = config.token.as_ref().map(|token| token.reveal().as_str());
    Keys {
        access: config.access_key.as_deref(),
        secret,
        token,
        account: None,
        expiry: None,
    }
    .complete(&KeysOrigin::Configuration, CredentialOrigin::StaticKeys)
}

fn environment_keys(environment: &Environment) -> Result<Option<BaseSource>, Error> {
    let access = environment.first(&["AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY"]);
    let secret = environment.first(&["AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY"]);
    let token = environment.get("AWS_SESSION_TOKEN");
    let account = environment.get("AWS_ACCOUNT_ID");
    if access.is_none() && secret.is_none() {
        // A token alone says nothing; shells keep them around.
        return Ok(None);
    }
    Keys {
        access: access.as_ref().map(|(_, key)| key.as_str()),
        secret: secret.as_ref().map(|(_, key)| key.as_str()),
        token: token.as_deref(),
        account: account.as_deref(),
        expiry: environment
            .get("AWS_CREDENTIAL_EXPIRATION")
            .and_then(moment),
    }
    .complete(&KeysOrigin::Environment, CredentialOrigin::EnvironmentKeys)
}

/// A pair of keys, perhaps.
pub(super) struct Keys<'a> {
    pub(super) access: Option<&'a str>,
    pub(super) secret: Option<&'a str>,
    pub(super) token: Option<&'a str>,
    pub(super) account: Option<&'a str>,
    /// When they end, if somebody has written that down.
    pub(super) expiry: Option<SystemTime>,
}

/// What the AWS CLI writes for a moment. Something else is as good as nothing: it is only told.
fn moment(text: String) -> Option<SystemTime> {
    let moment = DateTime::from_str(&text, Format::DateTimeWithOffset).ok()?;
    moment.try_into().ok()
}

impl Keys<'_> {
    /// The source, if any of the keys is there.
    ///
    /// # Errors
    ///
    /// One is, and another one is not.
    pub(super) fn complete(
        self,
        keys: &KeysOrigin,
        origin: CredentialOrigin,
    ) -> Result<Option<BaseSource>, Error> {
        let filled =
            |value: Option<&str>| value.filter(|value| !value.is_empty()).map(str::to_owned);
        let (access, secret) = match (filled(self.access), filled(self.secret)) {
            (Some(access), Some(secret)) => (access, secret),
            (access, secret) => {
                let missing = match (access, secret) {
                    (Some(_), _) => KeyMember::SecretKey,
                    (None, Some(_)) => KeyMember::AccessKey,
                    (None, None) if filled(self.token).is_some() => KeyMember::BothKeys,
                    (None, None) => return Ok(None),
                };
                return Err(ErrorKind::IncompleteKeys {
                    origin: keys.clone(),
                    missing,
                }
                .into());
            }
        };
        let mut credentials = Credentials::builder()
            .access_key_id(access)
            .secret_access_key(secret)
            .provider_name("Keys");
        credentials.set_session_token(filled(self.token));
        credentials.set_expiry(self.expiry);
        if let Some(account) = self.account.and_then(|text| text.parse::<AccountId>().ok()) {
            credentials = credentials.account_id(account.as_str());
        }
        Ok(Some(BaseSource::Keys {
            credentials: credentials.build(),
            origin,
        }))
    }
}

fn environment_web_identity(environment: &Environment) -> Result<Option<BaseSource>, Error> {
    let Some(file) = environment.get("AWS_WEB_IDENTITY_TOKEN_FILE") else {
        return Ok(None);
    };
    let role = environment.get("AWS_ROLE_ARN").unwrap_or_default();
    let role_arn = role.parse().map_err(|error| {
        Error::from(ErrorKind::InvalidSetting {
            setting: super::error::Setting {
                name: super::error::SettingName::WebIdentityRole,
                named_by: NamedBy::Environment("AWS_ROLE_ARN"),
            },
            problem: super::error::SettingProblem::NotRole(error),
        })
    })?;
    Ok(Some(BaseSource::WebIdentity(WebIdentity {
        role_arn,
        session_name: environment.get("AWS_ROLE_SESSION_NAME"),
        duration: None,
        policy: None,
        policy_arns: Default::default(),
        token: WebIdentityToken::File(environment.expand(Path::new(&file))),
    })))
}

fn of_profile(
    config: &Config,
    shared: &SharedConfig,
    sdk: &SdkSources,
    source: ProfileSource,
) -> Result<BaseSource, Error> {
    let nothing_there = || BaseSource::Nothing { tried: Vec::new() };
    Ok(match source {
        ProfileSource::Ready(source) => source,
        ProfileSource::Sdk(profile) => BaseSource::Sdk {
            provider: sdk.profile(&profile, shared),
            sso: shared.single_sign_on(&profile),
            origin: CredentialOrigin::Profile(profile),
            tried: Vec::new(),
        },
        ProfileSource::Environment => {
            environment_keys(&config.environment)?.unwrap_or_else(|| BaseSource::Nothing {
                tried: vec![no_environment_keys()],
            })
        }
        ProfileSource::Container => container(sdk),
        ProfileSource::Instance => instance(config, sdk, Vec::new()),
        ProfileSource::None(_) => nothing_there(),
    })
}

fn last_resorts(config: &Config, sdk: &SdkSources, mut tried: Vec<Tried>) -> BaseSource {
    let variables = [
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    ];
    if config.environment.first(&variables).is_some() {
        return container(sdk);
    }
    let reason = format!("{} is not set", variables.join(" or "));
    tried.push(nothing(CredentialOrigin::Container, &reason));
    instance(config, sdk, tried)
}

fn container(sdk: &SdkSources) -> BaseSource {
    BaseSource::Sdk {
        provider: sdk.container(),
        origin: CredentialOrigin::Container,
        sso: None,
        tried: Vec::new(),
    }
}

fn instance(config: &Config, sdk: &SdkSources, mut tried: Vec<Tried>) -> BaseSource {
    let origin = CredentialOrigin::InstanceMetadata;
    let disabled = || {
        let value = config.environment.get("AWS_EC2_METADATA_DISABLED");
        value.is_some_and(|value| value.eq_ignore_ascii_case("true"))
    };
    let left_out = match config.skip_metadata {
        Some(true) => Some("the provider block leaves it out"),
        None if disabled() => Some("AWS_EC2_METADATA_DISABLED is set"),
        Some(false) | None => None,
    };
    if let Some(reason) = left_out {
        tried.push(nothing(origin, reason));
        return BaseSource::Nothing { tried };
    }
    BaseSource::Sdk {
        provider: sdk.instance(),
        origin,
        sso: None,
        tried,
    }
}

//! Where the first credentials come from.
//!
//! The order is the one practitioners know from hashicorp/aws, which is not the one of the SDK for
//! Rust: keys of the provider block, the profile of the provider block, keys of the environment, a
//! web identity of the environment, the profile of the environment or the default one, the
//! container, the instance. A web identity of the provider block takes the place of all but the
//! first.

use std::path::Path;
use std::time::SystemTime;

use aws_config::imds;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials as _;

use super::assume_role::Issued;
use super::clients::Clients;
use super::container::{self, Container};
use super::error::{
    CredentialOrigin, Error, ErrorKind, KeyMember, KeysOrigin, NamedBy, Setting, SettingName,
    SettingProblem, Tried, bounded,
};
use super::http::Http;
use super::instance::InstanceRole;
use super::process::Process;
use super::profile::{ProfileSource, trace};
use super::settings::Settings;
use super::shared_config::SharedConfig;
use super::single_sign_on::SingleSignOn;
use super::web_identity::assume_role_with_web_identity;
use super::{AccountId, Config, Environment, Hop, WebIdentity, WebIdentityToken};

/// What a source is chosen by, and what it is made with.
#[derive(Debug)]
pub(super) struct Means<'a> {
    pub(super) config: &'a Config,
    pub(super) shared: &'a SharedConfig,
    pub(super) settings: &'a Settings,
    pub(super) http: &'a Http,
    pub(super) metadata: &'a imds::Client,
}

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
    /// The program of a profile.
    Process(Process),
    /// A sign-in to IAM Identity Center.
    SingleSignOn(Box<SingleSignOn>),
    /// What a container is given.
    Container(Box<Container>),
    /// The role of the machine.
    Instance {
        role: InstanceRole,
        /// What had nothing before it.
        tried: Vec<Tried>,
    },
    /// A token of another issuer.
    WebIdentity {
        identity: WebIdentity,
        named_by: NamedBy,
    },
    /// There is none.
    Nothing { tried: Vec<Tried> },
}

impl Base {
    /// Chooses, without asking anybody yet.
    ///
    /// # Errors
    ///
    /// What is chosen is incomplete or contradicts itself.
    pub(super) fn choose(means: &Means<'_>) -> Result<Self, Error> {
        let Means { config, shared, .. } = means;
        if let Some(source) = static_keys(config)? {
            return Ok(source.into());
        }
        if let Some(identity) = &config.web_identity {
            let identity = at_home(&config.environment, identity.clone());
            let named_by = NamedBy::Configuration;
            return Ok(BaseSource::WebIdentity { identity, named_by }.into());
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
                Ok(means.last_resorts(tried)?.into())
            }
            source => Ok(Self {
                source: means.of_profile(source)?,
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
            } => Ok(Issued::from_source(credentials.clone(), origin.clone())),
            Self::WebIdentity { identity, named_by } => {
                assume_role_with_web_identity(clients, identity, named_by).await
            }
            Self::Nothing { tried } => Err(ErrorKind::NoCredentials {
                tried: tried.clone(),
            }
            .into()),
            Self::Process(process) => {
                let credentials = process.issue().await?;
                Ok(Issued::from_source(credentials, process.origin()))
            }
            Self::SingleSignOn(sign_on) => {
                let credentials = sign_on.issue().await?;
                Ok(Issued::from_source(credentials, sign_on.origin()))
            }
            Self::Container(container) => {
                let credentials = container.issue().await?;
                Ok(Issued::from_source(
                    credentials,
                    CredentialOrigin::Container,
                ))
            }
            Self::Instance { role, tried } => {
                let origin = CredentialOrigin::InstanceMetadata;
                match role.provide_credentials().await {
                    Ok(credentials) => Ok(Issued::from_source(credentials, origin)),
                    Err(error) => {
                        let mut tried = tried.clone();
                        tried.push(nothing(origin, &bounded(&innermost(&error))));
                        Err(Error::from(ErrorKind::NoCredentials { tried }).caused_by(&error))
                    }
                }
            }
        }
    }
}

impl Issued {
    fn from_source(credentials: Credentials, origin: CredentialOrigin) -> Self {
        Self {
            credentials,
            origin,
            arn: None,
        }
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
            // Something that is no moment is as good as nothing: it is only told.
            .and_then(|text| container::moment(&text).ok()),
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
            setting: Setting {
                name: SettingName::WebIdentityRole,
                named_by: NamedBy::Environment("AWS_ROLE_ARN"),
            },
            problem: SettingProblem::NotRole(error),
        })
    })?;
    let identity = WebIdentity {
        role_arn,
        session_name: environment.get("AWS_ROLE_SESSION_NAME"),
        duration: None,
        policy: None,
        policy_arns: Default::default(),
        token: WebIdentityToken::File(environment.expand(Path::new(&file))),
    };
    let named_by = NamedBy::Environment("AWS_WEB_IDENTITY_TOKEN_FILE");
    Ok(Some(BaseSource::WebIdentity { identity, named_by }))
}

/// The same with the home directory in place of a leading `~`.
fn at_home(environment: &Environment, mut identity: WebIdentity) -> WebIdentity {
    if let WebIdentityToken::File(file) = &mut identity.token {
        *file = environment.expand(file);
    }
    identity
}

impl Means<'_> {
    fn of_profile(&self, source: ProfileSource) -> Result<BaseSource, Error> {
        Ok(match source {
            ProfileSource::Ready(BaseSource::WebIdentity { identity, named_by }) => {
                let identity = at_home(&self.config.environment, identity);
                BaseSource::WebIdentity { identity, named_by }
            }
            ProfileSource::Ready(source) => source,
            ProfileSource::SingleSignOn(profile) => {
                let environment = &self.config.environment;
                let made = SingleSignOn::new(profile, environment, self.settings, self.http)?;
                BaseSource::SingleSignOn(Box::new(made))
            }
            ProfileSource::Environment => environment_keys(&self.config.environment)?
                .unwrap_or_else(|| BaseSource::Nothing {
                    tried: vec![no_environment_keys()],
                }),
            ProfileSource::Container => self.container()?.unwrap_or_else(|| BaseSource::Nothing {
                tried: vec![no_container()],
            }),
            ProfileSource::Instance => self.instance(Vec::new()),
            ProfileSource::None(_) => BaseSource::Nothing { tried: Vec::new() },
        })
    }

    fn last_resorts(&self, mut tried: Vec<Tried>) -> Result<BaseSource, Error> {
        if let Some(container) = self.container()? {
            return Ok(container);
        }
        tried.push(no_container());
        Ok(self.instance(tried))
    }

    fn container(&self) -> Result<Option<BaseSource>, Error> {
        let container = Container::of_environment(&self.config.environment, self.http)?;
        Ok(container.map(|container| BaseSource::Container(Box::new(container))))
    }

    fn instance(&self, mut tried: Vec<Tried>) -> BaseSource {
        let disabled = || {
            let value = self.config.environment.get("AWS_EC2_METADATA_DISABLED");
            value.is_some_and(|value| value.eq_ignore_ascii_case("true"))
        };
        let left_out = match self.config.skip_metadata {
            Some(true) => Some("the provider block leaves it out"),
            None if disabled() => Some("AWS_EC2_METADATA_DISABLED is set"),
            Some(false) | None => None,
        };
        if let Some(reason) = left_out {
            tried.push(nothing(CredentialOrigin::InstanceMetadata, reason));
            return BaseSource::Nothing { tried };
        }
        BaseSource::Instance {
            role: InstanceRole(self.metadata.clone()),
            tried,
        }
    }
}

fn no_container() -> Tried {
    let reason = format!("{} is not set", container::VARIABLES.join(" or "));
    nothing(CredentialOrigin::Container, &reason)
}

//! Regions, endpoints and retries, from the provider block, the environment and the profile.

use std::time::Duration;

use aws_sdk_sts::config::retry::TokenBucket;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;

use super::error::{Error, ErrorKind, NamedBy, Setting, SettingName, SettingProblem};
use super::http::http_url;
use super::regions::is_region;
use super::shared_config::SharedConfig;
use super::{Config, Environment};

/// What every call is made with.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    /// Where STS is asked, and what its calls are signed for.
    pub(super) sts_region: String,
    /// In place of what the region implies.
    pub(super) sts_endpoint: Option<String>,
    /// In place of the one of us-east-1.
    pub(super) ecr_public_endpoint: Option<String>,
    /// In place of the portal of IAM Identity Center.
    pub(super) sso_endpoint: Option<String>,
    /// In place of where the sign-in there is renewed.
    pub(super) sso_oidc_endpoint: Option<String>,
    /// Who asks for FIPS endpoints, if somebody does; never for ECR Public, which has none.
    pub(super) use_fips: Option<NamedBy>,
    /// Dual-stack endpoints.
    pub(super) use_dual_stack: bool,
    /// A deprecated variable that is in use, and the one to set in its place.
    pub(super) deprecated_variable: Option<(&'static str, &'static str)>,
    /// For STS.
    pub(super) sts_retry: RetryConfig,
    /// For ECR Public.
    pub(super) ecr_public_retry: RetryConfig,
    /// How much each budget of retries holds, if somebody says so.
    pub(super) retry_budget: Option<u32>,
    /// For both.
    pub(super) timeouts: TimeoutConfig,
    /// Text to append to the user agent.
    pub(super) user_agent_suffix: Option<String>,
}

impl Settings {
    /// Reads them.
    ///
    /// # Errors
    ///
    /// A value, wherever it comes from, cannot be used.
    pub(super) fn read(config: &Config, shared: &SharedConfig) -> Result<Self, Error> {
        let sources = Sources {
            environment: &config.environment,
            shared,
        };
        let (sts_retry, ecr_public_retry) = retries(config, &sources)?;
        Ok(Self {
            sts_region: sts_region(config, &sources)?,
            sts_endpoint: sources.endpoint(&STS, config.sts_endpoint.as_deref())?,
            ecr_public_endpoint: sources
                .endpoint(&ECR_PUBLIC, config.ecrpublic_endpoint.as_deref())?,
            sso_endpoint: sources.endpoint(&SSO, None)?,
            sso_oidc_endpoint: sources.endpoint(&SSO_OIDC, None)?,
            use_fips: match config.use_fips {
                true => Some(NamedBy::Configuration),
                false => sources.switch("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint")?,
            },
            use_dual_stack: config.use_dualstack
                || sources
                    .switch("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint")?
                    .is_some(),
            deprecated_variable: sources.deprecated(config),
            sts_retry,
            ecr_public_retry,
            retry_budget: config.retry_budget,
            timeouts: TimeoutConfig::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .operation_attempt_timeout(ATTEMPT_TIMEOUT)
                .build(),
            user_agent_suffix: config
                .user_agent_suffix
                .clone()
                .or_else(|| config.environment.get("TF_APPEND_USER_AGENT")),
        })
    }

    /// A new budget of retries.
    pub(super) fn token_bucket(&self) -> TokenBucket {
        match self.retry_budget {
            None => TokenBucket::default(),
            Some(0) => TokenBucket::unlimited(),
            Some(capacity) => {
                // Nothing has more than the machine can count.
                let capacity = usize::try_from(capacity).unwrap_or(usize::MAX);
                TokenBucket::builder().capacity(capacity).build()
            }
        }
    }
}

/// What fills in for the provider block.
struct Sources<'a> {
    environment: &'a Environment,
    shared: &'a SharedConfig,
}

/// A value and who set it.
struct Found {
    value: String,
    named_by: NamedBy,
}

impl Sources<'_> {
    fn find(&self, variables: &[&'static str], key: &str) -> Option<Found> {
        if let Some((variable, value)) = self.environment.first(variables) {
            return Some(Found {
                value,
                named_by: NamedBy::Environment(variable),
            });
        }
        self.shared.get(key).map(|value| self.of_profile(value))
    }

    fn of_profile(&self, value: &str) -> Found {
        Found {
            value: value.to_owned(),
            named_by: NamedBy::Profile(self.shared.selected().to_owned()),
        }
    }

    /// Who has switched this on, if somebody has.
    fn switch(&self, variable: &'static str, key: &str) -> Result<Option<NamedBy>, Error> {
        let Some(found) = self.find(&[variable], key) else {
            return Ok(None);
        };
        match found.value.to_ascii_lowercase().as_str() {
            "true" => Ok(Some(found.named_by)),
            "false" => Ok(None),
            _ => Err(
                found.wrong(SettingName::Switch, |value| SettingProblem::NotOffered {
                    value,
                    offered: &["true", "false"],
                }),
            ),
        }
    }

    /// The deprecated variable for the address of STS, if it is the one that counts.
    fn deprecated(&self, config: &Config) -> Option<(&'static str, &'static str)> {
        let configured = config.sts_endpoint.as_deref();
        let is_configured = configured.is_some_and(|url| !url.is_empty());
        let is_named = self.environment.get(STS.variable).is_some();
        let (variable, _) = self.environment.first(STS.deprecated)?;
        let counts = !is_configured && (!is_named || self.ignores_endpoints().unwrap_or(false));
        counts.then_some((variable, STS.variable))
    }

    /// Whether addresses of the environment and of profiles are switched off.
    fn ignores_endpoints(&self) -> Result<bool, Error> {
        let variable = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS";
        let found = self.switch(variable, "ignore_configured_endpoint_urls")?;
        Ok(found.is_some())
    }

    /// The address of a service: the provider block, the variable of the service, deprecated
    /// variables, the variable for every service, the service in the profile's `services` section,
    /// the profile. All but the block and what is deprecated can be switched off.
    fn endpoint(
        &self,
        service: &Service,
        configured: Option<&str>,
    ) -> Result<Option<String>, Error> {
        if let Some(url) = configured.filter(|url| !url.is_empty()) {
            let found = Found {
                value: url.to_owned(),
                named_by: NamedBy::Configuration,
            };
            return found.endpoint(service).map(Some);
        }
        let ignores = self.ignores_endpoints()?;
        let names = match ignores {
            true => service.deprecated.to_vec(),
            false => [
                &[service.variable],
                service.deprecated,
                &["AWS_ENDPOINT_URL"],
            ]
            .concat(),
        };
        let of_environment = self
            .environment
            .first(&names)
            .map(|(variable, value)| Found {
                value,
                named_by: NamedBy::Environment(variable),
            });
        if ignores {
            let found = of_environment.map(|found| found.endpoint(service));
            return found.transpose();
        }
        let of_profile = || {
            let names = service.profile_names.iter();
            names
                .filter_map(|name| self.shared.service_endpoint(name))
                .chain(self.shared.get("endpoint_url"))
                .next()
                .map(|value| self.of_profile(value))
        };
        of_environment
            .or_else(of_profile)
            .map(|found| found.endpoint(service))
            .transpose()
    }
}

impl Found {
    fn endpoint(self, service: &Service) -> Result<String, Error> {
        match http_url(&self.value) {
            Ok(_) => Ok(self.value),
            Err(problem) => Err(self.wrong(service.setting, |_| problem)),
        }
    }

    fn wrong(self, name: SettingName, problem: impl FnOnce(String) -> SettingProblem) -> Error {
        ErrorKind::InvalidSetting {
            setting: Setting {
                name,
                named_by: self.named_by,
            },
            problem: problem(self.value),
        }
        .into()
    }
}

/// A service whose address can be changed.
struct Service {
    setting: SettingName,
    variable: &'static str,
    /// Variables that hashicorp/aws still reads, and warns about.
    deprecated: &'static [&'static str],
    /// In a `services` section. The SDK for Rust spells one of them in its own way.
    profile_names: &'static [&'static str],
}

const STS: Service = Service {
    setting: SettingName::StsEndpoint,
    variable: "AWS_ENDPOINT_URL_STS",
    deprecated: &["TF_AWS_STS_ENDPOINT", "AWS_STS_ENDPOINT"],
    profile_names: &["sts"],
};

const ECR_PUBLIC: Service = Service {
    setting: SettingName::EcrPublicEndpoint,
    variable: "AWS_ENDPOINT_URL_ECR_PUBLIC",
    deprecated: &[],
    profile_names: &["ecr_public", "ecr-public"],
};

const SSO: Service = Service {
    setting: SettingName::SsoEndpoint,
    variable: "AWS_ENDPOINT_URL_SSO",
    deprecated: &[],
    profile_names: &["sso"],
};

const SSO_OIDC: Service = Service {
    setting: SettingName::SsoOidcEndpoint,
    variable: "AWS_ENDPOINT_URL_SSO_OIDC",
    deprecated: &[],
    profile_names: &["sso_oidc", "sso-oidc"],
};

fn sts_region(config: &Config, sources: &Sources<'_>) -> Result<String, Error> {
    let configured = |value: &Option<String>| {
        value.clone().map(|value| Found {
            value,
            named_by: NamedBy::Configuration,
        })
    };
    let (name, found) = match configured(&config.sts_region) {
        Some(found) => (SettingName::StsRegion, Some(found)),
        None => (
            SettingName::Region,
            configured(&config.region)
                .or_else(|| sources.find(&["AWS_REGION", "AWS_DEFAULT_REGION"], "region")),
        ),
    };
    match found {
        None => Ok(DEFAULT_REGION.to_owned()),
        Some(found) if found.value.is_empty() => Err(found.wrong(name, |_| SettingProblem::Empty)),
        Some(found) if is_region(&found.value, config.skip_region_validation) => Ok(found.value),
        Some(found) => Err(found.wrong(name, SettingProblem::UnknownRegion)),
    }
}

fn retries(config: &Config, sources: &Sources<'_>) -> Result<(RetryConfig, RetryConfig), Error> {
    let attempts = match config.max_retries {
        Some(attempts) => Some(Found {
            value: attempts.to_string(),
            named_by: NamedBy::Configuration,
        }),
        None => sources.find(&["AWS_MAX_ATTEMPTS"], "max_attempts"),
    };
    let attempts = attempts
        .map(|found| match found.value.parse::<u32>() {
            Ok(attempts) if attempts > 0 => Ok(attempts),
            _ => Err(found.wrong(SettingName::MaxRetries, SettingProblem::NotPositive)),
        })
        .transpose()?;
    let is_adaptive = match config.adaptive_retries {
        Some(is_adaptive) => is_adaptive,
        None => is_adaptive(sources)?,
    };
    let retry = if is_adaptive {
        RetryConfig::adaptive()
    } else {
        RetryConfig::standard()
    };
    Ok((
        retry
            .clone()
            .with_max_attempts(attempts.unwrap_or(STS_ATTEMPTS)),
        retry.with_max_attempts(attempts.unwrap_or(ECR_PUBLIC_ATTEMPTS)),
    ))
}

fn is_adaptive(sources: &Sources<'_>) -> Result<bool, Error> {
    let Some(found) = sources.find(&["AWS_RETRY_MODE"], "retry_mode") else {
        return Ok(false);
    };
    match found.value.as_str() {
        "adaptive" => Ok(true),
        "standard" | "legacy" => Ok(false),
        _ => Err(
            found.wrong(SettingName::RetryMode, |value| SettingProblem::NotOffered {
                value,
                offered: &["standard", "adaptive"],
            }),
        ),
    }
}

/// Only picks the host of STS.
const DEFAULT_REGION: &str = "us-east-1";

/// The default of the SDK.
const STS_ATTEMPTS: u32 = 3;

/// Enough to outlast a burst against the calls that allow ten per second and account.
const ECR_PUBLIC_ATTEMPTS: u32 = 10;

/// The default of the SDK's newest behaviour version.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(3100);

/// Answers of a control plane come within seconds or not at all.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);

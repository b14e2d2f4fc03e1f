//! Sources of credentials that the SDK brings, or a client for: profiles with a sign-in or a
//! process, containers, instances.

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::imds;
use aws_config::imds::client::EndpointMode;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sts::config::{BehaviorVersion, Region};

use super::Config;
use super::error::{Error, ErrorKind, NamedBy, Setting, SettingName, SettingProblem};
use super::http::{Http, http_url};
use super::instance::InstanceRole;
use super::shared_config::SharedConfig;

/// Makes them, all with the same HTTP client.
#[derive(Debug)]
pub(super) struct SdkSources {
    config: ProviderConfig,
    instance: imds::Client,
}

impl SdkSources {
    /// Prepares them.
    ///
    /// # Errors
    ///
    /// The address of the instance metadata service cannot be used.
    pub(super) fn new(config: &Config, http: &Http, region: &str) -> Result<Self, Error> {
        let sdk = ProviderConfig::without_region()
            .with_behavior_version(Some(BehaviorVersion::latest()))
            .with_http_client(http.client.clone())
            .with_region(Some(Region::new(region.to_owned())));
        let instance = instance_client(config, &sdk)?;
        Ok(Self {
            config: sdk,
            instance,
        })
    }

    /// The source at the end of a profile.
    pub(super) fn profile(&self, name: &str, shared: &SharedConfig) -> SharedCredentialsProvider {
        let provider = ProfileFileCredentialsProvider::builder()
            .configure(&self.config)
            .profile_name(name)
            .profile_files(shared.files.clone())
            .build();
        SharedCredentialsProvider::new(provider)
    }

    /// The container's credential endpoint.
    pub(super) fn container(&self) -> SharedCredentialsProvider {
        let provider = EcsCredentialsProvider::builder()
            .configure(&self.config)
            .build();
        SharedCredentialsProvider::new(provider)
    }

    /// The instance metadata service.
    pub(super) fn instance(&self) -> SharedCredentialsProvider {
        SharedCredentialsProvider::new(InstanceRole(self.instance.clone()))
    }
}

fn instance_client(config: &Config, sdk: &ProviderConfig) -> Result<imds::Client, Error> {
    let client = imds::Client::builder()
        .configure(sdk)
        .max_attempts(INSTANCE_ATTEMPTS);
    // A mistake in the mode is one, whether or not an address takes its place.
    let mode = endpoint_mode(config)?;
    let variable = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
    let Some((text, named_by)) = found(config, config.ec2_metadata_endpoint.as_ref(), variable)
    else {
        return Ok(match mode {
            Some(mode) => client.endpoint_mode(mode).build(),
            None => client.build(),
        });
    };
    let wrong = |problem| wrong(SettingName::InstanceMetadataEndpoint, &named_by, problem);
    let url = http_url(&text).map_err(wrong)?;
    let client = client
        .endpoint(url.as_str())
        .map_err(|_| wrong(SettingProblem::NotUrl))?;
    Ok(client.build())
}

/// Which of the two addresses of the service is used, if somebody says so.
fn endpoint_mode(config: &Config) -> Result<Option<EndpointMode>, Error> {
    let variable = "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE";
    let configured = config.ec2_metadata_endpoint_mode.as_ref();
    let Some((text, named_by)) = found(config, configured, variable) else {
        return Ok(None);
    };
    text.parse().map(Some).map_err(|_| {
        let problem = SettingProblem::NotOffered {
            value: text.clone(),
            offered: &["IPv4", "IPv6"],
        };
        wrong(SettingName::InstanceMetadataMode, &named_by, problem)
    })
}

fn found(
    config: &Config,
    configured: Option<&String>,
    variable: &'static str,
) -> Option<(String, NamedBy)> {
    match configured {
        Some(text) => Some((text.clone(), NamedBy::Configuration)),
        None => {
            let text = config.environment.get(variable)?;
            Some((text, NamedBy::Environment(variable)))
        }
    }
}

fn wrong(name: SettingName, named_by: &NamedBy, problem: SettingProblem) -> Error {
    let named_by = named_by.clone();
    ErrorKind::InvalidSetting {
        setting: Setting { name, named_by },
        problem,
    }
    .into()
}

/// Where there is no such service, the second attempt only delays the error.
const INSTANCE_ATTEMPTS: u32 = 2;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::Environment;

    #[track_caller]
    fn check_mode(configured: Option<&str>, environment: &str, expected: Option<&str>) {
        let config = Config {
            ec2_metadata_endpoint_mode: configured.map(str::to_owned),
            environment: Environment::of(&[(
                "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
                environment,
            )]),
            ..Config::default()
        };
        let mode = endpoint_mode(&config).unwrap();
        let shown = mode.map(|mode| format!("{mode:?}"));
        assert_eq!(shown.as_deref(), expected, "{configured:?} {environment:?}");
    }

    #[test]
    fn the_block_decides_between_the_addresses_and_then_the_environment() {
        check_mode(None, "", None);
        check_mode(None, "ipv6", Some("IpV6"));
        check_mode(Some("IPv4"), "IPv6", Some("IpV4"));
        check_mode(Some("IPv6"), "", Some("IpV6"));
    }
}

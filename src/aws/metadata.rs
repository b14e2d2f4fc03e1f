//! The client of the instance metadata service: where it is, and how long it is waited for.

use aws_config::imds;
use aws_config::imds::client::EndpointMode;
use aws_config::provider_config::ProviderConfig;
use aws_sdk_sts::config::BehaviorVersion;

use super::Config;
use super::error::{Error, ErrorKind, NamedBy, Setting, SettingName, SettingProblem};
use super::http::{Http, http_url};

/// Prepares it, without asking anybody.
///
/// # Errors
///
/// The address of the service cannot be used.
pub(super) fn client(config: &Config, http: &Http) -> Result<imds::Client, Error> {
    let sdk = ProviderConfig::without_region()
        .with_behavior_version(Some(BehaviorVersion::latest()))
        .with_http_client(http.client.clone());
    let client = imds::Client::builder()
        .configure(&sdk)
        .max_attempts(ATTEMPTS);
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
const ATTEMPTS: u32 = 2;

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

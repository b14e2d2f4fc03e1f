//! Sources of credentials that the SDK brings: profiles with a sign-in or a process, containers,
//! instances.

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::imds;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sts::config::{BehaviorVersion, Region};

use super::Config;
use super::error::{Error, ErrorKind, NamedBy, Setting, SettingName, SettingProblem};
use super::http::{Http, http_url};
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
        let provider = ImdsCredentialsProvider::builder()
            .configure(&self.config)
            .imds_client(self.instance.clone())
            .build();
        SharedCredentialsProvider::new(provider)
    }
}

fn instance_client(config: &Config, sdk: &ProviderConfig) -> Result<imds::Client, Error> {
    let client = imds::Client::builder()
        .configure(sdk)
        .max_attempts(INSTANCE_ATTEMPTS);
    let variable = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
    let (text, named_by) = match &config.ec2_metadata_endpoint {
        Some(text) => (text.clone(), NamedBy::Configuration),
        None => match config.environment.get(variable) {
            Some(text) => (text, NamedBy::Environment(variable)),
            None => return Ok(client.build()),
        },
    };
    let wrong = |problem| {
        Error::from(ErrorKind::InvalidSetting {
            setting: Setting {
                name: SettingName::InstanceMetadataEndpoint,
                named_by: named_by.clone(),
            },
            problem,
        })
    };
    let url = http_url(&text).map_err(&wrong)?;
    let client = client
        .endpoint(url.as_str())
        .map_err(|_| wrong(SettingProblem::NotUrl))?;
    Ok(client.build())
}

/// Where there is no such service, the second attempt only delays the error.
const INSTANCE_ATTEMPTS: u32 = 2;

//! Clients of the two services, all made with the same settings.

use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::provider::ProvideCredentials;
use aws_sdk_ecrpublic::config::retry::RetryPartition;
use aws_sdk_sts::config::{BehaviorVersion, IdentityCache, Region};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextMut;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use tokio::time::Instant;
use url::Url;

use crate::task;

use super::http::Http;
use super::settings::Settings;

/// Makes clients. Cheap to clone.
///
/// The credentials of a client are held by whoever provides them; the clients cache none.
#[derive(Clone, Debug)]
pub(super) struct Clients {
    parts: Arc<Parts>,
}

#[derive(Debug)]
struct Parts {
    settings: Settings,
    http: Http,
    /// Each call of STS has a client of its own, so the budget of retries is kept here.
    sts_budget: RetryPartition,
}

/// One call, as far as its errors need it.
#[derive(Clone, Debug)]
pub(super) struct Call {
    /// The IAM action.
    pub(super) action: &'static str,
    /// What it is about: an ARN, or `*`.
    pub(super) resource: String,
    endpoint: Endpoint,
    clients: Clients,
    started: Instant,
}

/// Which service a call goes to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Endpoint {
    /// STS.
    Sts,
    /// The API of ECR Public.
    EcrPublic,
}

impl Clients {
    pub(super) fn new(settings: Settings, http: Http) -> Self {
        let sts_budget = RetryPartition::custom("sts")
            .token_bucket(settings.token_bucket())
            .build();
        Self {
            parts: Arc::new(Parts {
                settings,
                http,
                sts_budget,
            }),
        }
    }

    /// A client of STS that signs with these credentials.
    pub(super) fn sts(
        &self,
        credentials: impl ProvideCredentials + 'static,
    ) -> aws_sdk_sts::Client {
        let config = self.sts_config().credentials_provider(credentials);
        aws_sdk_sts::Client::from_conf(config.build())
    }

    /// A client of STS for the calls that are not signed.
    pub(super) fn unsigned_sts(&self) -> aws_sdk_sts::Client {
        aws_sdk_sts::Client::from_conf(self.sts_config().build())
    }

    /// A client of ECR Public that signs with these credentials.
    ///
    /// It has a budget of retries of its own: the quotas of the service are per account, and one
    /// throttled account must not use up the patience that others may need.
    pub(super) fn ecr_public(
        &self,
        credentials: impl ProvideCredentials + 'static,
    ) -> aws_sdk_ecrpublic::Client {
        let settings = &self.parts.settings;
        let budget = RetryPartition::custom("ecr-public")
            .token_bucket(settings.token_bucket())
            .build();
        let mut config = aws_sdk_ecrpublic::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static(ECR_PUBLIC_REGION))
            .http_client(self.parts.http.client.clone())
            .identity_cache(IdentityCache::no_cache())
            .retry_config(settings.ecr_public_retry.clone())
            .retry_partition(budget)
            .timeout_config(settings.timeouts.clone())
            .credentials_provider(credentials);
        match &settings.ecr_public_endpoint {
            Some(url) => config = config.endpoint_url(url),
            None => config = config.use_dual_stack(settings.use_dual_stack),
        }
        if let Some(suffix) = &settings.user_agent_suffix {
            config = config.interceptor(UserAgentSuffix(suffix.clone()));
        }
        aws_sdk_ecrpublic::Client::from_conf(config.build())
    }

    /// The region that calls of STS are signed for.
    pub(super) fn sts_region(&self) -> &str {
        &self.parts.settings.sts_region
    }

    /// How requests leave this machine.
    pub(super) fn http(&self) -> &Http {
        &self.parts.http
    }

    /// Notes the start of a call.
    pub(super) fn begin(
        &self,
        endpoint: Endpoint,
        action: &'static str,
        resource: impl Into<String>,
    ) -> Call {
        Call {
            action,
            resource: resource.into(),
            endpoint,
            clients: self.clone(),
            started: task::monotonic(),
        }
    }

    fn sts_config(&self) -> aws_sdk_sts::config::Builder {
        let settings = &self.parts.settings;
        let mut config = aws_sdk_sts::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(settings.sts_region.clone()))
            .http_client(self.parts.http.client.clone())
            .identity_cache(IdentityCache::no_cache())
            .retry_config(settings.sts_retry.clone())
            .retry_partition(self.parts.sts_budget.clone())
            .timeout_config(settings.timeouts.clone());
        match &settings.sts_endpoint {
            Some(url) => config = config.endpoint_url(url),
            None => {
                config = config
                    .use_fips(settings.use_fips.is_some())
                    .use_dual_stack(settings.use_dual_stack);
            }
        }
        if let Some(suffix) = &settings.user_agent_suffix {
            config = config.interceptor(UserAgentSuffix(suffix.clone()));
        }
        config
    }
}

impl Call {
    pub(super) fn clients(&self) -> &Clients {
        &self.clients
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    pub(super) fn attempts(&self) -> u32 {
        let settings = &self.clients.parts.settings;
        match self.endpoint {
            Endpoint::Sts => settings.sts_retry.max_attempts(),
            Endpoint::EcrPublic => settings.ecr_public_retry.max_attempts(),
        }
    }

    /// The region the call is signed for.
    pub(super) fn region(&self) -> &str {
        match self.endpoint {
            Endpoint::Sts => self.clients.sts_region(),
            Endpoint::EcrPublic => ECR_PUBLIC_REGION,
        }
    }

    /// The scheme and the host, with its port, that the call goes to.
    pub(super) fn address(&self) -> (String, String) {
        let settings = &self.clients.parts.settings;
        let (endpoint, standard) = match self.endpoint {
            Endpoint::Sts => (&settings.sts_endpoint, sts_host(settings)),
            Endpoint::EcrPublic => (
                &settings.ecr_public_endpoint,
                match settings.use_dual_stack {
                    true => format!("ecr-public.{ECR_PUBLIC_REGION}.api.aws"),
                    false => format!("api.ecr-public.{ECR_PUBLIC_REGION}.amazonaws.com"),
                },
            ),
        };
        match endpoint.as_deref().and_then(|url| Url::parse(url).ok()) {
            Some(url) => (url.scheme().to_owned(), authority(&url)),
            None => ("https".to_owned(), standard),
        }
    }
}

fn sts_host(settings: &Settings) -> String {
    let service = match settings.use_fips {
        Some(_) => "sts-fips",
        None => "sts",
    };
    let domain = if settings.use_dual_stack {
        "api.aws"
    } else {
        "amazonaws.com"
    };
    format!("{service}.{}.{domain}", settings.sts_region)
}

fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// Appends text to the user agent.
#[derive(Debug)]
struct UserAgentSuffix(String);

impl Intercept for UserAgentSuffix {
    fn name(&self) -> &'static str {
        "UserAgentSuffix"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let headers = context.request_mut().headers_mut();
        let agent = headers.get("user-agent").unwrap_or_default();
        let agent = format!("{agent} {}", self.0).trim_start().to_owned();
        // A suffix that is no header value is left out; it is decoration.
        if let Ok(value) = http::HeaderValue::try_from(agent.as_str())
            && value.to_str().is_ok()
        {
            headers.insert("user-agent", agent);
        }
        Ok(())
    }
}

/// Where ECR Public is, whatever region everything else is in.
pub(super) const ECR_PUBLIC_REGION: &str = "us-east-1";

//! The AWS part of the provider block.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::net::Secret;

use super::{AccountId, AccountRole, Environment, Hop, WebIdentity};

/// The AWS part of the provider block, as written; the environment fills what is left out.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Only for STS.
    pub region: Option<String>,
    /// Region for STS, over `region`.
    pub sts_region: Option<String>,
    /// A profile of the shared configuration.
    pub profile: Option<String>,
    /// Static access key.
    pub access_key: Option<String>,
    /// Static secret key.
    pub secret_key: Option<Secret<String>>,
    /// Static session token.
    pub token: Option<Secret<String>>,
    /// Shared configuration files; empty: the environment decides.
    pub shared_config_files: Vec<PathBuf>,
    /// Shared credentials files; empty: the environment decides.
    pub shared_credentials_files: Vec<PathBuf>,
    /// First hop from outside AWS.
    pub web_identity: Option<WebIdentity>,
    /// Hops of the provider, in order.
    pub assume_role: Vec<Hop>,
    /// From the provider's identity into a target account.
    pub account_role: Option<AccountRole>,
    /// Override for STS.
    pub sts_endpoint: Option<String>,
    /// Override for the ECR Public API.
    pub ecrpublic_endpoint: Option<String>,
    /// Attempts per request.
    pub max_retries: Option<u32>,
    /// Adaptive or standard retries; `None`: the environment decides.
    pub adaptive_retries: Option<bool>,
    /// How much each budget of retries holds; zero: any number of retries. `None`: what the SDK has.
    pub retry_budget: Option<u32>,
    /// PEM file whose certificates replace the system roots.
    pub ca_bundle: Option<PathBuf>,
    /// `None`: the environment decides.
    pub http_proxy: Option<String>,
    /// `None`: the environment decides.
    pub https_proxy: Option<String>,
    /// `None`: the environment decides.
    pub no_proxy: Option<String>,
    /// FIPS endpoint for STS.
    pub use_fips: bool,
    /// Dual-stack endpoints.
    pub use_dualstack: bool,
    /// Instance metadata endpoint.
    pub ec2_metadata_endpoint: Option<String>,
    /// `IPv4` or `IPv6`: which address the instance metadata service has, where no other is given.
    pub ec2_metadata_endpoint_mode: Option<String>,
    /// Whether to leave the instance metadata service out; `None`: the environment decides.
    pub skip_metadata: Option<bool>,
    /// Do not check the provider's own identity when configured.
    pub skip_credentials_validation: bool,
    /// Do not ask STS whose the provider's credentials are when configured.
    pub skip_requesting_account_id: bool,
    /// Accept region names that are not in the list.
    pub skip_region_validation: bool,
    /// The only accounts that may be written to.
    pub allowed_account_ids: BTreeSet<AccountId>,
    /// Accounts that must not be written to.
    pub forbidden_account_ids: BTreeSet<AccountId>,
    /// Text to append to the user agent.
    pub user_agent_suffix: Option<String>,
    /// Where environment variables are read.
    pub environment: Environment,
}

impl Config {
    /// The proxy for HTTPS that the provider block asks for; an empty text means none.
    ///
    /// As hashicorp/aws has it: its proxy for HTTP carries HTTPS too, unless one for HTTPS is
    /// configured, if only as empty, or in the environment.
    #[must_use]
    pub fn proxy_for_https(&self) -> Option<&str> {
        let https = self.https_proxy.as_deref();
        https.or_else(|| {
            self.http_proxy
                .as_deref()
                .filter(|_| self.http_proxy_carries_https())
        })
    }

    pub(super) fn http_proxy_carries_https(&self) -> bool {
        self.http_proxy
            .as_deref()
            .is_some_and(|url| !url.is_empty())
            && self.https_proxy.is_none()
            && self.environment.first(&HTTPS_PROXY).is_none()
    }
}

/// What says through which proxy HTTPS goes, the first that is set.
pub(super) const HTTPS_PROXY: [&str; 2] = ["HTTPS_PROXY", "https_proxy"];

//! What practitioners should know although everything works.

use super::Config;
use super::error::NamedBy;
use super::settings::Settings;

/// Something that works, if not as it reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// FIPS endpoints are asked for. ECR Public has none, so its API is called at the usual one.
    NoFipsForEcrPublic {
        /// Who asks for them.
        named_by: NamedBy,
    },
    /// A variable that hashicorp/aws has long called deprecated.
    DeprecatedVariable {
        /// Its name.
        name: &'static str,
        /// The one to set in its place.
        instead: &'static str,
    },
    /// The proxy for HTTP of the provider block carries HTTPS too, since there is none for HTTPS.
    HttpProxyCarriesHttps,
}

impl Notice {
    /// Everything that there is to say about these settings.
    pub(super) fn all(config: &Config, settings: &Settings) -> Vec<Self> {
        let fips = settings.use_fips.clone();
        let fips = fips.filter(|_| settings.ecr_public_endpoint.is_none());
        let deprecated = settings.deprecated_variable;
        [
            fips.map(|named_by| Self::NoFipsForEcrPublic { named_by }),
            deprecated.map(|(name, instead)| Self::DeprecatedVariable { name, instead }),
            config
                .http_proxy_carries_https()
                .then_some(Self::HttpProxyCarriesHttps),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

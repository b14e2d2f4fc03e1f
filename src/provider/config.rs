//! The provider block as a struct.

use crate::net::Secret;
use crate::tf::{Attr, Field, Model as _, ModelError, Number, Value};

use super::known::{TextMap, Texts};
use super::role::AssumeRole;

/// Blocks of one name. Null and unknown happen where a `dynamic` block makes them.
pub(crate) type Blocks<T> = Attr<Vec<Attr<T>>>;

crate::model! {
    /// The provider block.
    pub struct ProviderConfig {
        pub(crate) region: Attr<String>,
        pub(crate) sts_region: Attr<String>,
        pub(crate) profile: Attr<String>,
        pub(crate) access_key: Attr<String>,
        pub(crate) secret_key: Attr<Secret<String>>,
        pub(crate) token: Attr<Secret<String>>,
        pub(crate) shared_config_files: Texts,
        pub(crate) shared_credentials_files: Texts,
        pub(crate) allowed_account_ids: Texts,
        pub(crate) forbidden_account_ids: Texts,
        pub(crate) max_retries: Attr<Whole>,
        pub(crate) retry_mode: Attr<String>,
        pub(crate) token_bucket_rate_limiter_capacity: Attr<Whole>,
        pub(crate) custom_ca_bundle: Attr<String>,
        pub(crate) http_proxy: Attr<String>,
        pub(crate) https_proxy: Attr<String>,
        pub(crate) no_proxy: Attr<String>,
        pub(crate) use_fips_endpoint: Attr<bool>,
        pub(crate) use_dualstack_endpoint: Attr<bool>,
        pub(crate) ec2_metadata_service_endpoint: Attr<String>,
        pub(crate) ec2_metadata_service_endpoint_mode: Attr<String>,
        pub(crate) skip_metadata_api_check: Attr<String>,
        pub(crate) skip_credentials_validation: Attr<bool>,
        pub(crate) skip_requesting_account_id: Attr<bool>,
        pub(crate) skip_region_validation: Attr<bool>,
        pub(crate) docker_config: Attr<String>,
        pub(crate) max_concurrent_transfers: Attr<Whole>,
        pub(crate) prefer_mirrors: Attr<bool>,
        pub(crate) assume_role: Blocks<AssumeRole>,
        pub(crate) assume_role_with_web_identity: Blocks<WebIdentityBlock>,
        pub(crate) account_role: Attr<AssumeRole>,
        pub(crate) registry: Blocks<RegistryBlock>,
        pub(crate) pull_budget: Attr<PullBudgetBlock>,
        pub(crate) endpoints: Blocks<EndpointsBlock>,
        pub(crate) default_tags: Blocks<DefaultTagsBlock>,
    }
}

crate::model! {
    /// `assume_role_with_web_identity`
    pub(crate) struct WebIdentityBlock {
        pub(crate) role_arn: Attr<String>,
        pub(crate) duration: Attr<String>,
        pub(crate) policy: Attr<String>,
        pub(crate) policy_arns: Texts,
        pub(crate) session_name: Attr<String>,
        pub(crate) web_identity_token: Attr<Secret<String>>,
        pub(crate) web_identity_token_file: Attr<String>,
    }
}

crate::model! {
    /// `registry`
    pub(crate) struct RegistryBlock {
        pub(crate) host: Attr<String>,
        pub(crate) username: Attr<String>,
        pub(crate) password: Attr<Secret<String>>,
        pub(crate) token: Attr<Secret<String>>,
        pub(crate) endpoint: Attr<String>,
        pub(crate) ca_bundle: Attr<String>,
        pub(crate) plain_http: Attr<bool>,
        pub(crate) insecure: Attr<bool>,
    }
}

crate::model! {
    /// `pull_budget`
    pub(crate) struct PullBudgetBlock {
        pub(crate) reserve: Attr<Whole>,
        pub(crate) on_exhausted: Attr<String>,
    }
}

crate::model! {
    /// `endpoints`
    pub(crate) struct EndpointsBlock {
        pub(crate) ecrpublic: Attr<String>,
        pub(crate) sts: Attr<String>,
        pub(crate) registry: Attr<String>,
    }
}

crate::model! {
    /// `default_tags`
    pub(crate) struct DefaultTagsBlock {
        pub(crate) tags: TextMap,
    }
}

/// A number of which only whole ones make sense. The others are kept, to be named in a message.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Whole(pub(crate) Number);

impl Whole {
    /// The number, if it is a whole one in this range.
    pub(crate) fn within(&self, range: std::ops::RangeInclusive<u32>) -> Option<u32> {
        let Number::Integer(number) = self.0 else {
            return None;
        };
        u32::try_from(number)
            .ok()
            .filter(|number| range.contains(number))
    }
}

impl Field for Whole {
    fn read(value: &Value) -> Result<Self, ModelError> {
        match value {
            Value::Number(number) => Ok(Self(number.clone())),
            _ => Err(ModelError::expected("a number")),
        }
    }

    fn write(&self) -> Value {
        Value::Number(self.0.clone())
    }
}

/// Text that must not be printed.
impl Field for Secret<String> {
    fn read(value: &Value) -> Result<Self, ModelError> {
        String::read(value).map(Self::new)
    }

    fn write(&self) -> Value {
        self.reveal().write()
    }
}

impl ProviderConfig {
    /// Whether something is not known yet, which happens in plans.
    pub(crate) fn has_unknown(&self) -> bool {
        self.to_value().has_unknown()
    }
}

/// The blocks that are known, with their positions.
pub(crate) fn known_blocks<T>(blocks: &Blocks<T>) -> impl Iterator<Item = (usize, &T)> {
    let blocks = blocks.known().into_iter().flatten().enumerate();
    blocks.filter_map(|(position, block)| Some((position, block.known()?)))
}

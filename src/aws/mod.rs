//! AWS: who we are, who we become, and the calls of ECR Public.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use crate::blame::Blame;
use crate::net::Secret;
use crate::task::Context;

/// A twelve-digit account number.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId(String);

/// Not twelve digits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an AWS account ID has twelve digits")]
pub struct InvalidAccountId;

impl FromStr for AccountId {
    type Err = InvalidAccountId;
    fn from_str(text: &str) -> Result<Self, InvalidAccountId> {
        if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidAccountId)
        }
    }
}

impl AccountId {
    /// Its digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The ARN of an IAM role.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoleArn {
    text: String,
    account: AccountId,
}

/// Not the ARN of an IAM role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRoleArn {
    /// Empty.
    #[error("the role ARN is empty")]
    Empty,
    /// Another form.
    #[error("a role ARN has the form `arn:aws:iam::<account>:role/<name>`")]
    Form,
}

impl FromStr for RoleArn {
    type Err = InvalidRoleArn;
    fn from_str(text: &str) -> Result<Self, InvalidRoleArn> {
        let _ = text;
        todo!()
    }
}

impl RoleArn {
    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
    /// The account that the role is in.
    #[must_use]
    pub fn account(&self) -> &AccountId {
        &self.account
    }
}

/// One role to assume, with everything STS takes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Hop {
    /// The role.
    pub role_arn: RoleArn,
    /// `None`: one name per provider instance.
    pub session_name: Option<String>,
    /// Visible configuration, but not logged.
    pub external_id: Option<String>,
    /// `None`: one hour.
    pub duration: Option<Duration>,
    /// Session policy, JSON.
    pub policy: Option<String>,
    /// Managed session policies.
    pub policy_arns: BTreeSet<String>,
    /// Sticky across later hops.
    pub source_identity: Option<String>,
    /// Session tags.
    pub tags: BTreeMap<String, String>,
    /// Tags that later hops keep.
    pub transitive_tag_keys: BTreeSet<String>,
}

/// The first hop from an identity outside AWS.
#[derive(Clone, Debug)]
pub struct WebIdentity {
    /// The role.
    pub role_arn: RoleArn,
    /// `None`: one name per provider instance.
    pub session_name: Option<String>,
    /// `None`: the default of AWS.
    pub duration: Option<Duration>,
    /// Session policy, JSON.
    pub policy: Option<String>,
    /// Managed session policies.
    pub policy_arns: BTreeSet<String>,
    /// The token, or a file that holds it.
    pub token: WebIdentityToken,
}

/// Where a web identity token is.
#[derive(Clone, Debug)]
pub enum WebIdentityToken {
    /// Here.
    Inline(Secret<String>),
    /// In this file, read anew for every use.
    File(PathBuf),
}

/// How to get from the provider's identity into a target account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRole {
    /// A role ARN with `{account_id}` in place of the account.
    pub template: String,
    /// The other members of a hop; `role_arn` is replaced.
    pub session: HopSession,
}

/// A [`Hop`] without its role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HopSession {
    /// See [`Hop`].
    pub session_name: Option<String>,
    /// See [`Hop`].
    pub external_id: Option<String>,
    /// See [`Hop`].
    pub duration: Option<Duration>,
    /// See [`Hop`].
    pub policy: Option<String>,
    /// See [`Hop`].
    pub policy_arns: BTreeSet<String>,
    /// See [`Hop`].
    pub source_identity: Option<String>,
    /// See [`Hop`].
    pub tags: BTreeMap<String, String>,
    /// See [`Hop`].
    pub transitive_tag_keys: BTreeSet<String>,
}

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
    /// Adaptive in place of standard retries.
    pub adaptive_retries: bool,
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
    /// Leave the instance metadata service out.
    pub skip_metadata: bool,
    /// Do not check the provider's own identity when configured.
    pub skip_credentials_validation: bool,
    /// Accept region names that are not in the list.
    pub skip_region_validation: bool,
    /// The only accounts that may be written to.
    pub allowed_account_ids: BTreeSet<AccountId>,
    /// Accounts that must not be written to.
    pub forbidden_account_ids: BTreeSet<AccountId>,
    /// Text to append to the user agent.
    pub user_agent_suffix: Option<String>,
}

/// Which identity to use: hops after the provider's own, and the account that must be reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Target {
    /// Hops of the resource. When empty and `account` is not the provider's own account, the
    /// account role leads there.
    pub hops: Vec<Hop>,
    /// The account that must be reached, if it is known beforehand.
    pub account: Option<AccountId>,
}

/// Who AWS says we are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The account.
    pub account: AccountId,
    /// The ARN of the caller.
    pub arn: String,
}

/// A login for the registry of ECR Public.
#[derive(Clone, Debug)]
pub struct AuthorizationToken {
    /// `AWS`.
    pub username: String,
    /// The password.
    pub password: Secret<String>,
    /// When it ends.
    pub expires_at: SystemTime,
}

/// The registry of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicRegistry {
    /// The account.
    pub account: AccountId,
    /// Its primary alias, if it has one yet.
    pub alias: Option<String>,
    /// Every active alias.
    pub aliases: Vec<String>,
}

/// A repository of ECR Public.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicRepository {
    /// Its ARN.
    pub arn: String,
    /// `public.ecr.aws/<alias>/<name>`
    pub uri: String,
    /// The account.
    pub account: AccountId,
    /// Its name.
    pub name: String,
}

/// An image as the API describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageDetail {
    /// Its digest.
    pub digest: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its media type.
    pub media_type: Option<String>,
}

/// An image to delete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageId {
    /// By digest.
    pub digest: Option<String>,
    /// By tag; with a digest, both must agree.
    pub tag: Option<String>,
}

/// Why an image was not deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeleteFailure {
    /// Which.
    pub image: ImageId,
    /// The service's code, such as `ImageReferencedByManifestList`.
    pub code: String,
    /// Its words.
    pub reason: String,
}

/// Something on the way to or in AWS failed.
#[derive(Debug, thiserror::Error)]
#[error("AWS error")]
pub struct Error {}

impl Error {
    /// Whose move it is.
    #[must_use]
    pub fn blame(&self) -> Blame {
        todo!()
    }
}

/// The provider's way into AWS. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Aws {}

impl Aws {
    /// Prepares everything and, unless told otherwise, checks that the provider's own identity
    /// can be reached.
    ///
    /// # Errors
    ///
    /// The catalogue of credential errors.
    pub async fn connect(cx: &Context, config: Config) -> Result<Self, Error> {
        let _ = (cx, config);
        todo!()
    }

    /// A handle on one identity. Nothing is asked of AWS yet. Equal targets share everything.
    #[must_use]
    pub fn session(&self, target: &Target) -> Session {
        let _ = target;
        Session {}
    }
}

/// One identity and what it may call. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Session {}

impl Session {
    /// Who this is, after all hops. Checked against the account lists and the target's account:
    /// the guard before every write.
    ///
    /// # Errors
    ///
    /// A hop was refused, or the account is not the one expected.
    pub async fn identity(&self, cx: &Context) -> Result<Identity, Error> {
        let _ = cx;
        todo!()
    }
    /// The registry of the account; asked once per session.
    ///
    /// # Errors
    ///
    /// As AWS says.
    pub async fn registry(&self, cx: &Context) -> Result<PublicRegistry, Error> {
        let _ = cx;
        todo!()
    }
    /// A login for the registry, renewed before it ends.
    ///
    /// # Errors
    ///
    /// As AWS says.
    pub async fn authorization_token(&self, cx: &Context) -> Result<AuthorizationToken, Error> {
        let _ = cx;
        todo!()
    }
    /// The registry refused the login; the next call gets a new one.
    pub async fn forget_authorization_token(&self) {
        todo!()
    }
    /// The repository, or `None` when it does not exist.
    ///
    /// # Errors
    ///
    /// As AWS says.
    pub async fn repository(
        &self,
        cx: &Context,
        name: &str,
    ) -> Result<Option<PublicRepository>, Error> {
        let _ = (cx, name);
        todo!()
    }
    /// Creates the repository, or finds that somebody else just did.
    ///
    /// # Errors
    ///
    /// As AWS says.
    pub async fn create_repository(
        &self,
        cx: &Context,
        name: &str,
        tags: &BTreeMap<String, String>,
    ) -> Result<PublicRepository, Error> {
        let _ = (cx, name, tags);
        todo!()
    }
    /// Adds and removes AWS tags of a repository.
    ///
    /// # Errors
    ///
    /// As AWS says.
    pub async fn retag_repository(
        &self,
        cx: &Context,
        arn: &str,
        set: &BTreeMap<String, String>,
        remove: &BTreeSet<String>,
    ) -> Result<(), Error> {
        let _ = (cx, arn, set, remove);
        todo!()
    }
    /// The AWS tags of a repository.
    ///
    /// # Errors
    ///
    /// As AWS says.
    pub async fn repository_tags(
        &self,
        cx: &Context,
        arn: &str,
    ) -> Result<BTreeMap<String, String>, Error> {
        let _ = (cx, arn);
        todo!()
    }
    /// An image by tag or digest; `None` when it, or its repository, does not exist.
    ///
    /// # Errors
    ///
    /// As AWS says.
    pub async fn image(
        &self,
        cx: &Context,
        repository: &str,
        id: &ImageId,
    ) -> Result<Option<ImageDetail>, Error> {
        let _ = (cx, repository, id);
        todo!()
    }
    /// Which of these layer digests are in the repository.
    ///
    /// # Errors
    ///
    /// As AWS says.
    pub async fn available_layers(
        &self,
        cx: &Context,
        repository: &str,
        digests: &[String],
    ) -> Result<HashSet<String>, Error> {
        let _ = (cx, repository, digests);
        todo!()
    }
    /// Deletes images, at most 100. What was not there counts as deleted.
    ///
    /// # Errors
    ///
    /// As AWS says.
    pub async fn delete_images(
        &self,
        cx: &Context,
        repository: &str,
        images: &[ImageId],
    ) -> Result<Vec<DeleteFailure>, Error> {
        let _ = (cx, repository, images);
        todo!()
    }
}

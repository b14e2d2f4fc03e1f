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


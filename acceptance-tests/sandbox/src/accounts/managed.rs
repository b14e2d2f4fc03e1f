//! The AWS managed policies that concern ECR Public, and the two everybody knows.

use serde_json::json;

use crate::policy::PolicyDocument;

const READ: [&str; 10] = [
    "ecr-public:GetAuthorizationToken",
    "ecr-public:BatchCheckLayerAvailability",
    "ecr-public:GetRepositoryPolicy",
    "ecr-public:DescribeRepositories",
    "ecr-public:DescribeRegistries",
    "ecr-public:DescribeImages",
    "ecr-public:DescribeImageTags",
    "ecr-public:GetRepositoryCatalogData",
    "ecr-public:GetRegistryCatalogData",
    "ecr-public:ListTagsForResource",
];

const WRITE: [&str; 5] = [
    "sts:GetServiceBearerToken",
    "ecr-public:InitiateLayerUpload",
    "ecr-public:UploadLayerPart",
    "ecr-public:CompleteLayerUpload",
    "ecr-public:PutImage",
];

/// The policy with this ARN, when the sandbox knows it.
///
/// The read-only policy lacks `sts:GetServiceBearerToken`, as the real one does, so its holders
/// cannot log in to the registry.
pub(super) fn managed_policy(arn: &str) -> Option<PolicyDocument> {
    let actions: Vec<&str> = match arn.strip_prefix("arn:aws:iam::aws:policy/")? {
        "AdministratorAccess" => vec!["*"],
        "AmazonElasticContainerRegistryPublicFullAccess" => {
            vec!["ecr-public:*", "sts:GetServiceBearerToken"]
        }
        "AmazonElasticContainerRegistryPublicPowerUser" => [&READ[..], &WRITE[..]].concat(),
        "AmazonElasticContainerRegistryPublicReadOnly" => READ.to_vec(),
        _ => return None,
    };
    PolicyDocument::try_from(json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Action": actions, "Resource": "*" }],
    }))
    .ok()
}

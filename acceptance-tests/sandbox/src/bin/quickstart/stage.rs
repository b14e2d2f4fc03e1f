//! What the story is told with: accounts, roles, and one image at Docker Hub.

use anyhow::Result;
use ecr_public_sandbox::accounts::{AccountSeed, AccountsSeed, RoleSeed, UserSeed};
use ecr_public_sandbox::hub::{HubSeed, RepositorySeed};
use ecr_public_sandbox::image::{Attestations, ImageSpec};
use ecr_public_sandbox::policy::PolicyDocument;
use ecr_public_sandbox::{Sandbox, Seed};
use serde_json::json;

/// Where the pipeline is at home.
pub(crate) const TOOLING: &str = "111111111111";
/// Those who publish.
pub(crate) const ACCOUNTS: [&str; 2] = ["222222222222", "333333333333"];
/// The image, as one would write it after `docker pull`.
pub(crate) const IMAGE: &str = "alpine:3.22";
/// The repository it gets in ECR Public.
pub(crate) const REPOSITORY: &str = "alpine";

const ACCESS_KEY: &str = "AKIAQUICKSTARTPIPELN";
const SECRET_KEY: &str = "quickstart/does/not/need/a/secret/key/00";

/// What a publisher may do; README and documentation list the same.
const PUBLISHER: [&str; 16] = [
    "sts:GetServiceBearerToken",
    "ecr-public:GetAuthorizationToken",
    "ecr-public:DescribeRegistries",
    "ecr-public:DescribeRepositories",
    "ecr-public:DescribeImages",
    "ecr-public:DescribeImageTags",
    "ecr-public:ListTagsForResource",
    "ecr-public:BatchCheckLayerAvailability",
    "ecr-public:InitiateLayerUpload",
    "ecr-public:UploadLayerPart",
    "ecr-public:CompleteLayerUpload",
    "ecr-public:PutImage",
    "ecr-public:CreateRepository",
    "ecr-public:TagResource",
    "ecr-public:UntagResource",
    "ecr-public:BatchDeleteImage",
];

/// Three accounts and an image.
pub(crate) fn seed() -> Result<Seed> {
    Ok(Seed {
        accounts: AccountsSeed { accounts: accounts()?, ..AccountsSeed::default() },
        hub: hub(),
        ..Seed::default()
    })
}

fn accounts() -> Result<Vec<AccountSeed>> {
    let tooling = format!("arn:aws:iam::{TOOLING}:role/tooling");
    let pipeline = UserSeed::new("pipeline", ACCESS_KEY, SECRET_KEY)
        .policy(PolicyDocument::allow(&["sts:AssumeRole"], &tooling)?);
    let trusts_pipeline =
        PolicyDocument::trust(&[&format!("arn:aws:iam::{TOOLING}:user/pipeline")]);
    let role = RoleSeed::new("tooling", trusts_pipeline)
        .policy(PolicyDocument::allow(&["sts:AssumeRole"], "arn:aws:iam::*:role/ecr-publisher")?);
    let mut accounts = vec![AccountSeed::new(TOOLING)?.user(pipeline).role(role)];
    for account in ACCOUNTS {
        let publisher = RoleSeed::new("ecr-publisher", PolicyDocument::trust(&[&tooling]))
            .policy(PolicyDocument::allow(&PUBLISHER, "*")?);
        accounts.push(AccountSeed::new(account)?.role(publisher));
    }
    Ok(accounts)
}

fn hub() -> HubSeed {
    let image = ImageSpec {
        platforms: vec!["linux/amd64".to_owned(), "linux/arm64/v8".to_owned()],
        layers: vec![3 << 20, 700 << 10],
        attestations: Attestations::Image,
        ..ImageSpec::default()
    };
    let alpine = RepositorySeed { tags: [("3.22".to_owned(), image)].into(), readers: None };
    HubSeed {
        repositories: [("library/alpine".to_owned(), alpine)].into(),
        ..HubSeed::default()
    }
}

/// The credentials of the pipeline, and nothing else: addresses are variables of the example.
pub(crate) fn environment(_: &Sandbox) -> Vec<(String, String)> {
    let variables = [
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
        ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ];
    variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

/// The variables of the example, as Terraform reads them.
pub(crate) fn variables(sandbox: &Sandbox) -> Result<String> {
    let variables = json!({
        "account_ids": ACCOUNTS,
        "images": [IMAGE],
        "tooling_role_arn": format!("arn:aws:iam::{TOOLING}:role/tooling"),
        "docker_hub": { "endpoint": sandbox.hub_url(), "plain_http": true },
        "endpoints": {
            "ecrpublic": sandbox.api_url(),
            "sts": sandbox.sts_url(),
            "registry": sandbox.registry_url(),
        },
    });
    Ok(serde_json::to_string_pretty(&variables)?)
}

//! The schema of the provider block. Its descriptions are the published documentation.

use crate::tf::{Attribute, Block, NestedBlock, Nesting, Schema, Type};

use super::role;

/// The provider block.
pub(crate) fn schema() -> Schema {
    Schema {
        version: 0,
        block: Block {
            attributes: attributes(),
            blocks: blocks(),
            description: "Mirrors container images into Amazon ECR Public. Names and meaning of \
                          the AWS settings follow the provider `hashicorp/aws`."
                .to_owned(),
        },
    }
}

fn attributes() -> Vec<Attribute> {
    let mut attributes = credentials();
    attributes.extend(accounts_and_requests());
    attributes.extend(transport());
    attributes.extend(ours());
    attributes
}

fn text(name: &'static str, description: &str) -> Attribute {
    Attribute::optional(name, Type::String, description)
}

fn flag(name: &'static str, description: &str) -> Attribute {
    Attribute::optional(name, Type::Bool, description)
}

fn credentials() -> Vec<Attribute> {
    vec![
        text(
            "region",
            "Region whose STS endpoint is used. ECR Public itself is always called in \
             `us-east-1`. Environment: `AWS_REGION`, `AWS_DEFAULT_REGION`. Default: the region of \
             the profile, then `us-east-1`.",
        ),
        text(
            "sts_region",
            "Region of STS, where it differs from `region`.",
        ),
        text(
            "profile",
            "Profile of the shared AWS configuration files. It wins over keys in the environment. \
             Environment: `AWS_PROFILE`, `AWS_DEFAULT_PROFILE`.",
        ),
        text(
            "access_key",
            "AWS access key ID. Environment: `AWS_ACCESS_KEY_ID`.",
        ),
        text(
            "secret_key",
            "AWS secret access key. Environment: `AWS_SECRET_ACCESS_KEY`.",
        )
        .sensitive(),
        text(
            "token",
            "AWS session token, which belongs to temporary keys. Environment: \
             `AWS_SESSION_TOKEN`. When they end is taken from `AWS_CREDENTIAL_EXPIRATION`, if that is \
             set, to be told when they have.",
        )
        .sensitive(),
        Attribute::optional(
            "shared_config_files",
            Type::list(Type::String),
            "Shared AWS configuration files. Environment: `AWS_CONFIG_FILE`. Default: \
             `~/.aws/config`.",
        ),
        Attribute::optional(
            "shared_credentials_files",
            Type::list(Type::String),
            "Shared AWS credentials files. Environment: `AWS_SHARED_CREDENTIALS_FILE`. Default: \
             `~/.aws/credentials`.",
        ),
    ]
}

fn accounts_and_requests() -> Vec<Attribute> {
    vec![
        Attribute::optional(
            "allowed_account_ids",
            Type::set(Type::String),
            "The only AWS accounts that images may be put into. The account that is checked is \
             the one a resource ends in, not the account of the provider's own credentials. \
             Conflicts with `forbidden_account_ids`.",
        ),
        Attribute::optional(
            "forbidden_account_ids",
            Type::set(Type::String),
            "AWS accounts that no image may be put into. Conflicts with `allowed_account_ids`.",
        ),
        Attribute::optional(
            "max_retries",
            Type::Number,
            "How often a request to AWS is made before the provider gives up. Environment: \
             `AWS_MAX_ATTEMPTS`. Default: 10 for ECR Public, 3 for STS.",
        ),
        text(
            "retry_mode",
            "How requests to AWS are repeated: `standard` or `adaptive`. Environment: \
             `AWS_RETRY_MODE`. Default: `standard`.",
        ),
        Attribute::optional(
            "token_bucket_rate_limiter_capacity",
            Type::Number,
            "How many tokens the budget of retries holds. A retry takes 5, or 10 after a timeout, \
             which come back when it succeeds; without enough of them a request is not repeated. \
             STS has one such budget, and so has each identity at ECR Public. `0`: no budget. \
             Default: 500.",
        ),
        flag(
            "skip_credentials_validation",
            "Do not look for credentials, assume roles or ask STS who the provider is before \
             something needs it. The account of a resource is still checked before anything is \
             written.",
        ),
        flag(
            "skip_requesting_account_id",
            "Do not ask STS for the provider's own account while the provider is configured. \
             Credentials are still looked for and roles assumed, unless \
             `skip_credentials_validation` is set too; the account of a role comes with it. \
             Where the account stays open, plans show an `account_id` that is not written down \
             as known after apply, and STS is asked when a resource needs it: the account is \
             still checked before anything is written.",
        ),
        flag(
            "skip_region_validation",
            "Accept regions that the provider does not know.",
        ),
        text(
            "skip_metadata_api_check",
            "`true` leaves the EC2 instance metadata service out of the search for credentials; \
             `false` asks it, whatever the environment says. Environment: \
             `AWS_EC2_METADATA_DISABLED`.",
        ),
    ]
}

fn transport() -> Vec<Attribute> {
    vec![
        text(
            "custom_ca_bundle",
            "File with PEM certificates that replace the certificate authorities of the system, \
             for AWS and for registries without a `ca_bundle` of their own. Environment: \
             `AWS_CA_BUNDLE`.",
        ),
        text(
            "http_proxy",
            "URL of a proxy for HTTP; an empty string means none. It carries HTTPS too, with a \
             warning, where nothing says how HTTPS goes. Environment: `HTTP_PROXY`.",
        ),
        text(
            "https_proxy",
            "URL of a proxy for HTTPS; an empty string means none. Environment: `HTTPS_PROXY`.",
        ),
        text(
            "no_proxy",
            "Hosts, separated by commas, that are reached without a proxy. Environment: \
             `NO_PROXY`.",
        ),
        flag(
            "use_fips_endpoint",
            "Use the FIPS endpoint of STS. ECR Public has none, which is a warning. Environment: \
             `AWS_USE_FIPS_ENDPOINT`.",
        ),
        flag(
            "use_dualstack_endpoint",
            "Use endpoints that also speak IPv6. Environment: `AWS_USE_DUALSTACK_ENDPOINT`.",
        ),
        text(
            "ec2_metadata_service_endpoint",
            "Address of the EC2 instance metadata service. Environment: \
             `AWS_EC2_METADATA_SERVICE_ENDPOINT`.",
        ),
        text(
            "ec2_metadata_service_endpoint_mode",
            "Which address the EC2 instance metadata service has where \
             `ec2_metadata_service_endpoint` is not set: the one for `IPv4` or the one for \
             `IPv6`. Environment: `AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE`. Default: `IPv4`.",
        ),
    ]
}

fn ours() -> Vec<Attribute> {
    vec![
        text(
            "docker_config",
            "Docker configuration file with credentials for source registries that have no \
             `registry` block; its credential helpers are used. An empty string switches it off. \
             Default: `$DOCKER_CONFIG/config.json`, then `~/.docker/config.json`.",
        ),
        Attribute::optional(
            "max_concurrent_transfers",
            Type::Number,
            "How many layers are copied at the same time, over all resources: 1 to 64. Default: \
             16. Each needs up to half a MiB of memory.",
        ),
        Attribute::optional(
            "prefer_mirrors",
            Type::Bool,
            "Read Docker official images (`nginx`, `alpine`, …) from `public.ecr.aws/docker/library`, \
             where Docker publishes them too and nobody counts pulls. Docker Hub is asked what a tag \
             stands for, which is free; what has that digest is then read from ECR Public with the \
             login of the account that it goes to, and its digest is verified. What is not there is \
             read from Docker Hub. Default: `true`.",
        ),
    ]
}

fn blocks() -> Vec<NestedBlock> {
    vec![
        block(
            "assume_role",
            Nesting::List,
            0,
            role::attributes(),
            "IAM role to assume before anything else. Several blocks are a chain: each role is \
             assumed with the one before it.",
        ),
        block(
            "assume_role_with_web_identity",
            Nesting::List,
            1,
            web_identity(),
            "IAM role to assume with a token from outside AWS, such as the OIDC token of a \
             pipeline. It comes before every `assume_role`.",
        ),
        block(
            "account_role",
            Nesting::Single,
            0,
            account_role(),
            "How to get into the account that a resource names with `account_id` when it has no \
             `assume_role` of its own. Nothing of it is kept in state, so a role that was renamed \
             is one edit.",
        ),
        block(
            "registry",
            Nesting::List,
            0,
            registry(),
            "How a registry is reached that images are copied from. Registries without a block \
             are reached with the credentials of `docker_config`, or without any.",
        ),
        block(
            "pull_budget",
            Nesting::Single,
            0,
            pull_budget(),
            "How many pulls an apply may spend where a registry counts them, as Docker Hub does. A \
             plan and a refresh spend none. A plan that needs more than are left says so.",
        ),
        block(
            "endpoints",
            Nesting::Set,
            1,
            endpoints(),
            "Other addresses for the services that the provider calls.",
        ),
        block(
            "default_tags",
            Nesting::List,
            1,
            vec![Attribute::optional(
                "tags",
                Type::map(Type::String),
                "AWS tags for every repository that the provider creates.",
            )],
            "AWS tags that resources need not repeat.",
        ),
    ]
}

fn block(
    name: &'static str,
    nesting: Nesting,
    max_items: i64,
    attributes: Vec<Attribute>,
    description: &str,
) -> NestedBlock {
    NestedBlock {
        name,
        nesting,
        max_items,
        block: Block {
            attributes,
            blocks: Vec::new(),
            description: description.to_owned(),
        },
    }
}

fn web_identity() -> Vec<Attribute> {
    let shared = ["duration", "policy", "policy_arns", "session_name"];
    let mut attributes = vec![Attribute::required(
        "role_arn",
        Type::String,
        "ARN of the IAM role to assume.",
    )];
    let session = role::session_attributes().into_iter();
    attributes.extend(session.filter(|attribute| shared.contains(&attribute.name)));
    attributes.push(
        text(
            "web_identity_token",
            "The token. Conflicts with `web_identity_token_file`.",
        )
        .sensitive(),
    );
    attributes.push(text(
        "web_identity_token_file",
        "File that holds the token; it is read again each time a token is needed.",
    ));
    attributes
}

fn account_role() -> Vec<Attribute> {
    let mut attributes = vec![Attribute::required(
        "role_arn",
        Type::String,
        "ARN of the role, with `{account_id}` in place of the account: \
         `arn:aws:iam::{account_id}:role/ecr-publisher`.",
    )];
    attributes.extend(role::session_attributes());
    attributes
}

fn registry() -> Vec<Attribute> {
    vec![
        Attribute::required(
            "host",
            Type::String,
            "Name of the registry as image references have it: `docker.io`, `ghcr.io`, \
             `registry.example.com:5000`.",
        ),
        text("username", "User to sign in as."),
        text(
            "password",
            "Password, or access token that is used in place of one. May be ephemeral. Never \
             kept in state.",
        )
        .sensitive(),
        text(
            "token",
            "Ready bearer token, in place of `username` and `password`. May be ephemeral. Never \
             kept in state.",
        )
        .sensitive(),
        text(
            "endpoint",
            "URL that answers for the registry, such as a mirror: `https://mirror.example.com`.",
        ),
        text(
            "ca_bundle",
            "File with PEM certificates that replace the certificate authorities of the system \
             for this registry.",
        ),
        flag(
            "plain_http",
            "Speak HTTP. Only with this machine, unless `insecure` is set.",
        ),
        flag(
            "insecure",
            "Allow `plain_http` with other machines. Everybody on the way can then read the \
             credentials and change what is copied, except for what is pinned by digest.",
        ),
    ]
}

fn pull_budget() -> Vec<Attribute> {
    vec![
        Attribute::optional(
            "reserve",
            Type::Number,
            "Pulls to leave to others who share the limit, such as everybody behind the same \
             address. Default: `0`.",
        ),
        text(
            "on_exhausted",
            "What an image does for which no pull is left: `fail` before anything of it is written, \
             or `wait` until the registry allows more, within the timeout of the operation. \
             Default: `fail`.",
        ),
    ]
}

fn endpoints() -> Vec<Attribute> {
    vec![
        text(
            "ecrpublic",
            "URL of the ECR Public API. Environment: `AWS_ENDPOINT_URL_ECR_PUBLIC`, \
             `AWS_ENDPOINT_URL`.",
        ),
        text(
            "sts",
            "URL of STS. Environment: `AWS_ENDPOINT_URL_STS`, `AWS_ENDPOINT_URL`; with a warning, \
             also `TF_AWS_STS_ENDPOINT` and `AWS_STS_ENDPOINT`, as with hashicorp/aws.",
        ),
        text(
            "registry",
            "URL that answers for `public.ecr.aws`. HTTP is accepted on this machine only. \
             Environment: `ECRPUBLIC_REGISTRY_ENDPOINT`.",
        ),
    ]
}

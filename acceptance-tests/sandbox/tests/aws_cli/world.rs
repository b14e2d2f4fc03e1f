//! The sandbox the CLI calls.

use ecr_public_sandbox::accounts::{AccountSeed, RoleSeed, UserSeed, WebTokenSeed};
use ecr_public_sandbox::policy::PolicyDocument;
use ecr_public_sandbox::{Face, Sandbox, Seed};
use serde_json::json;

use crate::cli::Cli;

pub(crate) const TOOLING: &str = "arn:aws:iam::111111111111:role/tooling";
pub(crate) const PUBLISHER: &str = "arn:aws:iam::222222222222:role/publisher";
pub(crate) const PARTNER: &str = "arn:aws:iam::222222222222:role/partner";
pub(crate) const FEDERATED: &str = "arn:aws:iam::111111111111:role/federated";

/// Two accounts: `owner` may everything and `nobody` nothing; `tooling` leads to `publisher`.
pub(crate) async fn start() -> anyhow::Result<Sandbox> {
    let everything = PolicyDocument::administrator;
    let account = "111111111111";
    let hub = AccountSeed::new(account)?
        .user(UserSeed::new("owner", "AKIAOWNER00000000000", "owner-secret").policy(everything()))
        .user(UserSeed::new(
            "nobody",
            "AKIANOBODY0000000000",
            "nobody-secret",
        ))
        .role(RoleSeed::new("tooling", PolicyDocument::trust(&[account])).policy(everything()))
        .role(RoleSeed::new("federated", federated()?));
    let partner = PolicyDocument::trust_with_external_id(&[account], "x-42");
    let target = AccountSeed::new("222222222222")?
        .alias("acme")
        .role(RoleSeed::new("publisher", PolicyDocument::trust(&[TOOLING])).policy(everything()))
        .role(RoleSeed::new("partner", partner));
    let web_tokens = vec![
        web_token("a-good-token", None),
        web_token("a-stale-token", Some(0)),
    ];
    let accounts = vec![hub, target];
    let seed = Seed {
        accounts,
        web_tokens,
        ..Seed::default()
    };
    Sandbox::start(seed).await
}

/// A caller by name, told where the sandbox listens.
pub(crate) fn caller(sandbox: &Sandbox, name: &str) -> Cli {
    let key = format!("AKIA{:0<16}", name.to_uppercase());
    Cli::new(&key, &format!("{name}-secret"))
        .with("AWS_ENDPOINT_URL_ECR_PUBLIC", &sandbox.url(Face::Api))
        .with("AWS_ENDPOINT_URL_STS", &sandbox.url(Face::Sts))
}

fn federated() -> anyhow::Result<PolicyDocument> {
    Ok(PolicyDocument::try_from(json!({
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": { "Federated": "arn:aws:iam::111111111111:oidc-provider/ci.example.org" },
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": { "StringEquals": { "ci.example.org:aud": "sts.amazonaws.com" } },
        },
    }))?)
}

fn web_token(token: &str, expires_in_seconds: Option<u32>) -> WebTokenSeed {
    WebTokenSeed {
        token: token.to_owned(),
        issuer: "ci.example.org".to_owned(),
        subject: "repo:team/infra".to_owned(),
        audience: "sts.amazonaws.com".to_owned(),
        expires_in_seconds,
    }
}

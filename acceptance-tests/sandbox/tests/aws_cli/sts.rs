//! STS answers and refuses, and the credentials it gives are good for ECR Public.

use std::collections::BTreeSet;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::Value;

use crate::cli::Cli;
use crate::operations::{STS, tick_off};
use crate::world::{FEDERATED, PARTNER, PUBLISHER, TOOLING, caller, start};

fn assume_role<'a>(role: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let command = ["assume-role", "--role-session-name", "run"];
    [&command[..], &["--role-arn", role], more].concat()
}

/// Calls STS and remembers which operations were answered.
#[derive(Default)]
struct Answered(BTreeSet<String>);

impl Answered {
    async fn call(&mut self, cli: &Cli, arguments: &[&str]) -> anyhow::Result<Value> {
        let answer = cli.answer(&[&["sts"], arguments].concat()).await?;
        self.0.extend(arguments.first().map(ToString::to_string));
        Ok(answer)
    }
}

#[tokio::test]
async fn the_aws_cli_walks_a_role_chain() -> anyhow::Result<()> {
    let sandbox = start().await?;
    let owner = caller(&sandbox, "owner");
    let mut sts = Answered::default();
    let more = "--tags Key=team,Value=blue --transitive-tag-keys team --source-identity jane \
        --duration-seconds 900";
    let more: Vec<&str> = more.split_whitespace().collect();
    let hop = sts.call(&owner, &assume_role(TOOLING, &more)).await?;
    assert_eq!(hop["SourceIdentity"], "jane");
    let tooling = owner.assumed(&hop)?;
    let hop = sts.call(&tooling, &assume_role(PUBLISHER, &[])).await?;
    let publisher = tooling.assumed(&hop)?;
    let who = sts.call(&publisher, &["get-caller-identity"]).await?;
    assert_eq!(who["Account"], "222222222222");
    assert_eq!(
        who["Arn"],
        "arn:aws:sts::222222222222:assumed-role/publisher/run"
    );
    let registries = publisher
        .answer(&["ecr-public", "describe-registries"])
        .await?;
    assert_eq!(
        registries["registries"][0]["registryUri"],
        "public.ecr.aws/acme"
    );
    let session = sts.call(&owner, &["get-session-token"]).await?;
    let session = owner.assumed(&session)?;
    let who = sts.call(&session, &["get-caller-identity"]).await?;
    assert_eq!(who["Arn"], "arn:aws:iam::111111111111:user/owner");
    let key = sts.call(&owner, &key_info("AKIAOWNER00000000000")).await?;
    assert_eq!(key["Account"], "111111111111");
    let partner = assume_role(PARTNER, &["--external-id", "x-42"]);
    let partner = sts.call(&owner, &partner).await?;
    assert!(partner["AssumedRoleUser"]["AssumedRoleId"].is_string());
    let federated = sts.call(&owner, &web_identity("a-good-token")).await?;
    assert_eq!(federated["SubjectFromWebIdentityToken"], "repo:team/infra");
    tick_off(&STS, &sts.0, "answered");
    sandbox.clock().advance(std::time::Duration::from_secs(901));
    let expired = tooling.refusal(&["sts", "get-caller-identity"]).await?;
    assert!(expired.starts_with("ExpiredToken: "), "{expired}");
    let expired = tooling
        .refusal(&["ecr-public", "describe-registries"])
        .await?;
    assert!(expired.starts_with("ExpiredTokenException: "), "{expired}");
    Ok(())
}

fn key_info(key: &str) -> Vec<&str> {
    vec!["get-access-key-info", "--access-key-id", key]
}

fn web_identity(token: &str) -> Vec<&str> {
    let command = "assume-role-with-web-identity --role-session-name job";
    let command: Vec<&str> = command.split_whitespace().collect();
    let role = ["--role-arn", FEDERATED, "--web-identity-token", token];
    [&command[..], &role].concat()
}

/// Who calls what, and how the refusal begins.
type Refused<'a> = (&'a Cli, Vec<&'a str>, &'static str);

/// Makes the calls, which must all be refused, and returns their operations.
async fn refused(calls: Vec<Refused<'_>>) -> anyhow::Result<BTreeSet<String>> {
    let calls = stream::iter(calls).map(|(cli, arguments, expected)| async move {
        let call = arguments.join(" ");
        let refusal = cli.refusal(&[&["sts"], &arguments[..]].concat()).await?;
        assert!(refusal.starts_with(expected), "{call}: {refusal}");
        anyhow::Ok(call.split(' ').next().unwrap_or_default().to_owned())
    });
    calls.buffer_unordered(4).try_collect().await
}

#[tokio::test]
async fn every_operation_of_sts_refuses_by_the_real_name() -> anyhow::Result<()> {
    let sandbox = start().await?;
    let (owner, nobody) = (caller(&sandbox, "owner"), caller(&sandbox, "nobody"));
    let hop = [&["sts"], &assume_role(TOOLING, &[])[..]].concat();
    let tooling = owner.assumed(&owner.answer(&hop).await?)?;
    let stranger = owner
        .clone()
        .with("AWS_ACCESS_KEY_ID", "AKIASTRANGER00000000");
    let forger = owner.clone().with("AWS_SECRET_ACCESS_KEY", "guessed");
    let who = vec!["get-caller-identity"];
    let unsigned = vec!["get-caller-identity", "--no-sign-request"];
    let mut calls = role_refusals(&owner, &nobody, &tooling);
    calls.extend([
        (
            &owner,
            web_identity("a-forged-token"),
            "InvalidIdentityToken",
        ),
        (
            &owner,
            web_identity("a-stale-token"),
            "ExpiredTokenException",
        ),
        (&stranger, who.clone(), "InvalidClientTokenId"),
        (&forger, who, "SignatureDoesNotMatch"),
        (&owner, unsigned, "MissingAuthenticationToken"),
        (&tooling, vec!["get-session-token"], "AccessDenied: Cannot"),
        (&owner, key_info("AKIASTRANGER00000000"), "ValidationError"),
    ]);
    tick_off(&STS, &refused(calls).await?, "refused");
    Ok(())
}

fn role_refusals<'a>(owner: &'a Cli, nobody: &'a Cli, tooling: &'a Cli) -> Vec<Refused<'a>> {
    vec![
        (
            owner,
            assume_role(PUBLISHER, &[]),
            "AccessDenied: User: arn:aws:iam::111111111111:user/owner is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::222222222222:role/publisher",
        ),
        (
            nobody,
            assume_role(TOOLING, &[]),
            "AccessDenied: User: arn:aws:iam::111111111111:user/nobody",
        ),
        (owner, assume_role(PARTNER, &[]), "AccessDenied"),
        (
            owner,
            assume_role(PARTNER, &["--external-id", "x-43"]),
            "AccessDenied",
        ),
        (
            owner,
            assume_role("arn:aws:iam::1:role/nobody", &[]),
            "ValidationError",
        ),
        (
            owner,
            assume_role(TOOLING, &["--duration-seconds", "7200"]),
            "ValidationError: The requested DurationSeconds exceeds the MaxSessionDuration",
        ),
        (
            tooling,
            assume_role(PUBLISHER, &["--duration-seconds", "3601"]),
            "ValidationError: The requested DurationSeconds exceeds the 1 hour session limit",
        ),
        (
            owner,
            assume_role(TOOLING, &["--policy", "{}"]),
            "MalformedPolicyDocument",
        ),
        (
            owner,
            assume_role(TOOLING, &["--external-id", "not allowed"]),
            "ValidationError: 1 validation error detected",
        ),
    ]
}

/// Whether a call is signed or not, it is the operation that is missing.
#[tokio::test]
async fn what_sts_does_not_offer_here_is_said_so() -> anyhow::Result<()> {
    let sandbox = start().await?;
    let owner = caller(&sandbox, "owner");
    let saml = "assume-role-with-saml --role-arn arn:aws:iam::111111111111:role/federated \
        --principal-arn arn:aws:iam::111111111111:saml-provider/acme --saml-assertion AAAA";
    let root = "assume-root --target-principal 111111111111 --task-policy-arn \
        arn=arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials";
    let commands = [
        saml,
        root,
        "decode-authorization-message --encoded-message x",
        "get-federation-token --name jane",
    ];
    let split = |command: &'static str| command.split_whitespace().collect();
    let call = |command| {
        (
            &owner,
            split(command),
            "InvalidAction: The sandbox does not",
        )
    };
    let said = refused(commands.map(call).into()).await?;
    assert_eq!(said.len(), commands.len());
    Ok(())
}

//! Accounts and roles for scenarios that the demo has too few of.

use ecr_public_sandbox::accounts::{AccountSeed, RoleSeed, UserSeed, WebTokenSeed};
use ecr_public_sandbox::policy::PolicyDocument;
use ecr_public_sandbox::{HubSeed, HubUser, RepositorySeed, RolesSeed, Seed, image};
use serde_json::json;

use super::scenario::{FIRST, SECOND, TOOLING};

/// Between the tooling account and the targets.
pub(crate) const HUB: &str = "444444444444";
/// The password of the Hub user `acme-pipeline`.
pub(crate) const HUB_PASSWORD: &str = "dckr-pat-Vm9yIGRlbSBIYXVz";
/// The secret of the user `pipeline`.
pub(crate) const PIPELINE_SECRET: &str = "pipelineSecret/UnderTheDoormat0000000000";
/// What the role `partner` of every target asks for.
pub(crate) const EXTERNAL_ID: &str = "external-id:8d3f1c";
/// A token that the role `federated` takes.
pub(crate) const WEB_TOKEN: &str = "header.claims-of-the-pipeline.signature";

/// The ARN of a role.
pub(crate) fn role(account: &str, name: &str) -> String {
    format!("arn:aws:iam::{account}:role/{name}")
}

/// A target account by its number.
pub(crate) fn target(number: usize) -> String {
    format!("{:012}", 500_000_000_000_usize + number)
}

/// The user `pipeline` and the role `tooling` in [`TOOLING`], the role `hub` in [`HUB`], and in each
/// target the roles `ecr-publisher`, for both of them, `partner`, for `hub` with an external ID, and
/// `closed`, for nobody who is here.
pub(crate) fn seed(targets: &[&str], images: usize) -> Seed {
    let mut accounts = vec![tooling(), hub()];
    accounts.extend(targets.iter().map(|id| publisher(id)));
    Seed {
        accounts,
        web_tokens: vec![web_token()],
        hub: docker_hub(images),
        roles: RolesSeed {
            tooling: Some(role(TOOLING, "tooling")),
            publisher: Some(role("{account_id}", "ecr-publisher")),
        },
        ..Seed::default()
    }
}

/// The targets of the demo, and one image.
pub(crate) fn two_targets() -> Seed {
    seed(&[FIRST, SECOND], 1)
}

/// The name of an image that the seed has at Docker Hub, all of them with the tag `1`.
pub(crate) fn image_name(number: usize) -> String {
    format!("acme/app-{number}")
}

/// The first image of a seed, with these settings.
pub(crate) fn instance(name: &str, settings: &str) -> String {
    format!(
        "resource \"ecrpublic_mirrored_image\" \"{name}\" {{\n  source = \"{}:1\"\n{settings}\n}}\n",
        image_name(0)
    )
}

/// The same as `it` in an account.
pub(crate) fn into(account: &str) -> String {
    instance("it", &format!("  account_id = \"{account}\""))
}

/// A hop of the provider, with more about it.
pub(crate) fn assume(role_arn: &str, more: &str) -> String {
    format!("  assume_role {{\n    role_arn = \"{role_arn}\"\n{more}\n  }}\n")
}

/// The way into every account, by the name of a role.
pub(crate) fn account_role(name: &str) -> String {
    let role = role("{account_id}", name);
    format!("  account_role {{\n    role_arn = \"{role}\"\n  }}\n")
}

fn tooling() -> AccountSeed {
    let user = format!("arn:aws:iam::{TOOLING}:user/pipeline");
    AccountSeed::new(TOOLING)
        .unwrap()
        .user(
            UserSeed::new("pipeline", "AKIAPIPELINE00000000", PIPELINE_SECRET).policy(may_assume()),
        )
        .role(RoleSeed::new("tooling", PolicyDocument::trust(&[&user])).policy(may_assume()))
        .role(RoleSeed::new("federated", federated()).policy(may_assume()))
}

fn hub() -> AccountSeed {
    let trusted = [role(TOOLING, "tooling"), role(TOOLING, "federated")];
    let trust = PolicyDocument::trust(&[&trusted[0], &trusted[1]]);
    AccountSeed::new(HUB)
        .unwrap()
        .role(RoleSeed::new("hub", trust).policy(may_assume()))
}

fn publisher(account: &str) -> AccountSeed {
    let callers = [
        role(TOOLING, "tooling"),
        role(TOOLING, "federated"),
        role(HUB, "hub"),
    ];
    let callers: Vec<&str> = callers.iter().map(String::as_str).collect();
    let publishing =
        PolicyDocument::allow(&["ecr-public:*", "sts:GetServiceBearerToken"], "*").unwrap();
    let strangers = format!("arn:aws:iam::{account}:role/somebody-else");
    AccountSeed::new(account)
        .unwrap()
        .role(
            RoleSeed::new("ecr-publisher", PolicyDocument::trust(&callers))
                .policy(publishing.clone()),
        )
        .role(RoleSeed::new("partner", with_external_id(callers[2])).policy(publishing.clone()))
        .role(RoleSeed::new("closed", PolicyDocument::trust(&[&strangers])).policy(publishing))
}

fn may_assume() -> PolicyDocument {
    let actions = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"];
    PolicyDocument::allow(&actions, "*").unwrap()
}

fn with_external_id(caller: &str) -> PolicyDocument {
    PolicyDocument::try_from(json!({
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": { "AWS": caller },
                "Action": "sts:AssumeRole",
                "Condition": { "StringEquals": { "sts:ExternalId": EXTERNAL_ID } },
            },
            {
                "Effect": "Allow",
                "Principal": { "AWS": caller },
                "Action": ["sts:TagSession", "sts:SetSourceIdentity"],
            },
        ],
    }))
    .unwrap()
}

fn federated() -> PolicyDocument {
    PolicyDocument::try_from(json!({
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": { "Federated": format!("arn:aws:iam::{TOOLING}:oidc-provider/ci.example.org") },
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": { "StringEquals": { "ci.example.org:aud": "sts.amazonaws.com" } },
        },
    }))
    .unwrap()
}

fn web_token() -> WebTokenSeed {
    WebTokenSeed {
        token: WEB_TOKEN.to_owned(),
        issuer: "ci.example.org".to_owned(),
        subject: "repo:acme/landing-zone".to_owned(),
        audience: "sts.amazonaws.com".to_owned(),
        expires_in_seconds: None,
    }
}

fn docker_hub(images: usize) -> HubSeed {
    let repositories = (0..images).map(|number| {
        let name = image_name(number);
        let small = image(&name).platforms(["linux/amd64"]).layers([1024]);
        let repository = RepositorySeed {
            tags: [("1".to_owned(), small)].into(),
            readers: Some(vec!["acme-pipeline".to_owned()]),
        };
        (name, repository)
    });
    HubSeed {
        repositories: repositories.collect(),
        users: vec![HubUser::new("acme-pipeline", HUB_PASSWORD)],
        ..HubSeed::default()
    }
}

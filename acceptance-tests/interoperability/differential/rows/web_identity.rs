//! Tokens from outside AWS.

use serde_json::{Value as Json, json};

use super::super::accounts::{keys, session, user};
use super::super::difference::Difference;
use super::super::row::{Row, fails};
use crate::support::landing_zone::{HUB, WEB_TOKEN, role};
use crate::support::scenario::TOOLING;

pub(super) fn rows() -> Vec<Row> {
    let mut rows = of_the_environment();
    rows.extend(of_the_block());
    rows
}

fn federated() -> String {
    role(TOOLING, "federated")
}

fn of_the_environment() -> Vec<Row> {
    let row = |name| {
        Row::named(name)
            .file("token", WEB_TOKEN)
            .variable("AWS_WEB_IDENTITY_TOKEN_FILE", "{home}/token")
            .variable("AWS_ROLE_ARN", federated())
    };
    vec![
        row("a web identity of the environment").reaches(session(TOOLING, "federated", "*")),
        row("a web identity of the environment with a session name")
            .variable("AWS_ROLE_SESSION_NAME", "pipeline")
            .reaches(session(TOOLING, "federated", "pipeline")),
        row("a web identity of the environment before AWS_PROFILE")
            .variable("AWS_PROFILE", "team")
            .config(format!("[profile team]\n{}", keys("profile")))
            .reaches(session(TOOLING, "federated", "*")),
        row("the profile of the block before a web identity of the environment")
            .config(format!("[profile team]\n{}", keys("profile")))
            .block(json!({"profile": "team"}))
            .reaches(user("profile")),
        row("keys of the environment before a web identity of the environment")
            .environment_keys("environment")
            .reaches(user("environment")),
        row("a web identity of the environment and a role of the block")
            .block(json!({"assume_role": [{"role_arn": role(HUB, "hub")}]}))
            .reaches(session(HUB, "hub", "*")),
        row("a web identity of the environment without its file")
            .variable("AWS_WEB_IDENTITY_TOKEN_FILE", "{home}/nothing-here")
            .fails("nothing-here"),
        row("a web identity of the environment without its role")
            .variable("AWS_ROLE_ARN", "")
            .fails("ole ARN"),
    ]
}

fn of_the_block() -> Vec<Row> {
    let row = |name, mut members: Json| {
        members["role_arn"] = federated().into();
        Row::named(name)
            .file("token", WEB_TOKEN)
            .block(json!({"assume_role_with_web_identity": [members]}))
    };
    let file = json!({"web_identity_token_file": "{home}/token"});
    vec![
        row("a web identity of the block, in a file", file.clone()).reaches(session(
            TOOLING,
            "federated",
            "*",
        )),
        row(
            "a web identity of the block with everything it can say",
            json!({
                "web_identity_token": WEB_TOKEN,
                "duration": "25m",
                "session_name": "pipeline",
                "policy": super::policy(),
                "policy_arns": ["arn:aws:iam::aws:policy/AmazonElasticContainerRegistryPublicFullAccess"],
            }),
        )
        .reaches(session(TOOLING, "federated", "pipeline")),
        row(
            "a web identity whose file ends with a line break",
            json!({"web_identity_token_file": "{home}/line"}),
        )
        .file("line", format!("{WEB_TOKEN}\n"))
        .reaches(session(TOOLING, "federated", "*"))
        .but_theirs(Difference::TokenLineBreak, fails("InvalidIdentityToken")),
        row(
            "a web identity with a token that nobody knows",
            json!({"web_identity_token": "header.of-nobody.signature"}),
        )
        .fails("InvalidIdentityToken"),
        row(
            "a web identity with a token and a file",
            json!({"web_identity_token": WEB_TOKEN, "web_identity_token_file": "{home}/token"}),
        )
        .refused("web_identity_token"),
        row("a web identity with neither token nor file", json!({})).refused("web_identity_token"),
        row(
            "a web identity of the block before keys of the environment",
            file.clone(),
        )
        .environment_keys("environment")
        .reaches(session(TOOLING, "federated", "*")),
        row("keys of the block before its web identity", file.clone())
            .static_keys()
            .reaches(user("block")),
        row("a web identity and a role of the block", file)
            .block(json!({"assume_role": [{"role_arn": role(HUB, "hub"), "duration": "45m"}]}))
            .reaches(session(HUB, "hub", "*")),
    ]
}

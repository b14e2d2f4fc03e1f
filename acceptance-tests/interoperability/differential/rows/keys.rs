//! Keys of the block and of the environment.

use serde_json::json;

use super::super::accounts::{key, keys, secret, user};
use super::super::difference::Difference;
use super::super::row::{Row, reaches};

pub(super) fn rows() -> Vec<Row> {
    let mut rows = of_the_block();
    rows.extend(of_the_environment());
    rows
}

fn of_the_block() -> Vec<Row> {
    vec![
        Row::named("keys of the block")
            .static_keys()
            .reaches(user("block")),
        Row::named("keys of the block before everything else")
            .static_keys()
            .environment_keys("environment")
            .variable("AWS_PROFILE", "team")
            .config(format!("[profile team]\n{}", keys("profile")))
            .reaches(user("block")),
        Row::named("keys of the block without the secret")
            .environment_keys("environment")
            .block(json!({"access_key": key("block")}))
            .fails("tatic credentials"),
        Row::named("keys of the block without the id")
            .environment_keys("environment")
            .block(json!({"secret_key": secret("block")}))
            .fails("tatic credentials"),
        Row::named("a token of the block and nothing else")
            .environment_keys("environment")
            .block(json!({"token": "session-token"}))
            .fails("tatic credentials"),
        Row::named("keys of the block with a token that STS does not know")
            .static_keys()
            .block(json!({"token": "session-token"}))
            .fails("InvalidClientTokenId"),
        Row::named("keys of the block with a secret that is wrong")
            .block(json!({"access_key": key("block"), "secret_key": secret("other")}))
            .fails("SignatureDoesNotMatch"),
        Row::named("keys of the block that STS does not know")
            .block(json!({"access_key": key("nobody"), "secret_key": secret("nobody")}))
            .fails("InvalidClientTokenId"),
    ]
}

fn of_the_environment() -> Vec<Row> {
    let team = format!("[profile team]\nregion = eu-west-1\n{}", keys("profile"));
    let default = format!("[default]\n{}", keys("default"));
    vec![
        Row::named("keys of the environment")
            .environment_keys("environment")
            .credentials(&default)
            .reaches(user("environment")),
        Row::named("keys of the environment under their old names")
            .variable("AWS_ACCESS_KEY", key("environment"))
            .variable("AWS_SECRET_KEY", secret("environment"))
            .reaches(user("environment")),
        Row::named("keys of the environment before AWS_PROFILE")
            .environment_keys("environment")
            .variable("AWS_PROFILE", "team")
            .config(&team)
            .reaches(user("environment")),
        Row::named("keys of the environment before AWS_DEFAULT_PROFILE")
            .environment_keys("environment")
            .variable("AWS_DEFAULT_PROFILE", "team")
            .config(&team)
            .reaches(user("environment")),
        Row::named("the profile of the block before keys of the environment")
            .environment_keys("environment")
            .config(&team)
            .block(json!({"profile": "team"}))
            .reaches(user("profile")),
        Row::named("keys of the environment without the secret")
            .variable("AWS_ACCESS_KEY_ID", key("environment"))
            .credentials(&default)
            .fails("`AWS_SECRET_ACCESS_KEY` is missing")
            .but_theirs(Difference::EnvironmentKeys, reaches(user("default"))),
        Row::named("keys of the environment without the id")
            .variable("AWS_SECRET_ACCESS_KEY", secret("environment"))
            .credentials(&default)
            .fails("`AWS_ACCESS_KEY_ID` is missing")
            .but_theirs(Difference::EnvironmentKeys, reaches(user("default"))),
        Row::named("a token of the environment and nothing else")
            .variable("AWS_SESSION_TOKEN", "session-token")
            .credentials(&default)
            .reaches(user("default")),
        Row::named("nothing at all").fails("No valid"),
    ]
}

//! Other addresses for STS.

use serde_json::{Value as Json, json};

use super::super::accounts::{keys, session, user};
use super::super::difference::Difference;
use super::super::row::{Row, fails, reaches};
use crate::support::landing_zone::role;
use crate::support::scenario::TOOLING;

pub(super) fn rows() -> Vec<Row> {
    [variables(), switched_off(), profiles(), roles()]
        .into_iter()
        .flatten()
        .collect()
}

/// Without endpoints in the block, since something else is to say where they are.
fn row(name: &'static str) -> Row {
    Row::named(name)
        .environment_keys("environment")
        .block(json!({"endpoints": []}))
        .variable("AWS_ENDPOINT_URL_ECR_PUBLIC", "{api}")
}

fn other() -> Json {
    json!([{"sts": "{other}", "ecrpublic": "{api}"}])
}

fn variables() -> Vec<Row> {
    vec![
        row("AWS_ENDPOINT_URL_STS")
            .variable("AWS_ENDPOINT_URL_STS", "{sts}")
            .reaches(user("environment")),
        row("AWS_ENDPOINT_URL")
            .variable("AWS_ENDPOINT_URL", "{sts}")
            .reaches(user("environment")),
        row("AWS_ENDPOINT_URL_STS before AWS_ENDPOINT_URL")
            .variable("AWS_ENDPOINT_URL_STS", "{other}")
            .variable("AWS_ENDPOINT_URL", "{sts}")
            .reaches(user("environment")),
        row("the endpoint of the block before AWS_ENDPOINT_URL_STS")
            .variable("AWS_ENDPOINT_URL_STS", "{sts}")
            .block(json!({"endpoints": other()}))
            .reaches(user("environment")),
        row("AWS_STS_ENDPOINT")
            .variable("AWS_STS_ENDPOINT", "{sts}")
            .reaches(user("environment")),
        row("AWS_ENDPOINT_URL_STS before AWS_STS_ENDPOINT")
            .variable("AWS_ENDPOINT_URL_STS", "{other}")
            .variable("AWS_STS_ENDPOINT", "{sts}")
            .reaches(user("environment")),
        row("AWS_STS_ENDPOINT before AWS_ENDPOINT_URL")
            .variable("AWS_STS_ENDPOINT", "{other}")
            .variable("AWS_ENDPOINT_URL", "{sts}")
            .reaches(user("environment")),
    ]
}

fn switched_off() -> Vec<Row> {
    vec![
        row("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
            .variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
            .variable("AWS_ENDPOINT_URL", "{sts}")
            .block(json!({"max_retries": 1}))
            .fails(""),
        row("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS and AWS_ENDPOINT_URL_STS")
            .variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
            .variable("AWS_ENDPOINT_URL_STS", "{sts}")
            .block(json!({"max_retries": 1}))
            .fails("")
            .but_theirs(Difference::IgnoredEndpoints, reaches(user("environment"))),
        row("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS and an endpoint of the block")
            .variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
            .block(json!({"endpoints": other()}))
            .reaches(user("environment")),
    ]
}

fn profiles() -> Vec<Row> {
    let services = format!(
        "[profile team]\nservices = local\nendpoint_url = {{sts}}\n{}\
         [services local]\nsts =\n  endpoint_url = {{other}}\n",
        keys("profile")
    );
    vec![
        row("the services of a profile before its endpoint")
            .config(&services)
            .block(json!({"profile": "team"}))
            .reaches(user("profile")),
        row("the endpoint of a profile")
            .config(format!(
                "[profile team]\nendpoint_url = {{sts}}\n{}",
                keys("profile")
            ))
            .block(json!({"profile": "team"}))
            .reaches(user("profile")),
        row("AWS_ENDPOINT_URL before the services of a profile")
            .variable("AWS_ENDPOINT_URL", "{sts}")
            .config(&services)
            .block(json!({"profile": "team"}))
            .reaches(user("profile")),
    ]
}

fn roles() -> Vec<Row> {
    let role_of_profile = format!(
        "[profile a]\nrole_arn = {}\nsource_profile = team\n[profile team]\n{}",
        role(TOOLING, "tooling"),
        keys("profile")
    );
    vec![
        row("the endpoint of the block for a role of a profile")
            .config(&role_of_profile)
            .block(json!({
                "profile": "a",
                "endpoints": [{"sts": "{sts}", "ecrpublic": "{api}"}],
            }))
            .reaches(session(TOOLING, "tooling", "*")),
        row("AWS_ENDPOINT_URL_STS for a role of a profile")
            .config(&role_of_profile)
            .variable("AWS_ENDPOINT_URL_STS", "{sts}")
            .block(json!({"profile": "a"}))
            .reaches(session(TOOLING, "tooling", "*")),
        row("AWS_ENDPOINT_URL for a role of a profile")
            .config(&role_of_profile)
            .variable("AWS_ENDPOINT_URL", "{sts}")
            .block(json!({"profile": "a", "max_retries": 1}))
            .reaches(session(TOOLING, "tooling", "*"))
            .but_theirs(Difference::EndpointInChain, fails("")),
    ]
}

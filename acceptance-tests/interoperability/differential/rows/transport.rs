//! Retries, certificates, proxies.

use std::collections::BTreeMap;

use ecr_public_sandbox::{Effect, Face, Fault};
use serde_json::json;

use super::super::accounts::user;
use super::super::difference::Difference;
use super::super::row::{Row, reaches};
use crate::support::landing_zone::role;
use crate::support::scenario::TOOLING;

pub(super) fn rows() -> Vec<Row> {
    [retries(), certificates(), proxies()]
        .into_iter()
        .flatten()
        .collect()
}

/// Every call of this operation is throttled.
fn throttled(operation: &str) -> Fault {
    let answer = Effect::Answer {
        status: 400,
        headers: BTreeMap::from([("content-type".to_owned(), "text/xml".to_owned())]),
        body: "<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code>\
               <Message>Rate exceeded</Message></Error><RequestId>1</RequestId></ErrorResponse>"
            .to_owned(),
    };
    Fault::on(Face::Sts, answer).operation(operation).always()
}

fn retries() -> Vec<Row> {
    let row = |name| Row::named(name).environment_keys("environment");
    vec![
        row("max_retries before AWS_MAX_ATTEMPTS")
            .block(json!({"max_retries": 3}))
            .fault(throttled("GetCallerIdentity"))
            .fails("Rate exceeded"),
        row("AWS_MAX_ATTEMPTS")
            .variable("AWS_MAX_ATTEMPTS", "2")
            .fault(throttled("GetCallerIdentity").times(2))
            .fails("Rate exceeded")
            .but_theirs(Difference::MaxAttempts, reaches(user("environment"))),
        row("max_retries for a role")
            .block(json!({
                "max_retries": 2,
                "assume_role": [{"role_arn": role(TOOLING, "tooling")}],
            }))
            .fault(throttled("AssumeRole"))
            .fails("Rate exceeded")
            .but_calls_differ(Difference::RetriesOfRoles),
        row("an adaptive retry_mode")
            .block(json!({"retry_mode": "adaptive"}))
            .reaches(user("environment")),
        row("a retry_mode that does not exist")
            .block(json!({"retry_mode": "eager"}))
            .refused("eager"),
        row("AWS_RETRY_MODE that does not exist")
            .variable("AWS_RETRY_MODE", "eager")
            .fails("eager"),
    ]
}

fn certificates() -> Vec<Row> {
    let row = |name| {
        Row::named(name)
            .environment_keys("environment")
            .file("empty.pem", "no certificate\n")
            .file(
                "broken.pem",
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            )
    };
    vec![
        row("custom_ca_bundle that is missing")
            .block(json!({"custom_ca_bundle": "{home}/nothing-here.pem"}))
            .fails("nothing-here.pem"),
        row("custom_ca_bundle without a certificate")
            .block(json!({"custom_ca_bundle": "{home}/empty.pem"}))
            .fails("CA bundle"),
        row("custom_ca_bundle with a broken certificate")
            .block(json!({"custom_ca_bundle": "{home}/broken.pem"}))
            .fails("CA bundle"),
        row("AWS_CA_BUNDLE that is missing")
            .variable("AWS_CA_BUNDLE", "{home}/nothing-here.pem")
            .fails("nothing-here.pem"),
        row("AWS_CA_BUNDLE without a certificate")
            .variable("AWS_CA_BUNDLE", "{home}/empty.pem")
            .fails("CA bundle"),
    ]
}

fn proxies() -> Vec<Row> {
    let row = |name| {
        Row::named(name)
            .environment_keys("environment")
            .block(json!({"endpoints": [], "max_retries": 1}))
            .variable("HTTPS_PROXY", "http://127.0.0.1:9")
            .fails("")
    };
    vec![
        row("https_proxy before HTTPS_PROXY").block(json!({"https_proxy": "{outside}"})),
        row("https_proxy before http_proxy")
            .variable("HTTPS_PROXY", "")
            .block(json!({"http_proxy": "http://127.0.0.1:9", "https_proxy": "{outside}"})),
        row("http_proxy in place of https_proxy")
            .variable("HTTPS_PROXY", "")
            .block(json!({"http_proxy": "{outside}"})),
    ]
}

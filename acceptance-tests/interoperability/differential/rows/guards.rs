//! Account lists, and what may be left out.

use serde_json::json;

use super::super::accounts::{key, secret, session, user};
use super::super::difference::Difference;
use super::super::row::{Outcome, Row, Stage, fails};
use crate::support::landing_zone::{HUB, role};
use crate::support::scenario::{FIRST, TOOLING};

pub(super) fn rows() -> Vec<Row> {
    let mut rows = lists();
    rows.extend(skipping());
    rows
}

fn used(naming: &'static str) -> Outcome {
    Outcome::Fails(Stage::Used, naming)
}

fn lists() -> Vec<Row> {
    let row = |name| Row::named(name).environment_keys("environment");
    vec![
        row("an account that is allowed")
            .block(json!({"allowed_account_ids": [FIRST, TOOLING]}))
            .reaches(user("environment")),
        row("an account that is not allowed")
            .block(json!({"allowed_account_ids": [FIRST]}))
            .both(used(TOOLING))
            .but_theirs(Difference::AccountLists, fails(TOOLING)),
        row("an account that is forbidden")
            .block(json!({"forbidden_account_ids": [TOOLING]}))
            .both(used(TOOLING))
            .but_theirs(Difference::AccountLists, fails(TOOLING)),
        row("an account that is not forbidden")
            .block(json!({"forbidden_account_ids": [FIRST]}))
            .reaches(user("environment")),
        row("both lists")
            .block(json!({"allowed_account_ids": [TOOLING], "forbidden_account_ids": [FIRST]}))
            .refused("forbidden_account_ids"),
        row("the account at the end of a chain counts")
            .block(json!({
                "allowed_account_ids": [HUB],
                "assume_role": [{"role_arn": role(HUB, "hub")}],
            }))
            .reaches(session(HUB, "hub", "*")),
    ]
}

fn skipping() -> Vec<Row> {
    let row = |name| Row::named(name).environment_keys("environment");
    let unknown = json!({"access_key": key("nobody"), "secret_key": secret("nobody")});
    let both = json!({"skip_credentials_validation": true, "skip_requesting_account_id": true});
    vec![
        row("skip_credentials_validation")
            .block(json!({"skip_credentials_validation": true, "max_retries": 1}))
            .reaches(user("environment"))
            .but_calls_differ(Difference::SkipFlags),
        row("skip_requesting_account_id")
            .block(json!({"skip_requesting_account_id": true}))
            .reaches(user("environment"))
            .but_calls_differ(Difference::SkipFlags),
        row("both of them")
            .block(both.clone())
            .reaches(user("environment")),
        row("both of them with keys that STS does not know")
            .block(unknown.clone())
            .block(both.clone())
            .both(used("")),
        row("skip_credentials_validation with keys that STS does not know")
            .block(unknown)
            .block(json!({"skip_credentials_validation": true, "max_retries": 1}))
            .both(used(""))
            .but_theirs(Difference::SkipFlags, fails("")),
        row("both of them with an account that is not allowed")
            .block(both.clone())
            .block(json!({"allowed_account_ids": [FIRST]}))
            .both(used(TOOLING))
            .but_theirs(Difference::AccountLists, fails("not allowed")),
        row("both of them and a role")
            .block(both)
            .block(json!({"assume_role": [{"role_arn": role(TOOLING, "tooling")}]}))
            .reaches(session(TOOLING, "tooling", "*")),
    ]
}

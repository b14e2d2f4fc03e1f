//! `assume_role`.

use serde_json::{Value as Json, json};

use super::super::accounts::{session, user};
use super::super::difference::Difference;
use super::super::row::{Row, reaches};
use crate::protocol::support::value::UNKNOWN;
use crate::support::landing_zone::{EXTERNAL_ID, HUB, role};
use crate::support::scenario::{FIRST, TOOLING};

pub(super) fn rows() -> Vec<Row> {
    [chains(), arns(), durations(), members()]
        .into_iter()
        .flatten()
        .collect()
}

fn tooling(mut members: Json) -> Json {
    members["role_arn"] = role(TOOLING, "tooling").into();
    members
}

fn hub(mut members: Json) -> Json {
    members["role_arn"] = role(HUB, "hub").into();
    members
}

fn chains() -> Vec<Row> {
    vec![
        Row::named("one role")
            .hops(json!([tooling(json!({}))]))
            .reaches(session(TOOLING, "tooling", "*")),
        Row::named("one role with everything")
            .hops(json!([tooling(json!({
                "duration": "20m",
                "session_name": "landing-zone",
                "policy": super::policy(),
                "policy_arns": [
                    "arn:aws:iam::aws:policy/AmazonElasticContainerRegistryPublicFullAccess",
                    "arn:aws:iam::aws:policy/AmazonElasticContainerRegistryPublicPowerUser",
                ],
                "source_identity": "alice",
                "tags": {"team": "blue", "stage": "prod"},
                "transitive_tag_keys": ["team"],
            }))]))
            .checked()
            .reaches(session(TOOLING, "tooling", "landing-zone")),
        Row::named("two roles")
            .hops(json!([
                tooling(json!({
                    "session_name": "first",
                    "tags": {"team": "blue"},
                    "transitive_tag_keys": ["team"],
                })),
                hub(json!({"session_name": "second", "duration": "1h"})),
            ]))
            .reaches(session(HUB, "hub", "second")),
        Row::named("three roles, the last one with an external ID")
            .hops(json!([
                tooling(json!({"tags": {"stage": "prod"}})),
                {"role_arn": role(TOOLING, "long")},
                {"role_arn": role(FIRST, "partner"), "external_id": EXTERNAL_ID},
            ]))
            .reaches(session(FIRST, "partner", "*")),
        Row::named("a source identity stays through a chain")
            .hops(json!([
                tooling(json!({"source_identity": "alice"})),
                hub(json!({"source_identity": "bob"})),
            ]))
            .fails("sts:SetSourceIdentity"),
        Row::named("a second role that trusts somebody else")
            .hops(json!([
                tooling(json!({})),
                {"role_arn": role(FIRST, "closed")},
            ]))
            .fails("role/closed"),
        Row::named("a role for the keys of the block")
            .static_keys()
            .block(json!({"assume_role": [tooling(json!({}))]}))
            .reaches(session(TOOLING, "tooling", "*")),
        Row::named("an external ID that is wrong")
            .hops(json!([{"role_arn": role(FIRST, "partner"), "external_id": "wrong"}]))
            .fails("role/partner"),
    ]
}

fn arns() -> Vec<Row> {
    vec![
        Row::named("an empty role ARN")
            .hops(json!([{"role_arn": ""}]))
            .fails("ole ARN")
            .but_theirs(Difference::EmptyRole, reaches(user("environment"))),
        Row::named("a block without a role ARN")
            .hops(json!([{"session_name": "landing-zone"}]))
            .fails("ole ARN")
            .but_theirs(Difference::EmptyRole, reaches(user("environment"))),
        Row::named("an empty role ARN in the second block")
            .hops(json!([tooling(json!({})), {"role_arn": ""}]))
            .fails("role"),
        Row::named("a role ARN that is not known yet")
            .hops(json!([{"role_arn": UNKNOWN}]))
            .but_theirs(Difference::UnknownRole, reaches(user("environment"))),
        Row::named("a role ARN that is none")
            .hops(json!([{"role_arn": "tooling"}]))
            .refused("tooling"),
        Row::named("the ARN of a user in place of a role")
            .hops(json!([{"role_arn": user("other")}]))
            .refused("user/other")
            .but_calls_differ(Difference::CheckedEarlier),
    ]
}

fn durations() -> Vec<Row> {
    let row = |name, duration: &str| {
        Row::named(name).hops(json!([{
            "role_arn": role(TOOLING, "long"),
            "duration": duration,
        }]))
    };
    vec![
        row("a duration of twelve hours", "12h").reaches(session(TOOLING, "long", "*")),
        row("a duration with parts", "1h30m30s").reaches(session(TOOLING, "long", "*")),
        row("a duration that is too short", "14m").refused("uration"),
        row("a duration that is too long", "13h").refused("uration"),
        row("a duration that is none", "an hour").refused("uration"),
        Row::named("a duration longer than the role allows")
            .hops(json!([tooling(json!({"duration": "2h"}))]))
            .fails("DurationSeconds"),
        Row::named("a chained duration of more than an hour")
            .hops(json!([
                tooling(json!({})),
                {"role_arn": role(TOOLING, "long"), "duration": "2h"},
            ]))
            .fails("hour")
            .but_calls_differ(Difference::CheckedEarlier),
    ]
}

fn members() -> Vec<Row> {
    let row = |name, members: Json| Row::named(name).hops(json!([tooling(members)]));
    vec![
        row(
            "a session name with characters that STS refuses",
            json!({"session_name": "bad name!"}),
        )
        .checked()
        .fails("ession")
        .but_calls_differ(Difference::CheckedEarlier),
        row("a session name of one letter", json!({"session_name": "a"})).refused("ession"),
        row("a policy that is no JSON", json!({"policy": "all"})).refused("policy"),
        row(
            "a policy ARN that is none",
            json!({"policy_arns": ["ReadOnlyAccess"]}),
        )
        .refused("ReadOnlyAccess"),
        row(
            "a transitive key without its tag",
            json!({"transitive_tag_keys": ["team"]}),
        )
        .fails("ransitive")
        .but_calls_differ(Difference::CheckedEarlier),
    ]
}

use serde_json::{Value, json};

use super::*;

const ARN: &str = "arn:aws:sts::111111111111:assumed-role/tooling/run";
const ROLE: &str = "arn:aws:iam::111111111111:role/tooling";

fn policy(statement: Value) -> PolicyDocument {
    PolicyDocument::try_from(json!({ "Version": "2012-10-17", "Statement": statement })).unwrap()
}

fn identity(policy: &PolicyDocument, action: &str, resource: &str) -> Verdict {
    policy.as_identity_policy(Query {
        action,
        resource,
        facts: &Facts::default(),
    })
}

fn trusted(policy: &PolicyDocument, facts: &Facts) -> Verdict {
    let caller = Caller::Aws {
        account: "111111111111",
        arn: ARN,
        principal_arn: ROLE,
    };
    policy.as_resource_policy(
        Query {
            action: "sts:AssumeRole",
            resource: "",
            facts,
        },
        caller,
    )
}

fn facts(pairs: &[(&str, &str)]) -> Facts {
    let mut facts = Facts::default();
    for (key, value) in pairs {
        facts.add(key, *value);
    }
    facts
}

#[test]
fn an_explicit_deny_wins_over_an_allow() {
    let policy = policy(json!([
        { "Effect": "Allow", "Action": "ecr-public:*", "Resource": "*" },
        { "Effect": "Deny", "Action": "ecr-public:PutImage", "Resource": "*" },
    ]));
    let allowed = Verdict::Allow(Grant::Caller);
    assert_eq!(identity(&policy, "ecr-public:DescribeImages", "r"), allowed);
    assert_eq!(identity(&policy, "ecr-public:PutImage", "r"), Verdict::Deny);
    assert_eq!(identity(&policy, "sts:AssumeRole", "r"), Verdict::Silent);
}

#[test]
fn actions_are_compared_without_case_and_resources_with_it() {
    let policy = PolicyDocument::allow(&["ECR-Public:putimage"], "arn:repository/app/*").unwrap();
    let verdict = |resource| identity(&policy, "ecr-public:PutImage", resource);
    assert_eq!(
        verdict("arn:repository/app/x"),
        Verdict::Allow(Grant::Caller)
    );
    assert_eq!(verdict("arn:repository/App/x"), Verdict::Silent);
}

#[test]
fn not_action_and_not_resource_cover_everything_else() {
    let policy = policy(json!({
        "Effect": "Allow", "NotAction": "ecr-public:Delete*", "NotResource": "secret",
    }));
    let allowed = Verdict::Allow(Grant::Caller);
    assert_eq!(identity(&policy, "ecr-public:PutImage", "open"), allowed);
    assert_eq!(
        identity(&policy, "ecr-public:PutImage", "secret"),
        Verdict::Silent
    );
    assert_eq!(
        identity(&policy, "ecr-public:DeleteRepository", "open"),
        Verdict::Silent
    );
}

#[test]
fn trust_tells_a_named_caller_from_its_account() {
    for (principal, expected) in [
        (ARN, Verdict::Allow(Grant::Caller)),
        (ROLE, Verdict::Allow(Grant::Caller)),
        ("111111111111", Verdict::Allow(Grant::Account)),
        (
            "arn:aws:iam::111111111111:root",
            Verdict::Allow(Grant::Account),
        ),
        ("*", Verdict::Allow(Grant::Account)),
        ("arn:aws:iam::222222222222:root", Verdict::Silent),
        ("arn:aws:iam::111111111111:role/other", Verdict::Silent),
        (
            "arn:aws:sts::111111111111:assumed-role/tooling/other",
            Verdict::Silent,
        ),
    ] {
        let verdict = trusted(&PolicyDocument::trust(&[principal]), &Facts::default());
        assert_eq!(verdict, expected, "{principal}");
    }
}

#[test]
fn an_external_id_must_be_present_and_equal() {
    let policy = PolicyDocument::trust_with_external_id(&[ROLE], "x-42");
    assert_eq!(trusted(&policy, &Facts::default()), Verdict::Silent);
    assert_eq!(
        trusted(&policy, &facts(&[("sts:ExternalId", "x-43")])),
        Verdict::Silent
    );
    assert_eq!(
        trusted(&policy, &facts(&[("sts:externalid", "x-42")])),
        Verdict::Allow(Grant::Caller)
    );
}

#[test]
fn condition_operators_follow_the_rules_for_absent_keys() {
    for (operator, present, absent) in [
        ("StringEquals", true, false),
        ("StringNotEquals", false, true),
        ("StringEqualsIfExists", true, true),
        ("StringLike", true, false),
        ("ForAllValues:StringEquals", true, true),
        ("ForAnyValue:StringEquals", true, false),
    ] {
        let policy = policy(json!({
            "Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole",
            "Condition": { operator: { "aws:PrincipalOrgID": "o-1" } },
        }));
        let holds = |facts: &Facts| trusted(&policy, facts) != Verdict::Silent;
        assert_eq!(
            holds(&facts(&[("aws:PrincipalOrgID", "o-1")])),
            present,
            "{operator}"
        );
        assert_eq!(holds(&Facts::default()), absent, "{operator} on nothing");
    }
}

#[test]
fn variables_are_replaced_by_the_tags_of_the_caller() {
    let policy =
        PolicyDocument::allow(&["ecr-public:*"], "repository/${aws:PrincipalTag/team}/*").unwrap();
    let with_team = facts(&[("aws:PrincipalTag/team", "blue")]);
    let query = |resource, facts| Query {
        action: "ecr-public:PutImage",
        resource,
        facts,
    };
    let allowed = Verdict::Allow(Grant::Caller);
    assert_eq!(
        policy.as_identity_policy(query("repository/blue/x", &with_team)),
        allowed
    );
    assert_eq!(
        policy.as_identity_policy(query("repository/red/x", &with_team)),
        Verdict::Silent
    );
    assert_eq!(
        policy.as_identity_policy(query("repository//x", &Facts::default())),
        Verdict::Silent
    );
}

#[test]
fn what_would_not_be_understood_is_refused() {
    for (text, expected) in [
        ("{", MalformedPolicy::Json),
        ("[]", MalformedPolicy::Form),
        (r#"{"Statement":[]}"#, MalformedPolicy::Form),
        (
            r#"{"Version":"2020-01-01","Statement":[{"Effect":"Allow","Action":"*"}]}"#,
            MalformedPolicy::Version,
        ),
        (
            r#"{"Statement":[{"Effect":"allow","Action":"*"}]}"#,
            MalformedPolicy::Effect,
        ),
        (
            r#"{"Statement":[{"Effect":"Allow"}]}"#,
            MalformedPolicy::Action,
        ),
        (
            r#"{"Statement":[{"Effect":"Allow","Action":"PutImage"}]}"#,
            MalformedPolicy::Action,
        ),
        (
            r#"{"Statement":[{"Effect":"Allow","Action":"*","NotPrincipal":"*"}]}"#,
            MalformedPolicy::Element("NotPrincipal".to_owned()),
        ),
        (
            r#"{"Statement":[{"Effect":"Allow","Action":"*","Condition":{"IpAddress":{"a":"b"}}}]}"#,
            MalformedPolicy::Operator("IpAddress".to_owned()),
        ),
    ] {
        assert_eq!(PolicyDocument::parse(text).unwrap_err(), expected, "{text}");
    }
}

#[test]
fn constructed_policies_read_back_as_themselves() {
    for policy in [
        PolicyDocument::administrator(),
        PolicyDocument::trust(&[ROLE]),
        PolicyDocument::trust_with_external_id(&[ROLE], "x"),
    ] {
        assert_eq!(PolicyDocument::parse(&policy.to_json()).unwrap(), policy);
    }
}

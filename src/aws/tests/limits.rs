//! What is refused before anything is sent.

use std::time::Duration;

use crate::aws::{
    AccountRole, Hop, HopMember, HopPlace, HopProblem, HopSession, InvalidAccountRole,
    InvalidRoleArn, RoleArn,
};

fn hop() -> Hop {
    Hop::to("arn:aws:iam::111111111111:role/r".parse().unwrap())
}

#[track_caller]
fn check_arn(text: &str, expected: Result<&str, InvalidRoleArn>) {
    let parsed = text.parse::<RoleArn>();
    assert_eq!(
        parsed.as_ref().map(|arn| arn.account().as_str()),
        expected.as_ref().copied()
    );
}

#[track_caller]
fn check(hop: &Hop, place: HopPlace, expected: &[(HopMember, HopProblem)]) {
    let found: Vec<_> = hop
        .check(place)
        .into_iter()
        .map(|wrong| (wrong.member, wrong.problem))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn role_arns_of_the_commercial_partition_are_accepted() {
    check_arn("arn:aws:iam::111111111111:role/r", Ok("111111111111"));
    check_arn(
        "arn:aws:iam::222222222222:role/a/b/c_d+e=f,g.h@i-j",
        Ok("222222222222"),
    );
}

#[test]
fn anything_else_is_refused_for_what_it_is() {
    use InvalidRoleArn::{Account, Empty, Form, Partition, TooLong};
    check_arn("", Err(Empty));
    for text in [
        "role",
        "arn:aws:iam::111111111111:user/r",
        "arn:aws:iam::111111111111:role/",
        "arn:aws:iam::111111111111:role//r",
        "arn:aws:iam::111111111111:role/with space",
        "arn:aws:iam:us-east-1:111111111111:role/r",
        "arn:aws:sts::111111111111:assumed-role/r/s",
        " arn:aws:iam::111111111111:role/r",
        "arn:aws:iam::111111111111:role/r\n",
        "arn:AWS:iam::111111111111:role/r",
    ] {
        check_arn(text, Err(Form));
    }
    check_arn(
        &format!("arn:aws:iam::111111111111:role/{}", "n".repeat(65)),
        Err(Form),
    );
    check_arn(
        &format!("arn:aws:iam::111111111111:role/{}", "n".repeat(3000)),
        Err(TooLong),
    );
    check_arn("arn:aws:iam::1111:role/r", Err(Account));
    check_arn("arn:aws:iam::aws:role/r", Err(Account));
    let china = Partition("aws-cn".to_owned());
    check_arn("arn:aws-cn:iam::111111111111:role/r", Err(china));
}

#[test]
fn a_hop_with_nothing_but_a_role_is_fine_anywhere() {
    check(&hop(), HopPlace::First, &[]);
    check(&hop(), HopPlace::Chained, &[]);
}

#[test]
fn durations_are_between_fifteen_minutes_and_twelve_hours_and_one_hour_in_a_chain() {
    use HopProblem::{DurationChained, DurationFraction, DurationRange};
    let lasting = |seconds: f64| Hop {
        duration: Some(Duration::from_secs_f64(seconds)),
        ..hop()
    };
    let wrong = |problem| vec![(HopMember::Duration, problem)];
    check(&lasting(900.0), HopPlace::First, &[]);
    check(&lasting(43200.0), HopPlace::First, &[]);
    check(&lasting(3600.0), HopPlace::Chained, &[]);
    check(&lasting(899.0), HopPlace::First, &wrong(DurationRange));
    check(&lasting(43201.0), HopPlace::First, &wrong(DurationRange));
    check(&lasting(3601.0), HopPlace::Chained, &wrong(DurationChained));
    check(&lasting(43201.0), HopPlace::Chained, &wrong(DurationRange));
    check(&lasting(1000.5), HopPlace::First, &wrong(DurationFraction));
}

#[test]
fn patterns_are_anchored() {
    let hop = Hop {
        session_name: Some("bad name!".to_owned()),
        external_id: Some("x".to_owned()),
        source_identity: Some("aws:me".to_owned()),
        ..hop()
    };
    let character = HopProblem::Character {
        character: ' ',
        others: "_+=,.@-",
    };
    let length = HopProblem::Length {
        least: 2,
        most: 1224,
    };
    check(
        &hop,
        HopPlace::First,
        &[
            (HopMember::SessionName, character),
            (HopMember::ExternalId, length),
            (HopMember::SourceIdentity, HopProblem::ReservedPrefix),
        ],
    );
}

#[test]
fn policies_tags_and_keys_are_read_not_only_counted() {
    let hop = Hop {
        policy: Some("[1]".to_owned()),
        policy_arns: ["arn:aws:iam::aws:role/x".to_owned()].into(),
        tags: [("team".to_owned(), "a|b".to_owned())].into(),
        transitive_tag_keys: ["Team".to_owned()].into(),
        ..hop()
    };
    let character = HopProblem::Character {
        character: '|',
        others: " _.:/=+-@",
    };
    let stranger = HopProblem::NotPolicyArn("arn:aws:iam::aws:role/x".to_owned());
    check(
        &hop,
        HopPlace::First,
        &[
            (HopMember::Policy, HopProblem::NotJson),
            (HopMember::PolicyArns, stranger),
            (HopMember::Tags, character),
            (
                HopMember::TransitiveTagKeys,
                HopProblem::NotTagKey("Team".to_owned()),
            ),
        ],
    );
}

#[test]
fn white_space_of_a_policy_does_not_count() {
    let indented = |actions: usize| {
        let actions = vec!["\n            \"ecr-public:PutImage\""; actions].join(",");
        format!("{{ \"Statement\": [{{ \"Action\": [{actions}] }}] }}")
    };
    let with = |actions| Hop {
        policy: Some(indented(actions)),
        ..hop()
    };
    assert!(indented(80).len() > 2048);
    check(&with(80), HopPlace::First, &[]);
    let too_long = HopProblem::Length {
        least: 1,
        most: 2048,
    };
    check(
        &with(100),
        HopPlace::First,
        &[(HopMember::Policy, too_long)],
    );
}

#[test]
fn an_account_role_needs_a_placeholder_and_makes_a_role_arn() {
    let role = |template: &str| AccountRole {
        template: template.to_owned(),
        session: HopSession::default(),
    };
    let account = "222222222222".parse().unwrap();
    let hop = role("arn:aws:iam::{account_id}:role/p-{account_id}").hop(&account);
    assert_eq!(
        hop.unwrap().role_arn.as_str(),
        "arn:aws:iam::222222222222:role/p-222222222222"
    );
    let fixed = role("arn:aws:iam::111111111111:role/p").hop(&account);
    assert_eq!(fixed, Err(InvalidAccountRole::NoPlaceholder));
    let broken = role("{account_id}").hop(&account);
    assert_eq!(broken, Err(InvalidAccountRole::Arn(InvalidRoleArn::Form)));
}

#[test]
fn a_hop_does_not_show_its_external_id_or_policy() {
    let hop = Hop {
        external_id: Some("external-id".to_owned()),
        policy: Some("{\"policy\":1}".to_owned()),
        tags: [("tag-key".to_owned(), "tag-value".to_owned())].into(),
        ..hop()
    };
    let text = format!("{hop:?}");
    for hidden in ["external-id", "policy\\\"", "tag-key", "tag-value"] {
        assert!(!text.contains(hidden), "{text}");
    }
}

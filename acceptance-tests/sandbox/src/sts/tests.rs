use http::StatusCode;
use http_body_util::BodyExt as _;
use serde_json::json;

use super::*;
use crate::accounts::{AccountSeed, AccountsSeed, RoleSeed, UserSeed, WebTokenSeed};
use crate::clock::Clock;
use crate::policy::PolicyDocument;
use crate::sigv4::signer::Signer;

const TOOLING: &str = "arn:aws:iam::111111111111:role/tooling";
const PUBLISHER: &str = "arn:aws:iam::222222222222:role/ecr/publisher";

fn sandbox() -> Accounts {
    let user = UserSeed::new("ci", "AKIACI00000000000000", "ci-secret")
        .policy(PolicyDocument::allow(&["sts:*"], "*").unwrap());
    let mute = UserSeed::new("mute", "AKIAMUTE000000000000", "mute-secret");
    let hub = AccountSeed::new("111111111111")
        .unwrap()
        .user(user)
        .user(mute)
        .role(
            RoleSeed::new(
                "tooling",
                PolicyDocument::trust(&["arn:aws:iam::111111111111:root"]),
            )
            .policy(PolicyDocument::allow(&["sts:*"], "*").unwrap())
            .max_session(43_200),
        )
        .role(RoleSeed::new("federated", federated_trust()));
    let publisher = RoleSeed {
        path: "/ecr/".to_owned(),
        ..RoleSeed::new("publisher", PolicyDocument::trust(&[TOOLING])).max_session(7200)
    };
    let partner = RoleSeed::new(
        "partner",
        PolicyDocument::trust_with_external_id(&["111111111111"], "x-42"),
    );
    let target = AccountSeed::new("222222222222")
        .unwrap()
        .role(publisher)
        .role(partner);
    let seed = AccountsSeed {
        accounts: vec![hub, target],
        web_tokens: vec![web_token("good", None), web_token("stale", Some(60))],
    };
    Accounts::new(seed, Clock::default()).unwrap()
}

fn federated_trust() -> PolicyDocument {
    PolicyDocument::try_from(json!({
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": { "Federated": "arn:aws:iam::111111111111:oidc-provider/ci.example.org" },
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": { "StringLike": { "ci.example.org:sub": "repo:team/*" } },
        },
    }))
    .unwrap()
}

fn web_token(token: &str, expires_in_seconds: Option<u32>) -> WebTokenSeed {
    WebTokenSeed {
        token: token.to_owned(),
        issuer: "ci.example.org".to_owned(),
        subject: "repo:team/infra".to_owned(),
        audience: "sts.amazonaws.com".to_owned(),
        expires_in_seconds,
    }
}

fn user(name: &str) -> Signer {
    let (key, secret) = match name {
        "ci" => ("AKIACI00000000000000", "ci-secret"),
        _ => ("AKIAMUTE000000000000", "mute-secret"),
    };
    Signer {
        access_key_id: key.to_owned(),
        secret_access_key: secret.to_owned(),
        session_token: None,
        region: "eu-west-1",
        service: "sts",
    }
}

fn call(
    accounts: &Accounts,
    signer: Option<&Signer>,
    form: &[(&str, &str)],
) -> (StatusCode, String) {
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    body.append_pair("Version", VERSION).extend_pairs(form);
    let request = Request::post("/").body(Bytes::from(body.finish())).unwrap();
    let request = match signer {
        Some(signer) => signer.sign(request),
        None => request,
    };
    let response = answer(accounts, request);
    let status = response.status();
    let body = response.into_body().collect();
    let body = futures_util::FutureExt::now_or_never(body)
        .unwrap()
        .unwrap();
    (status, String::from_utf8(body.to_bytes().to_vec()).unwrap())
}

fn assume(
    accounts: &Accounts,
    signer: &Signer,
    role: &str,
    more: &[(&str, &str)],
) -> Result<Signer, String> {
    let mut form = vec![
        ("Action", "AssumeRole"),
        ("RoleArn", role),
        ("RoleSessionName", "run"),
    ];
    form.extend(more);
    let (status, body) = call(accounts, Some(signer), &form);
    if status != StatusCode::OK {
        return Err(format!(
            "{status} {}: {}",
            element(&body, "Code"),
            element(&body, "Message")
        ));
    }
    Ok(Signer {
        access_key_id: element(&body, "AccessKeyId"),
        secret_access_key: element(&body, "SecretAccessKey"),
        session_token: Some(element(&body, "SessionToken")),
        ..signer.clone()
    })
}

fn element(xml: &str, name: &str) -> String {
    let text = xml
        .split_once(&format!("<{name}>"))
        .map_or("", |(_, after)| after);
    let text = text.split_once("</").map_or("", |(text, _)| text);
    text.replace("&apos;", "'")
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
}

fn whoami(accounts: &Accounts, signer: &Signer) -> String {
    let (_, body) = call(accounts, Some(signer), &[("Action", "GetCallerIdentity")]);
    match element(&body, "Arn") {
        arn if arn.is_empty() => element(&body, "Code"),
        arn => arn,
    }
}

#[test]
fn a_chain_of_two_roles_ends_in_the_target_account() {
    let sts = sandbox();
    let tooling = assume(&sts, &user("ci"), TOOLING, &[]).unwrap();
    assert_eq!(
        whoami(&sts, &tooling),
        "arn:aws:sts::111111111111:assumed-role/tooling/run"
    );
    let publisher = assume(&sts, &tooling, PUBLISHER, &[]).unwrap();
    let arn = "arn:aws:sts::222222222222:assumed-role/publisher/run";
    assert_eq!(whoami(&sts, &publisher), arn);
}

/// A fault, to be noticed by whoever asked for a role and gets another one.
#[test]
fn a_diverted_call_gets_a_session_of_another_role_with_credentials_that_work() {
    let sts = sandbox();
    let form = format!("Action=AssumeRole&Version={VERSION}&RoleSessionName=run&RoleArn={TOOLING}");
    let request = Request::post("/").body(Bytes::from(form)).unwrap();
    let mut request = user("ci").sign(request);
    request
        .extensions_mut()
        .insert(Diverted(PUBLISHER.to_owned()));
    let body = answer(&sts, request).into_body().collect();
    let body = futures_util::FutureExt::now_or_never(body).unwrap();
    let body = String::from_utf8(body.unwrap().to_bytes().to_vec()).unwrap();
    let arn = "arn:aws:sts::222222222222:assumed-role/publisher/run";
    assert_eq!(element(&body, "Arn"), arn);
    let diverted = Signer {
        access_key_id: element(&body, "AccessKeyId"),
        secret_access_key: element(&body, "SecretAccessKey"),
        session_token: Some(element(&body, "SessionToken")),
        ..user("ci")
    };
    assert_eq!(whoami(&sts, &diverted), arn);
}

#[test]
fn refusals_name_caller_action_and_role() {
    let sts = sandbox();
    let (ci, mute) = (user("ci"), user("mute"));
    let unknown = "arn:aws:iam::222222222222:role/nobody-has-this";
    let elsewhere = "arn:aws:iam::999999999999:role/publisher";
    for (signer, role, reason) in [
        // Trusted by account, but without a policy of its own.
        (
            &mute,
            TOOLING,
            " because no identity-based policy allows the sts:AssumeRole action",
        ),
        (&ci, PUBLISHER, ""),
        (&ci, unknown, ""),
        (&ci, elsewhere, ""),
    ] {
        let refused = assume(&sts, signer, role, &[]).unwrap_err();
        let caller = if std::ptr::eq(signer, &ci) {
            "ci"
        } else {
            "mute"
        };
        assert_eq!(
            refused,
            format!(
                "403 Forbidden AccessDenied: User: arn:aws:iam::111111111111:user/{caller} is not \
                 authorized to perform: sts:AssumeRole on resource: {role}{reason}"
            )
        );
    }
}

#[test]
fn the_external_id_must_be_the_one_the_trust_policy_asks_for() {
    let sts = sandbox();
    let role = "arn:aws:iam::222222222222:role/partner";
    let with = |id| assume(&sts, &user("ci"), role, &[("ExternalId", id)]);
    assert!(
        assume(&sts, &user("ci"), role, &[])
            .unwrap_err()
            .contains("AccessDenied")
    );
    assert!(with("x-43").unwrap_err().contains("AccessDenied"));
    with("x-42").unwrap();
}

#[test]
fn durations_respect_the_role_and_the_hour_of_a_chained_session() {
    let sts = sandbox();
    let tooling = assume(&sts, &user("ci"), TOOLING, &[("DurationSeconds", "43200")]).unwrap();
    for (signer, role, seconds, expected) in [
        (&user("ci"), TOOLING, "899", "greater than or equal to 900"),
        (&user("ci"), TOOLING, "43201", "less than or equal to 43200"),
        (&tooling, PUBLISHER, "3601", "1 hour session limit"),
        (&tooling, PUBLISHER, "3600", ""),
    ] {
        let outcome = assume(&sts, signer, role, &[("DurationSeconds", seconds)]);
        match outcome {
            Ok(_) => assert_eq!(expected, "", "{seconds}"),
            Err(refused) => {
                assert!(
                    refused.starts_with("400 Bad Request ValidationError"),
                    "{refused}"
                );
                assert!(
                    !expected.is_empty() && refused.contains(expected),
                    "{refused}"
                );
            }
        }
    }
    let federated = sandbox();
    let (status, body) = web(&federated, "good", &[("DurationSeconds", "3601")]);
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(
        element(&body, "Message").contains("MaxSessionDuration"),
        "{body}"
    );
}

#[test]
fn every_broken_parameter_is_named_at_once() {
    let sts = sandbox();
    let (status, body) = call(
        &sts,
        Some(&user("ci")),
        &[
            ("Action", "AssumeRole"),
            ("RoleSessionName", "bad name"),
            ("ExternalId", "x"),
        ],
    );
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(element(&body, "Code"), "ValidationError");
    let message = element(&body, "Message");
    assert!(
        message.starts_with("3 validation errors detected"),
        "{message}"
    );
    for name in ["'roleArn'", "'roleSessionName'", "'externalId'"] {
        assert!(message.contains(name), "{message}");
    }
}

#[test]
fn malformed_arns_policies_and_tags_are_refused() {
    let sts = sandbox();
    for (role, more, expected) in [
        ("arn:aws:iam::12:role/too-short", vec![], "ValidationError"),
        (TOOLING, vec![("Policy", "{")], "MalformedPolicyDocument"),
        (
            TOOLING,
            vec![("TransitiveTagKeys.member.1", "team")],
            "ValidationError",
        ),
        (
            TOOLING,
            vec![
                ("Tags.member.1.Key", "team"),
                ("Tags.member.1.Value", "a"),
                ("Tags.member.2.Key", "Team"),
                ("Tags.member.2.Value", "b"),
            ],
            "ValidationError",
        ),
    ] {
        let refused = assume(&sts, &user("ci"), role, &more).unwrap_err();
        assert!(refused.contains(expected), "{refused}");
    }
    let big = "v".repeat(256);
    let names: Vec<(String, String)> = (1..=20)
        .map(|n| {
            (
                format!("Tags.member.{n}.Key"),
                format!("Tags.member.{n}.Value"),
            )
        })
        .collect();
    let keys: Vec<String> = (1..=20).map(|n| format!("key{n}")).collect();
    let mut tags = Vec::new();
    for ((key, value), text) in names.iter().zip(&keys) {
        tags.push((key.as_str(), text.as_str()));
        tags.push((value.as_str(), big.as_str()));
    }
    let refused = assume(&sts, &user("ci"), TOOLING, &tags).unwrap_err();
    assert!(refused.contains("PackedPolicyTooLarge"), "{refused}");
}

#[test]
fn transitive_tags_and_the_source_identity_stay_through_the_chain() {
    let sts = sandbox();
    let tooling = assume(
        &sts,
        &user("ci"),
        TOOLING,
        &[
            ("Tags.member.1.Key", "team"),
            ("Tags.member.1.Value", "blue"),
            ("TransitiveTagKeys.member.1", "team"),
            ("SourceIdentity", "jane"),
        ],
    )
    .unwrap();
    let again = [
        ("Tags.member.1.Key", "team"),
        ("Tags.member.1.Value", "red"),
    ];
    let refused = assume(&sts, &tooling, PUBLISHER, &again).unwrap_err();
    assert!(
        refused.contains("conflicts with a transitive tag"),
        "{refused}"
    );
    let refused = assume(&sts, &tooling, PUBLISHER, &[("SourceIdentity", "joe")]).unwrap_err();
    assert!(refused.contains("sts:SetSourceIdentity"), "{refused}");
    let (_, body) = call(
        &sts,
        Some(&tooling),
        &[
            ("Action", "AssumeRole"),
            ("RoleArn", PUBLISHER),
            ("RoleSessionName", "run"),
        ],
    );
    assert_eq!(element(&body, "SourceIdentity"), "jane");
    // The partner's trust policy allows neither tags nor a source identity, not even inherited.
    let partner = "arn:aws:iam::222222222222:role/partner";
    let refused = assume(&sts, &tooling, partner, &[("ExternalId", "x-42")]).unwrap_err();
    assert!(refused.contains("sts:TagSession"), "{refused}");
}

#[test]
fn sessions_expire_by_the_clock_and_end_with_their_role() {
    let sts = sandbox();
    let tooling = assume(&sts, &user("ci"), TOOLING, &[("DurationSeconds", "900")]).unwrap();
    sts.clock().advance(std::time::Duration::from_secs(901));
    assert_eq!(whoami(&sts, &tooling), "ExpiredToken");
    let tooling = assume(&sts, &user("ci"), TOOLING, &[]).unwrap();
    sts.remove_role(&"111111111111".parse().unwrap(), "tooling")
        .unwrap();
    assert_eq!(whoami(&sts, &tooling), "InvalidClientTokenId");
}

fn web(accounts: &Accounts, token: &str, more: &[(&str, &str)]) -> (StatusCode, String) {
    let mut form = vec![
        ("Action", "AssumeRoleWithWebIdentity"),
        ("RoleArn", "arn:aws:iam::111111111111:role/federated"),
        ("RoleSessionName", "job"),
        ("WebIdentityToken", token),
    ];
    form.extend(more);
    call(accounts, None, &form)
}

#[test]
fn a_web_identity_token_needs_no_signature_but_must_be_known_and_fresh() {
    let sts = sandbox();
    let (status, body) = web(&sts, "good", &[]);
    assert_eq!(status, StatusCode::OK, "{body}");
    assert_eq!(
        element(&body, "SubjectFromWebIdentityToken"),
        "repo:team/infra"
    );
    let (_, body) = web(&sts, "forged", &[]);
    assert_eq!(element(&body, "Code"), "InvalidIdentityToken");
    sts.clock().advance(std::time::Duration::from_secs(61));
    let (status, body) = web(&sts, "stale", &[]);
    assert_eq!(
        (status, element(&body, "Code").as_str()),
        (StatusCode::BAD_REQUEST, "ExpiredTokenException")
    );
    let (status, body) = web(&sts, "good", &[("RoleArn", TOOLING)]);
    assert_eq!(
        (status, element(&body, "Code").as_str()),
        (StatusCode::FORBIDDEN, "AccessDenied")
    );
}

#[test]
fn unknown_actions_and_versions_are_refused() {
    let sts = sandbox();
    for (form, code) in [
        (vec![("Action", "MakeCoffee")], "InvalidAction"),
        (vec![("Action", "GetFederationToken")], "InvalidAction"),
        (
            vec![("Action", "GetCallerIdentity"), ("Version", "2010-05-08")],
            "InvalidAction",
        ),
        (vec![], "MissingAction"),
    ] {
        let (status, body) = call(&sts, Some(&user("ci")), &form);
        assert_eq!(
            (status, element(&body, "Code").as_str()),
            (StatusCode::BAD_REQUEST, code)
        );
    }
    let (status, body) = call(&sts, None, &[("Action", "GetCallerIdentity")]);
    let code = element(&body, "Code");
    assert_eq!(
        (status, code.as_str()),
        (StatusCode::FORBIDDEN, "MissingAuthenticationToken")
    );
}

#[test]
fn a_list_or_a_structure_in_the_wrong_place_is_malformed() {
    let accounts = sandbox();
    let call = |more: &[(&str, &str)]| {
        let form = [&[("Action", "AssumeRole"), ("RoleArn", TOOLING)], more].concat();
        let (status, body) = call(&accounts, Some(&user("ci")), &form);
        assert_eq!(status, StatusCode::BAD_REQUEST);
        format!("{}: {}", element(&body, "Code"), element(&body, "Message"))
    };
    let list = "MalformedInput: Top level element may not be treated as a list";
    assert_eq!(call(&[("Tags.1.Key", "team")]), list);
    assert_eq!(call(&[("TransitiveTagKeys", "team")]), list);
    assert_eq!(call(&[("PolicyArns.member.first.arn", "arn")]), list);
    assert_ne!(call(&[("PolicyArns", "")]), list, "an empty list is one");
    let structure = "MalformedInput: Start of list found where not expected";
    assert_eq!(call(&[("RoleSessionName.member.1", "run")]), structure);
    assert_eq!(call(&[("Policy.Version", "2012-10-17")]), structure);
}

#[test]
fn a_fault_can_expire_a_web_identity_token() {
    let accounts = sandbox();
    let form = "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleSessionName=job\
        &RoleArn=arn:aws:iam::111111111111:role/federated&WebIdentityToken=good";
    let mut request = Request::post("/").body(Bytes::from(form)).unwrap();
    request.extensions_mut().insert(TokenExpired);
    let response = answer(&accounts, request);
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    let body = futures_util::FutureExt::now_or_never(response.into_body().collect());
    let body = body.unwrap().unwrap().to_bytes();
    let body = String::from_utf8_lossy(&body);
    assert_eq!(element(&body, "Code"), "ExpiredTokenException");
}

use bytes::Bytes;
use http::Request;

use super::signer::Signer;
use super::*;
use crate::accounts::{AccountSeed, AccountsSeed, UserSeed};
use crate::clock::Clock;

const KEY: &str = "AKIDEXAMPLEEXAMPLE00";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const SCOPE: Scope = Scope {
    service: "sts",
    has_region: |region| region == "us-east-1",
};

fn accounts() -> Accounts {
    let user = UserSeed::new("ci", KEY, SECRET);
    let account = AccountSeed::new("111111111111").unwrap().user(user);
    let seed = AccountsSeed {
        accounts: vec![account],
        web_tokens: Vec::new(),
    };
    Accounts::new(seed, Clock::default()).unwrap()
}

fn signer() -> Signer {
    Signer {
        access_key_id: KEY.to_owned(),
        secret_access_key: SECRET.to_owned(),
        session_token: None,
        region: "us-east-1",
        service: "sts",
    }
}

fn request() -> Request<Bytes> {
    let body = Bytes::from_static(b"Action=GetCallerIdentity");
    Request::post("/").body(body).unwrap()
}

fn authenticate(request: Request<Bytes>) -> Result<Identity, Unauthenticated> {
    let (parts, body) = request.into_parts();
    accounts().authenticate(&parts, &body, SCOPE)
}

/// The vectors of the AWS Signature Version 4 test suite: `get-vanilla` and
/// `get-vanilla-query-order-key-case`.
#[test]
fn signatures_agree_with_the_published_vectors() {
    for (uri, expected) in [
        (
            "/",
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        ),
        (
            "/?Param2=value2&Param1=value1",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
    ] {
        let request = Request::get(uri)
            .header("host", "example.amazonaws.com")
            .header("x-amz-date", "20150830T123600Z")
            .body(())
            .unwrap();
        let (parts, ()) = request.into_parts();
        let authorization = Authorization {
            access_key_id: "AKIDEXAMPLE",
            date: "20150830",
            region: "us-east-1",
            service: "service",
            signed_headers: vec!["host", "x-amz-date"],
            signature: "",
        };
        let signature = authorization.sign(SECRET, "20150830T123600Z", &parts, b"");
        assert_eq!(signature, expected, "{uri}");
    }
}

#[test]
fn a_good_signature_names_its_user() {
    let identity = authenticate(signer().sign(request())).unwrap();
    assert_eq!(identity.arn, "arn:aws:iam::111111111111:user/ci");
}

#[test]
fn a_changed_body_and_a_wrong_secret_do_not_match() {
    let mut changed = signer().sign(request());
    *changed.body_mut() = Bytes::from_static(b"Action=AssumeRole");
    assert_eq!(
        authenticate(changed).unwrap_err(),
        Unauthenticated::Mismatch
    );
    let wrong = Signer {
        secret_access_key: "wrong".to_owned(),
        ..signer()
    };
    let refused = authenticate(wrong.sign(request())).unwrap_err();
    assert_eq!(refused, Unauthenticated::Mismatch);
}

#[test]
fn an_unknown_key_and_an_unasked_for_token_are_invalid() {
    for signer in [
        Signer {
            access_key_id: "AKIAUNKNOWNUNKNOWN00".to_owned(),
            ..signer()
        },
        Signer {
            session_token: Some("made-up".to_owned()),
            ..signer()
        },
    ] {
        let refused = authenticate(signer.sign(request())).unwrap_err();
        assert_eq!(refused, Unauthenticated::UnknownKey);
    }
}

#[test]
fn a_signature_for_elsewhere_is_refused() {
    for signer in [
        Signer {
            region: "eu-west-1",
            ..signer()
        },
        Signer {
            service: "ecr-public",
            ..signer()
        },
    ] {
        let refused = authenticate(signer.sign(request())).unwrap_err();
        assert!(
            matches!(refused, Unauthenticated::WrongScope(_)),
            "{refused}"
        );
    }
}

#[test]
fn half_a_signature_is_incomplete() {
    for header in [
        "Bearer abc",
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, Signature=0",
        "AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request, Signature=0",
        "AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request, SignedHeaders=host",
    ] {
        let mut request = signer().sign(request());
        let value = header.parse().unwrap();
        request.headers_mut().insert("authorization", value);
        let refused = authenticate(request).unwrap_err();
        assert!(
            matches!(refused, Unauthenticated::Incomplete(_)),
            "{header}: {refused}"
        );
    }
    assert_eq!(
        authenticate(request()).unwrap_err(),
        Unauthenticated::Missing
    );
}

#[test]
fn every_amz_header_must_be_signed() {
    let mut request = signer().sign(request());
    let value = http::HeaderValue::from_static("SpencerFrontendService.PutImage");
    request.headers_mut().insert("x-amz-target", value);
    let refused = authenticate(request).unwrap_err();
    assert!(refused.to_string().contains("'x-amz-target'"), "{refused}");
}

#[test]
fn a_date_more_than_five_minutes_off_is_refused() {
    let now = OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap();
    let minutes = time::Duration::minutes;
    for (offset, is_good) in [(-6, false), (-4, true), (4, true), (6, false)] {
        let stamp = format_stamp(now + minutes(offset));
        assert_eq!(check_date(&stamp, now).is_ok(), is_good, "{stamp}");
    }
    assert!(check_date("yesterday", now).is_err());
}

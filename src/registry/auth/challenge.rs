//! `WWW-Authenticate`, parsed.
//!
//! RFC 9110, *WWW-Authenticate*; CNCF Distribution, *Token Authentication Specification*.

use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;
use http_auth::parser::ChallengeParser;
use http_auth::{ChallengeRef, ParamValue};

/// The way in which a registry wants to be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    Bearer(Bearer),
    Basic,
}

/// A token is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Bearer {
    /// The URL of the token service, unchecked.
    pub(super) realm: String,
    pub(super) service: Option<String>,
    /// What the token has to allow; sent back as it is.
    pub(super) scope: Option<String>,
    /// Why the token that was shown does not do: `invalid_token`, `insufficient_scope`.
    pub(super) error: Option<String>,
}

/// The challenge to answer: a bearer token before a password, others not at all. Values that
/// cannot be parsed are passed over.
pub(super) fn strongest(headers: &HeaderMap) -> Option<Challenge> {
    let values = headers
        .get_all(WWW_AUTHENTICATE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let mut basic = None;
    for value in values {
        for challenge in ChallengeParser::new(value).map_while(Result::ok) {
            if challenge.scheme.eq_ignore_ascii_case("bearer") {
                if let Some(bearer) = bearer(&challenge) {
                    return Some(Challenge::Bearer(bearer));
                }
            } else if challenge.scheme.eq_ignore_ascii_case("basic") {
                basic = Some(Challenge::Basic);
            }
        }
    }
    basic
}

fn bearer(challenge: &ChallengeRef<'_>) -> Option<Bearer> {
    let find = |name: &str| {
        challenge
            .params
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| ParamValue::to_unescaped(value))
            .filter(|value| !value.is_empty())
    };
    Some(Bearer {
        realm: find("realm")?,
        service: find("service"),
        scope: find("scope"),
        error: find("error"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(values: &[&str]) -> Option<Challenge> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(WWW_AUTHENTICATE, value.parse().unwrap());
        }
        strongest(&headers)
    }

    fn bearer(realm: &str, service: &str, scope: &str, error: &str) -> Option<Challenge> {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Some(Challenge::Bearer(Bearer {
            realm: realm.to_owned(),
            service: some(service),
            scope: some(scope),
            error: some(error),
        }))
    }

    #[test]
    fn docker_hub_is_understood() {
        assert_eq!(
            parse(&[
                "Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\",\
                 scope=\"repository:library/nginx:pull\",error=\"insufficient_scope\""
            ]),
            bearer(
                "https://auth.docker.io/token",
                "registry.docker.io",
                "repository:library/nginx:pull",
                "insufficient_scope"
            )
        );
    }

    #[test]
    fn the_scope_of_ecr_public_is_kept_as_it_is() {
        assert_eq!(
            parse(&[
                "Bearer realm=\"https://public.ecr.aws/token/\",service=\"public.ecr.aws\",\
                 scope=\"aws\""
            ]),
            bearer("https://public.ecr.aws/token/", "public.ecr.aws", "aws", "")
        );
    }

    #[test]
    fn bearer_wins_over_basic_wherever_it_stands() {
        let expected = bearer("https://a/t", "", "", "");
        assert_eq!(
            parse(&["Basic realm=\"x\", BEARER Realm=\"https://a/t\""]),
            expected
        );
        assert_eq!(
            parse(&[
                "Basic realm=\"x\"",
                "bearer realm=\"https://a/t\", scope=\"\""
            ]),
            expected
        );
        assert_eq!(
            parse(&["Negotiate", "Bearer realm=\"https://a/t\""]),
            expected
        );
    }

    #[test]
    fn escapes_and_commas_inside_quotes_are_part_of_the_value() {
        assert_eq!(
            parse(&[
                "Bearer realm=\"https://a/t\",scope=\"repository:a:pull,push\",service=\"a\\\"b\""
            ]),
            bearer("https://a/t", "a\"b", "repository:a:pull,push", "")
        );
    }

    #[test]
    fn what_cannot_be_answered_is_no_challenge() {
        for values in [
            &[][..],
            &["Negotiate"],
            &["Digest realm=\"x\", nonce=\"y\""],
            &["Bearer service=\"x\""],
            &["Bearer realm=\"\""],
            &["Bearer realm=\"unterminated"],
            &["\"\"\"", ",,,,"],
        ] {
            assert_eq!(parse(values), None, "{values:?}");
        }
        assert_eq!(parse(&["Basic"]), Some(Challenge::Basic));
    }
}

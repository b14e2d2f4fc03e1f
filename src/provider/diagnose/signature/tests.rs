use std::collections::BTreeMap;
use std::sync::Arc;

use crate::signature::Identity;
use crate::task::Stopped;

use super::super::tests::text;
use super::*;

const KEYS: [&str; 2] = [
    include_str!("../../../signature/vectors/p256.pub"),
    include_str!("../../../signature/vectors/ed25519.pub"),
];

fn digest(name: &str) -> Digest {
    Digest::sha256(name.as_bytes())
}

fn findings(refusals: Vec<Refusal>) -> Arc<Findings> {
    Arc::new(Findings {
        refusals,
        has_more: false,
    })
}

fn unsigned(refusals: Vec<Refusal>) -> NotVerified {
    NotVerified::Unsigned(Box::new(Unsigned {
        root: digest("root"),
        findings: findings(refusals),
        chosen: None,
    }))
}

fn other_key(has_certificate: bool) -> Refusal {
    Refusal::OtherKey { has_certificate }
}

fn identity(name: &str) -> Identity {
    Identity {
        issuer: "https://token.actions.githubusercontent.com".to_owned(),
        subject: format!(
            "https://github.com/acme/{name}/.github/workflows/release.yml@refs/heads/main"
        ),
    }
}

fn annotations() -> Refusal {
    let differing = |name: &str, found: Option<&str>| Differing {
        name: name.to_owned(),
        wanted: "released".to_owned(),
        found: found.map(str::to_owned),
    };
    Refusal::Annotations(vec![
        differing("stage", Some("draft")),
        differing("who", None),
    ])
}

fn all() -> Vec<NotVerified> {
    let chosen = |root, image| {
        NotVerified::Unsigned(Box::new(Unsigned {
            root: digest("root"),
            findings: findings(root),
            chosen: Some((digest("chosen"), findings(image))),
        }))
    };
    let flood = NotVerified::Unsigned(Box::new(Unsigned {
        root: digest("root"),
        findings: Arc::new(Findings {
            refusals: vec![other_key(false); 128],
            has_more: true,
        }),
        chosen: None,
    }));
    let other = "https://slsa.dev/provenance/v1".to_owned();
    vec![
        unsigned(Vec::new()),
        unsigned(vec![other_key(false)]),
        unsigned(vec![other_key(true)]),
        unsigned(vec![
            other_key(true),
            other_key(false),
            Refusal::Unreadable("it is not base64"),
        ]),
        unsigned(vec![Refusal::OtherImage(vec![digest("other")])]),
        unsigned(vec![Refusal::OtherImage(Vec::new())]),
        unsigned(vec![Refusal::OtherStatement(other)]),
        unsigned(vec![Refusal::OtherIdentity(identity("other"))]),
        unsigned(vec![
            other_key(true),
            Refusal::Certificate("certificate chain is invalid: UnknownIssuer".to_owned()),
        ]),
        unsigned(vec![annotations()]),
        unsigned(vec![other_key(false), annotations()]),
        unsigned(vec![Refusal::Unreadable("it is not base64")]),
        chosen(Vec::new(), Vec::new()),
        chosen(vec![other_key(false)], vec![annotations()]),
        flood,
        NotVerified::Unread(digest("root"), ErrorKind::Unavailable.into()),
        NotVerified::Unread(digest("root"), Stopped::Cancelled.into()),
    ]
}

#[test]
fn an_image_that_is_not_signed_as_asked_says_what_was_found_and_what_to_do() {
    let source: Reference = "nginx:1.27".parse().unwrap();
    let keys = KEYS.map(|key| PublicKey::from_pem(key).unwrap());
    let policy = Policy::new(keys.into(), BTreeMap::new());
    let all: Vec<String> = all()
        .iter()
        .map(|error| text(&not_signed(&source, &policy, error)))
        .collect();
    insta::assert_snapshot!("signature", all.join("\n\n---\n\n"));
}

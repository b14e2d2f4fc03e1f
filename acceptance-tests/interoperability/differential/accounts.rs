//! Who there is, in every row.

use ecr_public_sandbox::Seed;
use ecr_public_sandbox::accounts::{AccountSeed, RoleSeed, UserSeed, WebTokenSeed};
use ecr_public_sandbox::policy::PolicyDocument;
use serde_json::json;

use crate::support::landing_zone::{EXTERNAL_ID, HUB, WEB_TOKEN, role};
use crate::support::scenario::{FIRST, TOOLING};

/// A user for each place where keys can be, so that the identity that is reached says which was
/// read.
const USERS: [&str; 6] = [
    "block",
    "environment",
    "profile",
    "other",
    "default",
    "process",
];

/// The ARN of a user.
pub(super) fn user(name: &str) -> String {
    format!("arn:aws:iam::{TOOLING}:user/{name}")
}

/// The ARN of a session of a role. `*` is a name that the provider has made.
pub(super) fn session(account: &str, role: &str, name: &str) -> String {
    format!("arn:aws:sts::{account}:assumed-role/{role}/{name}")
}

/// The access key of a user.
pub(super) fn key(user: &str) -> String {
    format!("AKIA{:0<16}", user.to_uppercase())
}

/// The secret key of a user.
pub(super) fn secret(user: &str) -> String {
    format!("{user:.<40}")
}

/// The keys of a user as the shared configuration has them.
pub(super) fn keys(user: &str) -> String {
    format!(
        "aws_access_key_id = {}\naws_secret_access_key = {}\n",
        key(user),
        secret(user)
    )
}

/// In [`TOOLING`] the users, the role `tooling` for them, `long` with sessions of up to twelve
/// hours, and `federated`, also for web identities; in [`HUB`] the role `hub` for those of
/// [`TOOLING`]; in [`FIRST`] the role `publisher` for both, `partner`, which asks for an external
/// ID, and `closed`, which trusts nobody who is here.
pub(super) fn seed() -> Seed {
    let mut tooling = AccountSeed::new(TOOLING).unwrap();
    for name in USERS {
        let user = UserSeed::new(name, &key(name), &secret(name));
        tooling = tooling.user(user.policy(everything()));
    }
    let inside = root(TOOLING);
    tooling = tooling
        .role(open("tooling", &[&inside]))
        .role(open("long", &[&inside]).max_session(43_200))
        .role(RoleSeed::new("federated", federated()).policy(everything()));
    let hub = AccountSeed::new(HUB).unwrap().role(open("hub", &[&inside]));
    let partner = PolicyDocument::trust_with_external_id(&[&inside], EXTERNAL_ID);
    let first = AccountSeed::new(FIRST)
        .unwrap()
        .role(open("publisher", &[&inside, &root(HUB)]))
        .role(RoleSeed::new("partner", partner).policy(everything()))
        .role(open("closed", &[&role(FIRST, "nobody")]));
    Seed {
        accounts: vec![tooling, hub, first],
        web_tokens: vec![web_token(WEB_TOKEN)],
        ..Seed::default()
    }
}

fn open(name: &str, callers: &[&str]) -> RoleSeed {
    RoleSeed::new(name, PolicyDocument::trust(callers)).policy(everything())
}

fn everything() -> PolicyDocument {
    PolicyDocument::allow(&["sts:*", "ecr-public:*"], "*").unwrap()
}

fn root(account: &str) -> String {
    format!("arn:aws:iam::{account}:root")
}

fn federated() -> PolicyDocument {
    let issuer = format!("arn:aws:iam::{TOOLING}:oidc-provider/ci.example.org");
    PolicyDocument::try_from(json!({
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": { "Federated": issuer },
            "Action": "sts:AssumeRoleWithWebIdentity",
        },
    }))
    .unwrap()
}

fn web_token(token: &str) -> WebTokenSeed {
    WebTokenSeed {
        token: token.to_owned(),
        issuer: "ci.example.org".to_owned(),
        subject: "repo:acme/landing-zone".to_owned(),
        audience: "sts.amazonaws.com".to_owned(),
        expires_in_seconds: None,
    }
}

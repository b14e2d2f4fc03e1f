use std::fmt::Write as _;

use crate::provider::known::TextMap;
use crate::provider::mirrored_image::model::Timeouts;
use crate::provider::mirrored_image::validate::validate;
use crate::provider::mirrored_image::verify::{SignedBy, Verify};
use crate::tf::Diagnostics;

use super::*;

/// The messages as a person reads them.
pub(in crate::provider) fn read(diagnostics: &Diagnostics) -> String {
    let mut text = String::new();
    for each in diagnostics {
        let place = each
            .path()
            .map(|path| format!(" [{path}]"))
            .unwrap_or_default();
        let severity = each.severity();
        writeln!(
            text,
            "{severity:?}: {}{place}\n\n{}\n",
            each.summary(),
            each.text()
        )
        .unwrap();
        assert!(each.summary().len() <= 60, "{}", each.summary());
    }
    text.trim_end().to_owned()
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn wrong_configs() -> Vec<(&'static str, MirroredImage)> {
    let with = |change: &dyn Fn(&mut MirroredImage)| {
        let mut config = config("nginx:1");
        change(&mut config);
        config
    };
    let digest = digest_of("x");
    let long_tag = "x".repeat(129);
    vec![
        ("no reference", config("https://docker.io/nginx")),
        (
            "upper case digest",
            config(&format!(
                "nginx@{}",
                digest.to_uppercase().replace("SHA256", "sha256")
            )),
        ),
        ("name only legal for OCI", config("ghcr.io/org/a__b:1")),
        (
            "name illegal for ECR",
            with(&|c| c.repository = text("a__b")),
        ),
        ("name too short", with(&|c| c.repository = text("a"))),
        ("digest without tags", config(&format!("nginx@{digest}"))),
        ("no tags", with(&|c| c.image_tags = texts(&[]))),
        ("long tag", with(&|c| c.image_tags = texts(&[&long_tag]))),
        ("no platforms", with(&|c| c.platforms = texts(&[]))),
        ("wrong platform", with(&|c| c.platforms = texts(&["linux"]))),
        ("empty role", with(&|c| c.assume_role = role(""))),
        (
            "no role",
            with(&|c| c.assume_role = role("arn:aws:iam::1:user/x")),
        ),
        (
            "session",
            with(&|c| {
                c.assume_role = Attr::Known(vec![Attr::Known(AssumeRole {
                    role_arn: text("arn:aws:iam::222222222222:role/x"),
                    duration: text("2h"),
                    session_name: text("a b"),
                    ..AssumeRole::default()
                })]);
            }),
        ),
        (
            "no duration",
            with(&|c| {
                c.timeouts = Attr::Known(Timeouts {
                    create: text("1 hour"),
                    delete: text("0s"),
                    ..Timeouts::default()
                });
            }),
        ),
        ("account", with(&|c| c.account_id = text("1234"))),
        (
            "other account",
            with(&|c| {
                c.account_id = text(HUB);
                c.assume_role = role_in(TARGET);
            }),
        ),
        (
            "tags without repository",
            with(&|c| {
                c.create_repository = Attr::Known(false);
                c.repository_tags =
                    known::to_text_map(BTreeMap::from([("a".to_owned(), "b".to_owned())]));
            }),
        ),
        (
            "reserved tag",
            with(&|c| {
                c.repository_tags =
                    known::to_text_map(BTreeMap::from([("aws:x".to_owned(), "b".to_owned())]));
            }),
        ),
        (
            "no keys",
            with(&|c| c.verify = verify(&[], TextMap::default())),
        ),
        (
            "keys of other kinds",
            with(&|c| {
                let keys = [
                    OUR_KEY,
                    "cosign.pub",
                    "-----BEGIN EC PRIVATE KEY-----\nc2VjcmV0\n-----END EC PRIVATE KEY-----",
                    include_str!("../../../signature/vectors/rsa.pub"),
                    include_str!("../../../signature/vectors/secp384r1.pub"),
                ];
                c.verify = verify(&keys, TextMap::default());
            }),
        ),
        (
            "identities that nobody vouches for",
            with(&|c| c.verify = by_somebody(Attr::Null)),
        ),
        (
            "a trusted root that is none",
            with(&|c| c.verify = by_somebody(text("{}"))),
        ),
        (
            "a trusted root for nobody",
            with(&|c| {
                c.verify = Attr::Known(Verify {
                    public_keys: texts(&[OUR_KEY]),
                    trusted_root: text("{}"),
                    ..Verify::default()
                });
            }),
        ),
        (
            "an annotation without a value",
            with(&|c| {
                let stage = BTreeMap::from([("stage".to_owned(), Attr::Null)]);
                c.verify = verify(&[OUR_KEY], Attr::Known(stage));
            }),
        ),
    ]
}

const OUR_KEY: &str = include_str!("../../../signature/vectors/p256.pub");

fn verify(keys: &[&str], annotations: TextMap) -> Attr<Verify> {
    Attr::Known(Verify {
        public_keys: texts(keys),
        annotations,
        ..Verify::default()
    })
}

fn by_somebody(trusted_root: Attr<String>) -> Attr<Verify> {
    let somebody = SignedBy {
        issuer: text("https://issuer.example.com"),
        subject: text("somebody@example.com"),
    };
    Attr::Known(Verify {
        identities: Attr::Known(vec![Attr::Known(somebody)]),
        trusted_root,
        ..Verify::default()
    })
}

#[test]
fn each_wrong_configuration_has_its_message_at_its_place() {
    let mut all = String::new();
    for (name, config) in wrong_configs() {
        let problems = validate(&config);
        assert!(problems.has_errors(), "{name}");
        writeln!(all, "=== {name}\n\n{}\n", read(&problems)).unwrap();
    }
    insta::assert_snapshot!("validate", all);
}

#[test]
fn what_is_unknown_passes() {
    let open = MirroredImage {
        source: Attr::Unknown,
        repository: Attr::Unknown,
        image_tags: Attr::Known(vec![Attr::Unknown, text("1")]),
        platforms: Attr::Unknown,
        assume_role: Attr::Known(vec![
            Attr::Unknown,
            Attr::Known(AssumeRole {
                role_arn: Attr::Unknown,
                duration: Attr::Unknown,
                tags: Attr::Unknown,
                transitive_tag_keys: texts(&["a"]),
                ..AssumeRole::default()
            }),
        ]),
        account_id: Attr::Unknown,
        create_repository: Attr::Unknown,
        repository_tags: Attr::Unknown,
        overwrite: Attr::Unknown,
        keep_on_destroy: Attr::Unknown,
        timeouts: Attr::Unknown,
        verify: Attr::Unknown,
        ..MirroredImage::default()
    };
    assert_eq!(read(&validate(&open)), "");
    let keys = Attr::Known(vec![Attr::Unknown, text(OUR_KEY)]);
    let open = Verify {
        public_keys: keys,
        annotations: Attr::Known(BTreeMap::from([("stage".to_owned(), Attr::Unknown)])),
        identities: Attr::Known(vec![Attr::Unknown]),
        trusted_root: Attr::Unknown,
    };
    let open = MirroredImage {
        verify: Attr::Known(open),
        ..config("nginx")
    };
    assert_eq!(read(&validate(&open)), "");
}

#[test]
fn good_configurations_pass() {
    for config in [
        config("nginx"),
        MirroredImage {
            assume_role: Attr::Known(Vec::new()),
            account_id: text(TARGET),
            image_tags: texts(&["1", "latest"]),
            platforms: texts(&["linux/amd64", "linux/arm/v7"]),
            ..config("ghcr.io/org/app:1")
        },
    ] {
        assert_eq!(read(&validate(&config)), "");
    }
}

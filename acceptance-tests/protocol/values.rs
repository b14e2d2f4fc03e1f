//! Values between the two processes, where the real resource shows that they come through.

use serde_json::json;

use super::support::session::{Session, error, path, unconfigured};
use super::support::value::{UNKNOWN, dynamic, raw, read};
use super::support::wire::tfplugin6 as proto;

/// A configuration whose source is these bytes.
fn with_source(session: &Session, source: &[u8]) -> proto::DynamicValue {
    let config = session.image(&json!({"source": UNKNOWN}));
    let bytes = dynamic(&config).msgpack;
    let marker = [0xd4, 0, 0];
    let at = bytes.windows(3).position(|each| each == marker).unwrap();
    raw([&bytes[..at], source, &bytes[at + 3..]].concat())
}

/// What hosts send when they know a little of an unknown value, and what later ones may send.
const REFINED: [&[u8]; 3] = [
    &[0xc7, 3, 12, 0x81, 1, 0xc2],
    &[0xc7, 9, 12, 0x82, 1, 0xc2, 2, 0xa4, b'n', b'g', b'i', b'n'],
    &[0xc7, 4, 12, 0x81, 0x63, 0xa1, b'?'],
];

#[tokio::test]
async fn an_unknown_value_passes_whatever_is_known_about_it() {
    let (_plugin, mut session) = unconfigured().await;
    for refined in REFINED {
        let config = with_source(&session, refined);
        assert_eq!(session.validate(config.clone()).await, []);
        let request = proto::plan_resource_change::Request {
            type_name: "ecrpublic_mirrored_image".to_owned(),
            prior_state: Some(dynamic(&json!(null))),
            proposed_new_state: Some(config.clone()),
            config: Some(config),
            ..Default::default()
        };
        let answer = session.client.plan_resource_change(request).await;
        let answer = answer.unwrap().into_inner();
        assert_eq!(answer.diagnostics, []);
        // Reading asserts that it goes back without promises.
        let planned = read(answer.planned_state.as_ref());
        assert_eq!(planned["source"], UNKNOWN);
    }
}

#[tokio::test]
async fn everything_may_be_unknown_at_once() {
    let (_plugin, mut session) = unconfigured().await;
    let config = json!({
        "source": UNKNOWN,
        "repository": UNKNOWN,
        "image_tags": [UNKNOWN],
        "platforms": UNKNOWN,
        "account_id": UNKNOWN,
        "assume_role": [{"role_arn": UNKNOWN}, UNKNOWN],
        "repository_tags": {"owner": UNKNOWN},
        "timeouts": {"create": UNKNOWN},
    });
    let image = session.image(&config);
    assert_eq!(session.validate(dynamic(&image)).await, []);
    let planned = session.plan(&config, None).await;
    assert_eq!(planned.diagnostics, []);

    let provider = json!({
        "assume_role": [{"role_arn": UNKNOWN}],
        "registry": UNKNOWN,
        "max_retries": UNKNOWN,
        "allowed_account_ids": [UNKNOWN],
    });
    session.configure(&provider).await;
}

#[tokio::test]
async fn an_empty_set_is_not_an_absent_one() {
    let (_plugin, mut session) = unconfigured().await;
    let absent = json!({"source": "alpine:3.22"});
    let planned = session.plan(&absent, None).await;
    assert_eq!(planned.state["image_tags"], json!(["3.22"]));
    let empty = session.image(&json!({"source": "alpine:3.22", "image_tags": []}));
    let diagnostics = session.validate(dynamic(&empty)).await;
    error(&diagnostics);
    assert_eq!(
        path(diagnostics[0].attribute.as_ref().unwrap()),
        "image_tags"
    );
}

#[tokio::test]
async fn a_value_in_json_is_read_like_one_in_messagepack() {
    let (_plugin, mut session) = unconfigured().await;
    let config = session.image(&json!({"source": "alpine:9:9"}));
    let json = proto::DynamicValue {
        json: serde_json::to_vec(&config).unwrap().into(),
        ..Default::default()
    };
    let from_msgpack = session.validate(dynamic(&config)).await;
    assert_eq!(session.validate(json).await, from_msgpack);
    error(&from_msgpack);
}

#[tokio::test]
async fn a_number_keeps_its_digits_until_somebody_reads_them() {
    let (_plugin, mut session) = unconfigured().await;
    for (number, digits) in [
        (json!("0.1"), "0.1"),
        (json!("18446744073709551616"), "18446744073709551616"),
        (json!(i64::MAX), "9223372036854775807"),
        (json!(i64::MIN), "-9223372036854775808"),
        (json!(2.5), "2.5"),
    ] {
        let block = json!({"max_concurrent_transfers": number});
        let diagnostics = session.try_configure(&block).await;
        let words = error(&diagnostics);
        assert!(words.contains(digits), "{words}");
        let at = path(diagnostics[0].attribute.as_ref().unwrap());
        assert_eq!(at, "max_concurrent_transfers");
    }
}

#[tokio::test]
async fn bytes_that_are_no_value_of_the_schema_are_named_by_their_place() {
    let (_plugin, mut session) = unconfigured().await;
    let number = with_source(&session, &[5]);
    let words = error(&session.validate(number).await);
    assert!(
        words.contains("expected a string, found a number at `source`"),
        "{words}"
    );

    let whole = dynamic(&session.image(&json!({"source": "alpine"}))).msgpack;
    let cut = raw(whole[..whole.len() - 1].to_vec());
    let words = error(&session.validate(cut).await);
    assert!(words.contains("ends too early"), "{words}");

    let more = raw([&whole[..], &[0xc0]].concat());
    let words = error(&session.validate(more).await);
    assert!(words.contains("goes on after its end"), "{words}");
}

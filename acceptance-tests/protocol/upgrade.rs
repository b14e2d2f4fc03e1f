//! Reading stored state: on every load, in whatever form it was written.

use serde_json::{Value as Json, json};

use super::support::session::{IMAGE, Session, error, unconfigured};
use super::support::value::read;
use super::support::wire::tfplugin6 as proto;

async fn upgraded(
    session: &mut Session,
    version: i64,
    raw_state: proto::RawState,
) -> proto::upgrade_resource_state::Response {
    let request = proto::upgrade_resource_state::Request {
        type_name: IMAGE.to_owned(),
        version,
        raw_state: Some(raw_state),
    };
    let answer = session.client.upgrade_resource_state(request).await;
    answer.unwrap().into_inner()
}

fn json_state(text: impl Into<Vec<u8>>) -> proto::RawState {
    proto::RawState {
        json: text.into(),
        ..Default::default()
    }
}

async fn words(session: &mut Session, version: i64, raw_state: proto::RawState) -> String {
    let answer = upgraded(session, version, raw_state).await;
    assert_eq!(answer.upgraded_state, None);
    error(&answer.diagnostics)
}

#[tokio::test]
async fn pretty_printed_state_with_attributes_missing_and_left_over_is_read() {
    let (_plugin, mut session) = unconfigured().await;
    let stored = json!({
        "source": "alpine:3.22",
        "image_tags": ["3.22", "latest"],
        "size_bytes": 123_456_789,
        "images": {"linux/amd64": "sha256:aa"},
        "assume_role": [{"role_arn": "arn:aws:iam::222222222222:role/x", "gone": [1, {"a": 2}]}],
        "timeouts": null,
        "invented_by_a_later_version": {"deep": [true, null]},
    });
    let pretty = serde_json::to_vec_pretty(&stored).unwrap();
    let answer = upgraded(&mut session, 0, json_state(pretty)).await;
    assert_eq!(answer.diagnostics, []);
    let mut expected = stored;
    expected
        .as_object_mut()
        .unwrap()
        .remove("invented_by_a_later_version");
    expected["assume_role"][0]
        .as_object_mut()
        .unwrap()
        .remove("gone");
    assert_eq!(
        read(answer.upgraded_state.as_ref()),
        session.image(&expected)
    );
}

#[tokio::test]
async fn a_state_goes_through_unchanged_however_often_it_is_loaded() {
    let (_plugin, mut session) = unconfigured().await;
    let mut state = session.image(&json!({"source": "alpine:3.22", "image_tags": []}));
    for _ in 0..2 {
        let answer = upgraded(&mut session, 0, json_state(state.to_string())).await;
        let again = read(answer.upgraded_state.as_ref());
        assert_eq!(again, state);
        state = again;
    }
}

#[tokio::test]
async fn a_state_that_cannot_be_read_says_why_and_where() {
    let (_plugin, mut session) = unconfigured().await;
    for (stored, fact) in [
        (&b"{"[..], "the JSON cannot be read"),
        (br#"{"image_tags": [["x"]]}"#, "`image_tags[0]`"),
        (br#"{"size_bytes": "many"}"#, "`size_bytes`"),
    ] {
        let words = words(&mut session, 0, json_state(stored)).await;
        assert!(words.contains(fact), "{words}");
    }
}

#[tokio::test]
async fn state_of_other_times_is_told_apart() {
    let (_plugin, mut session) = unconfigured().await;
    let later = words(&mut session, 7, json_state("{}")).await;
    assert!(later.contains("schema version 7"), "{later}");

    let flat = proto::RawState {
        flatmap: [("source".to_owned(), "alpine".to_owned())].into(),
        ..Default::default()
    };
    let old = words(&mut session, 0, flat).await;
    assert!(old.contains("Terraform 0.11"), "{old}");

    let nothing = words(&mut session, 0, proto::RawState::default()).await;
    assert!(nothing.starts_with("State is empty"), "{nothing}");
}

#[tokio::test]
async fn a_stored_identity_is_read_and_one_of_a_later_version_is_refused() {
    let (_plugin, mut session) = unconfigured().await;
    let stored = json!({"account_id": "222222222222", "repository": "alpine", "tag": "3.22"});
    for version in [0, 1] {
        let request = proto::upgrade_resource_identity::Request {
            type_name: IMAGE.to_owned(),
            version,
            raw_identity: Some(json_state(stored.to_string())),
        };
        let answer = session.client.upgrade_resource_identity(request).await;
        let answer = answer.unwrap().into_inner();
        let identity = answer.upgraded_identity.and_then(|each| each.identity_data);
        if version == 0 {
            assert_eq!(read(identity.as_ref()), stored);
        } else {
            assert_eq!(read(identity.as_ref()), Json::Null);
            assert!(error(&answer.diagnostics).contains("version 1"));
        }
    }
}

//! Sizes of messages, in both directions.

use bytes::Bytes;
use serde_json::json;
use tonic::Code;

use super::support::frame;
use super::support::session::{IMAGE, error, unconfigured};
use super::support::value::{dynamic, read};
use super::support::wire::tfplugin6 as proto;

const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn a_configuration_of_20_mib_is_read_and_answered_in_few_words() {
    let (_plugin, mut session) = unconfigured().await;
    let config = session.image(&json!({"source": "%".repeat(20 * MIB)}));
    let words = error(&session.validate(dynamic(&config)).await);
    assert!(words.len() < 4096, "{} bytes", words.len());
}

#[tokio::test]
async fn a_state_of_20_mib_comes_back_whole() {
    let (_plugin, mut session) = unconfigured().await;
    let long = "t".repeat(20 * MIB);
    let stored = json!({"source": long, "image_tags": ["1"]});
    let request = proto::upgrade_resource_state::Request {
        type_name: IMAGE.to_owned(),
        version: 0,
        raw_state: Some(proto::RawState {
            json: serde_json::to_vec(&stored).unwrap(),
            ..Default::default()
        }),
    };
    let answer = session.client.upgrade_resource_state(request).await;
    let answer = answer.unwrap().into_inner();
    assert_eq!(answer.diagnostics, []);
    let state = read(answer.upgraded_state.as_ref());
    assert!(state["source"] == long, "the text is another one");
}

#[tokio::test]
async fn a_message_that_announces_more_than_256_mib_is_refused_and_nothing_else_is() {
    let (_plugin, mut session) = unconfigured().await;
    let announced = u32::try_from(256 * MIB + 1).unwrap();
    let mut body = vec![0];
    body.extend(announced.to_be_bytes());
    body.extend(b"not all of it");
    let method = "tfplugin6.Provider/ValidateResourceConfig";
    let (code, _) = frame::call(&mut session.channel, method, Bytes::from(body)).await;
    assert_eq!(code, Code::OutOfRange);
    let config = session.image(&json!({"source": "alpine:3.22"}));
    assert_eq!(session.validate(dynamic(&config)).await, []);
}

//! Applies that fail: what exists is in the answer, and nothing else.

use ecr_public_sandbox::{Effect, Face, Fault, Sandbox, Seed};
use serde_json::{Value as Json, json};

use super::support::session::{Applied, IMAGE, Session, configured, error, path};
use super::support::value::{UNKNOWN, dynamic, raw};
use super::support::wire::tfplugin6 as proto;

async fn sandbox() -> Sandbox {
    Sandbox::start(Seed::demo()).await.unwrap()
}

fn image(source: &str) -> Json {
    json!({"source": source, "account_id": "222222222222"})
}

/// Asserts what core asserts of every object that it is to store.
#[track_caller]
fn storable(session: &Session, applied: &Applied) {
    assert!(!applied.state.is_null());
    assert_eq!(
        session.image(&applied.state),
        applied.state,
        "it fits the schema"
    );
    assert!(
        !applied
            .state
            .to_string()
            .contains(UNKNOWN.trim_matches('\u{1}'))
    );
}

fn refuse(sandbox: &Sandbox, face: Face, path: &str, method: &str) {
    let fault = Fault::on(face, Effect::status(403))
        .method(method)
        .path(path);
    sandbox.faults().add(fault.always());
}

#[tokio::test]
async fn a_create_that_succeeds_says_everything() {
    let sandbox = sandbox().await;
    let (_plugin, mut session) = configured(&sandbox).await;
    let applied = session.create(&image("alpine:3.22")).await;
    assert_eq!(applied.diagnostics, []);
    storable(&session, &applied);
    let identity = json!({"account_id": "222222222222", "repository": "alpine", "tag": "3.22"});
    assert_eq!(applied.identity, identity);
    assert!(!applied.private.is_empty());
}

#[tokio::test]
async fn a_create_that_finds_nothing_to_copy_stores_nothing() {
    let sandbox = sandbox().await;
    let (_plugin, mut session) = configured(&sandbox).await;
    let applied = session.create(&image("alpine:9.99")).await;
    assert!(error(&applied.diagnostics).contains("9.99"));
    let at = applied.diagnostics[0].attribute.as_ref().map(path);
    assert_eq!(at.as_deref(), Some("source"));
    assert_eq!(applied.state, Json::Null);
    assert_eq!(applied.identity, Json::Null);
}

#[tokio::test]
async fn a_create_that_fails_half_way_stores_what_exists_and_the_replacement_succeeds() {
    let sandbox = sandbox().await;
    let (_plugin, mut session) = configured(&sandbox).await;
    refuse(&sandbox, Face::Registry, "/manifests/second", "PUT");
    let mut written = image("alpine:3.22");
    written["image_tags"] = json!(["first", "second"]);
    let tainted = session.create(&written).await;
    error(&tainted.diagnostics);
    storable(&session, &tainted);
    assert_eq!(tainted.state["image_tags"], json!(["first"]));

    // In its next run core deletes what is tainted and plans the rest as a create.
    sandbox.faults().clear();
    let (_plugin, mut session) = configured(&sandbox).await;
    let deleted = session.delete(&tainted).await;
    assert_eq!((deleted.state, deleted.diagnostics), (Json::Null, vec![]));
    let replaced = session.create(&written).await;
    assert_eq!(replaced.diagnostics, []);
    assert_eq!(replaced.state["image_tags"], json!(["first", "second"]));
}

#[tokio::test]
async fn an_update_that_fails_keeps_the_state_that_is_in_force() {
    let sandbox = sandbox().await;
    let (_plugin, mut session) = configured(&sandbox).await;
    let mut written = image("alpine:3.21");
    written["image_tags"] = json!(["stable"]);
    let before = session.create(&written).await;
    refuse(&sandbox, Face::Registry, "/manifests/", "PUT");
    written["source"] = json!("alpine:3.22");
    let planned = session.plan(&written, Some(&before)).await;
    let failed = session.apply(&written, Some(&before), &planned).await;
    error(&failed.diagnostics);
    assert_eq!(failed.state, before.state);
    assert_eq!(failed.identity, before.identity);
    assert_eq!(failed.private, before.private);
}

#[tokio::test]
async fn a_delete_that_fails_keeps_the_object_and_one_of_nothing_succeeds() {
    let sandbox = sandbox().await;
    let (_plugin, mut session) = configured(&sandbox).await;
    let before = session.create(&image("alpine:3.22")).await;
    // A run never removes a tag that it has set itself.
    let (_plugin, mut session) = configured(&sandbox).await;
    let denied = Fault::on(Face::Api, Effect::status(403)).operation("BatchDeleteImage");
    let denied = sandbox.faults().add(denied.always());
    let failed = session.delete(&before).await;
    error(&failed.diagnostics);
    assert_eq!(failed.state, before.state);

    denied.remove();
    for _ in 0..2 {
        let deleted = session.delete(&before).await;
        assert_eq!((deleted.state, deleted.diagnostics), (Json::Null, vec![]));
    }
}

#[tokio::test]
async fn a_plan_that_cannot_be_read_changes_nothing() {
    let sandbox = sandbox().await;
    let (_plugin, mut session) = configured(&sandbox).await;
    let before = session.create(&image("alpine:3.22")).await;
    let prior = dynamic(&before.state);
    let request = proto::apply_resource_change::Request {
        type_name: IMAGE.to_owned(),
        prior_state: Some(prior.clone()),
        planned_state: Some(raw(vec![0x81])),
        config: Some(prior.clone()),
        ..Default::default()
    };
    let answer = session.client.apply_resource_change(request).await;
    let answer = answer.unwrap().into_inner();
    assert!(error(&answer.diagnostics).contains("planned state"));
    assert_eq!(answer.new_state, Some(prior));
}

#[tokio::test]
async fn an_apply_without_a_configuration_is_an_error_and_not_a_panic() {
    let (_plugin, mut session) = super::support::session::unconfigured().await;
    let applied = session.create(&image("alpine:3.22")).await;
    let words = error(&applied.diagnostics);
    assert!(words.contains("not configured"), "{words}");
    assert_eq!(applied.state, Json::Null);
}

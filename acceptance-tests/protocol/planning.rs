//! Plans: the same answer twice, whatever happened outside in between.

use ecr_public_sandbox::{Face, Sandbox, Seed};
use serde_json::{Value as Json, json};

use super::support::session::{Applied, IMAGE, Planned, configured, unconfigured};
use super::support::value::{UNKNOWN, dynamic, read};
use super::support::wire::tfplugin6 as proto;

async fn sandbox() -> Sandbox {
    Sandbox::start(Seed::demo()).await.unwrap()
}

fn image(source: &str) -> Json {
    json!({"source": source, "account_id": "222222222222"})
}

/// Plans in a process of its own, as core does.
async fn planned(sandbox: &Sandbox, written: &Json, before: Option<&Applied>) -> Planned {
    let (_plugin, mut session) = configured(sandbox).await;
    let planned = session.plan(written, before).await;
    assert_eq!(planned.diagnostics, []);
    planned
}

/// `3.22` becomes what `3.21` is.
fn move_the_tag(sandbox: &Sandbox) {
    let other = sandbox.hub().digest("library/alpine", "3.21").unwrap();
    sandbox.hub().move_tag("library/alpine", "3.22", &other);
}

/// What was known stays; what was unknown may become anything.
#[track_caller]
fn agrees(first: &Json, second: &Json) {
    match (first, second) {
        (Json::String(text), _) if text == UNKNOWN => {}
        (Json::Object(first), Json::Object(second)) => {
            assert!(first.keys().eq(second.keys()));
            for (name, each) in first {
                agrees(each, &second[name]);
            }
        }
        (first, second) => assert_eq!(first, second),
    }
}

#[tokio::test]
async fn a_create_is_planned_alike_although_the_tag_has_moved() {
    let sandbox = sandbox().await;
    let written = image("alpine:3.22");
    let first = planned(&sandbox, &written, None).await;
    move_the_tag(&sandbox);
    let (_plugin, mut session) = configured(&sandbox).await;
    let second = session.plan(&written, None).await;
    agrees(&first.state, &second.state);
    assert_eq!(first.state["digest"], UNKNOWN, "it could not be kept");
    assert_eq!(first.private, second.private);

    let applied = session.apply(&written, None, &second).await;
    assert_eq!(applied.diagnostics, []);
    agrees(&second.state, &applied.state);
}

#[tokio::test]
async fn a_host_that_hands_on_private_data_gets_the_digest_that_it_planned() {
    let sandbox = sandbox().await;
    let digest = sandbox.hub().digest("library/alpine", "3.22").unwrap();
    let written = image("alpine:3.22");
    let (_plugin, mut session) = configured(&sandbox).await;
    let first = session.plan_handing_on(&written, &[]).await;
    assert_eq!(first.diagnostics, []);
    assert_eq!(first.state["digest"], digest.to_string());
    move_the_tag(&sandbox);
    let (_plugin, mut session) = configured(&sandbox).await;
    let second = session.plan_handing_on(&written, &first.private).await;
    assert_eq!(first.state, second.state);
    let applied = session.apply(&written, None, &second).await;
    assert_eq!(applied.diagnostics, []);
    agrees(&second.state, &applied.state);
    let account = "222222222222".parse().unwrap();
    let shown = sandbox.store().tags(&account, "alpine").unwrap();
    assert_eq!(shown["3.22"], digest);
}

#[tokio::test]
async fn an_update_is_planned_alike_although_the_tag_has_moved() {
    let sandbox = sandbox().await;
    let (_plugin, mut session) = configured(&sandbox).await;
    let before = session.create(&image("alpine:3.21")).await;
    assert_eq!(before.diagnostics, []);
    let written = image("alpine:3.22");
    let first = planned(&sandbox, &written, Some(&before)).await;
    move_the_tag(&sandbox);
    let second = planned(&sandbox, &written, Some(&before)).await;
    agrees(&first.state, &second.state);
    assert_eq!(first.requires_replace, second.requires_replace);

    let applied = session.apply(&written, Some(&before), &second).await;
    assert_eq!(applied.diagnostics, []);
    agrees(&second.state, &applied.state);
}

#[tokio::test]
async fn a_source_by_digest_is_planned_as_known_and_comes_out_so() {
    let sandbox = sandbox().await;
    let digest = sandbox.hub().digest("library/alpine", "3.22").unwrap();
    let mut written = image(&format!("alpine@{digest}"));
    written["image_tags"] = json!(["pinned"]);
    let (_plugin, mut session) = configured(&sandbox).await;
    let planned = session.plan(&written, None).await;
    assert_eq!(planned.state["digest"], digest.to_string());
    let applied = session.apply(&written, None, &planned).await;
    assert_eq!(applied.diagnostics, []);
    agrees(&planned.state, &applied.state);
}

#[tokio::test]
async fn nothing_changes_when_nothing_is_to_change() {
    let sandbox = sandbox().await;
    let written = image("alpine:3.22");
    let (_plugin, mut session) = configured(&sandbox).await;
    let before = session.create(&written).await;
    move_the_tag(&sandbox);
    let again = session.plan(&written, Some(&before)).await;
    assert_eq!(again.state, before.state);
    assert_eq!(again.requires_replace, [""; 0]);
}

#[tokio::test]
async fn another_place_is_another_object() {
    let sandbox = sandbox().await;
    let (_plugin, mut session) = configured(&sandbox).await;
    let before = session.create(&image("alpine:3.22")).await;
    let mut written = image("alpine:3.22");
    written["repository"] = json!("elsewhere");
    let moved = session.plan(&written, Some(&before)).await;
    assert_eq!(moved.requires_replace, ["repository"]);
}

#[tokio::test]
async fn a_plan_reads_nothing_at_the_source() {
    let sandbox = sandbox().await;
    planned(&sandbox, &image("alpine:3.22"), None).await;
    let pulls = sandbox.journal().count(|entry| {
        entry.face == Face::Hub && entry.method == "GET" && entry.path.contains("/manifests/")
    });
    assert_eq!(pulls, 0);
}

#[tokio::test]
async fn a_destroy_is_planned_as_nothing() {
    let (_plugin, mut session) = unconfigured().await;
    let prior = session.image(&json!({"source": "alpine:3.22", "image_tags": ["3.22"]}));
    let nothing = Some(dynamic(&Json::Null));
    let request = proto::plan_resource_change::Request {
        type_name: IMAGE.to_owned(),
        prior_state: Some(dynamic(&prior)),
        proposed_new_state: nothing.clone(),
        config: nothing,
        prior_private: b"kept".to_vec(),
        ..Default::default()
    };
    let answer = session.client.plan_resource_change(request).await;
    let answer = answer.unwrap().into_inner();
    assert_eq!(answer.diagnostics, []);
    assert_eq!(read(answer.planned_state.as_ref()), Json::Null);
    assert_eq!(answer.planned_private, b"kept");
}

#[tokio::test]
async fn a_provider_whose_block_is_not_known_yet_plans_and_forgets_nothing() {
    let (_plugin, mut session) = unconfigured().await;
    let block = json!({"assume_role": [{"role_arn": UNKNOWN}]});
    session.configure(&block).await;
    let planned = session.plan(&image("alpine:3.22"), None).await;
    assert_eq!(planned.diagnostics, []);

    let state = session.image(&json!({"source": "alpine:3.22", "image_tags": ["3.22"]}));
    let request = proto::read_resource::Request {
        type_name: IMAGE.to_owned(),
        current_state: Some(dynamic(&state)),
        private: b"private".to_vec(),
        ..Default::default()
    };
    let answer = session.client.read_resource(request).await.unwrap();
    let answer = answer.into_inner();
    assert_eq!(
        read(answer.new_state.as_ref())["image_tags"],
        json!(["3.22"])
    );
    assert_eq!(answer.private, b"private");
    assert_eq!(answer.deferred, None);
}

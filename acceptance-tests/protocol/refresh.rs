//! Refreshes and imports: what is there, and nothing forgotten.

use ecr_public_sandbox::{Effect, Face, Fault, Sandbox, Seed};
use serde_json::{Value as Json, json};

use super::support::session::{Applied, IMAGE, Session, configured, error, struck};
use super::support::value::{dynamic, read};
use super::support::wire::tfplugin6 as proto;

fn image() -> Json {
    json!({"source": "alpine:3.22", "account_id": "222222222222"})
}

async fn created(sandbox: &Sandbox) -> Applied {
    let (_plugin, mut session) = configured(sandbox).await;
    let created = session.create(&image()).await;
    assert_eq!(created.diagnostics, []);
    created
}

#[tokio::test]
async fn a_refresh_of_what_has_not_changed_changes_nothing() {
    let sandbox = Sandbox::start(Seed::demo()).await.unwrap();
    let before = created(&sandbox).await;
    let (_plugin, mut session) = configured(&sandbox).await;
    let after = session.refresh(&before).await;
    assert_eq!(after.diagnostics, []);
    assert_eq!(after.state, before.state);
    assert_eq!(after.identity, before.identity);
    assert_eq!(after.private, before.private);
}

#[tokio::test]
async fn a_refresh_that_is_stopped_or_refused_forgets_nothing() {
    let sandbox = Sandbox::start(Seed::demo()).await.unwrap();
    let before = created(&sandbox).await;
    let (_plugin, mut session) = configured(&sandbox).await;
    let held = Fault::on(Face::Api, Effect::Hold).always();
    let held = sandbox.faults().add(held);
    let mut host = session.clone();
    let (stopped, ()) = tokio::join!(session.refresh(&before), async {
        struck(&held).await;
        host.stop().await;
    });
    held.remove();
    let refused = Fault::on(Face::Api, Effect::status(403)).always();
    sandbox.faults().add(refused);
    let refused = session.refresh(&before).await;
    for failed in [stopped, refused] {
        error(&failed.diagnostics);
        assert_eq!(failed.state, before.state);
        assert_eq!(failed.identity, before.identity);
        assert_eq!(failed.private, before.private);
    }
}

#[tokio::test]
async fn what_is_gone_has_no_state_and_no_identity() {
    let sandbox = Sandbox::start(Seed::demo()).await.unwrap();
    let before = created(&sandbox).await;
    let (_plugin, mut session) = configured(&sandbox).await;
    session.delete(&before).await;
    let after = session.refresh(&before).await;
    assert_eq!(after.diagnostics, []);
    assert_eq!(after.state, Json::Null);
    assert_eq!(after.identity, Json::Null);
}

async fn imported(
    session: &mut Session,
    id: &str,
    identity: Option<&Json>,
) -> proto::import_resource_state::Response {
    let request = proto::import_resource_state::Request {
        type_name: IMAGE.to_owned(),
        id: id.to_owned(),
        identity: identity.map(|identity| proto::ResourceIdentityData {
            identity_data: Some(dynamic(identity)),
        }),
        ..Default::default()
    };
    let answer = session.client.import_resource_state(request).await;
    answer.unwrap().into_inner()
}

#[tokio::test]
async fn an_import_by_either_name_is_one_object_that_refreshes() {
    let sandbox = Sandbox::start(Seed::demo()).await.unwrap();
    let before = created(&sandbox).await;
    let (_plugin, mut session) = configured(&sandbox).await;
    for (id, identity) in [
        ("222222222222/alpine:3.22", None),
        ("", Some(&before.identity)),
    ] {
        let mut answer = imported(&mut session, id, identity).await;
        assert_eq!(answer.diagnostics, []);
        assert_eq!(answer.deferred, None);
        assert_eq!(answer.imported_resources.len(), 1);
        let only = answer.imported_resources.remove(0);
        assert_eq!(only.type_name, IMAGE);
        let identity = only.identity.unwrap().identity_data;
        let imported = Applied {
            state: read(only.state.as_ref()),
            private: only.private,
            identity: read(identity.as_ref()),
            diagnostics: Vec::new(),
        };
        assert_eq!(imported.identity, before.identity);
        assert_eq!(imported.state["digest"], before.state["digest"]);
        let refreshed = session.refresh(&imported).await;
        assert_eq!(refreshed.diagnostics, []);
        assert_eq!(refreshed.state["digest"], before.state["digest"]);
        let planned = session.plan(&image(), Some(&refreshed)).await;
        assert_eq!(planned.state["digest"], before.state["digest"]);
    }
}

#[tokio::test]
async fn an_import_of_nothing_is_an_error_without_an_object() {
    let sandbox = Sandbox::start(Seed::demo()).await.unwrap();
    let (_plugin, mut session) = configured(&sandbox).await;
    for id in ["", "222222222222/alpine:3.22", "nonsense"] {
        let answer = imported(&mut session, id, None).await;
        error(&answer.diagnostics);
        assert_eq!(answer.imported_resources, []);
    }
}

//! Actions, as hosts since Terraform 1.14 invoke them.

use std::collections::BTreeSet;

use ecr_public_sandbox::{Effect, Face, Fault, Sandbox, Seed};
use serde_json::{Value as Json, json};

use super::support::host::Plugin;
use super::support::session::{Session, configured, error};
use super::support::value::dynamic;
use super::support::wire::tfplugin6 as proto;
use proto::invoke_action::event::Type;

const PRUNE: &str = "ecrpublic_prune";
const ACCOUNT: &str = "222222222222";

/// What an action said until its end, and how it ended.
#[derive(Debug)]
struct Invoked {
    sentences: Vec<String>,
    diagnostics: Vec<proto::Diagnostic>,
}

async fn invoke(session: &mut Session, written: &Json) -> Invoked {
    let request = proto::invoke_action::Request {
        action_type: PRUNE.to_owned(),
        config: Some(dynamic(&session.action(PRUNE, written))),
        client_capabilities: None,
    };
    let answer = session.client.invoke_action(request).await.unwrap();
    let mut stream = answer.into_inner();
    let mut sentences = Vec::new();
    loop {
        let event = stream.message().await.unwrap();
        match event.expect("an action ends with an event").r#type.unwrap() {
            Type::Progress(progress) => sentences.push(progress.message),
            Type::Completed(completed) => {
                assert_eq!(stream.message().await.unwrap(), None);
                let diagnostics = completed.diagnostics;
                return Invoked {
                    sentences,
                    diagnostics,
                };
            }
        }
    }
}

/// A repository in which `latest` has moved from one index to another, so that the first one and what
/// it lists are needed by nobody.
async fn moved(sandbox: &Sandbox) -> (Plugin, Session) {
    let (plugin, mut session) = configured(sandbox).await;
    let image = |version: &str| {
        json!({
            "source": format!("alpine:{version}"), "account_id": ACCOUNT, "repository": "alpine",
            "image_tags": ["latest"], "overwrite": true,
        })
    };
    for version in ["3.21", "3.22"] {
        assert_eq!(session.create(&image(version)).await.diagnostics, []);
    }
    (plugin, session)
}

/// Every manifest of a repository by its digest.
fn manifests(sandbox: &Sandbox) -> BTreeSet<String> {
    let manifests = sandbox
        .store()
        .image_digests(&ACCOUNT.parse().unwrap(), "alpine");
    manifests.unwrap().iter().map(ToString::to_string).collect()
}

fn digest_in(sentence: &str) -> String {
    let digest = sentence.split(' ').next_back().unwrap();
    digest.trim_end_matches('.').to_owned()
}

#[tokio::test]
async fn what_nobody_needs_is_told_first_and_deleted_when_that_is_asked_for() {
    let sandbox = Sandbox::start(Seed::demo()).await.unwrap();
    let (_plugin, mut session) = moved(&sandbox).await;
    let before = manifests(&sandbox);
    let everything = json!({"repository": "alpine", "account_id": ACCOUNT, "older_than": "0s"});
    let dry = invoke(&mut session, &everything).await;
    assert_eq!(dry.diagnostics, []);
    assert_eq!(manifests(&sandbox), before, "nothing is deleted by default");
    let [head, would @ ..] = &dry.sentences[..] else {
        panic!("{dry:?}");
    };
    let count = before.len();
    let needless = count / 2;
    assert_eq!(
        *head,
        format!(
            "`alpine` in account {ACCOUNT} has {count} images, {needless} of which nobody needs."
        )
    );
    let doomed: BTreeSet<_> = would.iter().map(|it| digest_in(it)).collect();
    assert!(
        would
            .iter()
            .all(|it| it.starts_with("Would delete sha256:"))
    );
    let old = sandbox.hub().digest("library/alpine", "3.21").unwrap();
    assert_eq!(digest_in(&would[0]), old.to_string(), "an index goes first");
    assert_eq!(doomed.len(), needless);

    let mut wanted = everything.clone();
    wanted["dry_run"] = json!(false);
    let done = invoke(&mut session, &wanted).await;
    assert_eq!(done.diagnostics, []);
    let deleted: BTreeSet<_> = done.sentences[1..].iter().map(|it| digest_in(it)).collect();
    assert!(
        done.sentences[1..]
            .iter()
            .all(|it| it.starts_with("Deleted sha256:"))
    );
    assert_eq!(deleted, doomed);
    let left: BTreeSet<_> = before.difference(&doomed).cloned().collect();
    assert_eq!(manifests(&sandbox), left);
    // What is left is what the tag needs.
    let again = invoke(&mut session, &wanted).await;
    assert_eq!(again.sentences.len(), 1, "{again:?}");
    assert!(again.sentences[0].ends_with(", 0 of which nobody needs."));
}

#[tokio::test]
async fn what_is_new_stays_and_asks_for_nothing_to_be_read() {
    let sandbox = Sandbox::start(Seed::demo()).await.unwrap();
    let (_plugin, mut session) = moved(&sandbox).await;
    let before = manifests(&sandbox);
    sandbox.journal().clear();
    let written = json!({"repository": "alpine", "account_id": ACCOUNT, "dry_run": false});
    let invoked = invoke(&mut session, &written).await;
    assert_eq!(invoked.diagnostics, []);
    assert!(invoked.sentences[0].ends_with(", 0 of which nobody needs."));
    assert_eq!(manifests(&sandbox), before);
    let reads = sandbox
        .journal()
        .count(|entry| entry.is(Face::Registry, "GET", "/manifests/"));
    assert_eq!(reads, 0);
}

#[tokio::test]
async fn nothing_is_deleted_when_not_everything_can_be_read() {
    let sandbox = Sandbox::start(Seed::demo()).await.unwrap();
    let (_plugin, mut session) = moved(&sandbox).await;
    let before = manifests(&sandbox);
    let refused = Fault::on(Face::Registry, Effect::status(403)).method("GET");
    sandbox
        .faults()
        .add(refused.path("/manifests/").after(2).always());
    let written = json!({
        "repository": "alpine", "account_id": ACCOUNT, "older_than": "0s", "dry_run": false,
    });
    let invoked = invoke(&mut session, &written).await;
    let words = error(&invoked.diagnostics);
    assert!(words.starts_with("Repository not pruned\n"), "{words}");
    assert!(words.contains("Nothing was deleted"), "{words}");
    assert_eq!(manifests(&sandbox), before);
}

#[tokio::test]
async fn an_action_is_validated_and_planned_without_asking_anybody() {
    let sandbox = Sandbox::start(Seed::demo()).await.unwrap();
    let (_plugin, mut session) = configured(&sandbox).await;
    let asked = sandbox.journal().entries().len();
    let unknown = super::support::value::UNKNOWN;
    let rows = [
        (
            json!({"repository": unknown, "account_id": unknown}),
            vec![],
        ),
        (
            json!({"repository": "a__b", "account_id": "12", "older_than": "1 day"}),
            vec![
                "Invalid AWS account ID",
                "Invalid ECR Public repository name",
                "Invalid duration",
            ],
        ),
    ];
    for (written, wanted) in rows {
        let config = Some(dynamic(&session.action(PRUNE, &written)));
        let request = proto::validate_action_config::Request {
            type_name: PRUNE.to_owned(),
            config: config.clone(),
        };
        let validated = session.client.validate_action_config(request).await;
        let request = proto::plan_action::Request {
            action_type: PRUNE.to_owned(),
            config,
            client_capabilities: None,
        };
        let planned = session
            .client
            .plan_action(request)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(planned.deferred, None);
        let validated = validated.unwrap().into_inner().diagnostics;
        assert_eq!(planned.diagnostics, validated);
        let told: Vec<_> = validated.iter().map(|each| each.summary.as_str()).collect();
        assert_eq!(told, wanted);
    }
    assert_eq!(sandbox.journal().entries().len(), asked);
}

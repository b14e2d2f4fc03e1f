//! Actions, as hosts since Terraform 1.14 invoke them.

use std::collections::BTreeSet;

use ecr_public_sandbox::{Digest, Effect, Entry, Face, Fault, Sandbox, Seed};
use serde_json::{Value as Json, json};

use super::support::host::Plugin;
use super::support::session::{Session, configured, error, provider_block};
use super::support::value::dynamic;
use super::support::wire::tfplugin6 as proto;
use proto::invoke_action::event::Type;

const PRUNE: &str = "ecrpublic_prune";
const RESYNC: &str = "ecrpublic_resync";
const ACCOUNT: &str = "222222222222";

/// What an action said until its end, and how it ended.
#[derive(Debug)]
struct Invoked {
    sentences: Vec<String>,
    diagnostics: Vec<proto::Diagnostic>,
}

async fn invoke(session: &mut Session, kind: &str, written: &Json) -> Invoked {
    let request = proto::invoke_action::Request {
        action_type: kind.to_owned(),
        config: Some(dynamic(&session.action(kind, written))),
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
    let dry = invoke(&mut session, PRUNE, &everything).await;
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
    let done = invoke(&mut session, PRUNE, &wanted).await;
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
    let again = invoke(&mut session, PRUNE, &wanted).await;
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
    let invoked = invoke(&mut session, PRUNE, &written).await;
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
    let invoked = invoke(&mut session, PRUNE, &written).await;
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
            PRUNE,
            json!({"repository": unknown, "account_id": unknown}),
            vec![],
        ),
        (
            RESYNC,
            json!({"source": unknown, "repository": unknown, "image_tags": unknown}),
            vec![],
        ),
        (
            RESYNC,
            json!({"source": "a b", "repository": "a__b", "image_tags": ["-"], "account_id": "12"}),
            vec![
                "Invalid source reference",
                "Invalid ECR Public repository name",
                "Invalid image tag",
                "Invalid AWS account ID",
            ],
        ),
        (
            RESYNC,
            json!({"source": format!("alpine@sha256:{}", "0".repeat(64)), "repository": "alpine"}),
            vec!["Image tags are missing"],
        ),
        (
            PRUNE,
            json!({"repository": "a__b", "account_id": "12", "older_than": "1 day"}),
            vec![
                "Invalid AWS account ID",
                "Invalid ECR Public repository name",
                "Invalid duration",
            ],
        ),
    ];
    for (kind, written, wanted) in rows {
        let config = Some(dynamic(&session.action(kind, &written)));
        let request = proto::validate_action_config::Request {
            type_name: kind.to_owned(),
            config: config.clone(),
        };
        let validated = session.client.validate_action_config(request).await;
        let request = proto::plan_action::Request {
            action_type: kind.to_owned(),
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

/// `alpine` copied under two tags, and everything of that forgotten: how it was read does not matter
/// afterwards. Official images are read where they come from.
async fn copied(sandbox: &Sandbox) -> (Plugin, Session) {
    let (plugin, mut session) = configured(sandbox).await;
    let mut block = provider_block(sandbox);
    block["prefer_mirrors"] = json!(false);
    session.configure(&block).await;
    let image = json!({
        "source": "alpine:latest", "account_id": ACCOUNT, "repository": "alpine",
        "image_tags": ["latest", "stable"],
    });
    assert_eq!(session.create(&image).await.diagnostics, []);
    sandbox.journal().clear();
    (plugin, session)
}

fn resync() -> Json {
    json!({
        "source": "alpine:latest", "account_id": ACCOUNT, "repository": "alpine",
        "image_tags": ["stable", "latest"],
    })
}

fn layers(sandbox: &Sandbox) -> Vec<Digest> {
    let account = ACCOUNT.parse().unwrap();
    sandbox.store().layers(&account, "alpine").unwrap()
}

/// Loses the first layer, and says which that was.
fn lose_one(sandbox: &Sandbox) -> Digest {
    let layer = layers(sandbox).remove(0);
    let account = ACCOUNT.parse().unwrap();
    let is_lost = sandbox.store().lose_layer(&account, "alpine", &layer);
    assert!(is_lost.unwrap());
    layer
}

fn is_write(entry: &Entry) -> bool {
    match entry.face {
        Face::Registry => !["GET", "HEAD"].contains(&entry.method.as_str()),
        Face::Api => {
            let operation = entry.operation.as_deref().unwrap_or_default();
            !["Describe", "Get", "BatchCheck"]
                .iter()
                .any(|reading| operation.starts_with(reading))
        }
        _ => false,
    }
}

#[tokio::test]
async fn a_layer_that_was_lost_below_tags_comes_back_and_no_tag_moves() {
    let sandbox = Sandbox::start(Seed::demo()).await.unwrap();
    let (_plugin, mut session) = copied(&sandbox).await;
    let account = ACCOUNT.parse().unwrap();
    let tags = sandbox.store().tags(&account, "alpine").unwrap();
    let whole = layers(&sandbox);
    let lost = lose_one(&sandbox);
    // Where the tag has moved to since does not matter.
    let other: Digest = sandbox.hub().digest("library/alpine", "3.21").unwrap();
    sandbox.hub().move_tag("library/alpine", "latest", &other);
    let invoked = invoke(&mut session, RESYNC, &resync()).await;
    assert_eq!(invoked.diagnostics, []);
    let bytes = sandbox.hub().blob("library/alpine", &lost).unwrap().size();
    let (manifests, count) = (manifests(&sandbox).len(), whole.len());
    let expected = [
        format!(
            "Copied again for `alpine:latest`, `alpine:stable`: 0 manifests, 1 layer, {bytes} bytes."
        ),
        format!(
            "`alpine:latest`, `alpine:stable` are complete: {manifests} manifests, {count} layers."
        ),
    ];
    assert_eq!(invoked.sentences, expected);
    assert_eq!(layers(&sandbox), whole);
    assert_eq!(sandbox.store().tags(&account, "alpine").unwrap(), tags);
    let journal = sandbox.journal();
    let puts = journal.count(|entry| entry.is(Face::Registry, "PUT", "/manifests/"));
    assert_eq!(puts, 0, "no manifest was missing");
}

#[tokio::test]
async fn a_whole_image_costs_a_read_of_each_manifest_and_no_pull() {
    let sandbox = Sandbox::start(Seed::demo()).await.unwrap();
    let (_plugin, mut session) = copied(&sandbox).await;
    let invoked = invoke(&mut session, RESYNC, &resync()).await;
    assert_eq!(invoked.diagnostics, []);
    assert_eq!(invoked.sentences.len(), 1, "{invoked:?}");
    let journal = sandbox.journal();
    let (tags, manifests) = (2, manifests(&sandbox).len());
    let on = |method| journal.count(|entry| entry.is(Face::Registry, method, "/manifests/"));
    assert_eq!((on("HEAD"), on("GET")), (tags, manifests));
    let calls = journal.select(|entry| entry.face == Face::Api);
    let calls: Vec<_> = calls.into_iter().filter_map(|it| it.operation).collect();
    assert_eq!(
        calls,
        ["DescribeRepositories", "BatchCheckLayerAvailability"]
    );
    assert_eq!(journal.count(|entry| entry.face == Face::Hub), 0);
    assert_eq!(journal.count(is_write), 0);
}

#[tokio::test]
async fn nothing_is_written_where_tags_are_missing_or_the_account_is_not_allowed() {
    let sandbox = Sandbox::start(Seed::demo()).await.unwrap();
    let (_plugin, mut session) = copied(&sandbox).await;
    lose_one(&sandbox);
    let with = |name: &str, value: Json| {
        let mut written = resync();
        written[name] = value;
        written
    };
    let rows = [
        (
            with("image_tags", json!(["stable", "3.19", "3.20"])),
            "has no tag `3.19`, `3.20`. Nothing was written.",
        ),
        (
            with("repository", json!("other")),
            "has no repository `other`.",
        ),
    ];
    for (written, wanted) in rows {
        let invoked = invoke(&mut session, RESYNC, &written).await;
        let words = error(&invoked.diagnostics);
        assert!(
            words.starts_with("Image to complete not found\n"),
            "{words}"
        );
        assert!(words.contains(wanted), "{words}");
    }
    let mut block = provider_block(&sandbox);
    block["forbidden_account_ids"] = json!([ACCOUNT]);
    session.configure(&block).await;
    let invoked = invoke(&mut session, RESYNC, &resync()).await;
    let words = error(&invoked.diagnostics);
    assert!(words.starts_with("AWS account not allowed\n"), "{words}");
    assert_eq!(sandbox.journal().count(is_write), 0);
}

#[tokio::test]
async fn what_is_missing_on_both_sides_is_named() {
    let sandbox = Sandbox::start(Seed::demo()).await.unwrap();
    let (_plugin, mut session) = copied(&sandbox).await;
    let lost = lose_one(&sandbox);
    sandbox.hub().remove_blob("library/alpine", &lost);
    let invoked = invoke(&mut session, RESYNC, &resync()).await;
    let words = error(&invoked.diagnostics);
    assert!(words.starts_with("Image cannot be completed\n"), "{words}");
    assert!(words.contains(lost.as_str()), "{words}");
    assert_eq!(invoked.sentences, Vec::<String>::new());
}

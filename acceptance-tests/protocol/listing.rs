//! `terraform query`, as hosts since Terraform 1.14 hold it: what an account has, one by one.

use std::collections::BTreeSet;

use ecr_public_sandbox::{Effect, Face, Fault, Sandbox, Seed};
use serde_json::{Value as Json, json};

use super::support::host::Plugin;
use super::support::session::{Applied, IMAGE, Session, configured, error};
use super::support::value::{dynamic, read};
use super::support::wire::tfplugin6 as proto;

/// An account with two images, one of them with two tags.
async fn published(sandbox: &Sandbox) -> (Plugin, Session, [Applied; 2]) {
    let (plugin, mut session) = configured(sandbox).await;
    let account = "222222222222";
    let busybox = json!({"source": "busybox:1.36", "account_id": account});
    let alpine = json!({
        "source": "alpine:3.22", "account_id": account, "repository": "base/alpine",
        "image_tags": ["3", "3.22"],
    });
    let alpine = session.create(&alpine).await;
    let busybox = session.create(&busybox).await;
    (plugin, session, [alpine, busybox])
}

async fn list(
    session: &mut Session,
    written: &Json,
    more: Wanted,
) -> Vec<proto::list_resource::Event> {
    let request = proto::list_resource::Request {
        type_name: IMAGE.to_owned(),
        config: Some(dynamic(&session.list(IMAGE, written))),
        include_resource_object: more.objects,
        limit: more.limit,
    };
    let answer = session.client.list_resource(request).await.unwrap();
    let mut stream = answer.into_inner();
    let mut events = Vec::new();
    while let Some(event) = stream.message().await.unwrap() {
        events.push(event);
    }
    events
}

/// What is asked for besides the configuration.
#[derive(Clone, Copy)]
struct Wanted {
    objects: bool,
    limit: i64,
}

/// What Terraform asks for when nothing else is said.
const IDENTITIES: Wanted = Wanted {
    objects: false,
    limit: 100,
};

fn identity(event: &proto::list_resource::Event) -> Json {
    let identity = event.identity.as_ref();
    read(identity.and_then(|identity| identity.identity_data.as_ref()))
}

#[tokio::test]
async fn every_image_is_listed_once_by_what_identifies_it() {
    let sandbox = Sandbox::start(Seed::demo()).await.unwrap();
    let (_plugin, mut session, [alpine, busybox]) = published(&sandbox).await;
    let written = json!({"account_id": "222222222222"});
    let validated = proto::validate_list_resource_config::Request {
        type_name: IMAGE.to_owned(),
        config: Some(dynamic(&session.list(IMAGE, &written))),
        include_resource_object: Some(dynamic(&json!(false))),
        limit: Some(dynamic(&json!(100))),
    };
    let answer = session
        .client
        .validate_list_resource_config(validated)
        .await;
    assert_eq!(answer.unwrap().into_inner().diagnostics, []);
    let events = list(&mut session, &written, IDENTITIES).await;
    let names: Vec<_> = events
        .iter()
        .map(|event| event.display_name.as_str())
        .collect();
    assert_eq!(names, ["base/alpine:3,3.22", "busybox:1.36"]);
    let identities: Vec<_> = events.iter().map(identity).collect();
    assert_eq!(identities, [alpine.identity, busybox.identity]);
    for event in &events {
        assert_eq!(event.resource_object, None);
        assert_eq!(event.diagnostic, []);
    }
    // Another account has nothing, and some repositories are not all.
    let nothing = json!({"account_id": "333333333333"});
    assert_eq!(list(&mut session, &nothing, IDENTITIES).await, []);
    let some = json!({"account_id": "222222222222", "repositories": ["busybox", "no/such"]});
    assert_eq!(list(&mut session, &some, IDENTITIES).await, events[1..]);
}

#[tokio::test]
async fn an_object_is_what_an_import_would_make_and_refreshes_to_itself() {
    let sandbox = Sandbox::start(Seed::demo()).await.unwrap();
    let (_plugin, mut session, created) = published(&sandbox).await;
    let pulls = sandbox.hub().pulls();
    let written = json!({"account_id": "222222222222"});
    let objects = Wanted {
        objects: true,
        ..IDENTITIES
    };
    let events = list(&mut session, &written, objects).await;
    assert_eq!(events.len(), 2);
    for (event, created) in events.iter().zip(&created) {
        assert_eq!(event.diagnostic, []);
        let object = read(event.resource_object.as_ref());
        for attribute in [
            "id",
            "digest",
            "image_uri",
            "images",
            "size_bytes",
            "tag_uris",
        ] {
            assert_eq!(object[attribute], created.state[attribute], "{attribute}");
        }
        assert_eq!(
            object["source"],
            Json::Null,
            "nothing tells where it came from"
        );
        let listed = Applied {
            state: object,
            private: Vec::new(),
            ..created.clone()
        };
        let refreshed = session.refresh(&listed).await;
        assert_eq!(refreshed.diagnostics, []);
        assert_eq!(refreshed.state, listed.state);
        assert_eq!(refreshed.identity, identity(event));
    }
    assert_eq!(sandbox.hub().pulls(), pulls, "the source is not asked");
}

#[tokio::test]
async fn no_more_is_listed_than_is_wanted() {
    let sandbox = Sandbox::start(Seed::demo()).await.unwrap();
    let (_plugin, mut session, _) = published(&sandbox).await;
    let written = json!({"account_id": "222222222222"});
    for (limit, count) in [(1, 1), (2, 2), (0, 2)] {
        let wanted = Wanted {
            limit,
            ..IDENTITIES
        };
        let events = list(&mut session, &written, wanted).await;
        assert_eq!(events.len(), count, "{limit}");
    }
}

#[tokio::test]
async fn a_list_that_is_not_complete_ends_with_an_error() {
    let sandbox = Sandbox::start(Seed::demo()).await.unwrap();
    let (_plugin, mut session, [alpine, _]) = published(&sandbox).await;
    let written = json!({"account_id": "222222222222"});
    // The first repository answers, the second does not.
    let refused = Fault::on(Face::Api, Effect::status(403)).operation("DescribeImages");
    sandbox.faults().add(refused.after(1).always());
    let events = list(&mut session, &written, IDENTITIES).await;
    let [first, last] = &events[..] else {
        panic!("{events:#?}");
    };
    assert_eq!(identity(first), alpine.identity);
    assert_eq!(last.identity, None);
    error(&last.diagnostic);
}

#[tokio::test]
async fn what_cannot_be_listed_is_refused_with_its_place() {
    let sandbox = Sandbox::start(Seed::demo()).await.unwrap();
    let (_plugin, mut session) = configured(&sandbox).await;
    let written = json!({"account_id": "12", "repositories": ["a__b"]});
    let request = proto::validate_list_resource_config::Request {
        type_name: IMAGE.to_owned(),
        config: Some(dynamic(&session.list(IMAGE, &written))),
        ..Default::default()
    };
    let answer = session.client.validate_list_resource_config(request).await;
    let diagnostics = answer.unwrap().into_inner().diagnostics;
    let summaries: BTreeSet<_> = diagnostics
        .iter()
        .map(|each| each.summary.as_str())
        .collect();
    let wanted = [
        "Invalid AWS account ID",
        "Invalid ECR Public repository name",
    ];
    assert_eq!(summaries, wanted.into());
}

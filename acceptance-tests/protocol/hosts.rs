//! Every host since Terraform 1.0 finds what it knows, and is not disturbed by what it does not.
//!
//! Hosts differ in what they announce, in which calls they make, and in what they send back. Each row
//! is a host, as its sources have it; the same life of an image is led with each of them.

use ecr_public_sandbox::{Sandbox, Seed};
use serde_json::{Value as Json, json};

use super::support::frame;
use super::support::session::{
    Host, IMAGE, Planned, Session, configured, error, provider_block, unconfigured,
};
use super::support::value::{dynamic, read};
use super::support::wire::tfplugin6 as proto;

/// What a host announces.
fn announces(
    deferral: bool,
    write_only: bool,
    planned_private: bool,
) -> Option<proto::ClientCapabilities> {
    Some(proto::ClientCapabilities {
        deferral_allowed: deferral,
        write_only_attributes_allowed: write_only,
        store_planned_private: planned_private,
        computed_blocks_allowed: planned_private,
    })
}

/// From the oldest to the newest. OpenTofu pretends to be a Terraform from 1.12 on.
fn hosts() -> Vec<(&'static str, Host)> {
    let host = |version: &str, capabilities, has_identities| Host {
        version: version.to_owned(),
        capabilities,
        has_identities,
    };
    vec![
        ("Terraform 1.0", host("1.0.11", None, false)),
        ("Terraform 1.5", host("1.5.7", None, false)),
        (
            "Terraform 1.9",
            host("1.9.8", announces(true, false, false), false),
        ),
        (
            "Terraform 1.11",
            host("1.11.4", announces(true, true, false), false),
        ),
        (
            "Terraform 1.12",
            host("1.12.2", announces(true, true, false), true),
        ),
        (
            "Terraform 1.16",
            host("1.16.0", announces(true, true, true), true),
        ),
        ("OpenTofu 1.6", host("1.6.2", None, false)),
        (
            "OpenTofu 1.11",
            host("1.11.4", announces(false, true, false), false),
        ),
        (
            "OpenTofu 1.12",
            host("1.13.0", announces(false, true, false), true),
        ),
    ]
}

#[tokio::test]
async fn an_image_lives_the_same_life_under_every_host() {
    let written = json!({"source": "busybox:1.36", "account_id": "222222222222"});
    for (name, host) in hosts() {
        let sandbox = Sandbox::start(Seed::demo()).await.unwrap();
        let (_plugin, mut session) = configured(&sandbox).await;
        session.speak_as(host);
        session.configure(&provider_block(&sandbox)).await;
        let first = session.plan(&written, None).await;
        assert_eq!(first.diagnostics, [], "{name}");
        let second = planned_again(&mut session, &written, &first).await;
        let created = session.apply(&written, None, &second).await;
        assert_eq!(created.diagnostics, [], "{name}");
        let shown = session.refresh(&created).await;
        assert_eq!(shown.diagnostics, [], "{name}");
        assert_eq!(shown.state, created.state, "{name}");
        let nothing = session.plan(&written, Some(&shown)).await;
        assert_eq!(nothing.state, shown.state, "{name}");
        assert_eq!(nothing.requires_replace, [""; 0], "{name}");
        let deleted = session.delete(&shown).await;
        assert_eq!(deleted.diagnostics, [], "{name}");
        assert_eq!(deleted.state, Json::Null, "{name}");
    }
}

/// The plan of the apply, which a host compares with the first one: nothing known may differ.
async fn planned_again(session: &mut Session, written: &Json, first: &Planned) -> Planned {
    let hands_on = session.hands_on();
    let second = match hands_on {
        true => session.plan_handing_on(written, &first.private).await,
        false => session.plan(written, None).await,
    };
    let (before, after) = (first.state.as_object(), second.state.as_object());
    for (attribute, value) in before.unwrap() {
        let is_open = serde_json::to_string(value).unwrap().contains("unknown");
        assert!(
            is_open || after.unwrap()[attribute] == *value,
            "{attribute}"
        );
    }
    second
}

#[tokio::test]
async fn functions_are_found_by_hosts_that_ask_for_them_and_by_hosts_that_do_not() {
    let (_plugin, mut session) = unconfigured().await;
    let request = proto::get_functions::Request {};
    let answer = session.client.get_functions(request).await.unwrap();
    let answer = answer.into_inner();
    assert_eq!(answer.diagnostics, []);
    assert_eq!(answer.functions, session.schema().functions);
    let request = proto::call_function::Request {
        name: "default_repository".to_owned(),
        arguments: vec![dynamic(&json!("ghcr.io/org/app:1"))],
    };
    let answer = session.client.call_function(request).await.unwrap();
    let answer = answer.into_inner();
    assert_eq!(answer.error, None);
    assert_eq!(read(answer.result.as_ref()), "org/app");
}

#[tokio::test]
async fn a_function_that_cannot_be_called_says_why() {
    let (_plugin, mut session) = unconfigured().await;
    let null = json!(null);
    let rows: [(&str, Vec<Json>, &str, Option<i64>); 4] = [
        ("moon", vec![], "no function `moon`", None),
        (
            "parse_reference",
            vec![],
            "takes 1 arguments and was given 0",
            None,
        ),
        (
            "parse_reference",
            vec![null],
            "argument `reference` is null or not known yet",
            None,
        ),
        (
            "public_uri",
            vec![json!("a1b2"), json!("a__b"), json!(null)],
            "`a__b` cannot be the name of a repository",
            Some(1),
        ),
    ];
    for (name, arguments, words, position) in rows {
        let request = proto::call_function::Request {
            name: name.to_owned(),
            arguments: arguments.iter().map(dynamic).collect(),
        };
        let answer = session.client.call_function(request).await.unwrap();
        let answer = answer.into_inner();
        assert_eq!(answer.result, None);
        let error = answer.error.unwrap();
        assert!(error.text.contains(words), "{}", error.text);
        assert_eq!(error.function_argument, position);
    }
}

#[tokio::test]
async fn a_login_is_opened_renewed_and_closed_as_hosts_do_it() {
    let sandbox = Sandbox::start(Seed::demo()).await.unwrap();
    let (_plugin, mut session) = configured(&sandbox).await;
    let type_name = "ecrpublic_authorization_token".to_owned();
    let written = json!({"account_id": "222222222222"});
    let config = session.ephemeral(&type_name, &written);
    let request = proto::validate_ephemeral_resource_config::Request {
        type_name: type_name.clone(),
        config: Some(dynamic(&config)),
    };
    let client = &mut session.client;
    let answer = client.validate_ephemeral_resource_config(request).await;
    assert_eq!(answer.unwrap().into_inner().diagnostics, []);
    let request = proto::open_ephemeral_resource::Request {
        type_name: type_name.clone(),
        config: Some(dynamic(&config)),
        client_capabilities: announces(true, true, false),
    };
    let answer = client.open_ephemeral_resource(request).await.unwrap();
    let answer = answer.into_inner();
    assert_eq!(answer.diagnostics, []);
    assert_eq!(answer.deferred, None);
    assert_eq!(answer.renew_at, None, "it outlasts the run");
    let login = read(answer.result.as_ref());
    assert_eq!(login["user_name"], "AWS");
    assert_eq!(login["account_id"], "222222222222");
    assert_eq!(login["proxy_endpoint"], "https://public.ecr.aws");
    // A host that renews or closes it all the same is not told anything new.
    let request = proto::renew_ephemeral_resource::Request {
        type_name: type_name.clone(),
        private: answer.private.clone(),
    };
    let renewed = client.renew_ephemeral_resource(request).await.unwrap();
    let renewed = renewed.into_inner();
    assert_eq!((renewed.diagnostics, renewed.renew_at), (vec![], None));
    let request = proto::close_ephemeral_resource::Request {
        type_name,
        private: answer.private,
    };
    let closed = client.close_ephemeral_resource(request).await.unwrap();
    assert_eq!(closed.into_inner().diagnostics, []);
}

#[tokio::test]
async fn a_configuration_that_is_not_known_yet_is_looked_up_by_no_host() {
    let (_plugin, mut session) = unconfigured().await;
    let type_name = "ecrpublic_source_image".to_owned();
    let unknown = json!({"source": super::support::value::UNKNOWN});
    let config = session.data_source(&type_name, &unknown);
    let request = proto::validate_data_resource_config::Request {
        type_name: type_name.clone(),
        config: Some(dynamic(&config)),
    };
    let answer = session.client.validate_data_resource_config(request).await;
    assert_eq!(answer.unwrap().into_inner().diagnostics, []);
    let request = proto::read_data_source::Request {
        type_name,
        config: Some(dynamic(&config)),
        ..Default::default()
    };
    let answer = session.client.read_data_source(request).await.unwrap();
    let answer = answer.into_inner();
    assert_eq!(answer.state, None);
    let words = error(&answer.diagnostics);
    assert!(
        words.starts_with("Configuration is not known yet\n"),
        "{words}"
    );
}

/// A host of the future sends what is in no definition yet.
#[tokio::test]
async fn what_no_definition_has_is_passed_over() {
    let (_plugin, session) = unconfigured().await;
    let mut channel = session.channel.clone();
    // Field 1000, a text: tag (1000 << 3 | 2) as a varint, its length, and its bytes.
    let stranger = [0xc2, 0x3e, 0x03, b'n', b'e', b'w'];
    for call in [
        "GetProviderSchema",
        "GetMetadata",
        "ConfigureProvider",
        "StopProvider",
    ] {
        let method = format!("tfplugin6.Provider/{call}");
        let (code, _) = frame::call(&mut channel, &method, frame::message(&stranger)).await;
        assert_eq!(code, tonic::Code::Ok, "{call}");
    }
    assert!(session.schema().resource_schemas.contains_key(IMAGE));
}

//! Every call of the service is answered: what the provider does not offer too.

use std::collections::{BTreeMap, BTreeSet};

use ecr_public_sandbox::{Sandbox, Seed};
use prost::Message as _;
use serde_json::json;
use tonic::Code;

use super::support::frame;
use super::support::host::Launch;
use super::support::session::{IMAGE, error, provider_block, unconfigured};
use super::support::wire::tfplugin6 as proto;

/// Calls that no schema and no capability of this provider announces. Hosts take `UNIMPLEMENTED`
/// for "not offered" and for nothing worse.
const NOT_OFFERED: [&str; 8] = [
    "ConfigureStateStore",
    "DeleteState",
    "GenerateResourceConfig",
    "GetStates",
    "LockState",
    "MoveResourceState",
    "ReadStateBytes",
    "UnlockState",
];

/// The same, of pluggable state storage.
const NO_STATE_STORES: [&str; 2] = ["ValidateStateStoreConfig", "WriteStateBytes"];

fn calls() -> Vec<String> {
    let definitions = include_bytes!(concat!(env!("OUT_DIR"), "/tfplugin6.bin"));
    let definitions = prost_types::FileDescriptorSet::decode(&definitions[..]).unwrap();
    let services = definitions.file.iter().flat_map(|file| &file.service);
    let methods = services.flat_map(|service| &service.method);
    methods.map(|method| method.name().to_owned()).collect()
}

#[tokio::test]
async fn every_call_there_is_has_an_answer_even_when_it_says_nothing() {
    let mut plugin = Launch::by_host().start();
    let mut channel = plugin.connect().await;
    let calls = calls();
    assert_eq!(calls.len(), 36);
    let mut answers = BTreeMap::new();
    for call in &calls {
        let method = format!("tfplugin6.Provider/{call}");
        let (code, _) = frame::call(&mut channel, &method, frame::EMPTY).await;
        answers.insert(call.as_str(), code);
    }
    let with = |code| answers.iter().filter(move |(_, each)| **each == code);
    let mut absent: Vec<_> = NOT_OFFERED.into_iter().chain(NO_STATE_STORES).collect();
    absent.sort_unstable();
    let unimplemented: Vec<_> = with(Code::Unimplemented).map(|(call, _)| *call).collect();
    assert_eq!(unimplemented, absent);
    assert_eq!(with(Code::Ok).count(), 36 - absent.len(), "{answers:?}");
}

#[tokio::test]
async fn a_process_that_nobody_asks_for_its_schema_does_everything_too() {
    let sandbox = Sandbox::start(Seed::demo()).await.unwrap();
    let (_first, session) = unconfigured().await;
    let mut second = Launch::by_host().set_all(sandbox.environment()).start();
    let mut session = session.moved_to(second.connect().await);
    session.configure(&provider_block(&sandbox)).await;
    let written = json!({"source": "busybox:1.36", "account_id": "222222222222"});
    assert_eq!(session.create(&written).await.diagnostics, []);
}

#[tokio::test]
async fn what_the_schema_announces_is_what_the_metadata_announces() {
    let (_plugin, mut session) = unconfigured().await;
    let metadata = session
        .client
        .get_metadata(proto::get_metadata::Request {})
        .await
        .unwrap()
        .into_inner();
    let schema = session.schema();
    let capabilities = proto::ServerCapabilities {
        plan_destroy: true,
        get_provider_schema_optional: true,
        move_resource_state: false,
        generate_resource_config: false,
    };
    assert_eq!(schema.server_capabilities, Some(capabilities));
    assert_eq!(metadata.server_capabilities, Some(capabilities));
    let names: Vec<_> = metadata
        .resources
        .iter()
        .map(|each| &each.type_name)
        .collect();
    assert_eq!(names, [IMAGE]);
    assert_eq!(schema.resource_schemas.keys().collect::<Vec<_>>(), [IMAGE]);
    assert_eq!(schema.provider_meta, None);
    let data_sources = metadata.data_sources.iter().map(|each| &each.type_name);
    same(schema.data_source_schemas.keys(), data_sources, 4);
    let ephemeral = metadata.ephemeral_resources.iter();
    let ephemeral = ephemeral.map(|each| &each.type_name);
    same(schema.ephemeral_resource_schemas.keys(), ephemeral, 1);
    let lists = metadata.list_resources.iter().map(|each| &each.type_name);
    same(schema.list_resource_schemas.keys(), lists, 1);
    let actions = metadata.actions.iter().map(|each| &each.type_name);
    same(schema.action_schemas.keys(), actions, 2);
    let functions = metadata.functions.iter().map(|each| &each.name);
    same(schema.functions.keys(), functions, 3);
}

/// The same names, of which there are so many, in any order.
#[track_caller]
fn same<'n>(
    schema: impl Iterator<Item = &'n String>,
    metadata: impl Iterator<Item = &'n String>,
    count: usize,
) {
    let schema: BTreeSet<_> = schema.collect();
    assert_eq!(schema, metadata.collect());
    assert_eq!(schema.len(), count, "{schema:?}");
}

#[tokio::test]
async fn the_schema_is_one_that_core_accepts() {
    let (_plugin, session) = unconfigured().await;
    let schema = session.schema();
    let resource = schema.resource_schemas[IMAGE].block.as_ref().unwrap();
    let provider = schema.provider.as_ref().unwrap().block.as_ref().unwrap();
    let roots = ["connection", "count", "depends_on", "for_each", "lifecycle"];
    for attribute in &resource.attributes {
        assert!(
            !roots.contains(&attribute.name.as_str()),
            "{}",
            attribute.name
        );
    }
    let lookups = schema.data_source_schemas.values();
    let lookups = lookups.chain(schema.ephemeral_resource_schemas.values());
    let lookups = lookups.chain(schema.list_resource_schemas.values());
    let actions = schema.action_schemas.values();
    let lookups = lookups.chain(actions.filter_map(|action| action.schema.as_ref()));
    let lookups = lookups.filter_map(|schema| schema.block.as_ref());
    for block in lookups.chain([resource, provider]) {
        acceptable(block);
    }
}

/// The rules of core's own check, as far as they concern what this provider uses.
fn acceptable(block: &proto::schema::Block) {
    use proto::schema::nested_block::NestingMode;
    attributes(&block.attributes);
    for nested in &block.block_types {
        let name = &nested.type_name;
        assert!(
            block.attributes.iter().all(|each| each.name != *name),
            "{name} is taken"
        );
        assert_ne!(nested.nesting(), NestingMode::Invalid, "{name}");
        let counts = (nested.min_items, nested.max_items);
        if matches!(nested.nesting(), NestingMode::Single | NestingMode::Map) {
            assert_eq!(counts, (0, 0), "{name}");
        }
        acceptable(nested.block.as_ref().unwrap());
    }
}

fn attributes(all: &[proto::schema::Attribute]) {
    for attribute in all {
        let name = &attribute.name;
        let spelt = name
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
        assert!(spelt, "{name}");
        assert!(
            attribute.required != (attribute.optional || attribute.computed),
            "{name}"
        );
        assert!(
            !attribute.description.is_empty(),
            "{name} has no description"
        );
        assert_eq!(
            attribute.r#type.is_empty(),
            attribute.nested_type.is_some(),
            "{name}"
        );
        if let Some(nested) = &attribute.nested_type {
            assert_ne!(
                nested.nesting(),
                proto::schema::object::NestingMode::Invalid,
                "{name}"
            );
            attributes(&nested.attributes);
        } else {
            serde_json::from_slice::<serde_json::Value>(&attribute.r#type).unwrap();
        }
    }
}

#[tokio::test]
async fn an_identity_names_what_an_import_needs() {
    let (_plugin, mut session) = unconfigured().await;
    let answer = session
        .client
        .get_resource_identity_schemas(proto::get_resource_identity_schemas::Request {})
        .await
        .unwrap()
        .into_inner();
    assert_eq!(answer.diagnostics, []);
    let identity = &answer.identity_schemas[IMAGE];
    for attribute in &identity.identity_attributes {
        assert!(attribute.required_for_import != attribute.optional_for_import);
        assert_eq!(attribute.r#type, b"\"string\"");
    }
}

#[tokio::test]
async fn a_type_that_nobody_has_is_named() {
    let (_plugin, mut session) = unconfigured().await;
    let type_name = "ecrpublic_moon".to_owned();
    let request = proto::validate_resource_config::Request {
        type_name: type_name.clone(),
        ..Default::default()
    };
    let answer = session.client.validate_resource_config(request).await;
    let words = error(&answer.unwrap().into_inner().diagnostics);
    assert!(words.contains("ecrpublic_moon"), "{words}");
    let request = proto::read_data_source::Request {
        type_name,
        ..Default::default()
    };
    let answer = session.client.read_data_source(request).await;
    let words = error(&answer.unwrap().into_inner().diagnostics);
    assert!(words.contains("ecrpublic_moon"), "{words}");
}

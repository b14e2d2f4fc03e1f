//! A conversation with the provider, in the order in which core holds it.

use ecr_public_sandbox::{FaultHandle, Sandbox};
use serde_json::{Value as Json, json};
use tokio::time::timeout;
use tonic::transport::Channel;

use super::host::{Launch, PATIENCE, Plugin};
use super::value::{complete, dynamic, proposed, read};
use super::wire::plugin::Empty;
use super::wire::plugin::grpc_controller_client::GrpcControllerClient;
use super::wire::tfplugin6 as proto;
use proto::diagnostic::Severity;
use proto::provider_client::ProviderClient;

/// The resource.
pub(crate) const IMAGE: &str = "ecrpublic_mirrored_image";

/// What hosts and providers agree on.
const LIMIT: usize = 256 * 1024 * 1024;

/// What a host says of itself, and what it keeps.
#[derive(Clone, Debug)]
pub(crate) struct Host {
    /// What it calls its version.
    pub(crate) version: String,
    /// What it announces.
    pub(crate) capabilities: Option<proto::ClientCapabilities>,
    /// Whether it has heard of identities.
    pub(crate) has_identities: bool,
}

impl Host {
    /// The one that the scenarios run, but for identities.
    fn usual() -> Self {
        Self {
            version: "1.11.4".to_owned(),
            capabilities: Some(proto::ClientCapabilities {
                // As on every apply walk; nothing may be deferred all the same.
                deferral_allowed: true,
                ..Default::default()
            }),
            has_identities: true,
        }
    }
}

/// A connection to a process, and the schema it served. Clones share the connection.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) channel: Channel,
    pub(crate) client: ProviderClient<Channel>,
    schema: proto::get_provider_schema::Response,
    host: Host,
}

/// The answer to a plan.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub(crate) state: Json,
    pub(crate) private: Vec<u8>,
    pub(crate) requires_replace: Vec<String>,
    pub(crate) diagnostics: Vec<proto::Diagnostic>,
}

/// What is stored after a change.
#[derive(Clone, Debug)]
pub(crate) struct Applied {
    pub(crate) state: Json,
    pub(crate) private: Vec<u8>,
    pub(crate) identity: Json,
    pub(crate) diagnostics: Vec<proto::Diagnostic>,
}

/// Waits until a fault has struck.
pub(crate) async fn struck(fault: &FaultHandle) {
    let struck = timeout(PATIENCE, fault.reached()).await;
    struck.expect("the request that is to fail is made");
}

/// The provider block for a sandbox.
pub(crate) fn provider_block(sandbox: &Sandbox) -> Json {
    json!({
        "assume_role": [{"role_arn": "arn:aws:iam::111111111111:role/tooling"}],
        "account_role": {"role_arn": "arn:aws:iam::{account_id}:role/ecr-publisher"},
        "registry": [{"host": "docker.io", "endpoint": sandbox.hub_url(), "plain_http": true}],
        "endpoints": [{
            "ecrpublic": sandbox.api_url(),
            "sts": sandbox.sts_url(),
            "registry": sandbox.registry_url(),
        }],
    })
}

/// A process that is configured for a sandbox, and the conversation with it.
pub(crate) async fn configured(sandbox: &Sandbox) -> (Plugin, Session) {
    configured_with(sandbox, Launch::by_host().set("TF_LOG", "DEBUG")).await
}

/// The same, started in a certain way.
pub(crate) async fn configured_with(sandbox: &Sandbox, launch: Launch) -> (Plugin, Session) {
    let mut plugin = launch.set_all(sandbox.environment()).start();
    let mut session = Session::over(plugin.connect().await).await;
    session.configure(&provider_block(sandbox)).await;
    (plugin, session)
}

/// A process as a host starts it, and the conversation with it.
pub(crate) async fn unconfigured() -> (Plugin, Session) {
    let mut plugin = Launch::by_host().set("TF_LOG", "DEBUG").start();
    let session = Session::over(plugin.connect().await).await;
    (plugin, session)
}

impl Session {
    pub(crate) async fn over(channel: Channel) -> Self {
        let mut client = client(&channel);
        let schema = client
            .get_provider_schema(proto::get_provider_schema::Request {})
            .await
            .unwrap()
            .into_inner();
        assert_eq!(schema.diagnostics, []);
        Self {
            channel,
            client,
            schema,
            host: Host::usual(),
        }
    }

    /// The same conversation with another process, which nobody asks for its schema.
    pub(crate) fn moved_to(self, channel: Channel) -> Self {
        Self {
            client: client(&channel),
            channel,
            schema: self.schema,
            host: self.host,
        }
    }

    /// From now on the conversation is that of another host.
    pub(crate) fn speak_as(&mut self, host: Host) {
        self.host = host;
    }

    /// Whether the host hands the private data of its first plan to the second one.
    pub(crate) fn hands_on(&self) -> bool {
        let capabilities = self.host.capabilities.as_ref();
        capabilities.is_some_and(|announced| announced.store_planned_private)
    }

    pub(crate) fn schema(&self) -> &proto::get_provider_schema::Response {
        &self.schema
    }

    fn block(&self) -> &proto::schema::Block {
        self.schema.resource_schemas[IMAGE].block.as_ref().unwrap()
    }

    /// The provider block as core completes it.
    pub(crate) fn provider(&self, written: &Json) -> Json {
        let schema = self.schema.provider.as_ref().unwrap();
        complete(schema.block.as_ref().unwrap(), written)
    }

    /// A resource as core completes it.
    pub(crate) fn image(&self, written: &Json) -> Json {
        complete(self.block(), written)
    }

    /// A data source as core completes it.
    pub(crate) fn data_source(&self, kind: &str, written: &Json) -> Json {
        let schema = &self.schema.data_source_schemas[kind];
        complete(schema.block.as_ref().unwrap(), written)
    }

    /// An ephemeral resource as core completes it.
    pub(crate) fn ephemeral(&self, kind: &str, written: &Json) -> Json {
        let schema = &self.schema.ephemeral_resource_schemas[kind];
        complete(schema.block.as_ref().unwrap(), written)
    }

    /// The configuration of a list as core completes it.
    pub(crate) fn list(&self, kind: &str, written: &Json) -> Json {
        let schema = &self.schema.list_resource_schemas[kind];
        complete(schema.block.as_ref().unwrap(), written)
    }

    /// The configuration of an action as core completes it.
    pub(crate) fn action(&self, kind: &str, written: &Json) -> Json {
        let schema = self.schema.action_schemas[kind].schema.as_ref();
        complete(schema.unwrap().block.as_ref().unwrap(), written)
    }

    /// Configures, successfully.
    pub(crate) async fn configure(&mut self, written: &Json) {
        let diagnostics = self.try_configure(written).await;
        assert_eq!(diagnostics, []);
    }

    pub(crate) async fn try_configure(&mut self, written: &Json) -> Vec<proto::Diagnostic> {
        let request = proto::configure_provider::Request {
            terraform_version: self.host.version.clone(),
            config: Some(dynamic(&self.provider(written))),
            client_capabilities: self.host.capabilities,
        };
        let answer = self.client.configure_provider(request).await.unwrap();
        settled(answer.into_inner().diagnostics)
    }

    pub(crate) async fn validate(&mut self, config: proto::DynamicValue) -> Vec<proto::Diagnostic> {
        let request = proto::validate_resource_config::Request {
            type_name: IMAGE.to_owned(),
            config: Some(config),
            client_capabilities: None,
        };
        let answer = self.client.validate_resource_config(request).await;
        settled(answer.unwrap().into_inner().diagnostics)
    }

    /// Plans what a practitioner wrote over what is in state.
    pub(crate) async fn plan(&mut self, written: &Json, before: Option<&Applied>) -> Planned {
        self.plan_as(written, before, None).await
    }

    /// The same as a host that hands the private data of its first plan to the second one
    /// (protocol 6.11): that of the first plan, empty when this is it.
    pub(crate) async fn plan_handing_on(&mut self, written: &Json, first: &[u8]) -> Planned {
        self.plan_as(written, None, Some(first.to_vec())).await
    }

    async fn plan_as(
        &mut self,
        written: &Json,
        before: Option<&Applied>,
        handed_on: Option<Vec<u8>>,
    ) -> Planned {
        let config = self.image(written);
        let prior = before.map_or(Json::Null, |before| before.state.clone());
        let request = proto::plan_resource_change::Request {
            type_name: IMAGE.to_owned(),
            prior_state: Some(dynamic(&prior)),
            proposed_new_state: Some(dynamic(&proposed(self.block(), &config, &prior))),
            config: Some(dynamic(&config)),
            prior_private: before.map_or(Vec::new(), |before| before.private.clone()),
            client_capabilities: self.host.capabilities.map(|announced| {
                proto::ClientCapabilities {
                    store_planned_private: announced.store_planned_private || handed_on.is_some(),
                    ..announced
                }
            }),
            planned_private: handed_on.unwrap_or_default(),
            ..Default::default()
        };
        let answer = self.client.plan_resource_change(request).await.unwrap();
        let answer = answer.into_inner();
        assert_eq!(answer.deferred, None);
        assert!(!answer.legacy_type_system);
        let planned = Planned {
            state: read(answer.planned_state.as_ref()),
            private: answer.planned_private,
            requires_replace: answer.requires_replace.iter().map(path).collect(),
            diagnostics: settled(answer.diagnostics),
        };
        self.is_valid_plan(&config, &planned.state);
        planned
    }

    /// What core asserts of every plan.
    fn is_valid_plan(&self, config: &Json, planned: &Json) {
        for attribute in &self.block().attributes {
            let (wanted, planned) = (&config[&attribute.name], &planned[&attribute.name]);
            let name = &attribute.name;
            if wanted.is_null() && !attribute.computed {
                assert!(planned.is_null(), "`{name}` is not computed");
            } else if !wanted.is_null() {
                assert_eq!(planned, wanted, "`{name}` is configured");
            }
        }
    }

    /// Applies a plan.
    pub(crate) async fn apply(
        &mut self,
        written: &Json,
        before: Option<&Applied>,
        planned: &Planned,
    ) -> Applied {
        let prior = before.map_or(Json::Null, |before| before.state.clone());
        let request = proto::apply_resource_change::Request {
            type_name: IMAGE.to_owned(),
            prior_state: Some(dynamic(&prior)),
            planned_state: Some(dynamic(&planned.state)),
            config: Some(dynamic(&self.image(written))),
            planned_private: planned.private.clone(),
            ..Default::default()
        };
        self.change(request).await
    }

    /// Plans and applies a create.
    pub(crate) async fn create(&mut self, written: &Json) -> Applied {
        let planned = self.plan(written, None).await;
        self.apply(written, None, &planned).await
    }

    /// Deletes what is in state.
    pub(crate) async fn delete(&mut self, before: &Applied) -> Applied {
        let request = proto::apply_resource_change::Request {
            type_name: IMAGE.to_owned(),
            prior_state: Some(dynamic(&before.state)),
            planned_state: Some(dynamic(&Json::Null)),
            config: Some(dynamic(&Json::Null)),
            planned_private: before.private.clone(),
            ..Default::default()
        };
        self.change(request).await
    }

    async fn change(&mut self, request: proto::apply_resource_change::Request) -> Applied {
        let answer = self.client.apply_resource_change(request).await.unwrap();
        let answer = answer.into_inner();
        assert!(!answer.legacy_type_system);
        let identity = answer.new_identity.and_then(|new| new.identity_data);
        Applied {
            state: read(answer.new_state.as_ref()),
            private: answer.private,
            identity: read(identity.as_ref()),
            diagnostics: settled(answer.diagnostics),
        }
    }

    /// Refreshes what is in state.
    pub(crate) async fn refresh(&mut self, before: &Applied) -> Applied {
        let identity = proto::ResourceIdentityData {
            identity_data: Some(dynamic(&before.identity)),
        };
        let request = proto::read_resource::Request {
            type_name: IMAGE.to_owned(),
            current_state: Some(dynamic(&before.state)),
            private: before.private.clone(),
            current_identity: self.host.has_identities.then_some(identity),
            client_capabilities: self.host.capabilities,
            ..Default::default()
        };
        let answer = self.client.read_resource(request).await.unwrap();
        let answer = answer.into_inner();
        assert_eq!(answer.deferred, None);
        let identity = answer.new_identity.and_then(|new| new.identity_data);
        Applied {
            state: read(answer.new_state.as_ref()),
            private: answer.private,
            identity: read(identity.as_ref()),
            diagnostics: settled(answer.diagnostics),
        }
    }

    /// Tells the provider to stop what it does.
    pub(crate) async fn stop(&mut self) {
        let answer = self.client.stop_provider(proto::stop_provider::Request {});
        assert_eq!(answer.await.unwrap().into_inner().error, "");
    }

    /// Tells the process to end, and hangs up.
    pub(crate) async fn shut_down(self) {
        let mut controller = GrpcControllerClient::new(self.channel);
        controller.shutdown(Empty {}).await.unwrap();
    }
}

fn client(channel: &Channel) -> ProviderClient<Channel> {
    ProviderClient::new(channel.clone())
        .max_decoding_message_size(LIMIT)
        .max_encoding_message_size(LIMIT)
}

/// The diagnostics of an answer, each of which core can place: a severity of 0 is no error to it.
fn settled(diagnostics: Vec<proto::Diagnostic>) -> Vec<proto::Diagnostic> {
    for each in &diagnostics {
        assert_ne!(each.severity(), Severity::Invalid, "{each:?}");
        assert!(!each.summary.is_empty(), "{each:?}");
    }
    diagnostics
}

/// The one error of an answer, as a person reads it.
#[track_caller]
pub(crate) fn error(diagnostics: &[proto::Diagnostic]) -> String {
    let [only] = diagnostics else {
        panic!("not one diagnostic: {diagnostics:#?}");
    };
    assert_eq!(only.severity(), Severity::Error);
    format!("{}\n{}", only.summary, only.detail)
}

/// A path as a person writes it.
pub(crate) fn path(path: &proto::AttributePath) -> String {
    use proto::attribute_path::step::Selector;
    let steps = path.steps.iter().filter_map(|step| step.selector.as_ref());
    let mut text = String::new();
    for step in steps {
        text += &match step {
            Selector::AttributeName(name) if text.is_empty() => name.clone(),
            Selector::AttributeName(name) => format!(".{name}"),
            Selector::ElementKeyInt(position) => format!("[{position}]"),
            Selector::ElementKeyString(key) => format!("[{key:?}]"),
        };
    }
    text
}

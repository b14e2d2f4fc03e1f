//! The service: one short method per call, in the order of `proto/tfplugin6.proto`.
//!
//! Calls without a method here are answered by the host's own convention for what a provider does
//! not offer, the status `UNIMPLEMENTED`: no schema and no capability announces them.

use std::fmt;
use std::sync::Arc;

use tonic::codegen::BoxStream;
use tonic::service::Routes;
use tonic::{Request, Response};

use super::call::{About, Call, Reply};
use super::declared::Declared;
use super::functions::Functions;
use super::resources::Resources;
use super::tfplugin6 as proto;
use super::tfplugin6::provider_server::{Provider, ProviderServer};
use super::{actions, decode, encode, listing};
use crate::task::Work;
use crate::tf::{DynAction, DynDataSource, DynEphemeralResource, DynListResource, DynProvider};

/// The largest message in both directions, the limit that providers written in Go have. A host
/// sends whatever a configuration holds.
const MAX_MESSAGE_BYTES: usize = 256 * 1024 * 1024;

/// A provider, served.
pub struct Server {
    provider: Arc<dyn DynProvider>,
    resources: Arc<Resources>,
    data_sources: Declared<dyn DynDataSource>,
    ephemeral_resources: Declared<dyn DynEphemeralResource>,
    list_resources: Arc<Declared<dyn DynListResource>>,
    actions: Arc<Declared<dyn DynAction>>,
    functions: Functions,
    work: Work,
    address: &'static str,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("address", &self.address)
            .field("work", &self.work)
            .finish_non_exhaustive()
    }
}

impl Server {
    /// Serves a provider. `address` names it in logs; `work` is what the process waits for before
    /// it ends.
    pub fn new(provider: Arc<dyn DynProvider>, address: &'static str, work: Work) -> Self {
        Self {
            resources: Arc::new(Resources::new(provider.resources())),
            data_sources: Declared::new("data source", provider.data_sources()),
            ephemeral_resources: Declared::new(
                "ephemeral resource",
                provider.ephemeral_resources(),
            ),
            list_resources: Arc::new(Declared::new("list resource", provider.list_resources())),
            actions: Arc::new(Declared::new("action", provider.actions())),
            functions: Functions::new(provider.functions()),
            provider,
            work,
            address,
        }
    }

    /// The service, ready to be put on a connection.
    #[must_use]
    pub fn into_routes(self) -> Routes {
        Routes::new(
            ProviderServer::new(self)
                .max_decoding_message_size(MAX_MESSAGE_BYTES)
                .max_encoding_message_size(MAX_MESSAGE_BYTES),
        )
    }

    fn call(&self, rpc: &'static str) -> Call {
        Call::begin(&self.work, self.address, rpc, None)
    }

    fn call_about(&self, rpc: &'static str, about: About, name: &str) -> Call {
        Call::begin(&self.work, self.address, rpc, Some((about, name)))
    }
}

#[tonic::async_trait]
impl Provider for Server {
    async fn get_metadata(
        &self,
        _: Request<proto::get_metadata::Request>,
    ) -> Reply<proto::get_metadata::Response> {
        let work = async {
            use proto::get_metadata::{
                ActionMetadata, DataSourceMetadata, EphemeralMetadata, FunctionMetadata,
                ListResourceMetadata, ResourceMetadata,
            };
            let resources = self.resources.names().map(str::to_owned);
            let data_sources = self.data_sources.names();
            let ephemeral = self.ephemeral_resources.names();
            let lists = self.list_resources.names();
            let actions = self.actions.names();
            let functions = self.functions.names();
            Ok(proto::get_metadata::Response {
                server_capabilities: Some(encode::capabilities()),
                resources: resources
                    .map(|type_name| ResourceMetadata { type_name })
                    .collect(),
                data_sources: data_sources
                    .map(|type_name| DataSourceMetadata { type_name })
                    .collect(),
                ephemeral_resources: ephemeral
                    .map(|type_name| EphemeralMetadata { type_name })
                    .collect(),
                list_resources: lists
                    .map(|type_name| ListResourceMetadata { type_name })
                    .collect(),
                actions: actions
                    .map(|type_name| ActionMetadata { type_name })
                    .collect(),
                functions: functions.map(|name| FunctionMetadata { name }).collect(),
                ..Default::default()
            })
        };
        self.call("GetMetadata")
            .answer(Default::default(), work)
            .await
    }

    async fn get_provider_schema(
        &self,
        _: Request<proto::get_provider_schema::Request>,
    ) -> Reply<proto::get_provider_schema::Response> {
        let work = async {
            Ok(proto::get_provider_schema::Response {
                provider: Some(encode::schema(&self.provider.schema())),
                resource_schemas: self.resources.schemas(),
                data_source_schemas: self.data_sources.schemas(),
                ephemeral_resource_schemas: self.ephemeral_resources.schemas(),
                list_resource_schemas: self.list_resources.schemas(),
                action_schemas: self
                    .actions
                    .schemas()
                    .into_iter()
                    .map(|(name, schema)| {
                        let schema = Some(schema);
                        (name, proto::ActionSchema { schema })
                    })
                    .collect(),
                functions: self.functions.signatures(),
                server_capabilities: Some(encode::capabilities()),
                ..Default::default()
            })
        };
        self.call("GetProviderSchema")
            .answer(Default::default(), work)
            .await
    }

    async fn get_resource_identity_schemas(
        &self,
        _: Request<proto::get_resource_identity_schemas::Request>,
    ) -> Reply<proto::get_resource_identity_schemas::Response> {
        let work = async {
            Ok(proto::get_resource_identity_schemas::Response {
                identity_schemas: self.resources.identity_schemas(),
                diagnostics: Vec::new(),
            })
        };
        self.call("GetResourceIdentitySchemas")
            .answer(Default::default(), work)
            .await
    }

    async fn get_functions(
        &self,
        _: Request<proto::get_functions::Request>,
    ) -> Reply<proto::get_functions::Response> {
        let work = async {
            Ok(proto::get_functions::Response {
                functions: self.functions.signatures(),
                diagnostics: Vec::new(),
            })
        };
        self.call("GetFunctions")
            .answer(Default::default(), work)
            .await
    }

    async fn call_function(
        &self,
        request: Request<proto::call_function::Request>,
    ) -> Reply<proto::call_function::Response> {
        let request = request.into_inner();
        let call = self.call_about("CallFunction", About::Function, &request.name);
        let work = async { self.functions.call(&request) };
        call.answer(Default::default(), work).await
    }

    async fn validate_provider_config(
        &self,
        request: Request<proto::validate_provider_config::Request>,
    ) -> Reply<proto::validate_provider_config::Response> {
        let request = request.into_inner();
        let work = async {
            let kind = self.provider.schema().block.value_type();
            let config = decode::value(request.config.as_ref(), &kind, "provider block")?;
            let diagnostics = encode::diagnostics(&self.provider.validate(&config));
            Ok(proto::validate_provider_config::Response { diagnostics })
        };
        self.call("ValidateProviderConfig")
            .answer(Default::default(), work)
            .await
    }

    async fn configure_provider(
        &self,
        request: Request<proto::configure_provider::Request>,
    ) -> Reply<proto::configure_provider::Response> {
        let request = request.into_inner();
        let call = self.call("ConfigureProvider");
        let cx = call.context();
        let work = async {
            tracing::debug!(terraform_version = request.terraform_version, "configuring");
            let kind = self.provider.schema().block.value_type();
            let config = decode::value(request.config.as_ref(), &kind, "provider block")?;
            let configured = self.provider.configure(&cx, config).await;
            let diagnostics = encode::diagnostics(&configured.diagnostics);
            Ok(proto::configure_provider::Response { diagnostics })
        };
        call.answer(Default::default(), work).await
    }

    async fn stop_provider(
        &self,
        _: Request<proto::stop_provider::Request>,
    ) -> Reply<proto::stop_provider::Response> {
        tracing::info!(tf_rpc = "StopProvider", "asked to stop");
        self.work.stop();
        Ok(Response::new(proto::stop_provider::Response::default()))
    }

    async fn validate_resource_config(
        &self,
        request: Request<proto::validate_resource_config::Request>,
    ) -> Reply<proto::validate_resource_config::Response> {
        let request = request.into_inner();
        let call = self.call_about(
            "ValidateResourceConfig",
            About::Resource,
            &request.type_name,
        );
        let work = async { self.resources.get(&request.type_name)?.validate(&request) };
        call.answer(Default::default(), work).await
    }

    async fn upgrade_resource_state(
        &self,
        request: Request<proto::upgrade_resource_state::Request>,
    ) -> Reply<proto::upgrade_resource_state::Response> {
        let request = request.into_inner();
        let call = self.call_about("UpgradeResourceState", About::Resource, &request.type_name);
        let work = async { self.resources.get(&request.type_name)?.upgrade(&request) };
        call.answer(Default::default(), work).await
    }

    async fn upgrade_resource_identity(
        &self,
        request: Request<proto::upgrade_resource_identity::Request>,
    ) -> Reply<proto::upgrade_resource_identity::Response> {
        let request = request.into_inner();
        let call = self.call_about(
            "UpgradeResourceIdentity",
            About::Resource,
            &request.type_name,
        );
        let work = async {
            let resource = self.resources.get(&request.type_name)?;
            resource.upgrade_identity(&request)
        };
        call.answer(Default::default(), work).await
    }

    async fn read_resource(
        &self,
        request: Request<proto::read_resource::Request>,
    ) -> Reply<proto::read_resource::Response> {
        let request = request.into_inner();
        let call = self.call_about("ReadResource", About::Resource, &request.type_name);
        let cx = call.context();
        // Whatever goes wrong, nothing is gone.
        let unchanged = proto::read_resource::Response {
            new_state: request.current_state.clone(),
            private: request.private.clone(),
            ..Default::default()
        };
        let work = async move {
            let resource = self.resources.get(&request.type_name)?;
            resource.read(&cx, request).await
        };
        call.answer(unchanged, work).await
    }

    async fn plan_resource_change(
        &self,
        request: Request<proto::plan_resource_change::Request>,
    ) -> Reply<proto::plan_resource_change::Response> {
        let request = request.into_inner();
        let call = self.call_about("PlanResourceChange", About::Resource, &request.type_name);
        let cx = call.context();
        let work = async move {
            let resource = self.resources.get(&request.type_name)?;
            resource.plan(&cx, request).await
        };
        call.answer(Default::default(), work).await
    }

    async fn apply_resource_change(
        &self,
        request: Request<proto::apply_resource_change::Request>,
    ) -> Reply<proto::apply_resource_change::Response> {
        let request = request.into_inner();
        let call = self.call_about("ApplyResourceChange", About::Resource, &request.type_name);
        let cx = call.context();
        // An error with the prior state: a create leaves nothing, anything else what was there.
        let unchanged = proto::apply_resource_change::Response {
            new_state: request.prior_state.clone(),
            private: request.planned_private.clone(),
            ..Default::default()
        };
        let resources = Arc::clone(&self.resources);
        let work = async move {
            let resource = resources.get(&request.type_name)?;
            resource.apply(&cx, request).await
        };
        call.answer_in_any_case(unchanged, work).await
    }

    async fn import_resource_state(
        &self,
        request: Request<proto::import_resource_state::Request>,
    ) -> Reply<proto::import_resource_state::Response> {
        let request = request.into_inner();
        let call = self.call_about("ImportResourceState", About::Resource, &request.type_name);
        let cx = call.context();
        let work = async move {
            let resource = self.resources.get(&request.type_name)?;
            resource.import(&cx, request).await
        };
        call.answer(Default::default(), work).await
    }

    async fn validate_data_resource_config(
        &self,
        request: Request<proto::validate_data_resource_config::Request>,
    ) -> Reply<proto::validate_data_resource_config::Response> {
        let request = request.into_inner();
        let name = &request.type_name;
        let call = self.call_about("ValidateDataResourceConfig", About::DataSource, name);
        let work = async {
            let diagnostics = self
                .data_sources
                .get(name)?
                .validate(request.config.as_ref())?;
            Ok(proto::validate_data_resource_config::Response { diagnostics })
        };
        call.answer(Default::default(), work).await
    }

    async fn read_data_source(
        &self,
        request: Request<proto::read_data_source::Request>,
    ) -> Reply<proto::read_data_source::Response> {
        let request = request.into_inner();
        let call = self.call_about("ReadDataSource", About::DataSource, &request.type_name);
        let cx = call.context();
        let work = async {
            let data_source = self.data_sources.get(&request.type_name)?;
            data_source.read(&cx, &request).await
        };
        call.answer(Default::default(), work).await
    }

    async fn validate_ephemeral_resource_config(
        &self,
        request: Request<proto::validate_ephemeral_resource_config::Request>,
    ) -> Reply<proto::validate_ephemeral_resource_config::Response> {
        let request = request.into_inner();
        let (about, name) = (About::EphemeralResource, &request.type_name);
        let call = self.call_about("ValidateEphemeralResourceConfig", about, name);
        let work = async {
            let ephemeral = self.ephemeral_resources.get(name)?;
            let diagnostics = ephemeral.validate(request.config.as_ref())?;
            Ok(proto::validate_ephemeral_resource_config::Response { diagnostics })
        };
        call.answer(Default::default(), work).await
    }

    async fn open_ephemeral_resource(
        &self,
        request: Request<proto::open_ephemeral_resource::Request>,
    ) -> Reply<proto::open_ephemeral_resource::Response> {
        let request = request.into_inner();
        let (about, name) = (About::EphemeralResource, &request.type_name);
        let call = self.call_about("OpenEphemeralResource", about, name);
        let cx = call.context();
        let work = async {
            let ephemeral = self.ephemeral_resources.get(name)?;
            ephemeral.open(&cx, &request).await
        };
        call.answer(Default::default(), work).await
    }

    async fn renew_ephemeral_resource(
        &self,
        request: Request<proto::renew_ephemeral_resource::Request>,
    ) -> Reply<proto::renew_ephemeral_resource::Response> {
        let request = request.into_inner();
        let (about, name) = (About::EphemeralResource, &request.type_name);
        let call = self.call_about("RenewEphemeralResource", about, name);
        let work = async {
            self.ephemeral_resources.get(name)?;
            Ok(proto::renew_ephemeral_resource::Response::default())
        };
        call.answer(Default::default(), work).await
    }

    async fn close_ephemeral_resource(
        &self,
        request: Request<proto::close_ephemeral_resource::Request>,
    ) -> Reply<proto::close_ephemeral_resource::Response> {
        let request = request.into_inner();
        let (about, name) = (About::EphemeralResource, &request.type_name);
        let call = self.call_about("CloseEphemeralResource", about, name);
        let work = async {
            self.ephemeral_resources.get(name)?;
            Ok(proto::close_ephemeral_resource::Response::default())
        };
        call.answer(Default::default(), work).await
    }

    async fn validate_list_resource_config(
        &self,
        request: Request<proto::validate_list_resource_config::Request>,
    ) -> Reply<proto::validate_list_resource_config::Response> {
        let request = request.into_inner();
        let (about, name) = (About::ListResource, &request.type_name);
        let call = self.call_about("ValidateListResourceConfig", about, name);
        let work = async {
            let list = self.list_resources.get(name)?;
            let diagnostics = list.validate(request.config.as_ref())?;
            Ok(proto::validate_list_resource_config::Response { diagnostics })
        };
        call.answer(Default::default(), work).await
    }

    async fn list_resource(
        &self,
        request: Request<proto::list_resource::Request>,
    ) -> Reply<BoxStream<proto::list_resource::Event>> {
        let request = request.into_inner();
        let call = self.call_about("ListResource", About::ListResource, &request.type_name);
        let cx = call.context();
        let (lists, resources) = (
            Arc::clone(&self.list_resources),
            Arc::clone(&self.resources),
        );
        call.answer_with_events(listing::failed, |events| async move {
            let list = lists.get(&request.type_name)?;
            list.list(&cx, &resources, &request, &events).await
        })
    }

    async fn validate_action_config(
        &self,
        request: Request<proto::validate_action_config::Request>,
    ) -> Reply<proto::validate_action_config::Response> {
        let request = request.into_inner();
        let name = &request.type_name;
        let call = self.call_about("ValidateActionConfig", About::Action, name);
        let work = async {
            let diagnostics = self.actions.get(name)?.validate(request.config.as_ref())?;
            Ok(proto::validate_action_config::Response { diagnostics })
        };
        call.answer(Default::default(), work).await
    }

    async fn plan_action(
        &self,
        request: Request<proto::plan_action::Request>,
    ) -> Reply<proto::plan_action::Response> {
        let request = request.into_inner();
        let name = &request.action_type;
        let call = self.call_about("PlanAction", About::Action, name);
        let work = async {
            let diagnostics = self.actions.get(name)?.validate(request.config.as_ref())?;
            Ok(proto::plan_action::Response {
                diagnostics,
                deferred: None,
            })
        };
        call.answer(Default::default(), work).await
    }

    async fn invoke_action(
        &self,
        request: Request<proto::invoke_action::Request>,
    ) -> Reply<BoxStream<proto::invoke_action::Event>> {
        let request = request.into_inner();
        let call = self.call_about("InvokeAction", About::Action, &request.action_type);
        let cx = call.context();
        let actions = Arc::clone(&self.actions);
        call.answer_with_events(actions::failed, |events| async move {
            let action = actions.get(&request.action_type)?;
            action.invoke(&cx, &request, &events).await
        })
    }
}

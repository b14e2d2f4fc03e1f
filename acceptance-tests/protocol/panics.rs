//! A panic in one call is an error of that call, and the object it was about stays.
//!
//! The real provider has no panic to order, so its service is served here with one that has
//! nothing else, over a connection in memory.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::json;
use terraform_provider_ecrpublic::protocol::Server;
use terraform_provider_ecrpublic::task::{Context, Work};
use terraform_provider_ecrpublic::tf::{
    Applied, ApplyRequest, Attribute, Block, Configured, Diagnostic, Diagnostics, DynAction,
    DynDataSource, DynDeclared, DynEphemeralResource, DynFunction, DynListResource, DynProvider,
    DynResource, Finds, FunctionError, IdentitySchema, ImportRequest, Imported, ListRequest,
    Offered, PlanRequest, Planned, ReadRequest, ReadResponse, Schema, Signature, Told, Type, Value,
};
use tokio::task::JoinSet;

use super::support::dial;
use super::support::session::error;
use super::support::value::dynamic;
use super::support::wire::tfplugin6 as proto;
use proto::provider_client::ProviderClient;
use tonic::transport::Channel;

struct Panics;

fn schema() -> Schema {
    Schema {
        version: 1,
        block: Block {
            attributes: vec![Attribute::optional("name", Type::String, "A name.")],
            ..Block::default()
        },
    }
}

#[async_trait]
impl DynProvider for Panics {
    fn schema(&self) -> Schema {
        schema()
    }

    fn validate(&self, _: &Value) -> Diagnostics {
        panic!("in validate")
    }

    async fn configure(&self, _: &Context, _: Value) -> Configured {
        panic!("in configure")
    }

    fn resources(&self) -> Offered<dyn DynResource> {
        vec![("test_panic", Arc::new(Self))]
    }

    fn data_sources(&self) -> Offered<dyn DynDataSource> {
        vec![("test_panic", Arc::new(Self))]
    }

    fn ephemeral_resources(&self) -> Offered<dyn DynEphemeralResource> {
        vec![("test_panic", Arc::new(Self))]
    }

    fn list_resources(&self) -> Offered<dyn DynListResource> {
        vec![("test_panic", Arc::new(Self))]
    }

    fn actions(&self) -> Offered<dyn DynAction> {
        vec![("test_panic", Arc::new(Self))]
    }

    fn functions(&self) -> Offered<dyn DynFunction> {
        vec![("panic", Arc::new(Self))]
    }
}

#[async_trait]
impl DynResource for Panics {
    fn schema(&self) -> Schema {
        schema()
    }

    fn identity_schema(&self) -> Option<IdentitySchema> {
        None
    }

    fn identity(&self, _: &Value) -> Value {
        Value::Null
    }

    fn validate(&self, _: &Value) -> Diagnostics {
        panic!("in validate")
    }

    async fn plan(&self, _: &Context, _: PlanRequest<Value>) -> Planned<Value> {
        panic!("in plan")
    }

    /// With a message that is not constant, after it had to wait.
    async fn apply(&self, _: &Context, request: ApplyRequest<Value>) -> Applied<Value> {
        tokio::task::yield_now().await;
        panic!("in apply of {:?}", request.planned_private)
    }

    async fn read(&self, _: &Context, _: ReadRequest<Value>) -> ReadResponse<Value> {
        panic!("in read")
    }

    async fn import(&self, _: &Context, _: ImportRequest) -> Imported<Value> {
        panic!("in import")
    }

    fn upgrade(&self, _: i64, _: Value) -> Result<Value, Diagnostic> {
        panic!("in upgrade")
    }
}

impl DynDeclared for Panics {
    fn schema(&self) -> Schema {
        schema()
    }

    fn validate(&self, _: &Value) -> Diagnostics {
        panic!("in validate")
    }
}

#[async_trait]
impl DynDataSource for Panics {
    async fn read(&self, _: &Context, _: Value) -> Result<Value, Diagnostic> {
        panic!("in read")
    }
}

#[async_trait]
impl DynEphemeralResource for Panics {
    async fn open(&self, _: &Context, _: Value) -> Result<Value, Diagnostic> {
        panic!("in open")
    }
}

#[async_trait]
impl DynListResource for Panics {
    async fn list(&self, _: &Context, _: ListRequest<Value>, _: &Finds) -> Result<(), Diagnostic> {
        panic!("in list")
    }
}

#[async_trait]
impl DynAction for Panics {
    async fn invoke(&self, _: &Context, _: Value, _: &Told) -> Result<(), Diagnostic> {
        panic!("in invoke")
    }
}

impl DynFunction for Panics {
    fn signature(&self) -> Signature {
        Signature {
            summary: "Panics",
            description: "Panics.",
            parameters: Vec::new(),
            returns: Type::String,
        }
    }

    fn call(&self, _: Vec<Value>) -> Result<Value, FunctionError> {
        panic!("in call")
    }
}

/// The client ends the server with itself.
struct Conversation {
    client: ProviderClient<Channel>,
    _server: JoinSet<()>,
}

async fn served() -> Conversation {
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let routes = Server::new(Arc::new(Panics), "example.com/test", Work::new()).into_routes();
    let connections = futures_util::stream::iter([Ok::<_, std::io::Error>(theirs)]);
    let mut server = JoinSet::new();
    server.spawn(async move {
        let server = tonic::transport::Server::builder().add_routes(routes);
        server.serve_with_incoming(connections).await.unwrap();
    });
    Conversation {
        client: ProviderClient::new(dial::channel(ours).await),
        _server: server,
    }
}

fn object(name: &str) -> Option<proto::DynamicValue> {
    Some(dynamic(&json!({"name": name})))
}

#[track_caller]
fn is_about(diagnostics: &[proto::Diagnostic], place: &str) {
    let words = error(diagnostics);
    assert!(
        words.starts_with("Provider failed unexpectedly\n"),
        "{words}"
    );
    assert!(words.contains(&format!("panic: in {place}")), "{words}");
    assert!(words.contains("Please report it"), "{words}");
}

#[tokio::test]
async fn an_apply_that_panics_keeps_what_was_there() {
    let mut served = served().await;
    for prior in [object("old"), Some(dynamic(&json!(null)))] {
        let request = proto::apply_resource_change::Request {
            type_name: "test_panic".to_owned(),
            prior_state: prior.clone(),
            planned_state: object("new"),
            config: object("new"),
            planned_private: vec![7],
            ..Default::default()
        };
        let answer = served.client.apply_resource_change(request).await;
        let answer = answer.unwrap().into_inner();
        is_about(&answer.diagnostics, "apply of [7]");
        assert_eq!(answer.new_state, prior);
        assert_eq!(answer.private, [7]);
    }
}

#[tokio::test]
async fn a_refresh_that_panics_keeps_what_was_there() {
    let mut served = served().await;
    let request = proto::read_resource::Request {
        type_name: "test_panic".to_owned(),
        current_state: object("old"),
        private: vec![7],
        ..Default::default()
    };
    let answer = served.client.read_resource(request).await;
    let answer = answer.unwrap().into_inner();
    is_about(&answer.diagnostics, "read");
    assert_eq!(answer.new_state, object("old"));
    assert_eq!(answer.private, [7]);
}

#[tokio::test]
async fn every_other_call_that_panics_is_answered_with_an_error() {
    let mut served = served().await;
    let client = &mut served.client;
    let type_name = "test_panic".to_owned();

    let request = proto::validate_provider_config::Request {
        config: object("x"),
    };
    let answer = client.validate_provider_config(request).await.unwrap();
    is_about(&answer.into_inner().diagnostics, "validate");

    let request = proto::configure_provider::Request {
        config: object("x"),
        ..Default::default()
    };
    let answer = client.configure_provider(request).await.unwrap();
    is_about(&answer.into_inner().diagnostics, "configure");

    let request = proto::validate_resource_config::Request {
        type_name: type_name.clone(),
        config: object("x"),
        client_capabilities: None,
    };
    let answer = client.validate_resource_config(request).await.unwrap();
    is_about(&answer.into_inner().diagnostics, "validate");

    let request = proto::plan_resource_change::Request {
        type_name: type_name.clone(),
        config: object("x"),
        proposed_new_state: object("x"),
        ..Default::default()
    };
    let answer = client.plan_resource_change(request).await.unwrap();
    is_about(&answer.into_inner().diagnostics, "plan");

    let request = proto::upgrade_resource_state::Request {
        type_name: type_name.clone(),
        version: 0,
        raw_state: Some(proto::RawState {
            json: b"{}".to_vec(),
            ..Default::default()
        }),
    };
    let answer = client.upgrade_resource_state(request).await.unwrap();
    is_about(&answer.into_inner().diagnostics, "upgrade");

    let request = proto::import_resource_state::Request {
        type_name,
        id: "x".to_owned(),
        ..Default::default()
    };
    let answer = client.import_resource_state(request).await.unwrap();
    is_about(&answer.into_inner().diagnostics, "import");
}

#[tokio::test]
async fn what_is_looked_up_or_computed_in_a_panic_is_an_error() {
    let mut served = served().await;
    let client = &mut served.client;
    let type_name = "test_panic".to_owned();

    let request = proto::read_data_source::Request {
        type_name: type_name.clone(),
        config: object("x"),
        ..Default::default()
    };
    let answer = client.read_data_source(request).await.unwrap();
    is_about(&answer.into_inner().diagnostics, "read");

    let request = proto::list_resource::Request {
        type_name: type_name.clone(),
        config: object("x"),
        ..Default::default()
    };
    let mut events = client.list_resource(request).await.unwrap().into_inner();
    let last = events.message().await.unwrap().unwrap();
    is_about(&last.diagnostic, "list");
    assert_eq!(events.message().await.unwrap(), None);

    let request = proto::invoke_action::Request {
        action_type: type_name.clone(),
        config: object("x"),
        client_capabilities: None,
    };
    let mut events = client.invoke_action(request).await.unwrap().into_inner();
    use proto::invoke_action::event::Type as Event;
    let Some(Event::Completed(last)) = events.message().await.unwrap().unwrap().r#type else {
        panic!("it has ended");
    };
    is_about(&last.diagnostics, "invoke");
    assert_eq!(events.message().await.unwrap(), None);

    let request = proto::open_ephemeral_resource::Request {
        type_name,
        config: object("x"),
        ..Default::default()
    };
    let answer = client.open_ephemeral_resource(request).await.unwrap();
    is_about(&answer.into_inner().diagnostics, "open");

    let request = proto::call_function::Request {
        name: "panic".to_owned(),
        arguments: Vec::new(),
    };
    let answer = client.call_function(request).await.unwrap().into_inner();
    assert_eq!(answer.result, None);
    let text = answer.error.unwrap().text;
    assert!(text.contains("panic: in call"), "{text}");
}

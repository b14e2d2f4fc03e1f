//! A process of one of the two providers, driven by our own host.
//!
//! hashicorp/aws 5.100.0 speaks protocol 5. What is asked here has the same messages in both
//! versions, under other names. Without Terraform in between a row takes a second, not ten.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value as Json, json};
use tokio::net::UnixStream;
use tokio::time::timeout;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Channel;
use tonic_prost::ProstCodec;

use crate::protocol::support::dial;
use crate::protocol::support::host::{Launch, Plugin};
use crate::protocol::support::session::IMAGE;
use crate::protocol::support::value::{complete, dynamic};
use crate::protocol::support::wire::tfplugin6 as proto;
use crate::support::packages::{ADDRESS, AWS_VERSION, platform};
use crate::support::terraform::Terraform;
use proto::diagnostic::Severity;

/// Whose provider it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    Theirs,
    Ours,
}

/// The two programs, and the shape of what they are told.
#[derive(Debug)]
pub(super) struct Programs {
    /// Keeps the folder in which Terraform installed it.
    _installed: Terraform,
    theirs: PathBuf,
    theirs_block: proto::schema::Block,
    ours_block: proto::schema::Block,
    image_block: proto::schema::Block,
}

/// A process that serves.
#[derive(Debug)]
pub(super) struct Provider<'a> {
    programs: &'a Programs,
    whose: Whose,
    service: Service,
    _plugin: Plugin,
}

/// As much of the answer as is looked at: hashicorp/aws has more than a thousand resources.
#[derive(Clone, PartialEq, prost::Message)]
struct ProviderSchema {
    #[prost(message, optional, tag = "1")]
    provider: Option<proto::Schema>,
}

impl Programs {
    /// Has Terraform install hashicorp/aws, and asks both for their schemas.
    pub(super) async fn find() -> Self {
        let terraform = Terraform::empty();
        terraform.write(
            "main.tf",
            &format!(
                "terraform {{\n  required_providers {{\n    aws = {{\n      source  = \
                 \"hashicorp/aws\"\n      version = \"{AWS_VERSION}\"\n    }}\n    ecrpublic = \
                 {{\n      source = \"{ADDRESS}\"\n    }}\n  }}\n}}\n"
            ),
        );
        let init = terraform.run(&["init", "-input=false"]).await;
        assert_eq!(
            init.code,
            Some(0),
            "hashicorp/aws {AWS_VERSION} cannot be had. Name a filesystem mirror that has it in \
             TF_PLUGIN_MIRROR, or let Terraform reach its registry:\n{}",
            init.text
        );
        let theirs = program_in(&terraform.folder());
        let (mut service, _running) = Service::start(Launch::of(&theirs)).await;
        let schema: ProviderSchema = service
            .call(
                "tfplugin5.Provider/GetSchema",
                proto::get_provider_schema::Request {},
            )
            .await;
        let theirs_block = schema.provider.and_then(|schema| schema.block).unwrap();
        let (mut service, _running) = Service::start(Launch::by_host()).await;
        let schema: proto::get_provider_schema::Response = service
            .call(
                "tfplugin6.Provider/GetProviderSchema",
                proto::get_provider_schema::Request {},
            )
            .await;
        Self {
            _installed: terraform,
            theirs,
            theirs_block,
            image_block: schema.resource_schemas[IMAGE].block.clone().unwrap(),
            ours_block: schema.provider.and_then(|schema| schema.block).unwrap(),
        }
    }

    /// Starts one of them with exactly these variables.
    pub(super) async fn start(
        &self,
        whose: Whose,
        variables: Vec<(String, String)>,
    ) -> Provider<'_> {
        let launch = match whose {
            Whose::Theirs => Launch::of(&self.theirs),
            Whose::Ours => Launch::by_host(),
        };
        let launch = launch.unset("AWS_EC2_METADATA_DISABLED");
        let (service, plugin) = Service::start(launch.set_all(variables)).await;
        Provider {
            programs: self,
            whose,
            service,
            _plugin: plugin,
        }
    }

    /// The provider block of one of them.
    pub(super) fn block(&self, whose: Whose) -> &proto::schema::Block {
        match whose {
            Whose::Theirs => &self.theirs_block,
            Whose::Ours => &self.ours_block,
        }
    }
}

/// Where Terraform puts a program, directly or as a link into a mirror.
fn program_in(folder: &Path) -> PathBuf {
    let folder = folder
        .join(".terraform/providers/registry.terraform.io/hashicorp/aws")
        .join(AWS_VERSION)
        .join(platform());
    let entries = std::fs::read_dir(&folder).unwrap();
    let mut programs = entries.map(|entry| entry.unwrap().path()).filter(|path| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.starts_with("terraform-provider-aws"))
    });
    let program = programs.next();
    program.unwrap_or_else(|| panic!("no program in {}", folder.display()))
}

impl Provider<'_> {
    /// Has a provider block checked. The first error, if there is one.
    pub(super) async fn check(&mut self, written: &Json) -> Result<(), String> {
        let config = complete(self.programs.block(self.whose), written);
        let method = match self.whose {
            Whose::Theirs => "tfplugin5.Provider/PrepareProviderConfig",
            Whose::Ours => "tfplugin6.Provider/ValidateProviderConfig",
        };
        let request = proto::validate_provider_config::Request {
            config: Some(dynamic(&config)),
        };
        let answer: proto::validate_provider_config::Response =
            self.service.call(method, request).await;
        no_error(&answer.diagnostics)
    }

    /// Configures with a provider block. The first error, if there is one.
    pub(super) async fn configure(&mut self, written: &Json) -> Result<(), String> {
        let config = complete(self.programs.block(self.whose), written);
        let method = match self.whose {
            Whose::Theirs => "tfplugin5.Provider/Configure",
            Whose::Ours => "tfplugin6.Provider/ConfigureProvider",
        };
        let request = proto::configure_provider::Request {
            terraform_version: "1.11.4".to_owned(),
            config: Some(dynamic(&config)),
            client_capabilities: None,
        };
        let answer: proto::configure_provider::Response = self.service.call(method, request).await;
        no_error(&answer.diagnostics)
    }

    /// Has the provider's own identity do something.
    pub(super) async fn work(&mut self) -> Result<(), String> {
        match self.whose {
            Whose::Theirs => {
                let config = json!({"account_id": null, "arn": null, "id": null, "user_id": null});
                let request = proto::read_data_source::Request {
                    type_name: "aws_caller_identity".to_owned(),
                    config: Some(dynamic(&config)),
                    ..Default::default()
                };
                let path = "tfplugin5.Provider/ReadDataSource";
                let answer: proto::read_data_source::Response =
                    self.service.call(path, request).await;
                no_error(&answer.diagnostics)
            }
            Whose::Ours => {
                let state = json!({
                    "id": "somewhere/acme/app:1",
                    "repository": "acme/app",
                    "image_tags": ["1"],
                });
                let state = complete(&self.programs.image_block, &state);
                let request = proto::read_resource::Request {
                    type_name: IMAGE.to_owned(),
                    current_state: Some(dynamic(&state)),
                    ..Default::default()
                };
                let path = "tfplugin6.Provider/ReadResource";
                let answer: proto::read_resource::Response = self.service.call(path, request).await;
                no_error(&answer.diagnostics)
            }
        }
    }
}

fn no_error(diagnostics: &[proto::Diagnostic]) -> Result<(), String> {
    let mut errors = diagnostics.iter();
    let error = errors.find(|each| each.severity() == Severity::Error);
    error.map_or(Ok(()), |error| {
        Err(format!("{}\n{}", error.summary, error.detail))
    })
}

/// gRPC to a process, method by method.
#[derive(Debug)]
struct Service(Grpc<Channel>);

impl Service {
    /// Without TLS: rustls does not accept the certificate that go-plugin makes for itself.
    async fn start(launch: Launch) -> (Self, Plugin) {
        let mut plugin = launch.unset("PLUGIN_CLIENT_CERT").start();
        let handshake = plugin.handshake().await;
        let stream = UnixStream::connect(handshake.socket()).await.unwrap();
        let grpc = Grpc::new(dial::channel(stream).await);
        (Self(grpc.max_decoding_message_size(LIMIT)), plugin)
    }

    async fn call<Q, A>(&mut self, method: &str, request: Q) -> A
    where
        Q: prost::Message + 'static,
        A: prost::Message + Default + 'static,
    {
        let path = PathAndQuery::try_from(format!("/{method}")).unwrap();
        self.0.ready().await.unwrap();
        let codec = ProstCodec::<Q, A>::default();
        let answer = self.0.unary(tonic::Request::new(request), path, codec);
        let answer = timeout(PATIENCE, answer).await;
        let answer = answer.unwrap_or_else(|_| panic!("{method} has no answer"));
        let answer = answer.unwrap_or_else(|status| panic!("{method}: {status}"));
        answer.into_inner()
    }
}

/// Longer than hashicorp/aws takes on a slow machine; a hang is a failure with a name.
const PATIENCE: Duration = Duration::from_secs(300);

/// What hosts and providers agree on.
const LIMIT: usize = 256 * 1024 * 1024;

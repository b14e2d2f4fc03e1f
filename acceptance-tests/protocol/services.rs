//! The services that every plugin offers beside its own.

use tonic::Code;
use tonic::transport::Channel;

use super::support::host::{Launch, Plugin};
use super::support::session::Session;
use super::support::wire::health::health_check_response::ServingStatus;
use super::support::wire::health::health_client::HealthClient;
use super::support::wire::health::{HealthCheckRequest, HealthCheckResponse};
use super::support::wire::plugin::grpc_broker_client::GrpcBrokerClient;
use super::support::wire::plugin::grpc_stdio_client::GrpcStdioClient;

async fn started() -> (Plugin, Channel) {
    let mut plugin = Launch::by_host().start();
    let channel = plugin.connect().await;
    (plugin, channel)
}

fn about(service: &str) -> HealthCheckRequest {
    HealthCheckRequest {
        service: service.to_owned(),
    }
}

#[tokio::test]
async fn the_plugin_says_that_it_is_well() {
    let (_plugin, channel) = started().await;
    let mut health = HealthClient::new(channel);
    let serving = HealthCheckResponse {
        status: ServingStatus::Serving.into(),
    };
    for service in ["plugin", ""] {
        let answer = health.check(about(service)).await.unwrap();
        assert_eq!(answer.into_inner(), serving);
    }
    let unknown = health.check(about("another")).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
    let mut watched = health.watch(about("plugin")).await.unwrap().into_inner();
    assert_eq!(watched.message().await.unwrap(), Some(serving));
}

#[tokio::test]
async fn output_and_broker_stay_open_and_silent_until_the_end() {
    let (plugin, channel) = started().await;
    let stdio = GrpcStdioClient::new(channel.clone()).stream_stdio(()).await;
    let mut stdio = stdio.unwrap().into_inner();
    let nothing = futures_util::stream::pending();
    let broker = GrpcBrokerClient::new(channel.clone())
        .start_stream(nothing)
        .await;
    let mut broker = broker.unwrap().into_inner();

    Session::over(channel).await.shut_down().await;
    assert!(stdio.message().await.ok().flatten().is_none());
    assert!(broker.message().await.ok().flatten().is_none());
    plugin.ended().await.orderly();
}

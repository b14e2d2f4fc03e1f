//! The services that every plugin offers beside its own.

use std::pin::Pin;

use futures_util::{FutureExt, Stream, StreamExt, future, stream};
use tonic::service::Routes;
use tonic::{Request, Response, Status, Streaming};

use super::ending::Ending;
use super::generated::health::health_check_response::ServingStatus;
use super::generated::health::health_server::{Health, HealthServer};
use super::generated::health::{HealthCheckRequest, HealthCheckResponse};
use super::generated::plugin::grpc_broker_server::{GrpcBroker, GrpcBrokerServer};
use super::generated::plugin::grpc_controller_server::{GrpcController, GrpcControllerServer};
use super::generated::plugin::grpc_stdio_server::{GrpcStdio, GrpcStdioServer};
use super::generated::plugin::{ConnInfo, Empty, StdioData};

type Items<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// Adds them to the service that is served.
pub(super) fn beside(routes: Routes, ending: &Ending) -> Routes {
    let control = Control(ending.clone());
    routes
        .add_service(GrpcControllerServer::new(control.clone()))
        .add_service(GrpcStdioServer::new(control.clone()))
        .add_service(GrpcBrokerServer::new(control.clone()))
        .add_service(HealthServer::new(control))
}

#[derive(Clone, Debug)]
struct Control(Ending);

impl Control {
    /// Stays open until the process ends, and never says anything.
    fn silence<T: Send + 'static>(&self) -> Items<T> {
        let end = self.0.token().clone().cancelled_owned();
        Box::pin(stream::pending().take_until(end))
    }
}

#[tonic::async_trait]
impl GrpcController for Control {
    async fn shutdown(&self, _: Request<Empty>) -> Result<Response<Empty>, Status> {
        tracing::debug!("asked to shut down");
        self.0.begin();
        Ok(Response::new(Empty {}))
    }
}

#[tonic::async_trait]
impl GrpcStdio for Control {
    // Whatever was sent here would be logged by the host as unexpected.
    async fn stream_stdio(&self, _: Request<()>) -> Result<Response<Items<StdioData>>, Status> {
        Ok(Response::new(self.silence()))
    }
}

#[tonic::async_trait]
impl GrpcBroker for Control {
    async fn start_stream(
        &self,
        _: Request<Streaming<ConnInfo>>,
    ) -> Result<Response<Items<ConnInfo>>, Status> {
        Ok(Response::new(self.silence()))
    }
}

#[tonic::async_trait]
impl Health for Control {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        if is_ours(&request.get_ref().service) {
            Ok(Response::new(health(ServingStatus::Serving)))
        } else {
            Err(Status::not_found("unknown service"))
        }
    }

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Items<HealthCheckResponse>>, Status> {
        let status = if is_ours(&request.get_ref().service) {
            ServingStatus::Serving
        } else {
            ServingStatus::ServiceUnknown
        };
        let now = future::ready(Ok(health(status))).into_stream();
        Ok(Response::new(Box::pin(now.chain(self.silence()))))
    }
}

/// The name the plugin contract gives its service, and the one for the whole server.
fn is_ours(service: &str) -> bool {
    matches!(service, "" | "plugin")
}

fn health(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse {
        status: status.into(),
    }
}

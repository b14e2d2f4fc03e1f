//! gRPC below the generated client: any method by name, any bytes.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use tonic::Code;
use tonic::body::Body;
use tonic::transport::Channel;
use tower_service::Service as _;

/// One message of no bytes, with its frame.
pub(crate) const EMPTY: Bytes = Bytes::from_static(&[0; 5]);

/// One message, with its frame.
pub(crate) fn message(bytes: &[u8]) -> Bytes {
    let length = u32::try_from(bytes.len()).unwrap();
    [&[0], &length.to_be_bytes()[..], bytes].concat().into()
}

/// Calls a method with a body that is taken as it is, and returns the status of the answer and the
/// bytes of its messages.
pub(crate) async fn call(channel: &mut Channel, method: &str, body: Bytes) -> (Code, Bytes) {
    let request = http::Request::post(format!("http://localhost/{method}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(Body::new(Full::new(body).map_err(|never| match never {})))
        .unwrap();
    std::future::poll_fn(|cx| channel.poll_ready(cx))
        .await
        .unwrap();
    let answer = channel.call(request).await.unwrap();
    let (head, body) = answer.into_parts();
    let body = body.collect().await.unwrap();
    let trailers = body.trailers().cloned().unwrap_or_default();
    let status = head.headers.get("grpc-status");
    let status = status.or_else(|| trailers.get("grpc-status"));
    let code = Code::from_bytes(status.expect("every answer has a status").as_bytes());
    (code, body.to_bytes())
}

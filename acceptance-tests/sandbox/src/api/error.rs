//! Refusals of the API, by the names of the service model and of AWS JSON 1.1.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use serde_json::{Value, json};

use crate::accounts::Denied;
use crate::sigv4::Unauthenticated;
use crate::store::StoreError;

/// One refusal.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    /// No policy allows it, or one forbids it.
    #[error(transparent)]
    AccessDenied(#[from] Denied),
    /// The signature or the credentials are not good.
    #[error(transparent)]
    Unauthenticated(#[from] Unauthenticated),
    /// A parameter breaks the constraint of the service model.
    #[error("Invalid parameter at '{parameter}' failed to satisfy constraint: '{constraint}'")]
    InvalidParameter {
        /// Its path in the request.
        parameter: String,
        /// What it must satisfy.
        constraint: String,
    },
    /// The registry is not there, or not yet.
    #[error("The registry with name '{0}' does not exist")]
    RegistryNotFound(String),
    /// The body is not JSON, or a value has another type than the model says.
    #[error("{0}")]
    Serialization(String),
    /// More calls per second than the quota allows.
    #[error("Rate exceeded")]
    Throttling,
    /// No operation of that name.
    #[error("The operation {0:?} is not known")]
    UnknownOperation(String),
    /// Not a request of the protocol at all.
    #[error("AWS JSON 1.1 is a POST to / with the type application/x-amz-json-1.1")]
    UnknownProtocol,
    /// What the store refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ApiError {
    /// A parameter that breaks a constraint.
    pub(super) fn invalid(parameter: &str, constraint: impl Into<String>) -> Self {
        Self::InvalidParameter {
            parameter: parameter.to_owned(),
            constraint: constraint.into(),
        }
    }

    /// A member that the model requires.
    pub(super) fn missing(parameter: &str) -> Self {
        Self::invalid(parameter, "must not be null")
    }

    fn exception(&self) -> &'static str {
        match self {
            Self::AccessDenied(_) => "AccessDeniedException",
            Self::Unauthenticated(cause) => match cause {
                Unauthenticated::Missing => "MissingAuthenticationTokenException",
                Unauthenticated::Incomplete(_) => "IncompleteSignatureException",
                Unauthenticated::UnknownKey => "UnrecognizedClientException",
                Unauthenticated::ExpiredToken => "ExpiredTokenException",
                Unauthenticated::WrongScope(_) | Unauthenticated::Mismatch => {
                    "InvalidSignatureException"
                }
            },
            Self::InvalidParameter { .. } => "InvalidParameterException",
            Self::RegistryNotFound(_) => "RegistryNotFoundException",
            Self::Serialization(_) => "SerializationException",
            Self::Throttling => "ThrottlingException",
            Self::UnknownOperation(_) | Self::UnknownProtocol => "UnknownOperationException",
            Self::Store(refusal) => refusal.exception(),
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Store(StoreError::Server(_)) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::UnknownProtocol => StatusCode::NOT_FOUND,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    fn body(&self) -> Value {
        let (exception, message) = (self.exception(), self.to_string());
        match self {
            // The layer in front of the service spells it with a capital.
            Self::AccessDenied(_) => json!({ "__type": exception, "Message": message }),
            Self::Store(StoreError::InvalidLayerPart {
                place,
                upload,
                last_valid_byte,
                ..
            }) => json!({
                "__type": exception,
                "message": message,
                "registryId": place.account,
                "repositoryName": place.repository,
                "uploadId": upload,
                "lastValidByteReceived": last_valid_byte,
            }),
            _ => json!({ "__type": exception, "message": message }),
        }
    }
}

/// The answer to one call.
pub(super) fn respond(outcome: Result<Value, ApiError>) -> Response<Full<Bytes>> {
    let (status, body, exception) = match outcome {
        Ok(body) => (StatusCode::OK, body, None),
        Err(refusal) => (refusal.status(), refusal.body(), Some(refusal.exception())),
    };
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let json = HeaderValue::from_static("application/x-amz-json-1.1");
    headers.insert(header::CONTENT_TYPE, json);
    if let Ok(id) = HeaderValue::from_str(&crate::request_id::fresh()) {
        headers.insert("x-amzn-requestid", id);
    }
    if let Some(exception) = exception {
        headers.insert("x-amzn-errortype", HeaderValue::from_static(exception));
    }
    response
}

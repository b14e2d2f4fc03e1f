//! From the errors of the SDK to ours.

use std::error::Error as StdError;

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use url::Url;

use super::clients::Call;
use super::error::{Answer, ConnectFailure, CredentialOrigin, Error, ErrorKind, bounded};

/// What came of a call that failed.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The service answered.
    Answer(Answer),
    /// It did not get that far.
    Error(Error),
}

impl Call {
    /// Sorts an error of the SDK.
    pub(super) fn refusal<E>(&self, error: &SdkError<E, HttpResponse>) -> Refusal
    where
        E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
    {
        match error {
            SdkError::ServiceError(_) => Refusal::Answer(answer(error)),
            // An error page of something in between, or of another service.
            SdkError::ResponseError(response) if !response.raw().status().is_success() => {
                Refusal::Answer(answer(error))
            }
            SdkError::ResponseError(_) => {
                let malformed = Error::from(ErrorKind::Malformed {
                    action: self.action,
                    problem: "the response cannot be read",
                });
                Refusal::Error(malformed.caused_by(error))
            }
            SdkError::TimeoutError(_) => {
                Refusal::Error(self.unreachable(ConnectFailure::TimedOut).caused_by(error))
            }
            SdkError::DispatchFailure(failure) => {
                Refusal::Error(match failure.as_connector_error() {
                    Some(connector) => self.not_sent(error, connector),
                    None => self.unexpected(error),
                })
            }
            // `SdkError` may grow cases; construction failures are ours, and so is what is new.
            _ => Refusal::Error(self.unexpected(error)),
        }
    }

    fn not_sent(&self, error: &(dyn StdError + 'static), connector: &ConnectorError) -> Error {
        if let Some(ours) = find::<Error>(error) {
            return ours.clone();
        }
        if find::<rustls::Error>(error).is_some_and(is_certificate) {
            let certificate = Error::from(ErrorKind::Certificate {
                host: self.address().1,
                bundle: self.clients().http().bundle.clone(),
            });
            return certificate.caused_by(error);
        }
        let failure = if connector.is_timeout() {
            ConnectFailure::TimedOut
        } else {
            ConnectFailure::Connection
        };
        self.unreachable(failure).caused_by(error)
    }

    fn unreachable(&self, failure: ConnectFailure) -> Error {
        let (scheme, host) = self.address();
        let url = Url::parse(&format!("{scheme}://{host}/")).ok();
        ErrorKind::Unreachable {
            host,
            action: self.action,
            proxy: url.and_then(|url| self.clients().http().proxy_for(&url)),
            failure,
        }
        .into()
    }

    fn unexpected(&self, error: &(dyn StdError + 'static)) -> Error {
        let unexpected = Error::from(ErrorKind::Unexpected {
            action: self.action,
            problem: bounded(&error.to_string()),
        });
        unexpected.caused_by(error)
    }

    /// What an answer says about the credentials, the region or the rate, whichever call it was.
    pub(super) fn general(
        &self,
        answer: Answer,
        origin: &CredentialOrigin,
        credentials: Option<&Credentials>,
    ) -> Result<Error, Answer> {
        let kind = match answer.code.as_deref().unwrap_or_default() {
            "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" => ErrorKind::Expired {
                origin: origin.clone(),
                expiry: credentials.and_then(Credentials::expiry),
                answer,
            },
            "InvalidClientTokenId"
            | "UnrecognizedClientException"
            | "SignatureDoesNotMatch"
            | "InvalidSignatureException"
            | "IncompleteSignature"
            | "IncompleteSignatureException"
            | "MissingAuthenticationToken"
            | "MissingAuthenticationTokenException"
            | "InvalidAccessKeyId" => ErrorKind::Rejected {
                origin: origin.clone(),
                key: credentials.map(|credentials| masked(credentials.access_key_id())),
                region: self.region().to_owned(),
                answer,
            },
            "RegionDisabledException" => ErrorKind::StsRegionDisabled {
                region: self.region().to_owned(),
                answer,
            },
            "Throttling"
            | "ThrottlingException"
            | "ThrottledException"
            | "RequestLimitExceeded"
            | "TooManyRequestsException" => ErrorKind::Throttled {
                action: self.action,
                attempts: self.attempts(),
                elapsed: self.elapsed(),
                answer,
            },
            _ if answer.status.is_some_and(|status| status >= 500) => ErrorKind::Service {
                action: self.action,
                resource: self.resource.clone(),
                attempts: self.attempts(),
                answer,
            },
            _ => return Err(answer),
        };
        Ok(kind.into())
    }
}

fn answer<E>(error: &SdkError<E, HttpResponse>) -> Answer
where
    E: ProvideErrorMetadata,
{
    Answer {
        status: error
            .raw_response()
            .map(|response| response.status().as_u16()),
        code: error.code().map(bounded),
        message: error.message().map(bounded),
        request_id: error.request_id().map(bounded),
    }
}

/// The first error of a type in a chain of causes, also where an I/O error wraps it.
pub(super) fn find<'a, T: StdError + 'static>(
    error: &'a (dyn StdError + 'static),
) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        // The source of an I/O error is the source of what it wraps, which would be left out.
        let wrapped = error
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref);
        next = match wrapped {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    None
}

/// Whether the certificate of the other side is what is wrong.
pub(super) fn is_certificate(error: &rustls::Error) -> bool {
    matches!(
        error,
        rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented
    )
}

/// An access key ID with its middle hidden: enough to recognise, not enough to use.
fn masked(key: &str) -> String {
    match (key.get(..4), key.get(key.len().saturating_sub(4)..)) {
        (Some(head), Some(tail)) if key.len() >= 12 => format!("{head}…{tail}"),
        _ => "…".to_owned(),
    }
}

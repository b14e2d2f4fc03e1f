//! Small questions over HTTP to those who hand out credentials and are no API of the SDK.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::Value;
use url::Url;

use crate::net::backoff::Backoff;
use crate::net::client::HttpClient;
use crate::net::limits::{ReadError, read_at_most};
use crate::net::retry::{self, Failures, RetryPolicy, Retryable};
use crate::net::transport::{
    Body, Lane, Request, Transport as _, TransportError, TransportErrorKind,
};
use crate::task::Context;

use super::error::{
    Answer, ConnectFailure, CredentialOrigin, Error, ErrorKind, SourceProblem, bounded,
};
use super::http::Http;
use super::refusal::{find, is_certificate};

/// Asks them, through the same proxies and with the same certificates as every call of AWS.
#[derive(Clone, Debug)]
pub(super) struct Asking {
    client: HttpClient,
    http: Http,
}

/// What is asked.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    /// JSON to post; `None` for a question without a body.
    pub(super) body: Option<Bytes>,
}

/// What was said. It has no debug form: there may be keys in it.
pub(super) struct Said {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl Asking {
    /// Prepares it, without asking anybody.
    ///
    /// # Errors
    ///
    /// This machine has no TLS.
    pub(super) fn new(http: &Http) -> Result<Self, Error> {
        let client = HttpClient::new(&http.settings()).map_err(|error| {
            Error::from(ErrorKind::Unexpected {
                action: "the HTTP client",
                problem: error.to_string(),
            })
        })?;
        Ok(Self {
            client,
            http: http.clone(),
        })
    }

    /// Asks, three times at most, and returns what was said, whatever the status.
    ///
    /// # Errors
    ///
    /// Nothing was said.
    pub(super) async fn ask(
        &self,
        origin: &CredentialOrigin,
        question: &Question,
    ) -> Result<Said, Error> {
        let cx = Context::new().within(PATIENCE);
        match retry::run(&cx, &POLICY, |_| self.attempt(question)).await {
            Ok(said) => Ok(said),
            Err(gave_up) => match gave_up.error {
                Some(Trouble::Busy(said)) => Ok(said),
                Some(Trouble::Read(error)) => Err(self.unheard(origin, &question.url, &error)),
                None => Err(self.silent(origin, &question.url, ConnectFailure::TimedOut)),
            },
        }
    }

    async fn attempt(&self, question: &Question) -> Result<Said, Trouble> {
        let timed_out = |_elapsed| TransportError::from(TransportErrorKind::Timeout);
        let answered = tokio::time::timeout(ANSWER, self.client.send(question.request())).await;
        let answered = answered.map_err(timed_out)??;
        let status = answered.status.as_u16();
        let said = Said {
            status,
            headers: answered.headers,
            body: read_at_most(answered.body, MAX_BYTES).await?,
        };
        match Failures::of_status(status) {
            Failures::NONE => Ok(said),
            _ => Err(Trouble::Busy(said)),
        }
    }

    fn unheard(&self, origin: &CredentialOrigin, url: &Url, error: &ReadError) -> Error {
        let transport = match error {
            ReadError::TooLong(limit) => {
                let problem = format!("its answer has more than {limit} bytes");
                return SourceProblem::NotUnderstood(problem).of(origin);
            }
            ReadError::Transport(transport) => transport,
        };
        if find::<rustls::Error>(transport).is_some_and(is_certificate) {
            let certificate = Error::from(ErrorKind::Certificate {
                host: authority(url),
                bundle: self.http.bundle.clone(),
            });
            return certificate.caused_by(transport);
        }
        let failure = match transport.kind {
            TransportErrorKind::Timeout | TransportErrorKind::Stalled => ConnectFailure::TimedOut,
            _ => ConnectFailure::Connection,
        };
        self.silent(origin, url, failure).caused_by(transport)
    }

    fn silent(&self, origin: &CredentialOrigin, url: &Url, failure: ConnectFailure) -> Error {
        SourceProblem::Unreachable {
            host: authority(url),
            proxy: self.http.proxy_for(url),
            failure,
        }
        .of(origin)
    }
}

impl Question {
    fn request(&self) -> Request {
        Request {
            method: match self.body {
                None => Method::GET,
                Some(_) => Method::POST,
            },
            url: self.url.clone(),
            headers: self.headers.clone(),
            body: match &self.body {
                None => Body::Empty,
                Some(body) => Body::Whole(body.clone()),
            },
            lane: Lane::Control,
        }
    }
}

impl Said {
    pub(super) fn is_success(&self) -> bool {
        self.status == 200
    }

    pub(super) fn status(&self) -> u16 {
        self.status
    }

    pub(super) fn body(&self) -> &[u8] {
        &self.body
    }

    /// A refusal in the words of whoever refused.
    pub(super) fn answer(&self) -> Answer {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let header = |name: &str| self.headers.get(name)?.to_str().ok().map(bounded);
        let member = |names: &[&str]| {
            let found = names.iter().find_map(|name| body.get(name)?.as_str());
            found.map(bounded)
        };
        let code = header("x-amzn-errortype").or_else(|| member(&["__type", "code", "error"]));
        Answer {
            status: Some(self.status),
            // AWS may add where the code is described.
            code: code.map(|code| code.split(':').next().unwrap_or_default().to_owned()),
            message: member(&["message", "Message", "error_description"]),
            request_id: header("x-amzn-requestid"),
        }
    }
}

/// Nothing was said, or "not now".
#[derive(thiserror::Error)]
enum Trouble {
    #[error("status {}", .0.status)]
    Busy(Said),
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl From<TransportError> for Trouble {
    fn from(error: TransportError) -> Self {
        Self::Read(error.into())
    }
}

impl std::fmt::Debug for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

impl Retryable for Trouble {
    fn failure(&self) -> Failures {
        match self {
            Self::Busy(said) => Failures::of_status(said.status),
            Self::Read(ReadError::Transport(error)) => Failures::of_transport(error.kind),
            Self::Read(ReadError::TooLong(_)) => Failures::NONE,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        None
    }
}

fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// As many as the SDKs make. An agent on the same machine may just be starting.
const POLICY: RetryPolicy = RetryPolicy {
    max_attempts: 3,
    backoff: Backoff {
        base: Duration::from_millis(200),
        cap: Duration::from_secs(2),
    },
    max_retry_after: Duration::from_secs(2),
    retries: Failures::CONNECT
        .or(Failures::BROKEN)
        .or(Failures::THROTTLED)
        .or(Failures::UNAVAILABLE),
};

/// For all tries.
const PATIENCE: Duration = Duration::from_secs(30);

/// For one of them.
const ANSWER: Duration = Duration::from_secs(8);

/// Credentials have 2 KiB.
const MAX_BYTES: u64 = 64 * 1024;

//! One identity, with everything that is known and cached about it.

use std::future::Future;
use std::sync::Arc;
use std::time::SystemTime;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::task;

use super::assume_role::Issued;
use super::clients::{Call, Clients, Endpoint};
use super::error::{Answer, Error, ErrorKind};
use super::link::{Link, LinkCredentials};
use super::login::HeldLogin;
use super::refusal::Refusal;
use super::renewing::Renewing;
use super::timing::Timing;
use super::{AccountId, Identity, PublicRegistry};

/// An identity at the end of a chain of hops. Sessions with the same chain share it.
#[derive(Debug)]
pub(super) struct Chain {
    pub(super) link: Arc<Link>,
    pub(super) login: Renewing<HeldLogin>,
    pub(super) registry: Renewing<Result<PublicRegistry, Error>>,
    clients: Clients,
    ecr_public: aws_sdk_ecrpublic::Client,
    caller: Renewing<HeldCaller>,
    timing: Timing,
}

#[derive(Debug)]
struct HeldCaller {
    result: Result<Identity, Error>,
    /// Who we are does not change; why we cannot be told might.
    fresh_until: Option<SystemTime>,
}

impl Chain {
    pub(super) fn new(link: Arc<Link>, clients: &Clients, timing: Timing) -> Self {
        Self {
            ecr_public: clients.ecr_public(LinkCredentials(Arc::clone(&link))),
            clients: clients.clone(),
            link,
            login: Renewing::default(),
            registry: Renewing::default(),
            caller: Renewing::default(),
            timing,
        }
    }

    /// How long things wait.
    pub(super) fn timing(&self) -> Timing {
        self.timing
    }

    /// Who this is. A role's name came with its credentials; anybody else asks STS, once.
    ///
    /// # Errors
    ///
    /// There are no credentials, or AWS does not say whose they are.
    pub(super) async fn identity(&self) -> Result<Identity, Error> {
        if let Some(identity) = self.told_identity().await? {
            return Ok(identity);
        }
        let now = task::wall();
        let is_fresh = |held: &HeldCaller| held.fresh_until.is_none_or(|until| now < until);
        let ask = |_| self.ask_caller();
        let held = self.caller.get(is_fresh, |_| false, ask).await;
        held.result.clone()
    }

    /// Who this is, if it came with the credentials.
    ///
    /// # Errors
    ///
    /// There are no credentials.
    pub(super) async fn told_identity(&self) -> Result<Option<Identity>, Error> {
        let issued = self.link.issued().await?;
        let identity = issued.arn.and_then(|arn| {
            let account = AccountId::of_arn(&arn)?;
            Some(Identity { account, arn })
        });
        Ok(identity)
    }

    async fn ask_caller(&self) -> HeldCaller {
        let result = self.caller_identity().await;
        HeldCaller {
            fresh_until: result.is_err().then(|| task::wall() + self.timing.patience),
            result,
        }
    }

    /// `GetCallerIdentity`, which needs no permission.
    async fn caller_identity(&self) -> Result<Identity, Error> {
        let issued = self.link.issued().await?;
        let call = self
            .clients
            .begin(Endpoint::Sts, "sts:GetCallerIdentity", "*");
        let client = self.clients.sts(issued.credentials.clone());
        let output = client.get_caller_identity().send().await;
        let output = match output {
            Ok(output) => output,
            Err(error) => {
                let refusal = call.refusal(&error);
                return Err(explained(&call, refusal, &issued));
            }
        };
        let arn = output.arn().unwrap_or_default().to_owned();
        if let Some(partition) = foreign_partition(&arn) {
            return Err(ErrorKind::WrongPartition {
                partition: partition.to_owned(),
                identity: arn,
            }
            .into());
        }
        match output.account().and_then(|account| account.parse().ok()) {
            Some(account) => Ok(Identity { account, arn }),
            None => Err(ErrorKind::UnknownAccount { identity: arn }.into()),
        }
    }

    /// Notes the start of a call of ECR Public.
    pub(super) fn begin(&self, action: &'static str, resource: impl Into<String>) -> Call {
        self.clients.begin(Endpoint::EcrPublic, action, resource)
    }

    /// Makes a call of ECR Public. Credentials that have ended are replaced once.
    ///
    /// # Errors
    ///
    /// An answer is returned as such where its meaning depends on the call.
    pub(super) async fn send<T, E, F>(
        &self,
        call: &Call,
        request: impl Fn(&aws_sdk_ecrpublic::Client) -> F,
    ) -> Result<T, Refusal>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let mut renewed = false;
        loop {
            // First, so that a failure is known as one of credentials.
            let issued = self.link.issued().await.map_err(Refusal::Error)?;
            let error = match Box::pin(request(&self.ecr_public)).await {
                Ok(output) => return Ok(output),
                Err(error) => error,
            };
            let answer = match call.refusal(&error) {
                Refusal::Answer(answer) => answer,
                refusal @ Refusal::Error(_) => return Err(refusal),
            };
            let general = call.general(answer, &issued.origin, Some(&issued.credentials));
            match general {
                Ok(error) if !renewed && matches!(error.kind(), ErrorKind::Expired { .. }) => {
                    renewed = true;
                    self.link.forget(&issued.credentials);
                }
                Ok(error) => return Err(Refusal::Error(error)),
                Err(answer) => return Err(Refusal::Answer(answer)),
            }
        }
    }

    /// What an answer of ECR Public means, where it means nothing special to the call.
    pub(super) async fn explain(&self, call: &Call, refusal: Refusal) -> Error {
        let answer = match refusal {
            Refusal::Answer(answer) => answer,
            Refusal::Error(error) => return error,
        };
        if !answer.is_denial() {
            return meaning(call, answer);
        }
        let identity = match self.identity().await {
            Ok(identity) => identity.arn,
            // That we do not know ourselves is not the news here.
            Err(_) => "unknown".to_owned(),
        };
        let kind = if call.action == LOGIN_ACTION {
            ErrorKind::LoginDenied { identity, answer }
        } else {
            ErrorKind::ActionDenied {
                action: call.action,
                identity,
                resource: call.resource.clone(),
                answer,
            }
        };
        kind.into()
    }
}

/// The partition of an ARN, when it is one without ECR Public.
fn foreign_partition(arn: &str) -> Option<&str> {
    let partition = arn.strip_prefix("arn:")?.split(':').next()?;
    (partition != "aws").then_some(partition)
}

fn explained(call: &Call, refusal: Refusal, issued: &Issued) -> Error {
    match refusal {
        Refusal::Error(error) => error,
        Refusal::Answer(answer) => call
            .general(answer, &issued.origin, Some(&issued.credentials))
            .unwrap_or_else(|answer| meaning(call, answer)),
    }
}

fn meaning(call: &Call, answer: Answer) -> Error {
    let action = call.action;
    let resource = call.resource.clone();
    let kind = match answer.code.as_deref().unwrap_or_default() {
        "LimitExceededException" | "TooManyTagsException" => ErrorKind::LimitExceeded {
            action,
            resource,
            answer,
        },
        "InvalidParameterException"
        | "InvalidTagParameterException"
        | "ValidationException"
        | "ValidationError" => ErrorKind::InvalidParameter {
            action,
            resource,
            answer,
        },
        "UnsupportedCommandException" | "UnknownOperationException" => ErrorKind::NotOffered {
            host: call.address().1,
            answer,
        },
        "RepositoryNotFoundException" | "RegistryNotFoundException" | "ImageNotFoundException" => {
            ErrorKind::NotFound {
                action,
                resource,
                answer,
            }
        }
        _ => ErrorKind::Service {
            action,
            resource,
            attempts: call.attempts(),
            answer,
        },
    };
    kind.into()
}

impl Answer {
    /// Whether this is the code.
    pub(super) fn is(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }

    fn is_denial(&self) -> bool {
        self.is("AccessDeniedException") || self.is("AccessDenied")
    }
}

/// The action that needs a permission of another service besides its own.
pub(super) const LOGIN_ACTION: &str = "ecr-public:GetAuthorizationToken";

//! One hop: from the credentials of somebody to those of a role.
//!
//! The SDK has a provider for this. It sends neither a source identity nor transitive tag keys,
//! and it asks for its own source anew every time.

use aws_credential_types::Credentials;
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_sdk_sts::operation::assume_role::builders::AssumeRoleFluentBuilder;
use aws_sdk_sts::types::{AssumedRoleUser, PolicyDescriptorType, Tag};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;

use super::clients::{Call, Clients, Endpoint};
use super::error::{Answer, CredentialOrigin, Error, ErrorKind, HopPosition, RefusalReason};
use super::refusal::Refusal;
use super::{AccountId, Hop, RoleArn};

/// Credentials that somebody issued, and what is known about them.
#[derive(Clone, Debug)]
pub(super) struct Issued {
    /// The credentials.
    pub(super) credentials: Credentials,
    /// Where they come from.
    pub(super) origin: CredentialOrigin,
    /// Whose they are, when the issuer said so.
    pub(super) arn: Option<String>,
}

/// Assumes the role of a hop.
///
/// # Errors
///
/// STS refused, or was not reached.
pub(super) async fn assume_role(
    clients: &Clients,
    hop: &Hop,
    position: HopPosition,
    caller: &Issued,
) -> Result<Issued, Error> {
    let call = clients.begin(Endpoint::Sts, "sts:AssumeRole", hop.role_arn.as_str());
    let request = request(&clients.sts(caller.credentials.clone()), hop);
    tracing::debug!(role = hop.role_arn.as_str(), "assuming role");
    let output = request
        .send()
        .await
        .map_err(|error| refused(&call, hop, position, caller, &error))?;
    issued(
        &call,
        &hop.role_arn,
        output.credentials(),
        output.assumed_role_user(),
    )
}

fn request(client: &aws_sdk_sts::Client, hop: &Hop) -> AssumeRoleFluentBuilder {
    let tags: Vec<Tag> = hop
        .tags
        .iter()
        .filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok())
        .collect();
    let keys: Vec<String> = hop.transitive_tag_keys.iter().cloned().collect();
    client
        .assume_role()
        .role_arn(hop.role_arn.as_str())
        .set_role_session_name(hop.session_name.clone())
        .duration_seconds(seconds(hop.duration.unwrap_or(DEFAULT_SESSION)))
        .set_external_id(hop.external_id.clone())
        .set_policy(hop.policy.clone())
        .set_policy_arns(policy_arns(&hop.policy_arns))
        .set_source_identity(hop.source_identity.clone())
        .set_tags((!tags.is_empty()).then_some(tags))
        .set_transitive_tag_keys((!keys.is_empty()).then_some(keys))
}

/// The members of a list parameter; an empty list is not sent.
pub(super) fn policy_arns(
    arns: &std::collections::BTreeSet<String>,
) -> Option<Vec<PolicyDescriptorType>> {
    let arns: Vec<_> = arns
        .iter()
        .map(|arn| PolicyDescriptorType::builder().arn(arn).build())
        .collect();
    (!arns.is_empty()).then_some(arns)
}

/// A duration as STS takes it. Longer ones than any that can be asked for become the longest.
pub(super) fn seconds(duration: std::time::Duration) -> i32 {
    i32::try_from(duration.as_secs()).unwrap_or(i32::MAX)
}

/// Reads what STS hands out. Whoever wrote down a role wrote down an account with it, so a session
/// that is somewhere else is not used, whatever it could do there.
pub(super) fn issued(
    call: &Call,
    role: &RoleArn,
    credentials: Option<&aws_sdk_sts::types::Credentials>,
    user: Option<&AssumedRoleUser>,
) -> Result<Issued, Error> {
    let malformed = |problem| ErrorKind::Malformed {
        action: call.action,
        problem,
    };
    let credentials = credentials.ok_or_else(|| malformed("there are no credentials in it"))?;
    let expiry = (*credentials.expiration())
        .try_into()
        .map_err(|_| malformed("the end of the session is no time"))?;
    let arn = user.map(|user| user.arn().to_owned());
    let account = arn.as_deref().and_then(AccountId::of_arn);
    if let (Some(identity), Some(account)) = (&arn, &account)
        && account != role.account()
    {
        return Err(ErrorKind::RoleElsewhere {
            role: role.clone(),
            identity: identity.clone(),
        }
        .into());
    }
    let mut issued = Credentials::builder()
        .access_key_id(credentials.access_key_id())
        .secret_access_key(credentials.secret_access_key())
        .session_token(credentials.session_token())
        .expiry(expiry)
        .provider_name("AssumeRole");
    if let Some(account) = account {
        issued = issued.account_id(account.as_str());
    }
    Ok(Issued {
        credentials: issued.build(),
        origin: CredentialOrigin::Role(role.clone()),
        arn,
    })
}

fn refused(
    call: &Call,
    hop: &Hop,
    position: HopPosition,
    caller: &Issued,
    error: &SdkError<AssumeRoleError, HttpResponse>,
) -> Error {
    let answer = match call.refusal(error) {
        Refusal::Answer(answer) => answer,
        Refusal::Error(error) => return error,
    };
    match call.general(answer, &caller.origin, Some(&caller.credentials)) {
        Ok(error) => error,
        Err(answer) => ErrorKind::AssumeRole {
            hop: position,
            role: hop.role_arn.clone(),
            caller: caller.arn.clone(),
            reason: reason(&answer),
            answer,
        }
        .into(),
    }
}

fn reason(answer: &Answer) -> RefusalReason {
    let message = answer.message.as_deref().unwrap_or_default();
    match answer.code.as_deref().unwrap_or_default() {
        "AccessDenied" | "AccessDeniedException" => RefusalReason::Denied,
        "ValidationError" if message.contains("chaining") => RefusalReason::TooLongForChain,
        "ValidationError" if message.contains("MaxSessionDuration") => {
            RefusalReason::TooLongForRole
        }
        "ValidationError" => RefusalReason::Parameter,
        "MalformedPolicyDocument"
        | "MalformedPolicyDocumentException"
        | "PackedPolicyTooLarge"
        | "PackedPolicyTooLargeException" => RefusalReason::SessionPolicy,
        _ => RefusalReason::Other,
    }
}

/// Every role allows one hour, and so does every chain of roles.
const DEFAULT_SESSION: std::time::Duration = std::time::Duration::from_secs(3600);

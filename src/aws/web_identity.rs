//! The first hop from outside AWS: a token of another issuer for the credentials of a role.

use std::path::Path;

use aws_sdk_sts::operation::assume_role_with_web_identity::AssumeRoleWithWebIdentityError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use tokio::io::AsyncReadExt;

use crate::net::Secret;

use super::assume_role::{Issued, issued, policy_arns, seconds};
use super::clients::{Call, Clients, Endpoint};
use super::error::{CredentialOrigin, Error, ErrorKind, NamedBy};
use super::refusal::Refusal;
use super::role::canonical;
use super::{RoleArn, WebIdentity, WebIdentityToken};

/// Assumes the role of a web identity. The token is read anew each time, because whoever issues
/// it also replaces it.
///
/// # Errors
///
/// The token cannot be read, or STS refused, or was not reached.
pub(super) async fn assume_role_with_web_identity(
    clients: &Clients,
    identity: &WebIdentity,
    named_by: &NamedBy,
) -> Result<Issued, Error> {
    let role = &identity.role_arn;
    let token = token(identity, named_by).await?;
    let call = clients.begin(
        Endpoint::Sts,
        "sts:AssumeRoleWithWebIdentity",
        role.as_str(),
    );
    tracing::debug!(role = role.as_str(), "assuming role with web identity");
    let output = clients
        .unsigned_sts()
        .assume_role_with_web_identity()
        .role_arn(role.as_str())
        .set_role_session_name(identity.session_name.clone())
        .set_duration_seconds(identity.duration.map(seconds))
        .set_policy(identity.policy.as_deref().map(canonical))
        .set_policy_arns(policy_arns(&identity.policy_arns))
        .web_identity_token(token.reveal())
        .send()
        .await
        .map_err(|error| refused(&call, identity, named_by, &error))?;
    issued(
        &call,
        role,
        output.credentials(),
        output.assumed_role_user(),
    )
}

async fn token(identity: &WebIdentity, named_by: &NamedBy) -> Result<Secret<String>, Error> {
    match &identity.token {
        WebIdentityToken::Inline(token) => Ok(token.clone()),
        WebIdentityToken::File(path) => read(path).await.map_err(|problem| {
            ErrorKind::WebIdentityTokenFile {
                path: path.clone(),
                named_by: named_by.clone(),
                role: identity.role_arn.clone(),
                problem,
            }
            .into()
        }),
    }
}

async fn read(path: &Path) -> Result<Secret<String>, String> {
    let file = tokio::fs::File::open(path)
        .await
        .map_err(|error| error.to_string())?;
    let mut token = String::new();
    file.take(MAX_TOKEN_BYTES + 1)
        .read_to_string(&mut token)
        .await
        .map_err(|error| error.to_string())?;
    if token.len() as u64 > MAX_TOKEN_BYTES {
        return Err(format!("it has more than {MAX_TOKEN_BYTES} bytes"));
    }
    if token.trim().is_empty() {
        return Err("it is empty".to_owned());
    }
    // Editors and shells end files with a line break, which is no part of the token.
    token.truncate(token.trim_end().len());
    Ok(Secret::new(token))
}

fn refused(
    call: &Call,
    identity: &WebIdentity,
    named_by: &NamedBy,
    error: &SdkError<AssumeRoleWithWebIdentityError, HttpResponse>,
) -> Error {
    let answer = match call.refusal(error) {
        Refusal::Answer(answer) => answer,
        Refusal::Error(error) => return error,
    };
    let own = matches!(
        answer.code.as_deref(),
        Some("ExpiredTokenException" | "ExpiredToken")
    );
    let answer = if own {
        answer
    } else {
        match call.general(answer, &CredentialOrigin::WebIdentity, None) {
            Ok(error) => return error,
            Err(answer) => answer,
        }
    };
    ErrorKind::WebIdentity {
        role: RoleArn::clone(&identity.role_arn),
        token_file: match &identity.token {
            WebIdentityToken::File(path) => Some(path.clone()),
            WebIdentityToken::Inline(_) => None,
        },
        named_by: named_by.clone(),
        answer,
    }
    .into()
}

/// What STS takes at most: 20 000 characters.
const MAX_TOKEN_BYTES: u64 = 20_000;

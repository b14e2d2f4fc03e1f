//! AssumeRoleWithWebIdentity: no signature, a token of an identity provider instead.

use super::error::StsError;
use super::form::{Form, TEXT};
use super::session::{SessionParameters, assumed_role_user, credentials};
use super::xml::Xml;
use crate::accounts::{Accounts, SessionRequest, WebToken};
use crate::policy::{Caller, Facts, Query, Verdict};

const ACTION: &str = "sts:AssumeRoleWithWebIdentity";

/// Answers the call.
///
/// `is_struck` when a fault says that the token counts as expired.
pub(super) fn answer(
    accounts: &Accounts,
    form: &mut Form,
    is_struck: bool,
) -> Result<String, StsError> {
    let session = SessionParameters::read(form);
    let token = form.required("WebIdentityToken", [4, 20_000], TEXT);
    form.checked()?;
    session.check_arn()?;
    let token = valid_token(accounts, &token, is_struck)?;
    let refused = || StsError::AccessDenied(format!("Not authorized to perform {ACTION}"));
    let (account, role) = accounts.role(&session.role_arn).ok_or_else(refused)?;
    let issuer = &token.seed.issuer;
    let provider_arn = format!("arn:aws:iam::{account}:oidc-provider/{issuer}");
    let facts = facts(&token, &session.session_name);
    let query = Query {
        action: ACTION,
        resource: &session.role_arn,
        facts: &facts,
    };
    let federated = Caller::Federated {
        provider_arn: &provider_arn,
    };
    match role.seed.trust.as_resource_policy(query, federated) {
        Verdict::Allow(_) => {}
        Verdict::Silent | Verdict::Deny => return Err(refused()),
    }
    let seconds = session.duration(role.seed.max_session_seconds)?;
    let mut identity = role.session(&account, &session.session_name);
    identity.session_policies = session.policies(accounts)?;
    let packed = session.packed_size(std::iter::empty())?;
    let issued = accounts.issue_session(SessionRequest {
        identity: identity.clone(),
        seconds,
    });
    let mut result = Xml::default();
    result.text("SubjectFromWebIdentityToken", &token.seed.subject);
    result.text("Audience", &token.seed.audience);
    assumed_role_user(&mut result, &identity);
    credentials(&mut result, &issued);
    result.text("Provider", &provider_arn);
    if let Some(percent) = packed {
        result.text("PackedPolicySize", &percent.to_string());
    }
    Ok(result.into_string())
}

fn valid_token(accounts: &Accounts, text: &str, is_struck: bool) -> Result<WebToken, StsError> {
    let token = accounts.web_token(text).ok_or_else(|| {
        StsError::InvalidIdentityToken(
            "The ID Token provided is not a valid JWT, or no OpenIDConnect provider vouches for it"
                .to_owned(),
        )
    })?;
    let now = accounts.clock().now();
    match token.expires_at.or_else(|| is_struck.then_some(now)) {
        Some(expiry) if is_struck || now >= expiry => Err(StsError::ExpiredWebToken(format!(
            "Token expired: current date/time {} must be before the expiration date/time {}",
            now.unix_timestamp(),
            expiry.unix_timestamp()
        ))),
        _ => Ok(token),
    }
}

fn facts(token: &WebToken, session_name: &str) -> Facts {
    let mut facts = Facts::default();
    let issuer = &token.seed.issuer;
    facts.add(&format!("{issuer}:sub"), token.seed.subject.as_str());
    facts.add(&format!("{issuer}:aud"), token.seed.audience.as_str());
    facts.add("sts:RoleSessionName", session_name);
    facts
}

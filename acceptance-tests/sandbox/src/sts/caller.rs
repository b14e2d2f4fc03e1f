//! The calls about the caller itself.

use super::error::StsError;
use super::form::{Form, TEXT};
use super::session::credentials;
use super::xml::Xml;
use crate::accounts::{Accounts, Identity, SessionRequest};

/// GetCallerIdentity. Needs no permission, and an explicit deny does not stop it.
pub(super) fn identity(caller: &Identity) -> String {
    let mut result = Xml::default();
    result
        .text("Arn", &caller.arn)
        .text("UserId", &caller.user_id)
        .text("Account", caller.account.as_str());
    result.into_string()
}

/// GetSessionToken: the caller again, with temporary credentials.
pub(super) fn session_token(
    accounts: &Accounts,
    caller: &Identity,
    form: &mut Form,
) -> Result<String, StsError> {
    let seconds = form.number("DurationSeconds", [900, 129_600]);
    form.checked()?;
    if caller.expires_at.is_some() {
        return Err(StsError::AccessDenied(
            "Cannot call GetSessionToken with session credentials".to_owned(),
        ));
    }
    let issued = accounts.issue_session(SessionRequest {
        identity: caller.clone(),
        seconds: seconds.unwrap_or(43_200),
    });
    let mut result = Xml::default();
    credentials(&mut result, &issued);
    Ok(result.into_string())
}

/// GetAccessKeyInfo: the account a key belongs to.
pub(super) fn access_key_info(accounts: &Accounts, form: &mut Form) -> Result<String, StsError> {
    let key = form.required("AccessKeyId", [16, 128], TEXT);
    form.checked()?;
    let account = accounts.account_of_key(&key).ok_or_else(|| {
        StsError::Validation("Invalid AccessKeyId provided; account not found".to_owned())
    })?;
    let mut result = Xml::default();
    result.text("Account", account.as_str());
    Ok(result.into_string())
}

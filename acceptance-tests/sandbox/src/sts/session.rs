//! What AssumeRole and AssumeRoleWithWebIdentity have in common: role, session and policies.

use std::collections::BTreeSet;

use super::error::StsError;
use super::form::{Form, NAME, TEXT};
use super::xml::Xml;
use crate::accounts::{AccountId, Accounts, Credentials, Identity};
use crate::policy::PolicyDocument;

/// The longest text of inline and managed session policies together.
const POLICY_TEXT: usize = 2048;

/// Characters of policies and tags that fill the session token to 100 percent.
const PACKED: usize = 4096;

/// The parameters both calls have.
#[derive(Debug)]
pub(super) struct SessionParameters {
    pub(super) role_arn: String,
    pub(super) session_name: String,
    pub(super) seconds: Option<u32>,
    policy: Option<String>,
    policy_arns: Vec<String>,
}

impl SessionParameters {
    /// Reads them, and notes what is wrong in the form.
    pub(super) fn read(form: &mut Form) -> Self {
        Self {
            role_arn: form.required("RoleArn", [20, 2048], TEXT),
            session_name: form.required("RoleSessionName", [2, 64], NAME),
            seconds: form.number("DurationSeconds", [900, 43_200]),
            policy: form.optional("Policy", [1, POLICY_TEXT], TEXT),
            policy_arns: form
                .list("PolicyArns", 10)
                .iter()
                .map(|element| form.required(&format!("{element}.arn"), [20, 2048], TEXT))
                .collect(),
        }
    }

    /// The text of the ARN must at least name a role.
    pub(super) fn check_arn(&self) -> Result<(), StsError> {
        let fields: Vec<&str> = self.role_arn.splitn(6, ':').collect();
        match fields[..] {
            ["arn", "aws", "iam", "", account, role]
                if account.parse::<AccountId>().is_ok()
                    && role
                        .strip_prefix("role/")
                        .is_some_and(|name| !name.is_empty()) =>
            {
                Ok(())
            }
            _ => Err(StsError::Validation(format!(
                "{} is invalid",
                self.role_arn
            ))),
        }
    }

    /// The session policies: inline and managed.
    pub(super) fn policies(&self, accounts: &Accounts) -> Result<Vec<PolicyDocument>, StsError> {
        let mut policies = Vec::new();
        if let Some(text) = &self.policy {
            let policy = PolicyDocument::parse(text);
            policies.push(policy.map_err(StsError::MalformedPolicyDocument)?);
        }
        for arn in &self.policy_arns {
            let policy = accounts.managed_policy(arn).ok_or_else(|| {
                StsError::Validation(format!(
                    "The policy {arn} does not exist or is not attachable"
                ))
            })?;
            policies.push(policy);
        }
        Ok(policies)
    }

    /// How much of the session token policies and tags fill, in percent.
    ///
    /// The real packing is secret. This one only grows with what it is given.
    pub(super) fn packed_size<'a>(
        &self,
        tags: impl Iterator<Item = (&'a String, &'a String)>,
    ) -> Result<Option<u32>, StsError> {
        let arns: usize = self.policy_arns.iter().map(String::len).sum();
        let tags: usize = tags.map(|(key, value)| key.len() + value.len()).sum();
        let used = self.policy.as_ref().map_or(0, String::len) + arns + tags;
        if used == 0 {
            return Ok(None);
        }
        let percent = u32::try_from(used * 100 / PACKED)
            .unwrap_or(u32::MAX)
            .max(1);
        if percent > 100 {
            return Err(StsError::PackedPolicyTooLarge(percent));
        }
        Ok(Some(percent))
    }

    /// How long the session lasts, given the longest its role allows.
    pub(super) fn duration(&self, role_allows: u32) -> Result<u32, StsError> {
        let seconds = self.seconds.unwrap_or(3600);
        if seconds > role_allows {
            return Err(StsError::Validation(
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
                    .to_owned(),
            ));
        }
        Ok(seconds)
    }
}

/// Writes `AssumedRoleUser`.
pub(super) fn assumed_role_user(xml: &mut Xml, identity: &Identity) {
    xml.nest("AssumedRoleUser", |xml| {
        xml.text("AssumedRoleId", &identity.user_id)
            .text("Arn", &identity.arn);
    });
}

/// Writes `Credentials`.
pub(super) fn credentials(xml: &mut Xml, credentials: &Credentials) {
    let rfc3339 = &time::format_description::well_known::Rfc3339;
    let expiration = credentials.expires_at.format(rfc3339).unwrap_or_default();
    xml.nest("Credentials", |xml| {
        xml.text("AccessKeyId", &credentials.access_key_id)
            .text("SecretAccessKey", &credentials.secret_access_key)
            .text("SessionToken", &credentials.session_token)
            .text("Expiration", &expiration);
    });
}

/// Whether a text occurs twice when case is ignored.
pub(super) fn has_duplicates<'a>(texts: impl Iterator<Item = &'a String>) -> bool {
    let mut seen = BTreeSet::new();
    texts
        .map(|text| text.to_lowercase())
        .any(|text| !seen.insert(text))
}

//! AssumeRole.

use std::collections::BTreeMap;

use super::error::StsError;
use super::form::{EXTERNAL_ID, Form, NAME, TAG};
use super::session::{SessionParameters, assumed_role_user, credentials, has_duplicates};
use super::xml::Xml;
use crate::accounts::{AccountId, Accounts, Identity, Resource, Role, SessionRequest};
use crate::fault::Diverted;
use crate::policy::{Facts, Grant, Query, Verdict};

/// The longest session of a role that was assumed by another role. IAM User Guide, *Role chaining*.
const CHAINED_SECONDS: u32 = 3600;

/// The parameters of AssumeRole.
#[derive(Debug)]
struct Parameters {
    session: SessionParameters,
    external_id: Option<String>,
    source_identity: Option<String>,
    tags: Vec<(String, String)>,
    transitive_keys: Vec<String>,
}

impl Parameters {
    fn read(form: &mut Form) -> Result<Self, StsError> {
        let session = SessionParameters::read(form);
        let external_id = form.optional("ExternalId", [2, 1224], EXTERNAL_ID);
        let source_identity = form.optional("SourceIdentity", [2, 64], NAME);
        let mut tags = Vec::new();
        for element in form.list("Tags", 50) {
            let key = form.required(&format!("{element}.Key"), [1, 128], TAG);
            let value = form.required(&format!("{element}.Value"), [0, 256], TAG);
            tags.push((key, value));
        }
        let elements = form.list("TransitiveTagKeys", 50);
        let keys = elements.iter();
        let transitive_keys = keys
            .map(|name| form.required(name, [1, 128], TAG))
            .collect();
        form.checked()?;
        session.check_arn()?;
        let parameters = Self {
            session,
            external_id,
            source_identity,
            tags,
            transitive_keys,
        };
        parameters.check_tags()?;
        Ok(parameters)
    }

    fn check_tags(&self) -> Result<(), StsError> {
        let broken = |message: &str| Err(StsError::Validation(message.to_owned()));
        if has_duplicates(self.tags.iter().map(|(key, _)| key)) {
            return broken(
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
            );
        }
        let is_tag = |wanted: &String| self.tags.iter().any(|(key, _)| key == wanted);
        if !self.transitive_keys.iter().all(is_tag) {
            return broken(
                "The specified transitive tag key must be included in the requested tags.",
            );
        }
        Ok(())
    }

    /// What the conditions of the trust policy see, besides the caller.
    fn facts(&self, facts: &mut Facts) {
        facts.add("sts:RoleSessionName", self.session.session_name.as_str());
        if let Some(external_id) = &self.external_id {
            facts.add("sts:ExternalId", external_id.as_str());
        }
        if let Some(source_identity) = &self.source_identity {
            facts.add("sts:SourceIdentity", source_identity.as_str());
        }
        for (key, value) in &self.tags {
            facts.add(&format!("aws:RequestTag/{key}"), value.as_str());
            facts.add("aws:TagKeys", key.as_str());
        }
        for key in &self.transitive_keys {
            facts.add("sts:TransitiveTagKeys", key.as_str());
        }
    }
}

/// Answers the call.
///
/// `diverted` when a fault says that the session is of another role.
pub(super) fn answer(
    accounts: &Accounts,
    caller: &Identity,
    form: &mut Form,
    diverted: Option<&Diverted>,
) -> Result<String, StsError> {
    let parameters = Parameters::read(form)?;
    let session = &parameters.session;
    let (account, role) = accounts.role(&session.role_arn).ok_or_else(|| {
        StsError::not_authorized(&caller.arn, "sts:AssumeRole", &session.role_arn)
    })?;
    authorize(accounts, caller, &parameters, &account, &role)?;
    let most = role.seed.max_session_seconds;
    if caller.is_role_session() && session.seconds.unwrap_or_default() > CHAINED_SECONDS {
        return Err(StsError::Validation(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by \
             role chaining"
                .to_owned(),
        ));
    }
    let seconds = session.duration(most)?;
    let diverted = diverted.and_then(|diverted| accounts.role(&diverted.0));
    let (account, role) = diverted.unwrap_or((account, role));
    let identity = session_identity(accounts, caller, &parameters, (&account, &role))?;
    let packed = session.packed_size(identity.tags.iter())?;
    let issued = accounts.issue_session(SessionRequest {
        identity: identity.clone(),
        seconds,
    });
    let mut result = Xml::default();
    credentials(&mut result, &issued);
    assumed_role_user(&mut result, &identity);
    if let Some(percent) = packed {
        result.text("PackedPolicySize", &percent.to_string());
    }
    if let Some(source_identity) = &identity.source_identity {
        result.text("SourceIdentity", source_identity);
    }
    Ok(result.into_string())
}

/// Both sides must allow the assumption, the tags and the source identity that go along.
fn authorize(
    accounts: &Accounts,
    caller: &Identity,
    parameters: &Parameters,
    account: &AccountId,
    role: &Role,
) -> Result<(), StsError> {
    let mut facts = accounts.facts(caller);
    parameters.facts(&mut facts);
    let arn = &parameters.session.role_arn;
    let mut actions = vec!["sts:AssumeRole"];
    if !parameters.tags.is_empty() || !caller.transitive_tags.is_empty() {
        actions.push("sts:TagSession");
    }
    if parameters.source_identity.is_some() || caller.source_identity.is_some() {
        actions.push("sts:SetSourceIdentity");
    }
    for action in actions {
        let query = Query {
            action,
            resource: arn,
            facts: &facts,
        };
        let refused = || StsError::not_authorized(&caller.arn, action, arn);
        match role
            .seed
            .trust
            .as_resource_policy(query, caller.as_caller())
        {
            Verdict::Silent | Verdict::Deny => return Err(refused()),
            // A trusted account leaves the choice to the policies of its own identities.
            Verdict::Allow(Grant::Account | Grant::Caller) => {}
        }
        let resource = Resource {
            arn,
            owner: account,
            policy: Some(&role.seed.trust),
        };
        accounts.authorize_with(caller, action, resource, &facts)?;
    }
    let changes_identity = matches!(
        (&caller.source_identity, &parameters.source_identity),
        (Some(before), Some(now)) if before != now
    );
    if changes_identity {
        return Err(StsError::not_authorized(
            &caller.arn,
            "sts:SetSourceIdentity",
            arn,
        ));
    }
    Ok(())
}

/// Who the session will be: tags and source identity of the call, and what is inherited.
fn session_identity(
    accounts: &Accounts,
    caller: &Identity,
    parameters: &Parameters,
    (account, role): (&AccountId, &Role),
) -> Result<Identity, StsError> {
    let inherited = &caller.transitive_tags;
    let conflict = parameters.tags.iter().any(|(key, _)| {
        let mut keys = inherited.keys();
        keys.any(|other| other.eq_ignore_ascii_case(key))
    });
    if conflict {
        return Err(StsError::Validation(
            "One of the specified tag keys conflicts with a transitive tag key from the calling \
             session."
                .to_owned(),
        ));
    }
    let own: BTreeMap<String, String> = parameters.tags.iter().cloned().collect();
    let mut identity = role.session(account, &parameters.session.session_name);
    identity.transitive_tags = inherited.clone();
    for (key, value) in &own {
        if parameters.transitive_keys.contains(key) {
            identity.transitive_tags.insert(key.clone(), value.clone());
        }
    }
    identity.tags = inherited.clone();
    identity.tags.extend(own);
    identity.source_identity = caller
        .source_identity
        .clone()
        .or_else(|| parameters.source_identity.clone());
    identity.is_chained = caller.is_role_session();
    identity.session_policies = parameters.session.policies(accounts)?;
    Ok(identity)
}

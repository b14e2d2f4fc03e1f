//! May this caller do that?

use super::{AccountId, Accounts, Denied, Identity};
use crate::policy::{Caller, Facts, Grant, PolicyDocument, Query, Verdict};

/// What is touched, beyond its ARN.
#[derive(Clone, Copy, Debug)]
pub struct Resource<'a> {
    /// The ARN.
    pub arn: &'a str,
    /// The account that owns it.
    pub owner: &'a AccountId,
    /// The policy attached to it.
    pub policy: Option<&'a PolicyDocument>,
}

/// What the policies of the caller say together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Own {
    Allow,
    Silent,
    SessionSilent,
    Deny(&'static str),
}

impl Accounts {
    /// Whether the caller's own policies let it do this, in its own account.
    ///
    /// # Errors
    ///
    /// They do not, or one of them forbids it.
    pub fn authorize(
        &self,
        identity: &Identity,
        action: &str,
        resource: &str,
    ) -> Result<(), Denied> {
        let facts = self.facts(identity);
        let resource = Resource {
            arn: resource,
            owner: &identity.account,
            policy: None,
        };
        self.authorize_with(identity, action, resource, &facts)
    }

    /// Whether the caller may do this to a resource that may have a policy and may belong to
    /// another account. Across accounts both sides must allow.
    ///
    /// # Errors
    ///
    /// They do not, or one of them forbids it.
    pub fn authorize_on(
        &self,
        identity: &Identity,
        action: &str,
        resource: Resource<'_>,
    ) -> Result<(), Denied> {
        let facts = self.facts(identity);
        self.authorize_with(identity, action, resource, &facts)
    }

    /// The same, with facts of the request added to those of the caller.
    pub(crate) fn authorize_with(
        &self,
        identity: &Identity,
        action: &str,
        resource: Resource<'_>,
        facts: &Facts,
    ) -> Result<(), Denied> {
        let query = Query {
            action,
            resource: resource.arn,
            facts,
        };
        let theirs = resource.policy.map_or(Verdict::Silent, |policy| {
            policy.as_resource_policy(query, identity.as_caller())
        });
        let own = self.own_verdict(identity, query);
        let is_local = *resource.owner == identity.account;
        let why = match (own, theirs) {
            (Own::Deny(kind), _) => format!("with an explicit deny in {kind}"),
            (_, Verdict::Deny) => "with an explicit deny in a resource-based policy".to_owned(),
            // Within one account, a resource policy that names the caller is enough by itself.
            (Own::Allow, _) if is_local => return Ok(()),
            (Own::Silent, Verdict::Allow(Grant::Caller)) if is_local => return Ok(()),
            (Own::Allow, Verdict::Allow(_)) => return Ok(()),
            (Own::Allow, Verdict::Silent) => {
                format!("because no resource-based policy allows the {action} action")
            }
            (Own::Silent, _) => {
                format!("because no identity-based policy allows the {action} action")
            }
            (Own::SessionSilent, _) => {
                format!("because no session policy allows the {action} action")
            }
        };
        Err(Denied {
            caller: identity.arn.clone(),
            action: action.to_owned(),
            resource: resource.arn.to_owned(),
            why,
        })
    }

    fn own_verdict(&self, identity: &Identity, query: Query<'_>) -> Own {
        let session = combined(&identity.session_policies, query);
        match (combined(&self.policies(identity), query), session) {
            (Verdict::Deny, _) => Own::Deny("an identity-based policy"),
            (_, Verdict::Deny) => Own::Deny("a session policy"),
            (Verdict::Silent, _) => Own::Silent,
            (Verdict::Allow(_), Verdict::Silent) if !identity.session_policies.is_empty() => {
                Own::SessionSilent
            }
            (Verdict::Allow(_), Verdict::Silent | Verdict::Allow(_)) => Own::Allow,
        }
    }
}

impl Identity {
    /// How a resource policy or trust policy sees this caller.
    pub(crate) fn as_caller(&self) -> Caller<'_> {
        Caller::Aws {
            account: self.account.as_str(),
            arn: &self.arn,
            principal_arn: self.principal_arn(),
        }
    }
}

/// What several policies of the caller say together.
fn combined(policies: &[PolicyDocument], query: Query<'_>) -> Verdict {
    let mut verdict = Verdict::Silent;
    for policy in policies {
        match policy.as_identity_policy(query) {
            Verdict::Deny => return Verdict::Deny,
            Verdict::Allow(grant) => verdict = Verdict::Allow(grant),
            Verdict::Silent => {}
        }
    }
    verdict
}

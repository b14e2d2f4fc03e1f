//! Deciding.

use std::collections::BTreeMap;

use super::document::{Patterns, PolicyDocument, Principals, Statement};
use super::glob;

/// Condition keys of one request. Keys are compared without case.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts(BTreeMap<String, Vec<String>>);

/// What is asked of a policy.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Query<'a> {
    /// `service:Operation`.
    pub(crate) action: &'a str,
    /// The ARN of what is touched.
    pub(crate) resource: &'a str,
    /// What the conditions see.
    pub(crate) facts: &'a Facts,
}

/// Whom a resource policy or trust policy sees.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Caller<'a> {
    /// Somebody with credentials.
    Aws {
        /// The account of the caller.
        account: &'a str,
        /// The ARN of the caller; of a role session, that of the session.
        arn: &'a str,
        /// The ARN of the user or the role.
        principal_arn: &'a str,
    },
    /// Somebody with a token of an identity provider.
    Federated {
        /// `arn:aws:iam::<account>:oidc-provider/<issuer>`.
        provider_arn: &'a str,
    },
}

/// What one policy says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing about it.
    Silent,
    /// It may.
    Allow(Grant),
    /// It may not, whatever anybody else says.
    Deny,
}

/// To whom a statement granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grant {
    /// To the whole account: a policy of the caller's own must allow it as well.
    Account,
    /// To the caller itself.
    Caller,
}

impl Facts {
    /// Adds a value.
    pub(crate) fn add(&mut self, key: &str, value: impl Into<String>) {
        self.0
            .entry(key.to_ascii_lowercase())
            .or_default()
            .push(value.into());
    }

    /// The values of a key in lower case.
    pub(super) fn values(&self, key: &str) -> &[String] {
        self.0.get(key).map_or(&[], Vec::as_slice)
    }

    /// `pattern` with `${key}` replaced. None when a key has no single value, so nothing matches.
    pub(super) fn expand(&self, pattern: &str) -> Option<String> {
        let mut expanded = String::with_capacity(pattern.len());
        let mut rest = pattern;
        while let Some((before, after)) = rest.split_once("${") {
            let (key, after) = after.split_once('}')?;
            expanded.push_str(before);
            match self.values(&key.to_ascii_lowercase()) {
                [value] => expanded.push_str(value),
                _ => return None,
            }
            rest = after;
        }
        expanded.push_str(rest);
        Some(expanded)
    }
}

impl PolicyDocument {
    /// What it says as a policy of the caller.
    pub(crate) fn as_identity_policy(&self, query: Query<'_>) -> Verdict {
        self.judge(query, |_| Some(Grant::Caller))
    }

    /// What it says as a policy of the resource about this caller.
    pub(crate) fn as_resource_policy(&self, query: Query<'_>, caller: Caller<'_>) -> Verdict {
        self.judge(query, |statement| {
            statement
                .principals
                .as_ref()
                .and_then(|principals| principals.grant(caller))
        })
    }

    fn judge(&self, query: Query<'_>, grant: impl Fn(&Statement) -> Option<Grant>) -> Verdict {
        let mut verdict = Verdict::Silent;
        for statement in &self.statements {
            let Some(grant) = grant(statement) else {
                continue;
            };
            if !statement.applies(query) {
                continue;
            }
            if !statement.allows {
                return Verdict::Deny;
            }
            if verdict != Verdict::Allow(Grant::Caller) {
                verdict = Verdict::Allow(grant);
            }
        }
        verdict
    }
}

impl Statement {
    fn applies(&self, query: Query<'_>) -> bool {
        let action = query.action.to_ascii_lowercase();
        self.actions
            .cover(|pattern| glob::matches(&pattern.to_ascii_lowercase(), &action))
            && self.resources.as_ref().is_none_or(|resources| {
                resources.cover(|pattern| {
                    query
                        .facts
                        .expand(pattern)
                        .is_some_and(|pattern| glob::matches(&pattern, query.resource))
                })
            })
            && self
                .conditions
                .iter()
                .all(|condition| condition.holds(query.facts))
    }
}

impl Patterns {
    fn cover(&self, matches: impl Fn(&str) -> bool) -> bool {
        self.patterns.iter().any(|pattern| matches(pattern)) != self.is_negated
    }
}

impl Principals {
    fn grant(&self, caller: Caller<'_>) -> Option<Grant> {
        match caller {
            Caller::Federated { provider_arn } => {
                let issuer = provider_arn
                    .split_once(":oidc-provider/")
                    .map_or(provider_arn, |(_, issuer)| issuer);
                self.federated
                    .iter()
                    .any(|name| name == provider_arn || name == issuer)
                    .then_some(Grant::Caller)
            }
            Caller::Aws {
                account,
                arn,
                principal_arn,
            } => {
                let names = |wanted: &str| self.aws.iter().any(|name| name == wanted);
                if names(arn) || names(principal_arn) {
                    Some(Grant::Caller)
                } else if names("*")
                    || names(account)
                    || names(&format!("arn:aws:iam::{account}:root"))
                {
                    Some(Grant::Account)
                } else {
                    None
                }
            }
        }
    }
}

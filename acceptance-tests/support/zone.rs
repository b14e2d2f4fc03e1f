//! The accounts of `examples/landing-zone`, with the policies that are published there and no others.

use std::collections::BTreeSet;

use ecr_public_sandbox::accounts::{AccountSeed, RoleSeed, UserSeed, WebTokenSeed};
use ecr_public_sandbox::policy::PolicyDocument;
use ecr_public_sandbox::{HubSeed, Sandbox, Seed};
use serde_json::{Value, json};

use super::landing_zone::{PIPELINE_SECRET, role};
use super::scenario::{Scenario, TOOLING};
use super::tables::read;

/// The example.
pub(crate) const EXAMPLE: &str = "examples/landing-zone";

/// Who may do what, each policy as it is published.
#[derive(Clone, Debug)]
pub(crate) struct Zone {
    /// The role that the provider becomes first.
    pub(crate) caller_role: &'static str,
    /// The role in each account.
    pub(crate) role: &'static str,
    /// Who may become the caller; absent: the user `pipeline`.
    pub(crate) caller_trust: Option<Value>,
    /// What the caller may do.
    pub(crate) caller: Value,
    /// Whom the roles in the accounts trust.
    pub(crate) trust: Value,
    /// What they may do.
    pub(crate) permissions: Value,
    /// Whether the roles may do everything, and the permissions only narrow their sessions.
    pub(crate) is_administrator: bool,
}

impl Zone {
    /// The recommended one.
    pub(crate) fn published() -> Self {
        Self {
            caller_role: "tooling",
            role: "ecr-publisher",
            caller_trust: None,
            caller: policy("policies/caller.json"),
            trust: policy("policies/trust.json"),
            permissions: policy("policies/permissions.json"),
            is_administrator: false,
        }
    }

    /// That of a pipeline with tokens.
    pub(crate) fn of_pipeline(folder: &str) -> Self {
        Self {
            caller_trust: Some(policy(&format!("{folder}/policies/caller_trust.json"))),
            ..Self::published()
        }
    }

    /// That of accounts with administrator roles.
    pub(crate) fn of_administrators(
        folder: &str,
        caller_role: &'static str,
        role: &'static str,
    ) -> Self {
        Self {
            caller_role,
            role,
            caller: policy(&format!("{folder}/policies/caller.json")),
            trust: policy(&format!("{folder}/policies/trust.json")),
            is_administrator: true,
            ..Self::published()
        }
    }

    /// The tooling account and these.
    pub(crate) fn accounts(&self, targets: &[&str]) -> Vec<AccountSeed> {
        let mut accounts = vec![self.tooling()];
        accounts.extend(targets.iter().map(|id| self.target(id)));
        accounts
    }

    /// The same with this Docker Hub.
    pub(crate) fn seed(&self, targets: &[&str], hub: HubSeed) -> Seed {
        Seed {
            accounts: self.accounts(targets),
            hub,
            ..Seed::default()
        }
    }

    fn tooling(&self) -> AccountSeed {
        let account = AccountSeed::new(TOOLING).unwrap().role(self.caller_role());
        if self.caller_trust.is_some() {
            return account;
        }
        let may = PolicyDocument::allow(&["sts:AssumeRole"], &role(TOOLING, self.caller_role));
        let user = UserSeed::new("pipeline", "AKIAPIPELINE00000000", PIPELINE_SECRET);
        account.user(user.policy(may.unwrap()))
    }

    /// The role that the provider becomes first.
    pub(crate) fn caller_role(&self) -> RoleSeed {
        let trust = match &self.caller_trust {
            Some(trust) => document(trust),
            None => PolicyDocument::trust(&[&format!("arn:aws:iam::{TOOLING}:user/pipeline")]),
        };
        RoleSeed::new(self.caller_role, trust).policy(document(&self.caller))
    }

    /// One account with its role.
    pub(crate) fn target(&self, account: &str) -> AccountSeed {
        AccountSeed::new(account)
            .unwrap()
            .role(self.publisher(self.role))
    }

    /// The role of an account, under any name.
    pub(crate) fn publisher(&self, name: &str) -> RoleSeed {
        let may = match self.is_administrator {
            true => PolicyDocument::administrator(),
            false => document(&self.permissions),
        };
        RoleSeed::new(name, document(&self.trust)).policy(may)
    }
}

/// A policy of the example, by its path there.
pub(crate) fn policy(path: &str) -> Value {
    serde_json::from_str(&read(&format!("{EXAMPLE}/{path}"))).unwrap()
}

fn document(policy: &Value) -> PolicyDocument {
    PolicyDocument::try_from(policy.clone()).unwrap()
}

/// The actions of a policy.
pub(crate) fn actions(policy: &Value) -> BTreeSet<String> {
    let statements = policy["Statement"].as_array().unwrap().iter();
    let actions = statements.flat_map(|statement| match &statement["Action"] {
        Value::Array(all) => all.clone(),
        one => vec![one.clone()],
    });
    actions
        .map(|action| action.as_str().unwrap().to_owned())
        .collect()
}

/// The policy without an action: one that there is not is in its place.
pub(crate) fn without(policy: &Value, action: &str) -> Value {
    let mut rest = policy.clone();
    for statement in rest["Statement"].as_array_mut().unwrap() {
        let actions = match &mut statement["Action"] {
            Value::Array(all) => all.iter_mut().collect(),
            one => vec![one],
        };
        for each in actions {
            if *each == action {
                *each = "nothing:Nothing".into();
            }
        }
    }
    assert_ne!(rest, *policy, "{action} is not there");
    rest
}

/// A token that these pipelines get from their CI system.
pub(crate) fn web_token(issuer: &str, subject: &str, audience: &str) -> WebTokenSeed {
    WebTokenSeed {
        token: format!("header.claims-of-{issuer}-{subject}-{audience}.signature"),
        issuer: issuer.to_owned(),
        subject: subject.to_owned(),
        audience: audience.to_owned(),
        expires_in_seconds: None,
    }
}

/// The variables of the example for a sandbox.
pub(crate) fn variables(sandbox: &Sandbox, accounts: &[&str], images: &[String]) -> Value {
    json!({
        "account_ids": accounts,
        "images": images,
        "tooling_role_arn": role(TOOLING, "tooling"),
        "docker_hub": { "endpoint": sandbox.hub_url(), "plain_http": true },
        "endpoints": {
            "ecrpublic": sandbox.api_url(),
            "sts": sandbox.sts_url(),
            "registry": sandbox.registry_url(),
        },
    })
}

impl Scenario {
    /// Gives the example its variables.
    pub(crate) fn set_variables(&self, variables: &Value) {
        let file = "sandbox.auto.tfvars.json";
        self.terraform.write(file, &variables.to_string());
    }

    /// Leads the provider block of an example to the sandbox, and leaves everything else in it.
    pub(crate) fn reach_sandbox(&self, folder: &str) {
        let block = self.sandbox.provider_block();
        let file = format!("{folder}/sandbox_override.tf");
        self.terraform.write(&file, &block);
    }
}

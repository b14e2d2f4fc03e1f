//! What a sandbox holds when it starts, as a value or as a JSON file.

use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use crate::accounts::{AccountSeed, AccountsSeed, WebTokenSeed};
use crate::fault::Fault;
use crate::hub::HubSeed;

mod demo;

/// Accounts, images, limits and faults. The default holds nothing.
///
/// As a file it is JSON with the same names; every part may be left out.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Seed {
    /// AWS accounts with their users and roles.
    pub accounts: Vec<AccountSeed>,
    /// Web identity tokens that STS takes.
    pub web_tokens: Vec<WebTokenSeed>,
    /// Docker Hub.
    pub hub: HubSeed,
    /// Any other registry: anonymous and without limits.
    pub generic: HubSeed,
    /// Repositories that ECR Public has from the start.
    pub repositories: Vec<EcrSeed>,
    /// How much ECR Public lets an account have.
    pub limits: crate::store::Limits,
    /// Whether ECR Public keeps to its requests per second.
    pub has_quotas: bool,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// How a provider gets from its credentials into the accounts; only to print a configuration.
    pub roles: RolesSeed,
}

/// A repository of ECR Public, empty.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EcrSeed {
    /// The account.
    pub account: crate::accounts::AccountId,
    /// The repository's name.
    pub name: String,
}

/// The roles a provider configuration should name.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RolesSeed {
    /// The role that the first user assumes first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tooling: Option<String>,
    /// The role in a target account, with `{account_id}` in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publisher: Option<String>,
}

impl Seed {
    /// Reads a seed file.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or is not a seed; the message says where.
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("the seed file {} cannot be read", file.display()))?;
        serde_json::from_str(&text)
            .with_context(|| format!("{} is not a seed file", file.display()))
    }

    /// Keys, tokens and passwords.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let users = self.accounts.iter().flat_map(|account| &account.users);
        let keys = users.map(|user| user.secret_access_key.clone());
        let tokens = self.web_tokens.iter().map(|token| token.token.clone());
        let readers = self.hub.users.iter().chain(&self.generic.users);
        let passwords = readers.map(|user| user.password.clone());
        keys.chain(tokens).chain(passwords).collect()
    }

    pub(crate) fn identities(&self) -> AccountsSeed {
        AccountsSeed {
            accounts: self.accounts.clone(),
            web_tokens: self.web_tokens.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_survives_being_written_to_a_file() {
        let demo = Seed::demo();
        let text = serde_json::to_string_pretty(&demo).unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &text).unwrap();
        let read = Seed::read(file.path()).unwrap();
        assert_eq!(serde_json::to_string_pretty(&read).unwrap(), text);
    }

    #[test]
    fn a_misspelt_name_in_a_file_is_refused_by_name() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), r#"{"acounts": []}"#).unwrap();
        let message = format!("{:#}", Seed::read(file.path()).unwrap_err());
        assert!(message.contains("acounts"), "{message}");
    }
}

//! One authenticated call: who, where, and whether it may.

use serde_json::Value;

use super::error::ApiError;
use super::parameters::Parameters;
use crate::accounts::{AccountId, Accounts, Identity, Resource};
use crate::policy::PolicyDocument;
use crate::store::{Place, Repository, Store, StoreError};

/// Everything the handler of an operation needs.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) accounts: &'a Accounts,
    pub(super) store: &'a Store,
    pub(super) caller: Identity,
    pub(super) operation: &'a str,
    pub(super) input: Parameters,
}

/// The answer of a handler.
pub(super) type Answer = Result<Value, ApiError>;

impl Call<'_> {
    /// The repository the call is about, given by account number.
    pub(super) fn place(&self) -> Result<Place, ApiError> {
        let id = self.input.text("registryId", (0, usize::MAX))?;
        let account = match id {
            None => self.caller.account.clone(),
            Some(id) => id.parse().map_err(|_| {
                let pattern = "must satisfy regular expression '[0-9]{12}'";
                ApiError::invalid("registryId", pattern)
            })?,
        };
        self.place_in(account)
    }

    /// The repository the call is about, given by account number or alias, in a registry that has
    /// come into being.
    pub(super) fn pushed_place(&self) -> Result<Place, ApiError> {
        let account = match self.input.text("registryId", (2, 50))? {
            None => self.caller.account.clone(),
            Some(name) => {
                let account = self.accounts.resolve_registry(&name);
                account.ok_or(ApiError::RegistryNotFound(name))?
            }
        };
        self.notice_registry(&account);
        let place = self.place_in(account)?;
        if !self.accounts.has_registry(&place.account) {
            return Err(ApiError::RegistryNotFound(place.account.to_string()));
        }
        Ok(place)
    }

    fn place_in(&self, account: AccountId) -> Result<Place, ApiError> {
        let repository = self.input.required_text("repositoryName", (2, 205))?;
        check_name(&repository)?;
        Ok(Place {
            account,
            repository,
        })
    }

    /// The repository that an ARN names.
    pub(super) fn tagged_place(&self) -> Result<Place, ApiError> {
        let arn = self.input.required_text("resourceArn", (1, 2048))?;
        let malformed = || ApiError::invalid("resourceArn", "must be the ARN of a repository");
        let rest = arn
            .strip_prefix("arn:aws:ecr-public::")
            .ok_or_else(malformed)?;
        let (account, repository) = rest.split_once(":repository/").ok_or_else(malformed)?;
        let account = account.parse().map_err(|_| malformed())?;
        check_name(repository)?;
        Ok(Place {
            account,
            repository: repository.to_owned(),
        })
    }

    /// Whether the caller may do this to a repository. What belongs to others is not revealed to
    /// somebody who may not touch it.
    pub(super) fn authorize(&self, place: &Place) -> Result<(), ApiError> {
        self.authorize_action(place, self.operation)
    }

    /// The same for another operation than the one called.
    pub(super) fn authorize_action(&self, place: &Place, operation: &str) -> Result<(), ApiError> {
        let repository = self
            .store
            .repository(&place.account, &place.repository)
            .ok();
        let policy = repository.as_ref().and_then(Repository::read_policy);
        let mut facts = self.accounts.facts(&self.caller);
        for (key, value) in repository.iter().flat_map(|it| &it.tags) {
            facts.add(&format!("aws:ResourceTag/{key}"), value.as_str());
            facts.add(&format!("ecr-public:ResourceTag/{key}"), value.as_str());
        }
        let resource = Resource {
            arn: &place.arn(),
            owner: &place.account,
            policy: policy.as_ref(),
        };
        let action = format!("ecr-public:{operation}");
        self.accounts
            .authorize_with(&self.caller, &action, resource, &facts)?;
        Ok(())
    }

    /// Whether the caller may do this to something of its own account.
    pub(super) fn authorize_own(&self, arn: &str) -> Result<(), ApiError> {
        let action = format!("ecr-public:{}", self.operation);
        self.accounts.authorize(&self.caller, &action, arn)?;
        Ok(())
    }

    /// The ARN of the caller's registry.
    pub(super) fn registry_arn(&self) -> String {
        let account = &self.caller.account;
        format!("arn:aws:ecr-public::{account}:registry/{account}")
    }

    /// Repositories that were seeded open a registry too.
    pub(super) fn notice_registry(&self, account: &AccountId) {
        if self.store.has_registry(account) {
            self.accounts.open_registry(account);
        }
    }
}

impl Repository {
    /// The policy, which was checked when it was set.
    fn read_policy(&self) -> Option<PolicyDocument> {
        PolicyDocument::parse(self.policy.as_deref()?).ok()
    }
}

/// The grammar of repository names, checked before anything is looked up.
pub(super) fn check_name(name: &str) -> Result<(), ApiError> {
    crate::store::check_name(name).map_err(StoreError::into)
}

//! Where a request goes, and whether its sender may.

use http::Response;
use http::request::Parts;

use super::error::{denied, refused, throttled};
use super::token::Holder;
use crate::accounts::{AccountId, Resource};
use crate::exchange::Body;
use crate::oci::refusal;
use crate::policy::PolicyDocument;
use crate::quota::{Metered, Payer};
use crate::server::address;
use crate::store::{Place, StoreError};
use crate::world::World;

/// A repository and who asks for it.
#[derive(Debug)]
pub(super) struct Access<'w> {
    pub(super) world: &'w World,
    pub(super) account: AccountId,
    pub(super) repository: String,
    /// `<alias>/<repository>`, as in the path.
    pub(super) path: String,
    /// Scheme and host under which the client knows the registry.
    pub(super) origin: String,
    pub(super) holder: Holder,
}

impl<'w> Access<'w> {
    /// Finds the account behind the alias that starts the path.
    pub(super) fn to(
        world: &'w World,
        path: &str,
        origin: String,
        holder: Holder,
    ) -> Result<Self, Response<Body>> {
        let unknown = || {
            let message = format!("The registry or repository of '{path}' does not exist");
            refusal(http::StatusCode::NOT_FOUND, "NAME_UNKNOWN", message)
        };
        let (alias, repository) = path.split_once('/').ok_or_else(unknown)?;
        let account = world.accounts.resolve_registry(alias).ok_or_else(unknown)?;
        let repository = repository.to_owned();
        Ok(Self {
            world,
            account,
            repository,
            path: path.to_owned(),
            origin,
            holder,
        })
    }

    /// Whether the sender may perform the API operation this request stands for, now.
    pub(super) fn may(&self, operation: &str) -> Result<(), Response<Body>> {
        let Holder::Known(identity) = &self.holder else {
            return Err(denied("Not Authorized"));
        };
        let place = Place {
            account: self.account.clone(),
            repository: self.repository.clone(),
        };
        let arn = place.arn();
        let policy = self
            .world
            .store
            .policy(&self.account, &self.repository)
            .ok();
        let policy = policy.and_then(|text| PolicyDocument::parse(&text).ok());
        let resource = Resource {
            arn: &arn,
            owner: &self.account,
            policy: policy.as_ref(),
        };
        let action = format!("ecr-public:{operation}");
        let allowed = self
            .world
            .accounts
            .authorize_on(identity, &action, resource);
        allowed.map_err(|refusal| denied(refusal.to_string()))?;
        match Metered::named(operation) {
            Some(metered) => self.take(Payer::Account(self.account.clone()), metered),
            None => Ok(()),
        }
    }

    /// Whether the sender may pull now. Whether HEAD counts is not known; here it does not.
    pub(super) fn may_pull(&self, parts: &Parts) -> Result<(), Response<Body>> {
        match &self.holder {
            Holder::Known(identity) => {
                self.take(Payer::Account(identity.account.clone()), Metered::Pull)
            }
            Holder::Anonymous => self.take(Payer::Address(address(parts)), Metered::AnonymousPull),
        }
    }

    fn take(&self, payer: Payer, metered: Metered) -> Result<(), Response<Body>> {
        let taken = self.world.quotas.take(payer, metered);
        taken.map_err(|_| throttled())
    }

    /// That the repository is there.
    pub(super) fn exists(&self) -> Result<(), Response<Body>> {
        let found = self.world.store.repository(&self.account, &self.repository);
        found.map(|_| ()).map_err(|error| refused(&error))
    }

    /// The absolute address of something below the repository.
    pub(super) fn url(&self, rest: &str) -> String {
        format!("{}/v2/{}/{rest}", self.origin, self.path)
    }
}

/// Turns a refusal of the store into its answer.
pub(super) fn stored<T>(result: Result<T, StoreError>) -> Result<T, Response<Body>> {
    result.map_err(|error| refused(&error))
}

//! How fast ECR Public may be asked: one pace for each account, whoever writes to it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::aws::AccountId;
use crate::registry::Pace;
use crate::task::Rate;

/// The pace of each account that was written to.
#[derive(Debug, Default)]
pub(super) struct Paces {
    accounts: Mutex<HashMap<AccountId, Arc<Pace>>>,
    nobody: OnceLock<Arc<Pace>>,
}

impl Paces {
    pub(super) fn of(&self, account: &AccountId) -> Arc<Pace> {
        let mut paces = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let pace = paces.entry(account.clone());
        Arc::clone(pace.or_insert_with(|| Pace::new(DOCUMENTED)))
    }

    /// The pace of whoever reads without a login.
    pub(super) fn of_nobody(&self) -> Arc<Pace> {
        Arc::clone(self.nobody.get_or_init(|| Pace::new(WITHOUT_LOGIN)))
    }
}

/// Amazon ECR Public User Guide, *Service quotas*: ten per second each for `InitiateLayerUpload`,
/// `CompleteLayerUpload`, `PutImage` and image pulls. How many at once is not documented. Half of
/// what a second allows leaves room for what the network bunches together and for other programs.
const DOCUMENTED: Rate = Rate {
    per_second: 10.0,
    burst: 5,
};

/// The same place: one pull per second without a login. As many as a usual index has platforms may
/// come at once; what is refused is tried again, at the pace that is asked for.
const WITHOUT_LOGIN: Rate = Rate {
    per_second: 1.0,
    burst: 5,
};

#[cfg(test)]
mod simulation;

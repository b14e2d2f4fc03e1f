//! What is known about AWS once the provider is configured, and stays true for the whole run.

use std::collections::BTreeSet;

use crate::aws::AccountId;
use crate::tf::{Diagnostic, Path};

/// Facts that plans may rely on: every process of a run that is configured the same way has the
/// same ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    /// The account of the provider's own identity, unless nobody was asked and it came with no
    /// role.
    pub(crate) provider_account: Option<AccountId>,
    /// Whether the provider's `account_role` leads into other accounts.
    pub(crate) has_account_role: bool,
    /// The only accounts that may be written to; empty: all.
    pub(crate) allowed: BTreeSet<AccountId>,
    /// Accounts that must not be written to.
    pub(crate) forbidden: BTreeSet<AccountId>,
}

impl Facts {
    /// Why nothing can be put into an account, if that is certain already.
    pub(crate) fn objection(&self, account: &AccountId, has_own_roles: bool) -> Option<Diagnostic> {
        let at = Path::root(if has_own_roles {
            "assume_role"
        } else {
            "account_id"
        });
        if self.forbidden.contains(account) {
            return Some(not_allowed(account, "is in `forbidden_account_ids`").at(at));
        }
        if !self.allowed.is_empty() && !self.allowed.contains(account) {
            return Some(not_allowed(account, "is not in `allowed_account_ids`").at(at));
        }
        let own = self.provider_account.as_ref()?;
        let is_reachable = has_own_roles || self.has_account_role || own == account;
        (!is_reachable).then(|| no_way(account, own).at(at))
    }
}

fn not_allowed(account: &AccountId, why: &str) -> Diagnostic {
    Diagnostic::error("AWS account not allowed")
        .detail(format!(
            "The image belongs in account {account}, which {why} of the provider."
        ))
        .hint("Correct the account or role of the resource, or the list of the provider.")
}

/// Tells that no role leads into an account.
pub(crate) fn no_way(account: &AccountId, own: &AccountId) -> Diagnostic {
    Diagnostic::error("No role leads into the account")
        .detail(format!(
            "Account {account} is asked for. The provider's own credentials are in account {own}, \
             and neither `assume_role` of this block nor `account_role` of the provider says how to \
             get there."
        ))
        .hint(
            "Check the provider's credentials and roles. If they are right, add `account_role { \
             role_arn = \"arn:aws:iam::{account_id}:role/…\" }` to the provider, or `assume_role` to \
             this block.",
        )
}

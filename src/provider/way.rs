//! The way into an account, as resources, data sources and their like write it: `account_id` and
//! `assume_role`.

use crate::aws::{self, AccountId, HopPlace, RoleArn, Target};
use crate::tf::{Attr, Attribute, Diagnostic, Diagnostics, Mode, Nesting, Path, Type};

use super::diagnose;
use super::role::{self, AssumeRole};
use super::settings;

/// `assume_role` of a block that is no provider block.
pub(crate) type Hops = Attr<Vec<Attr<AssumeRole>>>;

/// Both, for something else than the resource. `account`: what is said of the account, and what
/// else about it.
pub(crate) fn attributes(mode: Mode, account: &str) -> [Attribute; 2] {
    let description = format!(
        "AWS account {account} Without `assume_role`, and where it is not the account of the \
         provider's own credentials, the provider's `account_role` leads there. Default: the account \
         of the last role, or the provider's own."
    );
    [
        Attribute {
            mode,
            ..Attribute::optional("account_id", Type::String, &description)
        },
        Attribute::nested(
            "assume_role",
            Nesting::List,
            role::attributes(),
            "IAM roles to assume, one after the other, after those of the provider block.",
        ),
    ]
}

/// Checks both, each with its place. Unknown values pass.
pub(crate) fn check(account_id: &Attr<String>, assume_role: &Hops, problems: &mut Diagnostics) {
    let mut last = None;
    for (position, hop) in assume_role.known().into_iter().flatten().enumerate() {
        let at = Path::root("assume_role").index(position);
        last = match hop {
            Attr::Known(hop) => {
                let mut inside = Diagnostics::new();
                hop.read(&at, HopPlace::Chained, &mut inside);
                problems.extend(inside.into_iter().map(|problem| of_role(problem, &at)));
                hop.role_arn.known().and_then(|arn| arn.parse().ok())
            }
            Attr::Unknown => None,
            Attr::Null => {
                problems.push(Diagnostic::error("Invalid role ARN").at(at).detail(
                    "The role is null. The provider does not go on with the credentials it has, \
                     because they belong to somebody else.",
                ));
                None
            }
        };
    }
    let Some(text) = account_id.known() else {
        return;
    };
    let at = Path::root("account_id");
    match (text.parse::<AccountId>(), last) {
        (Err(error), _) => problems.push(settings::invalid_account(text, at, &error)),
        (Ok(account), Some(role)) => {
            let role: RoleArn = role;
            if *role.account() != account {
                problems.push(
                    Diagnostic::error("Role is in another account")
                        .at(at)
                        .detail(format!(
                            "`account_id` is {account}, and the last role of `assume_role`, \
                             `{role}`, is in account {}.",
                            role.account()
                        ))
                        .hint("Correct one of them, or leave `account_id` out."),
                );
            }
        }
        (Ok(_), None) => {}
    }
}

/// Terraform finds the line of a role, and not of what is in it: that is said in words.
fn of_role(problem: Diagnostic, role: &Path) -> Diagnostic {
    match problem.path().map(ToString::to_string) {
        Some(place) => problem.detail(format!("It stands in `{place}`.")),
        None => problem,
    }
    .at(role.clone())
}

/// Reads roles that have been checked and are known.
pub(crate) fn hops(assume_role: &Hops) -> Result<Vec<aws::Hop>, Diagnostic> {
    let unreadable = || diagnose::invalid_state("assume_role");
    let hops = match assume_role {
        Attr::Null => return Ok(Vec::new()),
        Attr::Unknown => return Err(unreadable()),
        Attr::Known(hops) => hops,
    };
    let mut problems = Diagnostics::new();
    let read = hops.iter().enumerate().map(|(position, hop)| {
        let at = Path::root("assume_role").index(position);
        hop.known()?.read(&at, HopPlace::Chained, &mut problems)
    });
    let read: Option<Vec<aws::Hop>> = read.collect();
    match (read, problems.into_iter().next()) {
        (Some(hops), _) => Ok(hops),
        (None, Some(problem)) => Err(problem),
        (None, None) => Err(unreadable()),
    }
}

/// Who to be, from attributes that have been checked and are known.
pub(crate) fn target(account_id: &Attr<String>, assume_role: &Hops) -> Result<Target, Diagnostic> {
    let account = match account_id.known() {
        None => None,
        Some(account) => {
            let account = account.parse();
            Some(account.map_err(|_invalid| diagnose::invalid_state("account_id"))?)
        }
    };
    Ok(Target {
        hops: hops(assume_role)?,
        account,
        role_is_new: false,
    })
}

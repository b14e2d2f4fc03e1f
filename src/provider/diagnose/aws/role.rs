//! Roles that were not handed out, and accounts that were not expected.

use std::collections::BTreeSet;
use std::path::Path;

use crate::aws::error::{AccountRule, Answer, HopOrigin, HopPosition, NamedBy, RefusalReason};
use crate::aws::{AccountId, InvalidAccountRole, InvalidHop, RoleArn};
use crate::tf::Diagnostic;

use super::super::answer;
use super::credentials::named_by_words;

pub(super) fn refused(
    hop: HopPosition,
    role: &RoleArn,
    caller: Option<&str>,
    reason: RefusalReason,
    said: &Answer,
) -> Diagnostic {
    let (summary, hint) = match reason {
        RefusalReason::Denied => (
            "Cannot assume IAM role",
            "AWS says the same of a role that does not exist, so check account and name first. \
             Then: the trust policy of the role has to name the caller (with `external_id`, \
             `sts:TagSession` and `sts:SetSourceIdentity` where they are used), and a policy of \
             the caller has to allow `sts:AssumeRole` on the role. Changes of IAM take up to a \
             minute to spread; if the role was created in this run, apply again.",
        ),
        RefusalReason::TooLongForChain => (
            "Role session too long for a chained role",
            "Set `duration` of this role to `1h` or less: AWS allows no more for a role that is \
             assumed with another role.",
        ),
        RefusalReason::TooLongForRole => (
            "Role session longer than the role allows",
            "Lower `duration`, or raise the maximum session duration of the role.",
        ),
        RefusalReason::SessionPolicy => (
            "Session policy rejected",
            "Correct `policy`, or make policies and tags of the session smaller.",
        ),
        RefusalReason::Parameter => (
            "Role session rejected",
            "Correct the parameters of the role.",
        ),
        RefusalReason::Other => ("Cannot assume IAM role", "Apply again later."),
    };
    let by = match caller {
        Some(caller) => format!(" as `{caller}`"),
        None => String::new(),
    };
    Diagnostic::error(summary)
        .detail(format!(
            "The provider asked for `{role}`{by}. It is {}.",
            position(hop)
        ))
        .detail(answer::of_aws(said))
        .hint(hint)
}

/// `role 2 of 3 in assume_role of the resource`
fn position(hop: HopPosition) -> String {
    let list = match hop.origin {
        HopOrigin::Profile => "the profile",
        HopOrigin::Provider => "`assume_role` of the provider",
        HopOrigin::AccountRole => return "the `account_role` of the provider".to_owned(),
        HopOrigin::Resource => "`assume_role` of the resource",
    };
    match hop.of {
        1 => format!("the only role in {list}"),
        of => format!("role {} of {of} in {list}", hop.hop),
    }
}

pub(super) fn web_identity(
    role: &RoleArn,
    file: Option<&Path>,
    named_by: &NamedBy,
    said: &Answer,
) -> Diagnostic {
    let token = match file {
        Some(file) => format!("the token in `{}`{}", file.display(), named(named_by)),
        None => "the token of the provider block".to_owned(),
    };
    Diagnostic::error("Cannot assume IAM role with web identity")
        .detail(format!("The provider asked for `{role}` with {token}."))
        .detail(answer::of_aws(said))
        .hint(
            "Check that the token has not expired, and that issuer, audience and subject are \
             those that the trust policy of the role asks for.",
        )
}

pub(super) fn elsewhere(role: &RoleArn, identity: &str) -> Diagnostic {
    Diagnostic::error("Role leads into another account")
        .detail(format!(
            "The provider asked for `{role}`, and AWS answered with a session of `{identity}`, \
             which is not in account {}. Nothing was done there.",
            role.account()
        ))
        .hint(
            "AWS itself does not do that: check what answers at the STS endpoint of the provider.",
        )
}

/// Who named something, where it was not the block that the message points at.
fn named(named_by: &NamedBy) -> String {
    match named_by {
        NamedBy::Configuration => String::new(),
        NamedBy::Environment(_) | NamedBy::Profile(_) => {
            format!(", named by {}", named_by_words(named_by))
        }
    }
}

pub(super) fn token_file(
    file: &Path,
    named_by: &NamedBy,
    role: &RoleArn,
    problem: &str,
) -> Diagnostic {
    Diagnostic::error("Cannot assume IAM role with web identity").detail(format!(
        "The token for `{role}` is to be in `{}`{}, which cannot be used: {problem}.",
        file.display(),
        named(named_by)
    ))
    .hint(
        "Check that the pipeline has written the token. A relative path starts in the folder in \
         which Terraform runs.",
    )
}

pub(super) fn invalid(hop: HopPosition, problem: &InvalidHop) -> Diagnostic {
    Diagnostic::error("Invalid role session").detail(format!(
        "AWS would refuse the session of {}: {problem}.",
        position(hop)
    ))
}

pub(super) fn invalid_account_role(template: &str, problem: &InvalidAccountRole) -> Diagnostic {
    Diagnostic::error("Invalid account role").detail(format!(
        "`account_role` of the provider, `{template}`, does not lead into every account: \
         {problem}."
    ))
}

pub(super) fn not_allowed(account: &AccountId, identity: &str, rule: &AccountRule) -> Diagnostic {
    let rule = match rule {
        AccountRule::NotAllowed(allowed) => format!(
            "`allowed_account_ids` of the provider has only {}",
            list(allowed)
        ),
        AccountRule::Forbidden(_) => "it is in `forbidden_account_ids` of the provider".to_owned(),
    };
    Diagnostic::error("AWS account not allowed")
        .detail(format!(
            "The identity `{identity}` is in account {account}, and {rule}. Nothing was done \
             there."
        ))
        .hint("Correct the account or role of the resource, or the list of the provider.")
}

fn list(accounts: &BTreeSet<AccountId>) -> String {
    let accounts: Vec<&str> = accounts.iter().map(AccountId::as_str).collect();
    accounts.join(", ")
}

pub(super) fn wrong_account(
    expected: &AccountId,
    effective: &AccountId,
    identity: &str,
) -> Diagnostic {
    Diagnostic::error("Credentials lead into another account")
        .detail(format!(
            "The resource belongs to account {expected}. The identity `{identity}` is in account \
             {effective}. Nothing was done there."
        ))
        .hint(
            "Check credentials and roles. Do not remove the resource from the state: the image \
             is still where it was.",
        )
}

pub(super) fn wrong_partition(partition: &str, identity: &str) -> Diagnostic {
    Diagnostic::error("ECR Public is not offered in this partition")
        .detail(format!(
            "The credentials are those of `{identity}`, which is in the partition `{partition}`. \
             ECR Public is in the partition `aws` only. Nothing was done."
        ))
        .hint("Use credentials of a commercial account.")
}

pub(super) fn unknown_account(identity: &str) -> Diagnostic {
    Diagnostic::error("AWS account cannot be told").detail(format!(
        "AWS did not say in which account `{identity}` is, so nothing was done."
    ))
}

//! What STS and the API of ECR Public were asked, as the sandbox saw it.

use ecr_public_sandbox::{Entry, Face, Sandbox};

/// Every call that hands out a role, in order.
pub(crate) fn assumed(sandbox: &Sandbox) -> Vec<Entry> {
    sandbox.journal().select(|entry| {
        entry.face == Face::Sts
            && entry
                .operation
                .as_deref()
                .is_some_and(|operation| operation.starts_with("AssumeRole"))
    })
}

/// The roles that were asked for, in order, each with who asked: `pipeline -> tooling`.
pub(crate) fn hops(sandbox: &Sandbox) -> Vec<String> {
    let hop = |entry: Entry| {
        let caller = entry.identity.as_deref().unwrap_or("nobody");
        format!(
            "{} -> {}",
            principal(caller),
            principal(&entry.parameters["RoleArn"])
        )
    };
    assumed(sandbox).into_iter().map(hop).collect()
}

/// `111111111111/tooling` for the role and for its sessions, `111111111111/pipeline` for the user.
fn principal(arn: &str) -> String {
    let mut fields = arn.splitn(6, ':').skip(4);
    let (Some(account), Some(resource)) = (fields.next(), fields.next()) else {
        return arn.to_owned();
    };
    let name = resource.split('/').nth(1).unwrap_or(resource);
    format!("{account}/{name}")
}

/// Everything that would have changed an account, answered or not: calls of the API and requests to
/// the registry.
pub(crate) fn writes(sandbox: &Sandbox) -> Vec<String> {
    let writes = sandbox.journal().select(is_write).into_iter();
    writes.map(|entry| entry.to_string()).collect()
}

/// The same of one account.
pub(crate) fn writes_in(sandbox: &Sandbox, account: &str) -> Vec<String> {
    let is_there = |entry: &Entry| entry.account.as_deref() == Some(account);
    let all = sandbox
        .journal()
        .select(|entry| is_write(entry) && is_there(entry));
    all.iter().map(ToString::to_string).collect()
}

fn is_write(entry: &Entry) -> bool {
    const READING: [&str; 6] = [
        "BatchCheckLayerAvailability",
        "DescribeImages",
        "DescribeRegistries",
        "DescribeRepositories",
        "GetAuthorizationToken",
        "ListTagsForResource",
    ];
    match entry.face {
        Face::Api => {
            let operation = entry.operation.as_deref();
            !operation.is_some_and(|operation| READING.contains(&operation))
        }
        Face::Registry => !matches!(entry.method.as_str(), "GET" | "HEAD"),
        _ => false,
    }
}

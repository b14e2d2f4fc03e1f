//! The table.

use serde_json::json;

use super::row::Row;

mod endpoints;
mod guards;
mod keys;
mod profiles;
mod regions;
mod roles;
mod transport;
mod web_identity;

/// All rows.
pub(super) fn all() -> Vec<Row> {
    [
        keys::rows(),
        profiles::rows(),
        web_identity::rows(),
        roles::rows(),
        regions::rows(),
        endpoints::rows(),
        guards::rows(),
        transport::rows(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A session policy.
fn policy() -> String {
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": ["ecr-public:*", "sts:*"], "Resource": "*"}],
    });
    policy.to_string()
}

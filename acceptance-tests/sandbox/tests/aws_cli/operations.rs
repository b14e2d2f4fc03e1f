//! The operations there are, as commands of the CLI.

use std::collections::BTreeSet;

/// The service model of ECR Public.
pub(crate) const ECR_PUBLIC: [&str; 23] = [
    "batch-check-layer-availability",
    "batch-delete-image",
    "complete-layer-upload",
    "create-repository",
    "delete-repository",
    "delete-repository-policy",
    "describe-image-tags",
    "describe-images",
    "describe-registries",
    "describe-repositories",
    "get-authorization-token",
    "get-registry-catalog-data",
    "get-repository-catalog-data",
    "get-repository-policy",
    "initiate-layer-upload",
    "list-tags-for-resource",
    "put-image",
    "put-registry-catalog-data",
    "put-repository-catalog-data",
    "set-repository-policy",
    "tag-resource",
    "untag-resource",
    "upload-layer-part",
];

/// The operations of STS that the sandbox offers.
pub(crate) const STS: [&str; 5] = [
    "assume-role",
    "assume-role-with-web-identity",
    "get-access-key-info",
    "get-caller-identity",
    "get-session-token",
];

/// Fails by naming the operations that were not called, and those that nobody knows.
pub(crate) fn tick_off(model: &[&str], called: &BTreeSet<String>, how: &str) {
    let model: BTreeSet<String> = model.iter().map(ToString::to_string).collect();
    let missing: Vec<&String> = model.difference(called).collect();
    let unknown: Vec<&String> = called.difference(&model).collect();
    assert!(missing.is_empty(), "not {how}: {missing:?}");
    assert!(
        unknown.is_empty(),
        "{how}, but not in the model: {unknown:?}"
    );
}

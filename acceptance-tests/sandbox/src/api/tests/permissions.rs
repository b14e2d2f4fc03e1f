//! Every operation asks for a permission of its own name, and nothing else lets a caller in.

use super::*;

const POLICY: &str = r#"{ "Version": "2012-10-17", "Statement": [
    { "Effect": "Allow", "Principal": "*", "Action": "ecr-public:DescribeImages" }
] }"#;

/// The operations of the service model, each with the least that its model asks for.
fn operations() -> [(&'static str, Value); 23] {
    let repository = json!({ "repositoryName": "team/app" });
    let resource =
        json!({ "resourceArn": format!("arn:aws:ecr-public::{OWNER}:repository/team/app") });
    let digest = Digest::of(b"{}").to_string();
    let upload = "00000000-0000-0000-0000-000000000000";
    let plus = |base: &Value, more: Value| {
        let mut both = base.as_object().unwrap().clone();
        both.extend(more.as_object().unwrap().clone());
        Value::Object(both)
    };
    let of = |more: Value| plus(&repository, more);
    [
        (
            "BatchCheckLayerAvailability",
            of(json!({ "layerDigests": [digest] })),
        ),
        (
            "BatchDeleteImage",
            of(json!({ "imageIds": [{ "imageTag": "v1" }] })),
        ),
        (
            "CompleteLayerUpload",
            of(json!({ "uploadId": upload, "layerDigests": [digest] })),
        ),
        ("CreateRepository", json!({ "repositoryName": "team/new" })),
        ("DeleteRepository", repository.clone()),
        ("DeleteRepositoryPolicy", repository.clone()),
        ("DescribeImageTags", repository.clone()),
        ("DescribeImages", repository.clone()),
        ("DescribeRegistries", json!({})),
        ("DescribeRepositories", json!({})),
        ("GetAuthorizationToken", json!({})),
        ("GetRegistryCatalogData", json!({})),
        ("GetRepositoryCatalogData", repository.clone()),
        ("GetRepositoryPolicy", repository.clone()),
        ("InitiateLayerUpload", repository.clone()),
        ("ListTagsForResource", resource.clone()),
        ("PutImage", of(json!({ "imageManifest": "{}" }))),
        ("PutRegistryCatalogData", json!({ "displayName": "Acme" })),
        ("PutRepositoryCatalogData", of(json!({ "catalogData": {} }))),
        ("SetRepositoryPolicy", of(json!({ "policyText": POLICY }))),
        (
            "TagResource",
            plus(&resource, json!({ "tags": [{ "Key": "a", "Value": "b" }] })),
        ),
        (
            "UntagResource",
            plus(&resource, json!({ "tagKeys": ["a"] })),
        ),
        (
            "UploadLayerPart",
            of(json!({
                "uploadId": upload, "partFirstByte": 0, "partLastByte": 1, "layerPartBlob": "e30=",
            })),
        ),
    ]
}

#[tokio::test]
async fn nobody_may_anything() {
    let sandbox = sandbox();
    sandbox.image("team/app", "v1").await;
    for (operation, input) in operations() {
        let refused = sandbox.refusal("nobody", operation, input).await;
        let (expected, action) = (
            "AccessDeniedException: User: ",
            format!("ecr-public:{operation}"),
        );
        assert!(refused.starts_with(expected), "{operation}: {refused}");
        assert!(refused.contains(&action), "{operation}: {refused}");
    }
    let repository = json!({ "repositoryName": "team/app" });
    let kept = sandbox.call("owner", "DescribeImageTags", repository).await;
    assert_eq!(kept["imageTagDetails"][0]["imageTag"], "v1");
}

#[tokio::test]
async fn the_managed_policy_for_readers_reads_and_does_not_write() {
    let sandbox = sandbox();
    sandbox.image("team/app", "v1").await;
    let reads = [
        "BatchCheckLayerAvailability",
        "DescribeImageTags",
        "DescribeImages",
        "DescribeRegistries",
        "DescribeRepositories",
        "GetAuthorizationToken",
        "GetRegistryCatalogData",
        "GetRepositoryCatalogData",
        "GetRepositoryPolicy",
        "ListTagsForResource",
    ];
    for (operation, input) in operations() {
        let said = sandbox.refusal("reader", operation, input).await;
        let is_denied = said.starts_with("AccessDeniedException");
        // A login needs another permission besides, which this policy does not have.
        let expected = !reads.contains(&operation) || operation == "GetAuthorizationToken";
        assert_eq!(is_denied, expected, "{operation}: {said}");
    }
}

#[tokio::test]
async fn what_is_asked_for_without_its_required_members_is_refused_before_it_is_looked_up() {
    let sandbox = sandbox();
    let needs_nothing = [
        "DescribeRegistries",
        "DescribeRepositories",
        "GetAuthorizationToken",
        "GetRegistryCatalogData",
        "PutRegistryCatalogData",
    ];
    for (operation, _) in operations() {
        let said = sandbox.refusal("owner", operation, json!({})).await;
        let is_invalid = said.starts_with("InvalidParameterException");
        let expected = !needs_nothing.contains(&operation);
        assert_eq!(is_invalid, expected, "{operation}: {said}");
    }
}

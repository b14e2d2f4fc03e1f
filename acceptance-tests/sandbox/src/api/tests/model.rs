//! What the service model forbids, and what the state of a repository forbids.

use super::*;
use crate::fault::TokenExpired;
use crate::store::Limits;

/// One call of the owner, and the name of its refusal.
type Refused = (&'static str, Value, &'static str);

/// Makes the calls, in a sandbox whose repository `team/app` has the image `v1`.
async fn all_refused<const N: usize>(calls: [Refused; N]) {
    let sandbox = sandbox();
    sandbox.image("team/app", "v1").await;
    for (operation, input, expected) in calls {
        let refused = sandbox.refusal("owner", operation, input).await;
        let name = refused.split(':').next().unwrap();
        assert_eq!(name, expected, "{operation}: {refused}");
    }
}

/// A call about `team/app`.
fn app(more: Value) -> Value {
    let mut input = json!({ "repositoryName": "team/app" });
    let members = input.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    input
}

#[tokio::test]
async fn a_value_outside_the_model_is_an_invalid_parameter() {
    let invalid = "InvalidParameterException";
    let tag = |key: &str| json!([{ "Key": key, "Value": "" }]);
    let named = |name: Value| json!({ "repositoryName": name });
    all_refused([
        ("MakeCoffee", json!({}), "UnknownOperationException"),
        ("CreateRepository", named(json!("a__b")), invalid),
        (
            "CreateRepository",
            named(json!(7)),
            "SerializationException",
        ),
        (
            "CreateRepository",
            json!({ "repositoryName": "x/y", "tags": tag("aws:x") }),
            "InvalidTagParameterException",
        ),
        (
            "CreateRepository",
            json!({ "repositoryName": "x/y", "catalogData": { "description": "d".repeat(1025) } }),
            invalid,
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_question_and_a_push_outside_the_model_are_invalid_too() {
    let invalid = "InvalidParameterException";
    let part = |upload: &str, blob: &str| {
        app(json!({
            "uploadId": upload, "partFirstByte": 0, "partLastByte": 0, "layerPartBlob": blob,
        }))
    };
    let upload = "00000000-0000-0000-0000-000000000000";
    all_refused([
        (
            "DescribeImages",
            app(json!({ "registryId": "acme" })),
            invalid,
        ),
        (
            "DescribeImages",
            app(json!({ "imageIds": [{ "imageTag": "v1" }], "maxResults": 5 })),
            invalid,
        ),
        (
            "DescribeRepositories",
            json!({ "maxResults": 1001 }),
            invalid,
        ),
        (
            "DescribeRepositories",
            json!({ "nextToken": "made up" }),
            invalid,
        ),
        ("UploadLayerPart", part("no-uuid", "AA=="), invalid),
        (
            "UploadLayerPart",
            part(upload, "no base64"),
            "SerializationException",
        ),
        (
            "PutImage",
            app(json!({ "imageManifest": "not json" })),
            invalid,
        ),
        ("PutImage", app(json!({ "imageManifest": "" })), invalid),
        (
            "SetRepositoryPolicy",
            app(json!({ "policyText": "{}" })),
            invalid,
        ),
        (
            "ListTagsForResource",
            json!({ "resourceArn": "arn:aws:s3:::x" }),
            invalid,
        ),
        (
            "BatchCheckLayerAvailability",
            app(json!({ "layerDigests": [] })),
            invalid,
        ),
    ])
    .await;
}

#[tokio::test]
async fn what_is_not_there_or_there_already_is_refused_by_name() {
    let none = || json!({ "repositoryName": "none" });
    let part = json!({
        "uploadId": "00000000-0000-0000-0000-000000000000",
        "partFirstByte": 0, "partLastByte": 0, "layerPartBlob": "AA==",
    });
    let policy = "RepositoryPolicyNotFoundException";
    all_refused([
        (
            "CreateRepository",
            app(json!({})),
            "RepositoryAlreadyExistsException",
        ),
        (
            "DeleteRepository",
            app(json!({})),
            "RepositoryNotEmptyException",
        ),
        ("DescribeImages", none(), "RepositoryNotFoundException"),
        (
            "DescribeImages",
            app(json!({ "imageIds": [{ "imageTag": "v2" }] })),
            "ImageNotFoundException",
        ),
        (
            "DescribeRepositories",
            json!({ "repositoryNames": ["team/app", "none"] }),
            "RepositoryNotFoundException",
        ),
        (
            "InitiateLayerUpload",
            app(json!({ "registryId": "no-such-alias" })),
            "RegistryNotFoundException",
        ),
        ("UploadLayerPart", app(part), "UploadNotFoundException"),
        ("GetRepositoryPolicy", app(json!({})), policy),
        ("DeleteRepositoryPolicy", app(json!({})), policy),
        (
            "GetRepositoryCatalogData",
            none(),
            "RepositoryNotFoundException",
        ),
    ])
    .await;
}

#[tokio::test]
async fn the_same_image_twice_exists_already_and_the_fifty_first_tag_is_too_many() {
    let sandbox = sandbox();
    let manifest = sandbox.image("team/app", "v1").await;
    let again = app(json!({ "imageManifest": manifest, "imageTag": "v1" }));
    let refused = sandbox.refusal("owner", "PutImage", again).await;
    assert!(
        refused.starts_with("ImageAlreadyExistsException"),
        "{refused}"
    );
    let tags: Vec<Value> = (0..51)
        .map(|number| json!({ "Key": number.to_string(), "Value": "" }))
        .collect();
    let arn = format!("arn:aws:ecr-public::{OWNER}:repository/team/app");
    let input = json!({ "resourceArn": arn, "tags": tags });
    let refused = sandbox.refusal("owner", "TagResource", input).await;
    assert!(refused.starts_with("TooManyTagsException"), "{refused}");
}

#[tokio::test]
async fn a_limit_is_exceeded_by_one_more_and_not_by_what_is_there() {
    let sandbox = sandbox();
    let manifest = sandbox.image("team/app", "v1").await;
    let other = manifest.replacen('{', "{ ", 1);
    sandbox.store.set_limits(Limits {
        repositories_per_registry: 1,
        images_per_repository: 1,
        tags_per_image: 2,
    });
    let put =
        |manifest: &str, tag: &str| app(json!({ "imageManifest": manifest, "imageTag": tag }));
    let second = sandbox
        .call("owner", "PutImage", put(&manifest, "v2"))
        .await;
    assert_eq!(second["image"]["imageId"]["imageTag"], "v2", "{second}");
    for (operation, input, quota) in [
        ("PutImage", put(&manifest, "v3"), "'2' of tags per image"),
        (
            "PutImage",
            put(&other, "v3"),
            "'1' of images per repository",
        ),
        (
            "CreateRepository",
            json!({ "repositoryName": "team/next" }),
            "'1' of repositories per registry",
        ),
    ] {
        let refused = sandbox.refusal("owner", operation, input).await;
        let expected =
            format!("LimitExceededException: The operation would exceed the limit {quota}");
        assert_eq!(refused, expected);
    }
}

#[tokio::test]
async fn an_account_that_does_not_exist_has_nothing() {
    let sandbox = sandbox();
    let elsewhere = || app(json!({ "registryId": "999999999999" }));
    for (operation, expected) in [
        ("InitiateLayerUpload", "RegistryNotFoundException"),
        ("DescribeImages", "AccessDeniedException"),
    ] {
        let refused = sandbox.refusal("owner", operation, elsewhere()).await;
        assert!(refused.starts_with(expected), "{operation}: {refused}");
    }
}

#[tokio::test]
async fn a_fault_can_expire_the_credentials_of_a_call() {
    let sandbox = sandbox();
    let mut signed = signer("owner").sign(request("DescribeRegistries", &json!({})));
    signed.extensions_mut().insert(TokenExpired);
    let (status, body) = sandbox.send(signed).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(body["__type"], "ExpiredTokenException");
}

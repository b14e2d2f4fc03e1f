//! What is asked of ECR Public and how its answers are read.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Value, json};

use super::mock::{Mock, Reply, connect};
use crate::aws::{Config, ErrorKind, ImageId, Session, Target};
use crate::task::Context;

async fn session(mock: &Mock) -> Session {
    connect(mock.config())
        .await
        .unwrap()
        .session(&Target::default())
}

fn repository(name: &str) -> Value {
    json!({
        "repositoryArn": format!("arn:aws:ecr-public::111111111111:repository/{name}"),
        "registryId": "111111111111",
        "repositoryName": name,
        "repositoryUri": format!("public.ecr.aws/alias/{name}"),
    })
}

fn by_tag(tag: &str) -> ImageId {
    ImageId {
        digest: None,
        tag: Some(tag.to_owned()),
    }
}

fn registry(aliases: Value) -> Reply {
    Reply::json(json!({"registries": [{
        "registryId": "111111111111",
        "registryArn": "arn:aws:ecr-public::111111111111:registry/111111111111",
        "registryUri": "",
        "verified": false,
        "aliases": aliases,
    }]}))
}

#[tokio::test]
async fn a_registry_is_asked_for_once_and_only_active_aliases_count() {
    let mock = Mock::start().await;
    let alias = |name: &str, status: &str, primary: bool| {
        json!({"name": name, "status": status, "primaryRegistryAlias": primary,
               "defaultRegistryAlias": false})
    };
    let reply = registry(json!([
        alias("a1b2", "ACTIVE", false),
        alias("mine", "ACTIVE", true),
        alias("wish", "PENDING", false),
    ]));
    mock.script("DescribeRegistries", "", 1, reply);
    let session = session(&mock).await;
    for _ in 0..2 {
        let registry = session.registry(&Context::new()).await.unwrap();
        assert_eq!(registry.alias.as_deref(), Some("mine"));
        assert_eq!(registry.aliases, ["a1b2", "mine"]);
        assert_eq!(registry.account.as_str(), "111111111111");
    }
    assert_eq!(mock.count("DescribeRegistries"), 1);
}

#[tokio::test]
async fn an_account_without_alias_gets_one_with_its_first_repository() {
    let mock = Mock::start().await;
    mock.script(
        "DescribeRegistries",
        "",
        1,
        Reply::json(json!({"registries": []})),
    );
    let named = registry(json!([{"name": "new", "status": "ACTIVE",
        "primaryRegistryAlias": true, "defaultRegistryAlias": true}]));
    mock.script("DescribeRegistries", "", 1, named);
    let created = Reply::json(json!({"repository": repository("app")}));
    mock.script("CreateRepository", "app", 1, created);
    let session = session(&mock).await;
    let cx = Context::new();
    assert_eq!(session.registry(&cx).await.unwrap().alias, None);
    assert_eq!(session.registry(&cx).await.unwrap().alias, None);
    session
        .create_repository(&cx, "app", &BTreeMap::new())
        .await
        .unwrap();
    assert_eq!(
        session.registry(&cx).await.unwrap().alias.as_deref(),
        Some("new")
    );
    assert_eq!(mock.count("DescribeRegistries"), 2);
}

#[tokio::test]
async fn a_repository_that_is_not_there_is_none_and_not_an_error() {
    let mock = Mock::start().await;
    let missing = Reply::ecr_error(400, "RepositoryNotFoundException", "no");
    mock.script("DescribeRepositories", "gone", 1, missing);
    let found = Reply::json(json!({"repositories": [repository("app")]}));
    mock.script("DescribeRepositories", "app", 1, found);
    let session = session(&mock).await;
    let cx = Context::new();
    assert_eq!(session.repository(&cx, "gone").await.unwrap(), None);
    let repository = session.repository(&cx, "app").await.unwrap().unwrap();
    assert_eq!(repository.uri, "public.ecr.aws/alias/app");
    assert_eq!(repository.account.as_str(), "111111111111");
}

#[tokio::test]
async fn a_repository_that_somebody_else_created_is_described() {
    let mock = Mock::start().await;
    let exists = Reply::ecr_error(400, "RepositoryAlreadyExistsException", "there");
    mock.script("CreateRepository", "app", 1, exists);
    let found = Reply::json(json!({"repositories": [repository("app")]}));
    mock.script("DescribeRepositories", "app", 1, found);
    let session = session(&mock).await;
    let tags = BTreeMap::from([("CreatedBy".to_owned(), "us".to_owned())]);
    let created = session
        .create_repository(&Context::new(), "app", &tags)
        .await
        .unwrap();
    assert_eq!(created.name, "app");
    let sent = &mock.seen("CreateRepository")[0].json;
    assert_eq!(sent["tags"], json!([{"Key": "CreatedBy", "Value": "us"}]));
}

#[tokio::test]
async fn tags_are_added_and_removed_only_where_there_are_any() {
    let mock = Mock::start().await;
    let arn = "arn:aws:ecr-public::111111111111:repository/app";
    mock.script("TagResource", arn, 1, Reply::json(json!({})));
    mock.script("UntagResource", arn, 1, Reply::json(json!({})));
    let listed = Reply::json(json!({"tags": [{"Key": "a", "Value": "1"}]}));
    mock.script("ListTagsForResource", arn, 1, listed);
    let session = session(&mock).await;
    let cx = Context::new();
    let set = BTreeMap::from([("a".to_owned(), "1".to_owned())]);
    let remove = ["b".to_owned()].into();
    session
        .retag_repository(&cx, arn, &set, &remove)
        .await
        .unwrap();
    session
        .retag_repository(&cx, arn, &BTreeMap::new(), &[].into())
        .await
        .unwrap();
    assert_eq!(
        (mock.count("TagResource"), mock.count("UntagResource")),
        (1, 1)
    );
    assert_eq!(mock.seen("UntagResource")[0].json["tagKeys"], json!(["b"]));
    assert_eq!(session.repository_tags(&cx, arn).await.unwrap(), set);
}

#[tokio::test]
async fn an_image_is_described_by_one_id_and_may_be_absent() {
    let mock = Mock::start().await;
    let missing = || Reply::ecr_error(400, "ImageNotFoundException", "no");
    mock.script("DescribeImages", "gone", 1, missing());
    let found = Reply::json(json!({"imageDetails": [{
        "imageDigest": "sha256:1", "imageTags": ["v1", "latest"],
        "imageManifestMediaType": "application/vnd.oci.image.index.v1+json",
    }]}));
    mock.script("DescribeImages", "v1", 1, found);
    let no_repository = Reply::ecr_error(400, "RepositoryNotFoundException", "no");
    mock.script("DescribeImages", "v2", 1, no_repository);
    let session = session(&mock).await;
    let cx = Context::new();
    assert_eq!(
        session.image(&cx, "app", &by_tag("gone")).await.unwrap(),
        None
    );
    assert_eq!(
        session.image(&cx, "app", &by_tag("v2")).await.unwrap(),
        None
    );
    let image = session
        .image(&cx, "app", &by_tag("v1"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(image.digest, "sha256:1");
    assert_eq!(image.tags, ["v1", "latest"]);
    assert_eq!(
        mock.seen("DescribeImages")[2].json["imageIds"],
        json!([{"imageTag": "v1"}])
    );
}

#[tokio::test]
async fn layers_are_asked_for_a_hundred_at_a_time_and_only_available_ones_count() {
    let mock = Mock::start().await;
    let layers = json!({"layers": [
        {"layerDigest": "sha256:1", "layerAvailability": "AVAILABLE"},
        {"layerDigest": "sha256:2", "layerAvailability": "UNAVAILABLE"},
    ], "failures": [{"layerDigest": "sha256:3", "failureCode": "MissingLayerDigest"}]});
    mock.script("BatchCheckLayerAvailability", "", 1, Reply::json(layers));
    mock.script(
        "BatchCheckLayerAvailability",
        "",
        9,
        Reply::json(json!({"layers": []})),
    );
    let digests: Vec<String> = (0..250).map(|n| format!("sha256:{n}")).collect();
    let session = session(&mock).await;
    let available = session
        .available_layers(&Context::new(), "app", &digests)
        .await
        .unwrap();
    assert_eq!(available, HashSet::from(["sha256:1".to_owned()]));
    let sizes: Vec<_> = mock
        .seen("BatchCheckLayerAvailability")
        .iter()
        .map(|seen| seen.json["layerDigests"].as_array().unwrap().len())
        .collect();
    assert_eq!(sizes, [100, 100, 50]);
}

#[tokio::test]
async fn a_deletion_reports_what_was_kept_and_not_what_was_gone() {
    let mock = Mock::start().await;
    let failures = json!({"imageIds": [], "failures": [
        {"imageId": {"imageTag": "gone"}, "failureCode": "ImageNotFound", "failureReason": "no"},
        {"imageId": {"imageDigest": "sha256:1"},
         "failureCode": "ImageReferencedByManifestList", "failureReason": "in use"},
    ]});
    mock.script("BatchDeleteImage", "app", 1, Reply::json(failures));
    let missing = Reply::ecr_error(400, "RepositoryNotFoundException", "no");
    mock.script("BatchDeleteImage", "nowhere", 1, missing);
    let session = session(&mock).await;
    let cx = Context::new();
    let kept = session
        .delete_images(&cx, "app", &[by_tag("gone")])
        .await
        .unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].code, "ImageReferencedByManifestList");
    assert_eq!(kept[0].image.digest.as_deref(), Some("sha256:1"));
    assert_eq!(
        session
            .delete_images(&cx, "nowhere", &[by_tag("v")])
            .await
            .unwrap(),
        []
    );
}

#[tokio::test]
async fn an_answer_without_what_matters_is_malformed() {
    let mock = Mock::start().await;
    let reply = Reply::json(json!({"repositories": [{"repositoryName": "app"}]}));
    mock.script("DescribeRepositories", "app", 1, reply);
    let error = session(&mock)
        .await
        .repository(&Context::new(), "app")
        .await
        .unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::Malformed { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn ecr_public_is_signed_for_us_east_1_whatever_the_region_is() {
    let mock = Mock::start().await;
    let config = Config {
        region: Some("eu-central-1".to_owned()),
        user_agent_suffix: Some("our-module/1".to_owned()),
        ..mock.config()
    };
    let session = connect(config).await.unwrap().session(&Target::default());
    session.authorization_token(&Context::new()).await.unwrap();
    assert_eq!(mock.seen("GetCallerIdentity")[0].scope, "eu-central-1/sts");
    let seen = &mock.seen("GetAuthorizationToken")[0];
    assert_eq!(seen.scope, "us-east-1/ecr-public");
    assert!(
        seen.user_agent.ends_with(" our-module/1"),
        "{}",
        seen.user_agent
    );
}

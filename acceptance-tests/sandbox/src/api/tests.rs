use std::time::Duration;

use http::StatusCode;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

use super::*;
use crate::accounts::{AccountSeed, AccountsSeed, RoleSeed, UserSeed};
use crate::clock::Clock;
use crate::digest::Digest;
use crate::policy::PolicyDocument;
use crate::sigv4::signer::Signer;

mod concurrency;
mod model;
mod permissions;

const OWNER: &str = "111111111111";
const OTHER: &str = "222222222222";
const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

struct Sandbox {
    accounts: Accounts,
    store: Store,
    quotas: Quotas,
}

fn sandbox() -> Sandbox {
    let clock = Clock::default();
    let owner = AccountSeed::new(OWNER)
        .unwrap()
        .user(user("owner").policy(PolicyDocument::administrator()))
        .user(user("nobody"))
        .user(UserSeed {
            managed_policy_arns: vec![
                "arn:aws:iam::aws:policy/AmazonElasticContainerRegistryPublicReadOnly".to_owned(),
            ],
            ..user("reader")
        })
        .role(RoleSeed::new("unused", PolicyDocument::trust(&[OWNER])));
    let other = AccountSeed::new(OTHER)
        .unwrap()
        .alias("acme")
        .user(user("stranger").policy(PolicyDocument::administrator()));
    let seed = AccountsSeed {
        accounts: vec![owner, other],
        web_tokens: Vec::new(),
    };
    Sandbox {
        accounts: Accounts::new(seed, clock.clone()).unwrap(),
        store: Store::new(clock).unwrap(),
        quotas: Quotas::default(),
    }
}

fn user(name: &str) -> UserSeed {
    UserSeed::new(name, &key_of(name), &format!("{name}-secret"))
}

fn key_of(name: &str) -> String {
    format!("AKIA{:0<16}", name.to_uppercase())
}

fn signer(name: &str) -> Signer {
    Signer {
        access_key_id: key_of(name),
        secret_access_key: format!("{name}-secret"),
        session_token: None,
        region: "us-east-1",
        service: "ecr-public",
    }
}

impl Sandbox {
    async fn send(&self, request: Request<Bytes>) -> (StatusCode, Value) {
        let service = Service {
            accounts: &self.accounts,
            store: &self.store,
            quotas: &self.quotas,
        };
        let response = service.answer(request).await;
        let status = response.status();
        let exception = response.headers().get("x-amzn-errortype").cloned();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let body: Value = serde_json::from_slice(&body).unwrap();
        let named = exception.map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(named.as_deref(), body["__type"].as_str());
        (status, body)
    }

    async fn call(&self, name: &str, operation: &str, input: Value) -> Value {
        let request = signer(name).sign(request(operation, &input));
        self.send(request).await.1
    }

    async fn refusal(&self, name: &str, operation: &str, input: Value) -> String {
        let answer = self.call(name, operation, input).await;
        let message = answer["message"]
            .as_str()
            .or_else(|| answer["Message"].as_str());
        format!(
            "{}: {}",
            answer["__type"].as_str().unwrap_or("no refusal"),
            message.unwrap_or_default()
        )
    }

    /// Uploads one layer and returns its digest.
    async fn layer(&self, repository: &str, bytes: &[u8]) -> String {
        use base64::Engine as _;
        let digest = Digest::of(bytes).to_string();
        let begun = json!({ "repositoryName": repository });
        let started = self.call("owner", "InitiateLayerUpload", begun).await;
        let part = json!({
            "repositoryName": repository,
            "uploadId": started["uploadId"],
            "partFirstByte": 0,
            "partLastByte": bytes.len() - 1,
            "layerPartBlob": base64::engine::general_purpose::STANDARD.encode(bytes),
        });
        let received = self.call("owner", "UploadLayerPart", part).await;
        assert_eq!(received["lastByteReceived"], bytes.len() - 1);
        let end = json!({
            "repositoryName": repository,
            "uploadId": started["uploadId"],
            "layerDigests": [digest],
        });
        let completed = self.call("owner", "CompleteLayerUpload", end).await;
        assert_eq!(completed["layerDigest"], digest, "{completed}");
        digest
    }

    /// A repository with one image of one layer; returns the manifest.
    async fn image(&self, repository: &str, tag: &str) -> String {
        let create = json!({ "repositoryName": repository });
        self.call("owner", "CreateRepository", create).await;
        let config = self.layer(repository, b"{}").await;
        let layer = self.layer(repository, b"layer").await;
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json", "size": 2, "digest": config,
            },
            "layers": [{
                "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "size": 5, "digest": layer,
            }],
        })
        .to_string();
        let put = json!({
            "repositoryName": repository, "imageManifest": manifest, "imageTag": tag,
        });
        let stored = self.call("owner", "PutImage", put).await;
        assert_eq!(stored["image"]["imageManifest"], manifest, "{stored}");
        manifest
    }
}

fn request(operation: &str, input: &Value) -> Request<Bytes> {
    Request::post("/")
        .header("content-type", "application/x-amz-json-1.1")
        .header(
            "x-amz-target",
            format!("SpencerFrontendService.{operation}"),
        )
        .body(Bytes::from(input.to_string()))
        .unwrap()
}

#[tokio::test]
async fn an_image_pushed_part_by_part_is_described_and_deleted() {
    let sandbox = sandbox();
    let manifest = sandbox.image("team/app", "v1").await;
    let digest = Digest::of(manifest.as_bytes()).to_string();
    let named = json!({ "repositoryName": "team/app", "imageIds": [{ "imageTag": "v1" }] });
    let described = sandbox.call("owner", "DescribeImages", named.clone()).await;
    let detail = &described["imageDetails"][0];
    assert_eq!(detail["imageDigest"], digest);
    assert_eq!(detail["imageTags"], json!(["v1"]));
    assert_eq!(detail["imageSizeInBytes"], 7);
    assert!(detail["imagePushedAt"].is_number());
    let repository = json!({ "repositoryName": "team/app" });
    let tags = sandbox
        .call("owner", "DescribeImageTags", repository.clone())
        .await;
    assert_eq!(
        tags["imageTagDetails"][0]["imageDetail"]["imageDigest"],
        digest
    );
    let refused = sandbox
        .refusal("owner", "DeleteRepository", repository.clone())
        .await;
    assert!(
        refused.starts_with("RepositoryNotEmptyException"),
        "{refused}"
    );
    let deleted = sandbox
        .call("owner", "BatchDeleteImage", named.clone())
        .await;
    assert_eq!(deleted["imageIds"][0]["imageDigest"], digest);
    let again = sandbox.call("owner", "BatchDeleteImage", named).await;
    assert_eq!(again["failures"][0]["failureCode"], "ImageNotFound");
    let gone = sandbox.call("owner", "DeleteRepository", repository).await;
    assert_eq!(gone["repository"]["repositoryName"], "team/app");
}

#[tokio::test]
async fn a_refusal_for_lack_of_permission_is_worded_like_the_real_one() {
    let sandbox = sandbox();
    let input = json!({ "repositoryName": "team/app" });
    assert_eq!(
        sandbox.refusal("nobody", "CreateRepository", input).await,
        "AccessDeniedException: User: arn:aws:iam::111111111111:user/nobody is not authorized to \
         perform: ecr-public:CreateRepository on resource: \
         arn:aws:ecr-public::111111111111:repository/team/app because no identity-based policy \
         allows the ecr-public:CreateRepository action"
    );
    assert_eq!(
        sandbox
            .refusal("nobody", "GetAuthorizationToken", json!({}))
            .await,
        "AccessDeniedException: User: arn:aws:iam::111111111111:user/nobody is not authorized to \
         perform: ecr-public:GetAuthorizationToken on resource: * because no identity-based policy \
         allows the ecr-public:GetAuthorizationToken action"
    );
}

#[tokio::test]
async fn logging_in_needs_the_bearer_token_permission_too() {
    let sandbox = sandbox();
    let refused = sandbox
        .refusal("reader", "GetAuthorizationToken", json!({}))
        .await;
    assert!(
        refused.contains("sts:GetServiceBearerToken on resource: *"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_login_lasts_twelve_hours() {
    use crate::accounts::LoginRefused;
    use base64::Engine as _;
    let sandbox = sandbox();
    let answer = sandbox
        .call("owner", "GetAuthorizationToken", json!({}))
        .await;
    let token = answer["authorizationData"]["authorizationToken"]
        .as_str()
        .unwrap();
    let pair = base64::engine::general_purpose::STANDARD
        .decode(token)
        .unwrap();
    let pair = String::from_utf8(pair).unwrap();
    let password = pair.strip_prefix("AWS:").unwrap();
    let clock = sandbox.accounts.clock();
    clock.advance(Duration::from_secs(12 * 3600 - 60));
    let identity = sandbox.accounts.login(password).unwrap();
    assert_eq!(identity.arn, "arn:aws:iam::111111111111:user/owner");
    clock.advance(Duration::from_secs(60));
    let refused = sandbox.accounts.login(password).unwrap_err();
    assert_eq!(refused, LoginRefused::Expired);
    let refused = sandbox.accounts.login("made up").unwrap_err();
    assert_eq!(refused, LoginRefused::Unknown);
}

#[tokio::test]
async fn another_account_needs_a_repository_policy_that_allows_it() {
    let sandbox = sandbox();
    sandbox.image("team/app", "v1").await;
    let input = json!({ "registryId": OWNER, "repositoryName": "team/app" });
    let refused = sandbox
        .refusal("stranger", "DescribeImages", input.clone())
        .await;
    assert!(
        refused.contains("no resource-based policy allows"),
        "{refused}"
    );
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": { "AWS": "arn:aws:iam::222222222222:root" },
            "Action": "ecr-public:DescribeImages",
        }],
    });
    let set = json!({ "repositoryName": "team/app", "policyText": policy.to_string() });
    sandbox.call("owner", "SetRepositoryPolicy", set).await;
    let described = sandbox
        .call("stranger", "DescribeImages", input.clone())
        .await;
    assert_eq!(described["imageDetails"].as_array().unwrap().len(), 1);
    let refused = sandbox
        .refusal("stranger", "DescribeImageTags", input)
        .await;
    assert!(
        refused.contains("no resource-based policy allows"),
        "{refused}"
    );
}

#[tokio::test]
async fn the_default_alias_comes_with_the_first_repository() {
    let sandbox = sandbox();
    let aliases = async |name| {
        let answer = sandbox.call(name, "DescribeRegistries", json!({})).await;
        answer["registries"][0]["aliases"].clone()
    };
    assert_eq!(aliases("owner").await, json!([]));
    assert_eq!(aliases("stranger").await[0]["name"], "acme");
    let begin = json!({ "repositoryName": "team/app" });
    let refused = sandbox
        .refusal("owner", "InitiateLayerUpload", begin.clone())
        .await;
    assert!(
        refused.starts_with("RegistryNotFoundException"),
        "{refused}"
    );
    let created = sandbox.call("owner", "CreateRepository", begin).await;
    let alias = aliases("owner").await[0].clone();
    assert_eq!(alias["defaultRegistryAlias"], true);
    let uri = format!(
        "public.ecr.aws/{}/team/app",
        alias["name"].as_str().unwrap()
    );
    assert_eq!(created["repository"]["repositoryUri"], uri);
}

#[tokio::test]
async fn a_part_out_of_order_says_where_to_go_on() {
    let sandbox = sandbox();
    let repository = json!({ "repositoryName": "team/app" });
    sandbox
        .call("owner", "CreateRepository", repository.clone())
        .await;
    let started = sandbox
        .call("owner", "InitiateLayerUpload", repository)
        .await;
    let part = |first: u64| {
        json!({
            "repositoryName": "team/app", "uploadId": started["uploadId"],
            "partFirstByte": first, "partLastByte": first, "layerPartBlob": "AA==",
        })
    };
    sandbox.call("owner", "UploadLayerPart", part(0)).await;
    let refused = sandbox.call("owner", "UploadLayerPart", part(7)).await;
    assert_eq!(refused["__type"], "InvalidLayerPartException");
    assert_eq!(refused["lastValidByteReceived"], 0);
    assert_eq!(refused["uploadId"], started["uploadId"]);
}

#[tokio::test]
async fn signatures_are_checked_before_anything_else_is_said() {
    let sandbox = sandbox();
    let send = async |request| sandbox.send(request).await.1["__type"].clone();
    let plain = || request("DescribeRegistries", &json!({}));
    assert_eq!(send(plain()).await, "MissingAuthenticationTokenException");
    for (signer, expected) in [
        (
            Signer {
                region: "eu-west-1",
                ..signer("owner")
            },
            "InvalidSignatureException",
        ),
        (
            Signer {
                service: "ecr",
                ..signer("owner")
            },
            "InvalidSignatureException",
        ),
        (
            Signer {
                secret_access_key: "wrong".to_owned(),
                ..signer("owner")
            },
            "InvalidSignatureException",
        ),
        (
            Signer {
                access_key_id: "AKIAUNKNOWN000000000".to_owned(),
                ..signer("owner")
            },
            "UnrecognizedClientException",
        ),
    ] {
        assert_eq!(send(signer.sign(plain())).await, expected);
    }
    let mut wrong_type = plain();
    let html = http::HeaderValue::from_static("text/html");
    wrong_type.headers_mut().insert("content-type", html);
    let (status, body) = sandbox.send(signer("owner").sign(wrong_type)).await;
    assert_eq!(
        (status, &body["__type"]),
        (StatusCode::NOT_FOUND, &json!("UnknownOperationException"))
    );
}

#[tokio::test]
async fn pages_are_followed_to_the_end() {
    let sandbox = sandbox();
    for name in ["a/one", "a/three", "a/two"] {
        sandbox
            .call(
                "owner",
                "CreateRepository",
                json!({ "repositoryName": name }),
            )
            .await;
    }
    let mut input = json!({ "maxResults": 2 });
    let first = sandbox
        .call("owner", "DescribeRepositories", input.clone())
        .await;
    assert_eq!(first["repositories"].as_array().unwrap().len(), 2);
    input["nextToken"] = first["nextToken"].clone();
    let second = sandbox.call("owner", "DescribeRepositories", input).await;
    assert_eq!(second["repositories"][0]["repositoryName"], "a/two");
    assert!(second.get("nextToken").is_none());
}

#[tokio::test]
async fn calls_above_the_quota_are_throttled_once_it_is_switched_on() {
    let sandbox = sandbox();
    let repository = json!({ "repositoryName": "team/app" });
    sandbox
        .call("owner", "CreateRepository", repository.clone())
        .await;
    sandbox.quotas.switch(true);
    let mut refusals = Vec::new();
    for _ in 0..200 {
        refusals.push(
            sandbox
                .refusal("owner", "InitiateLayerUpload", repository.clone())
                .await,
        );
    }
    assert!(refusals.contains(&"ThrottlingException: Rate exceeded".to_owned()));
}

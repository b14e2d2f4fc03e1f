//! The AWS CLI judges STS and the ECR Public API: its serialiser, its signer and its parsers were
//! written by others, from the service models.

mod cli;
mod world;

use std::collections::BTreeSet;
use std::path::Path;

use ecr_public_sandbox::Digest;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Value, json};

use crate::cli::Cli;
use crate::world::{FEDERATED, PARTNER, PUBLISHER, TOOLING, caller, start};

/// The operations of the service model, as commands of the CLI.
const OPERATIONS: [&str; 23] = [
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

const ARN: &str = "arn:aws:ecr-public::111111111111:repository/team/app";

/// Calls ECR Public and remembers which operations were answered.
struct Caller {
    cli: Cli,
    answered: BTreeSet<String>,
}

impl Caller {
    /// Makes a call about `team/app`, the command in front of more arguments.
    async fn about(&mut self, operation: &str, more: &[&str]) -> anyhow::Result<Value> {
        let arguments = [&["--repository-name", "team/app"], more].concat();
        self.call(operation, &arguments).await
    }

    async fn call(&mut self, operation: &str, more: &[&str]) -> anyhow::Result<Value> {
        let arguments = [&["ecr-public", operation], more].concat();
        let answer = self.cli.answer(&arguments).await?;
        self.answered.insert(operation.to_owned());
        Ok(answer)
    }

    /// Uploads a layer in one part and returns its digest.
    async fn upload(&mut self, folder: &Path, bytes: &[u8]) -> anyhow::Result<String> {
        let digest = Digest::of(bytes).to_string();
        let file = folder.join("part");
        std::fs::write(&file, bytes)?;
        let blob = format!("fileb://{}", file.display());
        let last = (bytes.len() - 1).to_string();
        let started = self.about("initiate-layer-upload", &[]).await?;
        assert_eq!(started["partSize"], 10 * 1024 * 1024);
        let id = started["uploadId"].as_str().unwrap_or_default().to_owned();
        let part = [
            "--upload-id",
            &id,
            "--part-first-byte",
            "0",
            "--part-last-byte",
            &last,
        ];
        let part = [&part[..], &["--layer-part-blob", &blob]].concat();
        let received = self.about("upload-layer-part", &part).await?;
        assert_eq!(received["lastByteReceived"], bytes.len() - 1);
        let end = ["--upload-id", &id, "--layer-digests", &digest];
        let completed = self.about("complete-layer-upload", &end).await?;
        assert_eq!(completed["layerDigest"], digest);
        Ok(digest)
    }
}

#[tokio::test]
async fn every_operation_answers_the_aws_cli() -> anyhow::Result<()> {
    let sandbox = start().await?;
    let folder = tempfile::tempdir()?;
    let cli = caller(&sandbox, "owner");
    let mut owner = Caller {
        cli,
        answered: BTreeSet::new(),
    };
    repository_metadata(&mut owner).await?;
    image_life(&mut owner, folder.path()).await?;
    let login = owner.call("get-authorization-token", &[]).await?;
    assert!(login["authorizationData"]["authorizationToken"].is_string());
    let registries = owner.call("describe-registries", &[]).await?;
    assert_eq!(
        registries["registries"][0]["aliases"][0]["defaultRegistryAlias"],
        true
    );
    let gone = owner.about("delete-repository", &["--force"]).await?;
    assert_eq!(gone["repository"]["repositoryArn"], ARN);
    let answered: Vec<&str> = owner.answered.iter().map(String::as_str).collect();
    assert_eq!(answered, OPERATIONS);
    Ok(())
}

async fn repository_metadata(owner: &mut Caller) -> anyhow::Result<()> {
    let tags = [
        "--tags",
        "Key=team,Value=blue",
        "--catalog-data",
        "description=An app",
    ];
    let created = owner.about("create-repository", &tags).await?;
    assert_eq!(created["repository"]["repositoryArn"], ARN);
    assert_eq!(created["catalogData"]["description"], "An app");
    let found = owner
        .call("describe-repositories", &["--repository-names", "team/app"])
        .await?;
    assert_eq!(found["repositories"][0], created["repository"]);
    let text = ["--catalog-data", "aboutText=About,architectures=x86,ARM 64"];
    owner.about("put-repository-catalog-data", &text).await?;
    let catalog = owner.about("get-repository-catalog-data", &[]).await?["catalogData"].clone();
    assert_eq!(catalog["architectures"], json!(["x86", "ARM 64"]));
    assert_eq!(
        catalog["description"],
        Value::Null,
        "what is written replaces what was there"
    );
    owner
        .call("put-registry-catalog-data", &["--display-name", "Acme"])
        .await?;
    let registry = owner.call("get-registry-catalog-data", &[]).await?;
    assert_eq!(registry["registryCatalogData"]["displayName"], "Acme");
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Principal": "*", "Action": "ecr-public:PutImage" }],
    })
    .to_string();
    owner
        .about("set-repository-policy", &["--policy-text", &policy])
        .await?;
    assert_eq!(
        owner.about("get-repository-policy", &[]).await?["policyText"],
        policy
    );
    assert_eq!(
        owner.about("delete-repository-policy", &[]).await?["policyText"],
        policy
    );
    let resource = ["--resource-arn", ARN];
    owner
        .call(
            "tag-resource",
            &[&resource[..], &["--tags", "Key=stage,Value=test"]].concat(),
        )
        .await?;
    owner
        .call(
            "untag-resource",
            &[&resource[..], &["--tag-keys", "team"]].concat(),
        )
        .await?;
    let tags = owner.call("list-tags-for-resource", &resource).await?;
    assert_eq!(tags["tags"], json!([{ "Key": "stage", "Value": "test" }]));
    Ok(())
}

async fn image_life(owner: &mut Caller, folder: &Path) -> anyhow::Result<()> {
    let config = owner.upload(folder, b"{}").await?;
    let missing = Digest::of(b"missing").to_string();
    let digests = ["--layer-digests", &config, &missing, "sha256:short"];
    let checked = owner
        .about("batch-check-layer-availability", &digests)
        .await?;
    assert_eq!(checked["layers"][0]["layerAvailability"], "AVAILABLE");
    assert_eq!(checked["layers"][1]["layerAvailability"], "UNAVAILABLE");
    assert_eq!(checked["failures"][0]["failureCode"], "InvalidLayerDigest");
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json", "digest": config, "size": 2,
        },
        "layers": [],
    })
    .to_string();
    let digest = Digest::of(manifest.as_bytes()).to_string();
    let put = [
        "--image-manifest",
        &manifest,
        "--image-tag",
        "v1",
        "--image-digest",
        &digest,
    ];
    let stored = owner.about("put-image", &put).await?;
    assert_eq!(
        stored["image"]["imageId"],
        json!({ "imageDigest": digest, "imageTag": "v1" })
    );
    let named = ["--image-ids", "imageTag=v1"];
    let described = owner.about("describe-images", &named).await?;
    assert_eq!(described["imageDetails"][0]["imageDigest"], digest);
    let tags = owner.about("describe-image-tags", &[]).await?;
    assert_eq!(
        tags["imageTagDetails"][0]["imageDetail"]["imageDigest"],
        digest
    );
    let deleted = owner.about("batch-delete-image", &named).await?;
    assert_eq!(deleted["imageIds"][0]["imageDigest"], digest);
    assert_eq!(deleted["failures"], json!([]));
    Ok(())
}

/// One call that must be refused: by whom, the arguments, and how the refusal begins.
type Refused = (&'static str, &'static str, &'static str);

const REFUSED: [Refused; 29] = [
    (
        "nobody",
        "get-authorization-token",
        "AccessDeniedException: User: arn:aws:iam::111111111111:user/nobody is not authorized to \
         perform: ecr-public:GetAuthorizationToken on resource: * because no identity-based policy \
         allows the ecr-public:GetAuthorizationToken action",
    ),
    ("nobody", "describe-registries", "AccessDeniedException"),
    (
        "nobody",
        "get-registry-catalog-data",
        "AccessDeniedException",
    ),
    (
        "nobody",
        "put-registry-catalog-data --display-name x",
        "AccessDeniedException",
    ),
    (
        "owner",
        "describe-registries --no-sign-request",
        "MissingAuthenticationTokenException",
    ),
    (
        "owner",
        "describe-registries --region eu-west-1",
        "InvalidSignatureException",
    ),
    (
        "owner",
        "describe-repositories --registry-id 222222222222",
        "AccessDeniedException",
    ),
    (
        "owner",
        "describe-repositories --repository-names none",
        "RepositoryNotFoundException",
    ),
    (
        "owner",
        "create-repository --repository-name a__b",
        "InvalidParameterException",
    ),
    (
        "owner",
        "create-repository --repository-name team/app",
        "RepositoryAlreadyExistsException",
    ),
    (
        "owner",
        "create-repository --repository-name x/y --tags Key=aws:x,Value=y",
        "InvalidTagParameterException",
    ),
    (
        "owner",
        "delete-repository --repository-name none",
        "RepositoryNotFoundException",
    ),
    (
        "owner",
        "get-repository-policy --repository-name team/app",
        "RepositoryPolicyNotFoundException",
    ),
    (
        "owner",
        "delete-repository-policy --repository-name team/app",
        "RepositoryPolicyNotFoundException",
    ),
    (
        "owner",
        "set-repository-policy --repository-name team/app --policy-text {}",
        "InvalidParameterException",
    ),
    (
        "owner",
        "get-repository-catalog-data --repository-name none",
        "RepositoryNotFoundException",
    ),
    (
        "owner",
        "put-repository-catalog-data --repository-name none --catalog-data description=x",
        "RepositoryNotFoundException",
    ),
    (
        "owner",
        "list-tags-for-resource --resource-arn arn:aws:s3:::bucket",
        "InvalidParameterException",
    ),
    (
        "owner",
        "tag-resource --resource-arn arn:aws:ecr-public::111111111111:repository/none --tags \
         Key=a,Value=b",
        "RepositoryNotFoundException",
    ),
    (
        "owner",
        "untag-resource --resource-arn arn:aws:ecr-public::111111111111:repository/none --tag-keys a",
        "RepositoryNotFoundException",
    ),
    (
        "owner",
        "batch-check-layer-availability --repository-name none --layer-digests sha256:00",
        "RepositoryNotFoundException",
    ),
    (
        "owner",
        "initiate-layer-upload --repository-name team/app --registry-id no-such-alias",
        "RegistryNotFoundException",
    ),
    (
        "owner",
        "initiate-layer-upload --repository-name team/app --registry-id acme",
        "RegistryNotFoundException",
    ),
    (
        "owner",
        "upload-layer-part --repository-name team/app --upload-id \
         00000000-0000-0000-0000-000000000000 --part-first-byte 0 --part-last-byte 3 \
         --layer-part-blob AAAA",
        "UploadNotFoundException",
    ),
    (
        "owner",
        "complete-layer-upload --repository-name team/app --upload-id no-uuid --layer-digests \
         sha256:00",
        "InvalidParameterException",
    ),
    (
        "owner",
        "put-image --repository-name team/app --image-manifest {}",
        "InvalidParameterException",
    ),
    (
        "owner",
        "describe-images --repository-name team/app --image-ids imageTag=none",
        "ImageNotFoundException",
    ),
    (
        "owner",
        "describe-image-tags --repository-name none",
        "RepositoryNotFoundException",
    ),
    (
        "owner",
        "batch-delete-image --repository-name none --image-ids imageTag=x",
        "RepositoryNotFoundException",
    ),
];

#[tokio::test]
async fn every_operation_refuses_the_aws_cli_by_the_real_name() -> anyhow::Result<()> {
    let sandbox = start().await?;
    let owner = caller(&sandbox, "owner");
    owner
        .answer(&[
            "ecr-public",
            "create-repository",
            "--repository-name",
            "team/app",
        ])
        .await?;
    let sandbox = &sandbox;
    let calls = stream::iter(REFUSED).map(|(who, command, expected)| async move {
        let arguments: Vec<&str> = command.split_whitespace().collect();
        let arguments = [&["ecr-public"], &arguments[..]].concat();
        let refusal = caller(sandbox, who).refusal(&arguments).await?;
        assert!(refusal.starts_with(expected), "{command}: {refusal}");
        anyhow::Ok(command.split_whitespace().next().unwrap_or_default())
    });
    let refused: BTreeSet<&str> = calls.buffer_unordered(4).try_collect().await?;
    assert_eq!(refused.into_iter().collect::<Vec<_>>(), OPERATIONS);
    Ok(())
}

async fn assume(cli: &Cli, role: &str, more: &[&str]) -> anyhow::Result<Value> {
    cli.answer(&assume_role(role, more)).await
}

fn assume_role<'a>(role: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let command = [
        "sts",
        "assume-role",
        "--role-session-name",
        "run",
        "--role-arn",
        role,
    ];
    [&command[..], more].concat()
}

#[tokio::test]
async fn the_aws_cli_walks_a_role_chain() -> anyhow::Result<()> {
    let sandbox = start().await?;
    let owner = caller(&sandbox, "owner");
    let more = [
        "--tags",
        "Key=team,Value=blue",
        "--transitive-tag-keys",
        "team",
    ];
    let more = [
        &more[..],
        &["--source-identity", "jane", "--duration-seconds", "900"],
    ]
    .concat();
    let hop = assume(&owner, TOOLING, &more).await?;
    assert_eq!(hop["SourceIdentity"], "jane");
    let tooling = owner.assumed(&hop)?;
    let publisher = tooling.assumed(&assume(&tooling, PUBLISHER, &[]).await?)?;
    let who = publisher.answer(&["sts", "get-caller-identity"]).await?;
    assert_eq!(who["Account"], "222222222222");
    assert_eq!(
        who["Arn"],
        "arn:aws:sts::222222222222:assumed-role/publisher/run"
    );
    let registries = publisher
        .answer(&["ecr-public", "describe-registries"])
        .await?;
    assert_eq!(
        registries["registries"][0]["registryUri"],
        "public.ecr.aws/acme"
    );
    let session = owner.answer(&["sts", "get-session-token"]).await?;
    let who = owner
        .assumed(&session)?
        .answer(&["sts", "get-caller-identity"])
        .await?;
    assert_eq!(who["Arn"], "arn:aws:iam::111111111111:user/owner");
    let key = [
        "sts",
        "get-access-key-info",
        "--access-key-id",
        "AKIAOWNER00000000000",
    ];
    assert_eq!(owner.answer(&key).await?["Account"], "111111111111");
    let partner = assume(&owner, PARTNER, &["--external-id", "x-42"]).await?;
    assert!(partner["AssumedRoleUser"]["AssumedRoleId"].is_string());
    let federated = owner.answer(&web_identity("a-good-token")).await?;
    assert_eq!(federated["SubjectFromWebIdentityToken"], "repo:team/infra");
    sandbox.clock().advance(std::time::Duration::from_secs(901));
    let expired = tooling.refusal(&["sts", "get-caller-identity"]).await?;
    assert!(expired.starts_with("ExpiredToken: "), "{expired}");
    let expired = tooling
        .refusal(&["ecr-public", "describe-registries"])
        .await?;
    assert!(expired.starts_with("ExpiredTokenException: "), "{expired}");
    Ok(())
}

fn web_identity(token: &str) -> Vec<&str> {
    let command = [
        "sts",
        "assume-role-with-web-identity",
        "--role-session-name",
        "job",
    ];
    [
        &command[..],
        &["--role-arn", FEDERATED, "--web-identity-token", token],
    ]
    .concat()
}

#[tokio::test]
async fn sts_refuses_the_aws_cli_by_the_real_name() -> anyhow::Result<()> {
    let sandbox = start().await?;
    let (owner, nobody) = (caller(&sandbox, "owner"), caller(&sandbox, "nobody"));
    let tooling = owner.assumed(&assume(&owner, TOOLING, &[]).await?)?;
    let stranger = owner
        .clone()
        .with("AWS_ACCESS_KEY_ID", "AKIASTRANGER00000000");
    let forger = owner.clone().with("AWS_SECRET_ACCESS_KEY", "guessed");
    let who = vec!["sts", "get-caller-identity"];
    let unsigned = vec!["sts", "get-caller-identity", "--no-sign-request"];
    let federation = vec!["sts", "get-federation-token", "--name", "jane"];
    let calls = [
        (
            &owner,
            assume_role(PUBLISHER, &[]),
            "AccessDenied: User: arn:aws:iam::111111111111:user/owner is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::222222222222:role/publisher",
        ),
        (
            &nobody,
            assume_role(TOOLING, &[]),
            "AccessDenied: User: arn:aws:iam::111111111111:user/nobody",
        ),
        (&owner, assume_role(PARTNER, &[]), "AccessDenied"),
        (
            &owner,
            assume_role(PARTNER, &["--external-id", "x-43"]),
            "AccessDenied",
        ),
        (
            &owner,
            assume_role("arn:aws:iam::1:role/nobody", &[]),
            "ValidationError",
        ),
        (
            &owner,
            assume_role(TOOLING, &["--duration-seconds", "7200"]),
            "ValidationError: The requested DurationSeconds exceeds the MaxSessionDuration",
        ),
        (
            &tooling,
            assume_role(PUBLISHER, &["--duration-seconds", "3601"]),
            "ValidationError: The requested DurationSeconds exceeds the 1 hour session limit",
        ),
        (
            &owner,
            assume_role(TOOLING, &["--policy", "{}"]),
            "MalformedPolicyDocument",
        ),
        (
            &owner,
            assume_role(TOOLING, &["--external-id", "not allowed"]),
            "ValidationError: 1 validation error detected",
        ),
        (
            &owner,
            web_identity("a-forged-token"),
            "InvalidIdentityToken",
        ),
        (
            &owner,
            web_identity("a-stale-token"),
            "ExpiredTokenException",
        ),
        (&stranger, who.clone(), "InvalidClientTokenId"),
        (&forger, who, "SignatureDoesNotMatch"),
        (&owner, unsigned, "MissingAuthenticationToken"),
        (&owner, federation, "InvalidAction"),
    ];
    let calls = stream::iter(calls).map(|(cli, arguments, expected)| async move {
        let refusal = cli.refusal(&arguments).await?;
        assert!(
            refusal.starts_with(expected),
            "{}: {refusal}",
            arguments.join(" ")
        );
        anyhow::Ok(())
    });
    calls.buffer_unordered(4).try_collect().await
}

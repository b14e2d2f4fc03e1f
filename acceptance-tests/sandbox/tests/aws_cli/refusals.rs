//! ECR Public refuses every operation by the names of the service model.

use std::collections::BTreeSet;

use ecr_public_sandbox::Digest;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::json;

use crate::cli::Cli;
use crate::operations::{ECR_PUBLIC, tick_off};
use crate::world::{caller, start};

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
        let operation = command.split_whitespace().next().unwrap_or_default();
        anyhow::Ok(operation.to_owned())
    });
    let refused: BTreeSet<String> = calls.buffer_unordered(4).try_collect().await?;
    tick_off(&ECR_PUBLIC, &refused, "refused");
    Ok(())
}

/// A push of the owner into `team/app`, one step at a time.
struct Push<'a> {
    owner: &'a Cli,
    folder: &'a std::path::Path,
}

impl Push<'_> {
    fn about(operation: &str) -> Vec<&str> {
        vec!["ecr-public", operation, "--repository-name", "team/app"]
    }

    async fn open(&self) -> anyhow::Result<String> {
        let started = Self::about("initiate-layer-upload");
        let started = self.owner.answer(&started).await?;
        Ok(started["uploadId"].as_str().unwrap_or_default().to_owned())
    }

    /// The arguments that send a part.
    fn part(&self, upload: &str, first: usize, bytes: &[u8]) -> anyhow::Result<Vec<String>> {
        let file = self.folder.join(format!("{upload}-{first}"));
        std::fs::write(&file, bytes)?;
        let last = first + bytes.len() - 1;
        let range = format!("--part-first-byte {first} --part-last-byte {last}");
        let blob = format!("--layer-part-blob fileb://{}", file.display());
        let line = format!("--upload-id {upload} {range} {blob}");
        let more = line.split_whitespace().map(str::to_owned);
        let about = Self::about("upload-layer-part");
        Ok(about.into_iter().map(str::to_owned).chain(more).collect())
    }

    async fn complete(&self, upload: &str, digest: &str) -> anyhow::Result<String> {
        let end = ["--upload-id", upload, "--layer-digests", digest];
        let call = [&Self::about("complete-layer-upload")[..], &end].concat();
        self.owner.refusal(&call).await
    }

    async fn put(&self, more: &[&str]) -> anyhow::Result<String> {
        let call = [&Self::about("put-image")[..], more].concat();
        self.owner.refusal(&call).await
    }
}

fn borrowed(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

#[tokio::test]
async fn a_push_that_goes_wrong_is_refused_step_by_step() -> anyhow::Result<()> {
    let sandbox = start().await?;
    let (owner, folder) = (caller(&sandbox, "owner"), tempfile::tempdir()?);
    owner.answer(&Push::about("create-repository")).await?;
    let push = Push {
        owner: &owner,
        folder: folder.path(),
    };
    let config = Digest::of(b"{}").to_string();
    let mut said = Vec::new();

    let upload = push.open().await?;
    said.push(push.complete(&upload, &config).await?);
    let upload = push.open().await?;
    let late = push.part(&upload, 5, b"{}")?;
    said.push(owner.refusal(&borrowed(&late)).await?);
    let first = push.part(&upload, 0, b"{ }")?;
    owner.answer(&borrowed(&first)).await?;
    said.push(push.complete(&upload, &config).await?);
    let upload = push.open().await?;
    for (first, byte) in [(0, b"{"), (1, b"}")] {
        let part = push.part(&upload, first, byte)?;
        owner.answer(&borrowed(&part)).await?;
    }
    said.push(push.complete(&upload, &config).await?);

    let image = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json", "digest": config, "size": 2,
        },
        "layers": [],
    })
    .to_string();
    let index = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{
            "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": config, "size": 2,
        }],
    })
    .to_string();
    said.push(push.put(&["--image-manifest", &image]).await?);
    said.push(push.put(&["--image-manifest", &index]).await?);
    let wrong = ["--image-manifest", &image, "--image-digest", &config];
    said.push(push.put(&wrong).await?);
    let names: Vec<&str> = said.iter().filter_map(|it| it.split(':').next()).collect();
    let expected = [
        "EmptyUploadException",
        "InvalidLayerPartException",
        "InvalidLayerException",
        "LayerPartTooSmallException",
        "LayersNotFoundException",
        "ReferencedImagesNotFoundException",
        "ImageDigestDoesNotMatchException",
    ];
    assert_eq!(names, expected, "{said:#?}");
    Ok(())
}

#[tokio::test]
async fn a_request_nobody_vouches_for_is_refused_by_what_is_wrong_with_it() -> anyhow::Result<()> {
    let sandbox = start().await?;
    let owner = caller(&sandbox, "owner");
    let call = ["ecr-public", "describe-registries"];
    for (name, value, expected) in [
        (
            "AWS_ACCESS_KEY_ID",
            "AKIASTRANGER00000000",
            "UnrecognizedClientException",
        ),
        (
            "AWS_SECRET_ACCESS_KEY",
            "guessed",
            "InvalidSignatureException",
        ),
        (
            "AWS_SESSION_TOKEN",
            "made-up",
            "UnrecognizedClientException",
        ),
    ] {
        let refusal = owner.clone().with(name, value).refusal(&call).await?;
        assert!(refusal.starts_with(expected), "{name}: {refusal}");
    }
    Ok(())
}

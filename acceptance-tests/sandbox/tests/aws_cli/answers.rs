//! ECR Public answers every operation.

use std::collections::BTreeSet;
use std::path::Path;

use ecr_public_sandbox::Digest;
use serde_json::{Value, json};

use crate::cli::Cli;
use crate::operations::{ECR_PUBLIC, tick_off};
use crate::world::{caller, start};

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
    tick_off(&ECR_PUBLIC, &owner.answered, "answered");
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

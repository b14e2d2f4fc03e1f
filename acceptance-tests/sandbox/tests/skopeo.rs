//! skopeo judges the two registry faces: it reads from Docker Hub's and copies into ECR Public's.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, ensure};
use ecr_public_sandbox::accounts::{AccountId, AccountSeed, UserSeed};
use ecr_public_sandbox::policy::PolicyDocument;
use ecr_public_sandbox::store::NewRepository;
use ecr_public_sandbox::{
    Effect, Face, Fault, HubSeed, HubUser, RepositorySeed, Sandbox, Seed, image,
};
use serde_json::Value;
use tokio::process::Command;

const ACCOUNT: &str = "222222222222";
const LOGIN: &str = "jane:hub-token";

/// A sandbox with a public and a private image, and somewhere to copy them to.
struct Stage {
    sandbox: Sandbox,
    account: AccountId,
    folder: tempfile::TempDir,
    /// `AWS:<password>`.
    login: String,
}

impl Stage {
    async fn set() -> anyhow::Result<Self> {
        let owner = UserSeed::new("owner", "AKIAOWNER00000000000", "owner-secret");
        let account = AccountSeed::new(ACCOUNT)?
            .alias("acme")
            .user(owner.policy(PolicyDocument::administrator()));
        let id = account.id.clone();
        let seed = Seed {
            accounts: vec![account],
            hub: hub(),
            ..Seed::default()
        };
        let sandbox = Sandbox::start(seed).await?;
        let new = NewRepository::default();
        sandbox.store().create_repository(&id, "team/app", new)?;
        let login = login(&sandbox).await?;
        Ok(Self {
            sandbox,
            account: id,
            folder: tempfile::tempdir()?,
            login,
        })
    }

    /// An image of Docker Hub as skopeo names it.
    fn source(&self, name: &str) -> String {
        reference(&self.sandbox.hub_url(), name)
    }

    /// The repository's tag as skopeo names it.
    fn destination(&self, tag: &str) -> String {
        let name = format!("acme/team/app:{tag}");
        reference(&self.sandbox.registry_url(), &name)
    }

    /// Runs skopeo and returns what it printed, or fails with what it complained about.
    async fn skopeo(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let home = self.folder.path();
        let output = Command::new("skopeo")
            .arg("--insecure-policy")
            .args(arguments)
            .env("HOME", home)
            .env("XDG_RUNTIME_DIR", home)
            .env("REGISTRY_AUTH_FILE", home.join("auth.json"))
            .stdin(Stdio::null())
            .output()
            .await
            .context("skopeo has to be installed for this test")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "skopeo said: {said}");
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Copies all of an image, byte for byte, out of Docker Hub.
    async fn copy(&self, from: &str, to: &str) -> anyhow::Result<String> {
        self.copy_as(LOGIN, from, to).await
    }

    /// The same from where `reader` may read.
    async fn copy_as(&self, reader: &str, from: &str, to: &str) -> anyhow::Result<String> {
        let arguments = ["copy", "--all", "--preserve-digests", "--retry-times", "0"];
        let plain = ["--src-tls-verify=false", "--dest-tls-verify=false"];
        let login = ["--src-creds", reader, "--dest-creds", &self.login];
        self.skopeo(&[&arguments[..], &plain, &login, &[from, to]].concat())
            .await
    }

    /// What skopeo finds out about an image.
    async fn inspect(&self, reference: &str, login: &[&str]) -> anyhow::Result<Value> {
        let arguments = ["inspect", "--tls-verify=false", "--no-tags"];
        let printed = self
            .skopeo(&[&arguments[..], login, &[reference]].concat())
            .await?;
        Ok(serde_json::from_str(&printed)?)
    }
}

fn hub() -> HubSeed {
    let app = image("app")
        .platforms(["linux/amd64", "linux/arm64/v8"])
        .layers([100_000, 2_000_000]);
    let tagged = |readers: Option<Vec<String>>| RepositorySeed {
        tags: [("1".to_owned(), app.clone())].into(),
        readers,
    };
    HubSeed {
        repositories: [
            ("library/app".to_owned(), tagged(None)),
            ("acme/app".to_owned(), tagged(Some(vec!["jane".to_owned()]))),
        ]
        .into(),
        users: vec![HubUser::new("jane", "hub-token")],
        ..HubSeed::default()
    }
}

fn reference(url: &str, name: &str) -> String {
    format!("docker://{}/{name}", url.trim_start_matches("http://"))
}

/// The login that the AWS CLI gets from the API, with the access key of the first user.
async fn login(sandbox: &Sandbox) -> anyhow::Result<String> {
    let output = Command::new("aws")
        .args(["ecr-public", "get-login-password"])
        .envs(sandbox.environment())
        .env("AWS_CONFIG_FILE", Path::new("/dev/null"))
        .env("AWS_SHARED_CREDENTIALS_FILE", Path::new("/dev/null"))
        .env_remove("AWS_SESSION_TOKEN")
        .env_remove("AWS_PROFILE")
        .stdin(Stdio::null())
        .output()
        .await
        .context("the AWS CLI (`aws`) has to be installed for this test")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "the AWS CLI said: {said}");
    let password = String::from_utf8(output.stdout)?;
    Ok(format!("AWS:{}", password.trim()))
}

#[tokio::test]
async fn skopeo_reads_from_docker_hub() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let found = stage.inspect(&stage.source("library/app:1"), &[]).await?;
    assert_eq!(found["Architecture"], "amd64");
    assert_eq!(found["Layers"].as_array().map(Vec::len), Some(2));
    let private = stage.source("acme/app:1");
    let login = ["--creds", LOGIN];
    let found = stage.inspect(&private, &login).await?;
    assert_eq!(found["Os"], "linux");
    let refused = stage.inspect(&private, &[]).await.unwrap_err().to_string();
    assert!(refused.contains("unauthorized"), "{refused}");
    let missing = stage.source("library/app:2");
    let refused = stage.inspect(&missing, &[]).await.unwrap_err().to_string();
    assert!(refused.contains("manifest unknown"), "{refused}");
    Ok(())
}

#[tokio::test]
async fn skopeo_copies_from_docker_hub_into_ecr_public() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let (sandbox, account) = (&stage.sandbox, &stage.account);
    let destination = stage.destination("1");
    for source in ["library/app:1", "acme/app:1"] {
        stage.copy(&stage.source(source), &destination).await?;
        let (name, tag) = source.split_once(':').context("no tag")?;
        let tags = sandbox.store().tags(account, "team/app")?;
        assert_eq!(tags.get("1"), sandbox.hub().digest(name, tag).as_ref());
    }
    assert_eq!(sandbox.store().open_uploads(account, "team/app")?, 0);
    let back = format!("dir:{}", stage.folder.path().join("image").display());
    stage.copy_as(&stage.login, &destination, &back).await?;
    let violations = sandbox.journal().violations();
    assert!(violations.is_empty(), "{violations:?}");
    Ok(())
}

#[tokio::test]
async fn skopeo_is_refused_without_a_login_and_where_there_is_no_repository() -> anyhow::Result<()>
{
    let stage = Stage::set().await?;
    let source = stage.source("library/app:1");
    let nowhere = reference(&stage.sandbox.registry_url(), "acme/none:1");
    let refused = stage.copy(&source, &nowhere).await.unwrap_err().to_string();
    assert!(
        refused.contains("does not exist in the registry"),
        "{refused}"
    );
    let stranger = Stage {
        login: "AWS:guessed".to_owned(),
        ..stage
    };
    let destination = stranger.destination("1");
    let refused = stranger.copy(&source, &destination).await.unwrap_err();
    let refused = refused.to_string();
    assert!(refused.contains("400 (Bad Request)"), "{refused}");
    let tags = stranger
        .sandbox
        .store()
        .tags(&stranger.account, "team/app")?;
    assert!(tags.is_empty());
    Ok(())
}

#[tokio::test]
async fn what_arrives_with_another_digest_is_refused() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let (source, destination) = (stage.source("library/app:1"), stage.destination("1"));
    let fault = Fault::on(Face::HubCdn, Effect::WrongByte { at: 50_000 });
    let struck = stage.sandbox.faults().add(fault.always());
    let refused = stage.copy(&source, &destination).await.unwrap_err();
    let refused = refused.to_string();
    assert!(refused.contains("Digest did not match"), "{refused}");
    assert!(struck.hits() > 0);
    struck.remove();

    // The same for a layer that was changed on its way through a folder.
    let image = stage.folder.path().join("image");
    let local = format!("dir:{}", image.display());
    stage.copy(&source, &local).await?;
    let manifest = stage.sandbox.hub();
    let digest = manifest.digest("library/app", "1").context("no image")?;
    let (_, index) = manifest
        .manifest("library/app", &digest)
        .context("no index")?;
    let index: Value = serde_json::from_slice(&index)?;
    let child = index["manifests"][0]["digest"]
        .as_str()
        .context("no child")?;
    let (_, child) = manifest
        .manifest("library/app", &child.parse()?)
        .context("no manifest")?;
    let child: Value = serde_json::from_slice(&child)?;
    let layer = child["layers"][0]["digest"].as_str().context("no layer")?;
    let file = image.join(layer.trim_start_matches("sha256:"));
    let mut bytes = std::fs::read(&file)?;
    *bytes.last_mut().context("an empty layer")? ^= 1;
    std::fs::write(&file, bytes)?;
    let refused = stage
        .copy(&local, &destination)
        .await
        .unwrap_err()
        .to_string();
    assert!(refused.contains("Digest did not match"), "{refused}");
    let tags = stage.sandbox.store().tags(&stage.account, "team/app")?;
    assert!(tags.is_empty(), "the tag comes last");
    Ok(())
}

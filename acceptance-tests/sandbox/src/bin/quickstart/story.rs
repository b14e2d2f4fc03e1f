//! The story, one chapter after the other.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use ecr_public_sandbox::{Face, Sandbox, Seed};
use tokio::time::Instant;

use crate::read_back;
use crate::stage::{self, ACCOUNTS, IMAGE, REPOSITORY};
use crate::tell;
use crate::terraform::{self, Terraform};

/// Tells it. With `keep`, stops before the destroy and waits for Ctrl-C.
pub(crate) async fn tell(keep: bool) -> Result<()> {
    let began = Instant::now();
    let program = terraform::find().context(
        "Terraform is not on the PATH: install it from \
         https://developer.hashicorp.com/terraform/install (OpenTofu will do as well)",
    )?;
    let provider = build().await?;
    let sandbox = start().await?;
    let folder = tempfile::Builder::new()
        .prefix("ecrpublic-quickstart-")
        .tempdir()?;
    let terraform = prepare(program, folder.path(), &provider, &sandbox)?;
    init_and_plan(&terraform).await?;
    apply(&terraform).await?;
    read_back(&terraform, &sandbox).await?;
    show_pulls(&sandbox)?;
    nothing_to_do(&terraform, &sandbox).await?;
    if keep {
        keep_running(&terraform, &sandbox).await?;
    } else {
        destroy(&terraform, &sandbox).await?;
    }
    sandbox.stop().await;
    tell::took("everything", began.elapsed());
    Ok(())
}

async fn build() -> Result<PathBuf> {
    tell::step("Build the provider");
    let began = Instant::now();
    let provider = terraform::build_provider(&repository()).await?;
    tell::took("the build", began.elapsed());
    Ok(provider)
}

async fn start() -> Result<Sandbox> {
    tell::step("Start the stand-ins");
    let sandbox = Sandbox::start(Seed::demo()).await?;
    tell::say(
        "Everything below happens on this machine. These answer in place of the real ones:\n",
    );
    tell::inset(&format!(
        "Docker Hub            {}\nAWS STS               {}\nECR Public, API       {}\n\
         ECR Public, registry  {}",
        sandbox.hub_url(),
        sandbox.sts_url(),
        sandbox.api_url(),
        sandbox.registry_url(),
    ));
    tell::say(&format!(
        "\nDocker Hub has {IMAGE}, among others: three platforms, with attestations. AWS has three\n\
         accounts: {}, where the pipeline and the role `tooling` are, and {} and {},\n\
         each with a role `ecr-publisher` that trusts `tooling` and nobody else.",
        stage::TOOLING,
        ACCOUNTS[0],
        ACCOUNTS[1],
    ));
    Ok(sandbox)
}

fn prepare(
    program: PathBuf,
    folder: &Path,
    provider: &Path,
    sandbox: &Sandbox,
) -> Result<Terraform> {
    tell::step("Write a working folder");
    let example = repository().join("examples/landing-zone");
    let terraform = Terraform::prepare(
        program,
        folder,
        provider,
        &example,
        stage::environment(sandbox),
    )?;
    let variables = stage::variables(sandbox)?;
    let path = terraform.folder().join("quickstart.auto.tfvars.json");
    std::fs::write(path, &variables)?;
    tell::say(&format!(
        "{}\nis examples/landing-zone as it is, and one more file, quickstart.auto.tfvars.json:\n",
        terraform.folder().display()
    ));
    tell::inset(&variables);
    tell::say("\nTo publish from real accounts, these variables are what you would change.");
    Ok(terraform)
}

async fn init_and_plan(terraform: &Terraform) -> Result<()> {
    tell::step("Initialise and plan");
    tell::say("The provider comes from a folder, so nothing is downloaded.\n");
    terraform.show(&["init", "-input=false"]).await?;
    tell::say("");
    terraform.show(&["plan", "-input=false"]).await
}

async fn apply(terraform: &Terraform) -> Result<()> {
    tell::step("Apply: one image, two accounts, one provider block");
    terraform
        .show(&["apply", "-input=false", "-auto-approve"])
        .await
}

async fn read_back(terraform: &Terraform, sandbox: &Sandbox) -> Result<()> {
    tell::step("Read the images back by digest, as anybody on the internet would");
    let outputs = terraform.json(&["output", "-json", "images"]).await?;
    let registry = sandbox.registry_url().parse()?;
    let images = outputs
        .as_object()
        .context("the output `images` is a map")?;
    ensure!(
        images.len() == ACCOUNTS.len(),
        "{} images were mirrored",
        images.len()
    );
    for (key, uri) in images {
        let uri = uri.as_str().context("an address is a text")?;
        let (name, digest) = uri.split_once('@').context("an address names a digest")?;
        let (_, repository) = name
            .split_once('/')
            .context("an address names a repository")?;
        let began = Instant::now();
        let read = read_back::image(&registry, repository, digest).await?;
        let platforms: Vec<_> = read.platforms.iter().map(String::as_str).collect();
        tell::say(&format!("{key}\n  {uri}"));
        tell::say(&format!(
            "  {} manifests and {} blobs, {} bytes, every one with the digest that names it\n  \
             platforms: {}",
            read.manifests,
            read.blobs,
            read.bytes,
            platforms.join(", "),
        ));
        tell::took("reading it", began.elapsed());
    }
    Ok(())
}

/// Docker Hub counts reads of manifests; each one must be there once.
fn show_pulls(sandbox: &Sandbox) -> Result<()> {
    tell::step("What Docker Hub saw");
    let seen = sandbox.journal().select(|entry| {
        entry.face == Face::Hub
            && entry.path.starts_with("/v2/library/")
            && entry.status != Some(401)
    });
    let log: Vec<_> = seen.iter().map(ToString::to_string).collect();
    tell::inset(&log.join("\n"));
    let mut reads: Vec<_> = seen
        .iter()
        .filter(|entry| entry.method == "GET")
        .map(|entry| &entry.path)
        .collect();
    let all = reads.len();
    reads.sort();
    reads.dedup();
    ensure!(
        all > 0 && reads.len() == all,
        "something was read from Docker Hub more than once"
    );
    let pulls = reads
        .iter()
        .filter(|path| path.contains("/manifests/"))
        .count();
    tell::say(&format!(
        "\nTwo accounts, and everything was read once. Docker Hub counts reads of manifests: {pulls},\n\
         for an index and what it holds. HEAD is free."
    ));
    Ok(())
}

async fn nothing_to_do(terraform: &Terraform, sandbox: &Sandbox) -> Result<()> {
    tell::step("Plan again");
    let before = sandbox.hub().pulls();
    terraform
        .show(&["plan", "-input=false", "-detailed-exitcode"])
        .await?;
    ensure!(sandbox.hub().pulls() == before, "a plan consumed a pull");
    tell::say("Nothing to do, and no pull was spent to find that out.");
    Ok(())
}

async fn destroy(terraform: &Terraform, sandbox: &Sandbox) -> Result<()> {
    tell::step("Destroy");
    terraform
        .show(&["destroy", "-input=false", "-auto-approve"])
        .await?;
    for account in ACCOUNTS {
        let left = sandbox
            .store()
            .image_digests(&account.parse()?, REPOSITORY)?;
        ensure!(
            left.is_empty(),
            "account {account} still has {} images",
            left.len()
        );
        tell::say(&format!(
            "Account {account}: no image is left in `{REPOSITORY}`."
        ));
    }
    tell::say("The empty repositories stay; nothing that may belong to others is ever deleted.");
    Ok(())
}

async fn keep_running(terraform: &Terraform, sandbox: &Sandbox) -> Result<()> {
    tell::step("Your turn");
    tell::say("The stand-ins keep running until Ctrl-C. In another terminal:\n");
    let variables = terraform.environment().iter();
    let exports: Vec<_> = variables
        .map(|(name, value)| format!("export {name}='{value}'"))
        .collect();
    tell::inset(&format!(
        "cd {}\n{}",
        terraform.folder().display(),
        exports.join("\n")
    ));
    let name = terraform.name();
    tell::say("\nThen, for example:\n");
    tell::inset(&format!(
        "{name} state show 'module.public_images.ecrpublic_mirrored_image.this[\"{}/{IMAGE}\"]'\n\
         {name} apply -replace 'module.public_images.ecrpublic_mirrored_image.this[\"{}/{IMAGE}\"]'\n\
         {name} destroy\n\
         curl -s {}/v2/",
        ACCOUNTS[0],
        ACCOUNTS[0],
        sandbox.registry_url(),
    ));
    tokio::signal::ctrl_c().await?;
    tell::say("\nStopping. The working folder goes away with the stand-ins.");
    Ok(())
}

fn repository() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().nth(2).unwrap_or(manifest).to_owned()
}

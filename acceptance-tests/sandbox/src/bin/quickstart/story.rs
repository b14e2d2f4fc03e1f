//! The story, one chapter after the other.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use ecr_public_sandbox::{Sandbox, Seed};
use tokio::time::Instant;

use crate::read_back;
use crate::reads;
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
    init(&terraform).await?;
    plan(&terraform).await?;
    apply(&terraform).await?;
    reads::check(&sandbox)?;
    read_back(&terraform, &sandbox).await?;
    nothing_to_do(&terraform, &sandbox).await?;
    if keep {
        return keep_running(&terraform, sandbox).await;
    }
    destroy(&terraform, &sandbox).await?;
    sandbox.stop().await;
    drop(terraform);
    folder.close()?;
    conclude(began);
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

async fn init(terraform: &Terraform) -> Result<()> {
    tell::step("Initialise");
    tell::say("The provider comes from a folder, so nothing is downloaded.\n");
    terraform.show(&["init", "-input=false"]).await?;
    tell::say(
        "\nThe warning is about that folder: it has the provider for this platform only, so the lock \
         file\ncannot name the checksums for others. From a registry it would name all of them.",
    );
    Ok(())
}

async fn plan(terraform: &Terraform) -> Result<()> {
    tell::step("Plan: one image, two accounts, one provider block");
    terraform
        .show(&["plan", "-input=false", "-out=mirror.tfplan"])
        .await
}

async fn apply(terraform: &Terraform) -> Result<()> {
    tell::step("Apply that plan");
    terraform
        .show(&["apply", "-input=false", "mirror.tfplan"])
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
            "  {} manifests and {} blobs, {} bytes, read in {}, every one with the digest that \
             names it\n  platforms: {}",
            read.manifests,
            read.blobs,
            read.bytes,
            tell::duration(began.elapsed()),
            platforms.join(", "),
        ));
    }
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
    tell::say(
        "A plan first. It lists what the first one listed, so here is only what it comes to.\n",
    );
    let plan = ["plan", "-destroy", "-input=false", "-out=destroy.tfplan"];
    terraform.summarise(&plan, &["Plan:"]).await?;
    tell::say("");
    let apply = ["apply", "-input=false", "destroy.tfplan"];
    terraform.show(&apply).await?;
    tell::say("");
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
    tell::say(
        "The repositories stay, empty: nothing that may belong to others is ever deleted. Removing\n\
         them is up to whoever owns the account.",
    );
    Ok(())
}

fn conclude(began: Instant) {
    tell::step("What stays behind");
    tell::say(
        "On this machine only what cargo built, in `target`. The stand-ins, their repositories and \
         the\nworking folder are gone. `cargo quickstart --keep` leaves them running for you.\n\n\
         What is different for real accounts, and in which order to go there:\n\
         examples/landing-zone/README.md, \"From the stand-ins to your accounts\".\n",
    );
    tell::took("everything", began.elapsed());
    tell::say(&format!(
        "Shown: {IMAGE} mirrored to {} accounts, read once from Docker Hub, read back by digest,\n\
         nothing to do in a second plan, and every image removed by destroy.",
        ACCOUNTS.len()
    ));
}

async fn keep_running(terraform: &Terraform, sandbox: Sandbox) -> Result<()> {
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
    sandbox.stop().await;
    tell::say("\nStopped. The working folder went away with the stand-ins.");
    Ok(())
}

fn repository() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().nth(2).unwrap_or(manifest).to_owned()
}

//! Real Terraform in front of a sandbox.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ecr_public_sandbox::{Entry, Face, Sandbox, Seed};

use super::packages::ADDRESS;
use super::terraform::Terraform;
use super::wanted::Wanted;

/// The accounts of the demo that publish. Each has a role `ecr-publisher` that trusts the role
/// `tooling` of [`TOOLING`], and nobody else.
pub(crate) const FIRST: &str = "222222222222";
/// The other one.
pub(crate) const SECOND: &str = "333333333333";
/// Where the pipeline is at home.
pub(crate) const TOOLING: &str = "111111111111";

/// The address of what [`it`] declares.
pub(crate) const IT: &str = "ecrpublic_mirrored_image.it";

/// One mirrored image with these arguments, one a line.
pub(crate) fn it(arguments: &str) -> String {
    named("it", arguments)
}

/// The same under another name.
pub(crate) fn named(name: &str, arguments: &str) -> String {
    format!("resource \"ecrpublic_mirrored_image\" \"{name}\" {{\n{arguments}\n}}\n")
}

/// A sandbox, and a folder in which Terraform works against it.
#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) sandbox: Sandbox,
    pub(crate) terraform: Terraform,
    /// The folders of others, who work against the same sandbox.
    others: Vec<Arc<Terraform>>,
    is_judged: Judged,
}

/// Whether [`Scenario::was_clean`] was asked: a test that forgets it has not looked for secrets.
#[derive(Debug, Default)]
struct Judged(AtomicBool);

impl Drop for Judged {
    fn drop(&mut self) {
        let is_judged = *self.0.get_mut() || std::thread::panicking();
        assert!(is_judged, "a scenario has to end with `was_clean`");
    }
}

impl Scenario {
    /// The demo and these resources, initialised.
    pub(crate) async fn with(resources: &str) -> Self {
        Self::seeded(Seed::demo(), resources).await
    }

    /// Any seed and these resources, initialised.
    pub(crate) async fn seeded(seed: Seed, resources: &str) -> Self {
        let scenario = Self::bare(seed).await;
        scenario.configure(resources);
        scenario.terraform.init().await;
        scenario
    }

    /// The demo, and a folder of the repository in place of a configuration of ours. It is not
    /// initialised, since it needs files of the test first.
    pub(crate) async fn of_example(folder: &str) -> Self {
        Self::of_example_seeded(Seed::demo(), folder).await
    }

    /// The same with any seed.
    pub(crate) async fn of_example_seeded(seed: Seed, folder: &str) -> Self {
        let scenario = Self::bare(seed).await;
        scenario.terraform.copy(folder);
        scenario
    }

    /// A sandbox, and an empty folder with the environment for it.
    pub(crate) async fn bare(seed: Seed) -> Self {
        let sandbox = Sandbox::start(seed).await.unwrap();
        let mut terraform = folder_at(&sandbox);
        terraform.count_pulls_at(sandbox.hub());
        Self {
            terraform,
            sandbox,
            others: Vec::new(),
            is_judged: Judged::default(),
        }
    }

    /// A second folder with these resources, initialised: somebody else's, whose state knows nothing
    /// of the first.
    pub(crate) async fn beside(&mut self, resources: &str) -> Arc<Terraform> {
        let other = folder_at(&self.sandbox);
        let provider = self.sandbox.provider_block();
        other.write("main.tf", &configuration(&provider, resources));
        other.init().await;
        let other = Arc::new(other);
        self.others.push(Arc::clone(&other));
        other
    }

    /// Writes these resources in place of those before, below the provider block of the sandbox.
    pub(crate) fn configure(&self, resources: &str) {
        self.configure_with(&self.sandbox.provider_block(), resources);
    }

    /// The same with a provider block of the test.
    pub(crate) fn configure_with(&self, provider: &str, resources: &str) {
        let main = configuration(provider, resources);
        self.terraform.write("main.tf", &main);
    }

    /// The provider block of the sandbox with these lines in it.
    pub(crate) fn provider_with(&self, lines: &str) -> String {
        let block = self.sandbox.provider_block();
        let (head, tail) = block.split_once("  endpoints {").unwrap();
        format!("{head}{lines}\n  endpoints {{{tail}")
    }

    /// The tags of a repository and the digests they show; empty when there is no such repository.
    pub(crate) fn tags(&self, account: &str, repository: &str) -> BTreeMap<String, String> {
        let tags = self
            .sandbox
            .store()
            .tags(&account.parse().unwrap(), repository);
        let tags = tags.unwrap_or_default().into_iter();
        tags.map(|(tag, digest)| (tag, digest.to_string()))
            .collect()
    }

    /// The digest that a tag of an official image has at the stand-in for Docker Hub.
    pub(crate) fn at_hub(&self, image: &str, tag: &str) -> String {
        let digest = self.sandbox.hub().digest(&format!("library/{image}"), tag);
        digest.expect("the seed has it").to_string()
    }

    /// Every read of content at Docker Hub so far: paths of GETs that were answered.
    pub(crate) fn reads(&self) -> Vec<String> {
        let is_read = |entry: &Entry| {
            entry.face == Face::Hub
                && entry.method == "GET"
                && (entry.path.contains("/manifests/") || entry.path.contains("/blobs/"))
                && entry.status.is_some_and(|status| status < 400)
        };
        let reads = self.sandbox.journal().select(is_read).into_iter();
        reads.map(|entry| entry.path).collect()
    }

    /// Asserts that no request broke a rule that only the stand-ins can see, such as credentials
    /// sent to a foreign host, and that no secret of anybody was written down; then stops.
    pub(crate) async fn was_clean(self) {
        self.is_judged.0.store(true, Ordering::SeqCst);
        assert_eq!(self.sandbox.journal().violations(), [""; 0]);
        assert_eq!(self.leaks(), [""; 0]);
        self.sandbox.stop().await;
    }

    /// Where a secret is that somebody was given or shown in this scenario: in anything that
    /// Terraform and the provider wrote, at their loudest, or that the sandbox recorded.
    pub(crate) fn leaks(&self) -> Vec<String> {
        let recorded = self.sandbox.journal().entries();
        let mut leaks = Vec::new();
        for folder in self.others.iter().map(Arc::as_ref).chain([&self.terraform]) {
            let mut evidence = folder.evidence();
            evidence.text("recordings of the sandbox", &format!("{recorded:#?}"));
            let configurations = folder.configurations();
            leaks.extend(evidence.leaks(&self.sandbox.secrets(), &configurations));
        }
        // External IDs are no secrets: a state has them, as it has roles. Logs need not.
        let external = recorded
            .iter()
            .filter_map(|entry| entry.parameters.get("ExternalId"));
        let external = Wanted::new(external.map(String::as_str));
        let log = self.terraform.log();
        let logged = external.found_in(&log);
        leaks.extend(logged.map(|before| format!("external ID in the log: {before}")));
        leaks
    }
}

/// An empty folder with the environment for a sandbox.
fn folder_at(sandbox: &Sandbox) -> Terraform {
    let mut terraform = Terraform::empty();
    for (name, value) in sandbox.environment() {
        terraform.set(name, value);
    }
    terraform
}

fn configuration(provider: &str, resources: &str) -> String {
    format!(
        "terraform {{\n  required_providers {{\n    ecrpublic = {{\n      source = \
         \"{ADDRESS}\"\n    }}\n  }}\n}}\n\n{provider}\n{resources}\n"
    )
}

//! Official images, which Docker publishes in ECR Public too.

use ecr_public_sandbox::accounts::AccountSeed;
use ecr_public_sandbox::{BuiltImage, ImageSpec, Seed};

use super::scenario::Scenario;

/// Whose alias at ECR Public is `docker`.
const DOCKER: &str = "999999999999";

/// The demo, and Docker's account.
pub(crate) fn with_official_images() -> Seed {
    let mut seed = Seed::demo();
    let docker = AccountSeed::new(DOCKER).unwrap();
    seed.accounts.push(docker.alias("docker"));
    seed
}

/// Publishes an official image as `1.0` in both places.
pub(crate) fn publish(scenario: &Scenario, name: &str, content: &ImageSpec) -> BuiltImage {
    let repository = format!("library/{name}");
    let hub = scenario.sandbox.hub();
    let built = hub.push(&repository, "1.0", content).unwrap();
    let docker = DOCKER.parse().unwrap();
    let store = scenario.sandbox.store();
    store.publish(&docker, &repository, "1.0", &built).unwrap();
    built
}

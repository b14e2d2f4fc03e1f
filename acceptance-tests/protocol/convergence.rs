//! Real Terraform has nothing more to do after each thing that it did.

use super::support::session::struck;
use crate::support::scenario::{FIRST, IT, Scenario};

const IMAGE: &str = "resource \"ecrpublic_mirrored_image\" \"it\" {\n  \
                     source     = \"alpine:3.22\"\n  account_id = \"222222222222\"\n}\n";

#[tokio::test]
async fn every_way_to_an_image_ends_in_an_empty_plan_and_a_destroy_in_an_empty_registry() {
    let scenario = Scenario::with(IMAGE).await;
    let terraform = &scenario.terraform;
    terraform.apply(&[]).await.succeeded();
    terraform.converged().await;

    let replace = format!("-replace={IT}");
    terraform.apply(&[&replace]).await.succeeded();
    terraform.converged().await;

    terraform.forget(IT).await;
    let id = "222222222222/alpine:3.22?source=alpine:3.22";
    let import = ["import", "-input=false", IT, id];
    terraform.run(&import).await.succeeded();
    terraform.converged().await;
    assert_eq!(scenario.tags(FIRST, "alpine").len(), 1);

    terraform.destroy().await.succeeded();
    assert!(scenario.tags(FIRST, "alpine").is_empty());
    assert!(terraform.attributes(IT).await.is_null());
    scenario.was_clean().await;
}

#[tokio::test]
async fn an_interrupted_apply_leaves_no_image_that_terraform_does_not_know() {
    use ecr_public_sandbox::{Effect, Face, Fault};

    let tags = "\n  image_tags = [\"first\", \"second\"]\n}\n";
    let scenario = Scenario::with(&IMAGE.replace("\n}\n", tags)).await;
    let second = Fault::on(Face::Registry, Effect::Hold)
        .method("PUT")
        .path("/manifests/second");
    let second = scenario.sandbox.faults().add(second);
    let running = scenario
        .terraform
        .start(&["apply", "-input=false", "-auto-approve"]);
    struck(&second).await;
    running.interrupt();
    running.finish().await.failed().says("Interrupt received");

    let known = scenario.terraform.attributes(IT).await;
    assert_eq!(known["image_tags"], serde_json::json!(["first"]));
    second.remove();
    scenario.terraform.apply(&[]).await.succeeded();
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

//! The everyday life of a mirrored image.

use crate::support::scenario::{FIRST, Scenario};

#[tokio::test]
async fn an_image_arrives_byte_for_byte_and_the_plan_is_empty_afterwards() {
    let scenario = Scenario::with(
        "resource \"ecrpublic_mirrored_image\" \"it\" {\n  source     = \"alpine:3.22\"\n  \
         account_id = \"222222222222\"\n}\n",
    )
    .await;
    scenario.terraform.apply(&[]).await.succeeded();
    let tags = scenario.tags(FIRST, "alpine");
    assert_eq!(tags["3.22"], scenario.at_hub("alpine", "3.22"));
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

//! Taking over images that are there already.

use serde_json::json;

use crate::support::scenario::{FIRST, IT, Scenario, it};
use crate::support::terraform::Run;

const ALPINE: &str = "source = \"alpine:3.22\"\naccount_id = \"222222222222\"\n";
const ROLE: &str = "arn:aws:iam::222222222222:role/ecr-publisher";

/// A sandbox with an image that this configuration put there, of which the state knows nothing.
async fn forgotten(arguments: &str) -> Scenario {
    let scenario = Scenario::with(&it(arguments)).await;
    scenario.terraform.apply(&[]).await.succeeded();
    let before = scenario.terraform.attributes(IT).await;
    assert!(before.is_object());
    scenario.terraform.forget(IT).await;
    scenario.sandbox.journal().clear();
    scenario
}

/// Imports by command, and asserts that the state is that of the apply and the plan empty.
async fn imports(arguments: &str, id: &str) {
    let scenario = Scenario::with(&it(arguments)).await;
    scenario.terraform.apply(&[]).await.succeeded();
    let applied = scenario.terraform.attributes(IT).await;
    scenario.terraform.forget(IT).await;
    scenario.sandbox.journal().clear();
    let id = id.replace("{alias}", &scenario.alias(FIRST));
    let import = ["import", "-input=false", IT, &id];
    scenario.terraform.run(&import).await.succeeded();
    assert_eq!(scenario.terraform.attributes(IT).await, applied);
    scenario.terraform.converged().await;
    assert_eq!(scenario.writes(), [""; 0]);
    assert_eq!(scenario.reads(), [""; 0]);
    scenario.was_clean().await;
}

#[tokio::test]
async fn by_account_and_tag_with_the_source() {
    imports(ALPINE, "222222222222/alpine:3.22?source=alpine:3.22").await;
}

#[tokio::test]
async fn by_account_and_several_tags() {
    let arguments = format!("{ALPINE}image_tags = [\"3\", \"3.22\"]");
    let id = "222222222222/alpine:3.22,3?source=alpine:3.22";
    imports(&arguments, id).await;
}

#[tokio::test]
async fn by_public_address_through_a_role() {
    let arguments =
        format!("source = \"alpine:3.22\"\nassume_role = [{{ role_arn = \"{ROLE}\" }}]");
    let id = format!("public.ecr.aws/{{alias}}/alpine:3.22?source=alpine:3.22&role_arn={ROLE}");
    imports(&arguments, &id).await;
}

#[tokio::test]
async fn by_account_with_one_platform() {
    let arguments = format!("{ALPINE}platforms = [\"linux/arm64/v8\"]");
    let scenario = forgotten(&arguments).await;
    let id = "222222222222/alpine:3.22?source=alpine:3.22&platform=linux/arm64/v8";
    let import = ["import", "-input=false", IT, id];
    scenario.terraform.run(&import).await.succeeded();
    scenario.terraform.converged().await;
    repairs_a_moved_tag(&scenario).await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn by_account_with_several_platforms() {
    let arguments = format!("{ALPINE}platforms = [\"linux/amd64\", \"linux/arm64/v8\"]");
    let scenario = forgotten(&arguments).await;
    let id = "222222222222/alpine:3.22?source=alpine:3.22&platform=linux/amd64\
              &platform=linux/arm64/v8";
    let import = ["import", "-input=false", IT, id];
    scenario.terraform.run(&import).await.succeeded();
    scenario.terraform.converged().await;
    repairs_a_moved_tag(&scenario).await;
    scenario.was_clean().await;
}

/// An imported instance is as good as one that was created here.
async fn repairs_a_moved_tag(scenario: &Scenario) {
    let before = scenario.tags(FIRST, "alpine");
    scenario.push_by_hand(FIRST, "alpine", "3.22");
    scenario.terraform.apply(&[]).await.succeeded();
    assert_eq!(scenario.tags(FIRST, "alpine"), before);
    scenario.terraform.converged().await;
}

#[tokio::test]
async fn without_a_source_the_next_apply_only_notes_it() {
    let scenario = forgotten(ALPINE).await;
    let import = ["import", "-input=false", IT, "222222222222/alpine:3.22"];
    scenario.terraform.run(&import).await.succeeded();
    let change = scenario.terraform.planned(IT).await;
    assert_eq!(change["actions"], json!(["update"]));
    let mut expected = change["before"].clone();
    expected["source"] = json!("alpine:3.22");
    assert_eq!(change["after"], expected);
    scenario.terraform.apply_planned().await.succeeded();
    assert_eq!(scenario.writes(), [""; 0]);
    assert_eq!(scenario.reads(), [""; 0]);
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn by_import_block_with_a_plan_that_only_imports() {
    let scenario = forgotten(ALPINE).await;
    let id = "222222222222/alpine:3.22?source=alpine:3.22";
    let block = format!("import {{\n  to = {IT}\n  id = \"{id}\"\n}}\n");
    scenario.configure(&format!("{}{block}", it(ALPINE)));
    let change = scenario.terraform.planned(IT).await;
    assert_eq!(change["actions"], json!(["no-op"]));
    assert_eq!(change["importing"]["id"], id);
    let run = scenario.terraform.apply_planned().await;
    run.succeeded()
        .says("Resources: 1 imported, 0 added, 0 changed, 0 destroyed.");
    assert_eq!(scenario.writes(), [""; 0]);
    scenario.terraform.converged().await;
    // What was imported is destroyed like what was created.
    scenario.terraform.destroy().await.succeeded();
    assert_eq!(scenario.manifests(FIRST, "alpine"), [].into());
    scenario.was_clean().await;
}

async fn refused(scenario: &Scenario, id: &str) -> Run {
    let id = id.replace("{alias}", &scenario.alias(FIRST));
    let import = ["import", "-input=false", IT, &id];
    scenario.terraform.run(&import).await.failed()
}

#[tokio::test]
async fn what_cannot_be_understood_is_refused_with_the_reason_and_the_form() {
    let scenario = Scenario::with(&it(ALPINE)).await;
    let rows = [
        ("222222222222/alpine", "there is no `:<tag>`."),
        (
            "alpine:3.22",
            "it begins neither with an account of twelve digits nor with `public.ecr.aws/<alias>`.",
        ),
        (
            "22222222222/alpine:3.22",
            "it begins neither with an account",
        ),
        (
            "222222222222/Alpine:3.22",
            "`Alpine` is not the name of a repository in ECR Public.",
        ),
        ("222222222222/alpine:3.22,", "`` is not a tag."),
        (
            "222222222222/alpine:3.22?source=Al:pine:",
            "`source` is `Al:pine:`, which is not an image reference.",
        ),
        (
            "222222222222/alpine:3.22?role_arn=publisher",
            "`role_arn` is `publisher`, which is not the ARN of a role.",
        ),
        (
            "222222222222/alpine:3.22?platform=amd64",
            "`platform` is `amd64`, which is not a platform.",
        ),
        (
            "222222222222/alpine:3.22?role=x",
            "`role` is not one of `source`, `platform` and `role_arn`.",
        ),
    ];
    for (id, reason) in rows {
        let run = refused(&scenario, id).await;
        run.says("Error: Invalid import ID")
            .says(&format!("The import cannot be understood: {reason}"))
            .says("Hint: Write `<account>/<repository>:<tag>` or `public.ecr.aws/<alias>/<repository>:<tag>`");
    }
    scenario.was_clean().await;
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let scenario = forgotten(&format!("{ALPINE}image_tags = [\"3.22\"]")).await;
    scenario.push_by_hand(FIRST, "alpine", "other");
    let run = refused(&scenario, "222222222222/alpine:3.22,3.23").await;
    run.says("Error: Image to import not found")
        .says("The repository `alpine` of account 222222222222 has no tag `3.23`.");
    let run = refused(&scenario, "222222222222/nginx:1").await;
    run.says("Error: Image to import not found")
        .says("The repository `nginx` of account 222222222222 has no tag `1`.");
    let run = refused(&scenario, "222222222222/alpine:3.22,other").await;
    run.says("Error: Tags show different images")
        .says("One resource stands for one image.");
    let through = format!("public.ecr.aws/nobody/alpine:3.22?role_arn={ROLE}");
    let known = scenario.alias(FIRST);
    let run = refused(&scenario, &through).await;
    run.says("Error: Registry alias belongs to another account")
        .says(&format!(
            "The credentials lead into account 222222222222, whose registry has `{known}`"
        ));
    assert_eq!(scenario.terraform.attributes(IT).await, json!(null));
    scenario.was_clean().await;
}

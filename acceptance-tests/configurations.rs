//! What Terraform lets people do with a resource besides applying and destroying it, each once.
//!
//! Elsewhere: a `removed` block that lets go of an image (`guides`), an import block for a resource
//! that is written down (`import`), `-replace` and `create_before_destroy` (`replace`), a refresh of
//! what others changed (`drift`).

use ecr_public_sandbox::Digest;
use serde_json::json;

use crate::support::scenario::{FIRST, IT, SECOND, Scenario, it, named};

const ALPINE: &str = "source = \"alpine:3.22\"\naccount_id = \"222222222222\"\n";
const LATEST: &str = "source = \"alpine:latest\"\naccount_id = \"222222222222\"\n";

async fn applied(resources: &str) -> Scenario {
    let scenario = Scenario::with(resources).await;
    scenario.terraform.apply(&[]).await.succeeded();
    scenario.sandbox.journal().clear();
    scenario
}

fn moved(from: &str, to: &str) -> String {
    format!(
        "moved {{\n  from = ecrpublic_mirrored_image.{from}\n  to = ecrpublic_mirrored_image.{to}\n}}\n"
    )
}

#[tokio::test]
async fn a_moved_block_writes_nothing() {
    let scenario = applied(&it(ALPINE)).await;
    let before = scenario.terraform.attributes(IT).await;
    let each = "for_each = toset([\"3.22\"])\nsource = \"alpine:${each.key}\"\naccount_id = \"222222222222\"\n";
    let steps = [
        (moved("it", "base"), named("base", ALPINE), "base"),
        // Both moves stay, as they do in a module that many use.
        (
            moved("it", "base") + &moved("base", "base[\"3.22\"]"),
            named("base", each),
            "base[\"3.22\"]",
        ),
    ];
    for (blocks, resource, name) in steps {
        scenario.configure(&format!("{resource}{blocks}"));
        let address = format!("ecrpublic_mirrored_image.{name}");
        let change = scenario.terraform.planned(&address).await;
        assert_eq!(change["actions"], json!(["no-op"]));
        scenario.terraform.apply_planned().await.succeeded();
        assert_eq!(scenario.terraform.attributes(&address).await, before);
        scenario.terraform.converged().await;
    }
    assert_eq!(scenario.writes(), [""; 0]);
    assert_eq!(scenario.reads(), [""; 0]);
    // What is remembered besides the state has moved along.
    scenario.terraform.destroy().await.succeeded();
    assert_eq!(scenario.manifests(FIRST, "alpine"), [].into());
    scenario.was_clean().await;
}

/// Lets Terraform write the configuration of what an import names, and takes over the image.
async fn generates(arguments: &str, id: &str) {
    let scenario = applied(&it(arguments)).await;
    let before = scenario.terraform.attributes(IT).await;
    scenario.terraform.forget(IT).await;
    scenario.configure(&format!("import {{\n  to = {IT}\n  id = \"{id}\"\n}}\n"));
    let generates = "-generate-config-out=generated.tf";
    let run = scenario.terraform.save_plan(&[generates]).await.succeeded();
    run.says("Plan: 1 to import, 0 to add, 0 to change, 0 to destroy.");
    scenario.terraform.apply_planned().await.succeeded();
    assert_eq!(scenario.terraform.attributes(IT).await, before);
    scenario.terraform.converged().await;
    assert_eq!(scenario.writes(), [""; 0]);
    assert_eq!(scenario.reads(), [""; 0]);
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_generated_configuration_is_complete() {
    generates(ALPINE, "222222222222/alpine:3.22?source=alpine:3.22").await;
}

#[tokio::test]
async fn a_generated_configuration_has_tags_and_roles() {
    let role = "arn:aws:iam::222222222222:role/ecr-publisher";
    let arguments = format!(
        "source = \"alpine:3.22\"\nrepository = \"base\"\nimage_tags = [\"3\", \"3.22\"]\n\
         assume_role = [{{ role_arn = \"{role}\" }}]\n"
    );
    let id = format!("222222222222/base:3.22,3?source=alpine:3.22&role_arn={role}");
    generates(&arguments, &id).await;
}

#[tokio::test]
async fn a_generated_configuration_lacks_a_source_that_the_import_did_not_name() {
    let scenario = applied(&it(ALPINE)).await;
    scenario.terraform.forget(IT).await;
    let block = format!("import {{\n  to = {IT}\n  id = \"222222222222/alpine:3.22\"\n}}\n");
    scenario.configure(&block);
    let generates = "-generate-config-out=generated.tf";
    let run = scenario.terraform.save_plan(&[generates]).await.failed();
    run.says("Error: Source is missing")
        .says("`…?source=<image>`");
    let generated = scenario.terraform.read("generated.tf");
    let open = generated
        .lines()
        .find(|line| line.trim().starts_with("source "));
    let filled = generated.replace(open.unwrap(), "  source = \"alpine:3.22\"");
    scenario.terraform.write("generated.tf", &filled);
    scenario.terraform.apply(&[]).await.succeeded();
    assert_eq!(scenario.writes(), [""; 0]);
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

fn moves(scenario: &Scenario, tag: &str) -> String {
    let digest: Digest = scenario.at_hub("alpine", tag).parse().unwrap();
    let hub = scenario.sandbox.hub();
    hub.move_tag("library/alpine", "latest", &digest);
    digest.to_string()
}

#[tokio::test]
async fn refresh_only_keeps_what_it_saw_at_the_source_for_the_next_plan() {
    let scenario = applied(&it(LATEST)).await;
    let before = scenario.terraform.attributes(IT).await;
    let newer = moves(&scenario, "3.21");
    let run = scenario.terraform.apply(&["-refresh-only"]).await;
    run.succeeded();
    assert_eq!(scenario.terraform.attributes(IT).await, before);
    assert_eq!(scenario.writes(), [""; 0]);
    scenario.terraform.apply(&[]).await.succeeded();
    assert_eq!(scenario.tags(FIRST, "alpine")["latest"], newer);
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_target_leaves_everything_else_alone() {
    let other = named("other", &format!("{ALPINE}repository = \"other\"\n"));
    let scenario = Scenario::with(&(it(ALPINE) + &other)).await;
    let target = format!("-target={IT}");
    scenario.terraform.apply(&[&target]).await.succeeded();
    assert_eq!(scenario.tags(FIRST, "alpine").len(), 1);
    assert_eq!(scenario.tags(FIRST, "other").len(), 0);
    scenario.terraform.apply(&[]).await.succeeded();
    let before = scenario.manifests(FIRST, "other");
    let destroy = ["destroy", "-input=false", "-auto-approve", &target];
    scenario.terraform.run(&destroy).await.succeeded();
    assert_eq!(scenario.manifests(FIRST, "alpine"), [].into());
    assert_eq!(scenario.manifests(FIRST, "other"), before);
    scenario.terraform.apply(&[]).await.succeeded();
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn an_instance_that_was_replaced_has_the_same_image() {
    let scenario = applied(&it(&format!("{ALPINE}delete_repository = true\n"))).await;
    let before = scenario.manifests(FIRST, "alpine");
    let replace = format!("-replace={IT}");
    let run = scenario.terraform.apply(&[&replace]).await.succeeded();
    run.says("1 added, 0 changed, 1 destroyed");
    assert_eq!(scenario.manifests(FIRST, "alpine"), before);
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn prevent_destroy_stops_before_anything_is_touched() {
    let kept = "lifecycle {\n  prevent_destroy = true\n}\n";
    let scenario = applied(&it(&format!("{ALPINE}{kept}"))).await;
    let run = scenario.terraform.destroy().await.failed();
    run.says("Instance cannot be destroyed").says(IT);
    // Another repository would replace it.
    scenario.configure(&it(&format!("{ALPINE}repository = \"base\"\n{kept}")));
    let run = scenario.terraform.apply(&[]).await.failed();
    run.says("Instance cannot be destroyed");
    assert_eq!(scenario.writes(), [""; 0]);
    // An update is none of its business.
    scenario.configure(&it(&format!("{ALPINE}image_tags = [\"3\"]\n{kept}")));
    scenario.terraform.apply(&[]).await.succeeded();
    assert_eq!(scenario.tags(FIRST, "alpine").keys().next().unwrap(), "3");
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_source_that_is_ignored_stays_the_one_in_state_and_is_followed() {
    let ignored = "lifecycle {\n  ignore_changes = [source]\n}\n";
    let scenario = applied(&it(&format!("{LATEST}{ignored}"))).await;
    let other = LATEST.replace("latest", "3.20");
    scenario.configure(&it(&format!("{other}{ignored}")));
    scenario.terraform.converged().await;
    assert_eq!(scenario.writes(), [""; 0]);
    let newer = moves(&scenario, "3.21");
    scenario.terraform.apply(&[]).await.succeeded();
    assert_eq!(
        scenario.tags(FIRST, "alpine"),
        [("latest".to_owned(), newer)].into()
    );
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn tags_that_are_ignored_belong_to_whoever_moves_them() {
    let tags = "image_tags = [\"a\", \"b\"]\n";
    let ignored = "lifecycle {\n  ignore_changes = [image_tags]\n}\n";
    let scenario = applied(&it(&format!("{ALPINE}{tags}{ignored}"))).await;
    let theirs = scenario.push_by_hand(FIRST, "alpine", "b");
    scenario.terraform.converged().await;
    let more = "image_tags = [\"a\", \"b\", \"c\"]\n";
    scenario.configure(&it(&format!("{ALPINE}{more}{ignored}")));
    scenario.terraform.converged().await;
    assert_eq!(scenario.writes(), [""; 0]);
    let ours = scenario.at_hub("alpine", "3.22");
    let expected = [("a".to_owned(), ours), ("b".to_owned(), theirs.clone())];
    assert_eq!(scenario.tags(FIRST, "alpine"), expected.into());
    scenario.terraform.destroy().await.succeeded();
    assert_eq!(scenario.manifests(FIRST, "alpine"), [theirs].into());
    scenario.was_clean().await;
}

#[tokio::test]
async fn everything_can_be_ignored() {
    let ignored = "lifecycle {\n  ignore_changes = all\n}\n";
    let scenario = applied(&it(&format!("{ALPINE}{ignored}"))).await;
    let other = "source = \"nginx:1.27\"\naccount_id = \"333333333333\"\nkeep_on_destroy = true\n";
    scenario.configure(&it(&format!("{other}{ignored}")));
    scenario.terraform.converged().await;
    assert_eq!(scenario.writes(), [""; 0]);
    scenario.terraform.destroy().await.succeeded();
    assert_eq!(scenario.manifests(FIRST, "alpine"), [].into());
    scenario.was_clean().await;
}

#[tokio::test]
async fn workspaces_have_accounts_of_their_own() {
    let account = format!("{{\n  one = \"{FIRST}\"\n  two = \"{SECOND}\"\n}}[terraform.workspace]");
    let arguments = format!("source = \"alpine:3.22\"\naccount_id = {account}\n");
    let scenario = Scenario::with(&it(&arguments)).await;
    for workspace in ["one", "two"] {
        let new = ["workspace", "new", workspace];
        scenario.terraform.run(&new).await.succeeded();
        scenario.terraform.apply(&[]).await.succeeded();
    }
    let before = scenario.manifests(FIRST, "alpine");
    assert_eq!(scenario.manifests(SECOND, "alpine"), before);
    scenario.terraform.converged().await;
    scenario.terraform.destroy().await.succeeded();
    assert_eq!(scenario.manifests(SECOND, "alpine"), [].into());
    let select = ["workspace", "select", "one"];
    scenario.terraform.run(&select).await.succeeded();
    scenario.terraform.converged().await;
    assert_eq!(scenario.manifests(FIRST, "alpine"), before);
    scenario.was_clean().await;
}

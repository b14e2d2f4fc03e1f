//! What is in the state file, and states that are not quite what this version would write.

use ecr_public_sandbox::{Effect, Face, Fault};
use serde_json::{Value, json};

use crate::support::scenario::{FIRST, IT, Scenario, it};

const ALPINE: &str = "source = \"alpine:3.22\"\naccount_id = \"222222222222\"\n";

async fn applied() -> Scenario {
    let scenario = Scenario::with(&it(ALPINE)).await;
    scenario.terraform.apply(&[]).await.succeeded();
    scenario
}

/// Changes the stored instance as somebody with an editor would.
fn edit(scenario: &Scenario, change: impl FnOnce(&mut Value)) {
    let mut state = scenario.terraform.state();
    let serial = state["serial"].as_u64().unwrap();
    state["serial"] = json!(serial + 1);
    change(&mut state["resources"][0]["instances"][0]);
    let text = serde_json::to_string_pretty(&state).unwrap();
    scenario.terraform.write("terraform.tfstate", &text);
}

#[tokio::test]
async fn the_state_has_version_zero_an_identity_and_no_secret() {
    let scenario = Scenario::with("").await;
    let block = scenario.sandbox.provider_block();
    let login = "username   = \"acme-pipeline\"\n    password   = \"docker-hub-token\"\n";
    let block = block.replacen("    plain_http", &format!("    {login}    plain_http"), 1);
    scenario.configure_with(
        &block,
        &it("source = \"acme/app:1.0\"\naccount_id = \"222222222222\""),
    );
    scenario.terraform.planned(IT).await;
    scenario.terraform.apply_planned().await.succeeded();

    let instance = &scenario.terraform.state()["resources"][0]["instances"][0];
    assert_eq!(instance["schema_version"], 0);
    assert_eq!(instance["sensitive_attributes"], json!([]));
    let text = scenario.terraform.read("terraform.tfstate");
    let environment = scenario.sandbox.environment();
    let mut secrets = vec!["docker-hub-token".to_owned()];
    secrets.extend(environment.into_iter().filter_map(|(name, value)| {
        matches!(name.as_str(), "AWS_SECRET_ACCESS_KEY" | "AWS_ACCESS_KEY_ID").then_some(value)
    }));
    assert_eq!(secrets.len(), 3);
    let private = decoded(instance["private"].as_str().unwrap());
    for secret in &secrets {
        assert!(!text.contains(secret), "in the state");
        assert!(!private.contains(secret), "in the private data");
    }
    // Which tags are ours: what refresh and destroy go by.
    let private: Value = serde_json::from_str(&private).unwrap();
    assert_eq!(private["account"], FIRST);
    assert_eq!(private["repository"], "acme/app");
    assert_eq!(private["tags"]["1.0"], instance["attributes"]["digest"]);
    assert_eq!(private["created_repository"], true);
    scenario.was_clean().await;
}

/// Standard base64 with padding, as Terraform writes bytes.
fn decoded(text: &str) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::new();
    let (mut bits, mut held) = (0_u32, 0);
    for letter in text.bytes().filter(|letter| *letter != b'=') {
        let value = ALPHABET.iter().position(|each| *each == letter).unwrap();
        bits = (bits << 6) | u32::try_from(value).unwrap();
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from((bits >> held) & 0xff).unwrap());
        }
    }
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn a_state_without_an_attribute_and_with_a_foreign_one_is_read() {
    let scenario = applied().await;
    let before = scenario.terraform.attributes(IT).await;
    edit(&scenario, |instance| {
        let attributes = instance["attributes"].as_object_mut().unwrap();
        for name in ["keep_on_destroy", "overwrite", "platforms", "timeouts"] {
            attributes.remove(name).unwrap();
        }
        attributes.insert("follow_source".to_owned(), json!(true));
    });
    scenario.terraform.converged().await;
    assert_eq!(scenario.terraform.attributes(IT).await, before);
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_state_without_private_data_claims_no_tag_that_shows_something_else() {
    let scenario = applied().await;
    edit(&scenario, |instance| {
        instance.as_object_mut().unwrap().remove("private").unwrap();
    });
    scenario.terraform.converged().await;
    // Nothing is remembered, so the tag is not known to be ours.
    let theirs = scenario.push_by_hand(FIRST, "alpine", "3.22");
    let run = scenario.terraform.apply(&[]).await.failed();
    run.says("Error: Tag shows another image").says(&theirs);
    assert_eq!(scenario.tags(FIRST, "alpine")["3.22"], theirs);
    scenario.configure(&it(&format!("{ALPINE}overwrite = true")));
    scenario.terraform.apply(&[]).await.succeeded();
    let digest = scenario.at_hub("alpine", "3.22");
    assert_eq!(scenario.tags(FIRST, "alpine")["3.22"], digest);
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_state_that_was_edited_into_nonsense_is_refused_with_the_attribute() {
    let scenario = applied().await;
    edit(&scenario, |instance| {
        instance["attributes"]["repository"] = json!("Not A Repository");
    });
    let run = scenario.terraform.plan().await.failed();
    run.says("Error: State cannot be read")
        .says("`repository` has a value that this version of the provider does not accept.");
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_tainted_instance_is_replaced_by_the_next_apply_and_its_image_stays() {
    let scenario = applied().await;
    scenario.terraform.run(&["taint", IT]).await.succeeded();
    let change = scenario.terraform.planned(IT).await;
    assert_eq!(change["actions"], json!(["delete", "create"]));
    scenario.terraform.apply_planned().await.succeeded();
    let digest = scenario.at_hub("alpine", "3.22");
    assert_eq!(scenario.tags(FIRST, "alpine")["3.22"], digest);
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_create_that_set_only_some_tags_is_tainted_and_repaired() {
    let two = it(&format!("{ALPINE}image_tags = [\"a\", \"b\"]"));
    let scenario = Scenario::with(&two).await;
    // The second tag is denied, which no retry can change.
    let denied = Effect::Answer {
        status: 403,
        headers: [("content-type".to_owned(), "application/json".to_owned())].into(),
        body: json!({"errors": [{"code": "DENIED", "message": "not now"}]}).to_string(),
    };
    let fault = Fault::on(Face::Registry, denied).method("PUT");
    let fault = fault.path("/manifests/b").always();
    let fault = scenario.sandbox.faults().add(fault);
    let run = scenario.terraform.apply(&[]).await.failed();
    run.says("These tags were set before and show the new image: `a`.");
    let state = scenario.terraform.state();
    let instance = &state["resources"][0]["instances"][0];
    assert_eq!(instance["status"], "tainted");
    assert_eq!(instance["attributes"]["image_tags"], json!(["a"]));

    fault.remove();
    scenario.terraform.apply(&[]).await.succeeded();
    let tags = scenario.tags(FIRST, "alpine");
    let digest = scenario.at_hub("alpine", "3.22");
    assert!(tags.values().all(|shown| *shown == digest), "{tags:?}");
    assert_eq!(tags.keys().collect::<Vec<_>>(), ["a", "b"]);
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

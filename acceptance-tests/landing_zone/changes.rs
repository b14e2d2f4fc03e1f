//! Accounts, roles and images come, go and move: what the plan says then, and that nothing changes
//! anywhere else.

use std::collections::{BTreeMap, BTreeSet};

use ecr_public_sandbox::Seed;
use serde_json::{Value as Json, json};

use crate::support::landing_zone::role;
use crate::support::scenario::{FIRST, SECOND, Scenario, TOOLING, named};
use crate::support::sts::{assumed, writes_in};
use crate::support::zone::{EXAMPLE, Zone, variables};

/// A third account, which comes or goes.
const THIRD: &str = "555555555555";

/// The images in every account, as repositories and tags.
const IMAGES: [(&str, &str); 2] = [("alpine", "3.22"), ("nginx", "1.27-alpine")];

/// Everything that an account publishes.
type Published = BTreeMap<&'static str, (BTreeMap<String, String>, BTreeSet<String>)>;

/// The example over these accounts, applied. All three exist.
async fn applied(accounts: &[&str]) -> Scenario {
    let seed = Zone::published().seed(&[FIRST, SECOND, THIRD], Seed::demo().hub);
    let scenario = Scenario::of_example_seeded(seed, EXAMPLE).await;
    scenario.terraform.init().await;
    configure(&scenario, accounts, &json!({}));
    scenario.terraform.apply(&[]).await.succeeded();
    scenario.sandbox.journal().clear();
    scenario
}

fn configure(scenario: &Scenario, accounts: &[&str], more: &Json) {
    let images = IMAGES.map(|(repository, tag)| format!("{repository}:{tag}"));
    let mut all = variables(&scenario.sandbox, accounts, &images);
    let more = more.as_object().unwrap().clone();
    all.as_object_mut().unwrap().extend(more);
    scenario.set_variables(&all);
}

fn published(scenario: &Scenario, account: &str) -> Published {
    let of = |repository| {
        let tags = scenario.tags(account, repository);
        let there = scenario
            .sandbox
            .store()
            .repository(&account.parse().unwrap(), repository);
        let manifests = there.map(|_| scenario.manifests(account, repository));
        (repository, (tags, manifests.unwrap_or_default()))
    };
    IMAGES.map(|(repository, _)| of(repository)).into()
}

fn everything_is_in(scenario: &Scenario, account: &str) {
    for (repository, tag) in IMAGES {
        let at_hub = scenario.at_hub(repository, tag);
        assert_eq!(scenario.tags(account, repository)[tag], at_hub);
    }
}

/// Plans, asserts what the plan says, and applies it. What these accounts publish stays as it is, and
/// nobody even tries to change it.
async fn plan_and_apply(scenario: &Scenario, says: &str, others: &[&str]) {
    let before: Vec<Published> = others.iter().map(|id| published(scenario, id)).collect();
    scenario
        .terraform
        .save_plan(&[])
        .await
        .succeeded()
        .says(says);
    scenario.terraform.apply_planned().await.succeeded();
    let after: Vec<Published> = others.iter().map(|id| published(scenario, id)).collect();
    assert_eq!(after, before);
    for account in others {
        assert_eq!(writes_in(&scenario.sandbox, account), [""; 0]);
    }
    scenario.terraform.converged().await;
}

#[tokio::test]
async fn an_account_that_is_added_gets_every_image_and_the_others_are_left_alone() {
    let scenario = applied(&[FIRST, SECOND]).await;
    configure(&scenario, &[FIRST, SECOND, THIRD], &json!({}));
    let says = "Plan: 2 to add, 0 to change, 0 to destroy.";
    plan_and_apply(&scenario, says, &[FIRST, SECOND]).await;
    everything_is_in(&scenario, THIRD);
    // Of both kinds, so that none was overlooked in the other accounts.
    let writes = writes_in(&scenario.sandbox, THIRD);
    let has = |what: &str| writes.iter().any(|write| write.contains(what));
    assert!(has("CreateRepository") && has("PUT /v2/"), "{writes:?}");
    scenario.was_clean().await;
}

#[tokio::test]
async fn an_account_that_is_removed_loses_its_images_and_the_others_are_left_alone() {
    let scenario = applied(&[FIRST, SECOND, THIRD]).await;
    configure(&scenario, &[FIRST, SECOND], &json!({}));
    let says = "Plan: 0 to add, 0 to change, 2 to destroy.";
    plan_and_apply(&scenario, says, &[FIRST, SECOND]).await;
    for (tags, manifests) in published(&scenario, THIRD).into_values() {
        assert_eq!((tags, manifests), Default::default());
    }
    scenario.was_clean().await;
}

/// Nobody can be asked any more, so Terraform has to be told to forget.
#[tokio::test]
async fn an_account_that_is_closed_is_forgotten_instance_by_instance() {
    let scenario = applied(&[FIRST, SECOND]).await;
    let accounts = scenario.sandbox.accounts();
    accounts
        .remove_role(&SECOND.parse().unwrap(), "ecr-publisher")
        .unwrap();
    configure(&scenario, &[FIRST], &json!({}));
    let run = scenario.terraform.save_plan(&[]).await.failed();
    assert_eq!(
        run.stderr.matches("Error: Cannot assume IAM role").count(),
        2
    );
    let refused = scenario.terraform.apply(&["-refresh=false"]).await.failed();
    refused
        .says("Error: Cannot assume IAM role")
        .says(&role(SECOND, "ecr-publisher"));
    for (repository, tag) in IMAGES {
        let key = format!("{SECOND}/{repository}:{tag}");
        let address = format!("module.public_images.ecrpublic_mirrored_image.this[{key:?}]");
        scenario.terraform.forget(&address).await;
    }
    scenario.sandbox.journal().clear();
    scenario.terraform.converged().await;
    everything_is_in(&scenario, FIRST);
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_role_that_is_renamed_is_one_edit_of_the_provider_and_no_change_of_anything() {
    let scenario = applied(&[FIRST, SECOND]).await;
    let accounts = scenario.sandbox.accounts();
    let renamed = Zone {
        caller: serde_json::from_str(
            &Zone::published()
                .caller
                .to_string()
                .replace("ecr-publisher", "image-publisher"),
        )
        .unwrap(),
        ..Zone::published()
    };
    for account in [FIRST, SECOND] {
        let id = account.parse().unwrap();
        accounts
            .put_role(&id, renamed.publisher("image-publisher"))
            .unwrap();
        accounts.remove_role(&id, "ecr-publisher").unwrap();
    }
    let tooling = TOOLING.parse().unwrap();
    accounts.put_role(&tooling, renamed.caller_role()).unwrap();
    configure(
        &scenario,
        &[FIRST, SECOND],
        &json!({ "publisher_role_name": "image-publisher" }),
    );
    // Refresh and destroy see the new name at once, because the old one is in no state.
    scenario.terraform.converged().await;
    let asked = assumed(&scenario.sandbox);
    assert!(
        asked
            .iter()
            .all(|entry| !entry.parameters["RoleArn"].contains("ecr-publisher"))
    );
    let failed = scenario.sandbox.journal().select(|entry| {
        let is_aws = entry.operation.is_some();
        is_aws && entry.status.is_some_and(|status| status >= 400)
    });
    let failed: Vec<String> = failed.iter().map(ToString::to_string).collect();
    assert_eq!(failed, [""; 0]);
    scenario.terraform.destroy().await.succeeded();
    for account in [FIRST, SECOND] {
        assert_eq!(scenario.manifests(account, "alpine"), [].into());
    }
    scenario.was_clean().await;
}

/// Images under keys of their own, each in an account; the other one stays where it is.
fn placed(key: &str, account: &str) -> String {
    let places = json!({ key: account, "stays": FIRST });
    let places = places.to_string().replace("\":", "\"=");
    named(
        "each",
        &format!(
            "for_each   = {places}\naccount_id = each.value\nsource     = each.key == \"stays\" ? \
             \"nginx:1.27-alpine\" : \"alpine:3.22\""
        ),
    )
}

#[tokio::test]
async fn an_image_that_moves_to_another_account_is_replaced_or_made_anew_under_another_key() {
    for key in ["moves", "moved"] {
        let seed = Zone::published().seed(&[FIRST, SECOND, THIRD], Seed::demo().hub);
        let seed = Seed {
            roles: Seed::demo().roles,
            ..seed
        };
        let scenario = Scenario::seeded(seed, &placed("moves", FIRST)).await;
        scenario.terraform.apply(&[]).await.succeeded();
        let nginx = published(&scenario, FIRST)["nginx"].clone();
        scenario.sandbox.journal().clear();
        scenario.configure(&placed(key, SECOND));

        let says = "Plan: 1 to add, 0 to change, 1 to destroy.";
        plan_and_apply(&scenario, says, &[THIRD]).await;
        let expected = BTreeMap::from([("3.22".to_owned(), scenario.at_hub("alpine", "3.22"))]);
        assert_eq!(scenario.tags(SECOND, "alpine"), expected);
        assert_eq!(scenario.manifests(FIRST, "alpine"), [].into());
        assert_eq!(published(&scenario, FIRST)["nginx"], nginx);
        scenario.was_clean().await;
    }
}

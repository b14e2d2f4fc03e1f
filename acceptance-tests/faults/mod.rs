//! What goes wrong, and what practitioners read about it.
//!
//! Each row is a trouble that people meet. Its test makes it happen under real Terraform, pins the
//! message as a snapshot in `acceptance-tests/snapshots/`, asserts that no reader of a tag can see
//! that anything was tried and that the state tells the truth, then removes the cause and asserts
//! that the next apply does the whole job. [`faults`](terraform_provider_ecrpublic::manual::faults)
//! has everything that can go wrong, at every level.
//!
//! | trouble | test |
//! |---|---|
//! | malformed reference | [`input`](crate::input) `a_malformed_reference` |
//! | repository name legal for OCI and illegal for ECR Public | `input` `a_repository_name_that_only_oci_allows` |
//! | tag of 129 characters | `input` `a_tag_of_129_characters`, `a_source_tag_of_129_characters` |
//! | digest with upper-case hex | `input` `a_digest_with_upper_case_hex` |
//! | role ARN that is none | `input` `a_role_arn_that_is_none` |
//! | empty role ARN | `input` `an_empty_role_arn` |
//! | account ID that is none, or not that of the role | `input` `an_account_id_that_is_none`, `a_role_in_another_account_than_the_account_id` |
//! | platform not in the index | [`source`] `a_platform_that_the_index_does_not_have`, `a_platform_of_an_image_that_is_no_index` |
//! | unknown account | [`access`] `an_account_that_does_not_exist` |
//! | account guard mismatch | `access` `an_account_that_the_provider_must_not_touch`, `credentials_that_lead_into_another_account_than_the_state` |
//! | trust refused at hop 2 of 3 | `access` `trust_that_is_refused_at_the_second_of_three_roles` |
//! | missing `sts:GetServiceBearerToken` | `access` `no_permission_to_get_a_login` |
//! | missing `ecr-public:PutImage` | `access` `no_permission_to_put_images` |
//! | source missing | `source` `a_tag_that_does_not_exist`, `a_repository_that_does_not_exist` |
//! | source private | `source` `a_private_image`, `a_password_that_is_wrong` |
//! | Docker Hub out of budget | `source` `docker_hub_out_of_budget` |
//! | Docker Hub asks to slow down, or is down | `source` `docker_hub_that_asks_to_slow_down_…`, `docker_hub_that_is_down` |
//! | layer with wrong bytes | `source` `a_layer_with_wrong_bytes`, `a_layer_with_wrong_bytes_once_is_read_again` |
//! | layer cut and resumed | `source` `a_layer_that_is_cut_is_resumed` |
//! | signed address expired | `source` `a_signed_address_that_expired_is_asked_for_again` |
//! | redirect to a private address | `source` `a_redirect_into_a_private_network` |
//! | certificate that nobody vouches for | `source` `a_certificate_that_nobody_vouches_for` |
//! | manifest over 4 MiB, or of an old format | `source` `a_manifest_of_more_than_4_mib`, `a_manifest_of_schema_1` |
//! | tag exists with another digest | [`destination`] `a_tag_that_shows_another_image` |
//! | repository missing with `create_repository = false` | `destination` `a_repository_that_is_missing_and_must_not_be_created` |
//! | wrong Region | `destination` `another_region_in_the_environment_changes_nothing`, `an_endpoint_in_a_region_without_ecr_public` |
//! | expired token in mid-copy | `destination` `everything_that_can_expire_expires_in_mid_copy`, `a_login_that_expired_in_mid_copy_is_renewed`, `a_login_that_always_counts_as_expired`, `credentials_of_the_pipeline_that_have_expired` |
//! | ECR Public down, or down for a moment | `destination` `a_registry_that_is_down`, `a_registry_that_is_down_for_a_moment` |
//! | answer lost | `destination` `an_answer_that_is_lost` |
//! | upload vanished, cut or forgotten | `destination` `an_upload_that_vanished_is_begun_again`, `a_layer_that_is_cut_on_its_way_out_is_sent_again`, `a_layer_that_was_lost_is_sent_again` |
//! | ECR Public throttles | `destination` `an_api_that_throttles`, `an_api_that_throttles_for_a_moment` |
//! | manifest refused | `destination` `a_manifest_that_ecr_public_does_not_take` |
//! | one of two tags refused | `destination` `the_second_of_two_tags_cannot_be_set` |
//! | disk and memory pressure | [`machine`] `a_disk_on_which_nothing_can_be_written`, `less_memory_than_a_layer_has_bytes` |
//! | Ctrl-C once and twice during a layer | [`interrupts`](crate::interrupts) `one_interrupt_in_the_middle_of_a_layer`, `two_interrupts_in_the_middle_of_a_layer` |
//! | `kill -9` during a layer, then apply again | `interrupts` `killed_in_the_middle_of_a_layer` |

mod access;
mod destination;
mod machine;
mod matrix;
mod source;
mod without_trust;

use ecr_public_sandbox::Digest;
use ecr_public_sandbox::store::{ImageId, Page};

use crate::support::messages;
use crate::support::scenario::{FIRST, IT, SECOND, Scenario, TOOLING};

/// One resource that copies `source` into [`FIRST`], with further arguments.
pub(crate) fn copy_of(source: &str, more: &str) -> String {
    format!(
        "resource \"ecrpublic_mirrored_image\" \"it\" {{\n  source     = \"{source}\"\n  account_id = \
         \"{FIRST}\"\n  {more}\n}}\n"
    )
}

/// Asserts that apply fails in the words of the snapshot, and that nobody can see that it was
/// tried: no tag, no state, no upload left open.
async fn fails(scenario: &Scenario, name: &str) {
    messages::failed_with(name, scenario.terraform.apply(&[]).await);
    for account in [FIRST, SECOND, TOOLING] {
        nothing_is_visible(scenario, account);
    }
    assert!(scenario.terraform.attributes(IT).await.is_null());
}

fn nothing_is_visible(scenario: &Scenario, account: &str) {
    let store = scenario.sandbox.store();
    let account = account.parse().unwrap();
    for repository in store
        .repositories(&account, &Page::default())
        .unwrap()
        .items
    {
        let tags = store.tags(&account, &repository.place.repository).unwrap();
        assert!(tags.is_empty(), "{}: {tags:?}", repository.place.repository);
    }
}

/// Asserts that the next apply does the whole job.
async fn recovers(scenario: Scenario) {
    scenario.terraform.apply(&[]).await.succeeded();
    arrived(scenario).await;
}

/// Asserts that what the state tells of is at the destination as a whole, and as it is at the
/// source; that there is nothing left to do; and that nobody broke a rule on the way.
pub(crate) async fn arrived(scenario: Scenario) {
    let state = scenario.terraform.attributes(IT).await;
    let text = |name: &str| state[name].as_str().unwrap().to_owned();
    let (account, repository) = (text("account_id"), text("repository"));
    let tags = scenario.tags(&account, &repository);
    let known = state["image_tags"].as_array().unwrap();
    assert_eq!(tags.len(), known.len());
    for (tag, digest) in &tags {
        assert_eq!(*digest, text("digest"), "{tag}");
        is_whole(&scenario, &account, &repository, digest);
    }
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

/// Asserts that everything below a digest is there.
fn is_whole(scenario: &Scenario, account: &str, repository: &str, digest: &str) {
    let store = scenario.sandbox.store();
    let account_id = account.parse().unwrap();
    let id = ImageId {
        digest: Some(digest.to_owned()),
        tag: None,
    };
    let image = store.image(&account_id, repository, &id).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&image.manifest).unwrap();
    for child in manifest["manifests"].as_array().into_iter().flatten() {
        is_whole(
            scenario,
            account,
            repository,
            child["digest"].as_str().unwrap(),
        );
    }
    let layers = manifest["layers"].as_array().into_iter().flatten();
    for blob in layers.chain(manifest.get("config")) {
        let digest = blob["digest"].as_str().unwrap().parse().unwrap();
        let found = store.layer(&account_id, repository, &digest).unwrap();
        assert_eq!(found.map(|blob| blob.size()), blob["size"].as_u64());
    }
}

/// The largest layer of an image at Docker Hub that is no index.
pub(crate) fn largest_layer(scenario: &Scenario, repository: &str, tag: &str) -> Digest {
    let hub = scenario.sandbox.hub();
    let digest = hub.digest(repository, tag).unwrap();
    let (_, manifest) = hub.manifest(repository, &digest).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    let layers = manifest["layers"].as_array().unwrap();
    let largest = layers.iter().max_by_key(|layer| layer["size"].as_u64());
    largest.unwrap()["digest"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap()
}

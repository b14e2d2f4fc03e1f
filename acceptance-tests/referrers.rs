//! Signatures, attestations and bills of materials travel with the image that they hang on.

use std::collections::BTreeSet;

use ecr_public_sandbox::store::ImageId;
use ecr_public_sandbox::{
    BuiltImage, Digest, Effect, Entry, Face, Fault, ImageSpec, Subject, image,
};
use serde_json::{Value, json};

use crate::support::scenario::{FIRST, IT, SECOND, Scenario, it, named};

const TOOL: &str = "source = \"tool:1\"\naccount_id = \"222222222222\"\n";
const ALL: &str = "source = \"tool:1\"\naccount_id = \"222222222222\"\nreferrers = \"all\"\n";

/// Something that refers to a manifest.
fn about(subject: &Digest, name: &str) -> ImageSpec {
    ImageSpec {
        subject: Some(Subject {
            digest: subject.to_string(),
            size: 500,
        }),
        ..image(name)
            .layers([500])
            .artifact("application/vnd.acme.signature")
    }
}

/// `sha256-<hex>`, with something behind it.
fn tag_of(digest: &Digest, suffix: &str) -> String {
    format!("sha256-{}{suffix}", digest.hex())
}

/// `tool:1` at Docker Hub, a whole index.
fn push(scenario: &Scenario, content: &str) -> BuiltImage {
    let tool = image(content)
        .platforms(["linux/amd64", "linux/arm64/v8", "linux/s390x"])
        .layers([3_000]);
    let hub = scenario.sandbox.hub();
    hub.push("library/tool", "1", &tool).unwrap()
}

fn attach(scenario: &Scenario, subject: &Digest, name: &str) -> Digest {
    let hub = scenario.sandbox.hub();
    let referrer = about(subject, name);
    hub.attach("library/tool", &referrer).unwrap().digest
}

/// A signature as cosign stores it.
fn cosign(scenario: &Scenario, subject: &Digest, suffix: &str, name: &str) -> Digest {
    let signature = image(name).layers([300]);
    let (hub, tag) = (scenario.sandbox.hub(), tag_of(subject, suffix));
    hub.push("library/tool", &tag, &signature).unwrap().digest
}

/// A scenario with these arguments, and its image at Docker Hub.
async fn prepared(arguments: &str) -> (Scenario, BuiltImage) {
    let scenario = Scenario::with(&it(arguments)).await;
    let tool = push(&scenario, "tool");
    (scenario, tool)
}

async fn apply(scenario: &Scenario) {
    scenario.terraform.apply(&[]).await.succeeded();
}

/// Everything that is at ECR Public, by digest.
fn there(scenario: &Scenario) -> BTreeSet<String> {
    scenario.manifests(FIRST, "tool")
}

fn texts<'a>(digests: impl IntoIterator<Item = &'a Digest>) -> BTreeSet<String> {
    digests.into_iter().map(ToString::to_string).collect()
}

/// The image alone.
fn family(tool: &BuiltImage) -> BTreeSet<String> {
    texts(tool.manifests.iter().map(|manifest| &manifest.digest))
}

/// What clients have listed at ECR Public as referring to a manifest.
fn listed(scenario: &Scenario, subject: &Digest) -> BTreeSet<String> {
    let tags = scenario.tags(FIRST, "tool");
    let index = scenario.manifest(FIRST, "tool", &tags[&tag_of(subject, "")]);
    let entries = index["manifests"].as_array().unwrap().iter();
    let digests = entries.map(|entry| entry["digest"].as_str().unwrap().to_owned());
    digests.collect()
}

async fn known(scenario: &Scenario) -> BTreeSet<String> {
    let state = scenario.terraform.attributes(IT).await;
    serde_json::from_value(state["referrer_digests"].clone()).unwrap()
}

fn delete_by_hand(scenario: &Scenario, digest: &str) {
    let id = ImageId {
        digest: Some(digest.to_owned()),
        tag: None,
    };
    let store = scenario.sandbox.store();
    let account = FIRST.parse().unwrap();
    let failures = store.delete_images(&account, "tool", &[id]).unwrap();
    drop(failures);
    assert!(!there(scenario).contains(digest));
}

/// Requests about what hangs on something, by face.
fn asked(scenario: &Scenario, face: Face) -> usize {
    let is_it = |entry: &Entry| {
        let is_about = entry.path.contains("/referrers/") || entry.path.contains("sha256-");
        entry.face == face && is_about && entry.status != Some(401)
    };
    scenario.sandbox.journal().count(is_it)
}

async fn updates(scenario: &Scenario) -> Value {
    let change = scenario.terraform.planned(IT).await;
    assert_eq!(change["actions"], json!(["update"]));
    assert_eq!(change["after_unknown"]["referrer_digests"], true);
    assert_eq!(change["before"]["digest"], change["after"]["digest"]);
    change
}

/// Asserts that an update brings what is missing, and applies it.
async fn mended(scenario: &Scenario) {
    updates(scenario).await;
    scenario.terraform.apply_planned().await.succeeded();
}

/// Asserts that there is nothing to do, and that a destroy leaves nothing of ours.
async fn goes_whole(scenario: Scenario) {
    scenario.terraform.converged().await;
    scenario.terraform.destroy().await.succeeded();
    assert_eq!(there(&scenario), BTreeSet::new());
    scenario.was_clean().await;
}

#[tokio::test]
async fn from_one_list_to_another_nothing_needs_a_tag() {
    let (scenario, tool) = prepared(ALL).await;
    scenario.sandbox.hub().set_lists_referrers(true);
    scenario.sandbox.set_lists_referrers(true);
    let signature = attach(&scenario, &tool.digest, "signature");
    apply(&scenario).await;
    let mut expected = family(&tool);
    expected.insert(signature.to_string());
    assert_eq!(there(&scenario), expected);
    assert_eq!(scenario.tags(FIRST, "tool").len(), 1);
    assert_eq!(known(&scenario).await, texts([&signature]));
    scenario.terraform.converged().await;

    delete_by_hand(&scenario, signature.as_str());
    mended(&scenario).await;
    assert_eq!(there(&scenario), expected);
    goes_whole(scenario).await;
}

#[tokio::test]
async fn where_ecr_public_keeps_no_list_a_tag_leads_there() {
    let (scenario, tool) = prepared(ALL).await;
    scenario.sandbox.hub().set_lists_referrers(true);
    let arm = tool.platform("linux/arm64/v8").unwrap();
    let of_index = attach(&scenario, &tool.digest, "of the index");
    let of_image = attach(&scenario, arm, "of an image");
    apply(&scenario).await;
    assert_eq!(listed(&scenario, &tool.digest), texts([&of_index]));
    assert_eq!(listed(&scenario, arm), texts([&of_image]));
    assert_eq!(known(&scenario).await, texts([&of_index, &of_image]));
    goes_whole(scenario).await;
}

#[tokio::test]
async fn from_tag_to_tag_with_what_hangs_on_what_hangs_there() {
    let (scenario, tool) = prepared(ALL).await;
    let sbom = attach(&scenario, &tool.digest, "sbom");
    let signature = attach(&scenario, &sbom, "signature of the sbom");
    let pulls = scenario.sandbox.hub().pulls();
    apply(&scenario).await;
    assert_eq!(listed(&scenario, &tool.digest), texts([&sbom]));
    assert_eq!(listed(&scenario, &sbom), texts([&signature]));
    // An index and three images, two lists, and what they name.
    assert_eq!(scenario.sandbox.hub().pulls() - pulls, 4 + 2 + 2);
    goes_whole(scenario).await;
}

#[tokio::test]
async fn tags_of_cosign_come_along_and_are_set_again() {
    let (scenario, tool) = prepared(ALL).await;
    let amd = tool.platform("linux/amd64").unwrap();
    let signature = cosign(&scenario, &tool.digest, ".sig", "signature");
    let sbom = cosign(&scenario, amd, ".sbom", "sbom");
    let attestation = cosign(&scenario, &tool.digest, ".att", "attestation");
    apply(&scenario).await;
    let tags = scenario.tags(FIRST, "tool");
    let tag = tag_of(&tool.digest, ".sig");
    assert_eq!(tags[&tag], signature.as_str());
    assert_eq!(tags[&tag_of(&tool.digest, ".att")], attestation.as_str());
    assert_eq!(tags[&tag_of(amd, ".sbom")], sbom.as_str());
    assert_eq!(tags.len(), 4);
    scenario.terraform.converged().await;

    scenario.untag_by_hand(FIRST, "tool", &tag);
    mended(&scenario).await;
    assert_eq!(scenario.tags(FIRST, "tool"), tags);
    goes_whole(scenario).await;
}

#[tokio::test]
async fn what_is_signed_after_the_copy_is_brought_by_the_next() {
    let (scenario, tool) = prepared(ALL).await;
    let first = attach(&scenario, &tool.digest, "first");
    apply(&scenario).await;
    scenario.terraform.converged().await;
    let second = attach(&scenario, &tool.digest, "second");
    let cosigned = cosign(&scenario, &tool.digest, ".sig", "third");
    updates(&scenario).await;
    let pulls = scenario.sandbox.hub().pulls();
    scenario.terraform.apply_planned().await.succeeded();
    // The list, and what is new.
    assert_eq!(scenario.sandbox.hub().pulls() - pulls, 3);
    assert_eq!(listed(&scenario, &tool.digest), texts([&first, &second]));
    let all = texts([&first, &second, &cosigned]);
    assert_eq!(known(&scenario).await, all);
    scenario.terraform.converged().await;
    // The list of before has no tag any more, and was ours.
    scenario.terraform.destroy().await.succeeded();
    assert_eq!(there(&scenario), BTreeSet::new());
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_list_that_others_write_too_is_mended_and_left_to_them() {
    let (scenario, tool) = prepared(ALL).await;
    let ours = attach(&scenario, &tool.digest, "ours");
    apply(&scenario).await;
    // Somebody replaces the list by an empty one.
    let list = tag_of(&tool.digest, "");
    let theirs = scenario.push_by_hand(FIRST, "tool", &list);
    assert_eq!(listed(&scenario, &tool.digest), BTreeSet::new());
    mended(&scenario).await;
    assert_eq!(listed(&scenario, &tool.digest), texts([&ours]));
    scenario.terraform.converged().await;

    // Now it is a list of theirs that has ours in it, and is nothing to be mended.
    let tags = scenario.tags(FIRST, "tool");
    let mut index = scenario.manifest(FIRST, "tool", &tags[&list]);
    index["annotations"]["by"] = json!("somebody else");
    let new = ecr_public_sandbox::store::NewImage {
        manifest: index.to_string().into(),
        tag: Some(list.clone()),
        ..Default::default()
    };
    let store = scenario.sandbox.store();
    store
        .put_image(&FIRST.parse().unwrap(), "tool", new)
        .unwrap();
    let grown = scenario.tags(FIRST, "tool")[&list].clone();
    scenario.terraform.converged().await;
    scenario.terraform.destroy().await.succeeded();
    assert_eq!(scenario.tags(FIRST, "tool")[&list], grown);
    assert!(there(&scenario).contains(&theirs), "it was never ours");
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_signature_of_somebody_else_is_left_alone_and_said_so() {
    let (scenario, tool) = prepared(TOOL).await;
    apply(&scenario).await;
    let tag = tag_of(&tool.digest, ".sig");
    let ours = cosign(&scenario, &tool.digest, ".sig", "upstream");
    let theirs = scenario.push_by_hand(FIRST, "tool", &tag);
    scenario.configure(&it(ALL));
    let run = scenario.terraform.apply(&[]).await.succeeded();
    run.says("Warning: Signature tag left alone");
    assert_eq!(scenario.tags(FIRST, "tool")[&tag], theirs);
    scenario.terraform.converged().await;

    scenario.configure(&it(&format!("{ALL}overwrite = true\n")));
    // The wish to overwrite alone plans no copy; that something new was signed does.
    let newer = cosign(&scenario, &tool.digest, ".sig", "upstream, later");
    apply(&scenario).await;
    assert_ne!(ours, newer);
    assert_eq!(scenario.tags(FIRST, "tool")[&tag], newer.as_str());
    scenario.terraform.converged().await;
    scenario.terraform.destroy().await.succeeded();
    scenario.was_clean().await;
}

#[tokio::test]
async fn switched_on_it_moves_what_is_missing_and_switched_off_it_leaves_what_is_there() {
    let (scenario, tool) = prepared(TOOL).await;
    let signature = cosign(&scenario, &tool.digest, ".sig", "signature");
    apply(&scenario).await;
    assert_eq!(there(&scenario), family(&tool));
    let (hub, pulls) = (scenario.sandbox.hub(), scenario.sandbox.hub().pulls());
    scenario.configure(&it(ALL));
    mended(&scenario).await;
    assert_eq!(hub.pulls() - pulls, 1);
    let with_signature = there(&scenario);
    assert!(with_signature.contains(signature.as_str()));
    scenario.terraform.converged().await;

    scenario.configure(&it(TOOL));
    apply(&scenario).await;
    assert_eq!(there(&scenario), with_signature);
    assert_eq!(known(&scenario).await, BTreeSet::new());
    goes_whole(scenario).await;
}

#[tokio::test]
async fn of_several_platforms_come_what_hangs_on_their_images() {
    let platforms = "platforms = [\"linux/amd64\", \"linux/arm64/v8\"]\n";
    let one = named(
        "one",
        &format!("{ALL}platforms = [\"linux/s390x\"]\nimage_tags = [\"s390x\"]\n"),
    );
    let (scenario, tool) = prepared(ALL).await;
    scenario.configure(&(it(&format!("{ALL}{platforms}")) + &one));
    let of = |platform: &str| tool.platform(platform).unwrap();
    let of_index = attach(&scenario, &tool.digest, "index");
    let of_amd = attach(&scenario, of("linux/amd64"), "amd");
    let of_s390x = attach(&scenario, of("linux/s390x"), "s390x");
    apply(&scenario).await;
    assert_eq!(known(&scenario).await, texts([&of_amd]));
    assert_eq!(listed(&scenario, of("linux/s390x")), texts([&of_s390x]));
    assert!(!there(&scenario).contains(of_index.as_str()));
    goes_whole(scenario).await;
}

#[tokio::test]
async fn they_stay_as_long_as_somebody_has_the_image() {
    let other = named("other", &format!("{ALL}image_tags = [\"other\"]\n"));
    let (scenario, tool) = prepared(ALL).await;
    scenario.configure(&(it(ALL) + &other));
    let signature = attach(&scenario, &tool.digest, "signature");
    let cosigned = cosign(&scenario, &tool.digest, ".sig", "cosigned");
    apply(&scenario).await;
    let before = there(&scenario);
    scenario.configure(&it(ALL));
    apply(&scenario).await;
    assert_eq!(there(&scenario), before);
    assert_eq!(listed(&scenario, &tool.digest), texts([&signature]));
    let tags = scenario.tags(FIRST, "tool");
    assert_eq!(tags[&tag_of(&tool.digest, ".sig")], cosigned.as_str());
    goes_whole(scenario).await;
}

#[tokio::test]
async fn what_hangs_on_a_superseded_image_goes_with_it() {
    let (scenario, old) = prepared(&format!("{ALL}delete_superseded = true\n")).await;
    attach(&scenario, &old.digest, "signature");
    cosign(&scenario, &old.digest, ".sig", "cosigned");
    apply(&scenario).await;
    let new = push(&scenario, "tool, later");
    let signature = cosign(&scenario, &new.digest, ".sig", "cosigned again");
    apply(&scenario).await;
    let mut expected = family(&new);
    expected.insert(signature.to_string());
    assert_eq!(there(&scenario), expected);
    goes_whole(scenario).await;
}

#[tokio::test]
async fn killed_before_the_list_is_written_no_tag_shows_the_image() {
    let (scenario, tool) = prepared(ALL).await;
    let signature = attach(&scenario, &tool.digest, "signature");
    let list = tag_of(&tool.digest, "");
    let held = Fault::on(Face::Registry, Effect::Hold).method("PUT");
    scenario.sandbox.faults().add(held.path(&list));
    let running = scenario
        .terraform
        .start(&["apply", "-input=false", "-auto-approve"]);
    let writes = |entry: &Entry| entry.is(Face::Registry, "PUT", &list);
    let journal = scenario.sandbox.journal();
    journal.wait_for(writes).await.unwrap();
    running.kill();
    running.finish().await;
    scenario.sandbox.faults().clear();
    assert!(scenario.tags(FIRST, "tool").is_empty());
    let pulls = scenario.sandbox.hub().pulls();
    apply(&scenario).await;
    // The list is at Docker Hub alone; everything else is at the destination already.
    assert_eq!(scenario.sandbox.hub().pulls() - pulls, 1);
    assert_eq!(listed(&scenario, &tool.digest), texts([&signature]));
    goes_whole(scenario).await;
}

#[tokio::test]
async fn a_refresh_asks_once_for_all_instances_and_without_the_wish_not_at_all() {
    let second = ALL.replace(FIRST, SECOND);
    let (scenario, tool) = prepared(ALL).await;
    scenario.configure(&(it(ALL) + &named("second", &second)));
    attach(&scenario, &tool.digest, "signature");
    apply(&scenario).await;
    let journal = scenario.sandbox.journal();
    journal.clear();
    scenario.terraform.converged().await;
    let is_plan =
        |entry: &Entry| entry.is(Face::Hub, "HEAD", "/manifests/1") && entry.status != Some(401);
    let plans = journal.count(is_plan);
    // For the index and three images, a list under a tag and three tags of cosign; that there are
    // no other lists, Docker Hub says once.
    let looks = asked(&scenario, Face::Hub);
    assert_eq!(looks % (4 * 4 + 1), 0, "{looks} requests in {plans} plans");
    assert_eq!(looks / (4 * 4 + 1), plans);
    assert_eq!(asked(&scenario, Face::Registry), 0);

    scenario.configure(&(it(TOOL) + &named("second", &TOOL.replace(FIRST, SECOND))));
    apply(&scenario).await;
    journal.clear();
    scenario.terraform.converged().await;
    assert_eq!(asked(&scenario, Face::Hub), 0);
    assert_eq!(asked(&scenario, Face::Registry), 0);
    scenario.terraform.destroy().await.succeeded();
    scenario.was_clean().await;
}

#[tokio::test]
async fn a_source_that_does_not_say_what_hangs_there_is_a_warning() {
    let (scenario, tool) = prepared(ALL).await;
    attach(&scenario, &tool.digest, "signature");
    apply(&scenario).await;
    let denied = Effect::status(403);
    let fault = Fault::on(Face::Hub, denied).path("sha256-").always();
    scenario.sandbox.faults().add(fault);
    let run = scenario.terraform.plan().await;
    let run = run.succeeded();
    run.says("Warning: Referrers of the source image not checked");
    scenario.sandbox.faults().clear();
    scenario.terraform.converged().await;
    scenario.was_clean().await;
}

#[tokio::test]
async fn another_value_is_refused() {
    let (scenario, _) = prepared(&format!("{TOOL}referrers = \"some\"\n")).await;
    let run = scenario.terraform.plan().await.failed();
    run.says("Error: Invalid choice of referrers");
    scenario.was_clean().await;
}

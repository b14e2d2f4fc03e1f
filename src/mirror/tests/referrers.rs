//! What hangs on an image comes along.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::images::{
    attestation, blob, child, image, index, layer, listed, manifest, single, usual,
};
use super::{World, job};
use crate::content::ErrorKind;
use crate::mirror::memory::{Event, Fault, Memory, On, Target, What};
use crate::mirror::{
    Attached, Cause, Contents, Error, MirrorJob, OthersTags, Outcome, OwnTags, Platforms,
    Referrers, Step,
};
use crate::oci::{CosignTag, Digest, Manifest, MediaType, fallback_tag, with_referrers};

const ARTIFACT: &str = "application/vnd.example.signature";

/// Something that refers to a manifest.
fn referring(store: &Memory, subject: &Digest, name: &str) -> Manifest {
    let config = blob(store, "application/vnd.oci.empty.v1+json", b"{}");
    let content = blob(store, ARTIFACT, name.as_bytes());
    manifest(
        store,
        MediaType::OCI_MANIFEST,
        &json!({
            "schemaVersion": 2, "mediaType": MediaType::OCI_MANIFEST, "artifactType": ARTIFACT,
            "config": config, "layers": [content], "annotations": { "name": name },
            "subject": { "mediaType": MediaType::OCI_MANIFEST, "digest": subject.as_str(), "size": 1 },
        }),
    )
}

/// The same, in a list that clients keep.
fn tagged(store: &Memory, subject: &Digest, name: &str) -> Manifest {
    let referrer = referring(store, subject, name);
    let tag = fallback_tag(subject);
    let before = store.tag(tag.as_str()).and_then(|it| store.stored(&it));
    add_to(store, subject, before.as_ref(), &referrer);
    referrer
}

fn add_to(store: &Memory, subject: &Digest, before: Option<&Manifest>, referrer: &Manifest) {
    let longer = with_referrers(before, &[referrer.as_referrer()]).unwrap();
    store.add_manifest(&longer);
    store.set_tag(fallback_tag(subject).as_str(), longer.digest());
}

/// A signature as cosign stores it.
fn cosigned(store: &Memory, subject: &Digest, kind: CosignTag, seed: u64) -> Manifest {
    let signature = image(store, "linux/amd64", &[layer(store, seed, 30)]);
    store.set_tag(kind.of(subject).as_str(), signature.digest());
    signature
}

fn with_all() -> MirrorJob {
    MirrorJob {
        referrers: Referrers::All(OwnTags::default()),
        contents: Contents::OfCopies,
        ..job()
    }
}

async fn all(world: &World) -> Result<Outcome, Error> {
    world.run(&with_all()).await
}

fn attached(outcome: &Outcome) -> &Attached {
    outcome.attached.as_ref().unwrap()
}

fn objects(outcome: &Outcome) -> BTreeSet<Digest> {
    attached(outcome).objects.keys().cloned().collect()
}

fn digests<'a>(manifests: impl IntoIterator<Item = &'a Manifest>) -> BTreeSet<Digest> {
    let manifests = manifests.into_iter();
    manifests
        .map(|manifest| manifest.digest().clone())
        .collect()
}

/// What the list that clients keep at the destination has.
fn list(store: &Memory, subject: &Digest) -> BTreeSet<Digest> {
    let index = store.tag(fallback_tag(subject).as_str());
    let index = index.and_then(|index| store.stored(&index)).unwrap();
    listed(&index)
        .into_iter()
        .map(|entry| entry.digest)
        .collect()
}

#[tokio::test(start_paused = true)]
async fn from_list_to_list_nothing_is_tagged() {
    let world = World::new();
    world.hub.list_referrers();
    world.ecr.list_referrers();
    let root = single(&world.hub);
    let signature = referring(&world.hub, root.digest(), "signature");
    let outcome = all(&world).await.unwrap();
    assert_eq!(objects(&outcome), digests([&signature]));
    assert!(world.ecr.has_all(signature.digest()));
    assert_eq!(world.ecr.tags().len(), 1);
    let asked = world
        .ecr
        .count(|event| matches!(event, Event::ListReferrers(_)));
    assert_eq!(
        asked, 0,
        "the registry has said that it lists what it was given"
    );
}

#[tokio::test(start_paused = true)]
async fn where_the_destination_keeps_no_list_one_is_kept_under_a_tag() {
    let world = World::new();
    world.hub.list_referrers();
    let root = single(&world.hub);
    let names = ["a", "b"].map(|name| referring(&world.hub, root.digest(), name));
    let outcome = all(&world).await.unwrap();
    assert_eq!(objects(&outcome), digests(&names));
    assert_eq!(list(&world.ecr, root.digest()), digests(&names));
    let tag = fallback_tag(root.digest());
    let index = world.ecr.tag(tag.as_str()).unwrap();
    assert_eq!(attached(&outcome).tags[&tag], index);
    let entries = listed(&world.ecr.stored(&index).unwrap());
    let types: Vec<_> = entries
        .iter()
        .map(|it| it.artifact_type.as_deref())
        .collect();
    assert_eq!(types, [Some(ARTIFACT); 2]);
    assert_eq!(entries[0].annotations.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn from_tag_to_tag_with_what_hangs_on_what_hangs_there() {
    let world = World::new();
    let root = single(&world.hub);
    let sbom = tagged(&world.hub, root.digest(), "sbom");
    let signature = tagged(&world.hub, sbom.digest(), "signature of the sbom");
    let outcome = all(&world).await.unwrap();
    assert_eq!(objects(&outcome), digests([&sbom, &signature]));
    assert_eq!(list(&world.ecr, root.digest()), digests([&sbom]));
    assert_eq!(list(&world.ecr, sbom.digest()), digests([&signature]));
    // The image, two lists, and what they name.
    assert_eq!(outcome.pulls, 5);
}

#[tokio::test(start_paused = true)]
async fn tags_of_cosign_come_along_for_the_index_and_its_images() {
    let world = World::new();
    let root = usual(&world.hub);
    let arm = listed(&root)[1].digest.clone();
    let signature = cosigned(&world.hub, root.digest(), CosignTag::Signature, 71);
    let sbom = cosigned(&world.hub, &arm, CosignTag::Sbom, 72);
    let outcome = all(&world).await.unwrap();
    assert_eq!(objects(&outcome), digests([&signature, &sbom]));
    for (kind, subject, wanted) in [
        (CosignTag::Signature, root.digest(), &signature),
        (CosignTag::Sbom, &arm, &sbom),
    ] {
        let tag = kind.of(subject);
        assert_eq!(world.ecr.tag(tag.as_str()).as_ref(), Some(wanted.digest()));
        assert_eq!(attached(&outcome).tags[&tag], *wanted.digest());
    }
    assert_eq!(world.ecr.tags().len(), 3);
    // Nobody asks what hangs on attestations that are in the index.
    assert_eq!(attached(&outcome).subjects.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_tag_of_the_image_moves_last() {
    let world = World::new();
    let root = single(&world.hub);
    tagged(&world.hub, root.digest(), "signature");
    cosigned(&world.hub, root.digest(), CosignTag::Signature, 71);
    all(&world).await.unwrap();
    let log = world.ecr.log();
    let puts = log
        .iter()
        .filter(|event| matches!(event, Event::PutManifest(..)));
    let tags: Vec<_> = puts
        .map(|event| match event {
            Event::PutManifest(_, tag) => tag.as_ref().map(ToString::to_string),
            _ => None,
        })
        .collect();
    let list = fallback_tag(root.digest()).to_string();
    let signature = CosignTag::Signature.of(root.digest()).to_string();
    // The image and what refers to it, by their digests; then what leads to it; then the image.
    let tags: Vec<_> = tags.iter().map(Option::as_deref).collect();
    assert_eq!(
        tags,
        [
            None,
            None,
            Some(signature.as_str()),
            Some(list.as_str()),
            Some("1")
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn whatever_fails_before_leaves_the_tag_alone() {
    for (on, skip) in [
        (On::PutManifest, 0),
        (On::PutManifest, 1),
        (On::PutManifest, 2),
        (On::PutManifest, 3),
        (On::ListReferrers, 0),
        (On::CommitBlob, 3),
    ] {
        let world = World::new();
        let root = single(&world.hub);
        tagged(&world.hub, root.digest(), "signature");
        cosigned(&world.hub, root.digest(), CosignTag::Signature, 71);
        let fault = Fault::once(on, What::Fail(ErrorKind::Denied)).skip(skip);
        world.ecr.fail(fault);
        let error = all(&world).await.unwrap_err();
        assert_eq!(world.ecr.tag("1"), None, "{on:?} {skip}");
        assert!(error.partial.is_none(), "{on:?} {skip}");
        all(&world).await.unwrap();
        assert_eq!(world.ecr.tag("1").as_ref(), Some(root.digest()));
        assert_eq!(list(&world.ecr, root.digest()).len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn stopped_at_any_request_it_is_brought_to_its_end_by_the_next() {
    for requests in 0.. {
        let world = World::new();
        let root = usual(&world.hub);
        let signature = tagged(&world.hub, root.digest(), "signature");
        let cosigned = cosigned(&world.hub, root.digest(), CosignTag::Signature, 71);
        world.ecr.stop_after(requests, &world.cx);
        let first = all(&world).await;
        if world.ecr.tag("1").is_some() {
            assert_eq!(list(&world.ecr, root.digest()), digests([&signature]));
            assert!(world.ecr.has_all(cosigned.digest()), "{requests}");
        }
        let again = World {
            cx: crate::task::Context::new(),
            ..world
        };
        let outcome = all(&again).await.unwrap();
        assert_eq!(objects(&outcome), digests([&signature, &cosigned]));
        assert_eq!(list(&again.ecr, root.digest()), digests([&signature]));
        assert!(again.ecr.has_all(root.digest()));
        if first.is_ok() {
            assert!(requests > 20, "only {requests} requests");
            return;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_the_wish_nobody_is_asked() {
    let world = World::new();
    let root = usual(&world.hub);
    tagged(&world.hub, root.digest(), "signature");
    cosigned(&world.hub, root.digest(), CosignTag::Signature, 71);
    let outcome = world.mirror().await.unwrap();
    assert_eq!(outcome.attached, None);
    for side in [&world.hub, &world.ecr] {
        let log = side.log();
        let asks = |event: &&Event| format!("{event:?}").contains("sha256-");
        assert_eq!(log.iter().find(asks), None);
        assert_eq!(
            side.count(|event| matches!(event, Event::ListReferrers(_))),
            0
        );
    }
    assert_eq!(world.ecr.tags().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_image_on_which_nothing_hangs_costs_looks_at_the_source_alone() {
    let (bare, world) = (World::new(), World::new());
    single(&bare.hub);
    single(&world.hub);
    bare.mirror().await.unwrap();
    let outcome = all(&world).await.unwrap();
    assert_eq!(objects(&outcome), BTreeSet::new());
    assert_eq!(attached(&outcome).seen, BTreeSet::new());
    assert_eq!(world.ecr.log().len(), bare.ecr.log().len());
    assert_eq!(world.hub.pulls(), bare.hub.pulls());
    // One list, its tag, three tags of cosign.
    assert_eq!(world.hub.log().len(), bare.hub.log().len() + 5);
}

#[tokio::test(start_paused = true)]
async fn what_is_there_is_left_alone_and_costs_the_list_alone() {
    let world = World::new();
    let root = usual(&world.hub);
    let signature = tagged(&world.hub, root.digest(), "signature");
    cosigned(&world.hub, root.digest(), CosignTag::Signature, 71);
    let first = all(&world).await.unwrap();
    let later = World {
        engine: World::new().engine,
        ..world
    };
    later.ecr.forget_log();
    let second = all(&later).await.unwrap();
    assert_eq!(attached(&second).objects, attached(&first).objects);
    assert_eq!(attached(&second).tags, attached(&first).tags);
    assert_eq!(attached(&second).seen, attached(&first).seen);
    assert_eq!(later.ecr.writes(), 0);
    // A list that clients keep has to be read, as nobody else has it.
    assert_eq!(second.pulls, 1);
    assert!(later.ecr.has_all(signature.digest()));
}

#[tokio::test(start_paused = true)]
async fn what_was_taken_away_or_is_new_is_all_that_is_brought() {
    let world = World::new();
    world.hub.list_referrers();
    let root = usual(&world.hub);
    let names = ["a", "b"].map(|name| referring(&world.hub, root.digest(), name));
    let before = all(&world).await.unwrap();
    world.ecr.remove(names[0].digest());
    let third = referring(&world.hub, root.digest(), "c");
    let later = World {
        engine: World::new().engine,
        ..world
    };
    later.hub.forget_log();
    let outcome = all(&later).await.unwrap();
    assert_eq!(outcome.pulls, 2);
    assert_ne!(attached(&outcome).seen, attached(&before).seen);
    let wanted = digests(names.iter().chain([&third]));
    assert_eq!(list(&later.ecr, root.digest()), wanted);
    assert!(wanted.iter().all(|digest| later.ecr.has_all(digest)));
    assert_eq!(objects(&outcome), wanted);
}

#[tokio::test(start_paused = true)]
async fn a_signature_of_somebody_else_stays() {
    let world = World::new();
    let root = single(&world.hub);
    let tag = CosignTag::Signature.of(root.digest());
    let ours = cosigned(&world.hub, root.digest(), CosignTag::Signature, 71);
    let theirs = cosigned(&world.ecr, root.digest(), CosignTag::Signature, 72);
    let outcome = all(&world).await.unwrap();
    let kept = &attached(&outcome).kept;
    assert_eq!(kept.get(&tag), Some(theirs.digest()));
    assert_eq!(world.ecr.tag(tag.as_str()).as_ref(), Some(theirs.digest()));
    assert!(attached(&outcome).objects.is_empty());

    let own = OwnTags {
        others: OthersTags::Move,
        ..OwnTags::default()
    };
    let taking_over = MirrorJob {
        referrers: Referrers::All(own),
        ..with_all()
    };
    world.run(&taking_over).await.unwrap();
    assert_eq!(world.ecr.tag(tag.as_str()).as_ref(), Some(ours.digest()));
}

#[tokio::test(start_paused = true)]
async fn a_signature_that_was_ours_is_replaced() {
    let world = World::new();
    let root = single(&world.hub);
    cosigned(&world.hub, root.digest(), CosignTag::Signature, 71);
    let first = all(&world).await.unwrap();
    let newer = cosigned(&world.hub, root.digest(), CosignTag::Signature, 72);
    let own = OwnTags {
        put: attached(&first).tags.clone(),
        ..OwnTags::default()
    };
    let again = MirrorJob {
        referrers: Referrers::All(own),
        ..with_all()
    };
    let second = world.run(&again).await.unwrap();
    let tag = CosignTag::Signature.of(root.digest());
    assert_eq!(world.ecr.tag(tag.as_str()).as_ref(), Some(newer.digest()));
    assert_eq!(objects(&second), digests([&newer]));
    // So that the older one can be deleted one day.
    assert_eq!(attached(&second).left.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn whoever_writes_the_list_at_the_same_time_is_heard_and_does_not_drown_us() {
    let world = World::new();
    let root = single(&world.hub);
    let ours = tagged(&world.hub, root.digest(), "ours");
    let theirs = referring(&world.ecr, root.digest(), "theirs");
    let index = with_referrers(None, &[theirs.as_referrer()]).unwrap();
    world.ecr.add_manifest(&index);
    let tag = fallback_tag(root.digest());
    // When ours was written and is about to be looked at.
    let fault = Fault::once(
        On::Resolve,
        What::SetTag(tag.clone(), index.digest().clone()),
    );
    world.ecr.fail(fault.of(tag.as_str()).skip(1));
    all(&world).await.unwrap();
    assert_eq!(list(&world.ecr, root.digest()), digests([&ours, &theirs]));
}

#[tokio::test(start_paused = true)]
async fn copies_of_one_process_add_to_one_list_in_turn() {
    let world = World::new();
    world.hub.list_referrers();
    let root = single(&world.hub);
    let names: Vec<_> = (0..6)
        .map(|n| referring(&world.hub, root.digest(), &n.to_string()))
        .collect();
    let other = Memory::new("ghcr.io", "team/app");
    other.list_referrers();
    single(&other);
    let more: Vec<_> = (6..9)
        .map(|n| referring(&other, root.digest(), &n.to_string()))
        .collect();
    let destination = || Arc::new(Target(Arc::clone(&world.ecr)));
    let there = with_all();
    let (one, two) = tokio::join!(
        world.start(&there),
        world.engine.mirror(
            &world.cx,
            &there,
            Arc::clone(&other) as Arc<_>,
            destination()
        ),
    );
    one.unwrap();
    two.unwrap();
    assert_eq!(
        list(&world.ecr, root.digest()),
        digests(names.iter().chain(&more))
    );
}

#[tokio::test(start_paused = true)]
async fn a_list_that_lies_brings_nothing() {
    let world = World::new();
    let root = single(&world.hub);
    let stranger = referring(&world.hub, &super::stranger(), "of another image");
    let plain = image(&world.hub, "linux/arm64", &[]);
    let gone = referring(&world.hub, root.digest(), "gone");
    let honest = referring(&world.hub, root.digest(), "honest");
    let mut odd = honest.as_referrer();
    odd.media_type = MediaType::new("application/vnd.oci.artifact.manifest.v1+json");
    odd.digest = Digest::sha256(b"odd");
    let entries = [&stranger, &plain, &gone, &honest, &root].map(Manifest::as_referrer);
    let entries = [&entries[..], &[odd]].concat();
    let index = with_referrers(None, &entries).unwrap();
    world.hub.add_manifest(&index);
    world
        .hub
        .set_tag(fallback_tag(root.digest()).as_str(), index.digest());
    world.hub.remove(gone.digest());
    let outcome = all(&world).await.unwrap();
    assert_eq!(objects(&outcome), digests([&honest]));
    assert_eq!(list(&world.ecr, root.digest()), digests([&honest]));
    assert!(world.ecr.stored(stranger.digest()).is_none());
}

#[tokio::test(start_paused = true)]
async fn more_than_anybody_attaches_is_refused_before_anything_is_read() {
    let world = World::new();
    let root = single(&world.hub);
    let entries: Vec<Value> = (0..1001)
        .map(|n: u64| {
            super::images::entry(
                MediaType::OCI_MANIFEST,
                &Digest::sha256(&n.to_be_bytes()),
                1,
            )
        })
        .collect();
    let list = index(&world.hub, &entries);
    world
        .hub
        .set_tag(fallback_tag(root.digest()).as_str(), list.digest());
    let error = all(&world).await.unwrap_err();
    assert!(matches!(error.cause, Cause::TooManyReferrers), "{error:?}");
    assert_eq!((error.step, world.hub.pulls()), (Step::ListReferrers, 2));
    assert_eq!(world.ecr.writes(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_chain_without_end_is_refused() {
    let world = World::new();
    world.hub.list_referrers();
    let root = single(&world.hub);
    let mut last = root.digest().clone();
    for n in 0..5 {
        last = referring(&world.hub, &last, &n.to_string())
            .digest()
            .clone();
    }
    let error = all(&world).await.unwrap_err();
    assert!(matches!(error.cause, Cause::TooManyReferrers), "{error:?}");
    assert_eq!(world.ecr.writes(), 0);
}

#[tokio::test(start_paused = true)]
async fn of_a_choice_of_platforms_come_what_hangs_on_its_images() {
    let world = World::new();
    world.hub.list_referrers();
    let root = usual(&world.hub);
    let entries = listed(&root);
    let other = image(&world.hub, "linux/s390x", &[layer(&world.hub, 9, 10)]);
    let whole = index(
        &world.hub,
        &[
            json!({ "mediaType": entries[0].media_type.as_str(), "digest": entries[0].digest.as_str(),
                "size": entries[0].size, "platform": { "os": "linux", "architecture": "amd64" } }),
            attestation(&other, &entries[0].digest),
            child(&other, "linux/s390x"),
            child(&image(&world.hub, "linux/arm64", &[]), "linux/arm64"),
        ],
    );
    world.hub.set_tag("1", whole.digest());
    let of_index = referring(&world.hub, whole.digest(), "index");
    let of_amd = referring(&world.hub, &entries[0].digest, "amd");
    let of_other = referring(&world.hub, other.digest(), "s390x");
    for (platforms, wanted) in [
        (&["linux/amd64"][..], digests([&of_amd])),
        (
            &["linux/amd64", "linux/s390x"],
            digests([&of_amd, &of_other]),
        ),
    ] {
        let here = World {
            ecr: Memory::new("public.ecr.aws", "a1b2c3/app"),
            hub: Arc::clone(&world.hub),
            ..World::new()
        };
        let platforms = platforms.iter().map(|text| text.parse().unwrap());
        let chosen = MirrorJob {
            platforms: Platforms::Only(platforms.collect()),
            ..with_all()
        };
        let outcome = here.start(&chosen).await.unwrap();
        assert_eq!(objects(&outcome), wanted);
        assert!(here.ecr.stored(of_index.digest()).is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_destination_loses_meanwhile_is_brought_again() {
    let world = World::new();
    let root = single(&world.hub);
    let signature = tagged(&world.hub, root.digest(), "signature");
    world
        .ecr
        .fail(Fault::once(On::PutManifest, What::LoseBlobs).skip(1));
    all(&world).await.unwrap();
    assert!(world.ecr.has_all(signature.digest()));
    assert_eq!(list(&world.ecr, root.digest()), digests([&signature]));
}

#[tokio::test(start_paused = true)]
async fn a_registry_with_lists_is_offered_again_what_it_does_not_list() {
    let world = World::new();
    world.hub.list_referrers();
    let root = single(&world.hub);
    let signature = referring(&world.hub, root.digest(), "signature");
    all(&world).await.unwrap();
    // It learns to keep lists, and takes those of its clients over.
    world.ecr.list_referrers();
    let later = World {
        engine: World::new().engine,
        ..world
    };
    later.ecr.forget_log();
    let outcome = all(&later).await.unwrap();
    assert_eq!(objects(&outcome), digests([&signature]));
    assert_eq!(later.ecr.writes(), 0);
}

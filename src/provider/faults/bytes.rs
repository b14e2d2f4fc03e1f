//! Bytes that are cut, wrong, too few or too many on their way from the source.

use ecr_public_sandbox::{Digest, Effect, Entry, Face, Fault};

use super::world::{AT_HUB, World, answer, chain, kind};
use crate::content::ErrorKind;
use crate::mirror::{Error, Side, Step};

/// Within the largest layer.
const WITHIN: u64 = 10_000;

/// The largest layer of the image.
fn layer(world: &World) -> Digest {
    let image = world.images().remove(0);
    world.blobs_of(&image).pop().unwrap()
}

/// How often the object storage was asked for a blob.
fn reads(world: &World, blob: &Digest) -> usize {
    world.count(|entry| entry.is(Face::HubCdn, "GET", blob.hex()))
}

fn is_of_the_source(error: &Error, step: Step, subject: &Digest) {
    let text = chain(error);
    assert_eq!((error.side, error.step), (Side::Source, step), "{text}");
    assert_eq!(error.subject, subject.to_string(), "{text}");
    let is_wrong = matches!(
        kind(error),
        Some(ErrorKind::WrongDigest { .. } | ErrorKind::WrongSize { .. })
    );
    assert!(is_wrong, "{text}");
}

/// What can be wrong with the bytes of a blob.
fn lies() -> [(&'static str, Effect); 4] {
    [
        ("a wrong byte", Effect::WrongByte { at: WITHIN }),
        ("a wrong first byte", Effect::WrongByte { at: 0 }),
        ("too few bytes", answer(200, &[], "less")),
        ("too many bytes", answer(200, &[], "x".repeat(200_000))),
    ]
}

#[tokio::test]
async fn a_layer_that_is_wrong_once_is_read_again_and_never_committed_wrong() {
    let world = World::new().await;
    let layer = layer(&world);
    for (number, (situation, lie)) in lies().into_iter().enumerate() {
        let copy = world.copy_to(&format!("app-{number}")).await;
        let fault = Fault::on(Face::HubCdn, lie).path(layer.hex());
        let fault = world.sandbox.faults().add(fault);
        copy.run().await.unwrap();
        assert_eq!((fault.hits(), reads(&world, &layer)), (1, 2), "{situation}");
        assert_eq!(copy.open_uploads(), 0, "{situation}");
        copy.has_arrived(situation).await;
        fault.remove();
    }
}

#[tokio::test]
async fn a_layer_that_is_always_wrong_ends_the_copy_after_two_reads() {
    let world = World::new().await;
    let layer = layer(&world);
    for (number, (situation, lie)) in lies().into_iter().enumerate() {
        let copy = world.copy_to(&format!("app-{number}")).await;
        let fault = Fault::on(Face::HubCdn, lie).path(layer.hex()).always();
        let fault = world.sandbox.faults().add(fault);
        let error = copy.run().await.expect_err(situation);
        is_of_the_source(&error, Step::ReadBlob, &layer);
        assert_eq!((fault.hits(), reads(&world, &layer)), (2, 2), "{situation}");
        assert!(!copy.layers().contains(&layer), "{situation}");
        assert_eq!(copy.open_uploads(), 0, "{situation}");
        copy.shows_nothing(situation).await;
        fault.remove();
    }
}

#[tokio::test]
async fn a_layer_that_is_cut_again_and_again_is_taken_up_where_it_ended() {
    let world = World::new().await;
    let layer = layer(&world);
    let copy = world.copy_to("app").await;
    let cut = Effect::CutResponse {
        after_bytes: WITHIN,
    };
    let fault = Fault::on(Face::HubCdn, cut).path(layer.hex()).times(3);
    world.sandbox.faults().add(fault);
    copy.run().await.unwrap();
    let is_read = |entry: &Entry| entry.is(Face::HubCdn, "GET", layer.hex());
    let reads = world.sandbox.journal().select(is_read);
    let ranges: Vec<Option<&str>> = reads
        .iter()
        .map(|read| read.headers.get("range").map(String::as_str))
        .collect();
    let expected = [
        None,
        Some("bytes=10000-"),
        Some("bytes=20000-"),
        Some("bytes=30000-"),
    ];
    assert_eq!(ranges, expected);
    let size = world.sandbox.hub().blob(AT_HUB, &layer).unwrap().size();
    let sent: u64 = reads.iter().map(|read| read.bytes_out).sum();
    assert_eq!(sent, size, "no byte is sent twice");
    let is_sent = |entry: &Entry| {
        entry.is(Face::Registry, "PUT", "/blobs/uploads/") && entry.query.contains(layer.hex())
    };
    assert_eq!(world.count(is_sent), 1, "one upload is enough");
    copy.has_arrived("three cuts").await;
}

#[tokio::test]
async fn a_signed_address_that_expires_between_two_parts_is_asked_for_again() {
    let world = World::new().await;
    let layer = layer(&world);
    let copy = world.copy_to("app").await;
    let faults = world.sandbox.faults();
    let cut = Effect::CutResponse {
        after_bytes: WITHIN,
    };
    faults.add(Fault::on(Face::HubCdn, cut).path(layer.hex()));
    let expired = faults.add(Fault::on(Face::HubCdn, Effect::status(403)).path(layer.hex()));
    copy.run().await.unwrap();
    assert_eq!(expired.hits(), 1);
    let is_read = |entry: &Entry| entry.is(Face::HubCdn, "GET", layer.hex());
    let reads = world.sandbox.journal().select(is_read);
    let last = reads.last().unwrap();
    assert_eq!(
        (reads.len(), &last.headers["range"][..]),
        (3, "bytes=10000-")
    );
    copy.has_arrived("an address that expired").await;
}

#[tokio::test]
async fn a_manifest_that_is_wrong_once_is_read_again_and_counted() {
    for is_root in [true, false] {
        let world = World::new().await;
        let manifest = match is_root {
            true => world.root(),
            false => world.images().remove(0),
        };
        let copy = world.copy_to("app").await;
        let wrong = Effect::WrongByte { at: 30 };
        let fault = Fault::on(Face::Hub, wrong).method("GET");
        world.sandbox.faults().add(fault.path(manifest.hex()));
        let outcome = copy.run().await.unwrap();
        assert_eq!((outcome.pulls, world.sandbox.hub().pulls()), (4, 4));
        copy.has_arrived("a manifest that was wrong once").await;
    }
}

#[tokio::test]
async fn a_manifest_that_is_always_wrong_ends_the_copy_before_anything_is_written() {
    for is_root in [true, false] {
        let world = World::new().await;
        let manifest = match is_root {
            true => world.root(),
            false => world.images().remove(0),
        };
        let copy = world.copy_to("app").await;
        let wrong = Effect::WrongByte { at: 30 };
        let fault = Fault::on(Face::Hub, wrong).method("GET").always();
        let fault = world.sandbox.faults().add(fault.path(manifest.hex()));
        let error = copy.run().await.unwrap_err();
        is_of_the_source(&error, Step::ReadManifest, &manifest);
        assert_eq!(fault.hits(), 2);
        assert_eq!((copy.layers(), copy.manifests()), (vec![], vec![]));
        copy.shows_nothing("a manifest that is always wrong").await;
    }
}

/// A header that contradicts the body does not change the bytes, and asking again would cost a pull
/// for the same answer.
#[tokio::test]
async fn a_manifest_under_another_type_than_its_own_is_refused_at_once() {
    let world = World::new().await;
    let root = world.root();
    let (_, bytes) = world.sandbox.hub().manifest(AT_HUB, &root).unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let copy = world.copy_to("app").await;
    let image = "application/vnd.oci.image.manifest.v1+json";
    let lie = answer(200, &[("content-type", image)], text);
    let fault = Fault::on(Face::Hub, lie).method("GET").path(root.hex());
    let fault = world.sandbox.faults().add(fault.always());
    let error = copy.run().await.unwrap_err();
    assert_eq!((error.side, error.step), (Side::Source, Step::ReadManifest));
    assert_eq!(
        kind(&error),
        Some(&ErrorKind::Protocol),
        "{}",
        chain(&error)
    );
    assert_eq!(fault.hits(), 1);
    copy.shows_nothing("a type that is a lie").await;
}

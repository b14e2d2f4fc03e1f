use super::*;
use crate::oci::MediaType;

fn at(name: &str) -> At {
    let repository = Repository::new("docker.io", "library/app").unwrap();
    (repository, Digest::sha256(name.as_bytes()))
}

fn manifest(name: &str, bytes: usize) -> Manifest {
    let text = format!("{{\"layers\":[],\"{name}\":\"{}\"}}", "x".repeat(bytes));
    let media_type = MediaType::new(MediaType::OCI_MANIFEST);
    Manifest::parse(text.into(), &media_type).unwrap()
}

#[test]
fn manifests_never_weigh_more_than_the_limit() {
    let manifests = Manifests::default();
    let all: Vec<_> = (0..40)
        .map(|number| manifest(&number.to_string(), 1 << 20))
        .collect();
    for manifest in &all {
        manifests.put(manifest.clone());
        assert!(manifests.bytes() <= MANIFEST_BYTES);
    }
    assert!(manifests.get(all[0].digest()).is_none());
    assert!(manifests.get(all[39].digest()).is_some());
}

#[test]
fn the_manifest_that_was_used_last_stays_longest() {
    let manifests = Manifests::default();
    let often = manifest("often", 1 << 20);
    manifests.put(often.clone());
    for number in 0..100 {
        manifests.put(manifest(&number.to_string(), 1 << 20));
        assert!(manifests.get(often.digest()).is_some());
    }
}

#[test]
fn putting_a_manifest_twice_counts_it_once() {
    let manifests = Manifests::default();
    manifests.put(manifest("a", 100));
    let once = manifests.bytes();
    manifests.put(manifest("a", 100));
    assert_eq!(manifests.bytes(), once);
}

#[test]
fn what_is_known_to_be_present_is_bounded() {
    let present = Present::default();
    for number in 0..=KNOWN {
        present.note(at(&number.to_string()));
    }
    assert!(lock(&present.known).len() <= KNOWN);
    assert!(present.contains(&at(&KNOWN.to_string())));
    present.forget(&at(&KNOWN.to_string()));
    assert!(!present.contains(&at(&KNOWN.to_string())));
}

#[test]
fn at_most_half_of_the_permits_are_for_big_blobs() {
    let permits = |transfers| Transfers::new(transfers).available();
    assert_eq!(permits(0), (1, 1));
    assert_eq!(permits(1), (1, 1));
    assert_eq!(permits(2), (2, 1));
    assert_eq!(permits(3), (3, 1));
    assert_eq!(permits(4), (4, 2));
    assert_eq!(permits(8), (8, 4));
    assert_eq!(permits(32), (32, 16));
}

#[tokio::test]
async fn a_permit_comes_back_when_it_is_dropped() {
    let transfers = Transfers::new(4);
    let cx = Context::new();
    let big = transfers.line_up(&cx, SMALL_BLOB_BYTES + 1).await.unwrap();
    let big = big.permit(&cx).await.unwrap();
    let small = transfers.line_up(&cx, SMALL_BLOB_BYTES).await.unwrap();
    let small = small.permit(&cx).await.unwrap();
    assert_eq!(transfers.available(), (2, 1));
    drop((big, small));
    assert_eq!(transfers.available(), (4, 2));
}

use super::*;
use crate::oci::{Digest, MediaType};

fn blob(size: u64) -> Descriptor {
    Descriptor {
        media_type: MediaType::new("application/octet-stream"),
        digest: Digest::sha256(&size.to_be_bytes()),
        size,
        platform: None,
        annotations: std::collections::BTreeMap::new(),
        artifact_type: None,
    }
}

fn order(sizes: &[u64]) -> Vec<u64> {
    let blobs = sizes.iter().map(|&size| blob(size)).collect();
    in_turns(blobs).map(|blob| blob.size).collect()
}

const MIB: u64 = 1 << 20;

#[test]
fn big_and_small_blobs_take_turns_each_largest_first() {
    let sizes = [1, 3 * MIB, 2, 9 * MIB, 3, 5 * MIB, 4];
    let expected = [9 * MIB, 4, 5 * MIB, 3, 3 * MIB, 2, 1];
    assert_eq!(order(&sizes), expected);
}

#[test]
fn one_kind_alone_is_simply_sorted() {
    assert_eq!(order(&[1, 3, 2]), [3, 2, 1]);
    assert_eq!(order(&[2 * MIB, 4 * MIB]), [4 * MIB, 2 * MIB]);
    assert!(order(&[]).is_empty());
}

#[test]
fn the_empty_config_is_what_its_digest_says() {
    assert_eq!(Digest::sha256(b"{}").as_str(), EMPTY_CONFIG);
}

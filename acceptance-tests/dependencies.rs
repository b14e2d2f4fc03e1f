//! One TLS stack, one HTTP stack, one crypto provider: a second one fails here, by name.
//!
//! The tree is read with `cargo tree`, which knows features. The lock file alone would not do: it
//! also lists optional parts that no feature switches on.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// Crates that would bring a second stack, and what we have instead.
const SECOND_STACKS: &[(&str, &str)] = &[
    ("ring", "aws-lc-rs is the crypto provider"),
    ("openssl", "rustls is the TLS stack"),
    ("openssl-sys", "rustls is the TLS stack"),
    ("native-tls", "rustls is the TLS stack"),
    ("tokio-native-tls", "rustls is the TLS stack"),
    ("hyper-tls", "rustls is the TLS stack"),
    ("boring", "rustls is the TLS stack"),
    ("mbedtls", "rustls is the TLS stack"),
    ("s2n-tls", "rustls is the TLS stack"),
    ("rustls-pemfile", "rustls-pki-types reads PEM"),
    ("webpki-roots", "the trust roots are those of the machine"),
    ("curl", "hyper is the HTTP stack"),
    ("ureq", "hyper is the HTTP stack"),
    ("isahc", "hyper is the HTTP stack"),
    ("attohttpc", "hyper is the HTTP stack"),
    ("actix-http", "hyper is the HTTP stack"),
];

/// Crates of which there must be one version, because a second one is a second stack.
const ONE_VERSION: &[&str] = &[
    "aws-lc-rs",
    "aws-lc-sys",
    "h2",
    "http",
    "http-body",
    "hyper",
    "hyper-rustls",
    "hyper-util",
    "prost",
    "reqwest",
    "rustls",
    "rustls-webpki",
    "tokio",
    "tokio-rustls",
    "tonic",
];

/// What we ship.
const SHIPPED: &str = "normal,build";
/// What we build to test it as well.
const TESTED: &str = "normal,build,dev";

#[test]
fn no_second_stack_is_in_the_tree() {
    let tree = tree(TESTED);
    for (name, instead) in SECOND_STACKS {
        assert!(
            !tree.contains_key(*name),
            "`{name}` entered the tree: {instead}"
        );
    }
}

#[test]
fn the_stacks_have_one_version_each() {
    let tree = tree(SHIPPED);
    for name in ONE_VERSION {
        let versions = tree.get(*name).map_or(0, BTreeSet::len);
        assert!(
            versions <= 1,
            "`{name}` is there in several versions: {:?}",
            tree[*name]
        );
    }
}

/// The test client of the AWS SDK (feature `test-util`) still speaks the types of `http` 0.2. They
/// are types only, and nothing we ship sees them.
#[test]
fn tests_bring_no_second_version_but_the_old_http_types() {
    let tree = tree(TESTED);
    for name in ONE_VERSION.iter().filter(|name| **name != "http") {
        let versions = tree.get(*name).map_or(0, BTreeSet::len);
        assert!(
            versions <= 1,
            "`{name}` is there in several versions: {:?}",
            tree[*name]
        );
    }
}

#[test]
fn everything_comes_from_the_registry_or_from_this_repository() {
    let lock = include_str!("../Cargo.lock");
    for source in lock
        .lines()
        .filter_map(|line| line.strip_prefix("source = "))
    {
        assert!(
            source.starts_with("\"registry+"),
            "{source} is not a package registry"
        );
    }
}

/// Versions by name, on every platform.
fn tree(edges: &str) -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["tree", "--workspace", "--target", "all", "--locked"])
        .args(["--prefix", "none", "--format", "{p}", "--edges", edges])
        .output()
        .expect("cargo is what runs the tests");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let mut versions = BTreeMap::<String, BTreeSet<String>>::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        if let Some((name, version)) = line.split_once(' ') {
            let version = version.split(' ').next().unwrap_or_default().to_owned();
            versions.entry(name.to_owned()).or_default().insert(version);
        }
    }
    versions
}

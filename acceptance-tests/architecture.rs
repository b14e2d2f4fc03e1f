//! Rules about the source tree that no compiler checks.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Which module may import which, inside the crate. Widening it is a design decision.
const IMPORTS: &[(&str, &[&str])] = &[
    ("blame", &[]),
    ("task", &[]),
    ("oci", &[]),
    ("tf", &["task"]),
    ("net", &["task", "blame"]),
    ("content", &["oci", "task", "blame"]),
    ("registry", &["content", "oci", "net", "task", "blame"]),
    ("aws", &["net", "task", "blame"]),
    ("mirror", &["content", "oci", "task", "blame"]),
    (
        "provider",
        &[
            "mirror", "registry", "aws", "content", "net", "tf", "oci", "task", "blame",
        ],
    ),
    ("protocol", &["tf", "task"]),
    ("plugin", &["task"]),
    ("manual", &[]),
];

/// Packages that would bring a second TLS, cryptography or HTTP stack. One name, one version
/// prefix; an empty prefix means any version.
const SECOND_STACKS: &[(&str, &str)] = &[
    ("ring", ""),
    ("openssl", ""),
    ("openssl-sys", ""),
    ("native-tls", ""),
    ("hyper", "0."),
    ("h2", "0.3"),
    ("rustls", "0.21"),
    ("rustls", "0.22"),
    ("rustls", "0.20"),
    ("reqwest", "0.11"),
    ("reqwest", "0.12"),
    ("ureq", ""),
    ("isahc", ""),
    ("curl", ""),
    ("surf", ""),
];

#[test]
fn modules_import_only_what_the_table_allows() {
    let allowed: BTreeMap<&str, BTreeSet<&str>> = IMPORTS
        .iter()
        .map(|(module, rest)| (*module, rest.iter().copied().collect()))
        .collect();
    let mut breaches = Vec::new();
    let mut seen = BTreeSet::new();
    for file in rust_files(&source_root()) {
        let Some(module) = module_of(&file) else {
            continue;
        };
        seen.insert(module.clone());
        let Some(rest) = allowed.get(module.as_str()) else {
            breaches.push(format!(
                "{}: module `{module}` is not in the table",
                file.display()
            ));
            continue;
        };
        for import in imports(&fs::read_to_string(&file).unwrap()) {
            if import != module && !rest.contains(import.as_str()) {
                breaches.push(format!("{}: `{module}` imports `{import}`", file.display()));
            }
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
    let missing: Vec<_> = allowed
        .keys()
        .filter(|module| !seen.contains(**module))
        .collect();
    assert!(
        missing.is_empty(),
        "the table names modules that do not exist: {missing:?}"
    );
}

#[test]
fn an_import_is_found_in_every_form_it_can_take() {
    let source = "use crate::aws::Session;\nuse crate::{oci::Digest, net, mirror::{a, b}};\n\
                  fn f() { crate::tf::wire::x() }\n// crate::plugin in a comment\n";
    let found: Vec<String> = imports(source).into_iter().collect();
    assert_eq!(found, ["aws", "mirror", "net", "oci", "tf"]);
}

#[test]
fn there_is_one_tls_stack_and_one_http_stack() {
    let packages = dependencies();
    assert!(
        packages.len() > 100,
        "only {} packages were found",
        packages.len()
    );
    for needed in ["rustls", "aws-lc-rs", "hyper", "reqwest", "tonic"] {
        let versions = packages.iter().filter(|(name, _)| name == needed).count();
        assert_eq!(versions, 1, "`{needed}` is in the tree {versions} times");
    }
    let found: Vec<_> = packages
        .iter()
        .filter(|(name, version)| {
            SECOND_STACKS
                .iter()
                .any(|(bad, prefix)| name == bad && version.starts_with(prefix))
        })
        .collect();
    assert!(
        found.is_empty(),
        "a second TLS or HTTP stack entered the tree: {found:?}"
    );
}

#[test]
fn no_source_file_is_longer_than_six_hundred_lines() {
    let mut files = rust_files(&source_root());
    files.extend(rust_files(&root().join("acceptance-tests")));
    let long: Vec<_> = files
        .iter()
        .map(|file| (fs::read_to_string(file).unwrap().lines().count(), file))
        .filter(|(lines, _)| *lines > 600)
        .collect();
    assert!(long.is_empty(), "{long:?}");
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn source_root() -> PathBuf {
    root().join("src")
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The top-level module that a file belongs to; `lib.rs` and `main.rs` belong to none.
fn module_of(file: &Path) -> Option<String> {
    let inside = file.strip_prefix(source_root()).unwrap();
    let first = inside.components().next()?.as_os_str().to_str()?;
    let name = first.trim_end_matches(".rs");
    (!matches!(name, "lib" | "main")).then(|| name.to_owned())
}

/// The top-level modules that a source text names through `crate::`.
fn imports(source: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for line in source.lines().map(|line| line.split("//").next().unwrap()) {
        let mut rest = line;
        while let Some(at) = rest.find("crate::") {
            rest = &rest[at + "crate::".len()..];
            match rest.strip_prefix('{') {
                Some(group) => found.extend(group_heads(group)),
                None => found.extend(head(rest)),
            }
        }
    }
    found
}

fn group_heads(group: &str) -> Vec<String> {
    let (mut depth, mut heads, mut start) = (0, Vec::new(), 0);
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => {
                heads.extend(head(group[start..at].trim()));
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                heads.extend(head(group[start..at].trim()));
                start = at + 1;
            }
            _ => {}
        }
    }
    heads
}

fn head(path: &str) -> Option<String> {
    let end = path
        .find(|c: char| !(c.is_ascii_lowercase() || c == '_'))
        .unwrap_or(path.len());
    let name = &path[..end];
    // A macro or an item of the crate root is not a module.
    let is_module = !name.is_empty() && !path[end..].starts_with('!') && name != "model";
    is_module.then(|| name.to_owned())
}

/// Name and version of every package that is compiled for any platform. The lock file would not
/// do: it lists optional packages that no build ever sees.
fn dependencies() -> BTreeSet<(String, String)> {
    let tree = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--workspace",
            "--locked",
            "--target",
            "all",
            "--prefix",
            "none",
        ])
        .args(["--edges", "normal,build,dev", "--format", "{p}"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        tree.status.success(),
        "{}",
        String::from_utf8_lossy(&tree.stderr)
    );
    let text = String::from_utf8(tree.stdout).unwrap();
    let packages = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let name = words.next()?.to_owned();
        Some((name, words.next()?.trim_start_matches('v').to_owned()))
    });
    packages.collect()
}

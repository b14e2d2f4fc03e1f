//! Holds the crate to its import table, so that a layer cannot quietly learn what it must not know.
//!
//! Widening the table is a design decision: it gets a commit of its own and a page in
//! `src/manual/decisions`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A top-level module, the modules it may import, and the foreign crates it must never see.
struct Layer {
    name: &'static str,
    may_import: &'static [&'static str],
    never_sees: &'static [&'static str],
}

const PLUGIN_PROTOCOL: &[&str] = &["tonic", "prost", "prost_types", "tonic_prost"];
const HTTP_AND_PROTOCOL: &[&str] = &[
    "hyper",
    "http",
    "http_body_util",
    "hyper_rustls",
    "hyper_util",
    "tonic",
    "prost",
    "prost_types",
    "tonic_prost",
    "aws_config",
    "aws_sdk_ecrpublic",
    "aws_sdk_sts",
];
const NOTHING: &[&str] = &[];

const LAYERS: &[Layer] = &[
    Layer {
        name: "blame",
        may_import: &[],
        never_sees: HTTP_AND_PROTOCOL,
    },
    Layer {
        name: "task",
        may_import: &[],
        never_sees: HTTP_AND_PROTOCOL,
    },
    Layer {
        name: "oci",
        may_import: &[],
        never_sees: HTTP_AND_PROTOCOL,
    },
    Layer {
        name: "signature",
        may_import: &["oci"],
        never_sees: HTTP_AND_PROTOCOL,
    },
    Layer {
        name: "tf",
        may_import: &["task"],
        never_sees: HTTP_AND_PROTOCOL,
    },
    Layer {
        name: "net",
        may_import: &["task", "blame"],
        never_sees: PLUGIN_PROTOCOL,
    },
    Layer {
        name: "content",
        may_import: &["oci", "task", "blame"],
        never_sees: HTTP_AND_PROTOCOL,
    },
    Layer {
        name: "registry",
        may_import: &["content", "oci", "net", "task", "blame"],
        never_sees: PLUGIN_PROTOCOL,
    },
    Layer {
        name: "aws",
        may_import: &["net", "task", "blame"],
        never_sees: PLUGIN_PROTOCOL,
    },
    Layer {
        name: "mirror",
        may_import: &["content", "oci", "task", "blame"],
        never_sees: HTTP_AND_PROTOCOL,
    },
    Layer {
        name: "provider",
        may_import: &[
            "mirror",
            "registry",
            "aws",
            "content",
            "net",
            "signature",
            "tf",
            "oci",
            "task",
            "blame",
        ],
        never_sees: PLUGIN_PROTOCOL,
    },
    Layer {
        name: "protocol",
        may_import: &["tf", "task"],
        never_sees: HTTP_EXCEPT_TONIC,
    },
    Layer {
        name: "plugin",
        may_import: &["task"],
        never_sees: NOTHING,
    },
    Layer {
        name: "fuzzing",
        may_import: &["registry", "plugin", "tf", "oci"],
        never_sees: HTTP_AND_PROTOCOL,
    },
    Layer {
        name: "manual",
        may_import: &[],
        never_sees: HTTP_AND_PROTOCOL,
    },
];
const HTTP_EXCEPT_TONIC: &[&str] = &[
    "hyper",
    "hyper_rustls",
    "hyper_util",
    "aws_config",
    "aws_sdk_ecrpublic",
    "aws_sdk_sts",
];

#[test]
fn modules_import_only_along_the_arrows_of_the_table() {
    let mut breaches = Vec::new();
    for file in sources() {
        let Some(layer) = layer_of(&file) else {
            continue;
        };
        let code = code_of(&file);
        for module in imported_modules(&code, depth_of(&file)) {
            if module != layer.name && !layer.may_import.contains(&module.as_str()) {
                breaches.push(format!(
                    "{}: `{}` may not import `{module}`",
                    shown(&file),
                    layer.name
                ));
            }
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn pure_modules_do_not_see_wires() {
    let mut breaches = Vec::new();
    for file in sources() {
        let Some(layer) = layer_of(&file) else {
            continue;
        };
        let code = code_of(&file);
        for foreign in layer.never_sees {
            if words(&code).any(|(word, rest)| word == *foreign && rest.starts_with("::")) {
                breaches.push(format!(
                    "{}: `{}` must never see `{foreign}`",
                    shown(&file),
                    layer.name
                ));
            }
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn every_module_of_the_crate_is_in_the_table() {
    let declared: BTreeSet<String> = code_of(&source_root().join("lib.rs"))
        .lines()
        .filter_map(|line| line.trim().strip_prefix("pub mod ")?.strip_suffix(';'))
        .map(str::to_owned)
        .collect();
    let tabled: BTreeSet<String> = LAYERS.iter().map(|layer| layer.name.to_owned()).collect();
    assert_eq!(declared, tabled);
}

#[test]
fn no_source_file_outgrows_its_job() {
    const LONGEST_FILE: usize = 600; // production lines: everything above the test module
    for file in sources() {
        let text = fs::read_to_string(&file).unwrap();
        let production = text
            .lines()
            .take_while(|line| !line.starts_with("mod tests {"));
        let lines = production.count();
        assert!(lines <= LONGEST_FILE, "{} has {lines} lines", shown(&file));
    }
}

#[test]
fn no_unfinished_marks_are_left() {
    for file in sources() {
        let text = fs::read_to_string(&file).unwrap();
        for mark in ["TODO", "FIXME", "XXX", "todo!", "unimplemented!"] {
            assert!(!text.contains(mark), "{} still has `{mark}`", shown(&file));
        }
    }
}

#[test]
fn imports_are_found_in_every_form() {
    let code = "use crate::{net::retry, oci};\nlet x = crate::tf::Value::Null;\n\
                use super::super::aws::Error;\nuse $crate::task;\nuse super::net;";
    let found: Vec<String> = imported_modules(code, 2).into_iter().collect();
    assert_eq!(found, ["aws", "net", "oci", "task", "tf"]);
}

#[test]
fn comments_are_not_imports() {
    let code =
        without_comments("//! [`crate::aws`]\nlet a = 1; // crate::tf\nlet b = \"http://x\";");
    assert_eq!(code, "\nlet a = 1; \nlet b = \"http://x\";");
}

/// Top-level modules that the code names. `depth` is the number of `super` that lead to the root.
fn imported_modules(code: &str, depth: usize) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (word, rest) in words(code) {
        let from_root = match word {
            "crate" => rest.strip_prefix("::"),
            "super" => climbed_to_root(rest, depth),
            _ => None,
        };
        let Some(path) = from_root else { continue };
        match path.strip_prefix('{') {
            Some(group) => found.extend(heads_of_group(group)),
            None => found.extend(head(path)),
        }
    }
    found.retain(|name| LAYERS.iter().any(|layer| layer.name == name));
    found
}

/// What follows a chain of exactly `depth` times `super::`, the first of which has been read.
fn climbed_to_root(mut rest: &str, depth: usize) -> Option<&str> {
    for _ in 1..depth {
        rest = rest.strip_prefix("::super")?;
    }
    let path = rest.strip_prefix("::")?;
    (depth > 0 && !path.starts_with("super::")).then_some(path)
}

fn heads_of_group(group: &str) -> Vec<String> {
    let mut heads = Vec::new();
    let mut nested = 0_usize;
    let mut at_start = true;
    for (position, letter) in group.char_indices() {
        match letter {
            '{' => nested += 1,
            '}' if nested == 0 => break,
            '}' => nested -= 1,
            ',' if nested == 0 => at_start = true,
            _ if at_start && !letter.is_whitespace() => {
                heads.extend(head(&group[position..]));
                at_start = false;
            }
            _ => {}
        }
    }
    heads
}

fn head(path: &str) -> Option<String> {
    let end = path
        .find(|letter: char| !is_word(letter))
        .unwrap_or(path.len());
    (end > 0).then(|| path[..end].to_owned())
}

/// Every identifier with the text that follows it.
fn words(code: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = code;
    std::iter::from_fn(move || {
        let start = rest.find(is_word)?;
        let tail = &rest[start..];
        let end = tail
            .find(|letter: char| !is_word(letter))
            .unwrap_or(tail.len());
        rest = &tail[end..];
        Some((&tail[..end], rest))
    })
}

fn is_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

fn code_of(file: &Path) -> String {
    without_comments(&fs::read_to_string(file).unwrap())
}

fn without_comments(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let comment = line
            .match_indices("//")
            .find(|(at, _)| !line[..*at].ends_with(':'));
        comment.map_or(line, |(at, _)| &line[..at])
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn layer_of(file: &Path) -> Option<&'static Layer> {
    let module = module_path(file).into_iter().next()?;
    if module == "lib" || module == "main" {
        return None;
    }
    let layer = LAYERS.iter().find(|layer| layer.name == module);
    assert!(layer.is_some(), "{} belongs to no layer", shown(file));
    layer
}

/// `src/tf/model.rs` is two `super` away from the root, `src/tf/mod.rs` one.
fn depth_of(file: &Path) -> usize {
    let path = module_path(file);
    path.len() - usize::from(path.last().is_some_and(|last| last == "mod"))
}

fn module_path(file: &Path) -> Vec<String> {
    let relative = file.strip_prefix(source_root()).unwrap().with_extension("");
    relative
        .components()
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect()
}

fn sources() -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![source_root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn source_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn shown(file: &Path) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    file.strip_prefix(root).unwrap().display().to_string()
}

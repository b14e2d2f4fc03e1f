//! The licences of everything that is linked into the program.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::licence::is_accepted;
use crate::{NAME, cargo, output};

/// How names of files begin that have terms in them.
const TERMS: [&str; 6] = [
    "license",
    "licence",
    "copying",
    "notice",
    "unlicense",
    "copyright",
];

/// A crate that is linked into the program.
#[derive(Debug)]
struct Linked {
    name: String,
    version: String,
    licence: String,
    folder: PathBuf,
}

/// The notices that go with a program: every crate, its licence, and all texts once.
///
/// # Errors
///
/// When Cargo cannot tell what is linked, or when a licence is not accepted.
pub fn of(triple: &str) -> anyhow::Result<String> {
    let linked = linked(triple)?;
    let mut notices = format!(
        "# Third-party notices\n\n`{NAME}` is linked from these crates, and from the Rust standard \
         library (MIT OR Apache-2.0, The Rust Project contributors). Where there is a choice of \
         licences, the recipient has it as well. The source of each crate is \
         what its authors have published under this name and version.\n\n| crate | version | licence |\n|---|---|---|\n"
    );
    let mut texts = BTreeMap::<String, (String, BTreeSet<&str>)>::new();
    for each in &linked {
        let Linked {
            name,
            version,
            licence,
            folder,
        } = each;
        writeln!(notices, "| {name} | {version} | {licence} |")?;
        for text in terms(folder)? {
            // Line breaks differ where the words do not.
            let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
            let entry = texts
                .entry(words)
                .or_insert_with(|| (text, BTreeSet::new()));
            entry.1.insert(name);
        }
    }
    let bring_text: BTreeSet<&str> = texts.values().flat_map(|(_, of)| of).copied().collect();
    let silent = linked.iter().map(|each| each.name.as_str());
    let silent: Vec<&str> = silent.filter(|name| !bring_text.contains(name)).collect();
    if !silent.is_empty() {
        writeln!(
            notices,
            "\nThese come without a text of their licence, which is among those below: {}.",
            silent.join(", ")
        )?;
    }
    for (text, of) in texts.values() {
        let of: Vec<&str> = of.iter().copied().collect();
        let text = text.trim_end().replace("\r\n", "\n");
        write!(
            notices,
            "\n## {}\n\n````text\n{text}\n````\n",
            of.join(", ")
        )?;
    }
    Ok(notices)
}

/// The crates that the program is linked from on any platform, with their licences, one a line.
///
/// # Errors
///
/// As [`of`].
pub fn table() -> anyhow::Result<String> {
    let lines = linked("all")?.into_iter();
    let lines: BTreeSet<String> = lines
        .map(|each| format!("| {} | {} |\n", each.name, each.licence))
        .collect();
    Ok(lines.into_iter().collect())
}

/// Fails on a licence that nobody has agreed to.
fn linked(triple: &str) -> anyhow::Result<Vec<Linked>> {
    // Metadata knows the folders; the tree knows which features, and so which crates, are in use.
    let mut metadata = Command::new(cargo());
    metadata.args(["metadata", "--format-version", "1", "--locked"]);
    let metadata: Value = serde_json::from_str(&output(&mut metadata)?)?;
    let packages = metadata["packages"].as_array();
    let packages = packages.context("Cargo does not say which packages there are")?;
    let mut tree = Command::new(cargo());
    tree.args(["tree", "--locked", "--package", NAME, "--target", triple]);
    tree.args(["--edges", "normal,no-proc-macro", "--prefix", "none"]);
    let tree = output(tree.args(["--format", "{p}"]))?;
    let used: BTreeSet<(&str, &str)> = tree
        .lines()
        .filter_map(|line| {
            let mut words = line.split(' ');
            Some((words.next()?, words.next()?.strip_prefix('v')?))
        })
        .collect();
    let mut linked = Vec::new();
    for package in packages {
        let text = |key: &str| package[key].as_str().unwrap_or_default();
        let (name, version) = (text("name"), text("version"));
        if name == NAME || !used.contains(&(name, version)) {
            continue;
        }
        let licence = text("license");
        ensure!(
            is_accepted(licence),
            "`{name}` {version} has the licence `{licence}`, which is not accepted: use another \
             crate, or agree to it in .ci/release/src/licence.rs"
        );
        linked.push(Linked {
            name: name.to_owned(),
            version: version.to_owned(),
            licence: licence.replace(" / ", " OR ").replace('/', " OR "),
            folder: Path::new(text("manifest_path"))
                .parent()
                .map(Path::to_owned)
                .unwrap_or_default(),
        });
    }
    linked.sort_by(|one, other| (&one.name, &one.version).cmp(&(&other.name, &other.version)));
    Ok(linked)
}

/// The texts that a crate brings.
fn terms(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut paths = Vec::new();
    for entry in
        fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?
    {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = name.to_lowercase();
        if path.is_file() && TERMS.iter().any(|begin| name.starts_with(begin)) {
            paths.push(path);
        }
    }
    paths.sort();
    let texts = paths.iter().map(|path| {
        let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    });
    texts.collect()
}

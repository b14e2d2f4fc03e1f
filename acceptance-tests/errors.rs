//! The error catalogue: every message that the code can give has a meaning and a remedy there, which
//! `src/manual/messages.rs` says.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use terraform_provider_ecrpublic::tf::Severity;

use crate::support::tables::read;

const MANUAL: &str = "src/manual/messages.rs";
const PAGE: &str = "guides/errors.md";

/// A message, as the manual has it.
struct Entry {
    summary: String,
    meaning: String,
    remedy: String,
}

/// The page below `docs`.
pub(crate) fn page() -> (String, String) {
    let said = said();
    let mut page = HEAD.to_owned();
    for (section, entries) in sections() {
        page += &format!("\n## {section}\n");
        for entry in entries {
            let is_warning = said.get(&entry.summary) == Some(&Severity::Warning);
            let kind = if is_warning { "A warning. " } else { "" };
            page += &format!("\n### {}\n\n{kind}{}\n", entry.summary, entry.meaning);
            page += &format!("\n**What helps:** {}\n", entry.remedy);
        }
    }
    (PAGE.to_owned(), page)
}

#[test]
fn every_message_that_the_code_gives_is_in_the_catalogue_and_no_other() {
    let said = said();
    assert!(said.len() > 100, "only {} were found", said.len());
    let entries: Vec<Entry> = sections().into_iter().flat_map(|each| each.1).collect();
    for summary in said.keys() {
        let rows = entries.iter().filter(|entry| entry.summary == *summary);
        assert_eq!(rows.count(), 1, "{MANUAL} needs a row for `{summary}`");
    }
    for entry in entries {
        let is_said = said.contains_key(&entry.summary);
        assert!(is_said, "{MANUAL}: nothing says `{}`", entry.summary);
        for words in [entry.meaning, entry.remedy] {
            assert!(words.ends_with('.'), "{}: {words}", entry.summary);
        }
    }
}

/// Reading the code is only as good as its idea of what a summary looks like. Snapshots are of what
/// was printed.
#[test]
fn every_message_that_a_snapshot_shows_is_in_the_catalogue() {
    let entries: Vec<Entry> = sections().into_iter().flat_map(|each| each.1).collect();
    let folders = ["acceptance-tests/snapshots", "src/provider"];
    let snapshots = folders
        .iter()
        .flat_map(|folder| files(&root().join(folder)));
    let snapshots = snapshots.filter(|path| path.extension().is_some_and(|it| it == "snap"));
    let mut read = 0;
    for path in snapshots {
        let text = fs::read_to_string(&path).unwrap();
        for line in text.lines() {
            let severities = ["Error: ", "Warning: "];
            let Some(shown) = severities.iter().find_map(|it| line.strip_prefix(it)) else {
                continue;
            };
            let summary = shown.split(" [").next().unwrap();
            let is_known = entries.iter().any(|entry| entry.summary == summary);
            assert!(is_known, "{}: `{summary}` has no row", path.display());
            read += 1;
        }
    }
    assert!(read > 150, "only {read} messages were read");
}

fn sections() -> Vec<(String, Vec<Entry>)> {
    let manual = read(MANUAL);
    let mut sections: Vec<(String, Vec<Entry>)> = Vec::new();
    for line in manual.lines() {
        if let Some(heading) = line.strip_prefix("//! # ") {
            sections.push((heading.to_owned(), Vec::new()));
        }
        let row = line
            .strip_prefix("//! | `")
            .and_then(|it| it.strip_suffix(" |"));
        let Some(row) = row else { continue };
        let cells: Vec<&str> = row.split(" | ").collect();
        let [summary, meaning, remedy] = cells[..] else {
            panic!("{MANUAL}: three cells, not {}: {row}", cells.len());
        };
        let entry = Entry {
            summary: summary.trim_end_matches('`').to_owned(),
            meaning: meaning.to_owned(),
            remedy: remedy.to_owned(),
        };
        sections.last_mut().expect("a heading first").1.push(entry);
    }
    sections
}

/// Every summary in the code, with how bad it is.
///
/// Most stand where the message is made. Others are chosen before, and are known by their form: a
/// name of at least two words, without values or a full stop.
fn said() -> BTreeMap<String, Severity> {
    let mut said = BTreeMap::new();
    let files = files(&root().join("src")).into_iter();
    for path in files.filter(|path| is_shipped(path)) {
        let text = fs::read_to_string(&path).unwrap();
        let text = text.split("\n#[cfg(test)]\nmod ").next().unwrap();
        let code = text.lines().filter(|line| !line.trim().starts_with("//"));
        let code: String = code.collect::<Vec<_>>().join("\n");
        let gives_advice = path.starts_with(root().join("src/provider"));
        for (place, _) in code.match_indices('"') {
            let Some((literal, _)) = code[place + 1..].split_once('"') else {
                continue;
            };
            let before = code[..place].trim_end();
            let made = ["warning", "error", "defect"]
                .iter()
                .find(|kind| before.ends_with(&format!("Diagnostic::{kind}(")));
            // Text of others, and what a function is for.
            let is_other = before.ends_with("String::from(") || before.ends_with("summary:");
            if made.is_none() && (is_other || !gives_advice || !is_name(literal)) {
                continue;
            }
            let severity = match made {
                Some(&"warning") => Severity::Warning,
                _ => Severity::Error,
            };
            said.insert(literal.to_owned(), severity);
        }
    }
    said
}

fn is_name(literal: &str) -> bool {
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || " -".contains(letter);
    literal.starts_with(|first: char| first.is_ascii_uppercase())
        && literal.contains(' ')
        && literal.len() <= 60
        && literal.chars().all(is_word)
}

/// Whether a file is part of the program.
pub(crate) fn is_shipped(path: &Path) -> bool {
    let tests = ["tests", "catalogue", "faults", "manual", "simulation"];
    let mut parts = path.iter().map(|part| part.to_str().unwrap());
    path.extension().is_some_and(|it| it == "rs")
        && parts.all(|part| !tests.contains(&part.trim_end_matches(".rs")))
}

/// Every file below a folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let found = paths.flat_map(|path| match path.is_dir() {
        true => files(&path),
        false => vec![path],
    });
    found.collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

const HEAD: &str = "\
---
page_title: \"Error catalogue\"
subcategory: \"\"
description: |-
  Every message of the provider by its summary: what it means, and what helps.
---

# Error catalogue

The first line of a message is its name, which never changes. Below it stand what the provider was doing,
for which account, role and repository, what the other side answered, and a hint. This page has all names,
with what is true of them in general; for a particular case the message itself knows more.
";

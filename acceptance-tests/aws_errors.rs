//! Every message on the way into AWS is made to happen and kept as a snapshot, which
//! `src/manual/aws_errors.rs` says by row.

use std::fs;
use std::path::Path;

use crate::support::tables::{Row, read, rows};

const PAGE: &str = "src/manual/aws_errors.rs";
const CATALOGUE: &str = "src/provider/diagnose/catalogue";

/// Where snapshots are.
const SNAPSHOTS: [&str; 2] = [
    "src/provider/diagnose/snapshots/aws",
    "acceptance-tests/snapshots",
];

#[test]
fn every_row_names_tests_that_are_there_and_pin_its_summaries() {
    let rows = rows(PAGE);
    assert!(rows.len() > 30, "only {} rows were read", rows.len());
    for row in rows {
        row.is_held();
        let pinned = pinned(&row);
        let (_, summaries) = row.words.split_once(" | ").unwrap();
        for summary in summaries.split('`').skip(1).step_by(2) {
            let is_pinned = pinned.iter().any(|text| begins_with(text, summary));
            assert!(
                is_pinned,
                "no snapshot of this row has `{summary}`: {row:?}"
            );
        }
    }
}

/// A test that is in no row is a row that is missing; a snapshot of no test is a message that
/// nobody reads any more.
#[test]
fn every_test_and_every_snapshot_of_the_catalogue_is_in_a_row() {
    let page = read(PAGE);
    let mut catalogue = String::new();
    for path in files(CATALOGUE) {
        let code = fs::read_to_string(&path).unwrap();
        let tests = code.split("#[tokio::test").skip(1);
        for test in tests.map(|test| test.split_once("fn ").unwrap().1) {
            let (name, _) = test.split_once('(').unwrap();
            let is_named = page.contains(&format!("`{name}`"));
            assert!(is_named, "{}: no row names `{name}`", path.display());
        }
        catalogue += &code;
    }
    for path in files(SNAPSHOTS[0]) {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let is_used = catalogue.contains(&format!("\"{name}\""));
        assert!(is_used, "{}: no test pins it", path.display());
    }
}

/// The messages that the tests of a row compare with.
fn pinned(row: &Row) -> Vec<String> {
    let bodies = row.tests().iter().map(|(file, name)| {
        let code = read(file);
        let (_, body) = code.split_once(&format!("fn {name}(")).unwrap();
        body.split("\n}\n").next().unwrap_or_default().to_owned()
    });
    let names: Vec<String> = bodies
        .flat_map(|body| {
            let texts = body.split('"').skip(1).step_by(2);
            texts.map(str::to_owned).collect::<Vec<_>>()
        })
        .collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let places = SNAPSHOTS.map(|folder| root.join(folder));
    let texts = places.iter().flat_map(|folder| {
        let files = names.iter().filter(|name| is_name(name));
        files.filter_map(|name| fs::read_to_string(folder.join(format!("{name}.snap"))).ok())
    });
    texts.collect()
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || b"_0123456789".contains(&byte))
}

/// Whether a snapshot is of the message with this summary.
fn begins_with(snapshot: &str, summary: &str) -> bool {
    let text = snapshot.splitn(3, "---\n").nth(2).unwrap_or_default();
    ["Error: ", "Warning: "].iter().any(|severity| {
        text.strip_prefix(severity)
            .and_then(|rest| rest.strip_prefix(summary))
            .is_some_and(|rest| rest.starts_with(['\n', ' ']))
    })
}

fn files(folder: &str) -> Vec<std::path::PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

//! What the README promises is held by tests, which `src/manual/promises.rs` names; what a hostile
//! registry cannot do by those in `src/manual/hostile.rs`.

use std::fs;
use std::path::Path;

#[test]
fn every_promise_of_the_readme_has_a_row() {
    let rows = rows();
    let readme = read("README.md");
    let promised = readme.split("## What is promised").nth(1).unwrap();
    let promised = promised.split("\n## ").next().unwrap().lines();
    let promises: Vec<&str> = promised
        .filter_map(|line| line.split_once(". "))
        .filter(|(number, _)| number.parse::<u32>().is_ok())
        .map(|(_, promise)| promise)
        .collect();
    assert_eq!(promises.len(), 10);
    for promise in promises {
        let mut rest = promise.to_owned();
        for (words, _) in &rows {
            rest = rest.replace(words, "");
        }
        assert_eq!(rest.trim(), "", "without a row: {promise}");
    }
}

#[test]
fn every_row_quotes_the_readme() {
    let readme = read("README.md");
    for (words, _) in rows() {
        assert!(readme.contains(&words), "the README does not say: {words}");
    }
}

#[test]
fn every_row_names_tests_that_are_there() {
    are_there(rows());
}

#[test]
fn everything_that_a_hostile_registry_sends_is_held_by_tests_that_are_there() {
    let rows = rows_of("src/manual/hostile.rs");
    assert!(rows.len() > 40, "{} classes", rows.len());
    let rows = rows.into_iter().map(|(words, rest)| {
        let (_, held_by) = rest.split_once(" | ").unwrap();
        (words, held_by.to_owned())
    });
    are_there(rows.collect());
}

fn are_there(rows: Vec<(String, String)>) {
    for (words, held_by) in rows {
        let mut file = None;
        let mut tests = 0;
        for name in held_by.split('`').skip(1).step_by(2) {
            if name.ends_with(".rs") {
                file = Some((name.to_owned(), read(name)));
                continue;
            }
            let (path, text) = file.as_ref().expect("a file comes before its functions");
            let is_there = text.contains(&format!("fn {name}("));
            assert!(is_there, "{words}: `{name}` is not in {path}");
            tests += 1;
        }
        assert!(tests > 0, "no test holds: {words}");
    }
}

/// Words of the README, and the tests that hold them.
fn rows() -> Vec<(String, String)> {
    rows_of("src/manual/promises.rs")
}

/// The first cell of each row of the table in a page of the manual, and the rest of the row.
fn rows_of(page: &str) -> Vec<(String, String)> {
    let page = read(page);
    let cells = page
        .lines()
        .filter_map(|line| line.strip_prefix("//! | ")?.strip_suffix(" |"));
    let rows = cells.skip(1).map(|row| {
        let (words, held_by) = row.split_once(" | ").unwrap();
        (words.to_owned(), held_by.to_owned())
    });
    let rows: Vec<_> = rows.collect();
    assert!(rows.len() > 10, "{rows:?}");
    rows
}

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

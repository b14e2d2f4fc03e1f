//! What the README promises is held by tests, which `src/manual/promises.rs` names; what a hostile
//! registry cannot do by those in `src/manual/hostile.rs`.

use crate::support::tables::{Row, read, rows};

const PAGE: &str = "src/manual/promises.rs";

#[test]
fn every_promise_of_the_readme_has_a_row() {
    let rows = promised();
    let readme = read("README.md");
    let promised = readme.split("## What is promised").nth(1).unwrap();
    let promised = promised.split("\n## ").next().unwrap().lines();
    let promises: Vec<&str> = promised
        .filter_map(|line| line.split_once(". "))
        .filter(|(number, _)| number.parse::<u32>().is_ok())
        .map(|(_, promise)| promise)
        .collect();
    assert_eq!(promises.len(), 11);
    for promise in promises {
        let mut rest = promise.to_owned();
        for row in &rows {
            rest = rest.replace(&row.words, "");
        }
        assert_eq!(rest.trim(), "", "without a row: {promise}");
    }
}

#[test]
fn every_row_quotes_the_readme() {
    let readme = read("README.md");
    for Row { words, .. } in promised() {
        assert!(readme.contains(&words), "the README does not say: {words}");
    }
}

#[test]
fn every_row_names_tests_that_are_there() {
    for row in promised() {
        row.is_held();
    }
}

#[test]
fn everything_that_a_hostile_registry_sends_is_held_by_tests_that_are_there() {
    let rows = rows("src/manual/hostile.rs");
    assert!(rows.len() > 40, "{} classes", rows.len());
    for row in rows {
        row.is_held();
    }
}

/// Words of the README, and the tests that hold them.
fn promised() -> Vec<Row> {
    let rows = rows(PAGE);
    assert!(rows.len() > 10, "{rows:?}");
    rows
}

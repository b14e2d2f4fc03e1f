//! What can go wrong is shown by tests, which `src/manual/faults.rs` names.

use std::fs;
use std::path::Path;

use crate::support::tables::{read, rows};

const PAGE: &str = "src/manual/faults.rs";

#[test]
fn every_row_names_tests_that_are_there() {
    let rows = rows(PAGE);
    assert!(rows.len() > 60, "only {} rows were read", rows.len());
    for row in rows {
        row.is_held();
    }
}

/// A test that is in no row is a row that is missing.
#[test]
fn every_test_that_makes_something_go_wrong_is_in_a_row() {
    let page = read(PAGE);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/provider/faults");
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let code = fs::read_to_string(&path).unwrap();
        for test in code.split("#[tokio::test]\nasync fn ").skip(1) {
            let (name, _) = test.split_once('(').unwrap();
            let is_named = page.contains(&format!("`{name}`"));
            assert!(is_named, "{}: no row names `{name}`", path.display());
        }
    }
}

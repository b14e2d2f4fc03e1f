//! Tables in pages of the manual whose last column names tests.

use std::fs;
use std::path::Path;

/// A row of such a table.
#[derive(Debug)]
pub(crate) struct Row {
    /// What the other cells say.
    pub(crate) words: String,
    /// The tests, each in its file.
    tests: Vec<(String, String)>,
}

impl Row {
    /// The tests, each as its file and its name.
    pub(crate) fn tests(&self) -> &[(String, String)] {
        &self.tests
    }

    /// Asserts that every test that the row names is there, and that it names one.
    pub(crate) fn is_held(&self) {
        assert!(!self.tests.is_empty(), "no test holds: {}", self.words);
        for (path, name) in &self.tests {
            let is_there = is_test(&read(path), name);
            assert!(is_there, "{}: `{name}` is no test in {path}", self.words);
        }
    }
}

/// The rows of all tables of a page.
pub(crate) fn rows(page: &str) -> Vec<Row> {
    let text = read(page);
    let lines: Vec<&str> = text.lines().collect();
    let mut rows = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let Some(cells) = cells(line) else {
            continue;
        };
        let is_head = lines
            .get(number + 1)
            .is_some_and(|next| next.starts_with("//! |---"));
        if !is_head {
            rows.push(row(cells));
        }
    }
    rows
}

/// The cells of all tables of a page whose first column is a name in backticks.
pub(crate) fn cells_of(page: &str) -> Vec<Vec<String>> {
    let text = read(page);
    let rows = text.lines().filter_map(cells);
    rows.filter(|row| row.starts_with('`'))
        .map(|row| row.split(" | ").map(str::to_owned).collect())
        .collect()
}

fn cells(line: &str) -> Option<&str> {
    line.strip_prefix("//! | ")?.strip_suffix(" |")
}

/// A file comes before the functions in it.
fn row(cells: &str) -> Row {
    let (words, held_by) = cells.rsplit_once(" | ").expect(cells);
    let mut file = None;
    let mut tests = Vec::new();
    for name in held_by.split('`').skip(1).step_by(2) {
        if name.ends_with(".rs") {
            file = Some(name.to_owned());
        } else {
            let file = file.clone();
            let file = file.unwrap_or_else(|| panic!("{words}: in which file is `{name}`?"));
            tests.push((file, name.to_owned()));
        }
    }
    Row {
        words: words.to_owned(),
        tests,
    }
}

/// Whether a function of this name is there with the attribute of a test right above it.
fn is_test(code: &str, name: &str) -> bool {
    let Some((before, _)) = code.split_once(&format!("fn {name}(")) else {
        return false;
    };
    let item = before.rsplit("\n\n").next().unwrap_or_default();
    item.contains("#[test]") || item.contains("#[tokio::test")
}

/// A file of the package.
pub(crate) fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn a_function_that_is_no_test_holds_nothing() {
    let code =
        "#[test]\nfn one() {}\n\nfn two() {}\n\n/// Words.\n#[tokio::test]\nasync fn three() {}\n";
    let found = ["one", "two", "three", "four"].map(|name| is_test(code, name));
    assert_eq!(found, [true, false, true, false]);
}

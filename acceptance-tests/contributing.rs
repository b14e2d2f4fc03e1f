//! `CONTRIBUTING.md` shows the code as it is, and all of it that its example needs.

use std::path::Path;
use std::{env, fs};

use crate::errors::{files, is_shipped};
use crate::support::tables::read;

const TEMPLATE: &str = "acceptance-tests/contributing/CONTRIBUTING.md";
const PAGE: &str = ".github/CONTRIBUTING.md";
/// The attribute that the page follows.
const EXAMPLE: &str = "keep_on_destroy";

#[test]
fn the_page_shows_the_code_as_it_is() {
    let page = rendered();
    if env::var_os("UPDATE_DOCS").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
        fs::write(path, &page).unwrap();
    }
    let hint = "run `UPDATE_DOCS=1 cargo test --test acceptance contributing::`";
    assert!(read(PAGE) == page, "{PAGE} shows older code: {hint}");
}

/// The example, followed backwards: without what the page shows, nothing of the program knows the
/// attribute. So whoever does what the page says, and only that, has the attribute.
#[test]
fn the_example_leaves_out_no_place_that_knows_the_attribute() {
    let page = rendered();
    let shown: Vec<&str> = page.lines().map(str::trim).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut places = 0;
    for path in files(&root.join("src")) {
        if !is_shipped(&path) {
            continue;
        }
        let code = fs::read_to_string(&path).unwrap();
        let relative = path.strip_prefix(root).unwrap().to_str().unwrap();
        for line in code.lines().filter(|line| line.contains(EXAMPLE)) {
            let is_shown = shown.contains(&line.trim()) && page.contains(relative);
            assert!(is_shown, "{PAGE} does not show {relative}: {line}");
            places += 1;
        }
    }
    assert!(places > 5, "only {places} places were found");
}

/// Every command in the table is one that there is.
#[test]
fn every_command_is_there() {
    let page = rendered();
    let aliases = read(".cargo/config.toml");
    let subjects = read("acceptance-tests/main.rs");
    let commands = page.lines().filter_map(|line| line.strip_prefix("| `"));
    let commands: Vec<&str> = commands
        .filter_map(|rest| rest.split_once("` | ").map(|(command, _)| command))
        .filter(|command| command.contains("cargo ") || command.contains("/run"))
        .collect();
    assert_eq!(commands.len(), 9);
    for command in commands {
        let words = command.split(' ').skip_while(|word| word.contains('='));
        let words: Vec<&str> = words.collect();
        match words[..] {
            ["cargo", "test", ..] => {
                let named = words.iter().filter_map(|word| word.strip_suffix("::"));
                for name in named {
                    let is_module = root_has(&format!("src/{name}"))
                        || root_has(&format!("src/provider/{name}"))
                        || subjects.contains(&format!("mod {name};"));
                    assert!(is_module, "{command}: there is no {name}");
                }
            }
            ["cargo", alias] => assert!(aliases.contains(&format!("{alias} = \"run "))),
            [script] => assert!(root_has(script.trim_start_matches("./")), "{script}"),
            _ => panic!("what is `{command}`?"),
        }
    }
}

fn root_has(path: &str) -> bool {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path).exists()
}

/// `{{lines FILE WORDS}}` is every line of a file with these words, `{{block FILE WORDS}}` the block
/// that the first of them opens, or is in.
fn rendered() -> String {
    let template = read(TEMPLATE);
    let lines = template.lines().map(|line| {
        let inner = line.strip_prefix("{{").and_then(|it| it.strip_suffix("}}"));
        let Some(inner) = inner else {
            return line.to_owned();
        };
        let (kind, rest) = inner.split_once(' ').unwrap();
        let (path, words) = rest.split_once(' ').unwrap();
        let code = read(path);
        let code: Vec<&str> = code.lines().collect();
        let found = code.iter().position(|line| line.contains(words));
        let found = found.unwrap_or_else(|| panic!("{path}: no line with `{words}`"));
        let shown: Vec<&str> = match kind {
            "block" => block(&code, found).to_vec(),
            "lines" => code.into_iter().filter(|it| it.contains(words)).collect(),
            _ => panic!("there is nothing like {kind}"),
        };
        without_indent(&shown)
    });
    lines.map(|line| line + "\n").collect()
}

/// The lines from the one that opens a block to the one that closes it.
fn block<'a>(code: &'a [&'a str], line: usize) -> &'a [&'a str] {
    let opens = |line: &str| line.ends_with(['{', '(', '[']);
    let first = match opens(code[line]) {
        true => line,
        false => {
            let is_around = |other: &&str| indent(other) < indent(code[line]) && opens(other);
            let above = code[..line].iter().rposition(is_around);
            above.expect("it is in a block")
        }
    };
    let depth = indent(code[first]);
    let below = code[first + 1..].iter();
    let length = below
        .take_while(|line| line.is_empty() || indent(line) > depth)
        .count();
    &code[first..=first + 1 + length]
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn without_indent(lines: &[&str]) -> String {
    let depths = lines.iter().filter(|line| !line.is_empty());
    let depth = depths.map(|line| indent(line)).min().unwrap_or(0);
    let lines = lines.iter().map(|line| line.get(depth..).unwrap_or(""));
    lines.collect::<Vec<_>>().join("\n")
}

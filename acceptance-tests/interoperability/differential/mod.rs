//! One table of environments, files and provider blocks, and two providers: hashicorp/aws and ours.
//!
//! Each row puts both into the same situation and compares whether there is an error, which identity
//! is reached, and which calls of STS were made with which parameters. Where the two are not the
//! same on purpose, the row says which [`difference::Difference`] it is; it fails when the
//! difference goes away. What is different wherever there is a role is a [`difference::Habit`].
//! The page `src/manual/differences.rs` gives the reason for each.

mod accounts;
mod compare;
mod difference;
mod observed;
mod outside;
mod provider;
mod row;
mod rows;

use std::collections::BTreeSet;

use futures_util::StreamExt as _;

use crate::protocol::support::wire::tfplugin6::schema::Block;
use crate::support::tables;
use compare::{Findings, compare};
use difference::Habit;
use observed::Observed;
use provider::{Programs, Whose};
use row::Row;

#[tokio::test]
async fn the_same_block_means_the_same() {
    let programs = Programs::find().await;
    same_shape(
        "",
        programs.block(Whose::Theirs),
        programs.block(Whose::Ours),
    );
    let rows = rows::all();
    // A process of hashicorp/aws takes 300 MB; two of them are no burden.
    let compared = futures_util::stream::iter(rows).map(|row| in_both(row, &programs));
    let mut compared = compared.buffer_unordered(2);
    let mut wrong = Vec::new();
    let mut habits = BTreeSet::new();
    while let Some(findings) = compared.next().await {
        habits.extend(findings.habits);
        wrong.extend(findings.wrong);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(habits, Habit::ALL.into(), "a habit is gone");
}

/// Settings of hashicorp/aws about what this provider does not do, and `insecure`.
const NOT_TAKEN: [&str; 4] = [
    "ignore_tags",
    "insecure",
    "s3_use_path_style",
    "s3_us_east_1_regional_endpoint",
];

/// Asserts that whatever can be written in a block of theirs can be written in ours, with the same
/// types; of endpoints only those of the services that we call.
fn same_shape(path: &str, theirs: &Block, ours: &Block) {
    let is_taken = |name: &str| {
        !NOT_TAKEN.contains(&name) && (path != ".endpoints" || ["sts", "ecrpublic"].contains(&name))
    };
    for attribute in theirs.attributes.iter().filter(|each| is_taken(&each.name)) {
        let same = ours
            .attributes
            .iter()
            .find(|each| each.name == attribute.name);
        let same = same.unwrap_or_else(|| panic!("{path}.{} is missing", attribute.name));
        assert_eq!(same.r#type, attribute.r#type, "{path}.{}", attribute.name);
    }
    for nested in theirs
        .block_types
        .iter()
        .filter(|each| is_taken(&each.type_name))
    {
        let name = &nested.type_name;
        let same = ours.block_types.iter().find(|each| each.type_name == *name);
        let same = same.unwrap_or_else(|| panic!("the block {path}.{name} is missing"));
        assert_eq!(same.nesting, nested.nesting, "{path}.{name}");
        let [theirs, ours] = [nested, same].map(|each| each.block.as_ref().unwrap());
        same_shape(&format!("{path}.{name}"), theirs, ours);
    }
}

/// Compares the two in one row. What is wrong comes with everything that was seen.
async fn in_both(row: Row, programs: &Programs) -> Findings {
    let theirs = Observed::of(&row, Whose::Theirs, programs).await;
    let ours = Observed::of(&row, Whose::Ours, programs).await;
    let mut findings = compare(&row, &theirs, &ours);
    if !findings.wrong.is_empty() {
        let name = row.name;
        findings.wrong.insert(0, format!("== {name}"));
        let seen = format!("theirs: {theirs:#?}\nours: {ours:#?}");
        findings.wrong.push(seen);
    }
    findings
}

#[test]
fn there_are_sixty_rows_and_each_has_a_name_of_its_own() {
    let rows = rows::all();
    assert!(rows.len() >= 60, "{}", rows.len());
    let names: BTreeSet<_> = rows.iter().map(|row| row.name).collect();
    assert_eq!(names.len(), rows.len());
}

#[test]
fn the_page_has_every_difference_and_no_other() {
    let rows = rows::all();
    let differences = rows.iter().filter_map(|row| row.difference);
    let differences = differences.map(|difference| format!("`{difference:?}`"));
    let habits = Habit::ALL.map(|habit| format!("`{habit:?}`"));
    let shown: BTreeSet<_> = differences.chain(habits).collect();
    let page = tables::cells_of("src/manual/differences.rs");
    let explained: BTreeSet<_> = page.into_iter().map(|cells| cells[0].clone()).collect();
    assert_eq!(explained, shown);
}

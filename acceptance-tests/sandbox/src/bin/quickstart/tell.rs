//! Plain words on standard output.
#![expect(clippy::print_stdout, reason = "this program is made to be read")]

use std::time::Duration;

/// A step of the story.
pub(crate) fn step(title: &str) {
    println!("\n=== {title}\n");
}

/// A paragraph.
pub(crate) fn say(words: &str) {
    println!("{words}");
}

/// A command that is about to run, in a form that can be pasted.
pub(crate) fn command(line: &str) {
    println!("$ {line}\n");
}

/// Something that belongs to a paragraph: a file, a log, a list.
pub(crate) fn inset(text: &str) {
    for line in text.lines() {
        println!("    {line}");
    }
}

/// How long something took.
pub(crate) fn took(what: &str, time: Duration) {
    println!("({what} took {:.1} s)", time.as_secs_f64());
}

/// Why the story ended early.
#[expect(clippy::print_stderr, reason = "where a person looks for errors")]
pub(crate) fn failure(error: &anyhow::Error) {
    eprintln!("\nquickstart: {error:#}");
}

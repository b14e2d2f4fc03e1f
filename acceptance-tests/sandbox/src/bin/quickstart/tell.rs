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
    println!("({what} took {})", duration(time));
}

/// A duration in the unit that fits it.
pub(crate) fn duration(time: Duration) -> String {
    let tenths = (time.as_secs_f64() * 10.0).round() / 10.0;
    if time < Duration::from_secs(1) {
        format!("{} ms", time.as_millis().max(1))
    } else if tenths < 60.0 {
        format!("{tenths:.1} s")
    } else {
        let seconds = time.as_secs_f64().round();
        format!(
            "{:.0} min {:.0} s",
            (seconds / 60.0).floor(),
            seconds % 60.0
        )
    }
}

/// Why the story ended early.
#[expect(clippy::print_stderr, reason = "where a person looks for errors")]
pub(crate) fn failure(error: &anyhow::Error) {
    eprintln!("\nquickstart: {error:#}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_in_the_unit_that_fits_them() {
        let rows = [
            (0, "1 ms"),
            (12, "12 ms"),
            (999, "999 ms"),
            (1_000, "1.0 s"),
            (59_940, "59.9 s"),
            (59_990, "1 min 0 s"),
            (143_500, "2 min 24 s"),
        ];
        for (milliseconds, expected) in rows {
            assert_eq!(duration(Duration::from_millis(milliseconds)), expected);
        }
    }
}

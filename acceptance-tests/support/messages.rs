//! Messages as people read them, kept as snapshots.

use super::terraform::Run;

/// What differs from run to run, and how it is written in a snapshot.
const VARYING: [(&str, &str); 10] = [
    (r"127\.0\.0\.1:\d+", "127.0.0.1:[port]"),
    (
        r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        "[id]",
    ),
    (r"terraform-ecrpublic-[0-9a-f]{32}", "[session]"),
    (r"[^\s`]*/acceptance-[A-Za-z0-9]+", "[folder]"),
    (r"in \d+\.\d seconds", "in [time]"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "[moment]"),
    (r"date/time \d+", "date/time [seconds]"),
    (r"main\.tf line \d+", "main.tf line [line]"),
    (r"(?m)^ {2,3}\d+: ", "  [line]: "),
    // How often Terraform says so depends on where the interrupt finds it.
    (r"(?m)^Error: execution halted\n+", ""),
];

/// Asserts that a command failed, and that its errors are those of the snapshot.
#[track_caller]
pub(crate) fn failed_with(name: &str, run: Run) {
    let messages = unwrapped(&run.failed().messages());
    assert!(messages.starts_with("Error: "), "no error in: {messages}");
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for (pattern, shown) in VARYING {
        settings.add_filter(pattern, shown);
    }
    settings.bind(|| insta::assert_snapshot!(name, messages));
}

/// The messages with each paragraph on one line: where Terraform breaks lines depends on the
/// length of ports and times. Entries of a list keep lines of their own, and quoted configuration,
/// which is indented, stays as it is.
fn unwrapped(messages: &str) -> String {
    let paragraphs = messages.split("\n\n").map(|paragraph| {
        let paragraph = paragraph.trim_start_matches('\n');
        let is_quoted = paragraph.starts_with("  ");
        match is_quoted {
            true => paragraph.to_owned(),
            false => paragraph.replace('\n', " ").replace(" - ", "\n- "),
        }
    });
    paragraphs.collect::<Vec<_>>().join("\n\n")
}

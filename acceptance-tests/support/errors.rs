//! Errors, pinned word for word.

use super::terraform::Run;

/// Pins the errors of a run under a name, without what differs from run to run.
macro_rules! pinned {
    ($name:expr, $run:expr) => {
        $crate::support::errors::settings()
            .bind(|| insta::assert_snapshot!($name, $crate::support::errors::of($run)))
    };
}
pub(crate) use pinned;

/// What the errors say; there is at least one.
#[track_caller]
pub(crate) fn of(run: &Run) -> String {
    let messages = run.messages();
    assert!(messages.starts_with("Error: "), "{}", run.text);
    messages
}

/// Hides ports, folders, request IDs, and the session name that a process chooses.
pub(crate) fn settings() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    settings.add_filter(r"/\S*/acceptance-\w+/", "[folder]/");
    settings.add_filter(r"127\.0\.0\.1:\d+", "127.0.0.1:[port]");
    settings.add_filter(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "[id]");
    settings.add_filter(
        r"terraform-ecrpublic-[0-9a-f]{32}",
        "terraform-ecrpublic-[id]",
    );
    settings
}

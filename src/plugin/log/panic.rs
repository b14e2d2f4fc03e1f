//! Panics in the form that the host recognises.

use std::backtrace::Backtrace;
use std::io::{self, Write};
use std::panic::{self, PanicHookInfo};

/// Writes panics to stderr. The host collects the lines and shows them when the run fails.
pub(super) fn install() {
    panic::set_hook(Box::new(|info| {
        let text = text(info, &Backtrace::force_capture());
        // There is nobody left to tell when stderr is gone.
        drop(io::stderr().lock().write_all(text.as_bytes()));
    }));
}

fn text(info: &PanicHookInfo<'_>, backtrace: &Backtrace) -> String {
    let message = info.payload_as_str().unwrap_or("no message");
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    report(message, &place, &backtrace.to_string())
}

/// `panic: ` begins the first line and no other. Plain lines, none of them JSON.
pub(super) fn report(message: &str, place: &str, backtrace: &str) -> String {
    let mut lines = message.lines();
    let mut text = format!("panic: {}\n", lines.next().unwrap_or_default());
    for line in lines
        .chain([place])
        .chain(backtrace.lines().take(MAX_FRAMES))
    {
        text.push('\t');
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// The host keeps about a hundred lines.
const MAX_FRAMES: usize = 80;

//! Saying what a copy waits for when nothing moves.

use std::fmt::Write as _;
use std::future::Future;
use std::time::Duration;

use crate::task::Activity;

/// Drives a copy, and writes one line about each time that it stands still.
///
/// # Cancel safety
///
/// As the copy is.
pub(super) async fn watched<T>(activity: &Activity, copy: impl Future<Output = T>) -> T {
    let mut copy = std::pin::pin!(copy);
    let mut steps = activity.steps();
    let mut still = Duration::ZERO;
    loop {
        if let Ok(done) = tokio::time::timeout(LOOK, &mut copy).await {
            return done;
        }
        if activity.steps() != steps {
            steps = activity.steps();
            still = Duration::ZERO;
            continue;
        }
        still += LOOK;
        if still == STALL {
            tracing::warn!(
                waits_for = waits(activity),
                still_ms = u64::try_from(still.as_millis()).unwrap_or(u64::MAX),
                "the copy stands still"
            );
        }
    }
}

/// The longest waits, one after the other.
fn waits(activity: &Activity) -> String {
    let waits = activity.waits();
    let mut text = String::new();
    for (what, since) in waits.iter().take(TOLD) {
        let gap = if text.is_empty() { "" } else { "; " };
        // Writing to a string does not fail.
        let _written = write!(text, "{gap}{what} (for {} s)", since.as_secs());
    }
    match waits.len().checked_sub(TOLD) {
        None | Some(0) => {}
        Some(more) => {
            let _written = write!(text, "; and {more} more");
        }
    }
    if text.is_empty() {
        "nothing that has a name".to_owned()
    } else {
        text
    }
}

/// Without progress for so long, a copy stands still. Shorter than the limits on silence, so that
/// what is waited for is known before the wait is given up.
const STALL: Duration = Duration::from_secs(20);

/// How often somebody looks.
const LOOK: Duration = Duration::from_secs(5);

/// Waits that are named in one line.
const TOLD: usize = 6;

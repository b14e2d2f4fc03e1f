//! How long things wait, in one place so that tests need not.

use std::time::Duration;

/// Waits that are ours to choose.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timing {
    /// How long a failure is remembered.
    pub(super) patience: Duration,
    /// How long a new role may take to be known everywhere.
    pub(super) spreading: Duration,
    /// Between two tries to assume a new role.
    pub(super) between_tries: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            // About as long as a plan of many resources takes.
            patience: Duration::from_secs(30),
            // Not documented; usually ten seconds.
            spreading: Duration::from_secs(60),
            // Few enough calls to be no burden on an account, even for many resources.
            between_tries: Duration::from_secs(4),
        }
    }
}

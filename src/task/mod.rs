//! How work is bounded and watched: cancellation, deadlines, rates, the two clocks, and what was
//! done.
//!
//! # Invariants
//!
//! - Cancelling goes down (from a context to its children), never up.
//! - Nothing else in the crate reads a clock.

mod activity;
mod bucket;
mod clock;
mod context;
mod work;

pub use activity::{Activity, Waiting};
pub use bucket::{Bucket, Rate, Spent, Ticket};
#[cfg(test)]
pub(crate) use clock::StoppedClock;
pub use clock::{monotonic, wall};
pub use context::{Context, Limit, Stopped};
pub use work::Work;

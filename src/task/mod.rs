//! How work is bounded: cancellation, deadlines, rates and the two clocks.
//!
//! # Invariants
//!
//! - Cancelling goes down (from a context to its children), never up.
//! - Nothing else in the crate reads a clock.

mod bucket;
mod clock;
mod context;
mod work;

pub use bucket::{Bucket, Rate, Spent, Ticket};
pub use clock::{monotonic, wall};
pub use context::{Context, Limit, Stopped};
pub use work::Work;

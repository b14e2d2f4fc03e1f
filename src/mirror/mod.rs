//! Copies a graph of manifests and blobs, children before parents, tags last.
//!
//! - [`job`](MirrorJob): what is asked for and what came of it.
//! - `engine`: the phases of one copy, on one screen.
//! - `choose`: what the tags shall show.
//! - `walk`: which manifests there are, and which of them the destination lacks.
//! - `complete`: blobs and manifests; `order`: which of them waits for which.
//! - `transfer`: one blob; `verified`: its bytes, resumed and hashed on the way.
//! - `referrers`: what hangs on an image at the source; `attach`: the same at the destination.
//! - `restore`: what tags show already, made whole again.
//! - `tags`: the guard before the first write, the commit point, the check afterwards.
//! - `outcome`: what it came to; `watch`, `observer`, `passed`: what is told while it goes on.
//! - `inventory`: what an image consists of, for whoever does not copy it.
//! - `run`: one copy in progress, and where it finds manifests; `reading`: from a source, once.
//! - `shared`: what copies of one process know in common; `turns`: one at a time per content;
//!   `places`: where blobs can be read besides their source.
//! - `crew`: tasks that end together.
//!
//! # Invariants
//!
//! - A manifest is put only after every child of it is present at the destination.
//! - A tag moves only after everything below it is there; setting the first tag is the commit point.
//! - No blob is committed whose bytes were not hashed here and found right.
//! - Whoever waits for a child, or for another copy of the same content, holds no permit.
//! - What was read for one job may serve another that wants the same digest. It has that digest
//!   from its own source, which resolved or listed it for its own credentials: that is the proof
//!   that it may have the bytes. No digest gets from one job to another.
//! - Sharing is optimisation. Bytes read at another destination are verified like those of a
//!   source, and whatever goes wrong there ends with a read of the source.
//! - No task outlives the call that started it.
//! - Nothing here knows HTTP or Terraform.

mod attach;
mod choose;
mod claims;
mod complete;
mod crew;
mod engine;
mod error;
mod inventory;
mod job;
#[cfg(test)]
mod memory;
mod observer;
mod order;
mod outcome;
mod passed;
mod places;
mod reading;
mod referrers;
mod restore;
mod run;
mod shared;
mod tags;
mod transfer;
mod turns;
mod verified;
mod walk;
mod watch;

#[cfg(test)]
mod tests;

pub use engine::Engine;
pub use error::{Cause, Error, Side, Step};
pub use inventory::{Inventory, PlatformImage};
pub use job::{
    Attached, Contents, ExistingTag, Hung, Limits, MirrorJob, OthersTags, Outcome, OwnTags,
    Platforms, Referrers,
};
pub use observer::Observer;
pub use restore::Restored;

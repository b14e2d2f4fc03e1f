//! Who is told what copies do while they do it.

use std::fmt;

use crate::task::Activity;

/// Somebody who watches copies, such as a person in front of a terminal.
///
/// It is told when a copy begins and when it ends; whatever it wants to know in between, it looks
/// up in the activity, as often as it likes. Copies never wait for it.
pub trait Observer: fmt::Debug + Send + Sync {
    /// A copy begins. What is returned is dropped when it has ended, however it ends.
    fn begins(&self, name: &str, activity: &Activity) -> Box<dyn Send>;
}

//! Whose move it is when something went wrong.

/// The six answers to "who can do something about this".
///
/// Every error of every layer answers with one of them; the words a practitioner reads are chosen
/// by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Blame {
    /// The configuration cannot work as it is written.
    Practitioner,
    /// Somebody is signed in wrongly, or is not allowed.
    Access,
    /// A registry or AWS refused, or broke its own rules.
    Remote,
    /// No answer came within the policy.
    Network,
    /// Terraform asked us to stop, or a deadline of the practitioner fired.
    Stopped,
    /// An invariant of this program broke.
    Us,
}

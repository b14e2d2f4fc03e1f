//! Which actions are there?
//!
//! An action is done when somebody asks for it and leaves nothing in state (Terraform since 1.14).
//!
//! # `ecrpublic_prune`
//!
//! ECR Public has no lifecycle policies. `delete_superseded` of the resource clears away what that
//! resource has put there; what scripts, interrupted copies and earlier tools have left behind belongs
//! to no resource, and is what the action is for. It deletes what has no tag, is listed by nothing that
//! has one, and is attached to nothing that stays. Three guards:
//!
//! - *Age*: a copy stores the parts of an image before its tag, so what is younger than a day stays. One
//!   whose age is unknown is young.
//! - *Whole or not at all*: every index, and every candidate, is read first. One that cannot be read
//!   could need any other, so nothing is deleted then.
//! - *A second look*: right before each layer is deleted, what has got a tag meanwhile is left out; and
//!   the service itself refuses to delete what an index lists.
//!
//! It only tells what it would do until `dry_run` is `false`.
//!
//! # None that copies again
//!
//! An action that copies what a source shows now would move tags behind the back of the resource that
//! manages them. With `follow_source` the next plan does the same, and shows it first. Without it, the
//! next refresh would find tags that show another image than the state says, and the next apply would
//! move them back. Tags that somebody has deleted or moved are set again by the next apply in both
//! cases. What is left for such an action is an image that Terraform does not manage, and that is what
//! the resource is for.
//!
//! # What would change our mind
//!
//! Actions that can change the state of the resource that triggers them.

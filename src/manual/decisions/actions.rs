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
//! # `ecrpublic_resync`
//!
//! Three things could be meant by copying again:
//!
//! - *What the source shows now.* That would move tags behind the back of the resource that manages
//!   them. With `follow_source` the next plan does the same, and shows it first. Without it, the next
//!   refresh would find tags that show another image than the state says, and the next apply would move
//!   them back.
//! - *Tags that somebody has deleted or moved.* The next plan shows it, and its apply sets them.
//! - *What is missing below a tag.* No plan can see that: it asks what a tag shows, and takes it that the
//!   image is whole, because nothing gets a tag here before everything below it is there. Asking for
//!   every manifest and every layer of every image in each plan would cost what hardly ever finds
//!   anything.
//!
//! So the action does the third, and only that. It asks ECR Public for everything below what the tags
//! show, and reads from the source, by digest, what is missing.
//!
//! - It sets no tag and puts no image that has one: the engine's `restore` knows no tags at all. So it
//!   cannot contradict a state, and needs no guard against moving a tag. A tag that is missing is an
//!   error that says what sets it.
//! - It believes nothing that the process knows already: what a copy of the same run has put there is
//!   asked for like everything else.
//! - The image that the tag shows is read in ECR Public, not at the source. A choice of several platforms
//!   is nowhere else, and as long as nothing is missing nobody has to ask the source, whatever has become
//!   of it.
//! - Signatures and the like are images of their own, and looked at where their tags are named.
//!
//! # What would change our mind
//!
//! Actions that can change the state of the resource that triggers them.

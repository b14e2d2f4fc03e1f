//! What does destroy remove?
//!
//! # The choice
//!
//! The tags in state, each only while it still shows the digest in state; and with the last tag
//! the image, unless an index or another tag uses it. Never the repository. With `keep_on_destroy`
//! nothing at all.
//!
//! # Why so narrow
//!
//! ECR Public can delete by tag, by digest, or by both. By digest takes *every* tag of the image
//! away, also those that somebody else set. By tag alone removes whatever the tag shows by now:
//! in a replacement with `create_before_destroy` that is the image which the new instance has just
//! pushed. So each deletion names the tag and the digest it should show: the service compares the
//! two, and leaves the tag alone where they differ.
//!
//! What has lost its last tag, and nobody lists, is then deleted by digest: first the image, then
//! what was below it. It is looked at right before, and the copies of the same run into that
//! repository wait meanwhile. Another program that sets a tag in this very moment loses it.
//!
//! # Why at all
//!
//! Practitioners expect destroy to destroy, and repositories that are not empty cannot be deleted
//! by whoever manages them.
//!
//! # Other options
//!
//! *Keep by default.* Public images have readers whom nobody knows, so a case can be made; but it
//! would make every destroy incomplete. `keep_on_destroy` and `prevent_destroy` are there for such
//! images.
//!
//! # What would change our mind
//!
//! A delete in the API that takes an image only while it has no tag.

//! When is a destination asked what it has?
//!
//! # The choice
//!
//! A question that is answered with *no* is a round trip lost, and most first copies meet nothing
//! but *no*. A question that is answered with *yes* saves a blob, or a pull. So
//! [`mirror`](crate::mirror) asks where an answer is likely to save something:
//!
//! | the destination | manifests | blobs |
//! |---|---|---|
//! | was created for this copy | not asked | not asked |
//! | answers for many blobs at once, as the API of ECR Public does | each by digest | one request for a hundred |
//! | is asked for each, and shows one of the tags | each by digest | each |
//! | is asked for each, and shows none | only if the source counts pulls | by opening the upload |
//!
//! *By opening the upload*: the request that opens it offers to mount the blob from the repository
//! that it is for. CNCF Distribution and its relatives answer 201 when the blob is there, and open
//! the upload when it is not. ECR Public opens one in any case, so there nothing is offered.
//!
//! # When that was wrong
//!
//! A destination that refuses a manifest because a child is missing gets one repair: everything is
//! asked for, and what is missing is sent.
//!
//! # After the last write
//!
//! A registry that states the digest in its answer to a tag has shown that the tag points there.
//! ECR Public may serve readers from somebody who does not know yet, so there the tag is looked at.
//! A tag that must not be taken from somebody else is looked at again right before it is set; one
//! that may be overwritten is not.
//!
//! # What it comes to
//!
//! `mirror::tests::requests` counts them. For a generic registry that is empty: one question on each
//! side, one read for each manifest and blob, two requests for each blob and one for each manifest.
//! For an image that is there: one on each side.
//!
//! # What would change our mind
//!
//! A registry that takes a mount from the same repository amiss.

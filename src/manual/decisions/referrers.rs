//! What hangs on an image, and who is asked about it?
//!
//! # The choice
//!
//! With `referrers = "all"` the source is asked about the root and about the image of each platform,
//! for its list and for the three tags of cosign: at most five requests for each, of which one is
//! made only once for a registry that keeps no lists. What is found is asked about in turn, for its
//! list alone, four steps away at most. Attestations that an index lists are part of the image and
//! are not asked about.
//!
//! With `referrers = "none"` nobody is asked anything.
//!
//! # Why the images of the platforms
//!
//! Who builds images often signs the index alone, but whoever signs recursively, and whoever
//! describes what is in an image, attaches that to the image of a platform. A signature that stays
//! behind is noticed by the one who needs it, long after the copy. A HEAD costs no pull at Docker
//! Hub, and what was asked once serves all instances of a run.
//!
//! # Where it goes
//!
//! The manifests keep their bytes, and so their digests and subjects. What answers with `OCI-Subject`
//! lists them itself. Nothing is documented about ECR Public, so there the list is kept as clients
//! keep it: an index under the tag `sha256-<hex>`, which is read, made longer, written, and read
//! again, because there is no way to write it only if nobody else has. Within a process copies take
//! turns at it. The image itself is put by its digest before whatever refers to it, and its tags are
//! set after all of it: a reader of a tag finds the signatures there.
//!
//! A tag of cosign holds one manifest with all signatures in it. Where somebody has signed the copy
//! with a key of their own, theirs and those of the source cannot both be under it, unless a new
//! manifest is written that nobody has signed off. Theirs stays, with a warning.
//!
//! # How a change shows
//!
//! Digests of what came along are in state, so what is missing at the destination is seen. What is
//! new at the source cannot always be read without a pull: of a list under a tag, a HEAD tells only
//! that it is another one. So the private data keeps one digest over everything that was seen, and
//! when that differs, the plan leaves `referrer_digests` open. What is new on a signature, and not on
//! the image, comes along with the next copy for another reason.
//!
//! # When it goes
//!
//! After the manifest that it refers to, and only when that is gone: another tag, or somebody else,
//! may have the same image. Each tag is deleted together with the digest that was put there.
//!
//! # Other options
//!
//! *Asking about everything below the root.* An index with an attestation for each platform would
//! cost twice as many requests, for signatures of attestations that nobody makes there.
//!
//! *The list of tags.* One request could name all tags of cosign, but a usual repository has
//! thousands of tags, and whether a list can be entered in its middle differs.
//!
//! # What would change our mind
//!
//! A registry in which the referrers of an index tell of those of its images, or word from AWS that
//! ECR Public keeps lists.

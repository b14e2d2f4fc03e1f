//! How do twenty accounts share one read?
//!
//! # The choice
//!
//! Whatever copies of one run want at the same time is read from a source once: each manifest and
//! each blob, by its digest, whichever accounts, repositories or tags it is for.
//! [`mirror`](crate::mirror) does it in two ways.
//!
//! *Manifests* are kept, 32 MiB of them, and so are the few configurations that had to be read
//! before a copy could begin. The first that wants one reads it; the others wait, and find it.
//!
//! *Blobs* are not kept. The first copy that may write one, as the quotas of its account go,
//! streams it from the source to its own destination. The others wait without holding anything, and then read it at
//! that destination, with the handle and so the credentials of the copy that wrote it. Every copy
//! that succeeds is one more place to read from, and readers go where the fewest are.
//!
//! # When the first place does not serve
//!
//! - It fails or is stopped half way: another one that waited reads the source.
//! - It sends wrong bytes, or none: it is forgotten for that blob. Another place, else the source.
//! - It does not serve a blob to which no image refers. The API of private ECR is documented to be
//!   like that, and for ECR Public nobody says. After the first such refusal the others wait until
//!   the image of the first copy is there. A wait that would close a circle of copies waiting for
//!   each other is not begun: that copy reads the source, and a blob is read twice.
//!
//! Sharing can therefore cost time, a few milliseconds or one image's time, and never a result.
//!
//! # Who may have what
//!
//! A digest is the right to the bytes, because of where a job has it from: its own source resolved
//! or listed it, for its own credentials. Nothing passes a digest from one job to another. And what
//! is read at a destination is about to be public in any case.
//!
//! # Other options
//!
//! *Fan out while streaming.* One response feeds several uploads. It needs no second read, but the
//! slowest destination sets the pace of all, each upload that is lost needs the bytes again when
//! the stream has passed them, and a bound on what is kept for the slow turns into reading a copy
//! after all. Reading copies is needed in any case, and with it alone the source is read as often.
//! What fan-out would add is the time of one transfer, which is short within AWS.
//!
//! *Keep blobs in a temporary file.* Disks of runners are small and layers are not.
//!
//! *Mount blobs.* Done where the registry does it: a copy that can be mounted is, and no byte moves.
//! ECR Public does not mount; it opens an upload instead.
//!
//! # What would change our mind
//!
//! A measurement in which waiting for the first copy dominates an apply.

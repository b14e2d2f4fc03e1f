//! When may a plan state a digest?
//!
//! # The trap
//!
//! Terraform plans twice: once for the plan that a person reads, and once more during apply,
//! usually in another process. A value that was known the first time must be the same the second
//! time, or the run ends with *Provider produced inconsistent final plan*. A plan that asks Docker
//! Hub what `latest` is, and states the answer, will some day hear two answers.
//!
//! # The choice
//!
//! A value is stated only if the second call can have it without asking again:
//!
//! | case | carried by | digest in the plan |
//! |---|---|---|
//! | the source is given by digest, whole image | the configuration | known |
//! | nothing about the image changes | the prior state | known |
//! | create, and the host keeps the private data of a plan (protocol 6.11) | that private data | may be known |
//! | everything else | nothing | unknown until apply |
//!
//! The source may still be asked during a plan in order to warn, or to say early that a tag does
//! not exist: neither can contradict a later answer.
//!
//! # Other options
//!
//! *State it always, and copy what was stated.* Needs a place to keep the digest between the two
//! calls; without one, the second call has to ask. *Keep it in a file next to the configuration.*
//! Plans are applied on other machines.
//!
//! # What would change our mind
//!
//! Hosts that keep planned private data becoming the common case: then the exception in the table
//! becomes the rule.

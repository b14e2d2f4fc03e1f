//! What may a data source read?
//!
//! # The question
//!
//! Terraform reads data sources while it plans, and again with every refresh. Which platforms an image
//! has, how large it is and how it is labelled stands in manifests and configurations, and reading a
//! manifest is a pull at Docker Hub. A plan never consumes a pull.
//!
//! # The options
//!
//! | option | speaks for it | speaks against it |
//! |---|---|---|
//! | read manifests where an attribute asks for it | whoever asks knows | a promise with an exception that somebody else's module makes; a pipeline that plans every hour spends a budget at night |
//! | read them only where nobody counts, without being asked | costs nothing | the same configuration works or fails with the registry, the login and the time of day |
//! | ask by HEAD, and read nothing | the promise stands without a footnote | platforms and sizes are known only after a copy |
//! | ask by HEAD; read manifests on request, and refuse the request where it would be a pull | the promise stands without a footnote, and whoever asks learns why not | an attribute that most images of Docker Hub cannot have |
//!
//! # The choice
//!
//! The fourth. `ecrpublic_source_image` has what one HEAD tells: digest, media type, and whether it is
//! an index. `ecrpublic_source_tags` lists tags and `ecrpublic_pull_budget` reads headers, neither of
//! which any registry counts. With `read_content`, manifests and configurations are read as well:
//!
//! - at a registry that does not count pulls, as far as its answer to the HEAD says: Docker Hub counts
//!   whatever it says, and any other that sends `RateLimit` headers is taken at its word;
//! - for a Docker official image at ECR Public, by the digest that Docker Hub told for free, without a
//!   login and at the pace of one read per second that ECR Public allows then. What it does not have
//!   is never read at Docker Hub instead, as a copy would do;
//! - nowhere else: that is an error, before anything is read. It depends on the registry and on the
//!   configuration, and not on the login, on what is left of a budget, or on the time of day.
//!
//! It is an attribute that is asked for and not one that is there when it happens to be free, because
//! a value that comes and goes with the registry breaks whoever uses it somewhere else.
//!
//! A registry that fetches from Docker Hub for others spends its own pulls, and nobody can see that
//! from here. Such a cache is asked like any other registry.
//!
//! # What else follows from being read in a plan
//!
//! - Whatever could not be asked is an error, where the resource would warn: there is no state to keep,
//!   and an answer that is made up would be planned with. So an empty list of tags is an error too,
//!   because `for_each` over nothing destroys everything.
//! - A list of tags is whole or none. A page that cannot be read is no reason for a shorter list.
//! - The digest is the one that `follow_source` sees: each reference is asked for once in a run.
//!
//! # What would change our mind
//!
//! A registry that tells platforms and sizes without a manifest; or the referrers of an index becoming
//! something that Docker Hub hands out without counting.

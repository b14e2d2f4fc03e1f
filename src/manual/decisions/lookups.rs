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
//! | read them only where nobody counts | costs nothing | the same configuration works or fails with the registry, the login and the time of day |
//! | ask by HEAD, and read nothing | the promise stands without a footnote | platforms and sizes are known only after a copy |
//!
//! # The choice
//!
//! The third. `ecrpublic_source_image` has what one HEAD tells: digest, media type, and whether it is
//! an index. `ecrpublic_source_tags` lists tags and `ecrpublic_pull_budget` reads headers, neither of
//! which any registry counts. Platforms, sizes and digests of each platform are attributes of
//! `ecrpublic_mirrored_image`, which had to read them anyway.
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

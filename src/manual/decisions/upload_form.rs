//! In which form does a layer travel?
//!
//! # The choice
//!
//! Every blob, small or large, is one POST and one PUT with a known length.
//! [`Upload`](crate::content::Upload) is the one place that knows: `commit` takes the whole stream,
//! so another form is another implementation of it and changes nothing above.
//!
//! # What the forms cost
//!
//! A layer of 1 GiB, in parts of 10 MiB (the largest that ECR Public takes) where there are parts.
//! The processor's share is beside the one hash that verifies the layer, 0.8 s: measured on one
//! core with SHA instructions, 10 ms to hash the 13.3 MiB that a part becomes in base64, and 9 ms
//! to encode it.
//!
//! | | POST + PUT | PATCH in parts | layer API |
//! |---|---|---|---|
//! | requests | 2 | 104 | 105 |
//! | requests of the scarce kind (10/s) | 2 | 2 | 2 |
//! | bytes sent | 1 GiB | 1 GiB | 1.33 GiB |
//! | more processor time | none | none | 1.9 s |
//! | silence at 40 ms, a layer by itself | 0.1 s | 4.2 s | 4.2 s |
//! | memory per layer in flight | 2 chunks of the source | 20 MiB | 47 MiB |
//! | answers to rely on | those of the specification | 201 for 202, `Range` that stays at the first part, 404 to questions | named errors and offsets |
//!
//! Silence is a round trip for each request in which no byte of the layer moves. Memory is two
//! parts, one being filled while the other is sent, for the API with their encoded form.
//!
//! For small layers, most of all layers, the first column is also the least that the quotas allow:
//! no form does without a start and an end, and both are counted ten per second.
//!
//! # What survives which fault
//!
//! | fault | POST + PUT | parts |
//! |---|---|---|
//! | the source breaks off or stands still | the upload waits, the source is asked for the rest by `Range` | the same |
//! | the answer to the last request is lost | HEAD finds the blob | the same, and for each part |
//! | the connection to ECR Public breaks at byte k | k bytes are sent again | at most one part is sent again |
//! | the token ends | known before the PUT begins; ends no upload under way | may end between two parts |
//! | the upload is forgotten | sent again from the start | the same |
//!
//! So parts win in one row. What that row is worth: with a break every F bytes on average, a layer
//! of s bytes costs F·(e^(s/F) − 1) bytes in one piece. With a break every 10 GiB, a layer of 1 GiB
//! costs 5% more than its size, one of 100 MiB half a percent, and three uploads, which is how often
//! a layer is tried, fail once in 1,200 layers of 1 GiB. Parts would save those five percent, and
//! cost a third more bytes or a fifth of a second of silence for every 50 MiB.
//!
//! # What is read again
//!
//! The bytes that are sent again come from the source, or from a copy that the run has already made,
//! by a GET of the blob. Registries count pulls by manifests: it costs no pull, and no disk.
//!
//! # Pace
//!
//! The ten per second are kept by a bucket for each account and kind of request. It starts with the
//! documented rate and half a second's worth at once, since requests that left evenly may arrive
//! together. A 429 lowers its rate by 30%, good answers raise it again, and `Retry-After` holds for
//! all requests of that kind to the account. Accounts whose quota AWS has raised are not served
//! faster than documented: the only way to find out is to be refused.
//!
//! A layer waits for its ticket before it takes one of the permits that all accounts share, and
//! before it is opened at the source. In virtual time, with 5 to 50 ms each way
//! (`cargo test --lib simulation -- --nocapture`):
//!
//! | copy | bound by | share of the bound | refused |
//! |---|---|---|---|
//! | 201 blobs, 1 manifest | 10 blobs/s: 20.1 s | 0.97 | 0 |
//! | 2 blobs, 201 manifests | 10 manifests/s: 20.1 s | 0.96 | 0 |
//! | 30 MiB on a line of 2 MB/s | the line: 15.7 s | 0.97 | 0 |
//! | 40 images with 280 blobs, one account | 10 blobs/s: 28 s | 1.00 | 0 |
//! | 302 blobs, two accounts | 2 × 10 blobs/s: 15.1 s | 0.97 | 0 |
//! | 141 blobs, a third of the quota | 3.3 blobs/s: 42 s | 1.00 | 10 |
//!
//! In real time, against a stand-in that counts as ECR Public documents it, on loopback
//! (`cargo test --lib faults::quotas -- --nocapture`; what may be asked for at once is above the
//! bound, hence more than 1):
//!
//! | copy | bound by | share of the bound | refused |
//! |---|---|---|---|
//! | 81 blobs, 2 manifests | 10 blobs/s: 8.1 s | 1.05 | 0 |
//! | 48 blobs, 25 manifests | 10 blobs/s: 4.8 s | 1.10 | 0 |
//!
//! A manifest is put as soon as everything below it is there. With all manifests after all blobs the
//! second copy reached 0.75: the two quotas were used one after the other.
//!
//! The host limiter, which halves what a host gets at once, does not hear of refusals that are about
//! an account: other accounts are behind the same host.
//!
//! # What would change our mind
//!
//! - A largest PUT at ECR Public below the largest layer that it stores. Nothing says so, and nothing
//!   rules it out.
//! - Breaks at ECR Public more often than every few gigabytes.
//! - A registry that keeps what it received of a PUT that broke off, and says how much.

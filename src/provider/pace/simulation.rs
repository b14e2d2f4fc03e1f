//! Copies into an ECR Public that keeps to its quotas, in virtual time: how much of what the quotas
//! allow is used, and whether a request is ever refused.
//!
//! `cargo test --lib simulation -- --nocapture` prints the figures.

mod ecr_public;
mod hub;

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::join_all;

use self::ecr_public::{EcrPublic, Kind};
use self::hub::Hub;
use super::Paces;
use crate::content::Source;
use crate::mirror::{Contents, Engine, ExistingTag, Limits, MirrorJob, Platforms, Referrers};
use crate::oci::{Repository, Version};
use crate::registry::{Client, Credential, Endpoint};
use crate::task::{Context, monotonic};

const DOCUMENTED: f64 = 10.0;

/// A line on which bytes do not matter.
const FAST: f64 = 1e9;

/// What a run took of what it could have taken.
struct Used {
    /// Seconds that the run lasted.
    seconds: f64,
    /// Seconds that it would have lasted at least, had it begun with empty buckets.
    bound: f64,
    refused: u32,
}

impl Used {
    fn share(&self) -> f64 {
        self.bound / self.seconds
    }
}

/// Copies all images at the same moment, each to a repository of its own in the account that stands
/// before it, and prints what that took.
async fn copy(name: &str, ecr: &Arc<EcrPublic>, images: Vec<(&str, Hub)>) -> Used {
    let accounts = images.iter().map(|(account, _)| *account);
    let accounts = accounts.collect::<std::collections::BTreeSet<_>>().len();
    let engine = Engine::new(Limits { transfers: 8 });
    let client = Client::over(Arc::clone(ecr) as _);
    let paces = Paces::default();
    let started = monotonic();
    join_all(images.into_iter().map(async |(account, hub)| {
        let path = format!("{account}/{}", hub.repository().path());
        let repository = Repository::new("public.ecr.aws", &path).unwrap();
        let endpoint = Endpoint::new("public.ecr.aws");
        let registry = client.repository(&endpoint, repository, Arc::new(Credential::Anonymous));
        let registry = registry.paced(paces.of(&account.parse().unwrap()));
        let job = MirrorJob {
            version: Version::Tag("1".parse().unwrap()),
            platforms: Platforms::All,
            tags: BTreeMap::from([("1".parse().unwrap(), ExistingTag::Overwrite)]),
            contents: Contents::Always,
            referrers: Referrers::None,
        };
        let (cx, source) = (Context::new(), Arc::new(hub));
        let copied = engine.mirror(&cx, &job, source, Arc::new(registry));
        copied.await.unwrap();
    }))
    .await;
    let blobs = f64::from(ecr.taken(Kind::OpenUpload));
    let manifests = f64::from(ecr.taken(Kind::PutManifest));
    let accounts = f64::from(u32::try_from(accounts).unwrap());
    let bytes = u32::try_from(ecr.bytes()).map(f64::from).unwrap() / ecr.bytes_per_second();
    let rate = ecr.per_second() * accounts;
    let used = Used {
        seconds: started.elapsed().as_secs_f64(),
        bound: (blobs / rate).max(manifests / rate).max(bytes),
        refused: ecr.refused(),
    };
    println!(
        "{name}: {blobs} blobs, {manifests} manifests, {} bytes: bound {:.1} s, took {:.1} s, \
         share {:.2}, {} refused",
        ecr.bytes(),
        used.bound,
        used.seconds,
        used.share(),
        used.refused
    );
    used
}

fn is_tight(used: &Used) {
    assert_eq!(used.refused, 0);
    assert!(used.share() >= 0.9, "{:.2} of the bound", used.share());
}

const ONE: &str = "111111111111";
const OTHER: &str = "222222222222";

#[tokio::test(start_paused = true)]
async fn a_job_bound_by_blobs_uses_the_quota_and_never_exceeds_it() {
    let ecr = EcrPublic::new(DOCUMENTED, FAST);
    is_tight(&copy("blobs", &ecr, vec![(ONE, Hub::image(1, 200, 2000))]).await);
}

#[tokio::test(start_paused = true)]
async fn a_job_bound_by_manifests_uses_the_quota_and_never_exceeds_it() {
    let ecr = EcrPublic::new(DOCUMENTED, FAST);
    is_tight(&copy("manifests", &ecr, vec![(ONE, Hub::index(1, 200))]).await);
}

#[tokio::test(start_paused = true)]
async fn a_job_bound_by_bytes_does_not_wait_for_quotas() {
    let ecr = EcrPublic::new(DOCUMENTED, 2e6);
    is_tight(&copy("bytes", &ecr, vec![(ONE, Hub::image(1, 24, 5 << 18))]).await);
}

#[tokio::test(start_paused = true)]
async fn many_images_of_one_account_share_its_quota() {
    let ecr = EcrPublic::new(DOCUMENTED, FAST);
    let images = (0..40).map(|number| (ONE, Hub::image(number, 6, 20_000)));
    is_tight(&copy("40 images", &ecr, images.collect()).await);
}

#[tokio::test(start_paused = true)]
async fn two_accounts_are_twice_as_fast_whoever_comes_first() {
    let ecr = EcrPublic::new(DOCUMENTED, FAST);
    let accounts = [ONE, OTHER];
    let images = accounts.map(|account| (account, Hub::image(account.parse().unwrap(), 150, 2000)));
    is_tight(&copy("two accounts", &ecr, images.into()).await);
}

/// Somebody else uses most of the quota, or it is lower than documented. Refusals are how one finds
/// out; no image fails, and not half of what is left is wasted.
#[tokio::test(start_paused = true)]
async fn a_quota_of_a_third_is_found_out_and_kept_to() {
    let ecr = EcrPublic::new(DOCUMENTED / 3.0, FAST);
    let images = (0..20).map(|number| (ONE, Hub::image(number, 6, 2000)));
    let used = copy("a third of the quota", &ecr, images.collect()).await;
    assert!(used.share() > 0.6, "{:.2} of the bound", used.share());
    assert!(used.refused > 0);
}

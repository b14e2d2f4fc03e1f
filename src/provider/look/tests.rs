use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;

use super::*;
use crate::content::ByteStream;
use crate::oci::{Digest, Manifest, MediaType};

/// A repository that answers every question in the same way.
struct Asked {
    repository: Repository,
    answer: Option<ErrorKind>,
    questions: AtomicUsize,
}

fn source(registry: &str, answer: Option<ErrorKind>) -> Asked {
    Asked {
        repository: Repository::new(registry, "team/app").unwrap(),
        answer,
        questions: AtomicUsize::new(0),
    }
}

#[async_trait]
impl Source for Asked {
    fn repository(&self) -> &Repository {
        &self.repository
    }

    fn counts_pulls(&self) -> bool {
        true
    }

    async fn resolve(&self, cx: &Context, _: &Version) -> Result<Descriptor, content::Error> {
        self.questions.fetch_add(1, Ordering::Relaxed);
        match &self.answer {
            None => Ok(Descriptor {
                media_type: MediaType::new("application/vnd.oci.image.index.v1+json"),
                digest: Digest::sha256(b"x"),
                size: 1,
                platform: None,
                annotations: std::collections::BTreeMap::new(),
                artifact_type: None,
            }),
            // One that never answers.
            Some(ErrorKind::Unavailable) => Err(cx.stopped().await.into()),
            Some(kind) => Err(kind.clone().into()),
        }
    }

    async fn manifest(&self, _: &Context, _: &Digest) -> Result<Manifest, content::Error> {
        panic!("that would be a pull")
    }

    async fn listed_referrers(
        &self,
        _: &Context,
        _: &Digest,
    ) -> Result<Option<Vec<Descriptor>>, content::Error> {
        panic!("nobody wants to know")
    }

    async fn open_blob(
        &self,
        _: &Context,
        _: &Descriptor,
        _: u64,
    ) -> Result<ByteStream, content::Error> {
        panic!("nothing is read")
    }
}

fn version(tag: &str) -> Version {
    Version::Tag(tag.parse().unwrap())
}

async fn look(looks: &Looks, source: &Asked, tag: &str) -> Seen {
    let cx = Context::new();
    looks.look(&cx, source, &version(tag)).await.unwrap()
}

#[tokio::test]
async fn a_reference_is_looked_at_once() {
    let (looks, source) = (Looks::default(), source("registry.example", None));
    let (one, two) = tokio::join!(look(&looks, &source, "1"), look(&looks, &source, "1"));
    assert_eq!(one.unwrap(), two.unwrap());
    look(&looks, &source, "2").await.unwrap();
    assert_eq!(source.questions.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn what_is_said_of_one_image_says_nothing_of_others() {
    for kind in [ErrorKind::NotFound, ErrorKind::Denied] {
        let looks = Looks::default();
        let source = source("registry.example", Some(kind.clone()));
        for tag in ["1", "1", "2"] {
            let error = look(&looks, &source, tag).await.unwrap_err();
            assert_eq!(*error.kind(), kind);
        }
        assert_eq!(source.questions.load(Ordering::Relaxed), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_does_not_answer_is_asked_once() {
    let looks = Looks::default();
    let silent = source("registry.example", Some(ErrorKind::Unavailable));
    let started = crate::task::monotonic();
    for tag in ["1", "2", "3"] {
        look(&looks, &silent, tag).await.unwrap_err();
    }
    assert_eq!(silent.questions.load(Ordering::Relaxed), 1);
    assert_eq!(started.elapsed(), PATIENCE);
    let other = source("other.example", None);
    look(&looks, &other, "1").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn whoever_is_stopped_has_learned_nothing() {
    let looks = Looks::default();
    let silent = source("registry.example", Some(ErrorKind::Unavailable));
    let cx = Context::new().within(Limit::from(PATIENCE / 2));
    let stopped = looks.look(&cx, &silent, &version("1")).await;
    assert!(matches!(stopped, Err(Stopped::DeadlineExceeded(_))));
    let there = source("registry.example", None);
    look(&looks, &there, "1").await.unwrap();
}

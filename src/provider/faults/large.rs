//! Layers that nobody holds as a whole: one server makes the bytes up, cuts them, and answers
//! requests for the rest honestly or not; the other hashes what it is sent.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::servers::{Destination, Layer, Resume, Source};
use crate::content::ErrorKind;
use crate::mirror::{
    Contents, Engine, Error, ExistingTag, Limits, MirrorJob, Outcome, Platforms, Referrers,
};
use crate::net::HttpSettings;
use crate::oci::{Repository, Version};
use crate::registry::{Client, DockerConfig, Endpoint, Registry};
use crate::task::Context;

/// A repository of a server on this machine.
fn repository(client: &Client, host: &str, port: u16) -> Registry {
    let endpoint = Endpoint {
        host: host.to_owned(),
        address: Some(format!("http://127.0.0.1:{port}/").parse().unwrap()),
        plain_http: true,
        insecure: false,
    };
    let repository = Repository::new(host, "team/app").unwrap();
    let nobody = DockerConfig::none().credentials(&repository);
    client.repository(&endpoint, repository, nobody)
}

async fn copy(source: &Source, destination: &Destination) -> Result<Outcome, Error> {
    let client = Client::new(&HttpSettings::default()).unwrap();
    let tag = ("1".parse().unwrap(), ExistingTag::KeepUnless(None));
    let job = MirrorJob {
        version: Version::Tag("1".parse().unwrap()),
        platforms: Platforms::All,
        tags: BTreeMap::from([tag]),
        contents: Contents::Always,
        referrers: Referrers::None,
    };
    let from = Arc::new(repository(&client, "source.example", source.port));
    let to = Arc::new(repository(&client, "destination.example", destination.port));
    let engine = Engine::new(Limits { transfers: 4 });
    engine.mirror(&Context::new(), &job, from, to).await
}

#[tokio::test]
async fn a_layer_of_300_megabytes_that_is_cut_ten_times_is_sent_once() {
    const SIZE: u64 = 300_000_000;
    const CUTS: u64 = 10;
    let layer = Layer::of(SIZE);
    let source = Source::start(layer.clone(), Resume::Honest, CUTS, SIZE / (CUTS + 1)).await;
    let destination = Destination::start().await;
    copy(&source, &destination).await.unwrap();
    let asked = source.asked();
    assert_eq!((asked.len(), asked[0]), (11, 0));
    assert!(asked.is_sorted_by(|a, b| a < b), "{asked:?}");
    assert!(source.sent() * 10 <= SIZE * 11, "{} bytes", source.sent());
    assert_eq!(destination.stored(&layer.digest), Some(SIZE));
    assert_eq!(destination.tag(), Some(source.root.to_string()));
}

const SMALL: u64 = 400_000;
const CUT_AFTER: u64 = 150_000;

#[tokio::test]
async fn a_rest_that_comes_as_the_whole_is_read_past_what_is_there() {
    for resume in [Resume::Honest, Resume::Whole, Resume::NotSatisfiable] {
        let layer = Layer::of(SMALL);
        let source = Source::start(layer.clone(), resume, 1, CUT_AFTER).await;
        let destination = Destination::start().await;
        copy(&source, &destination).await.unwrap();
        assert_eq!(destination.stored(&layer.digest), Some(SMALL), "{resume:?}");
        assert_eq!(destination.tag(), Some(source.root.to_string()));
        assert_eq!(destination.uploads(), (2, 0), "{resume:?}");
    }
}

#[tokio::test]
async fn a_rest_that_is_not_the_one_that_was_asked_for_is_never_committed() {
    for resume in [
        Resume::WrongStart,
        Resume::WrongEnd,
        Resume::WrongTotal,
        Resume::NoRange,
        Resume::Multipart,
    ] {
        let layer = Layer::of(SMALL);
        let source = Source::start(layer.clone(), resume, u64::MAX, CUT_AFTER).await;
        let destination = Destination::start().await;
        let error = copy(&source, &destination).await.unwrap_err();
        let kind = super::world::kind(&error).unwrap();
        let expected = [
            ErrorKind::Protocol,
            ErrorKind::WrongSize { expected: SMALL },
        ];
        assert!(expected.contains(kind), "{resume:?}: {kind:?}");
        assert_eq!(error.subject, layer.digest.to_string(), "{resume:?}");
        assert_eq!(destination.stored(&layer.digest), None, "{resume:?}");
        assert_eq!(destination.tag(), None, "{resume:?}");
    }
}

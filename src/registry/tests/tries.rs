//! How often each request is made, whatever goes wrong with it.

use std::time::Duration;

use super::*;
use crate::content::{Destination, Source};
use crate::net::transport::TransportErrorKind;
use crate::oci::Manifest;
use crate::task::monotonic;

/// A request whose body is absent or in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ask {
    Resolve,
    ReadManifest,
    FindBlob,
    OpenBlob,
    ReopenBlob,
    OpenUpload,
    Mount,
    PutManifest,
    SetTag,
}

const ALL: [Ask; 9] = [
    Ask::Resolve,
    Ask::ReadManifest,
    Ask::FindBlob,
    Ask::OpenBlob,
    Ask::ReopenBlob,
    Ask::OpenUpload,
    Ask::Mount,
    Ask::PutManifest,
    Ask::SetTag,
];

const BLOB: &[u8] = b"abc";

impl Ask {
    async fn run(self, registry: &Registry) -> Result<(), content::Error> {
        let cx = Context::new();
        let tag: Tag = "v1".parse().unwrap();
        let version = Version::Tag(tag.clone());
        let put = |tag| {
            let bytes = Bytes::from_static(MANIFEST.as_bytes());
            let media_type = MediaType::new(MediaType::OCI_MANIFEST);
            (Manifest::parse(bytes, &media_type).unwrap(), tag)
        };
        match self {
            Self::Resolve => Source::resolve(registry, &cx, &version).await.map(drop),
            Self::ReadManifest => {
                let digest = manifest_digest();
                Source::manifest(registry, &cx, &digest).await.map(drop)
            }
            Self::FindBlob => {
                let blobs = [blob(BLOB)];
                registry.present_blobs(&cx, &blobs).await.map(drop)
            }
            Self::OpenBlob => registry.open_blob(&cx, &blob(BLOB), 0).await.map(drop),
            Self::ReopenBlob => registry.open_blob(&cx, &blob(BLOB), 1).await.map(drop),
            Self::OpenUpload => {
                let upload = registry.begin_upload(&cx, &blob(BLOB), None).await?;
                upload.cancel().await;
                Ok(())
            }
            Self::Mount => {
                let from = Repository::new("registry.example", "team/other").unwrap();
                registry
                    .mount_blob(&cx, &blob(BLOB), &from, None)
                    .await
                    .map(drop)
            }
            Self::PutManifest | Self::SetTag => {
                let (manifest, tag) = put((self == Self::SetTag).then_some(tag));
                let put = registry.put_manifest(&cx, &manifest, tag.as_ref());
                put.await.map(drop)
            }
        }
    }

    /// What a registry answers that has everything.
    fn success(self) -> Reply {
        match self {
            Self::Resolve | Self::ReadManifest => manifest_reply().body(MANIFEST),
            Self::FindBlob | Self::OpenBlob => Reply::status(200).header("content-length", "3"),
            Self::ReopenBlob => Reply::status(206).header("content-range", "bytes 1-2/3"),
            Self::OpenUpload => Reply::status(202).header("location", "/u/1"),
            Self::Mount | Self::PutManifest | Self::SetTag => Reply::status(201),
        }
    }

    /// Asks a registry where so many requests go wrong first. Tells what came of it and how often
    /// it was asked.
    async fn after(
        self,
        failures: usize,
        wrong: impl Fn() -> Reply + Send + 'static,
    ) -> (Result<(), content::Error>, usize) {
        let mut left = failures;
        let (registry, memory) = open(move |seen| {
            if seen.method == "DELETE" {
                return Reply::status(204);
            }
            if left == 0 {
                return self.success();
            }
            left -= 1;
            wrong()
        });
        let outcome = self.run(&registry).await;
        let log = memory.log();
        let asked = log.iter().filter(|seen| seen.method != "DELETE").count();
        (outcome, asked)
    }
}

#[tokio::test(start_paused = true)]
async fn six_tries_are_made_of_everything_that_can_be_sent_again() {
    const PASSING: [TransportErrorKind; 3] = [
        TransportErrorKind::Connect,
        TransportErrorKind::Closed,
        TransportErrorKind::Timeout,
    ];
    for ask in ALL {
        for kind in PASSING {
            let (outcome, asked) = ask.after(5, move || Reply::Fail(kind)).await;
            assert!(outcome.is_ok(), "{ask:?} {kind:?}: {outcome:?}");
            assert_eq!(asked, 6, "{ask:?} {kind:?}");
            let (outcome, asked) = ask.after(6, move || Reply::Fail(kind)).await;
            let error = outcome.unwrap_err();
            assert_eq!(asked, 6, "{ask:?} {kind:?}");
            assert_eq!(facts(&error).attempts(), 6, "{ask:?} {kind:?}");
        }
        for status in [408, 425, 429, 499, 500, 502, 503, 504, 522] {
            let (outcome, asked) = ask.after(5, move || Reply::status(status)).await;
            assert!(outcome.is_ok(), "{ask:?} {status}: {outcome:?}");
            assert_eq!(asked, 6, "{ask:?} {status}");
            let (outcome, asked) = ask.after(6, move || Reply::status(status)).await;
            assert!(outcome.is_err(), "{ask:?} {status}");
            assert_eq!(asked, 6, "{ask:?} {status}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_certificate_that_is_not_trusted_fails_at_once() {
    for ask in ALL {
        for kind in [TransportErrorKind::Tls, TransportErrorKind::Invalid] {
            let (outcome, asked) = ask.after(1, move || Reply::Fail(kind)).await;
            assert!(outcome.is_err(), "{ask:?} {kind:?}");
            assert_eq!(asked, 1, "{ask:?} {kind:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn everything_waits_as_long_as_the_registry_asks() {
    for ask in ALL {
        for status in [429, 503] {
            for (retry_after, seconds) in [("7", 7), ("86400", 120)] {
                let started = monotonic();
                let slow_down = move || Reply::status(status).header("retry-after", retry_after);
                let (outcome, asked) = ask.after(1, slow_down).await;
                assert!(outcome.is_ok(), "{ask:?}: {outcome:?}");
                assert_eq!(
                    (asked, started.elapsed().as_secs()),
                    (2, seconds),
                    "{ask:?}"
                );
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_come_is_waited_for_a_minute() {
    for ask in ALL {
        let started = monotonic();
        let (outcome, asked) = ask.after(1, || Reply::Hang).await;
        assert!(outcome.is_ok(), "{ask:?}: {outcome:?}");
        let elapsed = started.elapsed();
        assert!(elapsed >= Duration::from_secs(60), "{ask:?}: {elapsed:?}");
        assert_eq!(asked, 2, "{ask:?}");
    }
}

/// Whatever is wrong, the same question would get the same answer.
#[tokio::test(start_paused = true)]
async fn a_refusal_is_not_argued_with() {
    for ask in ALL {
        for status in [400, 403, 404, 409, 413, 422, 501, 505, 302] {
            let (outcome, asked) = ask.after(100, move || Reply::status(status)).await;
            // A blob that cannot be looked for is taken not to be there.
            if ask != Ask::FindBlob {
                assert!(outcome.is_err(), "{ask:?} {status}");
            }
            // What was refused may be the mount, so an upload is opened instead.
            let is_mount = ask == Ask::Mount && (400..500).contains(&status);
            assert_eq!(asked, 1 + usize::from(is_mount), "{ask:?} {status}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_volume_that_is_used_up_is_not_asked_for_again() {
    const MESSAGE: &str =
        r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"Data limit exceeded"}]}"#;
    for ask in ALL {
        let (outcome, asked) = ask.after(100, || Reply::status(429).body(MESSAGE)).await;
        // A blob that cannot be looked for is taken not to be there.
        if ask != Ask::FindBlob {
            assert_eq!(kind(outcome), ErrorKind::DataLimit, "{ask:?}");
        }
        assert_eq!(asked, 1, "{ask:?}");
    }
}

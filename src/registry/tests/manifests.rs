use std::time::Duration;

use super::*;
use crate::content::{Destination, PullBudget, Source};
use crate::net::InvalidSettings;
use crate::net::memory::Chunk;
use crate::net::transport::TransportErrorKind;
use crate::oci::{InvalidManifest, Manifest};
use crate::task::monotonic;

async fn resolve(registry: &Registry) -> Result<Descriptor, content::Error> {
    Source::resolve(registry, &Context::new(), &tag("v1")).await
}

async fn read(registry: &Registry) -> Result<Manifest, content::Error> {
    Source::manifest(registry, &Context::new(), &manifest_digest()).await
}

fn parsed(json: String) -> Manifest {
    Manifest::parse(Bytes::from(json), &MediaType::new(MediaType::OCI_MANIFEST)).unwrap()
}

#[tokio::test]
async fn resolving_is_one_head_with_every_type_we_can_copy() {
    let (registry, memory) = open(|_| manifest_reply());
    let found = resolve(&registry).await.unwrap();
    assert_eq!(found.digest, manifest_digest());
    assert_eq!(found.size, MANIFEST.len() as u64);
    assert_eq!(found.media_type.as_str(), MediaType::OCI_MANIFEST);
    assert_eq!(memory.lines(), [format!("HEAD {BASE}/manifests/v1")]);
    let seen = memory.log().remove(0);
    let accepted: Vec<&str> = seen
        .headers
        .get_all("accept")
        .iter()
        .map(|value| value.to_str().unwrap())
        .collect();
    assert_eq!(
        accepted,
        [
            "application/vnd.oci.image.index.v1+json",
            "application/vnd.oci.image.manifest.v1+json",
            "application/vnd.docker.distribution.manifest.list.v2+json",
            "application/vnd.docker.distribution.manifest.v2+json",
        ]
    );
}

#[tokio::test]
async fn a_head_that_is_refused_or_says_too_little_is_followed_by_a_get() {
    let heads: [fn() -> Reply; 5] = [
        || Reply::status(405),
        || {
            Reply::status(200)
                .header("content-type", MediaType::OCI_MANIFEST)
                .header("content-length", "31")
        },
        || {
            Reply::status(200)
                .header("content-type", MediaType::OCI_MANIFEST)
                .header("docker-content-digest", manifest_digest().as_str())
        },
        || {
            Reply::status(200)
                .header("content-length", "31")
                .header("docker-content-digest", manifest_digest().as_str())
        },
        || manifest_reply().header("content-type", "application/json"),
    ];
    for (row, head) in heads.into_iter().enumerate() {
        let (registry, memory) = open(move |seen| match seen.method.as_str() {
            "HEAD" => head(),
            // No digest header here: that is what ECR Public does.
            _ => Reply::status(200)
                .header("content-type", MediaType::OCI_MANIFEST)
                .body(MANIFEST),
        });
        assert_eq!(
            resolve(&registry).await.unwrap().digest,
            manifest_digest(),
            "{row}"
        );
        // The last row has two content types; the first one counts.
        assert_eq!(memory.log().len(), if row == 4 { 1 } else { 2 }, "{row}");
    }
}

#[tokio::test]
async fn a_head_by_digest_that_names_another_is_refused() {
    let (registry, _) = open(|_| manifest_reply());
    let other = Version::Digest(Digest::sha256(b"other"));
    let error = Source::resolve(&registry, &Context::new(), &other).await;
    assert_eq!(
        kind(error),
        ErrorKind::WrongDigest {
            expected: Digest::sha256(b"other")
        }
    );
}

#[tokio::test]
async fn a_manifest_is_read_by_digest_and_kept_byte_by_byte() {
    let (registry, memory) = open(|_| manifest_reply().body(&MANIFEST[..7]).body(&MANIFEST[7..]));
    assert_eq!(read(&registry).await.unwrap().bytes(), MANIFEST);
    assert_eq!(
        memory.lines(),
        [format!("GET {BASE}/manifests/{}", manifest_digest())]
    );
}

#[tokio::test]
async fn bytes_with_another_digest_are_refused() {
    let (registry, memory) = open(|_| manifest_reply().body(r#"{"layers":[]}"#));
    assert_eq!(
        kind(read(&registry).await),
        ErrorKind::WrongDigest {
            expected: manifest_digest()
        }
    );
    assert_eq!(memory.log().len(), 1);
}

#[tokio::test]
async fn a_manifest_by_tag_must_have_the_digest_of_its_header() {
    let (registry, _) = open(|seen| match seen.method.as_str() {
        "HEAD" => Reply::status(405),
        _ => manifest_reply().body(r#"{"layers":[]}"#),
    });
    assert!(matches!(
        kind(resolve(&registry).await),
        ErrorKind::WrongDigest { .. }
    ));
}

#[tokio::test]
async fn more_than_four_mebibytes_are_cut_off() {
    const LIMIT: usize = 4 * 1024 * 1024;
    let too_large = ErrorKind::TooLarge {
        limit: LIMIT as u64,
    };

    let (registry, _) = open(|_| {
        Reply::status(200)
            .header("content-type", MediaType::OCI_MANIFEST)
            .header("content-length", (LIMIT + 1).to_string())
            .chunk(Chunk::Hang)
    });
    assert_eq!(kind(read(&registry).await), too_large);

    let (registry, _) = open(|_| {
        Reply::status(200)
            .header("content-type", MediaType::OCI_MANIFEST)
            .body(vec![b' '; LIMIT])
            .body(" ")
            .chunk(Chunk::Hang)
    });
    assert_eq!(kind(read(&registry).await), too_large);

    let (registry, memory) = open(unexpected);
    let padding = " ".repeat(LIMIT + 1 - MANIFEST.len());
    let manifest = parsed(format!("{padding}{MANIFEST}"));
    let put = registry
        .put_manifest(&Context::new(), &manifest, None)
        .await;
    assert_eq!(kind(put), too_large);
    assert!(memory.log().is_empty());
}

#[tokio::test]
async fn schema_1_and_contradictions_are_refused() {
    let rows: [(&str, &str, ErrorKind); 4] = [
        (
            "application/vnd.docker.distribution.manifest.v1+prettyjws",
            "{}",
            ErrorKind::Refused,
        ),
        (
            MediaType::OCI_MANIFEST,
            r#"{"mediaType":"application/vnd.oci.image.index.v1+json"}"#,
            ErrorKind::Protocol,
        ),
        ("text/html", "{}", ErrorKind::Refused),
        (MediaType::OCI_MANIFEST, "<html>", ErrorKind::Protocol),
    ];
    for (media_type, body, expected) in rows {
        let (registry, _) = open(move |_| {
            Reply::status(200)
                .header("content-type", media_type)
                .body(body)
        });
        let digest = Digest::sha256(body.as_bytes());
        let error = Source::manifest(&registry, &Context::new(), &digest)
            .await
            .unwrap_err();
        assert_eq!(*error.kind(), expected, "{media_type} {body}");
        let cause = facts(&error).source().unwrap();
        assert!(cause.is::<InvalidManifest>(), "{cause:?}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_an_error_for_a_source_and_none_for_a_destination() {
    for body in [
        r#"{"errors":[{"code":"MANIFEST_UNKNOWN"}]}"#,
        r#"{"errors":[{"code":"NAME_UNKNOWN"}]}"#,
        "",
    ] {
        let (registry, _) = open(move |_| Reply::status(404).body(body));
        let cx = Context::new();
        assert!(
            Destination::resolve(&registry, &cx, &tag("v1"))
                .await
                .unwrap()
                .is_none()
        );
        let digest = manifest_digest();
        assert!(
            Destination::manifest(&registry, &cx, &digest)
                .await
                .unwrap()
                .is_none()
        );
        let expected = if body.contains("NAME") {
            ErrorKind::RepositoryNotFound
        } else {
            ErrorKind::NotFound
        };
        assert_eq!(kind(read(&registry).await), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_manifest_that_is_cut_or_stalls_is_read_again() {
    let mut tries = 0;
    let (registry, memory) = open(move |_| {
        tries += 1;
        match tries {
            1 => Reply::Fail(TransportErrorKind::Connect),
            2 => manifest_reply()
                .body(&MANIFEST[..7])
                .chunk(Chunk::Fail(TransportErrorKind::Cut)),
            3 => manifest_reply().body(&MANIFEST[..7]).chunk(Chunk::Hang),
            4 => Reply::Hang,
            _ => manifest_reply().body(MANIFEST),
        }
    });
    assert_eq!(read(&registry).await.unwrap().bytes(), MANIFEST);
    assert_eq!(memory.log().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn tries_and_time_are_in_the_error() {
    let (registry, _) = open(|_| Reply::status(503).header("retry-after", "10"));
    let error = resolve(&registry).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Unavailable);
    assert_eq!(facts(&error).attempts(), 6);
    assert_eq!(facts(&error).elapsed(), Duration::from_secs(50));
    assert_eq!(
        facts(&error).to_string(),
        "looking up a manifest of `team/app` at `registry.example`: the answer was 503 (6 \
         attempts in 50.0 seconds)"
    );
}

fn with_budget(reply: Reply, remaining: u64) -> Reply {
    reply
        .header("ratelimit-limit", "100;w=21600")
        .header("ratelimit-remaining", format!("{remaining};w=21600"))
        .header("docker-ratelimit-source", "192.0.2.1")
}

fn budget(remaining: u64) -> PullBudget {
    PullBudget {
        limit: Some(100),
        remaining: Some(remaining),
        window: Some(Duration::from_secs(21_600)),
        source: Some("192.0.2.1".to_owned()),
    }
}

#[tokio::test]
async fn the_pull_budget_is_remembered_by_host() {
    let memory = Memory::new(|_| with_budget(manifest_reply(), 76));
    let client = client(&memory);
    let registry = handle(&client, &Endpoint::new("docker.io"), Login::anonymous());
    assert_eq!(client.pull_budget("docker.io"), None);
    resolve(&registry).await.unwrap();
    assert_eq!(client.pull_budget("docker.io"), Some(budget(76)));
    assert_eq!(client.pull_budget("ghcr.io"), None);
}

#[tokio::test(start_paused = true)]
async fn a_pull_limit_fails_at_once_with_its_numbers() {
    let body = r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your unauthenticated pull rate limit."}]}"#;
    let replies: [fn() -> Reply; 2] = [
        || with_budget(Reply::status(429), 0).header("retry-after", "60"),
        || Reply::status(429).header("retry-after", "60"),
    ];
    for (row, reply) in replies.into_iter().enumerate() {
        let started = monotonic();
        let (registry, memory) = open(move |_| reply().body(if row == 1 { body } else { "" }));
        let expected = if row == 0 {
            budget(0)
        } else {
            PullBudget::default()
        };
        assert_eq!(kind(read(&registry).await), ErrorKind::PullLimit(expected));
        assert_eq!((memory.log().len(), started.elapsed()), (1, Duration::ZERO));
    }
}

#[tokio::test(start_paused = true)]
async fn the_abuse_limit_is_waited_out_as_long_as_the_registry_asks() {
    let started = monotonic();
    let mut tries = 0;
    let (registry, _) = open(move |_| {
        tries += 1;
        match tries {
            1 => Reply::status(429)
                .header("content-type", "text/plain")
                .header("retry-after", "60")
                .body("Too Many Requests (HAP429)\n"),
            _ => manifest_reply(),
        }
    });
    resolve(&registry).await.unwrap();
    assert_eq!(started.elapsed(), Duration::from_secs(60));
}

#[tokio::test(start_paused = true)]
async fn stopping_ends_a_pending_retry_and_keeps_what_went_wrong() {
    let (registry, _) = open(|_| Reply::status(429).header("retry-after", "60"));
    let cx = Context::new();
    let version = tag("v1");
    let canceller = async {
        tokio::task::yield_now().await;
        cx.cancel();
    };
    let (resolved, ()) = tokio::join!(Source::resolve(&registry, &cx, &version), canceller);
    let error = resolved.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Stopped(_)));
    assert!(
        chain(&error).contains("the answer was 429"),
        "{}",
        chain(&error)
    );
}

#[tokio::test]
async fn a_manifest_is_stored_as_it_is_under_its_digest_or_tag() {
    let json = "{ \"layers\" : [ ] }\n".to_owned();
    let (registry, memory) = open(|_| Reply::status(201));
    let manifest = parsed(json.clone());
    let cx = Context::new();
    registry.put_manifest(&cx, &manifest, None).await.unwrap();
    let tag: Tag = "v1".parse().unwrap();
    registry
        .put_manifest(&cx, &manifest, Some(&tag))
        .await
        .unwrap();
    assert_eq!(
        memory.lines(),
        [
            format!("PUT {BASE}/manifests/{}", manifest.digest()),
            format!("PUT {BASE}/manifests/v1"),
        ]
    );
    for seen in memory.log() {
        assert_eq!(seen.body, json);
        assert_eq!(seen.header("content-type"), Some(MediaType::OCI_MANIFEST));
    }
}

#[tokio::test(start_paused = true)]
async fn a_manifest_whose_answer_was_lost_is_stored_again() {
    let mut tries = 0;
    let (registry, memory) = open(move |_| {
        tries += 1;
        match tries {
            1 => Reply::Fail(TransportErrorKind::Closed),
            2 => Reply::status(500),
            _ => Reply::status(201),
        }
    });
    let manifest = parsed(MANIFEST.to_owned());
    registry
        .put_manifest(&Context::new(), &manifest, None)
        .await
        .unwrap();
    assert_eq!(memory.log().len(), 3);
}

#[tokio::test]
async fn a_registry_that_stored_other_bytes_is_caught() {
    let (registry, _) =
        open(|_| Reply::status(201).header("docker-content-digest", Digest::sha256(b"x").as_str()));
    let manifest = parsed(MANIFEST.to_owned());
    let put = registry
        .put_manifest(&Context::new(), &manifest, None)
        .await;
    assert!(matches!(kind(put), ErrorKind::WrongDigest { .. }));
}

#[tokio::test]
async fn an_endpoint_that_cannot_work_is_the_fault_of_its_configuration() {
    let memory = Memory::new(unexpected);
    let endpoint = Endpoint {
        plain_http: true,
        ..Endpoint::new("registry.example")
    };
    let registry = handle(&client(&memory), &endpoint, Login::anonymous());
    let error = resolve(&registry).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Misconfigured);
    assert_eq!(error.blame(), crate::blame::Blame::Practitioner);
    assert!(chain(&error).contains("has to be allowed explicitly"));
}

#[test]
fn settings_that_cannot_work_are_found_by_their_type() {
    let settings = crate::registry::HttpSettings {
        http_proxy: Some("ftp://proxy".to_owned()),
        ..crate::registry::HttpSettings::default()
    };
    let error = Client::new(&settings).unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Misconfigured);
    let cause = facts(&error).source().unwrap();
    assert!(matches!(
        cause.downcast_ref::<InvalidSettings>(),
        Some(InvalidSettings::Proxy { name: "http_proxy" })
    ));
    assert_eq!(
        facts(&error).to_string(),
        "setting up the client: the HTTP settings cannot work as they are written"
    );
}

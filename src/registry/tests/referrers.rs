//! Lists of what refers to a manifest.

use super::*;
use crate::content::{Destination, Listed, Lister, Source, entries, listed};
use crate::oci::Manifest;

const SUBJECT: &[u8] = b"an image";

fn subject() -> Digest {
    Digest::sha256(SUBJECT)
}

fn entry(name: &str) -> String {
    let digest = Digest::sha256(name.as_bytes());
    let media_type = MediaType::OCI_MANIFEST;
    format!(
        r#"{{"mediaType":"{media_type}","digest":"{digest}","size":7,"artifactType":"application/x","annotations":{{"name":"{name}"}}}}"#
    )
}

fn page(names: &[&str]) -> Reply {
    let entries: Vec<_> = names.iter().map(|name| entry(name)).collect();
    let body = format!(
        r#"{{"schemaVersion":2,"mediaType":"{}","manifests":[{}]}}"#,
        MediaType::OCI_INDEX,
        entries.join(",")
    );
    Reply::status(200)
        .header("content-type", MediaType::OCI_INDEX)
        .header("content-length", body.len().to_string())
        .header(
            "docker-content-digest",
            Digest::sha256(body.as_bytes()).as_str(),
        )
        .body(body)
}

fn names(found: &[Descriptor]) -> Vec<&str> {
    let names = found.iter().map(|entry| entry.annotations["name"].as_str());
    names.collect()
}

/// What is listed, wherever that is.
async fn referrers(registry: &Registry) -> Result<Vec<Descriptor>, content::Error> {
    let cx = Context::new();
    Ok(match listed(registry, &cx, &subject()).await? {
        Listed::ByRegistry(entries) => entries,
        Listed::ByClients(index) => {
            let index = Source::manifest(registry, &cx, &index.digest).await?;
            entries(&index, &subject())
        }
        Listed::Nowhere => Vec::new(),
    })
}

fn list() -> String {
    format!("GET {BASE}/referrers/{}", subject())
}

fn look() -> String {
    let digest = subject();
    format!("HEAD {BASE}/manifests/sha256-{}", digest.encoded())
}

/// A registry that answers this to the request for a list, and has no tag.
fn without(list: impl Fn() -> Reply + Send + 'static) -> (Registry, Memory) {
    open(move |seen| match seen.url.path().contains("/referrers/") {
        true => list(),
        false => Reply::status(404),
    })
}

#[tokio::test]
async fn the_list_of_the_registry_is_read_with_types_and_annotations() {
    let (registry, memory) = open(|_| page(&["a", "b"]));
    let found = referrers(&registry).await.unwrap();
    assert_eq!(names(&found), ["a", "b"]);
    assert_eq!(found[0].artifact_type.as_deref(), Some("application/x"));
    assert_eq!(memory.lines(), [list()]);
    let log = memory.log();
    assert_eq!(log[0].header("accept"), Some(MediaType::OCI_INDEX));
}

#[tokio::test]
async fn pages_are_read_to_the_end() {
    let (registry, memory) = open(|seen| match seen.url.query() {
        None => page(&["a"]).header("link", r#"<?n=1&last=a>; rel="next""#),
        Some("n=1&last=a") => {
            let path = seen.url.path();
            page(&["b", "a"]).header(
                "link",
                format!("<{path}>; rel=prev, <{path}?last=b>; rel=\"x next\""),
            )
        }
        Some(_) => page(&["c"]).header("link", "<>; rel=first"),
    });
    assert_eq!(names(&referrers(&registry).await.unwrap()), ["a", "b", "c"]);
    let queries = memory.log();
    let queries: Vec<_> = queries.iter().map(|seen| seen.url.query()).collect();
    assert_eq!(queries, [None, Some("n=1&last=a"), Some("last=b")]);
}

#[tokio::test]
async fn a_list_without_end_is_given_up() {
    let (registry, memory) = open(|_| page(&["a"]).header("link", r#"<?again>; rel="next""#));
    let error = referrers(&registry).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Protocol);
    assert!(chain(&error).contains("more than 32 pages"), "{error:?}");
    assert_eq!(memory.log().len(), 32);
}

#[tokio::test]
async fn pages_that_are_too_large_together_are_given_up() {
    let padding = " ".repeat(1 << 20);
    let (registry, memory) = open(move |_| {
        let body = format!(r#"{{"schemaVersion":2,"manifests":[]}}{padding}"#);
        Reply::status(200)
            .header("content-type", MediaType::OCI_INDEX)
            .header("link", r#"<?more>; rel="next""#)
            .body(body)
    });
    let limit = 4 << 20;
    assert_eq!(
        kind(referrers(&registry).await),
        ErrorKind::TooLarge { limit }
    );
    assert_eq!(memory.log().len(), 4);
}

#[tokio::test]
async fn only_the_registry_itself_has_the_next_page() {
    for target in [
        "https://elsewhere.example/v2/team/app/referrers/x",
        "http://registry.example/v2/",
        "//registry.example:8443/",
        "https://user:secret@registry.example/v2/",
        "file:///etc/passwd",
    ] {
        let link = format!(r#"<{target}>; rel="next""#);
        let (registry, memory) = open(move |_| page(&["a"]).header("link", &link));
        let error = referrers(&registry).await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Protocol, "{target}");
        assert!(!chain(&error).contains("secret"), "{error:?}");
        assert_eq!(memory.log().len(), 1, "{target}");
    }
}

#[tokio::test]
async fn registries_without_lists_are_asked_for_the_tag_and_not_again() {
    type Answer = fn() -> Reply;
    let answers: [Answer; 5] = [
        || Reply::status(404).body("404 page not found"),
        || Reply::status(400).body(r#"{"errors":[{"code":"UNSUPPORTED"}]}"#),
        || Reply::status(405),
        || {
            Reply::status(200)
                .header("content-type", "text/html; charset=utf-8")
                .body("<html>sign in</html>")
        },
        || {
            Reply::status(200)
                .header("content-type", "application/json")
                .body(r#"{"manifests":[]}"#)
        },
    ];
    for answer in answers {
        let (registry, memory) = without(answer);
        assert_eq!(referrers(&registry).await.unwrap(), []);
        assert_eq!(referrers(&registry).await.unwrap(), []);
        assert_eq!(memory.lines(), [list(), look(), look()]);
    }
}

#[tokio::test]
async fn of_many_who_ask_at_once_one_finds_out_that_there_are_no_lists() {
    let (registry, memory) = without(|| Reply::status(404));
    let all = (0..5).map(|_| referrers(&registry));
    let found = futures_util::future::try_join_all(all).await.unwrap();
    assert!(found.iter().all(Vec::is_empty));
    let lists = memory.lines().into_iter().filter(|line| *line == list());
    assert_eq!(lists.count(), 1);
}

#[tokio::test]
async fn a_repository_that_is_not_there_says_nothing_about_its_registry() {
    let unknown = || Reply::status(404).body(r#"{"errors":[{"code":"NAME_UNKNOWN"}]}"#);
    let (registry, memory) = without(unknown);
    assert_eq!(referrers(&registry).await.unwrap(), []);
    assert_eq!(referrers(&registry).await.unwrap(), []);
    assert_eq!(memory.lines(), [list(), look(), list(), look()]);
}

#[tokio::test]
async fn the_index_under_the_tag_takes_the_place_of_the_list() {
    let (registry, memory) = open(|seen| match seen.url.path().contains("/referrers/") {
        true => Reply::status(404),
        false => page(&["a", "a", "b"]),
    });
    assert_eq!(names(&referrers(&registry).await.unwrap()), ["a", "b"]);
    let lines = memory.lines();
    assert_eq!(lines[..2], [list(), look()]);
    assert!(lines[2].starts_with(&format!("GET {BASE}/manifests/sha256:")));
}

#[tokio::test]
async fn a_tag_of_that_name_that_shows_an_image_lists_nothing() {
    let (registry, memory) = open(|seen| match seen.url.path().contains("/referrers/") {
        true => Reply::status(404),
        false => manifest_reply(),
    });
    assert_eq!(referrers(&registry).await.unwrap(), []);
    assert_eq!(memory.lines(), [list(), look()]);
}

#[tokio::test(start_paused = true)]
async fn what_only_went_wrong_does_not_mean_that_there_are_no_lists() {
    type Answer = fn() -> Reply;
    let rows: [(Answer, ErrorKind); 4] = [
        (|| Reply::status(403), ErrorKind::Denied),
        (
            || Reply::status(400).body(r#"{"errors":[{"code":"DENIED"}]}"#),
            ErrorKind::Denied,
        ),
        (|| Reply::status(500), ErrorKind::Unavailable),
        (
            || {
                Reply::status(200)
                    .header("content-type", MediaType::OCI_INDEX)
                    .body("{")
            },
            ErrorKind::Protocol,
        ),
    ];
    for (answer, expected) in rows {
        let (registry, memory) = without(answer);
        assert_eq!(kind(referrers(&registry).await), expected);
        let lines = memory.lines();
        assert!(lines.iter().all(|line| *line == list()), "{lines:?}");
    }
}

#[tokio::test]
async fn a_registry_says_whether_it_lists_what_it_was_given() {
    let subject = subject();
    let text = format!(
        r#"{{"schemaVersion":2,"config":{},"layers":[],"subject":{{"digest":"{subject}","size":8}}}}"#,
        entry("config")
    );
    let media_type = MediaType::new(MediaType::OCI_MANIFEST);
    let manifest = Manifest::parse(text.into(), &media_type).unwrap();
    for (noted, lister) in [
        (Some(subject.to_string()), Lister::Registry),
        (Some(manifest_digest().to_string()), Lister::Clients),
        (None, Lister::Clients),
    ] {
        let (registry, memory) = open(move |_| match &noted {
            Some(noted) => Reply::status(201).header("oci-subject", noted),
            None => Reply::status(201),
        });
        let put = registry.put_referrer(&Context::new(), &manifest).await;
        assert_eq!(put.unwrap(), lister);
        let line = format!("PUT {BASE}/manifests/{}", manifest.digest());
        assert_eq!(memory.lines(), [line]);
    }
}

#[tokio::test]
async fn a_list_that_goes_on_as_something_else_is_not_taken_for_the_whole() {
    let (registry, _) = open(|seen| match seen.url.query() {
        None => page(&["a"]).header("link", r#"<?n>; rel="next""#),
        Some(_) => Reply::status(404),
    });
    assert_eq!(kind(referrers(&registry).await), ErrorKind::NotFound);
}

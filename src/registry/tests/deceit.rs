//! A registry that lies: about digests, about where to go, about what a manifest is. Which test
//! holds which class is in `src/manual/hostile.rs`.

use super::*;
use crate::content::{Destination, Source};
use crate::oci::Manifest;
use crate::registry::Fault;

async fn manifest(body: &'static str) -> (Result<Manifest, content::Error>, Memory) {
    let (registry, memory) = open(move |_| {
        Reply::status(200)
            .header("content-type", MediaType::OCI_MANIFEST)
            .body(body)
    });
    let digest = Digest::sha256(body.as_bytes());
    let read = Source::manifest(&registry, &Context::new(), &digest).await;
    (read, memory)
}

#[tokio::test]
async fn a_digest_header_of_an_algorithm_that_proves_nothing_is_refused() {
    let md5 = "md5:d41d8cd98f00b204e9800998ecf8427e";
    for stated in [md5, "sha256:abc", "sha256:../../etc/passwd", "x", ""] {
        let (registry, memory) = open(move |_| {
            Reply::status(200)
                .header("content-type", MediaType::OCI_MANIFEST)
                .header("content-length", MANIFEST.len().to_string())
                .header("docker-content-digest", stated)
        });
        let resolved = Source::resolve(&registry, &Context::new(), &tag("v1")).await;
        let error = resolved.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Protocol, "{stated}");
        let text = chain(&error);
        assert!(text.contains("header `docker-content-digest`"), "{text}");
        assert_eq!(memory.log().len(), 1, "{stated}");
    }
}

#[tokio::test]
async fn a_manifest_with_a_path_for_a_digest_is_refused_before_anything_is_asked_for() {
    for body in [
        r#"{"config":{"mediaType":"a/b","digest":"sha256:../../../../etc/passwd","size":1}}"#,
        r#"{"config":{"mediaType":"a/b","digest":"../../v2/other/app/blobs/x","size":1}}"#,
        r#"{"config":{"mediaType":"a/b","digest":"sha256:%2e%2e%2f","size":1}}"#,
        r#"{"layers":[{"mediaType":"a/b","digest":"sha256+b64u:LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564","size":1}]}"#,
    ] {
        let (read, memory) = manifest(body).await;
        let text = chain(&read.unwrap_err());
        assert!(text.contains("digest that cannot be verified"), "{text}");
        assert_eq!(memory.log().len(), 1);
    }
}

#[tokio::test]
async fn a_manifest_that_two_readers_would_read_differently_is_refused() {
    for body in [
        r#"{"layers":[],"layers":[]}"#,
        r#"{"config":null,"config":null}"#,
        r#"{"mediaType":"application/vnd.oci.image.manifest.v1+json","mediaType":"x/y"}"#,
        r#"{"layers":[],"manifests":[]}"#,
        r#"{"layers":[]}{"layers":[]}"#,
    ] {
        let (read, _) = manifest(body).await;
        let error = read.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Protocol, "{body}");
        assert!(matches!(facts(&error).fault(), Fault::Manifest(_)));
        let text = chain(&error);
        let is_said = ["cannot be read", "fields of an index and of an image"];
        assert!(is_said.iter().any(|words| text.contains(words)), "{text}");
    }
}

#[tokio::test]
async fn sizes_that_no_content_has_are_refused() {
    for (size, words) in [
        ("-1", "cannot be read"),
        ("1e3", "cannot be read"),
        ("\"1\"", "cannot be read"),
        (
            "9223372036854775808",
            "content of 9223372036854775808 bytes",
        ),
        ("99999999999999999999", "cannot be read"),
    ] {
        let config = format!(
            r#"{{"mediaType":"a/b","digest":"{}","size":{size}}}"#,
            manifest_digest()
        );
        let body: &'static str = format!(r#"{{"config":{config}}}"#).leak();
        let (read, _) = manifest(body).await;
        let text = chain(&read.unwrap_err());
        assert!(text.contains(words), "{size}: {text}");
    }
}

#[tokio::test]
async fn an_answer_nested_without_end_is_refused() {
    let token: &'static str = r#"{"token":"#.repeat(6_000).leak();
    let (registry, memory) = open(move |seen| match seen.url.path() {
        "/token" => Reply::status(200).body(token),
        _ => Reply::status(401).header(
            "www-authenticate",
            r#"Bearer realm="https://auth.example/token""#,
        ),
    });
    let resolved = Source::resolve(&registry, &Context::new(), &tag("v1")).await;
    let error = resolved.unwrap_err();
    assert!(matches!(facts(&error).fault(), Fault::Token), "{error:?}");
    assert_eq!(memory.log().len(), 2);

    let (read, _) = manifest(r#"{"annotations":"#.repeat(100_000).leak()).await;
    let text = chain(&read.unwrap_err());
    assert!(text.contains("the manifest cannot be read"), "{text}");
}

#[tokio::test]
async fn a_token_service_that_sends_us_elsewhere_is_not_followed() {
    let memory = Memory::new(|seen| match seen.url.host_str() {
        Some("auth.example") => Reply::status(307).header("location", "https://evil.example/t"),
        Some("registry.example") => Reply::status(401).header(
            "www-authenticate",
            r#"Bearer realm="https://auth.example/token""#,
        ),
        _ => unexpected(seen),
    });
    let login = Login::new(vec![Login::basic("ada", "hunter2")]);
    let registry = registry(&memory, login);
    let resolved = Source::resolve(&registry, &Context::new(), &tag("v1")).await;
    let text = chain(&resolved.unwrap_err());
    assert!(text.contains("the answer was 307"), "{text}");
    assert_eq!(memory.log().len(), 2);
}

#[tokio::test]
async fn a_location_that_looks_like_a_path_and_names_another_host_gets_no_credentials() {
    for location in [
        "//evil.example/u/1",
        "/\\evil.example/u/1",
        "\\\\evil.example\\u\\1",
        "https:evil.example/../../u/1",
        "https://registry.example.evil.example/u/1",
        "https://registry.example:444/u/1",
    ] {
        let memory =
            Memory::new(
                move |seen| match (seen.method.as_str(), seen.header("authorization")) {
                    ("POST", None) => Reply::status(401).header("www-authenticate", "Basic"),
                    ("POST", Some(_)) => Reply::status(202).header("location", location),
                    ("PUT", shown) => {
                        let is_home =
                            seen.url.origin().ascii_serialization() == "https://registry.example";
                        assert_eq!(shown.is_some(), is_home, "{location}: {}", seen.line());
                        Reply::status(201)
                    }
                    _ => unexpected(seen),
                },
            );
        let login = Login::new(vec![Login::basic("ada", "hunter2")]);
        let registry = registry(&memory, login);
        let cx = Context::new();
        let upload = registry
            .begin_upload(&cx, &blob(b"abc"), None)
            .await
            .unwrap();
        upload.commit(&cx, chunks(&["abc"])).await.unwrap();
    }
}

#[tokio::test]
async fn a_location_cannot_climb_out_of_the_registry() {
    let (registry, memory) = open(|seen| match seen.method.as_str() {
        "POST" => Reply::status(202).header("location", "../../../../../../u/1?x=../y#z"),
        _ => Reply::status(201),
    });
    let cx = Context::new();
    let upload = registry
        .begin_upload(&cx, &blob(b"abc"), None)
        .await
        .unwrap();
    upload.commit(&cx, chunks(&["abc"])).await.unwrap();
    let put = &memory.log()[1].url;
    assert_eq!(put.host_str(), Some("registry.example"));
    assert_eq!(put.path(), "/u/1");
}

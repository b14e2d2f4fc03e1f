use super::*;
use crate::content::Source as _;
use crate::registry::Fault;

const CDN: &str = "https://cdn.example/object?signature=s3cr3t";

fn to(location: &str) -> Reply {
    Reply::status(307).header("location", location)
}

async fn read(registry: &Registry, bytes: &[u8]) -> Result<Vec<u8>, content::Error> {
    let opened = registry.open_blob(&Context::new(), &blob(bytes), 0).await?;
    match collect(opened).await {
        (all, None) => Ok(all),
        (_, Some(error)) => Err(error),
    }
}

/// A registry that wants a password, and whatever lies behind it.
fn behind(mut beyond: impl FnMut(&Seen) -> Reply + Send + 'static, target: &'static str) -> Memory {
    Memory::new(move |seen| {
        if seen.url.host_str() != Some("registry.example") || seen.url.port().is_some() {
            assert_eq!(seen.header("authorization"), None, "{}", seen.line());
            return beyond(seen);
        }
        if !seen.url.path().contains("/blobs/") {
            return beyond(seen);
        }
        match seen.header("authorization") {
            Some(_) => to(target),
            None => Reply::status(401).header("www-authenticate", "Basic realm=\"x\""),
        }
    })
}

fn named(memory: &Memory) -> Registry {
    registry(memory, Login::new(vec![Login::basic("ada", "hunter2")]))
}

#[tokio::test]
async fn a_blob_is_read_behind_a_redirect_without_credentials() {
    let memory = behind(|_| Reply::status(200).body("abc"), CDN);
    assert_eq!(read(&named(&memory), b"abc").await.unwrap(), b"abc");
    assert_eq!(memory.log().len(), 3);
    assert_eq!(memory.log()[2].header("accept-encoding"), Some("identity"));
}

#[tokio::test]
async fn another_port_or_a_name_below_is_another_host() {
    for target in [
        "https://registry.example:8443/x",
        "https://cdn.registry.example/x",
    ] {
        let memory = behind(|_| Reply::status(200).body("abc"), target);
        read(&named(&memory), b"abc").await.unwrap();
    }
}

#[tokio::test]
async fn credentials_stay_off_after_a_foreign_host_even_on_the_way_back() {
    let memory = behind(
        |seen| match seen.url.path() {
            "/object" => to("https://registry.example/back"),
            "/back" => {
                assert_eq!(seen.header("authorization"), None);
                Reply::status(200).body("abc")
            }
            _ => unexpected(seen),
        },
        CDN,
    );
    read(&named(&memory), b"abc").await.unwrap();
}

#[tokio::test]
async fn credentials_go_along_within_the_registry() {
    let memory = Memory::new(
        |seen| match (seen.url.path(), seen.header("authorization")) {
            ("/elsewhere", Some(_)) => Reply::status(200).body("abc"),
            (_, Some(_)) => to("/elsewhere"),
            _ => Reply::status(401).header("www-authenticate", "Basic"),
        },
    );
    read(&named(&memory), b"abc").await.unwrap();
}

#[tokio::test]
async fn a_challenge_of_a_redirect_target_is_never_answered() {
    let memory = behind(
        |seen| {
            assert_eq!(seen.url.host_str(), Some("cdn.example"), "{}", seen.line());
            Reply::status(401).header(
                "www-authenticate",
                r#"Bearer realm="https://cdn.example/token",service="x",scope="y""#,
            )
        },
        CDN,
    );
    let error = read(&named(&memory), b"abc").await.unwrap_err();
    assert!(matches!(facts(&error).fault(), Fault::BlobStore(_)));
    assert_eq!(memory.log().len(), 3);
}

#[tokio::test]
async fn targets_that_must_not_be_followed_are_not_asked() {
    for target in [
        "http://cdn.example/object",
        "https://127.0.0.1/x",
        "https://2130706433/x",
        "https://0x7f.1/x",
        "https://localhost:8080/x",
        "https://[::1]/x",
        "https://[::ffff:169.254.169.254]/x",
        "https://169.254.169.254/latest/meta-data/",
        "https://10.1.2.3/x",
        "https://192.168.0.1/x",
        "https://user:pw@cdn.example/x",
        "file:///etc/passwd",
        "data:text/plain,abc",
    ] {
        let memory = behind(unexpected, target);
        let error = read(&named(&memory), b"abc").await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Protocol, "{target}");
        assert!(
            matches!(facts(&error).fault(), Fault::Target { .. }),
            "{target}"
        );
        assert_eq!(memory.log().len(), 2, "{target}");
    }
}

#[tokio::test]
async fn a_registry_at_a_private_address_may_send_us_to_others() {
    let memory = Memory::new(|seen| match seen.url.port() {
        Some(5000) => to("http://127.0.0.1:5001/object"),
        Some(5001) => Reply::status(200).body("abc"),
        _ => unexpected(seen),
    });
    let endpoint = Endpoint {
        plain_http: true,
        ..Endpoint::new("127.0.0.1:5000")
    };
    let registry = handle(&client(&memory), &endpoint, Login::anonymous());
    assert_eq!(read(&registry, b"abc").await.unwrap(), b"abc");
}

#[tokio::test]
async fn a_registry_at_a_private_address_may_not_send_us_to_the_credentials_of_the_machine() {
    let memory = Memory::new(|seen| match seen.url.port() {
        Some(5000) => to("http://169.254.169.254/latest/meta-data/"),
        _ => unexpected(seen),
    });
    let endpoint = Endpoint {
        plain_http: true,
        ..Endpoint::new("127.0.0.1:5000")
    };
    let registry = handle(&client(&memory), &endpoint, Login::anonymous());
    let error = read(&registry, b"abc").await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Protocol);
    assert_eq!(memory.log().len(), 1);
}

#[tokio::test]
async fn ten_redirects_are_followed_and_no_more() {
    for (hops, is_followed) in [(10, true), (11, false)] {
        let mut left = hops;
        let (registry, memory) = open(move |_| {
            if left == 0 {
                return Reply::status(200).body("abc");
            }
            left -= 1;
            to("https://cdn.example/again")
        });
        let result = read(&registry, b"abc").await;
        assert_eq!(result.is_ok(), is_followed, "{hops}");
        assert_eq!(memory.log().len(), 11);
    }
}

#[tokio::test]
async fn a_redirect_without_a_location_and_one_of_a_write_are_refused() {
    let (registry, _) = open(|_| Reply::status(302));
    assert_eq!(kind(read(&registry, b"abc").await), ErrorKind::Protocol);

    use crate::content::Destination as _;
    let (registry, memory) = open(|_| to("https://cdn.example/x"));
    let begun = registry
        .begin_upload(&Context::new(), &blob(b"abc"), None)
        .await;
    assert_eq!(kind(begun), ErrorKind::Protocol);
    assert_eq!(memory.log().len(), 1);
}

#[tokio::test]
async fn a_signed_url_that_is_stale_is_asked_for_again_once() {
    for status in [400, 403, 404, 410] {
        let mut tries = 0;
        let memory = behind(
            move |_| {
                tries += 1;
                match tries {
                    1 => Reply::status(status),
                    _ => Reply::status(200).body("abc"),
                }
            },
            CDN,
        );
        read(&named(&memory), b"abc").await.unwrap();

        let memory = behind(move |_| Reply::status(status), CDN);
        let error = read(&named(&memory), b"abc").await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Unavailable, "{status}");
        assert_eq!(memory.log().len(), 5, "{status}");
    }
}

#[tokio::test]
async fn errors_hold_neither_signatures_nor_passwords() {
    let memory = behind(
        |seen| {
            Reply::status(403).body(format!(
                "<Error><Code>AccessDenied</Code><Message>denied for {}</Message>\
                 <StringToSign>s3cr3t</StringToSign></Error>",
                seen.url
            ))
        },
        CDN,
    );
    let error = read(&named(&memory), b"abc").await.unwrap_err();
    let text = chain(&error);
    assert!(
        text.contains("denied for https://cdn.example/object?<hidden>"),
        "{text}"
    );
    assert!(!text.contains("s3cr3t"), "{text}");

    // A registry that repeats what it was shown.
    let memory = Memory::new(|seen| match seen.header("authorization") {
        None => Reply::status(401).header("www-authenticate", "Basic"),
        Some(shown) => Reply::status(403).body(format!(
            r#"{{"errors":[{{"code":"DENIED","message":"not with {shown}"}}]}}"#
        )),
    });
    let text = chain(&read(&named(&memory), b"abc").await.unwrap_err());
    assert!(text.contains("not with Basic <hidden>"), "{text}");
    assert!(
        !text.contains("hunter2") && !text.contains("YWRhOmh1bnRlcjI="),
        "{text}"
    );
}

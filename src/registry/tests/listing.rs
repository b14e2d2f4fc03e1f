//! Tags, page by page.

use super::*;
use crate::content::ErrorKind;

fn page(tags: &str, next: Option<&str>) -> Reply {
    let reply = Reply::status(200).body(format!(r#"{{"name":"team/app","tags":{tags}}}"#));
    match next {
        Some(next) => reply.header("link", format!("<{next}>; rel=\"next\"")),
        None => reply,
    }
}

async fn list(registry: &Registry) -> Result<Vec<String>, content::Error> {
    let tags = registry.tags(&Context::new()).await?;
    Ok(tags.iter().map(ToString::to_string).collect())
}

#[tokio::test(start_paused = true)]
async fn a_list_is_read_to_its_end_whatever_size_its_pages_have() {
    let (registry, memory) = open(|seen| match seen.url.query() {
        Some("n=1000") => page(r#"["b","a"]"#, Some("/v2/team/app/tags/list?n=2&last=b")),
        // A proxy that does not know its own name.
        Some("n=2&last=b") => page(r#"["b","c"]"#, Some("http://inside:5000/x?n=2&last=c")),
        Some("n=2&last=c") => page("[]", Some("?n=2&last=d")),
        Some("n=2&last=d") => page("null", None),
        other => panic!("{other:?}"),
    });
    assert_eq!(list(&registry).await.unwrap(), ["a", "b", "c"]);
    for seen in memory.log() {
        assert_eq!(seen.url.host_str(), Some("registry.example"));
        assert_eq!(seen.url.path(), "/v2/team/app/tags/list");
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_pulled_is_no_tag() {
    let (registry, _) = open(|_| page(r#"["ok","","-x","a b","a/b"]"#, None));
    assert_eq!(list(&registry).await.unwrap(), ["ok"]);
}

#[tokio::test(start_paused = true)]
async fn a_page_that_fails_is_asked_for_again_and_half_a_list_is_none() {
    let mut failures = 1;
    let (registry, memory) = open(move |seen| match seen.url.query() {
        Some("n=1000") => page(r#"["a"]"#, Some("?last=a")),
        _ if failures > 0 => {
            failures -= 1;
            Reply::status(503)
        }
        _ => page(r#"["b"]"#, None),
    });
    assert_eq!(list(&registry).await.unwrap(), ["a", "b"]);
    assert_eq!(memory.log().len(), 3);

    let (registry, _) = open(|seen| match seen.url.query() {
        Some("n=1000") => page(r#"["a"]"#, Some("?last=a")),
        _ => Reply::status(503),
    });
    let error = list(&registry).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Unavailable);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_does_not_end_or_is_none_is_an_error() {
    let (same, _) = open(|_| page(r#"["a"]"#, Some("?n=1000")));
    let mut count = 0;
    let (endless, memory) = open(move |_| {
        count += 1;
        page(r#"["a"]"#, Some(&format!("?last={count}")))
    });
    let (page_of_a_portal, _) = open(|_| Reply::status(200).body("<html>sign in</html>"));
    let rows = [
        (same, "goes on where it is"),
        (endless, "does not end after 1000 pages"),
        (page_of_a_portal, "is not JSON with `tags` in it"),
    ];
    for (registry, words) in rows {
        let error = list(&registry).await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Protocol);
        let fault = facts(&error).fault().to_string();
        assert_eq!(fault, format!("the list of tags {words}"));
    }
    assert_eq!(memory.log().len(), 1000);
}

#[tokio::test(start_paused = true)]
async fn a_repository_that_is_not_there_has_no_list() {
    let (registry, _) = open(|_| {
        Reply::status(404).body(r#"{"errors":[{"code":"NAME_UNKNOWN","message":"unknown"}]}"#)
    });
    let error = list(&registry).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::RepositoryNotFound);
}

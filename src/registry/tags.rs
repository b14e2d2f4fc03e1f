//! The tags of a repository, page by page.
//!
//! OCI Distribution Specification 1.1, *Listing Tags*. No registry counts this as a pull.

use std::collections::BTreeSet;

use http::Method;
use serde::Deserialize;
use url::Url;

use super::auth::Access;
use super::error::{Action, Error, Fault};
use super::handle::Registry;
use super::link::next_link;
use super::request::{Answer, Call};
use crate::content;
use crate::net::limits;
use crate::oci::Tag;
use crate::task::Context;

/// How many tags are asked for at once: the most that CNCF Distribution and ECR Public give.
/// Registries that give fewer say where to go on.
const PAGE: usize = 1000;

/// How many pages are read. With pages of a hundred, as some registries have, this is as many tags
/// as [`MOST_TAGS`].
const MOST_PAGES: usize = 1000;

/// How many tags a repository may have; the largest known ones stay below it.
const MOST_TAGS: usize = 100_000;

#[derive(Deserialize)]
struct Listed {
    /// Some registries write null for none.
    tags: Option<Vec<String>>,
}

struct Page {
    tags: Vec<String>,
    next: Option<Url>,
}

impl Registry {
    /// All tags of the repository. Names that are no tags, and so cannot be pulled, are left out.
    ///
    /// # Errors
    ///
    /// As the registry says; and a list that does not come to an end is an error, not a part of it.
    pub async fn tags(&self, cx: &Context) -> Result<BTreeSet<Tag>, content::Error> {
        Ok(self.list_tags(cx).await?)
    }

    async fn list_tags(&self, cx: &Context) -> Result<BTreeSet<Tag>, Error> {
        let subject = self.subject(Action::ListTags, None);
        let base = self.base().map_err(|fault| Error::new(&subject, fault))?;
        let mut url = base.tags(self.name(), PAGE);
        let mut tags = BTreeSet::new();
        for _ in 0..MOST_PAGES {
            let call = Call::new(Method::GET, url.clone(), Access::Pull, subject.clone());
            let page = self.call(cx, &call, |answer| read(&url, answer)).await?;
            tags.extend(page.tags.iter().filter_map(|tag| tag.parse::<Tag>().ok()));
            if tags.len() > MOST_TAGS {
                return Err(call.error(Fault::Tags("has more than 100000 of them")));
            }
            match page.next {
                None => return Ok(tags),
                Some(next) if next == url => {
                    return Err(call.error(Fault::Tags("goes on where it is")));
                }
                Some(next) => url = next,
            }
        }
        Err(Error::new(
            &subject,
            Fault::Tags("does not end after 1000 pages"),
        ))
    }
}

async fn read(asked: &Url, answer: Answer) -> Result<Page, Fault> {
    let next = next_link(&answer.headers)?;
    let next = next.map(|target| next_page(asked, &target)).transpose()?;
    let body = answer.read(limits::TAG_PAGE_BYTES).await?;
    let listed: Listed = serde_json::from_slice(&body)
        .map_err(|_json| Fault::Tags("is not JSON with `tags` in it"))?;
    Ok(Page {
        tags: listed.tags.unwrap_or_default(),
        next,
    })
}

/// The address of the next page: at the registry that was asked, whatever host the link names.
/// Registries behind a proxy often do not know their own name, and a list is no reason to show
/// credentials to somebody else.
fn next_page(asked: &Url, target: &str) -> Result<Url, Fault> {
    let linked = asked.join(target).map_err(|_parse| Fault::Header("link"))?;
    let mut next = asked.clone();
    next.set_query(linked.query());
    Ok(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_at_the_registry_that_was_asked() {
        let asked = "https://r.example:8443/proxy/v2/a/tags/list?n=1000"
            .parse()
            .unwrap();
        let rows = [
            "/v2/a/tags/list?n=2&last=b",
            "?n=2&last=b",
            "http://other.example/v2/a/tags/list?n=2&last=b",
            "https://r.example:8443@other.example/v2/secrets?n=2&last=b",
        ];
        for target in rows {
            let next = next_page(&asked, target).map(|next| next.to_string());
            let next = next.unwrap_or_default();
            assert_eq!(
                next,
                "https://r.example:8443/proxy/v2/a/tags/list?n=2&last=b"
            );
        }
    }
}

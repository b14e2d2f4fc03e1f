//! What refers to a manifest, as far as the registry keeps lists of that.
//!
//! OCI Distribution Specification 1.1, *Listing Referrers*. A registry without such lists answers
//! 404 to the request; others say 400 or 405, and what stands in front of them may answer a page
//! for people. All of that means the same: clients keep the list under a tag.

use std::sync::Arc;

use http::header::{ACCEPT, HeaderValue};
use http::{HeaderMap, Method};
use url::Url;

use super::auth::Access;
use super::error::{Action, Error, Fault};
use super::handle::{Lists, Registry};
use super::link::next_link;
use super::manifests::invalid;
use super::request::{Answer, Call};
use crate::content::ErrorKind;
use crate::net::{SafeUrl, limits};
use crate::oci::{Descriptor, Digest, Manifest, MediaType, Repository};
use crate::task::Context;

/// Answers of registries that do not know the request.
const UNKNOWN_REQUEST: [u16; 6] = [400, 404, 405, 406, 410, 501];

/// A part of a list.
#[derive(Debug)]
struct Page {
    entries: Vec<Descriptor>,
    bytes: u64,
    next: Option<Url>,
}

impl Registry {
    /// What the registry lists as referring to a manifest; `None` when it keeps no lists.
    pub(super) async fn list_referrers(
        &self,
        cx: &Context,
        digest: &Digest,
    ) -> Result<Option<Vec<Descriptor>>, Error> {
        let subject = self.subject(Action::ListReferrers, Some(digest));
        let lister = self.lister();
        let mut lists = self.client().lists(&lister);
        let mut _first = None;
        if let Lists::Unknown(turn) = &lists {
            let turn = cx.run(Arc::clone(turn).lock_owned()).await;
            let stopped = |reason| {
                let pending = None;
                Error::new(&subject, Fault::Stopped { reason, pending })
            };
            _first = Some(turn.map_err(stopped)?);
            lists = self.client().lists(&lister);
        }
        match lists {
            Lists::None => return Ok(None),
            Lists::Kept => _first = None,
            Lists::Unknown(_) => {}
        }
        let base = self.base().map_err(|fault| Error::new(&subject, fault))?;
        let mut next = Some(base.referrers(self.name(), digest));
        let mut entries = Vec::new();
        let mut room = limits::REFERRERS_BYTES;
        for page in 0..limits::REFERRER_PAGES {
            let Some(url) = next.take() else {
                return Ok(Some(entries));
            };
            let mut call = Call::new(Method::GET, url, Access::Pull, subject.clone());
            let accepted = HeaderValue::from_static(MediaType::OCI_INDEX);
            call.headers.insert(ACCEPT, accepted);
            let read = self.call(cx, &call, |answer| self.page(answer, room)).await;
            let found = match read {
                // Another repository of the same registry may be there.
                Err(error) if page == 0 && error.kind() == ErrorKind::RepositoryNotFound => {
                    return Ok(None);
                }
                Err(error) if page == 0 && means_unknown(&error) => None,
                read => read?,
            };
            let Some(found) = found else {
                return self.not_a_list(page, &call);
            };
            self.client().note_lists(&lister, Lists::Kept);
            _first = None;
            room -= found.bytes;
            entries.extend(found.entries);
            next = found.next;
        }
        match next {
            None => Ok(Some(entries)),
            Some(_) => {
                let pages = Fault::TooManyPages(limits::REFERRER_PAGES);
                Err(Error::new(&subject, pages))
            }
        }
    }

    /// Who it is that keeps lists or does not. Behind one host there can be several registries,
    /// each with its own repositories; some are known to be one.
    fn lister(&self) -> String {
        let registry = self.name().registry();
        match self.name().is_docker_hub() || registry == Repository::ECR_PUBLIC {
            true => registry.to_owned(),
            false => self.name().to_string(),
        }
    }

    /// Something else than a list. A registry that began one has to go on with it.
    fn not_a_list(&self, page: usize, call: &Call) -> Result<Option<Vec<Descriptor>>, Error> {
        match page {
            0 => {
                self.client().note_lists(&self.lister(), Lists::None);
                Ok(None)
            }
            _ => Err(call.error(Fault::Header("content-type"))),
        }
    }

    async fn page(&self, answer: Answer, room: u64) -> Result<Option<Page>, Fault> {
        let media_type = answer.header("content-type").map(MediaType::new);
        let Some(media_type) = media_type.filter(|it| it.as_str() == MediaType::OCI_INDEX) else {
            return Ok(None);
        };
        let next = self.next(&answer.url, &answer.headers)?;
        let bytes = answer.read(room).await.map_err(|fault| match fault {
            Fault::TooLong { .. } => Fault::TooLong {
                limit: limits::REFERRERS_BYTES,
            },
            other => other,
        })?;
        let length = bytes.len() as u64;
        let index = Manifest::parse(bytes, &media_type).map_err(invalid)?;
        let entries = index.children().iter();
        Ok(Some(Page {
            entries: entries.map(|child| child.descriptor().clone()).collect(),
            bytes: length,
            next,
        }))
    }

    /// The next page. Only the registry itself can have it.
    fn next(&self, from: &Url, headers: &HeaderMap) -> Result<Option<Url>, Fault> {
        let Some(link) = next_link(headers)? else {
            return Ok(None);
        };
        let target = from.join(&link).map_err(|_parse| Fault::Header("link"))?;
        let is_clean = target.username().is_empty() && target.password().is_none();
        match self.base()?.is_same_origin(&target) && is_clean {
            true => Ok(Some(target)),
            false => Err(Fault::Target {
                target: SafeUrl(target).to_string(),
                reason: "cannot have the rest of its list",
            }),
        }
    }
}

/// Whether an answer says that the registry does not know the request.
fn means_unknown(error: &Error) -> bool {
    let status = error.refusal().map_or(0, |refusal| refusal.status);
    UNKNOWN_REQUEST.contains(&status) && error.kind() != ErrorKind::Denied
}

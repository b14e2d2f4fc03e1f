//! Blobs: HEAD, and GET from any offset.
//!
//! OCI Distribution Specification 1.1, *Pulling blobs*; RFC 9110, *Range Requests*.

use std::collections::HashSet;
use std::future::ready;

use futures_util::{StreamExt, TryStreamExt, stream};
use http::Method;
use http::header::{CONTENT_ENCODING, CONTENT_RANGE, HeaderMap, HeaderValue, RANGE};

use super::auth::Access;
use super::error::{Action, Error, Fault};
use super::handle::Registry;
use super::reader::BlobReader;
use super::request::{Answer, Call};
use crate::content::{ByteStream, ErrorKind};
use crate::net::transport::Lane;
use crate::oci::{Descriptor, Digest};
use crate::task::Context;

/// How many blobs are asked for at once.
const LOOKUPS: usize = 16;

/// How a server took a request for a part.
enum Part {
    /// From the offset on.
    FromOffset(Answer),
    /// From the start: the range was ignored.
    FromStart(Answer),
    /// Not at all: the range makes no sense to it.
    Refused,
}

impl Registry {
    /// Which of these blobs are there. Sixteen are asked for at once.
    pub(super) async fn find_blobs(
        &self,
        cx: &Context,
        blobs: &[Descriptor],
    ) -> Result<HashSet<Digest>, Error> {
        stream::iter(blobs.iter().cloned())
            .map(|blob| async move {
                let is_there = self.has_blob(cx, &blob).await?;
                Ok(is_there.then_some(blob.digest))
            })
            .buffer_unordered(LOOKUPS)
            .try_filter_map(|found| async move { Ok(found) })
            .try_collect()
            .await
    }

    /// Whether a blob is there. A registry that refuses HEAD, or whose blob store does, is taken
    /// not to have it: sending it again is harmless.
    pub(super) async fn has_blob(&self, cx: &Context, blob: &Descriptor) -> Result<bool, Error> {
        let call = self.blob_call(Method::HEAD, Action::FindBlob, blob)?;
        let size = self
            .call(cx, &call, |answer| ready(Ok(answer.length())))
            .await;
        match size {
            Ok(size) => Ok(size.is_none_or(|size| size == blob.size)),
            Err(error) => match (error.kind(), error.fault()) {
                (ErrorKind::NotFound | ErrorKind::RepositoryNotFound | ErrorKind::Refused, _)
                | (_, Fault::BlobStore(_)) => Ok(false),
                _ => Err(error),
            },
        }
    }

    /// Opens a blob at an offset.
    ///
    /// The registry is asked each time, never the URL of a redirect that was seen before: those
    /// are signed for minutes only.
    pub(super) async fn read_blob(
        &self,
        cx: &Context,
        blob: &Descriptor,
        offset: u64,
    ) -> Result<ByteStream, Error> {
        if offset > 0 && offset >= blob.size {
            return Ok(Box::pin(stream::empty()));
        }
        let mut call = self.blob_call(Method::GET, Action::ReadBlob, blob)?;
        call.lane = Lane::Bulk;
        let part = if offset == 0 {
            Part::FromStart(self.read_whole(cx, &call, blob).await?)
        } else {
            self.read_part(cx, &call, blob, offset).await?
        };
        let (answer, skip) = match part {
            Part::FromOffset(answer) => (answer, 0),
            Part::FromStart(answer) => (answer, offset),
            Part::Refused => (self.read_whole(cx, &call, blob).await?, offset),
        };
        let reader = BlobReader::new(cx, call.subject, answer.body, blob.size - offset, skip);
        Ok(Box::pin(reader))
    }

    async fn read_whole(
        &self,
        cx: &Context,
        call: &Call,
        blob: &Descriptor,
    ) -> Result<Answer, Error> {
        self.call(cx, call, |answer| ready(whole(blob, answer)))
            .await
    }

    async fn read_part(
        &self,
        cx: &Context,
        whole_call: &Call,
        blob: &Descriptor,
        offset: u64,
    ) -> Result<Part, Error> {
        let mut call = whole_call.clone();
        let range = HeaderValue::from_str(&format!("bytes={offset}-"))
            .map_err(|_invalid| call.error(Fault::Header("range")))?;
        call.headers.insert(RANGE, range);
        let part = self
            .call(cx, &call, |answer| {
                ready(if answer.status.as_u16() == 206 {
                    partial(blob, offset, answer).map(Part::FromOffset)
                } else {
                    whole(blob, answer).map(Part::FromStart)
                })
            })
            .await;
        match part {
            Err(error) if error.refusal().is_some_and(|refusal| refusal.status == 416) => {
                Ok(Part::Refused)
            }
            other => other,
        }
    }

    fn blob_call(&self, method: Method, action: Action, blob: &Descriptor) -> Result<Call, Error> {
        let subject = self.subject(action, Some(&blob.digest));
        let base = self.base().map_err(|fault| Error::new(&subject, fault))?;
        let url = base.blob(self.name(), &blob.digest);
        Ok(Call::new(method, url, Access::Pull, subject))
    }
}

/// An answer with the whole blob.
fn whole(blob: &Descriptor, answer: Answer) -> Result<Answer, Fault> {
    if answer.status.as_u16() != 200 {
        return Err(Fault::Header("content-range"));
    }
    unencoded(&answer)?;
    match answer.length() {
        Some(found) if found != blob.size => Err(Fault::Size {
            expected: blob.size,
            found,
        }),
        _ => Ok(answer),
    }
}

/// An answer with exactly the part that was asked for.
fn partial(blob: &Descriptor, offset: u64, answer: Answer) -> Result<Answer, Fault> {
    unencoded(&answer)?;
    is_the_rest(&answer.headers, offset, blob.size)?;
    Ok(answer)
}

/// Whether `Content-Range` promises everything from an offset on, and nothing else.
pub(super) fn is_the_rest(headers: &HeaderMap, offset: u64, size: u64) -> Result<(), Fault> {
    let range = headers
        .get(CONTENT_RANGE)
        .and_then(|value| value.to_str().ok())
        .and_then(content_range)
        .ok_or(Fault::Header("content-range"))?;
    if let Some(found) = range.total.filter(|total| *total != size) {
        return Err(Fault::Size {
            expected: size,
            found,
        });
    }
    if range.first != offset || range.last.checked_add(1) != Some(size) {
        return Err(Fault::Header("content-range"));
    }
    Ok(())
}

/// Refuses what would have to be decoded first: the digest is that of the bytes, and decoding has no
/// limit.
pub(super) fn unencoded(answer: &Answer) -> Result<(), Fault> {
    match answer.headers.get(CONTENT_ENCODING) {
        Some(encoding) if encoding != "identity" && !encoding.is_empty() => {
            Err(Fault::Header("content-encoding"))
        }
        _ => Ok(()),
    }
}

/// `bytes 7-41/42` or `bytes 7-41/*`.
#[derive(Debug, PartialEq, Eq)]
struct ContentRange {
    first: u64,
    last: u64,
    total: Option<u64>,
}

fn content_range(text: &str) -> Option<ContentRange> {
    let (unit, rest) = text.trim().split_once(' ')?;
    if !unit.eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (range, total) = rest.trim().split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let range = ContentRange {
        first: number(first)?,
        last: number(last)?,
        total: match total {
            "*" => None,
            total => Some(number(total)?),
        },
    };
    let is_ordered =
        range.first <= range.last && range.total.is_none_or(|total| range.last < total);
    is_ordered.then_some(range)
}

/// Digits only: `parse` alone would take a sign.
fn number(text: &str) -> Option<u64> {
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    is_digits.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ranges_are_read_strictly() {
        let range = |first, last, total| Some(ContentRange { first, last, total });
        let rows = [
            ("bytes 7-41/42", range(7, 41, Some(42))),
            ("BYTES 0-0/1", range(0, 0, Some(1))),
            ("bytes 7-41/*", range(7, 41, None)),
            ("bytes 41-7/42", None),
            ("bytes 7-42/42", None),
            ("bytes */42", None),
            ("bytes +7-41/42", None),
            ("bytes 7-/42", None),
            ("bytes -41/42", None),
            ("items 7-41/42", None),
            ("7-41/42", None),
            ("bytes 7-41", None),
            ("bytes 0-99999999999999999999/*", None),
            ("", None),
        ];
        for (text, expected) in rows {
            assert_eq!(content_range(text), expected, "{text:?}");
        }
    }
}

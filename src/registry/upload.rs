//! Uploads: open, send in one piece, give up.
//!
//! OCI Distribution Specification 1.1, *Pushing a blob monolithically*, POST then PUT: the form
//! that every registry takes, in the fewest requests.

use std::collections::BTreeMap;
use std::fmt;
use std::future::ready;

use async_trait::async_trait;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{Method, StatusCode};
use url::Url;

use super::answer::Refusal;
use super::auth::{Access, Shown};
use super::error::{Action, Error, Fault, Subject, transport};
use super::handle::Registry;
use super::outgoing::{Outgoing, State, watch};
use super::pace::{Counted, UnderWay, ticket};
use super::request::Call;
use crate::content::{self, ByteStream, ErrorKind, Upload};
use crate::net::limits;
use crate::net::retry::Failures;
use crate::net::transport::{Body, Lane, Request, Response};
use crate::oci::{Descriptor, Digest, Repository};
use crate::task::{Context, Ticket};

/// An upload that a registry has opened. It cannot be printed: see `location`.
pub(super) struct BlobUpload {
    registry: Registry,
    digest: Digest,
    size: u64,
    /// Where to send the bytes. May be on another host, and may be signed.
    location: Url,
    /// For giving it up after the context of the copy has ended.
    apart: Context,
    is_over: bool,
}

impl Registry {
    /// Opens an upload, with a ticket if there is one.
    pub(super) async fn open_upload(
        &self,
        cx: &Context,
        blob: &Descriptor,
        ticket: Option<Ticket>,
    ) -> Result<BlobUpload, Error> {
        let subject = self.subject(Action::OpenUpload, Some(&blob.digest));
        let base = self.base().map_err(|fault| Error::new(&subject, fault))?;
        let url = base.uploads(self.name());
        let call = self.opening(url, subject, ticket);
        let location = self
            .call(cx, &call, |answer| {
                ready(self.target(&answer.url, &answer.headers))
            })
            .await?;
        Ok(self.upload(cx, blob, location))
    }

    /// Takes a blob from another repository of this registry, or finds that this one has it; else
    /// opens an upload. A registry that does not know mounts opens one, too.
    ///
    /// OCI Distribution Specification 1.1, *Mounting a blob from another repository*.
    pub(super) async fn mount(
        &self,
        cx: &Context,
        blob: &Descriptor,
        from: &Repository,
        ticket: Option<Ticket>,
    ) -> Result<Option<BlobUpload>, Error> {
        let subject = self.subject(Action::OpenUpload, Some(&blob.digest));
        let base = self.base().map_err(|fault| Error::new(&subject, fault))?;
        let url = base.mount(self.name(), &blob.digest, from);
        let call = self.opening(url, subject, ticket);
        let location = self
            .call(cx, &call, |answer| {
                ready(if answer.status == StatusCode::CREATED {
                    same_digest(&blob.digest, &answer.headers).map(|()| None)
                } else {
                    self.target(&answer.url, &answer.headers).map(Some)
                })
            })
            .await;
        match location {
            Ok(location) => Ok(location.map(|location| self.upload(cx, blob, location))),
            Err(error) if error.refusal().is_some_and(is_about_mounting) => {
                tracing::debug!(digest = %blob.digest, %from, %error, "mount refused");
                self.open_upload(cx, blob, None).await.map(Some)
            }
            Err(error) => Err(error),
        }
    }

    fn opening(&self, url: Url, subject: Subject, ticket: Option<Ticket>) -> Call {
        let mut call = Call::new(Method::POST, url, Access::PullAndPush, subject);
        let pace = self.pace();
        call.counted = pace.map(|pace| Counted::new(&pace.open_upload, ticket));
        call
    }

    fn upload(&self, cx: &Context, blob: &Descriptor, location: Url) -> BlobUpload {
        BlobUpload {
            registry: self.clone(),
            digest: blob.digest.clone(),
            size: blob.size,
            location,
            apart: cx.apart(),
            is_over: false,
        }
    }
}

#[async_trait]
impl Upload for BlobUpload {
    async fn commit(
        mut self: Box<Self>,
        cx: &Context,
        bytes: ByteStream,
    ) -> Result<(), content::Error> {
        self.is_over = true;
        let outgoing = Outgoing::new(bytes, self.size);
        let state = outgoing.state();
        let sent = match cx.run(self.put(cx, outgoing)).await {
            Ok(sent) => sent,
            Err(reason) => Err(self.error(Fault::Stopped {
                reason,
                pending: None,
            })),
        };
        // What the source said is the cause; what the wire made of it is the consequence.
        if let Some(error) = state.take_error() {
            self.delete().await;
            return Err(error);
        }
        let Err(error) = sent else { return Ok(()) };
        match error.kind() {
            ErrorKind::Stopped(_) => {
                self.delete().await;
                Err(error.into())
            }
            // The answer may be lost although the registry has the blob.
            ErrorKind::UploadLost if state.is_sent() && self.is_stored(cx).await => {
                tracing::debug!(digest = %self.digest, "answer to an upload was lost, the blob is there");
                Ok(())
            }
            _ => Err(error.into()),
        }
    }

    async fn cancel(mut self: Box<Self>) {
        self.is_over = true;
        self.delete().await;
    }
}

impl BlobUpload {
    fn error(&self, fault: Fault) -> Error {
        let subject = self.registry.subject(Action::SendBlob, Some(&self.digest));
        Error::new(&subject, fault)
    }

    async fn put(&self, cx: &Context, outgoing: Outgoing) -> Result<(), Error> {
        let pace = self.registry.pace();
        let ticket = ticket(cx, pace.map(|pace| &pace.close_upload)).await;
        let shown = self.shown(cx).await?;
        let mut headers = self.headers(shown.as_ref());
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/octet-stream"),
        );
        let state = outgoing.state();
        let request = Request {
            method: Method::PUT,
            url: with_digest(&self.location, &self.digest),
            headers,
            body: if self.size == 0 {
                Body::Empty
            } else {
                Body::Stream {
                    length: self.size,
                    bytes: Box::pin(outgoing),
                }
            },
            lane: Lane::Bulk,
        };
        let slot = self.registry.limiter(&request.url).pass();
        let under_way = UnderWay::new(slot, ticket);
        state.begin();
        let _waits = cx.waits_for(self.awaited(&state));
        cx.note_request();
        let response = watch(&state, self.registry.wire().send(request))
            .await
            .map_err(|error| self.error(transport(error)))?;
        under_way.answered(&response);
        if response.status.is_success() && !state.is_sent() {
            return Err(self.error(Fault::TooSoon));
        }
        self.conclude(response, shown.as_ref()).await?;
        cx.note_step();
        Ok(())
    }

    fn awaited(&self, state: &State) -> Awaited {
        Awaited {
            subject: self.registry.subject(Action::SendBlob, Some(&self.digest)),
            state: state.clone(),
        }
    }

    async fn conclude(&self, response: Response, shown: Option<&Shown>) -> Result<(), Error> {
        let Response {
            status,
            headers,
            body,
        } = response;
        if matches!(
            status,
            StatusCode::CREATED | StatusCode::OK | StatusCode::NO_CONTENT
        ) {
            return same_digest(&self.digest, &headers).map_err(|fault| self.error(fault));
        }
        let (body, _) = limits::read_up_to(body, limits::ERROR_BODY_BYTES)
            .await
            .unwrap_or_default();
        let refusal = Refusal::read(status.as_u16(), &headers, &body, &[]);
        let error = self.error(Fault::Refused(Box::new(refusal)));
        // The next upload gets a new token then.
        if let (Some(shown), ErrorKind::UploadLost) = (shown, error.kind())
            && error
                .refusal()
                .is_some_and(|refusal| matches!(refusal.status, 400 | 401))
        {
            self.registry.authoriser().forget(shown);
        }
        Err(error)
    }

    /// What to show where the bytes go: nothing, if that is not the registry itself.
    async fn shown(&self, cx: &Context) -> Result<Option<Shown>, Error> {
        let subject = self.registry.subject(Action::SendBlob, Some(&self.digest));
        let asker = self.registry.asker(&subject, Access::PullAndPush)?;
        if !asker.base.is_same_origin(&self.location) {
            return Ok(None);
        }
        self.registry.authoriser().ahead(cx, &asker).await
    }

    fn headers(&self, shown: Option<&Shown>) -> HeaderMap {
        shown
            .map(|shown| (AUTHORIZATION, shown.header.clone()))
            .into_iter()
            .collect()
    }

    async fn is_stored(&self, cx: &Context) -> bool {
        let blob = Descriptor {
            media_type: crate::oci::MediaType::new("application/octet-stream"),
            digest: self.digest.clone(),
            size: self.size,
            platform: None,
            annotations: BTreeMap::new(),
            artifact_type: None,
        };
        self.registry.has_blob(cx, &blob).await.unwrap_or(false)
    }

    /// Best effort: whatever the registry says, there is nothing left to do about it.
    async fn delete(&self) {
        let cx = self.apart.within(limits::CANCEL);
        let outcome = cx
            .run(async {
                let shown = self.shown(&cx).await?;
                let request = Request {
                    method: Method::DELETE,
                    url: self.location.clone(),
                    headers: self.headers(shown.as_ref()),
                    body: Body::Empty,
                    lane: Lane::Control,
                };
                cx.note_request();
                let sent = self.registry.wire().send(request).await;
                sent.map_err(|error| self.error(transport(error)))
            })
            .await;
        tracing::debug!(
            digest = %self.digest,
            status = ?outcome.ok().and_then(Result::ok).map(|response| response.status.as_u16()),
            "upload given up"
        );
    }
}

impl Drop for BlobUpload {
    fn drop(&mut self) {
        if !self.is_over {
            tracing::warn!(digest = %self.digest, "upload dropped, the registry keeps it until it expires");
        }
    }
}

/// Whether a plain request may be taken although this one was not. One that was refused because it
/// comes too soon has had all its tries.
fn is_about_mounting(refusal: &Refusal) -> bool {
    let is_for_later = Failures::of_status(refusal.status) != Failures::NONE;
    refusal.status < 500 && !is_for_later
}

/// Whether the registry means the same blob, if it says which.
fn same_digest(digest: &Digest, headers: &HeaderMap) -> Result<(), Fault> {
    let stated = headers
        .get("docker-content-digest")
        .and_then(|value| value.to_str().ok());
    match stated {
        Some(stated) if stated != digest.as_str() => Err(Fault::Digest {
            expected: digest.clone(),
            found: stated.chars().take(140).collect(),
        }),
        _ => Ok(()),
    }
}

/// What an upload waits for.
struct Awaited {
    subject: Subject,
    state: State,
}

impl fmt::Display for Awaited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { subject, state } = self;
        match () {
            () if state.is_sent() => write!(f, "an answer, {subject}"),
            // Who reads them says from where.
            () if state.is_starved() => Ok(()),
            () => write!(f, "bytes to be taken, {subject}"),
        }
    }
}

/// Adds the digest to a location whose own query must survive: CNCF Distribution keeps the signed
/// state of the upload there.
fn with_digest(location: &Url, digest: &Digest) -> Url {
    let mut url = location.clone();
    url.query_pairs_mut().append_pair("digest", digest.as_str());
    url
}

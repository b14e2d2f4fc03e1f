//! One request: authorise, send, follow redirects, classify. Whether it is sent again is decided
//! by [`crate::net::retry`].

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, AUTHORIZATION, HeaderMap, HeaderValue, LOCATION};
use http::{Method, StatusCode};
use url::Url;

use super::answer::{self, Refusal};
use super::auth::{Access, Asker, Authoriser, Next, Shown};
use super::endpoint::Base;
use super::error::{Action, Error, Fault, Subject, transport};
use super::handle::Registry;
use super::pace::{Counted, UnderWay};
use crate::net::SafeUrl;
use crate::net::limits::{self, ReadError};
use crate::net::retry;
use crate::net::transport::{Body, Incoming, Lane, Request, Response, TransportErrorKind};
use crate::oci::Digest;
use crate::task::{Context, Ticket};

/// A request that can be sent again: its body is absent or in memory.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Bytes>,
    pub(super) access: Access,
    pub(super) lane: Lane,
    pub(super) subject: Subject,
    /// The quota that it counts against, where there is one.
    pub(super) counted: Option<Counted>,
}

/// An answer that was not refused. Its URL may be signed, so it cannot be printed.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Incoming,
    /// Who answered, after redirects.
    pub(super) url: Url,
    /// Somebody else than the registry answers: a blob store behind a redirect.
    is_foreign: bool,
}

/// Statuses by which a blob store says that a signed URL is not good any more, or that it does
/// not have the object yet. The registry is asked for a new one, once.
const STALE_URL: [u16; 4] = [400, 403, 404, 410];

impl Call {
    /// A request without a body.
    pub(super) fn new(method: Method, url: Url, access: Access, subject: Subject) -> Self {
        Self {
            method,
            url,
            headers: HeaderMap::new(),
            body: None,
            access,
            lane: Lane::Control,
            subject,
            counted: None,
        }
    }

    /// Waits until it may be sent once more, as far as somebody counts.
    async fn ticket(&self, cx: &Context) -> Option<Ticket> {
        match &self.counted {
            Some(counted) => counted.ticket(cx).await,
            None => None,
        }
    }

    pub(super) fn error(&self, fault: Fault) -> Error {
        Error::new(&self.subject, fault)
    }
}

impl Answer {
    /// Reads the body, at most `limit` bytes of it.
    pub(super) async fn read(self, limit: u64) -> Result<Bytes, Fault> {
        match limits::read_at_most(self.body, limit).await {
            Ok(body) => Ok(body),
            Err(ReadError::TooLong(limit)) => Err(Fault::TooLong { limit }),
            Err(ReadError::Transport(error)) => Err(transport(error)),
        }
    }

    /// A header as text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The announced length of the body.
    pub(super) fn length(&self) -> Option<u64> {
        self.header("content-length")?.trim().parse().ok()
    }

    async fn refusal(self, shown: Option<&Shown>) -> (HeaderMap, Refusal) {
        let (body, _) = limits::read_up_to(self.body, limits::ERROR_BODY_BYTES)
            .await
            .unwrap_or_default();
        let secret = shown
            .and_then(|shown| shown.header.to_str().ok())
            .and_then(|text| text.split_once(' '))
            .map_or("", |(_, secret)| secret);
        let refusal = Refusal::read(self.status.as_u16(), &self.headers, &body, &[secret]);
        (self.headers, refusal)
    }
}

impl Registry {
    pub(super) fn subject(&self, action: Action, digest: Option<&Digest>) -> Subject {
        Subject {
            host: self.host(),
            repository: self.path(),
            action,
            digest: digest.cloned(),
        }
    }

    /// Sends the call until `read` has made something of a success, as the retry policy allows.
    pub(super) async fn call<T, F>(
        &self,
        cx: &Context,
        call: &Call,
        read: impl Fn(Answer) -> F + Send + Sync,
    ) -> Result<T, Error>
    where
        T: Send,
        F: Future<Output = Result<T, Fault>> + Send,
    {
        let read = &read;
        retry::run(cx, &retry::REPEATABLE, |attempt| async move {
            tracing::trace!(
                method = %call.method,
                url = %SafeUrl(call.url.clone()),
                attempt,
                "request"
            );
            let answer = Box::pin(self.attempt(cx, call)).await?;
            read(answer).await.map_err(|fault| call.error(fault))
        })
        .await
        .map_err(|gave_up| Error::gave_up(&call.subject, gave_up))
    }

    /// Sends the call once; and once more with another token, or for another signed URL, when the
    /// refusal calls for it.
    async fn attempt(&self, cx: &Context, call: &Call) -> Result<Answer, Error> {
        let asker = self.asker(&call.subject, call.access)?;
        let authoriser = self.authoriser();
        // First, because a token could end while we wait.
        let mut ticket = call.ticket(cx).await;
        let mut shown = authoriser.ahead(cx, &asker).await?;
        let mut has_renewed = false;
        let mut has_asked_again = false;
        loop {
            let answer = self
                .follow(cx, call, shown.as_ref(), ticket)
                .await
                .map_err(|fault| call.error(fault))?;
            if answer.status.is_success() {
                return Ok(answer);
            }
            let is_foreign = answer.is_foreign;
            let (headers, refusal) = answer.refusal(shown.as_ref()).await;
            if is_foreign {
                // Whatever it says, a challenge of a blob store is never answered.
                if !has_asked_again && STALE_URL.contains(&refusal.status) {
                    has_asked_again = true;
                    cx.note_retry();
                    ticket = call.ticket(cx).await;
                    continue;
                }
                return Err(call.error(Fault::BlobStore(Box::new(refusal))));
            }
            if has_renewed {
                return Err(call.error(if refusal.status == 401 {
                    Authoriser::refused_again(&headers, &refusal)
                } else {
                    Fault::Refused(Box::new(refusal))
                }));
            }
            // Rare and large: it may hold a whole exchange with a token service.
            let next = authoriser.after(cx, &asker, &headers, &refusal, shown.as_ref());
            let next = Box::pin(next).await?;
            match next {
                Some(Next::Show(other)) => shown = Some(other),
                Some(Next::Fail(fault)) => return Err(call.error(fault)),
                None => return Err(call.error(Fault::Refused(Box::new(refusal)))),
            }
            has_renewed = true;
            ticket = call.ticket(cx).await;
        }
    }

    /// Sends the call and follows redirects. What is shown goes to the origin of the registry
    /// only, and not even there once another host was on the way.
    /// Only the first request counts.
    async fn follow(
        &self,
        cx: &Context,
        call: &Call,
        shown: Option<&Shown>,
        mut ticket: Option<Ticket>,
    ) -> Result<Answer, Fault> {
        let base = self.base()?;
        let mut url = Cow::Borrowed(&call.url);
        let mut is_foreign = !base.is_same_origin(&url);
        for _ in 0..=limits::REDIRECTS {
            let mut headers = call.headers.clone();
            // A transparent decoder on the way would change the bytes, and so the digest.
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
            if let (false, Some(shown)) = (is_foreign, shown) {
                headers.insert(AUTHORIZATION, shown.header.clone());
            }
            let request = Request {
                method: call.method.clone(),
                url: url.clone().into_owned(),
                headers,
                body: call.body.clone().map_or(Body::Empty, Body::Whole),
                lane: call.lane,
            };
            let response = self.send(cx, &call.subject, request, ticket.take()).await?;
            if !is_foreign {
                self.note_budget(&response.headers);
            }
            if !is_redirect(response.status) {
                return Ok(Answer {
                    status: response.status,
                    headers: response.headers,
                    body: response.body,
                    url: url.into_owned(),
                    is_foreign,
                });
            }
            let next = self.target(&url, &response.headers)?;
            if !matches!(call.method, Method::GET | Method::HEAD) {
                return Err(refused_target(&next, "is not where a write belongs"));
            }
            is_foreign |= !base.is_same_origin(&next);
            url = Cow::Owned(next);
        }
        Err(Fault::TooManyRedirects(limits::REDIRECTS))
    }

    /// Sends a request when its host may get one more, and waits for the head of its answer, for a
    /// limited time.
    async fn send(
        &self,
        cx: &Context,
        subject: &Subject,
        request: Request,
        ticket: Option<Ticket>,
    ) -> Result<Response, Fault> {
        let host = Arc::from(request.url.host_str().unwrap_or_default());
        let waits = |what| {
            cx.waits_for(Awaited {
                what,
                host: Arc::clone(&host),
                subject: subject.clone(),
            })
        };
        let entering = waits("leave to ask");
        let slot = self.limiter(&request.url).enter().await;
        drop(entering);
        let under_way = UnderWay::new(slot, ticket);
        let _answering = waits("an answer of");
        cx.note_request();
        let response = tokio::time::timeout(limits::ANSWER, self.wire().send(request))
            .await
            .unwrap_or_else(|_elapsed| Err(TransportErrorKind::Timeout.into()))
            .map_err(transport)?;
        under_way.answered(&response);
        Ok(response)
    }

    /// Where a `Location` leads, if it may be followed.
    pub(super) fn target(&self, from: &Url, headers: &HeaderMap) -> Result<Url, Fault> {
        target(self.base()?, from, headers)
    }

    pub(super) fn asker<'a>(
        &'a self,
        subject: &'a Subject,
        access: Access,
    ) -> Result<Asker<'a>, Error> {
        Ok(Asker {
            base: self.base().map_err(|fault| Error::new(subject, fault))?,
            repository: self.name(),
            account: self.account(),
            subject,
            access,
        })
    }

    fn note_budget(&self, headers: &HeaderMap) {
        if let Some(budget) = answer::budget(headers) {
            self.client().note_budget(self.name().registry(), budget);
        }
    }
}

/// Where a `Location` leads from here, if somebody sent by this registry may follow it.
pub(super) fn target(base: &Base, from: &Url, headers: &HeaderMap) -> Result<Url, Fault> {
    let text = headers
        .get(LOCATION)
        .and_then(|value| value.to_str().ok())
        .ok_or(Fault::Header("location"))?;
    let target = from
        .join(text)
        .map_err(|_parse| Fault::Header("location"))?;
    let is_http = matches!(target.scheme(), "http" | "https") && target.has_host();
    if !is_http || !target.username().is_empty() || target.password().is_some() {
        return Err(refused_target(&target, "is no plain HTTP or HTTPS address"));
    }
    if from.scheme() == "https" && target.scheme() == "http" {
        return Err(refused_target(&target, "gives up HTTPS"));
    }
    if let Some(reason) = base.objection(&target) {
        return Err(refused_target(&target, reason));
    }
    Ok(target)
}

/// What a request waits for.
struct Awaited {
    what: &'static str,
    host: Arc<str>,
    subject: Subject,
}

impl fmt::Display for Awaited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            what,
            host,
            subject,
        } = self;
        write!(f, "{what} `{host}`, {subject}")
    }
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

fn refused_target(target: &Url, reason: &'static str) -> Fault {
    Fault::Target {
        target: SafeUrl(target.clone()).to_string(),
        reason,
    }
}

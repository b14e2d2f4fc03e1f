//! What goes wrong, as data.
//!
//! A fault says which requests it is for and what happens to them. Adding one returns a handle with
//! which a test waits until it has struck, and lets go what it holds.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::face::Face;
use crate::lock::lock;

mod shape;

pub(crate) use shape::{Shape, shaped};

/// Which requests are struck, and how. Everything left out matches.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Only requests to this face.
    #[serde(default)]
    pub face: Option<Face>,
    /// Only this method.
    #[serde(default)]
    pub method: Option<String>,
    /// Only paths that contain this.
    #[serde(default)]
    pub path: Option<String>,
    /// Only this AWS operation, such as `AssumeRole` or `PutImage`.
    #[serde(default)]
    pub operation: Option<String>,
    /// Only AWS requests whose decoded body contains this. Bodies above 64 KiB never match.
    #[serde(default)]
    pub body: Option<String>,
    /// Lets this many matching requests pass first.
    #[serde(default)]
    pub after: u32,
    /// Strikes this many times; absent: always.
    #[serde(default = "once")]
    pub times: Option<u32>,
    /// What happens.
    pub effect: Effect,
}

/// What a fault does.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// This answer instead of the real one. Nothing else happens.
    Answer {
        /// The status.
        status: u16,
        /// Headers.
        #[serde(default)]
        headers: BTreeMap<String, String>,
        /// The body.
        #[serde(default)]
        body: String,
    },
    /// The request waits this long, or until the handle is released, then goes on as usual.
    Delay {
        /// How long.
        milliseconds: u64,
    },
    /// The request waits until the handle is released, then goes on as usual.
    Hold,
    /// The connection ends once this many bytes of the request body have been read.
    CutRequest {
        /// How many.
        after_bytes: u64,
    },
    /// The connection ends after this many bytes of the response body. A shorter body is complete.
    CutResponse {
        /// How many.
        after_bytes: u64,
    },
    /// No byte of the response body after these, until the handle is released.
    Stall {
        /// How many.
        after_bytes: u64,
    },
    /// One byte of the response body is another one.
    WrongByte {
        /// Which, counting from 0.
        at: u64,
    },
    /// The request has its full effect; the connection ends instead of an answer.
    LoseAnswer,
    /// The credential of the request counts as expired.
    ExpireToken,
    /// `AssumeRole` hands out a session of this role in place of the one that was asked for.
    SessionOf {
        /// The ARN of the role.
        role_arn: String,
    },
}

/// The faults of a sandbox. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<Vec<Arc<Armed>>>>);

/// A fault that was added.
#[derive(Debug, Clone)]
pub struct FaultHandle {
    armed: Arc<Armed>,
    faults: Faults,
}

#[derive(Debug)]
pub(crate) struct Armed {
    fault: Fault,
    passes: Mutex<u32>,
    hits: watch::Sender<u32>,
    released: watch::Sender<bool>,
}

/// A request as faults see it.
#[derive(Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) face: Face,
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) operation: Option<&'a str>,
    pub(crate) body: &'a str,
}

/// In the extensions of a request that is to get a session of another role.
#[derive(Debug, Clone)]
pub(crate) struct Diverted(pub(crate) String);

/// In the extensions of a request whose credential must count as expired.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TokenExpired;

impl Fault {
    /// Strikes the next request to a face.
    pub fn on(face: Face, effect: Effect) -> Self {
        Self {
            face: Some(face),
            method: None,
            path: None,
            operation: None,
            body: None,
            after: 0,
            times: once(),
            effect,
        }
    }

    /// Only this method.
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    /// Only paths that contain this.
    pub fn path(mut self, part: &str) -> Self {
        self.path = Some(part.to_owned());
        self
    }

    /// Only this AWS operation.
    pub fn operation(mut self, operation: &str) -> Self {
        self.operation = Some(operation.to_owned());
        self
    }

    /// Only AWS requests whose decoded body contains this.
    pub fn body(mut self, part: &str) -> Self {
        self.body = Some(part.to_owned());
        self
    }

    /// Lets this many matching requests pass first.
    pub fn after(mut self, passes: u32) -> Self {
        self.after = passes;
        self
    }

    /// Strikes this many times.
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Strikes every matching request.
    pub fn always(mut self) -> Self {
        self.times = None;
        self
    }

    fn matches(&self, subject: &Subject<'_>) -> bool {
        let is = |wanted: &Option<String>, found: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == found)
        };
        let has = |wanted: &Option<String>, found: &str| {
            wanted
                .as_deref()
                .is_none_or(|wanted| found.contains(wanted))
        };
        self.face.is_none_or(|face| face == subject.face)
            && is(&self.method, subject.method)
            && has(&self.path, subject.path)
            && is(&self.operation, subject.operation.unwrap_or_default())
            && has(&self.body, subject.body)
    }
}

impl Effect {
    /// A bare status with a text.
    pub fn status(status: u16) -> Self {
        Self::Answer {
            status,
            headers: BTreeMap::new(),
            body: format!("fault: status {status}"),
        }
    }

    /// Docker Hub's limit on abuse, which is told apart from the pull limit by its plain text.
    pub fn hub_abuse() -> Self {
        Self::Answer {
            status: 429,
            headers: BTreeMap::from([
                ("content-type".to_owned(), "text/plain".to_owned()),
                ("retry-after".to_owned(), "60".to_owned()),
            ]),
            body: "Too Many Requests (HAP429)\n".to_owned(),
        }
    }

    /// A throttled call of an AWS JSON API.
    pub fn throttled() -> Self {
        let kind = "application/x-amz-json-1.1".to_owned();
        Self::Answer {
            status: 400,
            headers: BTreeMap::from([("content-type".to_owned(), kind)]),
            body: r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#.to_owned(),
        }
    }
}

impl Faults {
    /// Adds a fault. Those added first are asked first; one request is struck by one fault.
    pub fn add(&self, fault: Fault) -> FaultHandle {
        let armed = Arc::new(Armed {
            passes: Mutex::new(fault.after),
            fault,
            hits: watch::Sender::new(0),
            released: watch::Sender::new(false),
        });
        lock(&self.0).push(Arc::clone(&armed));
        FaultHandle {
            armed,
            faults: self.clone(),
        }
    }

    /// Removes all faults and releases what they hold.
    pub fn clear(&self) {
        for armed in lock(&self.0).drain(..) {
            armed.release();
        }
    }

    /// The fault that strikes this request, if one does.
    pub(crate) fn strike(&self, subject: &Subject<'_>) -> Option<Arc<Armed>> {
        let faults = lock(&self.0);
        faults
            .iter()
            .find(|armed| armed.fault.matches(subject) && armed.take())
            .map(Arc::clone)
    }
}

impl FaultHandle {
    /// How often it has struck.
    pub fn hits(&self) -> u32 {
        *self.armed.hits.borrow()
    }

    /// Waits until it has struck at least once.
    pub async fn reached(&self) {
        // The sender lives in the handle itself.
        self.armed
            .hits
            .subscribe()
            .wait_for(|hits| *hits > 0)
            .await
            .ok();
    }

    /// Lets everything go on that it holds or stalls, now and later.
    pub fn release(&self) {
        self.armed.release();
    }

    /// Removes it, and releases what it holds.
    pub fn remove(&self) {
        lock(&self.faults.0).retain(|armed| !Arc::ptr_eq(armed, &self.armed));
        self.release();
    }
}

impl Armed {
    pub(crate) fn effect(&self) -> &Effect {
        &self.fault.effect
    }

    pub(crate) fn gate(&self) -> watch::Receiver<bool> {
        self.released.subscribe()
    }

    /// Waits until the handle is released.
    pub(crate) async fn opened(&self) {
        // A gate that is gone holds nothing.
        self.gate().wait_for(|is_open| *is_open).await.ok();
    }

    fn release(&self) {
        self.released.send_replace(true);
    }

    /// Counts a matching request; true when it is to be struck.
    fn take(&self) -> bool {
        let mut passes = lock(&self.passes);
        if *passes > 0 {
            *passes -= 1;
            return false;
        }
        let left = self
            .fault
            .times
            .is_none_or(|times| *self.hits.borrow() < times);
        if left {
            self.hits.send_modify(|hits| *hits += 1);
        }
        left
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the default of an optional field")]
fn once() -> Option<u32> {
    Some(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pull(path: &str) -> Subject<'_> {
        Subject {
            face: Face::Hub,
            method: "GET",
            path,
            operation: None,
            body: "",
        }
    }

    #[test]
    fn a_fault_strikes_the_requests_it_describes_and_no_others() {
        let faults = Faults::default();
        let fault = Fault::on(Face::Hub, Effect::LoseAnswer)
            .path("/blobs/")
            .after(1)
            .times(2);
        let handle = faults.add(fault);
        assert!(faults.strike(&pull("/v2/a/manifests/x")).is_none());
        let struck = ["/v2/a/blobs/1"; 5].map(|path| faults.strike(&pull(path)).is_some());
        assert_eq!(struck, [false, true, true, false, false]);
        assert_eq!(handle.hits(), 2);
    }

    #[test]
    fn a_removed_fault_strikes_no_more() {
        let faults = Faults::default();
        faults
            .add(Fault::on(Face::Hub, Effect::Hold).always())
            .remove();
        assert!(faults.strike(&pull("/v2/")).is_none());
    }

    #[test]
    fn a_fault_reads_from_json() {
        let text = r#"{"face": "registry", "method": "PUT", "effect": {"cut_request": {"after_bytes": 9}}}"#;
        let fault: Fault = serde_json::from_str(text).unwrap();
        assert_eq!((fault.after, fault.times), (0, Some(1)));
        assert!(matches!(
            fault.effect,
            Effect::CutRequest { after_bytes: 9 }
        ));
    }
}

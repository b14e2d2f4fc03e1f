//! What all calls share: a request id, a span, the stop token, the panic fence.

use std::any::Any;
use std::borrow::Cow;
use std::future::Future;
use std::panic::AssertUnwindSafe;

use futures_util::{FutureExt, stream};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tonic::codegen::BoxStream;
use tonic::{Response, Status};
use tracing::{Instrument, Span};
use uuid::Uuid;

use super::encode;
use super::tfplugin6 as proto;
use crate::task::{Context, Work, monotonic};
use crate::tf::Diagnostic;

/// The version of the protocol that the definitions in `proto/` describe.
pub(super) const PROTOCOL_VERSION: &str = "6.11";

/// What the service answers.
pub(super) type Reply<A> = Result<Response<A>, Status>;

/// An answer that can carry messages for the practitioner.
pub(super) trait Answer: Send + 'static {
    /// Its messages.
    fn diagnostics(&self) -> Cow<'_, [proto::Diagnostic]>;

    /// Adds an error.
    fn fail(&mut self, failure: &Diagnostic);
}

/// What a call is about, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    Resource,
    DataSource,
    EphemeralResource,
    ListResource,
    Action,
    Function,
}

/// One remote procedure call in the making.
#[derive(Debug)]
pub(super) struct Call {
    cx: Context,
    work: Work,
    span: Span,
    started: Instant,
}

impl Call {
    /// Begins a call, and says what it is about.
    pub(super) fn begin(
        work: &Work,
        address: &str,
        rpc: &'static str,
        about: Option<(About, &str)>,
    ) -> Self {
        let of = |kind| about.and_then(|(about, name)| (about == kind).then_some(name));
        let span = tracing::info_span!(
            "rpc",
            tf_rpc = rpc,
            tf_req_id = %Uuid::new_v4(),
            tf_provider_addr = address,
            tf_proto_version = PROTOCOL_VERSION,
            tf_resource_type = of(About::Resource),
            tf_data_source_type = of(About::DataSource),
            tf_ephemeral_resource_type = of(About::EphemeralResource),
            tf_list_resource_type = of(About::ListResource),
            tf_action_type = of(About::Action),
            tf_function_name = of(About::Function),
        );
        tracing::trace!(parent: &span, "call received");
        Self {
            cx: work.context(),
            work: work.clone(),
            span,
            started: monotonic(),
        }
    }

    /// What governs the work of this call.
    pub(super) fn context(&self) -> Context {
        self.cx.clone()
    }

    /// Does the work and answers. When the work fails or panics, `fallback` is the answer, with a
    /// message about it.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the work, so it must be cancel safe.
    pub(super) async fn answer<A: Answer>(
        self,
        fallback: A,
        work: impl Future<Output = Result<A, Diagnostic>> + Send,
    ) -> Reply<A> {
        Ok(Response::new(self.fenced(fallback, work).await))
    }

    /// As [`Call::answer`], for work that must come to its end. When the connection goes away, the
    /// context of the call is cancelled and the work winds down by itself.
    pub(super) async fn answer_in_any_case<A: Answer>(
        self,
        fallback: A,
        work: impl Future<Output = Result<A, Diagnostic>> + Send + 'static,
    ) -> Reply<A> {
        let gone = self.cx.token().clone().drop_guard();
        let tracker = self.work.clone();
        let done = tracker.spawn(self.fenced(fallback, work)).await;
        gone.disarm();
        done.map(Response::new)
            .map_err(|_| Status::unavailable("the provider is ending"))
    }

    /// Answers with events, one after the other, and a last one if the work fails or panics. When
    /// nobody takes them any more, the context of the call is cancelled and the work winds down.
    pub(super) fn answer_with_events<E, W>(
        self,
        last: impl FnOnce(Diagnostic) -> E + Send + 'static,
        work: impl FnOnce(mpsc::Sender<E>) -> W,
    ) -> Reply<BoxStream<E>>
    where
        E: Send + 'static,
        W: Future<Output = Result<(), Diagnostic>> + Send + 'static,
    {
        let gone = self.cx.token().clone().drop_guard();
        let (sender, events) = mpsc::channel(1);
        let work = work(sender.clone());
        let tracker = self.work.clone();
        // Ends by itself: with the events, or soon after nobody takes them.
        drop(tracker.spawn(async move {
            let failure = self.caught(work).await.err();
            let failures: Vec<_> = failure.iter().map(encode::diagnostic).collect();
            self.log(&failures);
            if let Some(failure) = failure {
                let _taken = sender.send(last(failure)).await;
            }
        }));
        let events = stream::unfold((events, gone), |(mut events, gone)| async {
            let event = events.recv().await?;
            Some((Ok(event), (events, gone)))
        });
        Ok(Response::new(Box::pin(events)))
    }

    async fn caught<T>(
        &self,
        work: impl Future<Output = Result<T, Diagnostic>> + Send,
    ) -> Result<T, Diagnostic> {
        let fence = AssertUnwindSafe(work).catch_unwind();
        match fence.instrument(self.span.clone()).await {
            Ok(done) => done,
            Err(panic) => Err(panicked(&*panic)),
        }
    }

    async fn fenced<A: Answer>(
        self,
        mut fallback: A,
        work: impl Future<Output = Result<A, Diagnostic>> + Send,
    ) -> A {
        let failure = match self.caught(work).await {
            Ok(answer) => {
                self.log(&answer.diagnostics());
                return answer;
            }
            Err(diagnostic) => diagnostic,
        };
        fallback.fail(&failure);
        self.log(&fallback.diagnostics());
        fallback
    }

    fn log(&self, diagnostics: &[proto::Diagnostic]) {
        let _inside = self.span.enter();
        let count = |severity| {
            diagnostics
                .iter()
                .filter(|each| each.severity() == severity)
                .count()
        };
        for diagnostic in diagnostics {
            let summary = diagnostic.summary.as_str();
            let detail = diagnostic.detail.as_str();
            match diagnostic.severity() {
                proto::diagnostic::Severity::Warning => tracing::warn!(
                    diagnostic_summary = summary,
                    diagnostic_detail = detail,
                    "answered with a warning"
                ),
                _ => tracing::error!(
                    diagnostic_summary = summary,
                    diagnostic_detail = detail,
                    "answered with an error"
                ),
            }
        }
        tracing::debug!(
            tf_req_duration_ms =
                u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            diagnostic_error_count = count(proto::diagnostic::Severity::Error),
            diagnostic_warning_count = count(proto::diagnostic::Severity::Warning),
            "call answered"
        );
    }
}

fn panicked(panic: &(dyn Any + Send)) -> Diagnostic {
    let message = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    Diagnostic::defect(
        "Provider failed unexpectedly",
        format!("The operation ended in a panic: {message}."),
    )
}

macro_rules! answers {
    ($($operation:ident),* $(,)?) => {
        $(impl Answer for proto::$operation::Response {
            fn diagnostics(&self) -> Cow<'_, [proto::Diagnostic]> {
                Cow::Borrowed(&self.diagnostics)
            }

            fn fail(&mut self, failure: &Diagnostic) {
                self.diagnostics.push(encode::diagnostic(failure));
            }
        })*
    };
}

answers!(
    apply_resource_change,
    close_ephemeral_resource,
    configure_provider,
    get_functions,
    get_metadata,
    get_provider_schema,
    get_resource_identity_schemas,
    import_resource_state,
    move_resource_state,
    open_ephemeral_resource,
    plan_action,
    plan_resource_change,
    read_data_source,
    read_resource,
    renew_ephemeral_resource,
    upgrade_resource_identity,
    upgrade_resource_state,
    validate_action_config,
    validate_data_resource_config,
    validate_ephemeral_resource_config,
    validate_list_resource_config,
    validate_provider_config,
    validate_resource_config,
);

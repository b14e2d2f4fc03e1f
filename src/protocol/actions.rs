//! Actions: a request in, progress and an end out.

use tokio::sync::mpsc;

use super::declared::Known;
use super::encode;
use super::tfplugin6 as proto;
use crate::task::Context;
use crate::tf::{Diagnostic, Diagnostics, DynAction, Told};
use proto::invoke_action::Event;
use proto::invoke_action::event::{Completed, Progress, Type};

impl Known<'_, dyn DynAction> {
    /// Does it, and tells how far it is. A last event says that it is done; when it fails, that is
    /// for whoever called this to say.
    pub(super) async fn invoke(
        &self,
        cx: &Context,
        request: &proto::invoke_action::Request,
        events: &mpsc::Sender<Event>,
    ) -> Result<(), Diagnostic> {
        let config = self.config(request.config.as_ref())?;
        let (sender, mut sentences) = mpsc::channel(1);
        let told = Told::new(sender);
        let acting = async {
            let done = self.object.invoke(cx, config, &told).await;
            // Whoever forwards ends with the last sentence.
            drop(told);
            done
        };
        let forwarding = async {
            while let Some(message) = sentences.recv().await {
                // Whoever hung up has cancelled the context, and there is nobody else to tell.
                let _heard = events
                    .send(event(Type::Progress(Progress { message })))
                    .await;
            }
        };
        let (done, ()) = tokio::join!(acting, forwarding);
        done?;
        let _heard = events.send(completed(&Diagnostics::new())).await;
        Ok(())
    }
}

fn event(kind: Type) -> Event {
    Event { r#type: Some(kind) }
}

fn completed(diagnostics: &Diagnostics) -> Event {
    event(Type::Completed(Completed {
        diagnostics: encode::diagnostics(diagnostics),
    }))
}

/// The end of an action that failed.
pub(super) fn failed(failure: Diagnostic) -> Event {
    completed(&failure.into())
}

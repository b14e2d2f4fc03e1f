//! List resources: a request in, a stream of events out.

use tokio::sync::mpsc;

use super::declared::Known;
use super::encode;
use super::resources::Resources;
use super::tfplugin6 as proto;
use crate::task::Context;
use crate::tf::{Diagnostic, Diagnostics, DynListResource, Finds, ListRequest, Listed, Value};

/// How many finds may wait for the host. Each may hold an object, and finding the next one is work
/// that nobody may want.
const AHEAD: usize = 8;

impl Known<'_, dyn DynListResource> {
    /// Finds what there is, up to `limit`, and tells about each.
    pub(super) async fn list(
        &self,
        cx: &Context,
        resources: &Resources,
        request: &proto::list_resource::Request,
        events: &mpsc::Sender<proto::list_resource::Event>,
    ) -> Result<(), Diagnostic> {
        let typed = ListRequest {
            config: self.config(request.config.as_ref())?,
            with_objects: request.include_resource_object,
        };
        let (sender, mut found) = mpsc::channel(AHEAD);
        let finds = Finds::new(sender);
        let listing = async {
            let listed = self.object.list(cx, typed, &finds).await;
            // Whoever forwards ends with the last one.
            drop(finds);
            listed
        };
        let limit = request.limit;
        // It takes what is found with it, so that its end is the end of the list.
        let forwarding = async move {
            // No limit is one that nobody reaches.
            let limit = usize::try_from(limit).ok().filter(|limit| *limit > 0);
            for _ in 0..limit.unwrap_or(usize::MAX) {
                let Some(listed) = found.recv().await else {
                    return;
                };
                let event = event(resources, &request.type_name, listed);
                if events.send(event).await.is_err() {
                    return;
                }
            }
        };
        let (listed, ()) = tokio::join!(listing, forwarding);
        listed
    }
}

fn event(resources: &Resources, type_name: &str, listed: Listed) -> proto::list_resource::Event {
    let Listed {
        identity,
        display_name,
        object,
        mut diagnostics,
    } = listed;
    let encoded = resources.get(type_name).and_then(|resource| {
        let identity = resource.known_identity(&identity)?;
        let object = object.map(Value::without_unknowns);
        let object = object.map(|object| resource.state(&object)).transpose()?;
        Ok((identity, object))
    });
    let (identity, resource_object) = encoded.unwrap_or_else(|defect| {
        diagnostics.push(defect);
        (None, None)
    });
    proto::list_resource::Event {
        identity,
        display_name,
        resource_object,
        diagnostic: encode::diagnostics(&diagnostics),
    }
}

/// The end of a list that is not complete.
pub(super) fn failed(failure: Diagnostic) -> proto::list_resource::Event {
    proto::list_resource::Event {
        diagnostic: encode::diagnostics(&Diagnostics::from(failure)),
        ..Default::default()
    }
}
